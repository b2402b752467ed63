"""A person's drugs, procedures and results on the timeline: each drug and procedure, results by the day."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

import pytest

from contracts.privacy import Profile
from retrieval.events import MOST_RESULTS, Event
from retrieval.patient import list_persons, patient_record
from retrieval.reader import Reader, open_reader
from stores.home import create_home
from stores.lake import Lake
from stores.releases import Releases
from tests.tasks.test_deriving import publish

DAY = date(2020, 3, 1)
NOON = datetime(2020, 3, 1, 12)


def _measured(number: int, words: str, value: float | None, unit: str | None, **more: Any) -> dict[str, Any]:
    return {
        "measurement_id": number, "person_id": 7, "measurement_concept_id": 0, "measurement_date": DAY,
        "measurement_type_concept_id": 32817, "value_as_number": value, "unit_source_value": unit,
        "value_source_value": None if value is None else str(value), "source_display": words, **more,
    }  # fmt: skip


DRUG = {
    "drug_exposure_id": 1, "person_id": 7, "drug_concept_id": 0, "drug_exposure_start_date": DAY,
    "drug_exposure_end_date": date(2020, 3, 30), "verbatim_end_date": date(2020, 3, 30), "drug_type_concept_id": 32838,
    "quantity": 30.0, "days_supply": 30, "refills": 1, "route_source_value": "oral", "drug_source_value": "314076",
    "source_vocabulary": "RxNorm", "source_display": "lisinopril 10 MG Oral Tablet",
}  # fmt: skip
VACCINE = DRUG | {
    "drug_exposure_id": 2, "drug_source_value": "140", "source_vocabulary": "CVX", "source_display": None,
    "quantity": None, "days_supply": None, "refills": None, "route_source_value": None, "verbatim_end_date": None,
    "drug_exposure_start_datetime": NOON,
}  # fmt: skip
ROWS: dict[str, list[dict[str, Any]]] = {
    "omop.drug_exposure": [DRUG, VACCINE],
    "omop.procedure_occurrence": [
        {
            "procedure_occurrence_id": 3, "person_id": 7, "procedure_concept_id": 0, "procedure_date": DAY,
            "procedure_type_concept_id": 32817, "procedure_source_value": "80146002", "modifier_source_value": "left",
        }
    ],
    "omop.device_exposure": [
        {
            "device_exposure_id": 4, "person_id": 7, "device_concept_id": 0, "device_exposure_start_date": DAY,
            "device_exposure_end_date": date(2024, 3, 1), "device_type_concept_id": 32817,
            "source_display": "Implantable defibrillator",
        }
    ],
    "omop.measurement": [
        _measured(10, "Heart rate", 80, "/min", measurement_datetime=NOON),
        _measured(11, "Glucose", 140, "mg/dL", measurement_datetime=NOON),
        _measured(12, "Glucose", 90.5, "mg/dL", measurement_datetime=NOON),
        _measured(13, "Culture", None, None, value_source_value="no growth", measurement_datetime=NOON),
        _measured(14, "Body weight", 70, "kg", measurement_date=date(2020, 3, 2)),
        *(_measured(20 + n, f"Test {n:02}", n, None, measurement_date=date(2020, 4, 1)) for n in range(15)),
        _measured(90, "Heart rate", 60, "/min", person_id=8),
    ],
    "omop.observation": [
        {
            "observation_id": 5, "person_id": 7, "observation_concept_id": 0, "observation_date": DAY,
            "observation_type_concept_id": 32817, "source_display": "Tobacco use", "value_as_string": "Never smoker",
        }
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def clinical(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    home = create_home(tmp_path_factory.mktemp("clinical") / "home", Profile.EXPERT, seed="clinical")
    lake = Lake(home.lake, home.buckets)
    for table, rows in ROWS.items():
        publish(lake, table, rows)
    Releases(home).publish("run", 1, lake.versions(), {}, "2024-01-01T00:00:00Z")
    return open_reader(home)


def _events(reader: Reader, kind: str) -> list[Event]:
    return [event for event in patient_record(reader, 7).events if event.kind == kind]


def test_drugs_and_immunisations(clinical: Reader) -> None:
    [drug], [vaccine] = _events(clinical, "drug"), _events(clinical, "immunisation")
    assert drug.title == "lisinopril 10 MG Oral Tablet"
    assert drug.detail == "oral, quantity 30, for 30 days, 1 refill, until 2020-03-30"
    assert (vaccine.id, vaccine.title, vaccine.detail, vaccine.time) == (2, "140", "", time(12))


def test_procedures_and_devices(clinical: Reader) -> None:
    [procedure], [device] = _events(clinical, "procedure"), _events(clinical, "device")
    assert (procedure.title, procedure.detail) == ("80146002", "left")
    assert (device.title, device.detail) == ("Implantable defibrillator", "until 2024-03-01")


def test_results_are_told_by_the_day(clinical: Reader) -> None:
    day, single, many = _events(clinical, "measurement")
    assert (day.id, day.date, day.time, day.title) == (10, DAY, time(12), "4 measurements")
    assert day.detail == "Culture no growth; Glucose 90.5 to 140 mg/dL (2 times); Heart rate 80 /min"
    assert (single.title, single.detail, single.time) == ("Body weight 70 kg", "", None)
    assert many.title == "15 measurements"
    assert many.detail.count("; ") == MOST_RESULTS and many.detail.endswith("; 3 more")
    [observation] = _events(clinical, "observation")
    assert observation.title == "Tobacco use Never smoker"


def test_counts_are_of_rows(clinical: Reader) -> None:
    record = patient_record(clinical, 7)
    counts = {what: n for what, n in record.counts.items() if n}
    assert counts == {"drugs": 2, "procedures": 1, "devices": 1, "measurements": 20, "observations": 1}
    assert [(p["person_id"], p["measurements"]) for p in list_persons(clinical)] == [(7, 20), (8, 1)]
    assert [e.date for e in record.events] == sorted(e.date for e in record.events if e.date)
