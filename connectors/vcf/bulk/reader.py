"""Read a file of VCF text in bulk, a chunk at a time; the plain path reads what the kernels cannot vouch for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
import pyarrow as pa

from connectors.vcf.bulk.calls import PADDING
from connectors.vcf.bulk.chunk import Chunk
from connectors.vcf.bulk.layout import CallLayout, InfoLayout, Seen
from connectors.vcf.fields import Fields
from connectors.vcf.plain import PlainLines
from connectors.vcf.rows import PAYLOAD_LIMIT, digested
from contracts.schemas import REJECTED
from contracts.schemas.vcf import RECORD

if TYPE_CHECKING:
    from pysam import VariantHeader

    from connectors.vcf.raw import RawFile
    from connectors.vcf.validity.reading import Admission
    from contracts.keys import Key

CHUNK_BYTES = 4 << 20
WIDE_BYTES = 8 << 20
"""Where a line is long, so that a chunk has few records, columns take little more than the text does."""
_WIDE = 20
_CELLS = 1 << 20
_NEWLINE, _RETURN, _SPACE = 10, 13, 32
_PAD = b"\n" * PADDING
Lines = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def chunk_lines(stream: BinaryIO, first: int, size: int = CHUNK_BYTES) -> Iterator[Lines]:
    """Whole lines, about `size` bytes at a time; blank lines are passed over.

    Yields:
        The bytes; where lines begin; where they end, without their end of line; their numbers in the file.

    Raises:
        EOFError, gzip.BadGzipFile, zlib.error: what the stream raises.
    """
    rest, number = b"", first
    while True:
        block = stream.read(size)
        text = b"".join((rest, block, _PAD))
        whole = text.rfind(b"\n", 0, len(text) - PADDING) + 1 if block else len(text) - PADDING
        if whole:
            data = np.frombuffer(text, np.uint8)
            breaks = np.flatnonzero(data[:whole] == _NEWLINE).astype(np.int32)
            if not block and (not len(breaks) or breaks[-1] != whole - 1):
                breaks = np.append(breaks, np.int32(whole))
            starts = np.concatenate([np.zeros(1, np.int32), breaks[:-1] + 1]).astype(np.int32)
            ends = breaks - ((breaks > starts) & (data[breaks - 1] == _RETURN))
            numbers = np.arange(number, number + len(breaks), dtype=np.int64)
            number += len(breaks)
            blank = _blank(data, starts, ends)
            if blank.any():
                starts, ends, numbers = starts[~blank], ends[~blank], numbers[~blank]
            if len(starts):
                yield data, starts, ends.astype(np.int32), numbers
        rest = text[whole : len(text) - PADDING]
        if not block:
            return


def _blank(data: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    blank = ends == starts
    for i in np.flatnonzero(~blank & (data[np.minimum(starts, len(data) - 1)] <= _SPACE)):
        blank[i] = not data[starts[i] : ends[i]].tobytes().strip()
    return np.asarray(blank)


class BulkReader:
    """Reads the records of a file of VCF text whose header is known.

    Args:
        raw: the file, its stream at the first record.
        header: its header as htslib reads it.
        key: what digests are keyed by.
        admission: tells which lines are to be read.
    """

    def __init__(self, raw: RawFile, header: VariantHeader, key: Key | None, admission: Admission) -> None:
        self.admission = admission
        self.samples = len(header.samples)
        self.fields = Fields(header)
        self.info, self.calls = InfoLayout(self.fields), CallLayout(self.fields)
        self.seen = Seen(self.calls)
        self.key = key
        self.raw = raw
        self.met = 0
        self.plain = PlainLines(raw.header)
        cells = max(self.samples, len(self.info.fields), 1)
        self.limit = max(1, _CELLS // cells)

    def batches(self) -> Iterator[tuple[str, pa.RecordBatch]]:
        """`vcf.record` and `rejected`, in the file's order."""
        index = 0
        size = WIDE_BYTES if self.samples >= _WIDE else CHUNK_BYTES
        for data, starts, ends, numbers in chunk_lines(self.raw.stream, self.raw.header_lines + 1, size):
            self.met += len(starts)
            for begin in range(0, len(starts), self.limit):
                part = slice(begin, begin + self.limit)
                yield from self._read(data, starts[part], ends[part], numbers[part], index)
                index += len(numbers[part])
            pa.default_memory_pool().release_unused()

    def _read(
        self, data: np.ndarray, starts: np.ndarray, ends: np.ndarray, numbers: np.ndarray, index: int
    ) -> Iterator[tuple[str, pa.RecordBatch]]:
        records = np.arange(index, index + len(starts), dtype=np.int64)
        admitted, told = self.admission.admit(data, starts, ends, numbers)
        if told:
            yield "rejected", _rejections(data, starts, ends, records, told)
            starts, ends, numbers, records = (a[admitted] for a in (starts, ends, numbers, records))
        if not len(starts):
            return
        chunk = Chunk(data, starts, ends, self.samples, self.info, self.calls, self.seen)
        if data.view(np.int8).min() <= 0:  # what is not ASCII, and NUL
            odd = np.add.reduceat((data.view(np.int8) <= 0).astype(np.int32), starts)
            chunk.doubtful |= (odd > 0).astype(np.uint8)
        columns = {"_record": pa.array(records), "_digest": pa.array(records), **chunk.columns()}
        batch = _as_batch(columns)
        rejected = None
        if chunk.doubtful.any():
            doubtful = np.flatnonzero(chunk.doubtful)
            lines = [_as_it_stands(data, starts[i], ends[i]) for i in doubtful]
            plain, rejected = self.plain.read(lines, records[doubtful], numbers[doubtful])
            batch = _merge(batch, chunk.doubtful == 0, plain)
        if batch.num_rows:
            yield "vcf.record", digested(batch, self.key)
        if rejected is not None:
            yield "rejected", rejected


