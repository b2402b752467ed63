"""Counting notes that hold a name, and telling persons apart without the vault."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from tests.leaks.notes import notes_with_own_name, persons_by_signature
from tests.leaks.sources import resources

_PEOPLE = {
    "a": ("female", "Young", "Li"),
    "b": ("male", "De La Cruz", "José"),
    "c": ("male", "Rivera", "Ann"),
}
_VISITS = {"a": 2, "b": 2, "c": 3}


@pytest.fixture
def export(tmp_path: Path) -> Path:
    lines: list[dict[str, Any]] = []
    for person, (gender, family, given) in _PEOPLE.items():
        name = [{"family": family, "given": [given]}]
        lines.append({"resourceType": "Patient", "id": person, "gender": gender, "name": name})
        for number in range(_VISITS[person]):
            subject = {"reference": f"Patient/{person}"}
            lines.append({"resourceType": "Encounter", "id": f"{person}-visit-{number}", "subject": subject})
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "all.ndjson").write_text("\n".join(map(json.dumps, lines)))
    return folder


def _write(home: Path, table: str, columns: dict[str, list[Any]]) -> None:
    import pyarrow as pa
    from deltalake import write_deltalake

    write_deltalake(str(home / "lake" / "omop" / table), pa.table(columns))


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("a young man", 0),
        ("Mrs. Young came", 1),
        ("LI is well", 1),
        ("a list", 0),
        ("de la Cruz", 1),
        ("la cruz", 0),
        ("JOSÉ", 1),
        ("[NAME] is well", 0),
    ],
)
def test_names_in_notes(export: Path, tmp_path: Path, text: str, held: int) -> None:
    _write(tmp_path, "note", {"note_text": [text, "nothing"]})
    assert notes_with_own_name(tmp_path, export) == (held, 2)


def test_persons_are_told_apart_by_what_they_have(export: Path, tmp_path: Path) -> None:
    _write(tmp_path, "person", {"person_id": [11, 12, 13], "gender_concept_id": [8507, 8507, 8532]})
    _write(tmp_path, "visit_occurrence", {"person_id": [11, 11, 11, 12, 12, 13, 13]})
    assert persons_by_signature(tmp_path, export) == {11: "fhir/c", 12: "fhir/b", 13: "fhir/a"}


def test_persons_that_look_alike_are_left_out(export: Path, tmp_path: Path) -> None:
    _write(tmp_path, "person", {"person_id": [11, 12, 13], "gender_concept_id": [8507, 8507, 8532]})
    _write(tmp_path, "visit_occurrence", {"person_id": [11, 11, 12, 12, 13, 13]})
    assert persons_by_signature(tmp_path, export) == {13: "fhir/a"}


def test_raw_notes_of_the_sample_export_all_hold_a_name(shared: Path, tmp_path: Path) -> None:
    export = shared / "data" / "fhir" / "bulk-10-patients"
    texts = [
        base64.b64decode(document["content"][0]["attachment"]["data"]).decode()
        for document in resources(export / "DocumentReference.000.ndjson")
    ]
    _write(tmp_path, "note", {"note_text": texts})
    assert notes_with_own_name(tmp_path, export) == (1215, 1215)
