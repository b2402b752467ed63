"""The clinic's research warehouse: an OMOP CDM 5.4 as CSV, whole each night, so that what is absent is gone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from contracts.schemas.omop import CDM
from nightrounds.demo.care import Commission, Guest, Happened, later
from nightrounds.demo.chart import NIGHTS
from nightrounds.demo.ledger import Statements
from nightrounds.demo.people import HOSPITAL_B
from nightrounds.demo.tables import Row, Tables

SOURCE = "warehouse"
GUESTS = ("maria-garcia", "franklin-meyer", "ingrid-halvorsen", "beatrice-lovelace", "omar-siddiqui")
_AFTER = 60
"""Days from the first visit at the clinic to the visit that the warehouse tells of."""
_EHR, _OUTPATIENT, _FEMALE, _MALE = 32817, 9202, 8532, 8507
_SYSTOLIC, _DIASTOLIC, _HEART_RATE, _MMHG, _PER_MINUTE = 3004249, 3012888, 3027018, 8876, 8541
_HYPERTENSION, _LISINOPRIL = (320128, "Essential hypertension"), (1308216, "lisinopril")
_RETRACTED = "omar-siddiqui"
"""Whose heart rate the warehouse holds on the first night alone."""


@dataclass(frozen=True)
class Entry:
    """One person of the warehouse, with the key that the CDM gives."""

    guest: Guest
    person_id: int
    at: datetime


def export_warehouse(commission: Commission) -> tuple[tuple[Happened, ...], dict[str, str]]:
    """Write `night-N/warehouse` under the root; returns entries of the true timelines, and `person_id` by key."""
    rng = Random(f"{commission.seed}:warehouse")
    base = rng.randrange(700_000, 800_000)
    entries = [
        Entry(guest, base + 11 * place, later(guest.first, _AFTER, 11, 0))
        for place, guest in enumerate(commission.guests(HOSPITAL_B, GUESTS))
    ]
    for night in range(1, commission.nights + 1):
        tables = Tables(Statements(commission.ledger, night, SOURCE))
        tables.columns = lambda file: CDM[file.removesuffix(".csv")].names
        tables.add("cdm_source.csv", _cdm_source(night), "unmapped")
        for place, entry in enumerate(entries):
            _add_person(
                tables, entry, 1 + 10 * place, night, Random(f"{commission.seed}:warehouse:{entry.person_id}")
            )
        _plant_dirt(tables, entries[0])
        tables.write(commission.folder(night, SOURCE))
    happened = (
        Happened(e.guest.person.key, SOURCE, "encounter", e.at, "Blood pressure clinic") for e in entries
    )
    return tuple(happened), {e.guest.person.key: str(e.person_id) for e in entries}


def _cdm_source(night: int) -> Row:
    released = NIGHTS[night - 1].date().isoformat()
    return {
        "cdm_source_name": "Riverbend research warehouse", "cdm_source_abbreviation": "RRW",
        "cdm_holder": "Riverbend Community Clinic", "source_release_date": released, "cdm_release_date": released,
        "cdm_version_concept_id": 756265, "vocabulary_version": "v5.0",
    }  # fmt: skip


def _add_person(tables: Tables, entry: Entry, key: int, night: int, rng: Random) -> None:
    """A person with the period that the warehouse vouches for, a visit, a diagnosis, a drug and what was measured."""
    person, born = entry.guest.person, entry.guest.person.birth.split("-")
    day, moment = entry.at.date().isoformat(), f"{entry.at:%Y-%m-%d %H:%M:%S}"
    whose = {"person_id": entry.person_id}
    tables.add(
        "person.csv",
        {**whose, "gender_concept_id": _FEMALE if person.sex == "F" else _MALE, "year_of_birth": born[0]}
        | {
            "month_of_birth": born[1],
            "day_of_birth": born[2],
            "race_concept_id": 0,
            "ethnicity_concept_id": 0,
        }
        | {"person_source_value": entry.guest.registration.mrn, "gender_source_value": person.sex},
    )
    last = NIGHTS[0].date() - timedelta(days=1)
    period = {
        "observation_period_start_date": entry.guest.first.start.date(),
        "observation_period_end_date": last,
    }
    tables.add(
        "observation_period.csv",
        {"observation_period_id": key, **whose, **period, "period_type_concept_id": _EHR},
    )
    visit = {"visit_start_date": day, "visit_start_datetime": moment, "visit_end_date": day}
    tables.add(
        "visit_occurrence.csv",
        {"visit_occurrence_id": key, **whose, "visit_concept_id": _OUTPATIENT, **visit}
        | {"visit_end_datetime": moment, "visit_type_concept_id": _EHR, "visit_source_value": "OP"},
    )
    tables.add("condition_occurrence.csv", _event("condition", key, whose, day, key, _HYPERTENSION))
    drug = _event("drug", key, whose, day, key, _LISINOPRIL)
    tables.add("drug_exposure.csv", {**drug, "drug_exposure_end_date": entry.at.date() + timedelta(days=29)})
    measured = [
        (_SYSTOLIC, "Systolic blood pressure", rng.randrange(132, 158), _MMHG, "mm[Hg]"),
        (_DIASTOLIC, "Diastolic blood pressure", rng.randrange(78, 96), _MMHG, "mm[Hg]"),
        (_HEART_RATE, "Heart rate", rng.randrange(60, 88), _PER_MINUTE, "/min"),
    ]
    for place, (concept, code, value, unit, unit_code) in enumerate(measured):
        if night > 1 and (person.key, concept) == (_RETRACTED, _HEART_RATE):
            tables.told.note("measurement", "removed")
            tables.told.plant(
                "absent_row", "removed", "measurement.csv", person=person.key, table="omop.measurement", code=code,
                day=day,
            )  # fmt: skip
            continue
        row = _event("measurement", key + place, whose, day, key, (concept, code))
        row = {**row, "value_as_number": value, "unit_concept_id": unit, "unit_source_value": unit_code}
        tables.add("measurement.csv", row)


def _event(
    kind: str, key: int, whose: Row, day: str, visit: int, coded: tuple[int, str]
) -> dict[str, object]:
    """A row of an event table, whose columns have the names that the CDM gives to that kind."""
    concept, code = coded
    name = {"condition": "condition_occurrence", "drug": "drug_exposure"}.get(kind, kind)
    date = {"condition": "condition_start_date", "drug": "drug_exposure_start_date"}.get(kind, f"{kind}_date")
    return {
        f"{name}_id": key, **whose, f"{kind}_concept_id": concept, date: day, f"{kind}_type_concept_id": _EHR,
        "visit_occurrence_id": visit, f"{kind}_source_value": code, f"{kind}_source_concept_id": 0,
    }  # fmt: skip


def _plant_dirt(tables: Tables, entry: Entry) -> None:
    """A measurement of a day that no calendar has, in the dump of either night."""
    row = _event(
        "measurement",
        9001,
        {"person_id": entry.person_id},
        "2022-02-30",
        1,
        (_SYSTOLIC, "Systolic blood pressure"),
    )
    record = tables.add("measurement.csv", {**row, "value_as_number": 131}, "quarantined")
    tables.told.plant(
        "impossible_date", "quarantined", "measurement.csv", record=record, person=entry.guest.person.key
    )
