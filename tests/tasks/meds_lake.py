"""A small lake, and MEDS made of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, ClassVar

import polars as pl
import pyarrow as pa

from contracts.keys import Key
from contracts.privacy import Profile
from contracts.schemas import table_named
from stores.lake import Lake
from stores.meds import MedsStore
from stores.releases import Release
from tasks.meds.exporting import Export, MedsExporter
from tasks.meds.naming import Naming
from tasks.meds.options import MedsOptions

KEY = Key("test", b"k" * 32)
Row = dict[str, Any]


@dataclass
class Hospital:
    """A lake whose rows a test states, and the data set that is made of it."""

    root: Path
    rounds: int = 0
    options: MedsOptions = field(default_factory=MedsOptions)
    naming: Naming = field(default_factory=lambda: Naming(None))
    profile: Profile = Profile.EXPERT
    buckets: ClassVar[int] = 3

    @property
    def lake(self) -> Lake:
        return Lake(self.root / "lake", self.buckets)

    def publish(self, table: str, rows: Iterable[Row], owners: list[int] | None = None) -> None:
        """The table holds exactly these rows, each its own owner where none are given."""
        self.rounds += 1
        schema = table_named(table).schema
        whole = pa.Table.from_pylist([{**dict.fromkeys(schema.names), **row} for row in rows], schema=schema)
        keys = pa.array(owners, pa.int64()) if owners else whole[table_named(table).key[0]]
        whole = whole.append_column("_owner", keys)
        whole = whole.append_column("_recipe", pa.array(["r"] * whole.num_rows, pa.string()))
        publish = (f"test:{table}", self.rounds)
        self.lake.replace(table, "ward", [], whole.to_batches(), publish=publish, whole_source=True)

    def release(self) -> Release:
        versions = self.lake.versions()
        digest = hashlib.sha256(str(sorted(versions.items())).encode()).hexdigest()
        return Release(self.rounds, "run", self.rounds, versions, {}, "2024-01-02T03:04:05+00:00", digest)

    def export(self, folder: str = "meds") -> Export:
        exporter = MedsExporter(self.lake, KEY, self.profile, self.options, self.naming)
        return exporter.export(self.release(), self.store(folder))

    def store(self, folder: str = "meds") -> MedsStore:
        return MedsStore(self.root / folder, "home")

    def rows(self, folder: str = "meds", **equal: Any) -> list[Row]:
        """Events in the order of shards and rows, of those that have these values."""
        frames = [pl.read_parquet(path) for path in sorted((self.root / folder / "data").rglob("*.parquet"))]
        found = pl.concat(frames).to_dicts()
        return [row for row in found if all(row[name] == value for name, value in equal.items())]

    def codes(self) -> dict[str, Row]:
        return {
            row["code"]: row for row in pl.read_parquet(self.root / "meds/metadata/codes.parquet").to_dicts()
        }

    def splits(self) -> dict[int, str]:
        return dict(pl.read_parquet(self.root / "meds/metadata/subject_splits.parquet").iter_rows())


def person(person_id: int, **more: Any) -> Row:
    return {
        "person_id": person_id, "gender_concept_id": 8532, "year_of_birth": 1950, "month_of_birth": 3,
        "day_of_birth": 4, "race_concept_id": 0, "race_source_value": "other", "ethnicity_concept_id": 0, **more,
    }  # fmt: skip


def visit(visit_id: int, person_id: int, start: datetime, end: datetime, **more: Any) -> Row:
    return {
        "visit_occurrence_id": visit_id, "person_id": person_id, "visit_concept_id": 9201,
        "visit_start_date": start.date(), "visit_start_datetime": start, "visit_end_date": end.date(),
        "visit_end_datetime": end, "visit_type_concept_id": 32817, **more,
    }  # fmt: skip


def condition(condition_id: int, person_id: int, day: date, code: str = "38341003", **more: Any) -> Row:
    return {
        "condition_occurrence_id": condition_id, "person_id": person_id, "condition_concept_id": 0,
        "condition_start_date": day, "condition_type_concept_id": 32817, "condition_source_value": code,
        "source_vocabulary": "SNOMED", "source_display": "Hypertension", **more,
    }  # fmt: skip


def measurement(measurement_id: int, person_id: int, when: datetime, value: float | None, **more: Any) -> Row:
    return {
        "measurement_id": measurement_id, "person_id": person_id, "measurement_concept_id": 0,
        "measurement_date": when.date(), "measurement_datetime": when, "measurement_type_concept_id": 32817,
        "value_as_number": value, "measurement_source_value": "718-7", "source_vocabulary": "LOINC",
        "source_display": "Hemoglobin", "unit_source_value": "g/dl", **more,
    }  # fmt: skip


def ward(root: Path) -> Hospital:
    """Thirty persons with a visit, a condition and a result each; the third one died."""
    hospital = Hospital(root)
    persons = range(100, 130)
    start, end = datetime(2020, 5, 6, 8), datetime(2020, 5, 9, 10, 30)
    hospital.publish("omop.person", [person(p) for p in persons])
    hospital.publish("omop.visit_occurrence", [visit(p * 10, p, start, end) for p in persons])
    hospital.publish("omop.condition_occurrence", [condition(p * 10, p, date(2020, 5, 7)) for p in persons])
    hospital.publish(
        "omop.measurement",
        [measurement(p * 10, p, datetime(2020, 5, 7, 6), 13.5, visit_occurrence_id=p * 10) for p in persons],
    )
    hospital.publish(
        "omop.death", [{"person_id": 102, "death_date": date(2021, 1, 1), "cause_source_value": "I21"}]
    )
    return hospital
