"""De-identify a DICOM file to the letter of PS3.15 Annex E: a file in, its parts out, pixels never held."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, BinaryIO, cast

from connectors.dicom.cursor import PlainCursor, open_cursor
from connectors.dicom.dataset import judging_errors
from connectors.dicom.library import quiet_pydicom
from connectors.dicom.recognise import (
    DEFLATED_LITTLE,
    EXPLICIT_BIG,
    LONG_VRS,
    Encoding,
    Opening,
    recognise,
)
from contracts.errors import Rejected
from contracts.identity import Person
from contracts.keys import Key
from contracts.privacy import Profile
from tasks.deidentification.elements import Subject, ValueCleaner, subject_of
from tasks.deidentification.policy import TextPolicy
from tasks.deidentification.ps315 import DEFAULTS, Do, Options, rules_of
from tasks.deidentification.text import Scrubber
from tasks.dicom.deidentify.bench import Bench
from tasks.dicom.deidentify.level import Part, Span
from tasks.dicom.deidentify.meta import Told, file_meta, statements, syntax_of
from tasks.dicom.deidentify.rewrite import Rewriter
from tasks.dicom.deidentify.stated import class_in, stated_in
from tasks.dicom.deidentify.tape import Tape

if TYPE_CHECKING:
    from connectors.dicom.cursor import Cursor
    from contracts.protocols import Place

_CHUNK = 1 << 20
_HELD = 64 << 20
_HEAD = 4096
_BENCHES = 32
_NOTHING = Told()
_DIRECTORY = "1.2.840.10008.1.3.10"


@dataclass(frozen=True)
class Cleaned:
    """A de-identified file, as parts of which the large ones still lie in the source.

    Attributes:
        counts: elements by what was done with them: `keep`, `remove`, `empty`, `dummy`, `uid`, `shift`, `scrub`, `age`.
        flags: `overlay` (60xx was there), `undecodable-text` (replaced whole), `malformed-sequence` (removed),
            `encapsulated-document` (replaced by nothing).
        sop_instance_uid: the new one.
        transfer_syntax_uid: of the new file.
    """

    counts: Mapping[str, int]
    flags: frozenset[str]
    sop_instance_uid: str
    transfer_syntax_uid: str
    _head: bytes = field(repr=False)
    _parts: tuple[Part, ...] = field(repr=False)
    _place: Place = field(repr=False)
    _opening: Opening = field(repr=False)

    def chunks(self) -> Iterator[bytes]:
        """The file's bytes, at most a MiB of pixels at a time; the source is opened anew.

        Raises:
            Rejected: `truncated-file` where the source has become shorter.
        """
        yield self._head
        if not self._opening.deflated:
            yield from self._plain()
            return
        deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        for chunk in self._plain():
            yield deflater.compress(chunk)
        yield deflater.flush()

    def before_pixels(self, value: int) -> bytes:
        """The new data set up to the element that holds the pixels, for whoever writes other pixels behind it.

        Args:
            value: where the pixels' value begins in the source's data set.

        Raises:
            Rejected: `too-large`, or `no-pixels` where the new data set has no pixels from there.
        """
        index = next((i for i, p in enumerate(self._parts) if isinstance(p, Span) and p.start == value), None)
        if index is None:
            raise Rejected("no-pixels", f"byte {value}", "pixels at the top level")
        parts = self._parts[: index - 1]  # the last one is the element's own tag and length
        if sum(part.length for part in parts if isinstance(part, Span)) > _HELD:
            raise Rejected("too-large", f"byte {value}", f"at most {_HELD} bytes of tables before the pixels")
        return b"".join(replace(self, _parts=parts)._plain())

    def _plain(self) -> Iterator[bytes]:
        if not any(isinstance(part, Span) for part in self._parts):
            yield b"".join(part for part in self._parts if isinstance(part, bytes))
            return
        with open_cursor(self._place, self._opening.offset, self._opening.deflated) as cursor:
            for part in self._parts:
                if isinstance(part, bytes):
                    yield part
                else:
                    yield from _copied(cursor, part)

    def to_bytes(self) -> bytes:
        """The whole file: for one that is known to be small."""
        return b"".join(self.chunks())

    def write(self, file: BinaryIO) -> int:
        """Write the file; returns its length in bytes."""
        return sum(file.write(chunk) for chunk in self.chunks())


class FileCleaner:
    """De-identifies files under one key, profile and choice of options; what it learns of a person's files it keeps.

    Args:
        key: of surrogate UIDs.
        profile: what may remain of dates and texts.
        today: the round's date, by which ages are told.
        options: of PS3.15 E.3; the profile's own unless told.
        text: how finds in texts are replaced.

    Raises:
        Fatal: an option breaks the profile.
    """

    def __init__(
        self,
        key: Key,
        profile: Profile,
        today: date,
        options: Options | None = None,
        text: TextPolicy | None = None,
    ) -> None:
        self.options = (DEFAULTS[profile] if options is None else options).allowed_under(profile)
        self._made = key, profile, today, text
        self._benches: dict[object, Bench] = {}
        self._values = self._new_values()
        quiet_pydicom()

    def clean(self, source: Place | BinaryIO, person: Person | None, told: Told = _NOTHING) -> Cleaned:
        """The file de-identified; it is read to its end, and its pixels are not held.

        Args:
            source: a DICOM file.
            person: whose image it is; None for an image of nobody: then no date stays.
            told: what other stages found.

        Raises:
            Rejected: `not-dicom`, `truncated-file`, `unreadable`, `nested-too-deep`, `too-large`, `no-uids`,
                `directory` (a DICOMDIR tells places of bytes that change).
        """
        place = cast("Place", source if hasattr(source, "open") else Borrowed(source))
        with judging_errors(), place.open() as file:
            opening = _open(place, file)
            if opening.media_class == _DIRECTORY:
                raise Rejected("directory", "tag 00020002", "an instance")
            with _cursor(place, file, opening) as cursor:
                return self._clean(place, opening, Tape(cursor), person, told)

    def _clean(
        self, place: Place, opening: Opening, tape: Tape, person: Person | None, told: Told
    ) -> Cleaned:
        bench = self._bench(person, stated_in(tape.data, opening.encoding))
        added = statements(self.options, bench.rules.shifts, told, opening.encoding)
        sop_class = class_in(tape.data, opening.encoding) or opening.media_class
        rewriter = Rewriter(bench, opening.encoding, sop_class, added)
        parts = rewriter.rewrite(tape)
        instance = rewriter.sop_instance
        if not instance:
            raise Rejected("no-uids", "tag 00080018", "a SOP Instance UID")
        syntax = syntax_of(opening)
        names = {do: do.name.lower() for do in Do}
        return Cleaned(
            counts={names[do]: n for do, n in zip(Do, rewriter.counts, strict=True) if n},
            flags=frozenset(rewriter.flags),
            sop_instance_uid=instance.decode("ascii"),
            transfer_syntax_uid=syntax,
            _head=file_meta(opening.media_class or sop_class, instance, syntax),
            _parts=tuple(parts),
            _place=place,
            _opening=opening,
        )

    def _bench(self, person: Person | None, stated: dict[int, list[str]]) -> Bench:
        """What is prepared for files that state the same of the same person."""
        mark = id(person), tuple((tag, tuple(values)) for tag, values in sorted(stated.items()))
        found = self._benches.get(mark)
        if found is None or found.subject.owner is not person:
            if (
                len(self._benches) >= _BENCHES
            ):  # a scrubber keeps its patterns of every person: a new one has none
                self._benches.clear()
                self._values = self._new_values()
            subject: Subject = subject_of(person, stated)
            found = Bench(self._values, rules_of(self.options, person is not None), subject)
            self._benches[mark] = found
        return found

    def _new_values(self) -> ValueCleaner:
        key, profile, today, text = self._made
        return ValueCleaner(key, today, Scrubber(profile, today, text, key))


def deidentify_file(
    source: Place | BinaryIO, cleaner: FileCleaner, person: Person | None, told: Told = _NOTHING
) -> Cleaned:
    """De-identify one file; see `FileCleaner.clean`."""
    return cleaner.clean(source, person, told)


class Borrowed:
    """An open binary file as a place: opening it goes to its begin, and closing it leaves it open."""

    name = ""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = file.seek(0, 2)

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """The file, at its begin."""
        self._file.seek(0)
        yield self._file


def _copied(cursor: Cursor, span: Span) -> Iterator[bytes]:
    """A span's bytes from a cursor that stands at or before it."""
    cursor.skip(span.start - cursor.position)
    left = span.length
    while left:
        chunk = cursor.read(min(left, _CHUNK))
        if not chunk:
            raise Rejected("truncated-file", f"byte {cursor.position}", "the bytes that were there before")
        left -= len(chunk)
        yield chunk


