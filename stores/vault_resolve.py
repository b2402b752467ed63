"""Who is one person: clusters of linked identities, and the person each belongs to.

Every identity has its own allotment (person id and date shift), drawn once and kept for ever. A cluster's person is
the allotment of its canonical identity, the smallest by (rank of kind, id) among those that some unit holds. So the
outcome follows from the present units and links alone, in whatever order they came, and undoing a link restores
exactly what was before it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import sqlite3
from collections import Counter
from dataclasses import dataclass

from contracts.keys import Key
from stores import vault_statements
from stores.sealing import seal, unseal
from stores.vault_identities import PURPOSE, Pair, rank_of
from stores.vault_schema import writing

MOST_DAYS = 365


@dataclass(frozen=True)
class Resolution:
    """What resolving found and changed. Counts only.

    Attributes:
        identities: identities that some unit holds.
        persons: persons they belong to.
        allotted: identities that got their first person.
        joined: identities known before that now belong to the person of another.
        parted: identities known before that no longer belong to the person they were joined to.
    """

    identities: int
    persons: int
    allotted: int = 0
    joined: int = 0
    parted: int = 0


class Clusters:
    """Union-find over identity ids (with path halving; the smaller id is the root)."""

    def __init__(self, pairs: set[Pair]) -> None:
        self._parents: dict[int, int] = {}
        for a, b in pairs:
            root_a, root_b = self.find(a), self.find(b)
            if root_a != root_b:
                self._parents[max(root_a, root_b)] = min(root_a, root_b)

    def find(self, identity_id: int) -> int:
        """The smallest id of the cluster that `identity_id` is in."""
        parents = self._parents
        while (parent := parents.get(identity_id, identity_id)) != identity_id:
            parents[identity_id] = parents.get(parent, parent)
            identity_id = parent
        return identity_id


def resolve(connection: sqlite3.Connection, key: Key, seed: str | None, round_no: int) -> Resolution:
    """Bring every identity's person up to date in one transaction; writes nothing where nothing changed."""
    with writing(connection):
        ranks = _ranks(connection)
        clusters = Clusters(_pairs(connection, key))
        allotted = _allot(connection, key, seed, sorted(ranks))
        canonical: dict[int, tuple[int, int]] = {}
        for identity_id, rank in ranks.items():
            root = clusters.find(identity_id)
            canonical[root] = min(canonical.get(root, (rank, identity_id)), (rank, identity_id))
        events = []
        owners = {person: identity_id for identity_id, person in allotted.items()}
        before = dict(connection.execute("SELECT identity_id, person FROM identity").fetchall())
        for identity_id in sorted(ranks):
            root = clusters.find(identity_id)
            person, was = allotted[canonical[root][1]], before[identity_id]
            if person != was:
                action = "joined" if was is not None and clusters.find(owners[was]) == root else "parted"
                events.append((round_no, identity_id, was, person, "allotted" if was is None else action))
        _record(connection, events)
    counts = Counter(action for *_, action in events)
    return Resolution(len(ranks), len(canonical), counts["allotted"], counts["joined"], counts["parted"])


def seal_shift(key: Key, identity_id: int, shift_days: int) -> bytes:
    """A date shift sealed for its row: with it, anyone could undo what de-identification did."""
    return seal(key, PURPOSE, str(shift_days).encode(), f"shift/{identity_id}")


def unseal_shift(key: Key, identity_id: int, sealed: bytes) -> int:
    """The inverse of `seal_shift`, in days."""
    return int(unseal(key, PURPOSE, sealed, f"shift/{identity_id}"))


def _ranks(connection: sqlite3.Connection) -> dict[int, int]:
    """The best rank of each identity that some unit holds."""
    ranks: dict[int, int] = {}
    for identity_id, kind in connection.execute("SELECT DISTINCT identity_id, kind FROM member"):
        rank = rank_of(kind)
        ranks[identity_id] = min(ranks.get(identity_id, rank), rank)
    return ranks


def _pairs(connection: sqlite3.Connection, key: Key) -> set[Pair]:
    """All links in force: what units, their records' newest statements and crosswalks state, less the pairs that any
    crosswalk unlinks."""
    pairs: set[Pair] = set(connection.execute("SELECT DISTINCT a, b FROM edge"))
    pairs |= vault_statements.standing(connection, key)
    pairs.update(connection.execute("SELECT a, b FROM link WHERE action = 'link'"))
    return pairs.difference(connection.execute("SELECT a, b FROM link WHERE action = 'unlink'"))


def _allot(connection: sqlite3.Connection, key: Key, seed: str | None, wanted: list[int]) -> dict[int, int]:
    """Every identity's own person id, drawn now for those of `wanted` that have none."""
    rows = connection.execute("SELECT identity_id, allotted FROM identity WHERE allotted IS NOT NULL")
    allotted: dict[int, int] = dict(rows.fetchall())
    taken, new = set(allotted.values()), []
    for identity_id in wanted:
        if identity_id in allotted:
            continue
        attempt = 0
        person, shift_days = _draw(seed, identity_id, attempt)
        while person in taken:
            attempt += 1
            person, shift_days = _draw(seed, identity_id, attempt)
        taken.add(person)
        allotted[identity_id] = person
        new.append((person, seal_shift(key, identity_id, shift_days), identity_id))
    connection.executemany("UPDATE identity SET allotted = ?, shift = ? WHERE identity_id = ?", new)
    return allotted


def _draw(seed: str | None, identity_id: int, attempt: int) -> tuple[int, int]:
    """A person id (63 bits, never 0) and a shift in days (-365 to 365, never 0)."""
    if seed is None:
        bits = secrets.token_bytes(16)
    else:
        bits = hmac.digest(seed.encode(), f"allotment/{identity_id}/{attempt}".encode(), hashlib.sha256)[:16]
    days = int.from_bytes(bits[8:], "big") % (2 * MOST_DAYS) - MOST_DAYS
    return int.from_bytes(bits[:8], "big") >> 1 or 1, days if days < 0 else days + 1


def _record(connection: sqlite3.Connection, events: list[tuple[int, int, int | None, int, str]]) -> None:
    connection.executemany(
        "UPDATE identity SET person = ? WHERE identity_id = ?", [(event[3], event[1]) for event in events]
    )
    connection.executemany(
        "INSERT INTO history (round, identity_id, person_before, person, action) VALUES (?, ?, ?, ?, ?)",
        events,
    )
