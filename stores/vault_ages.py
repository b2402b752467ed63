"""Who is 90 or over, told without unsealing everyone: their years are grouped anew as the calendar goes on."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from functools import lru_cache

from contracts.keys import Key
from contracts.privacy import OLDEST_AGE
from stores.vault_identities import DIGEST_BYTES, to_bytes, unseal_traits

FIRST_YEAR = 1850
"""Nobody was born before it; exports write 1900-01-01 and the like for what they do not know."""

_MEMBERS = """
SELECT m.unit, m.identity_id, m.traits FROM identity i JOIN member m ON m.identity_id = i.identity_id
WHERE i.person = ? AND m.traits IS NOT NULL
"""


@lru_cache(maxsize=4)
def birth_marks(key: Key, year: int) -> frozenset[bytes]:
    """The digests that a date of birth has in the vault, of everyone who is 90 or over in `year`.

    The vault keeps a keyed digest of every trait; these are those of each day there is, in each of its spellings, so
    that who may be meant is told by looking up what is stored. About 60,000 digests, 0.1 s, once a process.
    """
    begin = key.hasher("trait", DIGEST_BYTES).copy
    marks = set()
    for spelled in _spellings(year - OLDEST_AGE):
        hasher = begin()
        hasher.update(to_bytes(f"birth_date\x1f{spelled}"))
        marks.add(hasher.digest())
    return frozenset(marks)


def _spellings(last_year: int) -> Iterator[str]:
    day = date(FIRST_YEAR, 1, 1)
    while day.year <= last_year:
        yield day.isoformat()
        yield f"{day:%Y%m%d}"
        if day.day == 1:
            yield f"{day:%Y-%m}"
            yield f"{day:%Y%m}"
        if day.day == day.month == 1:
            yield f"{day:%Y}"
        day += timedelta(days=1)


def group_of(connection: sqlite3.Connection, key: Key, person: int, year: int) -> int | None:
    """The year at which a person's age over 89 is told: of death, or `year`; None where they are not over 89.

    Under it the youngest year of their group is told, so that it changes what is shown of them.
    """
    born: list[int] = []
    died: list[int] = []
    for unit, identity_id, sealed in connection.execute(_MEMBERS, (person,)).fetchall():
        traits = unseal_traits(key, unit, identity_id, sealed)
        born += _years(traits.get("birth_date", ()))
        died += _years(traits.get("death_date", ()))
    reference = min([*died, year])
    return reference if any(reference - year_born >= OLDEST_AGE for year_born in born) else None


def _years(values: Iterable[str]) -> list[int]:
    return [int(value.strip()[:4]) for value in values if value.strip()[:4].isdecimal()]
