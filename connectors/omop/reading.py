"""Opening a file of an export: the table that it holds, or why it holds none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import BinaryIO

from connectors.omop.rows import open_text, read_header
from connectors.omop.tables import Layout, looks_like_table, recognise, table_named
from contracts.archives import is_archive, list_members
from contracts.errors import Rejected
from contracts.protocols import Place


@dataclass(frozen=True)
class Opened:
    """A table's file, open after its header.

    Attributes:
        layout: how it is laid out.
        stream: the bytes after what was read.
        rest: what was read beyond the header.
    """

    layout: Layout
    stream: BinaryIO = field(repr=False)
    rest: bytes = field(repr=False)


@contextmanager
def open_table(place: Place) -> Iterator[Opened | None]:
    """Open a file; None where it is a stray one, or an empty one.

    Raises:
        Rejected: `corrupt-archive` and the other reasons of `contracts.archives.list_members`, `nested-archive`,
            `corrupt-gzip`, `invalid-utf8`, `missing-column`.
    """
    if is_archive(place.name):
        list_members(place)  # tells what is wrong with it
        raise Rejected("nested-archive", "archive", "archives whose members are tables")
    if not may_be_table(place):
        yield None
        return
    with open_text(place) as stream:
        header, rest, whole = read_header(stream)
        layout = recognise(place.name, header) if header or rest else None
        if layout and not whole and (layout.missing or layout.unknown):
            raise Rejected("missing-column", "row 1", "a header that is not cut off")
        yield Opened(layout, stream, rest) if layout else None


def is_export(place: Place) -> bool:
    """Whether a file is a table of the CDM, or an archive of such tables: by its header, or its members' names."""
    try:
        if is_archive(place.name):
            named = {table_named(member.name.rpartition("/")[2]) for member in list_members(place)}
            return len(named - {""}) > 1
        with open_text(place) as stream:
            header, *_ = read_header(stream)
            return recognise("table.csv", header) is not None
    except Rejected:
        return False


def may_be_table(place: Place) -> bool:
    """Whether a file's name ends like a table's."""
    return bool(table_named(place.name)) or looks_like_table(place.name)
