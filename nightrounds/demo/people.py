"""The invented people of the demo hospital: who they are and what each system calls them.

All of them are made up. Telephone numbers are of the range kept for fiction (555-01xx), social security
numbers begin with 999, which is never issued.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

HOSPITAL_A = "hospital-a"
HOSPITAL_B = "hospital-b"
RADIOLOGY = "radiology"
LAB = "genomics-lab"

_SHARED_MRN = "48213907"
_PLACES = (
    ("Worcester", "MA", "01608"), ("Lowell", "MA", "01852"), ("Quincy", "MA", "02169"), ("Brockton", "MA",
    "02301"),
    ("Lynn", "MA", "01902"), ("Fall River", "MA", "02720"), ("Nashua", "NH", "03060"), ("Pawtucket", "RI",
    "02860"),
)  # fmt: skip
_STREETS = (
    "Tamarack Lane", "Quarry Hill Road", "Orchard Terrace", "Bellweather Street", "Old Mill Way",
    "Larkspur Court",
    "Harborview Avenue", "Pemberton Street", "Copperfield Drive", "Windlass Road", "Saltmarsh Lane",
    "Juniper Row",
)  # fmt: skip


@dataclass(frozen=True)
class Sketch:
    """What is decided by hand about a person; everything else is drawn from the seed.

    `hospitals` holds "a", "b" or both; `sample` is "lab" (a laboratory id),
    "name" (the laboratory used the patient's
    name as sample name), "single" (the same, in the single-sample file) or "" (nothing sequenced).
    """

    key: str
    given: str
    family: str
    sex: str
    birth: str
    stories: tuple[str, ...]
    images: bool = True
    sample: str = "lab"
    hospitals: str = "a"
    labels: tuple[str, ...] = ()


SKETCHES = (
    Sketch("maria-garcia", "Maria Elena", "Garcia", "F", "1961-05-14", ("nodule", "breast_risk"),
           sample="name",
           hospitals="ab", labels=("hero", "name_change", "two_hospitals", "night_2")),
    Sketch("emma-lindqvist", "Emma Rose", "Lindqvist", "F", "2001-06-14", ("asthma",), labels=("twin",)),
    Sketch("clara-lindqvist", "Clara Jane", "Lindqvist", "F", "2001-06-14", ("migraine",), labels=("twin",)),
    Sketch("jose-garcia-nunez", "José Luis", "García-Núñez", "M", "1957-09-30", ("atrial_fibrillation",),
           labels=("accents",)),
    Sketch("loretta-young", "Loretta", "Young", "F", "1949-12-02", ("heart_failure",), sample="name",
           labels=("common_word", "night_2")),
    Sketch("grace-hope", "Grace", "Hope", "F", "1984-07-21", ("gallstones",), labels=("common_word",)),
    Sketch("theresa-may", "Theresa", "May", "F", "1972-03-09", ("pulmonary_embolism",),
           labels=("common_word",)),
    Sketch("walter-abernathy", "Walter Amos", "Abernathy", "M", "1928-02-03", ("copd", "heart_failure"),
           labels=("over_89", "rare_zip", "night_2")),
    Sketch("harold-whitaker", "Harold", "Whitaker", "M", "1944-10-27", ("heart_failure",),
           labels=("deceased",)),
    Sketch("dana-kowalski", "Dana", "Kowalski", "F", "1998", ("asthma",), labels=("partial_birth",)),
    Sketch("priya-raman", "Priya", "Raman", "F", "1979-01-25", ("pulmonary_embolism",),
           labels=("late_link", "night_2")),
    Sketch("denise-okafor", "Denise Ifeoma", "Okafor", "F", "1966-08-17", ("diabetes", "pneumonia"),
           sample="",
           labels=("shared_mrn",)),
    Sketch("robert-sullivan", "Robert", "Sullivan", "M", "1955-04-03", ("atrial_fibrillation",),
           labels=("night_2",)),
    Sketch("angela-moretti", "Angela", "Moretti", "F", "1963-11-12", ("breast_risk",)),
    Sketch("kevin-tran", "Kevin Minh", "Tran", "M", "1988-02-29", ("kidney_stone",), labels=("leap_day",)),
    Sketch("patricia-delacroix", "Patricia", "Delacroix", "F", "1951-07-08", ("copd",)),
    Sketch("samuel-goldberg", "Samuel", "Goldberg", "M", "1947-03-19", ("nodule", "diabetes")),
    Sketch("fatima-haddad", "Fatima", "Haddad", "F", "1990-10-05", ("gallstones",), sample=""),
    Sketch("marcus-washington", "Marcus", "Washington", "M", "1969-06-11", ("chest_pain", "diabetes")),
    Sketch("eleanor-fitzgerald", "Eleanor", "Fitzgerald", "F", "1938-01-30", ("pneumonia",),
           labels=("night_2",)),
    Sketch("hiroshi-tanaka", "Hiroshi", "Tanaka", "M", "1959-12-24", ("chest_pain",)),
    Sketch("brigid-oconnell", "Brigid", "O'Connell", "F", "1975-09-02", ("anemia",), images=False, sample=""),
    Sketch("dmitri-volkov", "Dmitri", "Volkov", "M", "1982-05-27", ("kidney_stone",), sample=""),
    Sketch("anneliese-vandenberg", "Anneliese", "van der Berg", "F", "1994-04-16", ("anemia",), images=False),
    Sketch("tyrone-jackson", "Tyrone", "Jackson", "M", "1996-08-08", ("diabetes",), images=False, sample=""),
    Sketch("sofia-papadopoulos", "Sofia", "Papadopoulos", "F", "1986-06-23", ("anemia",), images=False,
           sample=""),
    Sketch("franklin-meyer", "Franklin", "Meyer", "M", "1953-02-11", ("nodule",), sample="single",
           hospitals="b",
           labels=("shared_mrn",)),
    Sketch("ingrid-halvorsen", "Ingrid", "Halvorsen", "F", "1970-10-10", ("diabetes",), images=False,
           sample="",
           hospitals="b"),
    Sketch("caleb-nguyen", "Caleb", "Nguyen", "M", "2012-03-03", ("asthma",), images=False, sample="",
           hospitals="b"),
    Sketch("beatrice-lovelace", "Beatrice", "Lovelace", "F", "1936-12-31", ("heart_failure",), images=False,
           sample="", hospitals="b", labels=("night_2",)),
    Sketch("omar-siddiqui", "Omar", "Siddiqui", "M", "1964-01-17", ("chest_pain",), sample="lab",
           hospitals="b"),
)  # fmt: skip

MARRIED = {"maria-garcia": "Thompson"}
DEATHS = {"harold-whitaker": "2023-11-18"}


@dataclass(frozen=True)
class Registration:
    """One hospital's entry for a person; `resource_id` is the FHIR server's own id, not the MRN."""

    authority: str
    mrn: str
    resource_id: str
    family: str
    maiden: str = ""


@dataclass(frozen=True)
class Contact:
    """A relative named in the record, whose name and number must be hidden like the patient's own."""

    name: str
    relation: str
    phone: str


