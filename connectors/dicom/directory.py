"""DICOMDIRs: which files a medium says it holds (PS3.3 F, PS3.10 8.6), and which of them are not there.

A directory is no instance. The files of a medium are found by listing it, whatever its directory says; the directory
is believed in one thing alone: that a file which it lists was meant to be there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connectors.dicom.cursor import open_cursor
from connectors.dicom.walk import Walker
from connectors.listing import names_below
from contracts.errors import Rejected

if TYPE_CHECKING:
    from connectors.dicom.cursor import Cursor
    from connectors.dicom.recognise import Encoding, Opening
    from contracts.protocols import Reading

MISSING, UNSAFE = "missing-from-medium", "unsafe-file-id"
_FILE_ID, _IN_USE = 0x00041500, 0x00041410
_INACTIVE = 0
_ID_BYTES = 1024
_MOST_FILES = 1_000_000
_VERSION = re.compile(r";\d*$")


@dataclass(frozen=True)
class Listing:
    """What a directory lists: files that are not there, by number of those listed, with the reason code."""

    files: int
    absent: tuple[tuple[int, str], ...] = field(default=(), repr=False)


def compare(reading: Reading, opening: Opening) -> Listing:
    """Compare what a directory lists with what lies below its folder.

    Names are compared as media file systems have them: without regard to case, and without the version (`;1`) that
    ISO 9660 adds, or a dot at their end. Nothing is opened by a name that the directory gives.

    Raises:
        Rejected: the directory cannot be read (`Walker.elements`).
    """
    wanted = read_file_ids(reading, opening)
    in_folder = bool(reading.path) and reading.source.kind == "dicom"
    found = names_below(reading.source.location, reading.path) if in_folder else None
    if found is None:  # the directory alone was given
        return Listing(len(wanted))
    there = {_plain(name.split("/")) for name in found}
    absent = []
    for number, parts in enumerate(wanted, 1):
        if not _is_safe(parts):
            absent.append((number, UNSAFE))
        elif _plain(parts) not in there:
            absent.append((number, MISSING))
    return Listing(len(wanted), tuple(absent))


def read_file_ids(reading: Reading, opening: Opening) -> list[list[str]]:
    """Referenced File ID (0004,1500) of each record in use, as parts, each file once; in bounded memory.

    Raises:
        Rejected: as `Walker.elements`.
    """
    with open_cursor(reading.place, opening.offset, opening.deflated) as cursor:
        walker = _Records(cursor, opening.encoding)
        for _ in walker.elements():
            pass
    return [file_id.split("\\") for file_id in walker.file_ids]


class _Records(Walker):
    """Walks a directory and keeps the file ids that it passes."""

    def __init__(self, cursor: Cursor, encoding: Encoding) -> None:
        super().__init__(cursor, encoding)
        self.file_ids: dict[str, None] = {}
        self._in_use = True

    def _skip(self, count: int, end: int | None, tag: int) -> None:
        if tag == _IN_USE and count == 2:
            self._in_use = any(self._take(count, end))
        elif tag == _FILE_ID and count <= _ID_BYTES:
            value = self._take(count, end).decode("latin-1").strip(" \0")
            if value and self._in_use:
                self.file_ids[value] = None
            self._in_use = True  # the next record says for itself
            if len(self.file_ids) > _MOST_FILES:
                raise Rejected("too-many-elements", "tag 00041500", f"at most {_MOST_FILES:,} files")
        else:
            super()._skip(count, end, tag)


def _is_safe(parts: list[str]) -> bool:
    """Whether a file id stays below its medium's root."""
    return all(part.strip(" .") and not set(part) & set("/:\0") for part in parts)


def _plain(parts: list[str]) -> tuple[str, ...]:
    return tuple(_VERSION.sub("", part.strip()).rstrip(".").upper() for part in parts)
