"""A small OMOP export: every table of the CDM that is carried over, about two invented people."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

PERSONS = (("7700451", "MRN-8801277"), ("7700452", "MRN-8801278"))
BORN, SEEN = "1961-04-23", "2023-05-04"
STREET, TOWN, ZIP, DOCTOR, NPI = (
    "14 Larkspur Passage",
    "Quillhaven",
    "02139",
    "Zebediah Quillfeather",
    "1992739182",
)
VISIT_NUMBER, DEVICE, POLICY = "ENC-77120391", "(01)00844588003288(21)SER9920", "FAM-5531207"
_ROWS = 12
_VISITS = 40

Row = dict[str, object]


def omop_export(folder: Path, times: int) -> Sequence[str]:
    """Write the tables; MEASUREMENT grows by `times`. Returns the planted values."""
    for table, columns in _TABLES.items():
        _write(
            folder / f"{table}.csv",
            [{**_common(table, n), **columns, **_own(table, n)} for n in range(_ROWS)],
        )
    _write(folder / "person.csv", [_person(n) for n in range(2)])
    _write(folder / "CDM_SOURCE.csv", [{"cdm_source_name": "St Elsewhere", "cdm_release_date": "2026-02-01"}])
    _write(folder / "VISIT_OCCURRENCE.csv", [_visit(n) for n in range(_VISITS)])
    lines = [
        f"{n},{PERSONS[n % 2][0]},3025315,{SEEN},{SEEN} 08:15:00,08:15:00,32817,{60 + n % 30}.5,9529,{1 + n % _VISITS}"
        for n in range(_ROWS * 4)
    ]
    with (folder / "measurement.csv").open("w") as file:
        file.write(_MEASUREMENT + "\n")
        for turn in range(times):
            file.write("".join(f"{turn + 1}{line}\n" for line in lines))
    (folder / "notes of the export.txt").write_text(f"made for Dr {DOCTOR}\n")
    numbers = [value for person in PERSONS for value in person]
    names = ["Quillfeather", "Zebediah"]
    return [*numbers, *names, STREET, TOWN, NPI, VISIT_NUMBER, "SER9920", POLICY, ZIP, BORN, SEEN]


_MEASUREMENT = (
    "measurement_id,person_id,measurement_concept_id,measurement_date,measurement_datetime,measurement_time,"
    "measurement_type_concept_id,value_as_number,unit_concept_id,visit_occurrence_id"
)


def _write(path: Path, rows: list[Row]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _person(n: int) -> Row:
    number, record = PERSONS[n]
    year, month, day = BORN.split("-")
    born: Row = {"year_of_birth": year, "month_of_birth": month, "day_of_birth": day, "location_id": 1}
    concepts: Row = {"gender_concept_id": 8532, "race_concept_id": 8527, "ethnicity_concept_id": 38003564}
    return {
        "person_id": number,
        **concepts,
        **born,
        "person_source_value": record,
        "gender_source_value": "F",
    }


def _visit(n: int) -> Row:
    moments: Row = {
        "visit_start_date": SEEN,
        "visit_end_date": SEEN,
        "visit_start_datetime": f"{SEEN} 08:00:00",
    }
    label = VISIT_NUMBER if n % 2 else "IP"
    return {
        "visit_occurrence_id": 1 + n,
        "person_id": PERSONS[n % 2][0],
        "visit_concept_id": 9202,
        **moments,
    } | {
        "visit_type_concept_id": 32817,
        "provider_id": 1,
        "visit_source_value": label,
        "admitting_source_value": "ER",
    }


def _common(table: str, n: int) -> Row:
    """The key, and whose the row is, where the table has them."""
    key: Row = (
        {} if table in ("death", "fact_relationship", "episode_event", "cohort") else {f"{table}_id": 1 + n}
    )
    return key if table in _NOBODYS else {**key, "person_id": PERSONS[n % 2][0]}


def _own(table: str, n: int) -> Row:
    if table == "note":
        number = PERSONS[n % 2][1]
        return {"note_text": f'Patient {number}, born {BORN},\nlives at {STREET}. Seen {SEEN}. "No fever".'}
    if table == "fact_relationship":
        return {"fact_id_1": PERSONS[0][0], "fact_id_2": PERSONS[1][0]}
    if table == "cohort":
        return {"subject_id": PERSONS[n % 2][0]}
    return {}


_NOBODYS = frozenset(
    "provider care_site location cost note_nlp fact_relationship episode_event metadata cohort "
    "cohort_definition".split()
)

_TABLES: dict[str, Row] = {
    "death": {"death_date": "2024-11-30", "death_type_concept_id": 32817, "cause_source_value": "I21.9"},
    "provider": {
        "provider_name": DOCTOR,
        "npi": NPI,
        "specialty_concept_id": 38004446,
        "specialty_source_value": "General practice",
    },
    "care_site": {"care_site_name": f"{DOCTOR} MD", "location_id": 1, "place_of_service_source_value": "OF"},
    "location": {"address_1": STREET, "city": TOWN, "state": "MA", "zip": ZIP, "latitude": "42.3601"},
    "observation_period": {
        "observation_period_start_date": SEEN,
        "observation_period_end_date": "2024-11-30",
        "period_type_concept_id": 32817,
    },
    "visit_detail": {
        "visit_detail_concept_id": 9202,
        "visit_detail_start_date": SEEN,
        "visit_detail_end_date": SEEN,
        "visit_detail_type_concept_id": 32817,
        "visit_occurrence_id": 1,
        "visit_detail_source_value": VISIT_NUMBER,
    },
    "condition_occurrence": {
        "condition_concept_id": 372328,
        "condition_start_date": SEEN,
        "condition_type_concept_id": 32817,
        "condition_source_value": "65363002",
        "visit_occurrence_id": 1,
    },
    "drug_exposure": {
        "drug_concept_id": 19073183,
        "drug_exposure_start_date": SEEN,
        "drug_exposure_end_date": SEEN,
        "drug_type_concept_id": 32869,
        "sig": "1 tablet",
    },
    "procedure_occurrence": {
        "procedure_concept_id": 4326177,
        "procedure_date": SEEN,
        "procedure_type_concept_id": 32817,
    },
    "device_exposure": {
        "device_concept_id": 4217646,
        "device_exposure_start_date": SEEN,
        "device_type_concept_id": 32817,
        "unique_device_id": DEVICE,
    },
    "observation": {
        "observation_concept_id": 40770471,
        "observation_date": SEEN,
        "observation_type_concept_id": 32817,
        "value_as_string": f"told on {SEEN}",
    },
    "specimen": {"specimen_concept_id": 4048506, "specimen_type_concept_id": 32817, "specimen_date": SEEN},
    "note": {
        "note_date": SEEN,
        "note_type_concept_id": 32817,
        "note_class_concept_id": 0,
        "encoding_concept_id": 32678,
        "language_concept_id": 4180186,
    },
    "payer_plan_period": {
        "payer_plan_period_start_date": SEEN,
        "payer_plan_period_end_date": "2024-05-04",
        "family_source_value": POLICY,
    },
    "cost": {
        "cost_event_id": 1,
        "cost_domain_id": "Visit",
        "cost_type_concept_id": 32817,
        "total_paid": "12.50",
    },
    "episode": {
        "episode_concept_id": 32533,
        "episode_start_date": SEEN,
        "episode_object_concept_id": 372328,
        "episode_type_concept_id": 32817,
    },
    "note_nlp": {"note_id": 1, "lexical_variant": f"Dr {DOCTOR}", "nlp_date": SEEN, "term_exists": "Y"},
    "fact_relationship": {
        "domain_concept_id_1": 56,
        "domain_concept_id_2": 56,
        "relationship_concept_id": 4248584,
    },
    "episode_event": {"episode_id": 1, "event_id": 1, "episode_event_field_concept_id": 1147127},
    "metadata": {"metadata_concept_id": 0, "metadata_type_concept_id": 0, "name": DOCTOR},
    "cohort": {"cohort_definition_id": 1, "cohort_start_date": SEEN, "cohort_end_date": SEEN},
    "cohort_definition": {"cohort_definition_name": DOCTOR, "definition_type_concept_id": 0},
}
