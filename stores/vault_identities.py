"""Writing identities, their traits and their links into the vault."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from contracts.errors import Fatal
from contracts.identity import Identity, Link
from contracts.keys import Key
from stores import vault_statements
from stores.sealing import seal, unseal
from stores.vault_schema import writing

PURPOSE = "vault"
BATCH = 2_000
RANKS = {"fhir": 0, "dicom": 2, "vcf": 3}
DIGEST_BYTES = 8

Pair = tuple[int, int]


def rank_of(kind: str) -> int:
    """How much a kind of export is trusted to name a person: records first, then other, images, variants."""
    return RANKS.get(kind, 1)


def identity_id_of(key: Key, identity: Identity) -> int:
    """The keyed 63-bit id of an identity."""
    return key.id63("identity", *map(to_bytes, (identity.authority, identity.system, identity.identifier)))


def to_bytes(text: str) -> bytes:
    """UTF-8; badly encoded exports may bring lone surrogates, which stay as they are."""
    return text.encode("utf-8", "surrogatepass")


@dataclass
class _Member:
    """An identity of a unit while it is gathered."""

    identity: Identity
    kind: str
    traits: dict[str, set[str]] = field(default_factory=dict)

    def add(self, kind: str, traits: Mapping[str, Iterable[str]]) -> None:
        self.kind = min(self.kind, kind, key=lambda k: (rank_of(k), k))
        for name, values in traits.items():
            kept = {value for value in values if value}
            if kept:
                self.traits.setdefault(name, set()).update(kept)


def remember(connection: sqlite3.Connection, key: Key, unit: str, identities: Iterable[Identity]) -> bool:
    """Replace the identities of `unit`; returns whether anything changed.

    The export is read outside the transaction, so that other workers are not held up meanwhile.
    """
    with writing(connection, scratch=True):
        for table in ("new_identity", "new_member", "new_edge", "new_statement", "new_stated"):
            connection.execute(f"DELETE FROM temp.{table}")
    stream = iter(identities)
    while batch := list(islice(stream, BATCH)):
        members: dict[int, _Member] = {}
        edges: set[Pair] = set()
        statements: dict[int, vault_statements.Statement] = {}
        for identity in batch:
            stated: set[Pair] = set()
            if not identity.retracted:
                _gather(key, identity, "", members, stated)
            if identity.record:
                version = vault_statements.version_of(identity)
                record = vault_statements.record_of(key, identity)
                vault_statements.gather(statements, record, version, stated)
            else:
                edges |= stated
        _stow(connection, key, unit, members, edges)
        vault_statements.stow(connection, key, unit, statements)
    with writing(connection):
        if not _differs(connection, unit):
            return False
        _replace(connection, unit)
    return True


def replace_links(connection: sqlite3.Connection, key: Key, source: str, links: Iterable[Link]) -> bool:
    """Replace the links of a crosswalk; returns whether anything changed. An unlink wins over a link of its pair."""
    rows: dict[Pair, str] = {}
    named: dict[int, Identity] = {}
    for link in links:
        if link.action not in ("link", "unlink"):
            raise Fatal("a link has an unknown action", f"links of {source}", "link or unlink")
        ids = identity_id_of(key, link.a), identity_id_of(key, link.b)
        named.update(zip(ids, (link.a, link.b), strict=True))
        pair = min(ids), max(ids)
        if pair[0] != pair[1] and rows.get(pair) != "unlink":
            rows[pair] = link.action
    known = _known(connection, key, named)
    with writing(connection):
        found = connection.execute("SELECT a, b, action FROM link WHERE source = ?", (source,))
        if {(a, b): action for a, b, action in found} == rows:
            return False
        connection.execute("DELETE FROM link WHERE source = ?", (source,))
        new = [_identity_row(key, i, named[i]) for i in sorted(named.keys() - known)]
        connection.executemany(
            "INSERT INTO identity (identity_id, authority_id, mark, subject) VALUES (?, ?, ?, ?) "
            "ON CONFLICT DO NOTHING",
            new,
        )
        ordered = [(source, a, b, action) for (a, b), action in sorted(rows.items())]
        connection.executemany("INSERT INTO link (source, a, b, action) VALUES (?, ?, ?, ?)", ordered)
    return True


def seal_traits(key: Key, unit: str, identity_id: int, traits: Mapping[str, Iterable[str]]) -> bytes | None:
    """The traits sealed for their row, or None where there are none."""
    if not traits:
        return None
    text = json.dumps({name: sorted(values) for name, values in traits.items()})
    return seal(key, PURPOSE, text.encode(), f"traits/{unit}/{identity_id}")


def unseal_traits(key: Key, unit: str, identity_id: int, sealed: bytes | None) -> dict[str, list[str]]:
    """The inverse of `seal_traits`."""
    if sealed is None:
        return {}
    traits: dict[str, list[str]] = json.loads(unseal(key, PURPOSE, sealed, f"traits/{unit}/{identity_id}"))
    return traits


def _gather(key: Key, identity: Identity, kind: str, members: dict[int, _Member], edges: set[Pair]) -> int:
    """Add an identity and its aliases, which take its kind where they state none; returns its id."""
    kind = identity.kind or kind
    identity_id = identity_id_of(key, identity)
    member = members.setdefault(identity_id, _Member(identity, kind))
    if member.identity.subject != identity.subject:
        raise _collision(identity_id)
    member.add(kind, identity.traits)
    for alias in identity.aliases:
        other = _gather(key, alias, kind, members, edges)
        if other != identity_id:
            edges.add((min(identity_id, other), max(identity_id, other)))
    return identity_id


def _stow(
    connection: sqlite3.Connection, key: Key, unit: str, members: dict[int, _Member], edges: set[Pair]
) -> None:
    """Move a batch to the scratch tables, merged with what earlier batches of the unit brought."""
    for identity_id, kind, _, sealed in _rows_of(connection, "temp.new_member", members):
        members[identity_id].add(kind, unseal_traits(key, unit, identity_id, sealed))
    known = _known(connection, key, {i: m.identity for i, m in members.items()})
    with writing(connection, scratch=True):
        connection.executemany(
            "INSERT INTO temp.new_identity VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            [_identity_row(key, i, members[i].identity) for i in members.keys() - known],
        )
        connection.executemany(
            "INSERT OR REPLACE INTO temp.new_member VALUES (?, ?, ?, ?)",
            [
                (i, m.kind, _trait_digests(key, m.traits), seal_traits(key, unit, i, m.traits))
                for i, m in members.items()
            ],
        )
        connection.executemany("INSERT OR IGNORE INTO temp.new_edge VALUES (?, ?)", edges)


def _differs(connection: sqlite3.Connection, unit: str) -> bool:
    """Whether the scratch tables hold another set of members, edges or statements than the vault has for the unit."""
    for columns, new, old in (
        ("identity_id, kind, trait_digests", "temp.new_member", "member"),
        ("a, b", "temp.new_edge", "edge"),
        ("record, says, mark", "temp.new_statement", "statement"),
    ):
        added = f"SELECT {columns} FROM {new} EXCEPT SELECT {columns} FROM {old} WHERE unit = :unit"
        removed = f"SELECT {columns} FROM {old} WHERE unit = :unit EXCEPT SELECT {columns} FROM {new}"
        for query in (added, removed):
            if connection.execute(f"SELECT 1 FROM ({query}) LIMIT 1", {"unit": unit}).fetchone():
                return True
    return False


def _replace(connection: sqlite3.Connection, unit: str) -> None:
    drop_unit(connection, unit)
    connection.execute(
        "INSERT INTO identity (identity_id, authority_id, mark, subject) "
        "SELECT identity_id, authority_id, mark, subject FROM temp.new_identity WHERE true ON CONFLICT DO NOTHING"
    )
    connection.execute(
        "INSERT INTO member (unit, identity_id, kind, trait_digests, traits) "
        "SELECT ?, identity_id, kind, trait_digests, traits FROM temp.new_member",
        (unit,),
    )
    connection.execute("INSERT INTO edge (unit, a, b) SELECT ?, a, b FROM temp.new_edge", (unit,))
    for table, columns in (("statement", "record, says, mark, version"), ("stated", "record, a, b")):
        connection.execute(
            f"INSERT INTO {table} (unit, {columns}) SELECT ?, {columns} FROM temp.new_{table}", (unit,)
        )


def drop_unit(connection: sqlite3.Connection, unit: str) -> None:
    """Remove a unit's members and links, inside the caller's transaction."""
    for table in ("member", "edge", "statement", "stated"):
        connection.execute(f"DELETE FROM {table} WHERE unit = ?", (unit,))


def _known(connection: sqlite3.Connection, key: Key, named: Mapping[int, Identity]) -> set[int]:
    """Which identities the vault has already.

    Raises:
        Fatal: an id stands for another identity there: 63 bits collided.
    """
    known = set()
    for identity_id, _, mark, *_ in _rows_of(connection, "identity", named):
        if mark != _mark(key, named[identity_id]):
            raise _collision(identity_id)
        known.add(identity_id)
    return known


def _rows_of(
    connection: sqlite3.Connection, table: str, ids: Iterable[int]
) -> Iterator[tuple[int, str, bytes, bytes]]:
    """Rows of `table` by identity id, few enough at a time for SQLite's limit on parameters."""
    wanted = iter(ids)
    found = []
    while some := list(islice(wanted, 500)):
        marks = ",".join("?" * len(some))
        found += connection.execute(f"SELECT * FROM {table} WHERE identity_id IN ({marks})", some).fetchall()
    yield from (row[:4] for row in found)


def _collision(identity_id: int) -> Fatal:
    return Fatal("two identities have the same keyed id", f"identity {identity_id}", "rotate the key")


def _identity_row(key: Key, identity_id: int, identity: Identity) -> tuple[int, int, bytes, bytes]:
    sealed = seal(key, PURPOSE, to_bytes(identity.subject), f"identity/{identity_id}")
    return identity_id, key.id63("authority", to_bytes(identity.authority)), _mark(key, identity), sealed


def _mark(key: Key, identity: Identity) -> bytes:
    return bytes.fromhex(key.digest("identity mark", to_bytes(identity.subject)))


def _trait_digests(key: Key, traits: Mapping[str, Iterable[str]]) -> bytes:
    digests = []
    for name, values in traits.items():
        for value in values:
            hasher = key.hasher("trait", DIGEST_BYTES)
            hasher.update(to_bytes(f"{name}\x1f{value}"))
            digests.append(hasher.digest())
    return b"".join(sorted(digests))
