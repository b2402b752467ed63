"""Clinical notes as they are typed: three house styles, and identifiers where hurried people leave them."""

from __future__ import annotations

from datetime import date
from random import Random

from nightrounds.demo.chart import INSTITUTIONS, Visit, age_at

_HEADINGS = (
    ("CHIEF COMPLAINT:", "HISTORY OF PRESENT ILLNESS:", "MEDICATIONS:", "ASSESSMENT AND PLAN:"),
    ("# Chief Complaint", "# History of Present Illness", "# Medications", "# Assessment and Plan"),
    ("CC:", "HPI:", "Meds:", "A/P:"),
)
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November",
    "December",
)  # fmt: skip


def write_note(visit: Visit, seed: int) -> tuple[str, tuple[str, ...]]:
    """The note of a visit, and which kinds of identifiers were left in it beside the name in its history."""
    rng = Random(f"{seed}:note:{visit.note_id}")
    complaint, history, medications, assessment = _HEADINGS[rng.randrange(3)]
    head, head_kinds = _head(visit, rng)
    aside, aside_kinds = _aside(visit, rng)
    scene, words = visit.scene, _words(visit)
    drugs = "\n".join(f"- {drug}" for drug in scene["medications"])
    parts = [
        head,
        f"{complaint}\n{scene['complaint']}",
        f"{history}\n{' '.join(filter(None, (scene['history'].format_map(words), aside)))}",
        f"{medications}\n{drugs}",
        f"{assessment}\n{scene['assessment']}",
        f"Electronically signed by {visit.clinician}, MD on {_us(visit.end.date())} {visit.end:%H:%M}",
    ]
    return "\n\n".join(filter(None, parts)) + "\n", ("name", *head_kinds, *aside_kinds)


def spellings(day: date) -> tuple[str, ...]:
    """The ways in which the demo's notes spell a date."""
    month = _MONTHS[day.month - 1]
    return (
        day.isoformat(), f"{day:%m/%d/%Y}", f"{day.month}/{day.day}/{day:%y}",
        f"{month} {day.day}, {day.year}",
        f"{day.day} {month[:3]} {day.year}",
    )  # fmt: skip


def _us(day: date) -> str:
    return f"{day:%m/%d/%Y}"


def _words(visit: Visit) -> dict[str, str]:
    person, family = visit.person, visit.registration.family
    age = age_at(person, visit.start.date())
    female = person.sex == "F"
    noun = ("girl" if female else "boy") if age < 18 else ("woman" if female else "man")
    title = person.first if age < 18 else f"{'Ms.' if female else 'Mr.'} {family}"
    they, their, themself = ("she", "her", "herself") if female else ("he", "his", "himself")
    return {
        "who": f"{person.first} {family}", "title": title, "first": person.first,
        "age": f"{age}-year-old {noun}",
        "they": they, "They": they.capitalize(), "their": their, "Their": their.capitalize(),
        "themself": themself,
    }  # fmt: skip


def _birth(visit: Visit, rng: Random) -> str:
    birth = visit.person.birth
    return birth if len(birth) == 4 else rng.choice(spellings(date.fromisoformat(birth)))


def _head(visit: Visit, rng: Random) -> tuple[str, tuple[str, ...]]:
    """A banner as the record system prints it, a dictation line, or just the date."""
    person, registration = visit.person, visit.registration
    style = rng.randrange(3)
    if style == 0:
        name = f"{registration.family.upper()}, {person.given.upper()}"
        lines = (
            INSTITUTIONS[registration.authority], f"Patient: {name}    MRN: {registration.mrn}",
            f"DOB: {_birth(visit, rng)}    Date of service: {_us(visit.start.date())}",
        )  # fmt: skip
        return "\n".join(lines), ("name_in_capitals", "mrn", "birth_date")
    if style == 1:
        text = (
            f"{person.given} {registration.family} (#{registration.mrn}), born {_birth(visit, rng)}, seen on "
        )
        return text + spellings(visit.start.date())[3] + ".", ("full_name", "mrn", "birth_date")
    return visit.start.date().isoformat(), ()


def _aside(visit: Visit, rng: Random) -> tuple[str, tuple[str, ...]]:
    """A sentence that holds an identifier which no form asked for."""
    person, they = visit.person, _words(visit)["They"]
    if person.contact is not None:
        contact = person.contact
        text = f"{contact.name} ({contact.relation}) was called at {contact.phone} and agrees with the plan."
        return text, ("contact_name", "contact_phone")
    if visit.registration.maiden:
        return f"Formerly {person.first} {visit.registration.maiden}; records under both names.", (
            "maiden_name",
        )
    choices = (
        ("", ()),
        ("", ()),
        (f"{they} can be reached at {person.phone}.", ("phone",)),
        (f"{they} lives at {person.line}, {person.city}, {person.state} {person.postal_code}.", ("address",)),
        (f"Insurance form lists SSN {person.ssn}.", ("ssn",)),
        (f"Results go to {person.email} at the patient's request.", ("email",)),
    )
    return choices[rng.randrange(len(choices))]
