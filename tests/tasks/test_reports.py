"""A text that a report and a document tell is one note, whatever came first; what tells nothing else is no event."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from contracts.privacy import Profile
from stores.lake import Lake
from tasks.concepts import Concept, NoVocabulary, Pair
from tasks.reports import NOTE, REPORT, resolve_reports
from tasks.standardising import map_rows
from tasks.visit_parts import RESOLVED
from tests.tasks.test_deriving_resolved import ABOUT, STAY, Nights, id_of, visit

LOINC = "http://loinc.org"
TYPE = {"coding": [{"system": LOINC, "code": "34117-2", "display": "History and physical note"}]}
TEXT = "Seen for a cough.\n"


class Wards(Nights):
    """Nights at whose end reports are resolved too."""

    def pass_over(self, *resources: dict[str, Any], gone: Iterable[tuple[str, str]] = ()) -> bool:
        changed = super().pass_over(*resources, gone=gone)
        receipts = resolve_reports(self.lake, self.number)
        return changed | any(receipt.changed for receipt in receipts)

    def notes(self) -> list[tuple[int, str, int | None, int | None]]:
        rows = self.lake.read(NOTE).to_pylist() if self.lake.version(NOTE) is not None else []
        names = ("note_id", "note_text", "visit_occurrence_id", "visit_detail_id")
        return sorted(tuple(row[name] for name in names) for row in rows)


@pytest.fixture
def wards(tmp_path: Path) -> Wards:
    return Wards(Lake(tmp_path, 2))


def attachment(text: str) -> dict[str, str]:
    return {"contentType": "text/plain", "data": base64.b64encode(text.encode()).decode()}


def report(name: str, text: str = TEXT, where: str = "unit", **more: Any) -> dict[str, Any]:
    told: dict[str, Any] = {"presentedForm": [attachment(text)]} if text else {}
    if where:
        told["encounter"] = {"reference": f"Encounter/{where}"}
    return {
        "resourceType": "DiagnosticReport", "id": name, "status": "final", **ABOUT, "code": TYPE,
        "effectiveDateTime": "2024-03-02T09:00:00Z", **told, **more,
    }  # fmt: skip


def document(name: str, text: str = TEXT, where: str = "unit", **more: Any) -> dict[str, Any]:
    told = {"context": {"encounter": [{"reference": f"Encounter/{where}"}]}} if where else {}
    return {
        "resourceType": "DocumentReference", "id": name, "status": "current", **ABOUT, "type": TYPE,
        "date": "2024-03-02T09:00:00Z", "content": [{"attachment": attachment(text)}], **told, **more,
    }  # fmt: skip


def test_a_text_told_twice_is_the_documents_note_in_every_order(tmp_path: Path) -> None:
    nights = [[report("r")], [document("d")], STAY]
    for number, order in enumerate(itertools.permutations(nights)):
        wards = Wards(Lake(tmp_path / str(number), 2))
        for resources in order:
            wards.pass_over(*resources)
        assert wards.notes() == [(id_of("DocumentReference", "d"), TEXT, visit("stay"), visit("unit"))]
        assert "omop.observation" not in wards.lake.tables() or not wards.lake.rows("omop.observation")
        assert not wards.pass_over(*order[0]), "nothing new"


def test_the_report_is_the_note_where_no_document_tells_the_same(wards: Wards) -> None:
    own = (id_of("DiagnosticReport", "r"), TEXT, visit("stay"), visit("unit"))
    other = [document("d1", "Another text."), document("d2", where="stay"), document("d3", where="")]
    wards.pass_over(*STAY, *other, report("r"))
    assert own in wards.notes() and len(wards.notes()) == 4
    (row,) = [row for row in wards.rows(NOTE) if row["note_id"] == own[0]]
    assert (row["source_vocabulary"], row["note_source_value"]) == ("LOINC", "34117-2")
    assert row["note_title"] == "History and physical note"
    with wards.lake.connect(own_columns=True) as connection:
        query = f"SELECT note_id FROM {NOTE} WHERE _source = '{RESOLVED}'"
        assert connection.sql(query).fetchall() == [(own[0],)]


def test_it_follows_what_is_changed_and_taken_back(wards: Wards) -> None:
    wards.pass_over(report("r"), document("d"))
    wards.pass_over(gone=[("DocumentReference", "d")])
    assert [note[0] for note in wards.notes()] == [id_of("DiagnosticReport", "r")]
    wards.pass_over(document("d", "Corrected."))
    assert len(wards.notes()) == 2
    wards.pass_over(report("r", "Corrected."))
    assert [note[1] for note in wards.notes()] == ["Corrected."]
    wards.pass_over(gone=[("DocumentReference", "d"), ("DiagnosticReport", "r")])
    assert wards.notes() == []


def test_without_a_visit_the_day_tells_them_apart(wards: Wards) -> None:
    wards.pass_over(report("r", where=""), document("d1", where="", date="2024-03-03T09:00:00Z"))
    assert len(wards.notes()) == 2
    wards.pass_over(document("d2", where=""))
    assert {note[0] for note in wards.notes()} == {id_of("DocumentReference", f"d{n}") for n in (1, 2)}


def test_a_report_is_an_event_for_what_it_concludes_or_where_nothing_else_tells_of_it(wards: Wards) -> None:
    wards.pass_over(
        report("told"), report("concluded", "A text.", conclusion="No fracture."), report("bare", "")
    )
    events = {row["observation_id"]: row["value_as_string"] for row in wards.rows("omop.observation")}
    assert events == {
        id_of("DiagnosticReport", "concluded"): "No fracture.",
        id_of("DiagnosticReport", "bare"): None,
    }
    assert {row["note_id"] for row in wards.rows(REPORT)} == {
        id_of("DiagnosticReport", name) for name in ("told", "concluded")
    }


def test_a_document_is_no_note_where_a_current_one_stands_in_its_place(tmp_path: Path) -> None:
    old, new = document("old", status="superseded"), document("new", "Corrected.")
    others = [document("d1", "Of the stay.", "stay"), document("d2", "Of no visit.", "")]
    for number, order in enumerate(itertools.permutations([[old], [new], [*STAY, *others], [report("r")]])):
        wards = Wards(Lake(tmp_path / str(number), 2))
        for resources in order:
            wards.pass_over(*resources)
        told = sorted(note[1] for note in wards.notes())
        assert told == ["Corrected.", "Of no visit.", "Of the stay."], "nor is the report that tells it"


def test_a_superseded_document_stays_where_nothing_stands_in_its_place(wards: Wards) -> None:
    old = document("old", status="superseded")
    other = {"coding": [{"system": LOINC, "code": "18842-5", "display": "Discharge summary"}]}
    wards.pass_over(old, document("d1", "Of the stay.", "stay"), document("d2", "A discharge.", type=other))
    assert TEXT in {note[1] for note in wards.notes()}
    wards.pass_over(document("new", "Corrected."))
    assert TEXT not in {note[1] for note in wards.notes()}
    wards.pass_over(gone=[("DocumentReference", "new")])
    assert TEXT in {note[1] for note in wards.notes()}
    assert not wards.pass_over()
    wards.pass_over(document("old", "Current."))
    assert {note[1] for note in wards.notes()} == {"Of the stay.", "A discharge.", "Current."}


class Known(NoVocabulary):
    def concepts_of(self, codes: Iterable[Pair]) -> Mapping[Pair, tuple[Concept, ...]]:  # type: ignore[override]
        return {pair: (Concept(3030023, 3030023, "Note"),) for pair in codes if pair == ("LOINC", "34117-2")}


NOTES: dict[tuple[str, str], dict[str, Any]] = {
    ("fhir", "fhir.document_reference"): {"type_system": "LOINC", "type_code": "34117-2"},
    ("fhir", "fhir.diagnostic_report"): {"type_system": "LOINC", "type_code": "34117-2"},
    ("hl7v2", "hl7v2.note"): {"system": "LOINC", "code": "34117-2"},
    ("ccda", "ccda.note"): {"system": "LOINC", "code": "34117-2"},
}


@pytest.mark.parametrize(("kind", "table"), NOTES)
def test_a_notes_class_is_the_concept_of_its_types_code(kind: str, table: str) -> None:
    from connectors.registry import connector
    from contracts.privacy import Action

    schema = connector(kind).tables[table]
    values = {"note": TEXT, "text": TEXT, "start_date": date(2024, 3, 2), **NOTES[kind, table]}
    columns = {}
    for declared in schema:
        meta = declared.metadata or {}
        name = (meta.get(b"output") or declared.name.encode()).decode()
        type_ = declared.type
        if meta.get(b"action") in {a.value.encode() for a in (Action.ID, Action.SUBJECT)}:
            type_ = pa.list_(pa.int64()) if pa.types.is_list(type_) else pa.int64()
        elif declared.name.endswith("_date"):
            type_ = pa.date32()
        elif declared.name.endswith("_datetime"):
            type_ = pa.timestamp("us")
        value = values.get(declared.name, 1 if type_ == pa.int64() else None)
        columns[name] = pa.array([value], type_)
    target = REPORT if table == "fhir.diagnostic_report" else NOTE
    for vocabulary, concept in ((Known(), 3030023), (NoVocabulary(), 0)):
        made = map_rows(kind, table, pa.table(columns), Profile.EXPERT, vocabulary)[target]
        (row,) = made.to_pylist()
        assert row["note_class_concept_id"] == concept
        assert (row["source_vocabulary"], row["note_source_value"]) == ("LOINC", "34117-2")
