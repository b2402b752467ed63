"""Terms of a terminology: names in them go, codes that are long numbers stay, nobody's words stand on a code."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from contracts.identity import Person, encode_subject
from contracts.privacy import Action, Profile
from contracts.schemas import field
from contracts.schemas.fhir import TABLES
from tasks.deidentification.engine import Deidentifier
from tasks.deidentification.terms import TermCleaner
from tasks.deidentification.text import Scrubber
from tests.tasks.deidentification.people import KEY, MARIA, SYNTHEA, TODAY, YOUNG

SCHEMA = pa.schema(
    [
        field("s", pa.string(), Action.SUBJECT),
        field("system", pa.string(), Action.TERM, term="system"),
        field("code", pa.string(), Action.TERM, term="code"),
        field("display", pa.string(), Action.TERM, term="display", code="code"),
    ]
)
SNOMED = "http://snomed.info/sct"
WHOLE = "http://terminology.hl7.org/CodeSystem/condition-category"


def terms(person: Person | None, system: str | None, code: str | None, display: str | None) -> list[Any]:
    subject = encode_subject("a", "1")
    people = {subject: person} if person else {}
    rows = pa.table([[subject], [system], [code], [display]], schema=SCHEMA)
    made = Deidentifier(KEY, Profile.EXPERT, people, today=TODAY, source_authority="a").apply(rows, SCHEMA)
    return list(made.select(["system", "code", "display"]).to_pylist()[0].values())


@pytest.mark.parametrize(
    ("person", "row", "found"),
    [
        (MARIA, (SNOMED, "386661006", "Fever"), [SNOMED, "386661006", "Fever"]),
        (MARIA, (SNOMED, "386661006", "Visit of Mrs. Garcia"), [SNOMED, "386661006", None]),
        (MARIA, (SNOMED, "MARIA", "Fever"), [SNOMED, None, "Fever"]),
        (MARIA, (SNOMED, "1", "call 555 810 7203"), [SNOMED, "1", None]),
        (MARIA, ("http://garcia.example", "1", "Fever"), [None, "1", "Fever"]),
        (YOUNG, (SNOMED, "1", "Young adult"), [SNOMED, "1", "Young adult"]),
        (SYNTHEA, (SNOMED, "1", "Sumi-\nkos fever"), [SNOMED, "1", None]),
        (None, (WHOLE, "386661006", "Fever (finding)"), [WHOLE, "386661006", "Fever (finding)"]),
        (None, (SNOMED, "Quixotina(Smith)", "Fever"), [SNOMED, None, None]),
        (None, (SNOMED, None, "Quixotina"), [SNOMED, None, None]),
        (MARIA, (None, None, None), [None, None, None]),
    ],
)
def test_terms(person: Person | None, row: tuple[str | None, ...], found: list[Any]) -> None:
    assert terms(person, *row) == found


def test_no_column_of_terms_is_kept_unlooked_at() -> None:
    kept = {f.name for t in TABLES.values() for f in t if f.metadata[b"action"] == b"keep"}
    assert not {n for n in kept if n.endswith(("code", "display", "system", "language", "type"))} - {
        "record_type"
    }


SPELLED = (
    "GARCIA LORCA|garcialorca|Garcías|Maria12|mariaes|Luisa|MRN0042137|42137|999 94 5397|"
    "129c6ac78d0689dead630204a93e76c3|"
    "(555) 810-7203|810-7203|maria.garcia @example.org|633 Abernathy St|633 abernathy|EMPORIA|66801|66801-1234|"
    "05211927|210527|Pedro|000-1111|000.1111|MRN 0042137|Gar-\ncia|lorca_x"
).split("|")


@pytest.mark.parametrize("value", SPELLED)
def test_the_quick_look_misses_nothing_that_the_full_one_finds(value: str) -> None:
    scrubber = Scrubber(Profile.EXPERT, TODAY)
    for spelled in (value, f"see {value}, there"):
        made = TermCleaner(scrubber).clean(pa.array([spelled]), np.array([0]), [MARIA], "code", None)
        assert made.to_pylist() == ([spelled] if scrubber.holds_no_trait(spelled, MARIA) else [None])


def test_a_long_column_costs_little() -> None:
    people = [Person(i, 1, {"name": (f"Quixotina{'abcdefghij'[i % 10]}",)}) for i in range(50)]
    values = pa.array([f"Disorder of kind {i % 200} (disorder)" for i in range(100_000)])
    cleaner = TermCleaner(Scrubber(Profile.EXPERT, TODAY))
    begun = time.process_time()
    made = cleaner.clean(values, np.arange(100_000) % 50, people, "display", None)
    assert time.process_time() - begun < 1
    assert made.equals(values)
