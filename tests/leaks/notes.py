"""Counts notes that still hold their patient's name, and joins persons of a home to patients of an export."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.leaks.identifiers import collect
from tests.leaks.sources import resources
from tests.leaks.words import ambiguity

_TOKEN = re.compile(r"\w+")


def notes_with_own_name(home: Path, fhir_dir: Path) -> tuple[int, int]:
    """Notes of `lake/omop/note` that hold a given or family name of any patient of the export.

    Names are compared as whole tokens, case-folded, from two letters on; one that is an ordinary word too
    ("Young") counts where it is spelled as the patient spells it.

    Returns:
        (notes with a name, notes read).
    """
    import polars as pl

    names, words = _patient_names(fhir_dir)
    texts = pl.read_delta(str(home / "lake" / "omop" / "note"), columns=["note_text"])["note_text"].to_list()
    return sum(_holds(text or "", names, words) for text in texts), len(texts)


def _holds(text: str, names: set[tuple[str, ...]], words: set[str]) -> bool:
    tokens = _TOKEN.findall(text)
    if words.intersection(tokens):
        return True
    folded = [token.casefold() for token in tokens]
    present = set(folded)
    for name in names:
        if present.issuperset(name):
            size = len(name)
            if any(tuple(folded[k : k + size]) == name for k in range(len(folded) - size + 1)):
                return True
    return False


def persons_by_signature(home: Path, fhir_dir: Path) -> dict[int, str]:
    """`person_id` -> `fhir/<Patient id>`, without the vault: by sex and numbers of visits, conditions, notes.

    Persons whose signature is shared with another are left out: the scan takes their rows for anyone's.
    """
    import polars as pl

    omop = home / "lake" / "omop"
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    for table, name in (
        ("visit_occurrence", "Encounter"),
        ("note", "DocumentReference"),
        ("condition_occurrence", "Condition"),
    ):
        if (omop / table).exists():
            for person in pl.read_delta(str(omop / table), columns=["person_id"])["person_id"].to_list():
                counts[person][name] += 1
    genders: dict[int, int] = {}
    if (omop / "person").exists():
        people = pl.read_delta(str(omop / "person"), columns=["person_id", "gender_concept_id"])
        genders = dict(people.iter_rows())
    ours = defaultdict(list)
    for person, count in counts.items():
        ours[_signature(_GENDERS.get(genders.get(person, 0), ""), count)].append(person)
    theirs = defaultdict(list)
    for patient, (gender, count) in _patients(fhir_dir).items():
        theirs[_signature(gender, count)].append(patient)
    return {
        people[0]: f"fhir/{theirs[key][0]}"
        for key, people in ours.items()
        if len(people) == 1 and len(theirs.get(key, [])) == 1
    }


_GENDERS = {8507: "male", 8532: "female"}
_COUNTED = ("Encounter", "DocumentReference", "Condition")


def _signature(gender: str, count: Counter[str]) -> tuple[str, ...]:
    return (gender, *(str(count[name]) for name in _COUNTED))


def _patients(fhir_dir: Path) -> dict[str, tuple[str, Counter[str]]]:
    genders: dict[str, str] = {}
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for resource in _records(fhir_dir):
        kind = resource.get("resourceType")
        if kind == "Patient":
            genders[resource["id"]] = str(resource.get("gender", ""))
        elif kind in _COUNTED:
            subject = resource.get("subject")
            reference = subject.get("reference") if isinstance(subject, dict) else None
            if isinstance(
                reference, str
            ):  # of nobody, or of somebody without a number, there is nothing to count
                counts[re.split(r"[/:]", reference)[-1]][kind] += 1
    return {patient: (gender, counts[patient]) for patient, gender in genders.items()}


def _records(place: Path) -> Iterator[dict[str, Any]]:
    for path in sorted(p for p in place.rglob("*") if p.is_file()) if place.is_dir() else [place]:
        yield from resources(path)


def _patient_names(place: Path) -> tuple[set[tuple[str, ...]], set[str]]:
    """Names as tokens, case-folded; and those that are ordinary words, as spelled."""
    ordinary = collect({"fhir": [place]}).ordinary
    names, words = set(), set()
    for patient in (r for r in _records(place) if r.get("resourceType") == "Patient"):
        for name in patient.get("name", []):
            for part in [name.get("family") or "", *name.get("given", [])]:
                if ambiguity("given_name", part, ordinary):
                    words.add(part)
                elif len(part) > 1:
                    names.add(tuple(_TOKEN.findall(part.casefold())))
    return names, words
