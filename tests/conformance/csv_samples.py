"""Samples of the kinds that are CSV: every file of a Synthea export, and a site's own files with their mappings."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_PATIENT = "5f1d2c3a-0000-4000-8000-00000880127{0}"
_SSN, _DRIVERS, _PASSPORT, _MEMBER = "999-41-7731", "S99987731", "X77319911X", "mbr-771-9310-55"
_STREET, _TOWN = "14 Larkspur Passage", "Wexcombe"
_NAMES = (("Quillfeather", "Zebediah"), ("Thistlewhit", "Ottoline"))

Rows = list[dict[str, Any]]


def synthea_export(folder: Path, times: int) -> Sequence[str]:
    """All eighteen files about two people; `times` as many observations, 40 a turn."""
    patients = [_PATIENT.format(n) for n in range(2)]
    tables = _once(patients)
    tables |= _care(patients, 0)
    tables["observations"] = [
        row for turn in range(20 * times) for row in _care(patients, turn)["observations"]
    ]
    for name, rows in tables.items():
        _write(folder / f"{name}.csv", rows)
    names = [part for name in _NAMES for part in name]
    return [
        *names,
        *patients,
        _SSN,
        _DRIVERS,
        _PASSPORT,
        _MEMBER,
        _STREET,
        _TOWN,
        "1961-04-23",
        "UDI-5512-9934",
    ]


def _once(patients: list[str]) -> dict[str, Rows]:
    people = [
        {
            "Id": patient,
            "BIRTHDATE": "1961-04-23",
            "DEATHDATE": "",
            "SSN": _SSN,
            "DRIVERS": _DRIVERS,
            "PASSPORT": _PASSPORT,
            "FIRST": first,
            "LAST": last,
            "RACE": "white",
            "ETHNICITY": "nonhispanic",
            "GENDER": "F",
            "BIRTHPLACE": f"{_TOWN}  Massachusetts  US",
            "ADDRESS": _STREET,
            "CITY": _TOWN,
            "STATE": "Massachusetts",
            "ZIP": "02139",
        }
        for patient, (last, first) in zip(patients, _NAMES, strict=True)
    ]
    organization = {
        "Id": "org-1",
        "NAME": f"{_NAMES[0][0]} HOSPITAL",
        "STATE": "MA",
        "ZIP": "02139",
        "UTILIZATION": 3,
    }
    provider = {
        "Id": "prov-1",
        "ORGANIZATION": "org-1",
        "NAME": _NAMES[1][0],
        "GENDER": "F",
        "SPECIALITY": "PSYCHIATRY",
    }
    payer = {"Id": "payer-1", "NAME": "Mutual", "ADDRESS": _STREET, "AMOUNT_COVERED": "12.50"}
    return {"patients": people, "organizations": [organization], "providers": [provider], "payers": [payer]}


def _care(patients: list[str], turn: int) -> dict[str, Rows]:
    """One encounter with everything that can happen in it."""
    patient, at = (
        patients[turn % 2],
        f"2023-05-04T{turn % 24:02d}:{turn // 24 % 60:02d}:{turn // 1440 % 60:02d}Z",
    )
    visit = f"e0c1d2c3-0000-4000-8000-{turn:012d}"
    care = {"PATIENT": patient, "ENCOUNTER": visit}
    what = {"CODE": "38341003", "DESCRIPTION": "Hypertension"}
    span = {"START": at, "STOP": at}
    return {
        "encounters": [
            {"Id": visit, **span, "PATIENT": patient, "ORGANIZATION": "org-1", "PROVIDER": "prov-1"}
            | {"ENCOUNTERCLASS": "ambulatory", **what, "TOTAL_CLAIM_COST": "77.49", "PAYER_COVERAGE": "0.00"}
        ],
        "conditions": [{"START": "2023-05-04", "STOP": "", **care, **what}],
        "observations": [
            {"DATE": at, **care, "CATEGORY": "survey", "CODE": "56799-0", "DESCRIPTION": "Address"}
            | {"VALUE": _STREET, "UNITS": "", "TYPE": "text"},
            {"DATE": at, **care, "CATEGORY": "vital-signs", "CODE": "8302-2", "DESCRIPTION": "Body Height"}
            | {"VALUE": "170.5", "UNITS": "cm", "TYPE": "numeric"},
        ],
        "medications": [{**span, **care, "CODE": "314076", "DESCRIPTION": "lisinopril", "DISPENSES": 3}],
        "procedures": [{**span, **care, **what, "BASE_COST": "12.5"}],
        "immunizations": [
            {"DATE": at, **care, "CODE": "140", "DESCRIPTION": "Influenza", "BASE_COST": "140.52"}
        ],
        "allergies": [
            {"START": "2023-05-04", "STOP": "", **care, "SYSTEM": "RxNorm", **what, "TYPE": "allergy"}
        ],
        "devices": [{**span, **care, **what, "UDI": "UDI-5512-9934"}],
        "supplies": [{"DATE": "2023-05-04", **care, **what, "QUANTITY": 2}],
        "careplans": [{"Id": f"plan-{turn}", "START": "2023-05-04", "STOP": "", **care, **what}],
        "imaging_studies": [
            {"Id": f"img-{turn}", "DATE": at, **care, "SERIES_UID": "1.2.3.4", "MODALITY_CODE": "DX"}
        ],
        "payer_transitions": [
            {
                "PATIENT": patient,
                "MEMBERID": _MEMBER,
                "START_YEAR": at,
                "END_YEAR": at,
                "PAYER": f"payer-{turn}",
            }
            | {"OWNERNAME": " ".join(_NAMES[0])}
        ],
        "claims": [
            {"Id": f"claim-{turn}", "PATIENTID": patient, "PROVIDERID": "prov-1", "DIAGNOSIS1": "38341003"}
            | {"APPOINTMENTID": visit, "SERVICEDATE": at, "STATUS1": "CLOSED", "OUTSTANDING1": 0}
        ],
        "claims_transactions": [
            {"ID": f"t-{turn}", "CLAIMID": f"claim-{turn}", "PATIENTID": patient, "FROMDATE": at, "AMOUNT": 3}
            | {"NOTES": f"told to {' '.join(_NAMES[turn % 2])}"}
        ],
    }


def _write(path: Path, rows: Rows) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


_PATIENTS = """
files = "*people.csv"
patient_number = "mrn"

