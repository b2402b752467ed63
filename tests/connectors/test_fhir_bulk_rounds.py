"""Nights over a server's exports: what the lake holds is what the same export as files would have left."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from contracts.errors import Unreachable
from contracts.units import Source
from stores.catalog import Catalog
from stores.lake import Lake
from tasks.workroom import load_checkpoint
from tests.connectors.bulk_server import OUTCOME, BulkServer
from tests.connectors.bulk_ward import Ward, make_ward
from tests.flows.exports import condition, encounter, patient, write_records

_SMALL = "AllergyIntolerance Condition Device Immunization Location Organization Patient Practitioner".split()
_UNIT_NAMED = {"records.ledger"}
"""Names the unit that a record came in: a server's file is another unit than a folder's."""


@pytest.fixture
def server() -> Iterator[BulkServer]:
    server = BulkServer().start()
    yield server
    server.stop()


def fill(server: BulkServer) -> None:
    """Five patients with visits and conditions, each type in two files."""
    for number in range(5):
        half = number % 2
        server.put(patient(number), file=f"Patient.{half}")
        server.put(encounter(f"v{number}", number), file=f"Encounter.{half}")
        server.put(condition(f"c{number}", number, f"v{number}"), file=f"Condition.{half}")
    server.pass_time()


def rows(ward: Ward, table: str) -> int:
    return int(Lake(ward.room.home.lake, ward.room.home.buckets).read(table, columns=["_owner"]).num_rows)


def test_the_lake_is_that_of_the_same_export_as_files(
    shared: Path, server: BulkServer, tmp_path: Path
) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    for kind in _SMALL:
        shutil.copy(shared / f"data/fhir/bulk-10-patients/{kind}.000.ndjson", folder)
    server.load(folder)
    listed = [{"type": kind, "url": f"https://server/{kind}.000.ndjson"} for kind in _SMALL]
    manifest = {"transactionTime": server.now.isoformat(), "output": listed}
    (folder / "manifest.json").write_text(json.dumps(manifest))

    live, filed = make_ward(tmp_path / "live", server), make_ward(tmp_path / "filed", server)
    filed.source = Source("ehr", "fhir", str(folder), authority="st-elsewhere")
    one, other = live.night()["ehr"], filed.night()["ehr"]
    assert not one.problem and not one.failures and one.account and other.account
    assert one.account.fates["accepted"] == other.account.fates["accepted"] > 800
    assert one.account.types == {
        k: n for k, n in other.account.types.items() if k != "unmapped:bulk-manifest"
    }
    expected = {table: digest for table, digest in filed.digests().items() if table not in _UNIT_NAMED}
    assert {t: d for t, d in live.digests().items() if t not in _UNIT_NAMED} == expected
    assert len(expected) >= 6


def test_a_second_night_brings_what_changed_and_what_is_gone(server: BulkServer, tmp_path: Path) -> None:
    fill(server)
    ward = make_ward(tmp_path / "ward", server)
    first = ward.night()["ehr"]
    assert first.listed == 6 and rows(ward, "omop.condition_occurrence") == 5
    server.pass_time()
    newer = {**condition("c1", 1, "v1", onset="2023-05-07"), "meta": {"lastUpdated": "2026-03-02T01:00:00Z"}}
    server.put(newer, condition("c8", 2, "v2"))
    server.delete("Condition", "c0")
    server.errors = [OUTCOME, OUTCOME]
    server.pass_time()
    second = ward.night()["ehr"]
    assert second.listed == 3 and second.account and not second.failures
    assert second.account.types["unmapped:export-error"] == 2
    assert second.account.types["removed:Condition"] == 1 and second.account.fates["accepted"] == 2
    assert rows(ward, "omop.condition_occurrence") == 5
    assert not server.exports and '"export":null' in load_checkpoint(ward.room.vault, "ehr")
    server.errors = []
    server.pass_time()
    third = ward.night()["ehr"]
    assert third.listed == 0 and not third.problem and rows(ward, "omop.condition_occurrence") == 5
    again = ward.night(reprocess=True)["ehr"]
    assert again.listed >= 6 and rows(ward, "omop.condition_occurrence") == 5


def test_a_server_that_dies_half_way_costs_no_record(server: BulkServer, tmp_path: Path) -> None:
    fill(server)
    undisturbed, ward = make_ward(tmp_path / "undisturbed", server), make_ward(tmp_path / "ward", server)
    other = Source("clinic", "fhir", str(tmp_path / "clinic"), authority="clinic")
    (tmp_path / "clinic").mkdir()
    write_records(tmp_path / "clinic/people.ndjson", [patient(7), encounter("v7", 7)])
    undisturbed.others, ward.others = [other], [other]
    assert not undisturbed.night()["ehr"].failures

    server.served, server.faults.die_after_files = 0, 3
    ward.set(downloads="1")
    struck = ward.night()
    assert struck["ehr"].listed == 6 and len(struck["ehr"].failures) == 3
    assert {failure.error for failure in struck["ehr"].failures.values()} == {"Unreachable"}
    assert not struck["clinic"].failures and struck["clinic"].account
    assert struck["clinic"].account.fates["accepted"] == 2, "the night's other source is done"
    assert not json.loads(load_checkpoint(ward.room.vault, "ehr"))["since"], "not past what is missing"
    asked = len(server.sent("GET", "$export"))

    server.faults.die_after_files = None
    server.faults.cuts.clear()
    server.start()
    healed = ward.night()["ehr"]
    assert not healed.failures and not healed.problem
    assert len(server.sent("GET", "$export")) == asked, "the same export"
    assert json.loads(load_checkpoint(ward.room.vault, "ehr"))["since"]
    assert ward.digests() == undisturbed.digests()
    _nothing_is_told(ward, server)


def test_of_a_snapshot_nothing_seems_gone_while_a_file_is_missing(server: BulkServer, tmp_path: Path) -> None:
    fill(server)
    ward = make_ward(tmp_path / "ward", server)
    ward.source = replace(ward.source, snapshot=True)
    ward.night()
    server.pass_time()
    server.delete("Condition", "c0")
    server.faults.missing = {"Condition.1.ndjson"}
    struck = ward.night()["ehr"]
    assert len(struck.failures) == 1 and rows(ward, "omop.condition_occurrence") == 5
    server.faults.missing = set()
    assert not ward.night()["ehr"].failures
    assert rows(ward, "omop.condition_occurrence") == 4 and rows(ward, "omop.visit_occurrence") == 5


def test_looking_ahead_asks_for_no_export(server: BulkServer, tmp_path: Path) -> None:
    from flows.planning import plan_round
    from nightrounds.checkup import _try_source

    ward = make_ward(tmp_path / "ward", server)
    plan = plan_round(ward.room.home.path, None)
    assert plan["asked"] == ["ehr"] and not plan["problems"]
    assert _try_source(ward.source, []) == "fhir_bulk, the server answers, FHIR 4.0.1, gives a token"
    assert not server.sent("GET", "$export")
    server.stop()
    with pytest.raises(Unreachable, match="does not answer"):
        _try_source(ward.source, [])


def _nothing_is_told(ward: Ward, server: BulkServer) -> None:
    """No address, token or key in anything that the home holds in the clear: catalog, reports, staging, lake."""
    secrets = [server.origin, "/files/", "/status/", "night-client", *server.tokens, *server.exports]
    for path in ward.room.home.path.rglob("*"):
        data = path.read_bytes() if path.is_file() else b""
        assert not any(secret.encode() in data for secret in secrets), path.name
    with Catalog.open(ward.room.home) as catalog:
        told = repr([*catalog.rounds(), *catalog.units().values()])
    assert not any(secret in told for secret in secrets)
    ledger = pl.from_arrow(Lake(ward.room.home.lake, ward.room.home.buckets).read("records.ledger"))
    assert isinstance(ledger, pl.DataFrame) and ledger.height > 10
