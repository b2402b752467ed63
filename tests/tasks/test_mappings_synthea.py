"""A real Synthea export through survey, resolution and processing: every row accounted for, every code counted, nobody
named. What is compared with is read by Python's own csv module."""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from contracts.accounting import Account
from contracts.privacy import Profile
from contracts.schemas.omop import EVENT_TABLES
from contracts.units import Source
from stores import staging
from tasks.workroom import save_sources
from tests.tasks.rooms import make_room

EVENTS = "conditions observations medications procedures immunizations allergies devices supplies".split()
WHOLE = "careplans imaging_studies payers claims".split()
_COLUMNS = {table: f"{table.partition('_')[0]}_source_value" for table in EVENT_TABLES}


@dataclass
class Staged:
    """What lies in staging after the export was processed, and the export itself."""

    export: Path
    account: Account = field(default_factory=Account)
    by_table: Counter[str] = field(default_factory=Counter)
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def source(self, name: str) -> list[dict[str, str]]:
        with (self.export / f"{name}.csv").open(newline="") as file:
            return list(csv.DictReader(file))

    def count(self, name: str) -> int:
        return len(self.source(name))


@pytest.fixture(scope="module", params=[Profile.EXPERT, Profile.SAFE_HARBOR])
def staged(shared: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Staged:
    """The sample export under each profile."""
    export = shared / "data" / "synthea-csv"
    room = make_room(tmp_path_factory.mktemp("room"), "synthea", request.param)
    room.source = Source("ward", "synthea", str(export), authority="ward", time_zone="America/New_York")
    save_sources(room.work.vault, [room.source])
    assert not any(done.reason for done in room.process())
    found = Staged(export)
    for manifest in staging.manifests(room.work.home.staging, "ward"):
        found.account.merge(Account.from_json(manifest.account))
        found.by_table.update(manifest.account["source_tables"])
        for table in manifest.tables:
            for batch in manifest.batches(table):
                found.rows.setdefault(table, []).extend(batch.to_pylist())
    return found


def test_every_row_of_every_file_is_accounted_for(staged: Staged) -> None:
    total = sum(staged.count(path.stem) for path in staged.export.glob("*.csv"))
    assert staged.account.read == total == 5722
    assert staged.account.balanced and staged.account.fates["quarantined"] == 0
    assert staged.account.fates["unmapped"] == sum(staged.count(name) for name in WHOLE)
    assert staged.by_table["synthea.observation"] == staged.count("observations")
    assert "unknown-column" not in staged.account.warnings


def test_rows_of_the_lake_are_as_many_as_the_export_has(staged: Staged) -> None:
    found = {table: len(rows) for table, rows in staged.rows.items()}
    assert found["records.patient"] == staged.count("patients")
    assert found["omop.visit_occurrence"] == staged.count("encounters")
    assert found["omop.payer_plan_period"] == staged.count("payer_transitions")
    assert found["records.provider"] == staged.count("providers")
    assert found["records.place"] == 2 * staged.count("organizations")
    priced = ("encounters", "medications", "procedures", "immunizations")
    assert found["omop.cost"] == sum(staged.count(name) for name in priced)
    events = sum(found.get(f"omop.{table}", 0) for table in EVENT_TABLES)
    assert events == sum(staged.count(name) for name in EVENTS)


def test_each_code_is_counted_as_often_as_in_the_export(staged: Staged) -> None:
    export = Counter(row["CODE"] for name in EVENTS for row in staged.source(name))
    lake: Counter[str] = Counter()
    for table, column in _COLUMNS.items():
        lake.update(row[column] for row in staged.rows.get(f"omop.{table}", []))
    assert lake == export


def test_rows_of_one_record_have_one_owner(staged: Staged) -> None:
    for table, rows in staged.rows.items():
        if table != "records.place":
            assert len({row["_owner"] for row in rows}) == len(rows), table


def test_numbers_and_words_are_those_of_the_export(staged: Staged) -> None:
    observed = [*staged.rows["omop.measurement"], *staged.rows["omop.observation"]]
    numbers = [row["value_as_number"] for row in observed if row["value_as_number"] is not None]
    export = [row for row in staged.source("observations") if row["TYPE"] == "numeric"]
    assert len(export) == 599
    assert sorted(numbers) == sorted(float(row["VALUE"]) for row in export)
    without = [row for row in observed if row["visit_occurrence_id"] is None]
    assert len(without) == 75 and {row["source_vocabulary"] for row in without} == {"Synthea"}


def test_references_lead_to_what_is_there(staged: Staged) -> None:
    visits = {row["visit_occurrence_id"] for row in staged.rows["omop.visit_occurrence"]}
    providers = {row["provider_id"] for row in staged.rows["records.provider"]}
    places = {row["place_id"] for row in staged.rows["records.place"]}
    for table in EVENT_TABLES:
        used = {row["visit_occurrence_id"] for row in staged.rows.get(f"omop.{table}", [])} - {None}
        assert used <= visits
    assert {row["provider_id"] for row in staged.rows["omop.visit_occurrence"]} <= providers
    assert {row["care_site_id"] for row in staged.rows["omop.visit_occurrence"]} <= places
    assert {row["care_site_id"] for row in staged.rows["records.provider"]} <= places
    ids = {
        row[f"{t}_id"] for t in ("drug_exposure", "procedure_occurrence") for row in staged.rows[f"omop.{t}"]
    }
    assert {row["cost_event_id"] for row in staged.rows["omop.cost"]} <= ids | visits
    persons = {row["person_id"] for row in staged.rows["records.patient"]}
    assert len(persons) == 27
    assert {row["person_id"] for t in EVENT_TABLES for row in staged.rows.get(f"omop.{t}", [])} <= persons


def test_demographics_have_their_concepts(staged: Staged) -> None:
    patients = staged.rows["records.patient"]
    assert Counter(row["gender_concept_id"] for row in patients) == {8507: 14, 8532: 13}
    assert Counter(row["race_concept_id"] for row in patients) == {8527: 24, 8557: 1, 8516: 1, 8515: 1}
    assert {row["state"] for row in patients} == {"MA"}
    assert sum(row["zip3"] is None for row in patients) == 12
    assert all(row["visit_concept_id"] for row in staged.rows["omop.visit_occurrence"])


def test_an_allergy_is_never_an_exposure(staged: Staged) -> None:
    allergies = {row["CODE"] for row in staged.source("allergies") if row["SYSTEM"] == "RxNorm"}
    rows = [row for row in staged.rows["omop.observation"] if row["observation_source_value"] in allergies]
    assert len(rows) == 3
    assert {row["source_vocabulary"] for row in rows} == {"allergy to RxNorm"}
    assert not allergies & {row["drug_source_value"] for row in staged.rows["omop.drug_exposure"]}


def test_nobody_is_named(staged: Staged) -> None:
    """Identifiers as they stand, in any text; names and places as words."""
    texts = {
        str(v) for rows in staged.rows.values() for row in rows for v in row.values() if isinstance(v, str)
    }
    everything = "\n".join(sorted(texts)).lower()
    words = set(re.findall(r"[\w'-]+", everything))
    for patient in staged.source("patients"):
        for name in ("Id", "SSN", "DRIVERS", "PASSPORT", "ADDRESS"):
            assert not patient[name] or patient[name].lower() not in everything, name
        for name in ("FIRST", "LAST", "MAIDEN", "ZIP"):
            assert not patient[name] or patient[name].lower() not in words, name
    for cover in staged.source("payer_transitions"):
        assert not cover["MEMBERID"] or cover["MEMBERID"] not in everything
        assert not cover["OWNERNAME"] or cover["OWNERNAME"].lower() not in everything
    for device in staged.source("devices"):
        assert device["UDI"] not in everything
    asked = {row["VALUE"].lower() for row in staged.source("observations") if row["CODE"] == "56799-0"}
    assert asked and not any(address in everything for address in asked)
