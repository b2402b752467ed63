"""From DICOM files to rows of the lake: connector, cleaning, de-identification, mapping and gate, one after another."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from connectors.dicom import DicomConnector
from contracts.identity import Person
from contracts.privacy import Profile
from contracts.schemas import table_named
from contracts.schemas.dicom import INSTANCE, TABLES
from contracts.units import WHOLE
from quality.gate import judge_rows
from tasks.cleaning import clean
from tasks.deidentification.engine import Deidentifier
from tasks.mappings import mappings
from tasks.standardising import standardise_rows
from tests.accounts import accounted
from tests.dicom_files import KEY, UIDS, image, read, reading, write

TODAY = date(2025, 3, 1)
TARGET = "imaging.instance"
PERSON = Person(77, -40, {"name": ("Doe", "Jane"), "identifier": ("4711",)})


def standardise(path: Path, profile: Profile = Profile.EXPERT, known: bool = True) -> pa.Table:
    """The rows of `imaging.instance` that a file gives."""
    unit, connector = reading(path), DicomConnector()
    people = {identity.subject: PERSON for identity in connector.identities(unit)} if known else {}
    deid = Deidentifier(KEY, profile, people, today=TODAY, source_authority=unit.authority)
    ((table, batch),) = accounted(connector.read(unit, WHOLE))
    cleaned = clean("dicom", table, pa.Table.from_batches([batch]), today=TODAY)
    assert cleaned.rejected.num_rows == 0
    found = standardise_rows("dicom", table, deid.apply(cleaned.accepted, TABLES[table]), deid)
    assert set(found) == {TARGET}
    return found[TARGET]


def row_of(path: Path, profile: Profile = Profile.EXPERT, known: bool = True) -> dict[str, Any]:
    (row,) = standardise(path, profile, known).to_pylist()
    return dict(row)


def test_the_mapping_names_its_source_and_gives_the_lakes_columns(tmp_path: Path) -> None:
    mapping = mappings("dicom")[TARGET]
    assert mapping.source_tables == ("dicom.instance",)
    rows = standardise(write(tmp_path / "one"))
    assert rows.schema.names == [*table_named(TARGET).schema.names, "_record", "_digest"]
    rows.validate(full=True)


def test_every_column_declares_what_becomes_of_it() -> None:
    outputs = [field.metadata[b"output"].decode() for field in INSTANCE if not field.name.startswith("_")]
    assert sorted(outputs) == sorted(table_named(TARGET).schema.names)
    assert all(field.metadata[b"action"] and field.metadata[b"reason"] for field in INSTANCE)


def test_values_arrive_and_the_patient_does_not(tmp_path: Path) -> None:
    path = write(
        tmp_path / "one",
        image(
            StudyDate="20240229",
            StudyTime="101530",
            AccessionNumber="A1",
            BodyPartExamined="CHEST",
            ImageType=["ORIGINAL", "PRIMARY"],
            PixelSpacing=["0.5", "0.25"],
            Manufacturer="Acme for Jane Doe",
        ),
    )
    row = row_of(path)
    assert row["person_id"] == 77
    assert (row["study_date"], row["study_datetime"]) == (
        date(2024, 1, 20),
        datetime(2024, 1, 20, 10, 15, 30),
    )
    assert (row["body_part_examined"], row["image_type"]) == ("CHEST", ["ORIGINAL", "PRIMARY"])
    assert (row["pixel_spacing_mm"], row["rows"], row["has_pixels"]) == ([0.5, 0.25], 4, True)
    assert row["accession_id"] == KEY.id63("accession", "radiology\x1fA1")
    assert row["sop_instance_uid"].startswith("2.25.")
    assert row["sop_class_uid"] == "1.2.840.10008.5.1.4.1.1.7"
    text = json.dumps(row, default=str)
    assert not [word for word in ("Doe", "Jane", "4711", 'A1"', "20240229", *UIDS.values()) if word in text]


def test_safe_harbor_keeps_the_year(tmp_path: Path) -> None:
    row = row_of(
        write(tmp_path / "one", image(StudyDate="20240229", StudyTime="101530")), Profile.SAFE_HARBOR
    )
    assert (row["study_date"], row["study_datetime"]) == (date(2024, 1, 1), None)


def test_an_image_of_nobody_is_indexed(tmp_path: Path) -> None:
    row = row_of(write(tmp_path / "one", image(PatientID=None, StudyDate="20240229")), known=False)
    assert (row["person_id"], row["study_date"]) == (None, None)
    assert row["study_id"] == KEY.id63("study", UIDS["StudyInstanceUID"])


def test_ids_of_a_study_are_equal_for_its_instances(tmp_path: Path) -> None:
    one = row_of(write(tmp_path / "1"))
    two = row_of(write(tmp_path / "2", image(SOPInstanceUID="1.2.3.9", SeriesInstanceUID="1.2.3.8")))
    assert one["study_id"] == two["study_id"]
    assert one["series_id"] != two["series_id"]
    assert one["instance_id"] != two["instance_id"]


@pytest.mark.parametrize("profile", list(Profile))
def test_samples_pass_cleaning_and_the_gate(shared: Path, profile: Profile) -> None:
    accepted = 0
    for path in sorted((shared / "data/dicom/pydicom-data").glob("*.dcm")):
        if read(path)[0] != "dicom.instance":
            continue
        rows = standardise(path, profile)
        verdict = judge_rows(TARGET, rows, today=TODAY)
        assert not verdict.rejected, (path.stem, verdict.rejected)
        accepted += 1
        header = rows["header"][0].as_py()
        assert json.loads(header)["00120062"]["Value"] == ["YES"], path.stem
        assert "Citizen" not in header
    assert accepted == 64