@contextmanager
def _cursor(place: Place, file: BinaryIO, opening: Opening) -> Iterator[Cursor]:
    """A cursor over the data set; the open file serves where it can be sought."""
    if file.seekable() and not opening.deflated:
        yield PlainCursor(file, place.size, opening.offset)
        return
    with open_cursor(place, opening.offset, opening.deflated) as cursor:
        yield cursor


def _open(place: Place, file: BinaryIO) -> Opening:
    """How the file begins: told at once where it is plain, by all the rules where it is not."""
    head = file.read(_HEAD)
    opening = _plain_opening(head)
    if opening is None:
        opening = recognise(place)
        if opening is None:
            raise Rejected("not-dicom", "byte 0", "a DICOM file")
        if file.seekable():
            file.seek(0)
    return opening


def _plain_opening(head: bytes) -> Opening | None:
    """The opening of a file with preamble and whole meta that is encoded as its transfer syntax says."""
    if head[128:132] != b"DICM":
        return None
    at, found = 132, {}
    while head[at : at + 2] == b"\x02\x00" and at + 12 <= len(head):
        element, vr, length = struct.unpack_from("<H2sH", head, at + 2)
        value = at + 8
        if vr in LONG_VRS:
            (length,) = struct.unpack_from("<L", head, at + 8)
            value = at + 12
        at = value + length
        found[element] = head[value:at]
    if at + 8 > len(head):
        return None
    syntax, media = (found.get(e, b"").decode("ascii", "replace").strip(" \x00") for e in (0x0010, 0x0002))
    first = head[at + 4 : at + 6]
    written = first.isalpha() and first.isupper()
    if (
        not syntax.startswith("1.2.840.10008.1.2")
        or syntax in (DEFLATED_LITTLE, EXPLICIT_BIG)
        or len(head) < _HEAD
    ):
        return None
    implicit = syntax == "1.2.840.10008.1.2"
    if written is implicit:
        return None
    return Opening(at, Encoding(implicit=implicit), False, syntax, media)
