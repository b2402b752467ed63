"""Units get their UCUM codes; what a source states stays as it is."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from contracts.schemas.events import EVENT
from tasks.units import _fold, _rows, normalise_units, ucum_code, unit_concepts


@pytest.mark.parametrize(
    ("unit", "code"),
    [
        ("mg/dl", "mg/dL"),
        ("MG/DL", "mg/dL"),
        ("mmHg", "mm[Hg]"),
        ("mm Hg", "mm[Hg]"),
        ("bpm", "/min"),
        ("beats/minute", "/min"),
        ("x10^3/uL", "10*3/uL"),
        ("K/\u00b5L", "10*3/uL"),
        ("\u00d710\u00b3/\u03bcL", "10*3/uL"),
        ("\u00b5g/dL", "ug/dL"),
        ("kg/m\u00b2", "kg/m2"),
        ("%", "%"),
        (" C ", "Cel"),
        ("\u00b0F", "[degF]"),
        ("IU/L", "[iU]/L"),
        ("mIU/L", "m[iU]/L"),
        ("mU/L", "mU/L"),
        ("G", None),
        ("M", None),
        ("l", "L"),
        ("bananas", None),
        ("", None),
    ],
)
def test_spellings(unit: str, code: str | None) -> None:
    assert ucum_code(unit) == code


def _events(*units: tuple[str | None, str | None]) -> pa.Table:
    required: dict[str, Any] = {
        "event_id": 1,
        "person_id": 2,
        "domain": "Measurement",
        "type_concept_id": 32817,
    }
    rows = [{**required, "value_number": 1.5, "unit": u, "unit_code": c} for u, c in units]
    schema = pa.schema([pa.field(f.name, f.type) for f in EVENT])
    return pa.Table.from_pylist(rows, schema=schema)


def test_a_code_is_filled_in_and_the_unit_stays() -> None:
    stated = [
        ("mmHg", None),
        ("mmHg", "mmHg"),
        ("mm Hg", "mm[Hg]"),
        (None, "kg"),
        ("wibbles", None),
        (None, None),
    ]
    events = _events(*stated, ("x", "{odd}"))
    found = normalise_units(events)
    assert found.schema == events.schema
    assert found["unit_code"].to_pylist() == ["mm[Hg]", "mm[Hg]", "mm[Hg]", "kg", None, None, "{odd}"]
    assert found["unit"].to_pylist() == ["mmHg", "mmHg", "mm Hg", "kg", "wibbles", None, "x"]
    assert found["value_number"] == events["value_number"], "a value is never converted"
    assert found.drop_columns(["unit", "unit_code"]) == events.drop_columns(["unit", "unit_code"])


def test_nothing_to_do() -> None:
    for events in (_events(), _events((None, None)), pa.concat_tables([_events(("%", None))] * 2)):
        assert normalise_units(events).num_rows == events.num_rows
    assert (
        normalise_units(pa.concat_tables([_events(("mg/dl", None))] * 2))["unit_code"].to_pylist()
        == ["mg/dL"] * 2
    )


def test_no_spelling_is_of_two_codes() -> None:
    rows = _rows()
    codes = [code for code, _, _ in rows]
    assert len(set(codes)) == len(codes) > 130
    folded = [key for c, _, spellings in rows for key in {_fold(s) for s in (c, *spellings)} if key]
    assert len(set(folded)) == len(folded)


def test_concepts_are_omops(shared: Path) -> None:
    """Each is a standard unit of the vocabulary; OMOP writes some codes in its own way, so ids are compared by name."""
    with zipfile.ZipFile(shared / "data" / "omop-csv" / "Synthea27Nj_5.4.zip") as archive:
        text = io.TextIOWrapper(archive.open("CONCEPT.csv"), encoding="utf-8-sig")
        concepts = {int(r["concept_id"]): r for r in csv.DictReader(text) if r["vocabulary_id"] == "UCUM"}
    lines = (Path(__file__).parents[2] / "tasks" / "units.csv").read_text(encoding="utf-8").splitlines()
    told = {r["code"]: r["name"] for r in csv.DictReader(line for line in lines if not line.startswith("# "))}
    for code, concept in unit_concepts().items():
        assert concepts[concept]["standard_concept"] == "S", code
        assert concepts[concept]["concept_name"] == told[code]
