"""Reading the vault: the people of a unit, what a unit's outcome depends on, and the linkage tables."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from contracts.errors import Fatal
from contracts.identity import Person
from contracts.keys import Key
from stores.sealing import unseal
from stores.vault_ages import birth_marks, group_of
from stores.vault_identities import DIGEST_BYTES, PURPOSE, rank_of, unseal_traits
from stores.vault_resolve import unseal_shift
from stores.vault_schema import reading, writing

if TYPE_CHECKING:
    import pyarrow as pa

_PERSONS = """
SELECT DISTINCT i.person FROM temp.wanted w JOIN member m ON m.unit = w.unit
JOIN identity i ON i.identity_id = m.identity_id
"""

_TRAITS = f"""
SELECT i.person, m.unit, m.identity_id, m.trait_digests, m.traits FROM identity i
JOIN member m ON m.identity_id = i.identity_id
WHERE i.person IN ({_PERSONS}) AND m.traits IS NOT NULL ORDER BY i.person
"""

_DIGESTS = f"""
SELECT i.person, m.trait_digests FROM identity i JOIN member m ON m.identity_id = i.identity_id
WHERE i.person IN ({_PERSONS}) ORDER BY i.person
"""

_UNTIED = """
SELECT DISTINCT m.identity_id FROM temp.wanted w JOIN member m ON m.unit = w.unit AND m.kind = 'vcf'
JOIN identity i ON i.identity_id = m.identity_id
WHERE NOT EXISTS (SELECT 1 FROM member o WHERE o.identity_id = m.identity_id AND o.kind <> 'vcf')
AND NOT EXISTS (
    SELECT 1 FROM identity j JOIN member o ON o.identity_id = j.identity_id
    WHERE j.person = i.person AND j.identity_id <> m.identity_id
)
AND m.identity_id NOT IN (
    SELECT CASE side WHEN 0 THEN a ELSE b END FROM (
        SELECT a, b FROM link WHERE action = 'link' EXCEPT SELECT a, b FROM link WHERE action = 'unlink'
    ), (SELECT 0 AS side UNION ALL SELECT 1)
)
"""
"""Samples whose name no record has, whose person nobody else is, and which no crosswalk ties to anybody."""

_MEMBERS = """
SELECT w.unit, m.identity_id, i.person FROM temp.wanted w JOIN member m ON m.unit = w.unit
JOIN identity i ON i.identity_id = m.identity_id ORDER BY w.unit, m.identity_id
"""


def people_of(connection: sqlite3.Connection, key: Key, units: Sequence[str]) -> dict[str, Person]:
    """The people of units by encoded subject, each with the traits of the whole cluster. Four queries."""
    _want(connection, units)
    with reading(connection):
        persons = {
            person: Person(person, shift, traits) for person, shift, traits in _persons(connection, key)
        }
        untied = _untied(connection)
        people = {}
        rows = connection.execute(
            "SELECT DISTINCT m.identity_id, i.subject, i.person FROM temp.wanted w JOIN member m ON m.unit = w.unit "
            "JOIN identity i ON i.identity_id = m.identity_id"
        )
        for identity_id, sealed, person in rows:
            subject = unseal(key, PURPOSE, sealed, f"identity/{identity_id}").decode("utf-8", "surrogatepass")
            found = persons[_resolved(person)]
            people[subject] = replace(found, tied=False) if identity_id in untied else found
    return people


def contexts_of(
    connection: sqlite3.Connection, key: Key, units: Sequence[str], today: date | None = None
) -> dict[str, str]:
    """For each unit, a digest that changes when, and only when, its people or what is known of them changes.

    It covers, for each identity of the unit, its id, its person id (which stands for the date shift, since both are
    allotted together and never change), the digests of all traits of the person's cluster, and whether a sample is
    tied to anybody. With `today` it covers what the calendar changes as well: of who is 90 or over, the year by which
    their age is told.
    """
    _want(connection, units)
    contexts = dict.fromkeys(units, key.digest("context"))
    old = birth_marks(key, today.year) if today else frozenset()
    with reading(connection):
        known: dict[int, bytes] = {}
        for person, rows in groupby(connection.execute(_DIGESTS), itemgetter(0)):
            hasher = key.hasher("traits")
            pieces = {piece for _, digests in rows for piece in _pieces(digests)}
            for digest in sorted(pieces):
                hasher.update(digest)
            if today and not old.isdisjoint(pieces):
                hasher.update(b"/%d" % (group_of(connection, key, person, today.year) or 0))
            known[person] = hasher.digest()
        untied = _untied(connection)
        for unit, members in groupby(connection.execute(_MEMBERS), itemgetter(0)):
            hasher = key.hasher("context")
            for _, identity_id, person in members:
                hasher.update(b"%d/%d/" % (identity_id, _resolved(person)))
                hasher.update(known[person])
                hasher.update(b"untied/" if identity_id in untied else b"")
            contexts[unit] = hasher.hexdigest()
    return contexts


def linkage_person(connection: sqlite3.Connection) -> pa.Table:
    """One row for each identity that some unit holds (schema `linkage.PERSON`), ordered by identity id."""
    import pyarrow as pa

    from contracts.schemas.linkage import PERSON

    best: dict[int, tuple[int, str, int, int]] = {}
    with reading(connection):
        rows = connection.execute(
            "SELECT DISTINCT m.identity_id, m.kind, i.person, i.authority_id FROM member m "
            "JOIN identity i ON i.identity_id = m.identity_id"
        )
        for identity_id, kind, person, authority_id in rows:
            row = rank_of(kind), kind, _resolved(person), authority_id
            best[identity_id] = min(best.get(identity_id, row), row)
    ordered = sorted(best.items())
    columns = [
        [identity_id for identity_id, _ in ordered],
        [person for _, (_, _, person, _) in ordered],
        [kind for _, (_, kind, _, _) in ordered],
        [authority_id for _, (_, _, _, authority_id) in ordered],
    ]
    return pa.table([pa.array(v, f.type) for v, f in zip(columns, PERSON, strict=True)], schema=PERSON)


def linkage_history(connection: sqlite3.Connection) -> pa.Table:
    """Every change of an identity's person, in the order of its event ids (schema `linkage.HISTORY`)."""
    import pyarrow as pa

    from contracts.schemas.linkage import HISTORY

    rows = connection.execute(
        "SELECT event_id, round, identity_id, person_before, person, action FROM history ORDER BY event_id"
    ).fetchall()
    columns = list(zip(*rows, strict=True)) or [()] * len(HISTORY)
    return pa.table([pa.array(v, f.type) for v, f in zip(columns, HISTORY, strict=True)], schema=HISTORY)


