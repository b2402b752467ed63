"""Invented patients of the set, their staff and their numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from benchmarks.labelled_notes.pools import Pool

SCRIPTS: dict[str, tuple[str | list[str], tuple[tuple[str, str], ...]]] = {
    "latin": ("ISO_IR 100", (("Müßiggang", "Jürgen"), ("Ørsted", "Åse"), ("Peña", "Begoña"))),
    "utf8": ("ISO_IR 192", (("Łukasiewicz", "Żaneta"), ("Nguyễn", "Thị Hạnh"), ("Dvořáček", "Jiřina"))),
    "cyrillic": ("ISO_IR 144", (("Кузнецова", "Людмила"), ("Шевчук", "Тарас"))),
    "greek": ("ISO_IR 126", (("Παπαδόπουλος", "Σταύρος"), ("Οικονόμου", "Ελένη"))),
    "japanese": (["", "ISO 2022 IR 87"], (("山田", "太郎"), ("渡辺", "花子"))),
    "korean": (["", "ISO 2022 IR 149"], (("홍", "길동"), ("김", "희중"))),
    "chinese": ("GB18030", (("王", "小东"), ("欧阳", "建国"))),
}
"""Specific Character Set, and names that it spells; in others, a second group beside a Latin one."""


@dataclass(frozen=True)
class Patient:
    """One patient, and who looked after her."""

    number: int
    given: str
    family: str
    script: str
    native: tuple[str, str]
    mrn: str
    accession: str
    born: date
    studied: date
    phone: str
    street: str
    city: str
    hospital: str
    doctor: str
    doctor_given: str
    operator: str
    age: int

    @property
    def name(self) -> str:
        """As (0010,0010) has it, with the native spelling where there is one."""
        latin = f"{self.family}^{self.given}"
        if self.script in ("cyrillic", "greek"):
            return "^".join(self.native)
        return f"{latin}={'^'.join(self.native)}" if self.script not in ("", "latin", "utf8") else latin

    @property
    def direct(self) -> tuple[str, ...]:
        """Texts that name or number the patient or staff."""
        native = tuple(n for n in self.native if len(n) > 1)
        shown = self.hospital, self.street, self.doctor, self.operator, self.mrn, self.accession, self.phone
        return (self.family, self.given, *native, *shown)


def invent_patient(rng: Random, pool: Pool, number: int) -> Patient:
    """A patient; every third one writes her name in another script."""
    script = rng.choice(list(SCRIPTS)) if number % 3 == 1 else ""
    native = rng.choice(SCRIPTS[script][1]) if script else ("", "")
    family, given = _name(rng, pool.family, pool.syllables), _name(rng, pool.given, pool.syllables)
    if script in ("latin", "utf8"):
        family, given = native
    studied = date(2015, 1, 1) + timedelta(days=rng.randrange(3000))
    age = rng.choice((rng.randrange(2, 89), rng.randrange(20, 89), rng.randrange(90, 99)))
    return Patient(
        number,
        given,
        family,
        script,
        native if script not in ("latin", "utf8") else ("", ""),
        mrn=f"{rng.choice(('MRN', 'H', 'P', ''))}{rng.randrange(10**6, 10**8)}",
        accession=f"{rng.choice(('A', 'RAD', 'ACC'))}{rng.randrange(10**6, 10**8)}",
        born=studied - timedelta(days=age * 365 + 40),
        studied=studied,
        phone=f"555-{rng.randrange(100, 999)}-{rng.randrange(1000, 9999)}",
        street=f"{rng.randrange(12, 9800)} {rng.choice(pool.streets)}",
        city=rng.choice(pool.cities),
        hospital=rng.choice(pool.hospitals),
        doctor=_name(rng, pool.family, pool.syllables),
        doctor_given=rng.choice(pool.given),
        operator=_name(rng, pool.family, pool.syllables),
        age=age,
    )


def _name(rng: Random, names: tuple[str, ...], syllables: tuple[str, ...]) -> str:
    """One in three is coined: no list has it."""
    if rng.randrange(3) == 0:
        return "".join(rng.choice(syllables) for _ in range(3)).capitalize()
    return rng.choice([n for n in names if n.isascii() and n.isalpha() and len(n) > 3])
