"""Images joined to the EHR in the lake, over nights: whatever comes first, what goes unpairs, persons are followed."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from connectors.accessions import accession_rules
from connectors.fhir.naming import naming_columns
from contracts.errors import Fatal
from contracts.privacy import Profile
from contracts.schemas import table_named
from contracts.units import Source
from stores.lake import Lake
from tasks.concepts import NoVocabulary
from tasks.deriving import derive_table, derived_tables
from tasks.referring import Resolver
from tasks.studies import STUDIES, resolve_studies

DAY = date(2024, 3, 5)
Row = dict[str, Any]


class Nights:
    """A lake that is given rows a table at a time, and derived as a round does it."""

    def __init__(self, folder: Path) -> None:
        self.lake, self.night = Lake(folder, buckets=2), 0

    def publish(self, table: str, *rows: Row) -> None:
        self.night += 1
        schema = table_named(table).schema
        kinds: list[pa.Field] = [*schema, pa.field("_owner", pa.int64()), pa.field("_recipe", pa.string())]
        made = [
            {**{f.name: 0 for f in schema if not f.nullable}, "_owner": n, "_recipe": "", **row}
            for n, row in enumerate(rows, 1)
        ]
        batch = pa.RecordBatch.from_pylist(made, schema=pa.schema([f.with_nullable(True) for f in kinds]))
        self.lake.replace(table, "ward", [], [batch], publish=("ward", self.night), whole_source=True)

    def derive(self) -> dict[str, list[Row]]:
        self.night += 1
        resolve_studies(self.lake, Resolver(NoVocabulary(), {}, Profile.EXPERT), self.night)
        told = (
            "imaging.series",
            "imaging.study",
            "imaging.link",
            "imaging.report_image",
            "omop.image_occurrence",
        )
        for table in derived_tables():
            if table in told:
                derive_table(self.lake, table, self.night)
        return {name: self.lake.read(name).to_pylist() for name in self.lake.tables()}


def person(number: int = 7) -> Row:
    return {"record_id": number, "person_id": number, "year_of_birth": 1970}


def image(study: int = 1, owner: int = 7, accession: int | None = None, **more: Any) -> Row:
    return {
        "instance_id": study * 10, "series_id": study * 100, "study_id": study, "person_id": owner,
        "sop_instance_uid": f"2.25.{study}", "series_instance_uid": f"2.25.1{study}",
        "study_instance_uid": f"2.25.2{study}", "modality": "CT", "body_part_examined": "CHEST",
        "study_date": DAY, "study_datetime": datetime(2024, 3, 5, 10), "has_pixels": True,
        "accession_id": accession, "accession_normal_id": accession, **more,
    }  # fmt: skip


def note(number: int, title: str, owner: int = 7, day: date = DAY) -> Row:
    return {
        "note_id": number,
        "person_id": owner,
        "note_date": day,
        "note_title": title,
        "note_text": "Seen.",
    }


def named(number: int, *, kind: str = "report", owner: int = 7, **more: Any) -> Row:
    return {"record_id": number, "kind": kind, "person_id": owner, "certain": True, **more}


def visit(number: int, begin: datetime, end: datetime) -> Row:
    return {
        "visit_occurrence_id": number, "person_id": 7, "visit_start_date": begin.date(), "visit_start_datetime": begin,
        "visit_end_date": end.date(), "visit_end_datetime": end,
    }  # fmt: skip


def bases(found: dict[str, list[Row]], kind: str = "report") -> set[tuple[int, int, str]]:
    return {(r["study_id"], r["record_id"], r["basis"]) for r in found["imaging.link"] if r["kind"] == kind}


EHR = {
    "records.patient": [person()],
    "omop.note": [note(1, "Letter"), note(2, "Letter"), note(3, "Letter")],
    "records.accession": [
        named(1, accession_ids=[5], accession_normal_ids=[5]),  # one number, two studies
        named(2, refers_to_ids=[91]),
        named(9, kind="order", accession_ids=[60], accession_normal_ids=[6], stated_as_id=91),
        named(3, study_instance_uids=["2.25.24"]),
    ],
}  # fmt: skip
IMAGES = [image(1, accession=5), image(2, accession=5), image(3, accession=6), image(4)]
PAIRS = {(1, 1, "accession"), (2, 1, "accession"), (3, 2, "order"), (4, 3, "study-uid")}


@pytest.mark.parametrize("images_first", [True, False])
def test_both_orders_of_arrival_pair_alike(tmp_path: Path, images_first: bool) -> None:
    nights = Nights(tmp_path)
    tables = {"imaging.instance": IMAGES, **EHR} if images_first else {**EHR, "imaging.instance": IMAGES}
    for table, rows in tables.items():
        nights.publish(table, *rows)
        found = nights.derive()
    assert bases(found) == PAIRS
    assert {(r["note_id"], r["series_id"]) for r in found["imaging.report_image"]} == {
        (1, 100), (1, 200), (2, 300), (3, 400)
    }  # fmt: skip
    versions = nights.lake.versions()
    nights.derive()
    assert nights.lake.versions() == versions, "a quiet night writes nothing"


def test_a_report_withdrawn_unpairs_and_a_relinked_person_follows(tmp_path: Path) -> None:
    nights = Nights(tmp_path)
    for table, rows in {"imaging.instance": IMAGES, **EHR}.items():
        nights.publish(table, *rows)
    assert nights.derive()["imaging.report_image"]
    nights.publish("records.accession", *EHR["records.accession"][1:])
    nights.publish("omop.note", *EHR["omop.note"][1:])
    assert {r["note_id"] for r in nights.derive()["imaging.report_image"]} == {2, 3}
    nights.publish("imaging.instance", *({**one, "person_id": 8} for one in IMAGES))
    found = nights.derive()
    assert (found["imaging.link"], found["omop.image_occurrence"], found["omop.procedure_occurrence"]) == (
        [],
        [],
        [],
    )


def test_day_modality_and_part_pair_what_has_no_number(tmp_path: Path) -> None:
    nights = Nights(tmp_path)
    nights.publish("records.patient", person())
    nights.publish("imaging.instance", image(1), image(2, body_part_examined="KNEE", modality="MR"))
    titles = {1: "CT Chest", 2: "MRI of left knee", 3: "CT Abdomen", 4: "Chest X-ray", 5: "Letter"}
    notes = [note(number, title) for number, title in titles.items()]
    nights.publish(
        "omop.note", *notes, note(6, "CT Chest", day=date(2024, 3, 9)), note(7, "CT Chest", owner=8)
    )
    assert bases(nights.derive()) == {(1, 1, "day"), (2, 2, "day")}


def test_years_alone_pair_nothing(tmp_path: Path) -> None:
    nights = Nights(tmp_path)
    nights.publish("records.patient", person())
    nights.publish("imaging.instance", image(study_date=date(2024, 1, 1), study_datetime=None))
    nights.publish("omop.note", note(1, "CT Chest", day=date(2024, 1, 1)))
    stay = visit(3, datetime(2024, 1, 1), datetime(2024, 1, 1))
    nights.publish(
        "omop.visit_occurrence", {**stay, "visit_start_datetime": None, "visit_end_datetime": None}
    )
    assert nights.derive()["imaging.link"] == []


def test_the_procedure_is_made_until_the_ehr_has_its_own(tmp_path: Path) -> None:
    nights = Nights(tmp_path)
    nights.publish("imaging.instance", image(accession=5), image(9, owner=8))
    nights.publish("records.patient", person())
    long, short = datetime(2024, 3, 1), datetime(2024, 3, 5, 9)
    nights.publish(
        "omop.visit_occurrence",
        visit(3, long, datetime(2024, 3, 9)),
        visit(4, short, datetime(2024, 3, 5, 11)),
    )
    found = nights.derive()
    [made], [occurrence] = found["omop.procedure_occurrence"], found["omop.image_occurrence"]
    assert made["_source"] == STUDIES and made["procedure_source_value"] == "77477000"
    assert occurrence["procedure_occurrence_id"] == made["procedure_occurrence_id"]
    assert (occurrence["procedure_basis"], occurrence["visit_basis"]) == ("study", "time")
    assert made["visit_occurrence_id"] == occurrence["visit_occurrence_id"] == 4
    own = {"procedure_occurrence_id": 50, "person_id": 7, "procedure_date": DAY, "visit_occurrence_id": 3}
    nights.publish("omop.procedure_occurrence", own)
    nights.publish(
        "records.accession", named(50, kind="procedure", accession_ids=[5], accession_normal_ids=[5])
    )
    found = nights.derive()
    [occurrence] = found["omop.image_occurrence"]
    assert [r["procedure_occurrence_id"] for r in found["omop.procedure_occurrence"]] == [50]
    told = ("procedure_occurrence_id", "procedure_basis", "visit_occurrence_id", "visit_basis")
    assert [occurrence[name] for name in told] == [50, "accession", 3, "procedure"]


def test_numbers_are_brought_to_one_form() -> None:
    options = {"accession_prefixes": "RAD R", "accession_zeros": "drop"}
    rules = accession_rules(Source("ris", "fhir", "", options=options))
    numbers = ("RAD007", " r 7", "0007", "RAD", "000", "A07")
    assert [rules.normal(number) for number in numbers] == ["7", "7", "7", "AD", "000", "A07"]
    assert accession_rules(Source("ris", "fhir", "")).normal("RAD007") == "RAD007"
    with pytest.raises(Fatal):
        accession_rules(Source("ris", "fhir", "", options={"accession_zeros": "maybe"}))


def test_what_a_resource_names() -> None:
    number = {"type": {"coding": [{"code": "ACSN"}]}, "value": " RAD7 "}
    other = {"type": {"coding": [{"code": "MR"}]}, "value": "4711"}
    study = {
        "resourceType": "ImagingStudy", "id": "s", "series": [{"uid": "1.2.3"}],
        "basedOn": [{"reference": "ServiceRequest/o"}],
        "identifier": [number, other, {"system": "urn:dicom:uid", "value": "urn:oid:1.2"}],
        "procedureReference": {"reference": "Procedure/p"},
    }  # fmt: skip
    rules = accession_rules(Source("ris", "fhir", "", options={"accession_prefixes": "RAD"}))
    made = naming_columns("ImagingStudy", ["s"], [json.dumps(study).encode()], rules)
    assert {name: column.to_pylist()[0] for name, column in made.items()} == {
        "naming": "study", "stated_as": "ImagingStudy/s", "accessions": ["RAD7"], "accession_normals": ["7"],
        "named_study_uids": ["1.2"], "named_series_uids": ["1.2.3"], "refers_to": ["ServiceRequest/o"],
        "refers_to_procedures": ["p"],
    }  # fmt: skip
