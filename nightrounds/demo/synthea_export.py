"""Hospital A's practices: in the layout of Synthea's CSV export; its patients bear the hospital's numbers."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from nightrounds.demo.care import Commission, Guest, Happened, later
from nightrounds.demo.chart import TIME_ZONE
from nightrounds.demo.ledger import Statements
from nightrounds.demo.people import HOSPITAL_A
from nightrounds.demo.tables import Tables

SOURCE = "practices"
GUESTS = (
    "maria-garcia", "emma-lindqvist", "grace-hope", "samuel-goldberg", "hiroshi-tanaka", "angela-moretti",
    "patricia-delacroix",
)  # fmt: skip
_BEFORE = -120
"""Days from the first visit at the hospital to the yearly check-up in a practice."""
_ORGANIZATION, _PROVIDER = "5a3c1f6e-practice-1", "9d20b7c4-provider-1"


def export_practices(commission: Commission) -> tuple[Happened, ...]:
    """Write `night-N/practices` under the root; returns entries of the true timelines."""
    found = commission.guests(HOSPITAL_A, GUESTS)
    for night in range(1, commission.nights + 1):
        tables = Tables(Statements(commission.ledger, night, SOURCE))
        if night == 1:
            _add_practice(tables)
            for guest in found:
                _add_patient(tables, guest)
                _add_checkup(tables, guest, commission.seed)
            _plant_dirt(tables, found, commission.seed)
        else:
            _add_end(tables, found[-1], commission.seed)
        tables.write(commission.folder(night, SOURCE))
    return tuple(Happened(g.person.key, SOURCE, "encounter", _day(g), "Yearly check-up") for g in found)


def _day(guest: Guest) -> datetime:
    return later(guest.first, _BEFORE, 10, 15)


def _utc(moment: datetime) -> str:
    """Synthea writes UTC, whatever the clock on the wall says."""
    return f"{moment.replace(tzinfo=ZoneInfo(TIME_ZONE)).astimezone(ZoneInfo('UTC')):%Y-%m-%dT%H:%M:%SZ}"


def _encounter_id(guest: Guest, seed: int) -> str:
    return f"{Random(f'{seed}:practices:{guest.person.key}').getrandbits(64):016x}"


def _add_practice(tables: Tables) -> None:
    place = {"ADDRESS": "12 Practice Row", "CITY": "Worcester", "STATE": "MA", "ZIP": "01608"}
    tables.add(
        "organizations.csv", {"Id": _ORGANIZATION, "NAME": "Elm Street Practice", **place, "UTILIZATION": 7}
    )
    tables.add(
        "providers.csv",
        {"Id": _PROVIDER, "ORGANIZATION": _ORGANIZATION, "NAME": "Corinne Abelard", "GENDER": "F"}
        | {"SPECIALITY": "GENERAL PRACTICE", **place, "UTILIZATION": 7},
    )


def _add_patient(tables: Tables, guest: Guest) -> None:
    person = guest.person
    tables.add(
        "patients.csv",
        {
            "Id": guest.registration.mrn, "BIRTHDATE": person.birth, "DEATHDATE": "", "SSN": person.ssn, "DRIVERS": "",
            "PASSPORT": "", "PREFIX": "Ms." if person.sex == "F" else "Mr.", "FIRST": person.first, "MIDDLE": "",
            "LAST": guest.registration.family, "MAIDEN": "", "MARITAL": "M", "RACE": "white",
            "ETHNICITY": "nonhispanic", "GENDER": person.sex, "BIRTHPLACE": "", "ADDRESS": person.line,
            "CITY": person.city, "STATE": "Massachusetts", "ZIP": person.postal_code, "PREFERRED_CONTACT": person.phone,
        },
    )  # fmt: skip


def _add_checkup(tables: Tables, guest: Guest, seed: int) -> None:
    """A yearly check-up: what was measured, found, given and planned."""
    at, stay = _day(guest), _encounter_id(guest, seed)
    rng = Random(f"{seed}:practices:values:{guest.person.key}")
    care = {"PATIENT": guest.registration.mrn, "ENCOUNTER": stay}
    begun, end = _utc(at), _utc(at + timedelta(minutes=30))
    tables.add(
        "encounters.csv",
        {
            "Id": stay,
            "START": begun,
            "STOP": end,
            "PATIENT": guest.registration.mrn,
            "ORGANIZATION": _ORGANIZATION,
        }
        | {"PROVIDER": _PROVIDER, "ENCOUNTERCLASS": "wellness", "CODE": "162673000"}
        | {"DESCRIPTION": "General examination of patient (procedure)"},
    )
    measured = (
        ("8302-2", "Body Height", f"{rng.randrange(1560, 1860) / 10}", "cm"),
        ("29463-7", "Body Weight", f"{rng.randrange(560, 920) / 10}", "kg"),
        ("8480-6", "Systolic Blood Pressure", str(rng.randrange(108, 150)), "mm[Hg]"),
        ("8462-4", "Diastolic Blood Pressure", str(rng.randrange(64, 94)), "mm[Hg]"),
    )
    for code, name, value, unit in measured:
        row = {"DATE": begun, **care, "CATEGORY": "vital-signs", "CODE": code, "DESCRIPTION": name}
        tables.add("observations.csv", row | {"VALUE": value, "UNITS": unit, "TYPE": "numeric"})
    tables.add(
        "medications.csv",
        {
            "START": begun,
            "STOP": "",
            **care,
            "CODE": "313782",
            "DESCRIPTION": "Acetaminophen 325 MG Oral Tablet",
        }
        | {"BASE_COST": "8.20", "DISPENSES": 1, "TOTALCOST": "8.20"},
    )
    tables.add(
        "procedures.csv",
        {"START": begun, "STOP": end, **care, "CODE": "430193006"}
        | {"DESCRIPTION": "Medication reconciliation (procedure)", "BASE_COST": "210.00"},
    )
    tables.add(
        "immunizations.csv",
        {
            "DATE": begun,
            **care,
            "CODE": "113",
            "DESCRIPTION": "Td (adult) preservative free",
            "BASE_COST": "136.00",
        },
    )
    tables.add(
        "careplans.csv",
        {"Id": f"{stay}-plan", "START": at.date().isoformat(), "STOP": "", **care, "CODE": "384758001"}
        | {"DESCRIPTION": "Self-care interventions (procedure)"},
        "unmapped",
    )


def _plant_dirt(tables: Tables, found: list[Guest], seed: int) -> None:
    """A stay that ends before it begins, a measurement of a day that is none, and one that was exported twice."""
    guest = found[-1]
    at = _day(guest)
    care = {"PATIENT": guest.registration.mrn, "ENCOUNTER": _encounter_id(guest, seed)}
    backwards = {
        "Id": f"{_encounter_id(guest, seed)}-b",
        "START": _utc(at),
        "STOP": _utc(at - timedelta(hours=2)),
    }
    backwards |= {"PATIENT": guest.registration.mrn, "ENCOUNTERCLASS": "ambulatory", "CODE": "185345009"}
    name, row = "encounters.csv", {**backwards, "DESCRIPTION": "Encounter for symptom (procedure)"}
    record = tables.add(name, row, "quarantined")
    tables.told.plant(
        "encounter_end_before_start", "quarantined", name, record=record, person=guest.person.key
    )
    name = "observations.csv"
    vital = {**care, "CATEGORY": "vital-signs", "CODE": "8867-4", "DESCRIPTION": "Heart rate", "VALUE": "71"}
    vital |= {"UNITS": "/min", "TYPE": "numeric"}
    record = tables.add(name, {"DATE": "2022-02-30T10:00:00Z", **vital}, "quarantined")
    tables.told.plant("impossible_date", "quarantined", name, record=record, person=guest.person.key)
    twice = tables.rows[name][0]
    record = tables.add(name, twice, "merged")
    tables.told.plant("exact_duplicates", "merged", name, record=record, records="1")


def _add_end(tables: Tables, guest: Guest, seed: int) -> None:
    """Night 2: the row of a drug comes again, with the day on which it was stopped."""
    care = {"PATIENT": guest.registration.mrn, "ENCOUNTER": _encounter_id(guest, seed)}
    begun, stopped = _day(guest), later(guest.first, 0)
    tables.add(
        "medications.csv",
        {"START": _utc(begun), "STOP": _utc(stopped), **care, "CODE": "313782"}
        | {
            "DESCRIPTION": "Acetaminophen 325 MG Oral Tablet",
            "BASE_COST": "8.20",
            "DISPENSES": 1,
            "TOTALCOST": "8.20",
        },
    )
    tables.told.plant("drug_stopped", "accepted", "medications.csv", person=guest.person.key)
