"""Whether what an export took back is gone, and whether a merged number's rows went to its person: by the releases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contracts.keys import Key
from nightrounds.demo.evaluation import person_of
from retrieval.reader import Reader

_CODES = {"omop.measurement": "measurement_source_value"}


@dataclass(frozen=True)
class TakenBack:
    """One statement that an export took back.

    Attributes:
        source: whose export.
        how: what the export did, as the truth calls it.
        table: of the lake.
        before: rows of that person (and code) before the night that took it back.
        after: the same at its end.
    """

    source: str
    how: str
    table: str
    before: int
    after: int

    @property
    def gone(self) -> bool:
        """Whether exactly that row is gone."""
        return self.before - self.after == 1


@dataclass(frozen=True)
class Merge:
    """What became of a number that a message merged into another one.

    Attributes:
        apart: whether it was a person of its own before.
        one: whether it is the right person's now.
        before: rows of events of the number's own person before.
        moved: how many of these are the right person's now.
    """

    apart: bool
    one: bool
    before: int
    moved: int

    @property
    def followed(self) -> bool:
        """Whether everything went with it."""
        return self.apart and self.one and 0 < self.before == self.moved


def measure_taken_back(before: Reader, after: Reader, key: Key, truth: Mapping[str, Any]) -> list[TakenBack]:
    """Everything that the second night's exports took back of what the first one's had stated."""
    persons = {person["key"]: person for person in truth["persons"]}
    found = []
    for entry in truth["planted"]:
        if entry["night"] == 2 and "table" in entry:
            authority, number, _ = persons[entry["person"]]["identities"][0]
            counts = [
                _count(reader, entry["table"], entry.get("code"), person_of(reader, key, authority, number))
                for reader in (before, after)
            ]
            found.append(TakenBack(entry["source"], entry["kind"], entry["table"], *counts))
    return found


def _count(reader: Reader, table: str, code: str | None, person: int | None) -> int:
    column = _CODES.get(table)
    coded = f" AND {column} = ?" if column and code else ""
    rows = reader.rows(
        f"SELECT count(*) AS n FROM {table} WHERE person_id = ?{coded}", [person, *([code] if coded else [])]
    )
    return int(rows[0]["n"])


def measure_merge(before: Reader, after: Reader, key: Key, truth: Mapping[str, Any]) -> Merge | None:
    """What became of the one number that was merged on the second night; None where the truth knows none."""
    if not truth["merges"]:
        return None
    name, authority, temporary, *_ = truth["merges"][0]
    mrn = next(p["identities"][0][1] for p in truth["persons"] if p["key"] == name)
    old, right = (person_of(before, key, authority, number) for number in (temporary, mrn))
    now = [person_of(after, key, authority, number) for number in (temporary, mrn)]
    rows = before.rows("SELECT measurement_id AS id FROM omop.measurement WHERE person_id = ?", [old])
    ids = [row["id"] for row in rows]
    moved = after.rows(
        "SELECT count(*) AS n FROM omop.measurement WHERE person_id = ? AND list_contains(?, measurement_id)",
        [now[1], ids],
    )
    return Merge(old is not None and old != right, now[0] == now[1], len(ids), int(moved[0]["n"]))
