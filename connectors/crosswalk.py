"""Crosswalks: CSV files that say which identities of different authorities are one person.

Columns: authority_a, identifier_a, authority_b, identifier_b and, optionally, action (link or unlink; link where
empty). A crosswalk is always a snapshot: a row that is gone is a link that is gone.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field

from contracts.errors import Rejected
from contracts.identity import Identity, Link
from contracts.protocols import Finding, Place

KIND = "crosswalk"
COLUMNS = ("authority_a", "identifier_a", "authority_b", "identifier_b")
ACTIONS = ("link", "unlink")


@dataclass
class Links:
    """The links of one file, and the rows that are none, by row number and reason code; `count` rows were met."""

    links: list[Link] = field(default_factory=list, repr=False)
    rejected: list[tuple[int, str]] = field(default_factory=list)
    count: int = 0


def read_links(place: Place) -> Links:
    """Read a crosswalk file.

    Raises:
        Rejected: a column is missing or the file is not UTF-8 text.
    """
    with place.open() as raw:
        text = io.TextIOWrapper(raw, encoding="utf-8-sig", newline="")
        try:
            return _read(text)
        except UnicodeDecodeError:
            raise Rejected("invalid-utf8", "crosswalk", "save it as UTF-8") from None


def _read(text: io.TextIOWrapper) -> Links:
    reader = csv.DictReader(text)
    header = [name.strip().lower() for name in reader.fieldnames or []]
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        raise Rejected("missing-column", f"column {missing[0]}", f"columns {', '.join(COLUMNS)}, action")
    reader.fieldnames = header
    found = Links()
    for number, row in enumerate(reader, 2):
        found.count += 1
        values = [(row[name] or "").strip() for name in COLUMNS]
        action = (row.get("action") or "link").strip().lower()
        if not all(values):
            found.rejected.append((number, "empty-identity"))
        elif action not in ACTIONS:
            found.rejected.append((number, "unknown-action"))
        else:
            a, b = Identity(values[0], values[1], kind=KIND), Identity(values[2], values[3], kind=KIND)
            found.links.append(Link(a, b, "unlink" if action == "unlink" else "link"))
    return found


def check(place: Place) -> Iterator[Finding]:
    """Preflight of a crosswalk file: what `nightrounds check` says of it."""
    try:
        found = read_links(place)
    except Rejected as rejected:
        yield Finding("error", rejected.reason, rejected.legal, rejected.place)
        return
    for number, reason in found.rejected:
        yield Finding("error", reason, f"four values and one of {', '.join(ACTIONS)}", f"row {number}")
    yield Finding("info", "links", f"{len(found.links)} links")