def _want(connection: sqlite3.Connection, units: Iterable[str]) -> None:
    with writing(connection, scratch=True):
        connection.execute("DELETE FROM temp.wanted")
        connection.executemany("INSERT OR IGNORE INTO temp.wanted VALUES (?)", ((unit,) for unit in units))


def _untied(connection: sqlite3.Connection) -> set[int]:
    """Identities of the wanted units that are samples of nobody known."""
    return {identity_id for (identity_id,) in connection.execute(_UNTIED)}


def _persons(
    connection: sqlite3.Connection, key: Key
) -> Iterator[tuple[int, int, dict[str, tuple[str, ...]]]]:
    """Person id, shift and merged traits of every person of the wanted units."""
    shifts = connection.execute(
        f"SELECT allotted, identity_id, shift FROM identity WHERE allotted IN ({_PERSONS})"
    ).fetchall()
    merged: dict[int, dict[str, tuple[str, ...]]] = {}
    for person, rows in groupby(connection.execute(_TRAITS), itemgetter(0)):
        merged[person] = _merge(key, rows)
    for person, identity_id, sealed in shifts:
        yield person, unseal_shift(key, identity_id, sealed), merged.get(person, {})


def _merge(key: Key, rows: Iterable[tuple[int, str, int, bytes, bytes]]) -> dict[str, tuple[str, ...]]:
    """All traits of one person. Rows that hold nothing new (last night's export again) are not unsealed."""
    seen: set[bytes] = set()
    traits: dict[str, set[str]] = {}
    for _, unit, identity_id, digests, sealed in rows:
        pieces = set(_pieces(digests))
        if pieces <= seen:
            continue
        seen |= pieces
        for name, values in unseal_traits(key, unit, identity_id, sealed).items():
            traits.setdefault(name, set()).update(values)
    return {name: tuple(sorted(traits[name])) for name in sorted(traits)}


def _pieces(digests: bytes) -> list[bytes]:
    return [digests[i : i + DIGEST_BYTES] for i in range(0, len(digests), DIGEST_BYTES)]


def _resolved(person: int | None) -> int:
    if person is None:
        raise Fatal(
            "an identity has no person yet", "vault", "resolve the vault after remembering identities"
        )
    return person
