"""The catalog: rounds, units, publications and checkpoints. Holds nothing of a patient; can be rebuilt."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import UTC, datetime
from typing import Any, Self, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from contracts.errors import Fatal, Retriable
from stores.catalog_schema import (
    BATCH,
    CHECKPOINT,
    PUBLICATION,
    ROUND,
    UNIT,
    PublicationRow,
    RoundRow,
    UnitRow,
    make_engine,
    make_tables,
    retrying,
)
from stores.home import Home

__all__ = ["Catalog", "PublicationRow", "RoundRow", "UnitRow"]

T = TypeVar("T")
Row = TypeVar("Row", RoundRow, UnitRow, PublicationRow)

UNIT_STATES = ("surveyed", "staged", "published", "gone")
PUBLICATION_STATES = ("published", "unchanged", "blocked", "held")


class Catalog:
    """An open catalog. Threads may share it; every process opens its own.

    Every method raises `Retriable` when the database is busy for long or out of reach.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    @classmethod
    def open(cls, home: Home, url: str | None = None) -> Catalog:
        """Open the catalog of `home`, making its tables where they are missing.

        Args:
            home: whose catalog; its SQLite file is the default.
            url: another database (`postgresql+psycopg://...`), one for each home.

        Raises:
            Fatal: the URL names no database that can be used.
            Retriable: the database is out of reach.
        """
        try:
            engine = make_engine(home.catalog, url)
        except (SQLAlchemyError, ImportError):
            fix = "a SQLAlchemy URL of SQLite or PostgreSQL whose driver is installed"
            raise Fatal("the catalog's URL cannot be used", "catalog", fix) from None
        retrying(lambda: make_tables(engine))
        return cls(engine)

    def close(self) -> None:
        """Close it. Closing twice is allowed."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def begin_round(self, run_id: str, flow_run_id: str = "") -> int:
        """Begin the round of a run and return its number; a run that begins again gets the same number."""
        values = {
            "run_id": run_id,
            "started": datetime.now(UTC),
            "state": "running",
            "flow_run_id": flow_run_id,
        }

        def work(connection: sa.Connection) -> None:
            connection.execute(
                self._insert(ROUND).values(**values).on_conflict_do_nothing(index_elements=["run_id"])
            )

        if (known := self.round_of(run_id)) is None:  # looked up first: a conflict would use up a number
            self._write(work)
            known = self.round_of(run_id)
        if known is None:
            raise Retriable("a round was removed while it began", "catalog", "try again")
        return known.round_no

    def end_round(self, round_no: int, state: str, summary: Mapping[str, Any]) -> None:
        """Record how a round ended, with its summary (counts only).

        Raises:
            Fatal: there is no such round.
        """
        change = sa.update(ROUND).where(ROUND.c.round_no == round_no)
        values = {"ended": datetime.now(UTC), "state": state, "summary": dict(summary)}
        if self._write(lambda connection: connection.execute(change.values(**values)).rowcount) == 0:
            raise Fatal("there is no such round", f"round {round_no}")

    def rounds(self, limit: int | None = None) -> list[RoundRow]:
        """The rounds, newest first."""
        return self._rows(RoundRow, sa.select(ROUND).order_by(ROUND.c.round_no.desc()).limit(limit))

    def round_of(self, run_id: str) -> RoundRow | None:
        """The round of a run, or None."""
        rows = self._rows(RoundRow, sa.select(ROUND).where(ROUND.c.run_id == run_id))
        return rows[0] if rows else None

    def units(self, source: str | None = None) -> dict[str, UnitRow]:
        """The units of a source (of all sources for None) by name, those that are gone included."""
        query = sa.select(UNIT).order_by(UNIT.c.unit)
        rows = self._rows(UnitRow, query if source is None else query.where(UNIT.c.source == source))
        return {row.unit: row for row in rows}

    def record_units(self, rows: Iterable[UnitRow]) -> None:
        """Write units whole, new ones and known ones, in one transaction.

        Raises:
            Fatal: an unknown state.
        """
        values = [asdict(row) for row in rows]
        for value in values:
            _check_state(value["state"], UNIT_STATES, value["unit"].rsplit("/", 1)[-1])
        self._write(lambda connection: self._upsert(connection, UNIT, values))

    def mark(self, units: Iterable[str], state: str) -> None:
        """Set the state of units by name, in one transaction. Unknown names are passed over.

        Raises:
            Fatal: an unknown state.
        """
        _check_state(state, UNIT_STATES, "unit state")
        self._in_batches(units, lambda some: sa.update(UNIT).where(UNIT.c.unit.in_(some)).values(state=state))

    def forget_units(self, units: Iterable[str]) -> None:
        """Remove units by name, in one transaction."""
        self._in_batches(units, lambda some: sa.delete(UNIT).where(UNIT.c.unit.in_(some)))

    def record_publication(self, row: PublicationRow) -> None:
        """Write how a table of a source fared in a round; a second time replaces the first.

        Raises:
            Fatal: an unknown state.
        """
        _check_state(row.state, PUBLICATION_STATES, f"{row.source} {row.table}")
        self._write(lambda connection: self._upsert(connection, PUBLICATION, [asdict(row)]))

    def publications(self, round_no: int) -> list[PublicationRow]:
        """How all tables fared in a round, by source and table."""
        query = sa.select(PUBLICATION).where(PUBLICATION.c.round_no == round_no)
        return self._rows(PublicationRow, query.order_by(PUBLICATION.c.source, PUBLICATION.c.table))

    def latest_publication(
        self, source: str, table: str, states: Sequence[str] = PUBLICATION_STATES
    ) -> PublicationRow | None:
        """How a table of a source fared last, or None; `states` looks for the last with one of these states."""
        query = sa.select(PUBLICATION).where(PUBLICATION.c.source == source, PUBLICATION.c.table == table)
        query = query.where(PUBLICATION.c.state.in_(states)).order_by(PUBLICATION.c.round_no.desc()).limit(1)
        rows = self._rows(PublicationRow, query)
        return rows[0] if rows else None

    def checkpoint(self, source: str) -> str:
        """Where to begin listing a source; empty at first."""
        query = sa.select(CHECKPOINT.c.value).where(CHECKPOINT.c.source == source)
        return str(self._read(lambda connection: connection.execute(query).scalar_one_or_none()) or "")

    def set_checkpoint(self, source: str, value: str) -> None:
        """Keep where to begin listing a source next time."""
        row = {"source": source, "value": value}
        self._write(lambda connection: self._upsert(connection, CHECKPOINT, [row]))

    def _insert(self, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
        if self._engine.dialect.name == "postgresql":
            return postgresql.insert(table)
        return sqlite.insert(table)

    def _upsert(self, connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
        if not rows:
            return
        keys = [column.name for column in table.primary_key]
        insert = self._insert(table)
        others = {c.name: insert.excluded[c.name] for c in table.columns if c.name not in keys}
        connection.execute(insert.on_conflict_do_update(index_elements=keys, set_=others), list(rows))

    def _in_batches(
        self, names: Iterable[str], statement: Callable[[list[str]], sa.Update | sa.Delete]
    ) -> None:
        wanted = sorted(set(names))

        def work(connection: sa.Connection) -> None:
            for start in range(0, len(wanted), BATCH):
                connection.execute(statement(wanted[start : start + BATCH]))

        self._write(work)

    def _rows(self, kind: type[Row], query: sa.Select[Any]) -> list[Row]:
        names = [field.name for field in fields(kind)]
        found = self._read(lambda connection: connection.execute(query).mappings().all())
        return [kind(**{name: row[name] for name in names}) for row in found]

    def _read(self, work: Callable[[sa.Connection], T]) -> T:
        def attempt() -> T:
            with self._engine.connect() as connection:
                return work(connection)

        return retrying(attempt)

    def _write(self, work: Callable[[sa.Connection], T]) -> T:
        def attempt() -> T:
            with self._engine.begin() as connection:
                return work(connection)

        return retrying(attempt)


def _check_state(state: str, legal: Sequence[str], place: str) -> None:
    if state not in legal:
        raise Fatal(f"unknown state {state!r}", place, f"one of {', '.join(legal)}")
