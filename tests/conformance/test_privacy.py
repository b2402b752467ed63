"""What leaves a unit: every column by a declared action with a reason, and nothing that was planted in the export."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contracts.accounting import Account
from contracts.identity import Identity, Link
from contracts.privacy import Action, Profile
from contracts.schemas import LAKE
from contracts.units import Unit
from stores import staging
from stores.home import create_home
from stores.staging import Manifest
from tasks.mappings import mappings
from tasks.processing import process_unit
from tasks.surveying import survey_unit
from tasks.workroom import Job, open_workroom, save_sources
from tests.conformance.conftest import KINDS
from tests.conformance.reading import Sample
from tests.conformance.samples import CHANGED

_PASSED = {"_record", "_owner", "_version", "_digest"}
_NO_REASON_NEEDED = {"_record", "_digest"}
"""Reserved numbers of connectors that declare them without an action: they are never carried into the lake."""
TODAY = "2026-03-01"


@pytest.fixture(scope="module", params=list(Profile))
def profile(request: pytest.FixtureRequest) -> Profile:
    """Both profiles."""
    chosen: Profile = request.param
    return chosen


@pytest.fixture(scope="module")
def processed(sample: Sample, profile: Profile, tmp_path_factory: pytest.TempPathFactory) -> list[Manifest]:
    """The sample through survey, resolution and processing, as a round does it: what lies in staging."""
    home = create_home(tmp_path_factory.mktemp("home") / "home", profile, seed="conformance")
    room = open_workroom(str(home.path))
    save_sources(room.vault, [sample.source])
    paths = [item.path for item in sample.connector.discover(sample.source, "").listed]
    tokens = room.vault.remember_places(sample.source.name, paths)
    units = [Unit(f"{sample.source.name}/{token}", sample.source.name, sample.kind) for token in tokens]
    surveyed = [survey_unit(Job(str(home.path), unit, TODAY)) for unit in units]
    assert all(not found.reason for found in surveyed)
    if sample.kind == "vcf":  # whose samples are nobody's until a sheet ties them
        named = [one for found in surveyed for one in sample.connector.identities(room.reading(found.unit))]
        ties = [Link(one, Identity("ehr", f"MRN-{number}")) for number, one in enumerate(named)]
        room.vault.set_links("sheet", ties)
    room.vault.resolve(1)
    for found in surveyed:
        done = process_unit(Job(str(home.path), found.unit, TODAY))
        assert not done.reason
    return staging.manifests(home.staging, sample.source.name)


@pytest.mark.parametrize("kind", KINDS)
def test_every_column_says_what_becomes_of_it_and_why(kind: str) -> None:
    from connectors.registry import connector

    for table, schema in connector(kind).tables.items():
        for column in schema:
            meta = {k.decode(): v.decode() for k, v in (column.metadata or {}).items()}
            if column.name in _NO_REASON_NEEDED and not meta:
                continue
            place = f"{table}.{column.name}"
            assert "action" in meta, f"{place} has no action, so it would be dropped in silence"
            assert Action(meta["action"])
            assert len(meta.get("reason", "")) > 8, f"{place}: why is {meta['action']} right?"
            if meta["action"] == Action.ID:
                assert meta.get("space"), f"{place} needs a name space"


def test_every_source_table_feeds_the_lake(sample: Sample, processed: list[Manifest]) -> None:
    """A mapping or standardiser takes each table to known lake tables, with exactly their columns."""
    fed = {table for manifest in processed for table in manifest.tables if table in LAKE}
    assert fed
    read = {table for mapping in mappings(sample.kind).values() for table in mapping.source_tables}
    if read:
        assert read == set(sample.connector.tables)
        assert {name for name in mappings(sample.kind) if not name.startswith("events.")} <= set(LAKE)
    for manifest in processed:
        for table in set(manifest.tables) & set(LAKE):
            assert not LAKE[table].derived
            for batch in manifest.batches(table):
                given = {f.name: f.type for f in batch.schema if f.name not in _PASSED}
                declared = {f.name: f.type for f in LAKE[table].schema}
                assert (declared | given) == (given if LAKE[table].open else declared), table
                required = [f.name for f in LAKE[table].schema if not f.nullable]
                assert all(batch.column(name).null_count == 0 for name in required), table


def test_the_sample_is_accepted_and_accounted_for(sample: Sample, processed: list[Manifest]) -> None:
    total = Account()
    for manifest in processed:
        account = Account.from_json(manifest.account)
        assert account.balanced
        total.merge(account)
    assert total.fates["accepted"] > 0
    assert total.fates["quarantined"] == 0, dict(total.reasons)
    assert total.read == total.fates["accepted"] + total.fates["unmapped"]


def test_rows_belong_to_persons(processed: list[Manifest]) -> None:
    persons = {row["person_id"] for _, row in _rows(processed) if row.get("person_id") is not None}
    assert persons and all(person > 0 for person in persons)


def test_nothing_planted_comes_out(sample: Sample, processed: list[Manifest]) -> None:
    for table, row in _rows(processed):
        for column, value in row.items():
            for text in _texts(value):
                for canary in sample.canaries:
                    assert canary.lower() not in text.lower(), f"{table}.{column}"


def test_staged_files_hold_nothing_planted(sample: Sample, processed: list[Manifest]) -> None:
    """Bytes too: dictionaries, statistics, manifests, names of files."""
    for manifest in processed:
        for path in (p for p in manifest.folder.rglob("*") if p.is_file()):
            data = path.read_bytes()
            for canary in sample.canaries:
                assert canary.encode() not in data and canary not in path.name, path.suffix


@pytest.mark.parametrize("sample", ["fhir"], indirect=True)
def test_no_true_date_of_change_is_staged(sample: Sample, processed: list[Manifest]) -> None:
    """When a record was changed is a date of a person: the ledger seals it, and staging must not tell it either."""
    for manifest in processed:
        for path in (p for p in manifest.folder.rglob("*") if p.is_file()):
            assert CHANGED.encode() not in path.read_bytes()


def test_dates_are_cut_or_shifted(profile: Profile, processed: list[Manifest]) -> None:
    dates = [v for _, row in _rows(processed) for v in row.values() if isinstance(v, dt.date)]
    if profile is Profile.SAFE_HARBOR:
        assert all((d.month, d.day) == (1, 1) for d in dates)
        texts = [text for _, row in _rows(processed) for value in row.values() for text in _texts(value)]
        assert not any(re.search(r"\b(19|20)\d\d-\d\d-\d\d\b", text) for text in texts)
    else:
        assert not {dt.date(2023, 5, 4), dt.date(1961, 4, 23)} & set(dates)


def test_manifests_are_plain(processed: list[Manifest]) -> None:
    for manifest in processed:
        assert json.loads(json.dumps(manifest.to_json()))
        assert isinstance(manifest.folder, Path)


def _rows(manifests: list[Manifest]) -> Iterator[tuple[str, dict[str, Any]]]:
    for manifest in manifests:
        for table in manifest.tables:
            for batch in manifest.batches(table):
                yield from ((table, row) for row in batch.to_pylist())


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
