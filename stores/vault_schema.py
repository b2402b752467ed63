"""The vault's SQLite file: tables, how it is opened, and transactions."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from contracts.errors import Fatal, Retriable
from stores.files import touch_private

BUSY_SECONDS = 60
"""How long a process waits for another one's transaction."""

FORMAT = 2

TABLES = """
CREATE TABLE setting (name BLOB PRIMARY KEY, value BLOB NOT NULL);
CREATE TABLE place (token TEXT PRIMARY KEY, source TEXT NOT NULL, mark BLOB NOT NULL, path BLOB NOT NULL);
CREATE TABLE identity (
    identity_id INTEGER PRIMARY KEY,
    authority_id INTEGER NOT NULL,
    mark BLOB NOT NULL,       -- a second, longer digest of the name: tells a collision of ids
    subject BLOB NOT NULL,    -- sealed
    allotted INTEGER UNIQUE,  -- this identity's own person id, drawn once
    shift BLOB,               -- sealed: its own date shift, drawn with it
    person INTEGER            -- the person it belonged to when the vault was last resolved
);
CREATE INDEX identity_person ON identity (person);
CREATE TABLE member (
    unit TEXT NOT NULL,
    identity_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    trait_digests BLOB NOT NULL,  -- 8 bytes for each trait, sorted: contexts are told apart without unsealing
    traits BLOB,                  -- sealed JSON, null where there is none
    UNIQUE (unit, identity_id)
);
CREATE INDEX member_identity ON member (identity_id);
CREATE TABLE edge (unit TEXT NOT NULL, a INTEGER NOT NULL, b INTEGER NOT NULL, UNIQUE (unit, a, b));
CREATE TABLE link (
    source TEXT NOT NULL, a INTEGER NOT NULL, b INTEGER NOT NULL, action TEXT NOT NULL, UNIQUE (source, a, b)
);
CREATE TABLE history (
    event_id INTEGER PRIMARY KEY AUTOINCREMENT,
    round INTEGER NOT NULL,
    identity_id INTEGER NOT NULL,
    person_before INTEGER,
    person INTEGER NOT NULL,
    action TEXT NOT NULL
);
"""
"""Ids and tokens are keyed digests; what they are digests of lies in sealed blobs. Pairs have `a < b`."""

STATEMENTS = """
CREATE TABLE statement (
    unit TEXT NOT NULL,
    record INTEGER NOT NULL,
    says BLOB NOT NULL,     -- tells the pairs that it states apart; empty where it states none
    mark BLOB NOT NULL,     -- a keyed digest of its version
    version BLOB NOT NULL,  -- sealed
    UNIQUE (unit, record)
);
CREATE INDEX statement_record ON statement (record, says);
CREATE TABLE stated (
    unit TEXT NOT NULL, record INTEGER NOT NULL, a INTEGER NOT NULL, b INTEGER NOT NULL, UNIQUE (unit, record, a, b)
);
"""
"""Of format 2: what records state, of which only the newest holds. Pairs of `edge` hold while their unit is there."""

SCRATCH = """
CREATE TEMP TABLE new_identity (
    identity_id INTEGER PRIMARY KEY, authority_id INTEGER NOT NULL, mark BLOB NOT NULL, subject BLOB NOT NULL
);
CREATE TEMP TABLE new_member (
    identity_id INTEGER PRIMARY KEY, kind TEXT NOT NULL, trait_digests BLOB NOT NULL, traits BLOB
);
CREATE TEMP TABLE new_edge (a INTEGER NOT NULL, b INTEGER NOT NULL, UNIQUE (a, b));
CREATE TEMP TABLE new_statement (
    record INTEGER PRIMARY KEY, says BLOB NOT NULL, mark BLOB NOT NULL, version BLOB NOT NULL
);
CREATE TEMP TABLE new_stated (record INTEGER NOT NULL, a INTEGER NOT NULL, b INTEGER NOT NULL, UNIQUE (record, a, b));
CREATE TEMP TABLE wanted (unit TEXT PRIMARY KEY);
"""
"""Private to a connection. Holds the same sealed blobs, so that a unit of any size is gathered outside memory."""


def open_database(path: Path) -> sqlite3.Connection:
    """Open the vault's database, making it where it is missing.

    Raises:
        Fatal: the file is no database, or a later version made it.
        Retriable: another process holds it for too long.
    """
    touch_private(path)
    with _naming_errors():
        connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
        with _one_process_at_a_time(path.with_name("vault.lock")):
            _prepare(connection)
        connection.executescript("PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;" + SCRATCH)
    return connection


@contextmanager
def writing(connection: sqlite3.Connection, *, scratch: bool = False) -> Iterator[sqlite3.Connection]:
    """One transaction that writes: all of the block or nothing of it. `scratch`: in temporary tables only."""
    with _naming_errors():
        connection.execute("BEGIN" if scratch else "BEGIN IMMEDIATE")
        try:
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


@contextmanager
def reading(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """One transaction that sees a single state of the vault, whatever others write meanwhile."""
    with _naming_errors():
        connection.execute("BEGIN")
        try:
            yield connection
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")


def _prepare(connection: sqlite3.Connection) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version == 0:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.executescript(f"BEGIN IMMEDIATE;{TABLES}{STATEMENTS}PRAGMA user_version={FORMAT};COMMIT;")
    elif version == 1:
        connection.executescript(f"BEGIN IMMEDIATE;{STATEMENTS}PRAGMA user_version={FORMAT};COMMIT;")
    elif version != FORMAT:
        raise Fatal(f"the vault has format {version}", "vault", f"format {FORMAT}")


@contextmanager
def _one_process_at_a_time(path: Path) -> Iterator[None]:
    """Changing to WAL does not wait for a busy database, so making the vault needs a lock of its own."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextmanager
def _naming_errors() -> Iterator[None]:
    """Turn SQLite's errors into ours; their text may hold values, so it is left behind."""
    try:
        yield
    except sqlite3.OperationalError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (
            sqlite3.SQLITE_BUSY,
            sqlite3.SQLITE_LOCKED,
            sqlite3.SQLITE_IOERR,
            sqlite3.SQLITE_CANTOPEN,
        ):
            raise Retriable("the vault is busy or out of reach", "vault", "try again") from None
        if code == sqlite3.SQLITE_FULL:
            raise Retriable("the disk of the vault is full", "vault", "free some space") from None
        raise Fatal(
            f"the vault failed with SQLite code {code}", "vault", "restore it from a backup"
        ) from None
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        raise Fatal(
            f"the vault failed with SQLite code {code}", "vault", "restore it from a backup"
        ) from None
