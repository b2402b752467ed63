"""The accounts do not add up where a record is lost, wherever that happens: each of these checks can fail."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from connectors.fhir.connector import FhirConnector
from contracts.accounting import Account
from contracts.errors import Fatal
from contracts.protocols import Reading
from contracts.units import Part
from stores import staging
from tasks.mappings import OVERLAY_VARIABLE
from tests.flows.exports import condition, encounter, patient
from tests.tasks.rooms import Room, make_room

Told = Iterator[tuple[str, pa.RecordBatch]]
MAPPINGS = Path(__file__).parents[2] / "tasks" / "mappings" / "fhir"


def _ward(root: Path) -> Room:
    """Twenty records that stand."""
    room = make_room(root)
    conditions = [condition(f"c{n}", 1, "v", f"2023-02-{n + 1:02d}") for n in range(18)]
    room.write("a.ndjson", [patient(1), encounter("v", 1), *conditions])
    return room


def _process(room: Room) -> Account:
    (done,) = room.process()
    return Account.from_json(done.account)


def _nothing_is_staged(room: Room) -> bool:
    return not list(staging.manifests(room.work.home.staging, "ward"))


def test_what_is_lost_is_no_balance() -> None:
    account = Account()
    account.met(100)
    account.add("accepted", 60)
    assert _balances(account) is False
    with pytest.raises(Fatal, match="100 records read but 60 accounted for"):
        account.check("ward/token")
    account.add("quarantined", 40)
    assert _balances(account) is True
    account.add("merged")
    assert _balances(account) is False


def _balances(account: Account) -> bool:
    return account.balanced


def test_all_is_well(tmp_path: Path) -> None:
    account = _process(_ward(tmp_path))
    assert account.balanced and account.read == account.fates["accepted"] == 20


def test_a_connector_that_loses_every_tenth_record_fails_its_unit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = FhirConnector.read
    seen = 0

    def lossy(self: FhirConnector, reading: Reading, part: Part) -> Told:
        nonlocal seen
        for table, batch in read(self, reading, part):
            if table == "counted":
                yield table, batch
                continue
            keep = [(seen + n + 1) % 10 != 0 for n in range(batch.num_rows)]
            seen += batch.num_rows
            yield table, batch.filter(pa.array(keep))

    monkeypatch.setattr(FhirConnector, "read", lossy)
    room = _ward(tmp_path)
    with pytest.raises(Fatal, match="20 records read but 18 accounted for") as failed:
        room.process()
    assert "ward/" in str(failed.value) and "ndjson" not in str(failed.value)
    assert _nothing_is_staged(room)


def test_a_connector_that_does_not_count_fails_its_unit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = FhirConnector.read

    def silent(self: FhirConnector, reading: Reading, part: Part) -> Told:
        return (told for told in read(self, reading, part) if told[0] != "counted")

    monkeypatch.setattr(FhirConnector, "read", silent)
    room = _ward(tmp_path)
    with pytest.raises(Fatal, match="does not say how many records it met"):
        room.process()
    assert _nothing_is_staged(room)


def _overlay(folder: Path, monkeypatch: pytest.MonkeyPatch, comment: str = "") -> None:
    """A site's mapping that drops the conditions of one code."""
    (folder / "fhir").mkdir(parents=True)
    name = "events.condition.sql"
    ours = (MAPPINGS / name).read_text().replace("\n", f"\n{comment}", 1)
    (folder / "fhir" / name).write_text(
        f"{ours.rstrip()}\nWHERE extract('day' FROM onset_date::DATE) % 3 <> 0\n"
    )
    monkeypatch.setenv(OVERLAY_VARIABLE, str(folder))


def test_a_mapping_that_drops_rows_fails_the_unit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    room = _ward(tmp_path)
    _overlay(tmp_path / "site", monkeypatch)
    with pytest.raises(Fatal, match=r"\d+ records of fhir.condition were accepted and have no row") as failed:
        room.process()
    assert "ward/" in str(failed.value) and "ndjson" not in str(failed.value)
    assert _nothing_is_staged(room)


def test_what_a_mapping_says_that_it_leaves_out_is_unmapped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = _ward(tmp_path)
    _overlay(tmp_path / "site", monkeypatch, "-- leaves out: third-days\n")
    account = _process(room)
    left = account.types["unmapped:third-days"]
    assert account.balanced and account.read == 20 and 0 < left < 18
    assert (account.fates["accepted"], account.fates["unmapped"]) == (20 - left, left)
    assert account.rows["omop.condition_occurrence"] == 18 - left