@dataclass(frozen=True)
class TruePerson:
    """One invented person with all that any export says of them. `birth` is ISO, or a year alone."""

    key: str
    given: str
    family: str
    sex: str
    birth: str
    death: str
    ssn: str
    phone: str
    email: str
    line: str
    city: str
    state: str
    postal_code: str
    registrations: tuple[Registration, ...]
    imaging_id: str
    sample: str
    stories: tuple[str, ...]
    labels: tuple[str, ...]
    contact: Contact | None = None

    @property
    def home(self) -> Registration:
        """The hospital where the person is mostly seen."""
        return self.registrations[0]

    @property
    def first(self) -> str:
        """The first given name."""
        return self.given.split()[0]

    @property
    def families(self) -> tuple[str, ...]:
        """All surnames in use, the hospital's own first."""
        return tuple(dict.fromkeys([self.family, *(r.family for r in self.registrations)]))

    def is_a(self, label: str) -> bool:
        """Whether the person plays the part `label` (see `SKETCHES`)."""
        return label in self.labels


def make_people(seed: int) -> tuple[TruePerson, ...]:
    """Draw all people of the demo. The same seed gives the same people; ids are unique in an authority."""
    rng = Random(f"{seed}:people")
    mrns = _distinct(40, lambda: str(rng.randrange(10_000_000, 99_999_999)))
    rads = _distinct(40, lambda: f"RAD{rng.randrange(100, 99_999):05d}")
    samples = _distinct(40, lambda: "LAB-" + "".join(rng.choices("23456789ABCDEFGHJKLMNPQRSTUVWXYZ", k=4)))
    ssns = _distinct(40, lambda: f"999-{rng.randrange(10, 99)}-{rng.randrange(1000, 9999)}")
    people = []
    for number, sketch in enumerate(SKETCHES):
        registrations = tuple(_register(rng, sketch, hospital, mrns) for hospital in sketch.hospitals)
        city, state, postal_code = _PLACES[rng.randrange(len(_PLACES))]
        if "rare_zip" in sketch.labels:
            city, state, postal_code = "Charlestown", "NH", "03603"
        email = f"{_ascii(sketch.given.split()[0])}.{_ascii(sketch.family)}@example.com"
        people.append(
            TruePerson(
                key=sketch.key, given=sketch.given, family=sketch.family, sex=sketch.sex, birth=sketch.birth,
                death=DEATHS.get(sketch.key, ""), ssn=ssns[number], phone=_phone(rng, number), email=email,
                line=f"{rng.randrange(100, 990)} {_STREETS[rng.randrange(len(_STREETS))]}", city=city,
                state=state,
                postal_code=postal_code, registrations=registrations,
                imaging_id=rads[number] if sketch.images else "", sample=_sample(sketch, samples[number]),
                stories=sketch.stories, labels=sketch.labels, contact=_contact(rng, sketch, number),
            )
        )  # fmt: skip
    return _share_a_home(people)


