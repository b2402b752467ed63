"""Splitting a file into messages: MLLP frames, plain messages one after another, FHS/BHS batches (HL7 v2.9, 2.10.3).

Splitting is by bytes: no character set that HL7 allows (table 0211) uses CR, LF, VT or FS within a character.
"""

from __future__ import annotations

import codecs
import gzip
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, BinaryIO, cast

from contracts.errors import Rejected

if TYPE_CHECKING:
    from contracts.protocols import Place

CHUNK_BYTES = 1 << 20
MESSAGE_LIMIT = 32 << 20
"""Bytes of a message beyond which it is rejected, so that memory is bounded."""

_HEADER = re.compile(rb"[\r\n\x0b\x1c](MSH|FHS|BHS|BTS|FTS)(?![A-Za-z0-9 ])")
_LONGEST = 5  # bytes of a match and of what is looked at behind it
_BOM = b"\xef\xbb\xbf"
_UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_VT, _FS = 0x0B, b"\x1c"
_BLANK = b" \t\r\n\x0b\x1c\x1a"


@dataclass(frozen=True)
class Block:
    """A piece of the file that begins with a header or trailer, or what lies before the first of them.

    Attributes:
        offset: its first byte in the (decompressed) file.
        kind: MSH, FHS, BHS, BTS or FTS; empty for what is none of them.
        data: its bytes, without framing.
        ended: whether its last segment is ended: by the frame, or by CR or LF.
        rest: whether anything but white space lies between the end of its frame and the next header.
        overlong: it exceeds `MESSAGE_LIMIT`; `data` is its beginning.
        codec: of `data`, where the file says it by its BOM; else MSH-18 does.
    """

    offset: int
    kind: str
    data: bytes = field(repr=False)
    ended: bool = True
    rest: bool = False
    overlong: bool = False
    codec: str = ""


class Recoded:
    """A stream of UTF-16, as UTF-8."""

    codec = "utf-8"

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)()
        stream.seek(2)  # behind the BOM

    def read(self, size: int) -> bytes:
        """About as many bytes; empty at the end alone.

        Raises:
            Rejected: `undecodable-text`: it is no UTF-16, or cut off within a character.
        """
        try:
            while data := self._stream.read(size):
                if text := self._decoder.decode(data):
                    return text.encode()
            return self._decoder.decode(b"", final=True).encode()
        except UnicodeDecodeError:
            raise Rejected("undecodable-text", "file", "UTF-16, as its BOM says") from None


@contextmanager
def open_messages(place: Place) -> Iterator[BinaryIO | Recoded]:
    """The file's bytes, decompressed where it is gzip, in UTF-8 where its BOM says that it is UTF-16.

    Raises:
        Rejected: `corrupt-gzip` or `undecodable-text`, while it is being read.
    """
    with open_stream(place) as stream:
        yield _recoded(stream)


@contextmanager
def open_stream(place: Place) -> Iterator[BinaryIO]:
    """The file's bytes, decompressed where it is gzip.

    Raises:
        Rejected: `corrupt-gzip`, while it is being read.
    """
    with place.open() as raw:
        magic = raw.read(2)
        raw.seek(0)
        if magic != b"\x1f\x8b":
            yield raw
            return
        try:
            with gzip.GzipFile(fileobj=raw) as stream:
                yield cast(BinaryIO, stream)
        except (gzip.BadGzipFile, EOFError, zlib.error):
            raise Rejected("corrupt-gzip", "file", "a whole gzip file") from None


def _recoded(stream: BinaryIO) -> BinaryIO | Recoded:
    encoding = _UTF16.get(stream.read(2))
    stream.seek(0)
    return Recoded(stream, encoding) if encoding else stream


def read_blocks(stream: BinaryIO | Recoded) -> Iterator[Block]:
    """The blocks of a stream in order, each once; memory is bounded by the longest message."""
    codec = stream.codec if isinstance(stream, Recoded) else ""
    for block in _split(stream):
        yield replace(block, codec=codec) if codec else block


def _split(stream: BinaryIO | Recoded) -> Iterator[Block]:
    pending = _Pending()
    while chunk := stream.read(CHUNK_BYTES):
        yield from pending.add(chunk)
    yield from pending.finish()


class _Pending:
    """What has been read and not yet told. `data` begins with the byte before a block's first."""

    def __init__(self) -> None:
        self.data = bytearray(b"\n")  # so that a header at the very beginning follows a line's end too
        self.offset = -1
        self.begun = False
        self.kind = ""
        self.searched = 0
        self.skipping = False

    def add(self, chunk: bytes) -> Iterator[Block]:
        if not self.begun:
            self.begun = True
            if chunk.startswith(_BOM):
                chunk = chunk[len(_BOM) :]
                self.offset += len(_BOM)
        self.data += chunk
        while found := _HEADER.search(self.data, self.searched, len(self.data) - 1):
            yield from self._cut(found.start(), found[1].decode())
            self.searched = 1
        self.searched = max(self.searched, len(self.data) - _LONGEST)
        if len(self.data) > MESSAGE_LIMIT:
            yield from self._overflow()

    def finish(self) -> Iterator[Block]:
        # a trailer may be the last three bytes of the file, with nothing behind it to look at
        if found := _HEADER.search(self.data, self.searched):
            yield from self._cut(found.start(), found[1].decode())
        yield from self._cut(len(self.data), "")

    def _cut(self, end: int, following: str) -> Iterator[Block]:
        """Tell of the block that ends at `end`, where one of kind `following` begins."""
        if self.skipping:
            self.skipping = False
        elif end > 1:
            # the byte before the next header ends this block, unless it begins a frame
            stop = end if self.data[end : end + 1] == b"\x0b" else end + 1
            yield _block(self.offset + 1, self.kind, bytes(self.data[1:stop]), self.data[0] == _VT)
        del self.data[:end]
        self.offset += end
        self.kind = following

    def _overflow(self) -> Iterator[Block]:
        """Tell of the message once, and forget of it what has been read."""
        if not self.skipping:
            self.skipping = True
            yield Block(self.offset + 1, self.kind, bytes(self.data[1:CHUNK_BYTES]), overlong=True)
        drop = self.searched
        del self.data[:drop]
        self.offset += drop
        self.searched = 0


def _block(offset: int, kind: str, data: bytes, framed: bool) -> Block:
    body, end, rest = data.partition(_FS)
    if framed or end:
        return Block(offset, kind, body, bool(end), bool(rest.strip(_BLANK)))
    whole = data.rstrip(b"\x0b\x00\x1a \t")  # DOS files end in a control-Z
    ended = whole.endswith((b"\r", b"\n"))
    return Block(offset, kind, whole if ended else data, ended)


def is_blank(data: bytes) -> bool:
    """Whether nothing is in it but white space and framing."""
    return not data.strip(_BLANK)
