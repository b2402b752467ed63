"""A full disk, a failing store, a locked vault, no server: a clear error, and the next round repairs it."""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from contracts.errors import Retriable
from stores.lake import Lake
from stores.staging import StagingWriter
from stores.vectors import Vectors
from tests.faults.conftest import Command, Exports
from tests.flows.exports import encounter, note, patient, write_records
from tests.flows.harness import Server
from tests.flows.house import House, make_house

_PLACE = "/exports/Quillfeather/ward"


@pytest.fixture
def house(tmp_path: Path, server: Server) -> House:
    """A home with one small source of two units."""
    made = make_house(tmp_path)
    ward = made.add("ward")
    write_records(ward / "a.ndjson", [patient(1), encounter("v", 1)])
    write_records(ward / "b.ndjson", [encounter("w", 1), note("n", 1, "w", "Seen for shortness of breath.")])
    return made


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, server: Server) -> dict[str, str]:
    """What that source comes to when nothing fails."""
    made = make_house(tmp_path_factory.mktemp("whole"))
    ward = made.add("ward")
    write_records(ward / "a.ndjson", [patient(1), encounter("v", 1)])
    write_records(ward / "b.ndjson", [encounter("w", 1), note("n", 1, "w", "Seen for shortness of breath.")])
    assert made.night().exit_code == 0
    return made.digests()


class Failing:
    """A store's method that fails on request: at its n-th call, or at every call."""

    def __init__(
        self, patch: pytest.MonkeyPatch, owner: type, name: str, error: Exception, at: int = 0
    ) -> None:
        self.error, self.at, self.calls = error, at, 0
        self.function = getattr(owner, name)
        failing = self

        def call(store: Any, *args: Any, **kwargs: Any) -> Any:
            failing.calls += 1
            if failing.at in (0, failing.calls):
                raise failing.error
            return failing.function(store, *args, **kwargs)

        patch.setattr(owner, name, call)


def _no_space() -> OSError:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), f"{_PLACE}/note.parquet")


@pytest.mark.parametrize(
    ("owner", "method", "at"),
    [(StagingWriter, "write", 3), (Lake, "replace", 2), (Vectors, "apply", 1)],
    ids=["staging", "lake", "vectors"],
)
def test_a_full_disk_is_told_and_the_next_round_repairs(
    owner: type, method: str, at: int, house: House, whole: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = ""
    with monkeypatch.context() as patch:
        failing = Failing(patch, owner, method, _no_space(), at)
        try:
            night = house.night()
        except AssertionError as error:  # the round ended before its report
            told = str(error)
        else:
            assert night.exit_code == 1
            assert night.state.is_failed()
            told = str(night.summary)
    assert failing.calls >= at
    assert "No space left on device" in told
    assert _PLACE not in told

    assert house.night().exit_code == 0
    assert house.digests() == whole


def test_a_busy_store_is_tried_again_within_the_round(
    house: House, whole: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows import work

    monkeypatch.setattr(work.publish, "retry_delay_seconds", [0, 0])
    with monkeypatch.context() as patch:
        failing = Failing(patch, Lake, "replace", Retriable("the store is busy", "lake", "try again"), at=2)
        night = house.night()
    assert failing.calls > 2
    assert night.exit_code == 0
    assert house.digests() == whole


def test_a_locked_vault_is_told_and_waited_for(
    command: Command, exports: Exports, tmp_path: Path, server: Server
) -> None:
    """Another process holds the vault's database: the round says so, and does not hang."""
    made = make_house(tmp_path)
    ward = made.add("ward")
    write_records(ward / "a.ndjson", [patient(1)])
    assert made.night().exit_code == 0
    (database,) = [p for p in made.home.vault.rglob("*") if p.is_file() and p.read_bytes()[:6] == b"SQLite"]
    holder = sqlite3.connect(database, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    try:
        locked = command(made, ["--fhir", str(exports.records)])
    finally:
        holder.execute("ROLLBACK")
        holder.close()
    assert locked.returncode == 1, locked.stdout
    assert "error:" in locked.stdout and "vault" in locked.stdout
    assert "Traceback" not in locked.stdout
    assert made.night().exit_code == 0


def test_an_unreachable_server_is_told(command: Command, exports: Exports, tmp_path: Path) -> None:
    made = make_house(tmp_path)
    gone = command(made, ["--fhir", str(exports.records)], PREFECT_API_URL="http://127.0.0.1:9/api")
    assert gone.returncode == 1, gone.stdout
    assert "error:" in gone.stdout and "Prefect server" in gone.stdout
    assert "Traceback" not in gone.stdout
    assert made.catalog.rounds() == []