def upper_name(person: TruePerson, *, middle: bool = False, joint: str = "_") -> str:
    """FAMILY_GIVEN in plain capitals, as people name folders and samples."""
    parts = [person.family, *(person.given.split() if middle else [person.first])]
    return joint.join(_ascii(part).upper() for part in parts)


def _distinct(count: int, draw: Callable[[], str]) -> list[str]:
    seen: dict[str, None] = {}
    while len(seen) < count:
        seen[draw()] = None
    return list(seen)


def _register(rng: Random, sketch: Sketch, hospital: str, mrns: list[str]) -> Registration:
    mrn = _SHARED_MRN if "shared_mrn" in sketch.labels else mrns.pop()
    if hospital == "a":
        resource_id = _uuid(rng)
        return Registration(HOSPITAL_A, mrn, resource_id, sketch.family)
    married = MARRIED.get(sketch.key, "")
    resource_id = f"clinic-{rng.randrange(1000, 9999)}-{sketch.sex.lower()}"
    return Registration(
        HOSPITAL_B, mrn, resource_id, married or sketch.family, sketch.family if married else ""
    )


def _sample(sketch: Sketch, drawn: str) -> str:
    if sketch.sample in ("name", "single"):
        return f"{_ascii(sketch.family)}_{_ascii(sketch.given.split()[0])}".upper()
    return drawn if sketch.sample == "lab" else ""


def _contact(rng: Random, sketch: Sketch, number: int) -> Contact | None:
    named = {
        "emma-lindqvist": ("Clara Jane Lindqvist", "sister"),
        "clara-lindqvist": ("Emma Rose Lindqvist", "sister"),
        "walter-abernathy": ("Susannah Abernathy", "daughter"),
        "caleb-nguyen": ("Marguerite Nguyen", "mother"),
        "eleanor-fitzgerald": ("Desmond Fitzgerald", "son"),
    }
    if sketch.key not in named:
        return None
    name, relation = named[sketch.key]
    return Contact(name, relation, _phone(rng, 60 + number))


def _share_a_home(people: list[TruePerson]) -> tuple[TruePerson, ...]:
    """Twins live under one roof: the second gets the first one's address and telephone."""
    first = next(p for p in people if p.is_a("twin"))
    shared = {name: getattr(first, name) for name in ("phone", "line", "city", "state", "postal_code")}
    return tuple(replace(p, **shared) if p.is_a("twin") else p for p in people)


def _phone(rng: Random, number: int) -> str:
    return f"({rng.choice(('617', '508', '978', '603', '401'))}) 555-01{number:02d}"


def _uuid(rng: Random) -> str:
    digits = f"{rng.getrandbits(128):032x}"
    return "-".join((digits[:8], digits[8:12], "4" + digits[13:16], "a" + digits[17:20], digits[20:]))


def _ascii(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return "".join(c for c in plain if c.isalnum() or c == "-")
