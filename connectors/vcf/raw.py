"""A VCF or BCF file as raw records, beside htslib's: line numbers, payloads, and whether the file is whole.

htslib stops without a word where a plain gzip stream ends early, and parses leniently. Walking the raw records at its
side tells what it left out or changed.
"""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast

from contracts.errors import Rejected

GZIP_MAGIC = b"\x1f\x8b"
BCF_MAGIC = b"BCF\x02"
_EOF_MARKER = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
_HEADER_LIMIT = 64 << 20
_RECORD_LIMIT = 1 << 30


@dataclass
class RawFile:
    """An opened file, its header read.

    Attributes:
        is_bcf: BCF, else text.
        is_plain_gzip: compressed, but not by bgzip.
        header: the header's text with the #CHROM line, as it stands.
        header_lines: lines before the first record.
        count: how many records were met so far; blank lines are none.
    """

    is_bcf: bool
    is_plain_gzip: bool
    header: bytes = field(repr=False)
    header_lines: int
    stream: BinaryIO = field(repr=False)
    count: int = 0

    def records(self) -> Iterator[tuple[int, bytes]]:
        """Each record's line number (for BCF its ordinal, from 1) and its bytes; blank lines too.

        Raises:
            Rejected: `truncated-file` or `corrupt-gzip`.
        """
        with telling_damage():
            lines = enumerate(self.stream, self.header_lines + 1)
            for number, data in _read_bcf_records(self.stream) if self.is_bcf else lines:
                self.count += self.is_bcf or bool(data.strip())
                yield number, data


@contextmanager
def open_raw(path: Path) -> Iterator[RawFile]:
    """Open a file and read its header.

    Raises:
        Rejected: `empty-file`, `truncated-file`, `corrupt-gzip`, or `malformed-header` where no #CHROM line is.
    """
    with path.open("rb") as plain:
        compression = _require_whole(plain)
        stream = cast(BinaryIO, gzip.GzipFile(fileobj=plain)) if compression else plain
        with telling_damage():
            start = stream.read(len(BCF_MAGIC) + 1)
            if not start:
                raise Rejected("empty-file", "file", "a VCF header, at least")
            is_bcf = start.startswith(BCF_MAGIC)
            header = _read_bcf_header(stream) if is_bcf else _read_text_header(stream, start)
        yield RawFile(is_bcf, compression == "gzip", header, header.count(b"\n"), stream)


@contextmanager
def telling_damage() -> Iterator[None]:
    """Turn what a broken stream raises into rejections."""
    try:
        yield
    except EOFError:
        raise Rejected("truncated-file", "file", "the whole file: copy it again") from None
    except (gzip.BadGzipFile, zlib.error):
        raise Rejected("corrupt-gzip", "file", "the file as it was written: copy it again") from None


def malformed_header() -> Rejected:
    """The rejection of a file whose header cannot be read."""
    legal = "##fileformat=VCFv4.x, meta-information lines, then the #CHROM line with distinct sample names"
    return Rejected("malformed-header", "header", legal)


def _require_whole(plain: BinaryIO) -> str:
    """How the file is compressed: "bgzip", "gzip" or "". bgzip must end in its empty block (SAMv1, section 4.1.2)."""
    start = plain.read(18)
    is_gzip = start.startswith(GZIP_MAGIC)
    is_bgzip = is_gzip and start[3:4] == b"\x04" and start[12:14] == b"BC"
    if is_bgzip:
        plain.seek(0, 2)
        plain.seek(max(0, plain.tell() - len(_EOF_MARKER)))
        if plain.read() != _EOF_MARKER:
            raise Rejected("truncated-file", "file", "the whole file, with bgzip's end marker: copy it again")
    plain.seek(0)
    return "bgzip" if is_bgzip else "gzip" if is_gzip else ""


def _read_text_header(stream: BinaryIO, start: bytes) -> bytes:
    """Lines up to and with the first that begins with one '#' alone, which is where htslib ends a header."""
    lines, size = [start if start.endswith(b"\n") else start + stream.readline()], 0
    while not (lines[-1].startswith(b"#") and not lines[-1].startswith(b"##")):
        line = stream.readline()
        size += len(line)
        if not line or size > _HEADER_LIMIT or (line.strip() and not line.startswith(b"#")):
            raise malformed_header()
        lines.append(line)
    return b"".join(lines)


def _read_bcf_header(stream: BinaryIO) -> bytes:
    (length,) = struct.unpack("<I", _exactly(stream, 4))
    if length > _HEADER_LIMIT:
        raise malformed_header()
    return _exactly(stream, length).rstrip(b"\0")


def _read_bcf_records(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Records by their two lengths (VCF 4.5, section 6.3)."""
    number = 0
    while lengths := stream.read(8):
        number += 1
        if len(lengths) < 8:
            raise EOFError
        shared, individual = struct.unpack("<II", lengths)
        if shared + individual > _RECORD_LIMIT:
            raise Rejected("corrupt-bcf", f"record {number}", "the file as it was written: copy it again")
        yield number, lengths + _exactly(stream, shared + individual)


def _exactly(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return data