[hide]
name = ["family", "given"]
address = "street"

[[patient]]
birth_date = "born"
gender = "sex"
"""
_WARD = """
files = "*ward.csv"
delimiter = ";"
encoding = "cp1252"
decimal = ","
dates = ["DD.MM.YYYY HH:mm", "DD.MM.YYYY"]
patient_number = "Patient"

[hide]
name = "Name"

[[visit]]
id = "Fall"
start = "Aufnahme"
class = { constant = "inpatient" }

[[event]]
kind = { constant = "Measurement" }
id = "Auftrag"
start = "Zeit"
code = "LOINC"
vocabulary = { constant = "LOINC" }
display = "Analyse"
value = "Wert"
unit = "Einheit"
visit = "Fall"

[[note]]
id = "Auftrag"
date = "Zeit"
text = "Bemerkung"
visit = "Fall"
"""


def csv_export(folder: Path, times: int) -> Sequence[str]:
    """Two files, each with its mapping beside it: people, and a ward's results in another country's spelling."""
    (folder / "people.toml").write_text(_PATIENTS)
    (folder / "ward.toml").write_text(_WARD)
    numbers = ("8801277", "8801278")
    with (folder / "people.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["mrn", "family", "given", "street", "born", "sex"])
        writer.writerows(
            [n, *name, _STREET, "1961-04-23", "F"] for n, name in zip(numbers, _NAMES, strict=True)
        )
    text = io.StringIO()
    rows = csv.writer(text, delimiter=";")
    rows.writerow("Patient;Name;Fall;Aufnahme;Auftrag;Zeit;LOINC;Analyse;Wert;Einheit;Bemerkung".split(";"))
    for turn in range(20 * times):
        who = turn % 2
        name = f"{_NAMES[who][1]} {_NAMES[who][0]}"
        cells = (
            f"{numbers[who]};{name};F{turn};04.05.2023;A{turn};04.05.2023 08:30;2951-2;Natrium;138,5;mmol/L"
        )
        rows.writerow([*cells.split(";"), f"Für {name},\nGröße geprüft"])
    (folder / "ward.csv").write_bytes(text.getvalue().encode("cp1252"))
    return [*(part for name in _NAMES for part in name), *numbers, _STREET, "1961-04-23"]
