"""Preflight of a document: why it would be rejected, and what is in it by kind, without a value of a patient."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from connectors.ccda.chart import Unit
from connectors.ccda.files import SUFFIXES, open_document
from connectors.ccda.reading import read_document
from connectors.ccda.stream import ROOT, root_of
from connectors.hl7v2.stream import open_stream
from contracts.archives import is_archive, member_places
from contracts.errors import Rejected
from contracts.keys import KEY_BYTES, Key

if TYPE_CHECKING:
    from contracts.protocols import Finding, Place

MAX_FINDINGS = 1_000
_LOOKED_AT = 50


def is_export(place: Place) -> bool:
    """Whether a file is a document, or an archive in which one of the first XML files is."""
    try:
        if is_archive(place.name):
            found = (member for member in member_places(place) if _is_xml(member.name))
            return any(_is_document(member) for member, _ in zip(found, range(_LOOKED_AT), strict=False))
        return _is_document(place)
    except Rejected:
        return False


def _is_xml(name: str) -> bool:
    return name.lower().endswith(SUFFIXES)


def _is_document(place: Place) -> bool:
    with open_stream(place) as stream:
        if b"ClinicalDocument" not in stream.read(1 << 16).replace(b"\0", b""):  # UTF-16 has zeros between
            return False
        stream.seek(0)
        try:
            return root_of(stream) == ROOT
        except Rejected as rejected:
            return rejected.reason == "doctype-not-allowed"


def check_place(place: Place) -> Iterator[Finding]:
    """Findings for one file or archive: errors by document, then counts of statements and of what is passed over.

    Rules: the reason codes of `CcdaConnector.read`; `count` (information).
    """
    from contracts.protocols import Finding

    counts: Counter[str] = Counter()
    told = 0
    for number, one in enumerate(_members(place)):
        where = f"member {number + 1}" if one is not place else "document"
        try:
            for name in _told(one):
                counts[name] += 1
        except Rejected as rejected:
            told += 1
            if told <= MAX_FINDINGS:
                at = where if where != "document" else rejected.place
                yield Finding("error", rejected.reason, rejected.legal, at)
    if told > MAX_FINDINGS:
        yield Finding("error", "more", f"{told - MAX_FINDINGS} more would be quarantined")
    for name, count in sorted(counts.items()):
        yield Finding("info", "count", f"{name}: {count}")


def _members(place: Place) -> Iterator[Place]:
    if is_archive(place.name):
        yield from member_places(place)
    else:
        yield place


def _told(place: Place) -> Iterator[str]:
    unit = Unit("check", "UTC", "", True, Key("check", bytes(KEY_BYTES)))
    with open_document(place) as opened:
        if opened.stream is None:
            if opened.stray:
                yield f"passed over, {opened.stray}"
            return
        for table, row in read_document(opened.stream, unit):
            yield _name(table, row)
        yield "documents"


def _name(table: str, row: dict[str, Any]) -> str:
    if table == "ignored":
        return f"passed over, {row['type']}"
    return table if table == "deleted" else f"statements, {table.partition('.')[2]}"
