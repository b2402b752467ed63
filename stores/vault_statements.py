"""What records state of who is whom: of each record, only its newest statement holds.

A record may be stated by several units, and more than once by one. What an older statement joined and the newest one
does not, is joined no more, whichever came first; a record that is no more joins nothing. When a record was changed is
a true date, so it is sealed.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice

from contracts.identity import Identity
from contracts.keys import Key
from stores.sealing import seal, unseal
from stores.vault_schema import writing

PURPOSE = "vault"
_BYTES = 8
_SOME = 500

Pair = tuple[int, int]
Row = tuple[int, bytes, bytes, bytes]

_CONTESTED = "SELECT record FROM statement GROUP BY record HAVING count(DISTINCT says) > 1"


@dataclass
class Statement:
    """The newest statement of a record while a unit is gathered."""

    version: str
    edges: set[Pair] = field(default_factory=set)

    @property
    def says(self) -> bytes:
        """Tells what is stated apart; empty where nothing is."""
        text = ",".join(f"{a}-{b}" for a, b in sorted(self.edges))
        return hashlib.blake2b(text.encode(), digest_size=_BYTES).digest() if text else b""


def record_of(key: Key, identity: Identity) -> int:
    """The keyed id of the record that an identity was stated by."""
    return key.id63("statement", identity.record.encode("utf-8", "surrogatepass"))


def version_of(identity: Identity) -> str:
    """What orders statements of one record. Of one instant, that it is no more comes last."""
    return f"{identity.version}\x1f{int(identity.retracted)}\x1f{identity.tie:019d}"


def gather(statements: dict[int, Statement], record: int, version: str, edges: Iterable[Pair]) -> None:
    """Keep a statement where it is the newest of its record so far; those of one version add up."""
    held = statements.get(record)
    if held is None or version > held.version:
        statements[record] = Statement(version, set(edges))
    elif version == held.version:
        held.edges.update(edges)


def stow(connection: sqlite3.Connection, key: Key, unit: str, statements: Mapping[int, Statement]) -> None:
    """Move a batch's statements to the scratch tables, where they are newer than what earlier batches brought."""
    held: dict[int, str] = {}
    for record, _, _, sealed in _rows_of(connection, statements):
        held[record] = _unseal(key, unit, record, sealed)
    newer = {r: s for r, s in statements.items() if r not in held or s.version > held[r]}
    same = {r: s for r, s in statements.items() if held.get(r) == s.version}
    with writing(connection, scratch=True):
        for record in newer.keys() & held.keys():
            connection.execute("DELETE FROM temp.new_stated WHERE record = ?", (record,))
        for record, one in same.items():  # it may go on from the batch before
            pairs = connection.execute("SELECT a, b FROM temp.new_stated WHERE record = ?", (record,))
            one.edges.update(pairs.fetchall())
        told = newer | same
        connection.executemany(
            "INSERT OR REPLACE INTO temp.new_statement VALUES (?, ?, ?, ?)",
            [_row(key, unit, record, one) for record, one in told.items()],
        )
        connection.executemany(
            "INSERT OR IGNORE INTO temp.new_stated VALUES (?, ?, ?)",
            [(record, a, b) for record, one in told.items() for a, b in one.edges],
        )


def standing(connection: sqlite3.Connection, key: Key) -> set[Pair]:
    """The pairs that the newest statements of all records join. Versions are opened where it matters alone."""
    contested = {record for (record,) in connection.execute(_CONTESTED)}
    newest: dict[int, tuple[str, bytes]] = {}
    rows = connection.execute(
        f"SELECT unit, record, says, version FROM statement WHERE record IN ({_CONTESTED})"
    )
    for unit, record, says, sealed in rows:
        one = _unseal(key, unit, record, sealed), says
        newest[record] = max(newest.get(record, one), one)
    pairs: set[Pair] = set()
    for record, a, b, says in connection.execute(
        "SELECT s.record, s.a, s.b, t.says FROM stated s JOIN statement t ON t.unit = s.unit AND t.record = s.record"
    ):
        if record not in contested or newest[record][1] == says:
            pairs.add((a, b))
    return pairs


def _row(key: Key, unit: str, record: int, one: Statement) -> Row:
    mark = key.hasher("statement version", _BYTES)
    mark.update(one.version.encode("utf-8", "surrogatepass"))
    sealed = seal(key, PURPOSE, one.version.encode("utf-8", "surrogatepass"), f"statement/{unit}/{record}")
    return record, one.says, mark.digest(), sealed


def _unseal(key: Key, unit: str, record: int, sealed: bytes) -> str:
    return unseal(key, PURPOSE, sealed, f"statement/{unit}/{record}").decode("utf-8", "surrogatepass")


def _rows_of(connection: sqlite3.Connection, records: Iterable[int]) -> list[Row]:
    wanted, found = iter(records), []
    while some := list(islice(wanted, _SOME)):
        marks = ",".join("?" * len(some))
        query = f"SELECT record, says, mark, version FROM temp.new_statement WHERE record IN ({marks})"
        found += connection.execute(query, some).fetchall()
    return found
