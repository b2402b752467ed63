"""The catalog's tables and rows, and how its database is reached."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, ProgrammingError

from contracts.errors import Fatal, Retriable
from stores.files import touch_private

T = TypeVar("T")

BATCH = 500
"""Names in one statement: below every database's limit on parameters."""
BUSY_SECONDS = 60
ATTEMPTS = 8


class _Moment(sa.types.TypeDecorator[datetime]):
    """A date-time in UTC; SQLite keeps no zone, so it is put back."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


_METADATA = sa.MetaData()
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

ROUND = sa.Table(
    "round",
    _METADATA,
    sa.Column("round_no", _NUMBER, primary_key=True, autoincrement=True),
    sa.Column("run_id", sa.String, nullable=False, unique=True),
    sa.Column("started", _Moment, nullable=False),
    sa.Column("ended", _Moment),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("flow_run_id", sa.String, nullable=False),
    sa.Column("summary", sa.JSON),
    sqlite_autoincrement=True,
)

UNIT = sa.Table(
    "unit",
    _METADATA,
    sa.Column("unit", sa.String, primary_key=True),
    sa.Column("source", sa.String, nullable=False, index=True),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("modified", sa.String, nullable=False),
    sa.Column("identity", sa.String, nullable=False),
    sa.Column("digest", sa.String, nullable=False),
    sa.Column("context", sa.String, nullable=False),
    sa.Column("recipe", sa.JSON, nullable=False),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("account", sa.JSON, nullable=False),
    sa.Column("owner", sa.BigInteger),
    sa.Column("tables", sa.JSON, nullable=False),
    sa.Column("round_no", sa.BigInteger, nullable=False),
)

PUBLICATION = sa.Table(
    "publication",
    _METADATA,
    sa.Column("source", sa.String, primary_key=True),
    sa.Column("table", sa.String, primary_key=True),
    sa.Column("round_no", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("version", sa.BigInteger),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("rows", sa.BigInteger, nullable=False),
    sa.Column("verdict", sa.JSON, nullable=False),
    sa.Index("publication_round", "round_no"),
)

CHECKPOINT = sa.Table(
    "checkpoint",
    _METADATA,
    sa.Column("source", sa.String, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)


@dataclass(frozen=True)
class RoundRow:
    """A round. `ended` and `summary` are None while it runs, and for ever if it was killed."""

    round_no: int
    run_id: str
    started: datetime
    ended: datetime | None
    state: str
    flow_run_id: str = ""
    summary: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class UnitRow:
    """What is known of a unit.

    Attributes:
        unit: its name, `<source>/<token>`.
        source: name of its source.
        kind: the connector's name.
        size: bytes.
        modified: as in `Stamp`.
        identity: as in `Stamp`: inode or etag; no patient's.
        digest: keyed digest of the content; empty until surveyed.
        context: `Vault.contexts` when it was last processed.
        recipe: digest by component (connector, mapping, policy, ...).
        state: surveyed, staged, published or gone.
        account: `Account.to_json()`.
        owner: the `_owner` of its rows, where the file owns them.
        tables: rows by lake table.
        round_no: the round that last processed it.
    """

    unit: str
    source: str
    kind: str
    size: int = 0
    modified: str = ""
    identity: str = ""
    digest: str = ""
    context: str = ""
    recipe: Mapping[str, str] = field(default_factory=dict)
    state: str = "surveyed"
    account: Mapping[str, Any] = field(default_factory=dict)
    owner: int | None = None
    tables: Mapping[str, int] = field(default_factory=dict)
    round_no: int = 0


@dataclass(frozen=True)
class PublicationRow:
    """How a table of a source fared in a round: state published, unchanged, blocked or held.

    `version` is the Delta version that readers see of it then (None before the first), `rows` the rows written,
    `verdict` the gate's counts.
    """

    source: str
    table: str
    round_no: int
    state: str
    version: int | None = None
    rows: int = 0
    verdict: Mapping[str, Any] = field(default_factory=dict)


def make_engine(path: Path, url: str | None) -> sa.Engine:
    """The engine of the SQLite file at `path`, or of `url` where one is given. Parameters never show in errors."""
    if url:
        return sa.create_engine(url, hide_parameters=True, pool_pre_ping=True)
    touch_private(path)
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(path)),
        hide_parameters=True,
        connect_args={"timeout": BUSY_SECONDS},
    )

    @sa.event.listens_for(engine, "connect")
    def _to_wal(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA journal_mode=WAL")

    return engine


def make_tables(engine: sa.Engine) -> None:
    """Make the tables that are missing, whoever else is making them too."""
    tables = _METADATA.sorted_tables
    for _ in tables:
        try:
            _METADATA.create_all(engine)
            return
        except (IntegrityError, OperationalError, ProgrammingError):
            continue  # another process made a table between our look and our making: look again
    _METADATA.create_all(engine)


def retrying(work: Callable[[], T]) -> T:
    """Do `work`, again with growing pauses while the database is busy or the connection is lost.

    Raises:
        Retriable: it stayed so.
        Fatal: any other error of the database; its text, which may hold values, is left behind.
    """
    for attempt in range(ATTEMPTS):
        try:
            return work()
        except OperationalError:
            if attempt < ATTEMPTS - 1:
                time.sleep(random.uniform(0.5, 1) * 0.02 * 2**attempt)
        except DBAPIError as error:
            kind = type(error).__name__
            raise Fatal(f"the catalog failed with {kind}", "catalog", "see `nightrounds doctor`") from None
    raise Retriable("the catalog's database is busy or out of reach", "catalog", "try again")