def _rejections(
    data: np.ndarray,
    starts: np.ndarray,
    ends: np.ndarray,
    records: np.ndarray,
    told: list[tuple[int, str, str]],
) -> pa.RecordBatch:
    """What the rules hold back, as rows of REJECTED."""
    lines = [_as_it_stands(data, starts[i], ends[i])[:PAYLOAD_LIMIT] for i, _, _ in told]
    columns = [[int(records[i]) for i, _, _ in told], [r for _, r, _ in told], [w for _, _, w in told], lines]
    return pa.RecordBatch.from_pydict(dict(zip(REJECTED.names, columns, strict=True)), REJECTED)


def _as_it_stands(data: np.ndarray, start: int, end: int) -> bytes:
    """A line with its end of line; one that the file does not end is ended."""
    stop = end + 1 if data[end] == _NEWLINE else end + 2
    return bytes(data[start:stop].tobytes())


def _as_batch(columns: dict[str, pa.Array]) -> pa.RecordBatch:
    fields = [RECORD.field(n) if n in RECORD.names else pa.field(n, a.type) for n, a in columns.items()]
    return pa.RecordBatch.from_arrays(list(columns.values()), schema=pa.schema(fields, RECORD.metadata))


def _merge(batch: pa.RecordBatch, vouched: np.ndarray, plain: pa.RecordBatch | None) -> pa.RecordBatch:
    """The records that are vouched for and those that were read plainly, in order."""
    batch = batch.filter(pa.array(vouched))
    if plain is None:
        return batch
    both = pa.concat_tables(
        [pa.Table.from_batches([one]) for one in (batch, plain)], promote_options="default"
    )
    both = both.sort_by("_record").combine_chunks()
    extra = sorted(set(both.schema.names) - set(batch.schema.names))
    both = both.select([*batch.schema.names, *extra])
    return both.to_batches()[0] if both.num_rows else batch
