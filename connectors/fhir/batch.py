"""The resources of a stretch of a file, by where they begin: lines, or entries of a Bundle."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pyarrow as pa

from connectors.fhir.lines import PAYLOAD_LIMIT, Chunk
from connectors.fhir.references import has_logical_references
from connectors.fhir.scan import compact
from contracts.schemas import REJECTED

BLANK = b" \t\r\n"
BOM = b"\xef\xbb\xbf"


class Lines:
    """Resources, one after the other in `data`.

    `table` has the columns `line` and `_record`; blank lines are left out, lines that are not UTF-8 are apart
    (`invalid`, by record). `count` is how many there are, valid or not. `versions` says of a record when the export
    states it, where its line does not.
    """

    def __init__(
        self,
        data: bytes,
        bounds: np.ndarray,
        records: np.ndarray,
        told: Callable[[int], str],
        versions: Sequence[str] | None = None,
    ) -> None:
        """
        Args:
            data: the bytes of all of them.
            bounds: where each begins in `data`, and the end (n + 1 values).
            records: where each begins in the file, ascending.
            told: names the place of the one at an index, for people.
            versions: by index, an instant as `columns.instants` writes it; empty where none is known.
        """
        self.data, self.bounds, self.records = data, bounds, records
        self.invalid: list[int] = []
        self._told, self._versions = told, versions
        self.table = self._table()

    @classmethod
    def of_chunk(cls, chunk: Chunk) -> Lines:
        """The lines of a chunk."""
        data = chunk.data
        if chunk.offset == 0 and data.startswith(BOM):
            data = b"   " + data[3:]
        ends = np.flatnonzero(np.frombuffer(data, np.uint8) == 10) + 1
        if not data.endswith(b"\n"):
            ends = np.append(ends, len(data))
        bounds = np.concatenate(([0], ends)).astype(np.int32)
        records = bounds[:-1].astype(np.int64) + chunk.offset

        def told(index: int) -> str:
            return f"byte {records[index]}" if chunk.line is None else f"line {chunk.line + index}"

        return cls(data, bounds, records, told)

    @classmethod
    def of_resources(cls, resources: Sequence[Resource]) -> Lines:
        """Resources from the entries of Bundles: without their indentation, each has the content that its line has."""
        lengths = np.cumsum([len(one.data) for one in resources])
        data, bounds = compact(b"".join(one.data for one in resources), np.concatenate(([0], lengths)))
        records = np.array([one.record for one in resources], np.int64)
        versions = [one.version for one in resources]
        return cls(data, bounds, records, lambda index: resources[index].where, versions)

    def _table(self) -> pa.Table:
        count = len(self.bounds) - 1
        lines = pa.StringArray.from_buffers(count, pa.py_buffer(self.bounds), pa.py_buffer(self.data))
        drop = [int(i) for i in self._doubtful() if not self.at(int(i)).strip(BLANK)]
        self.count = count - len(drop)
        try:
            lines.validate(full=True)
        except pa.ArrowInvalid:
            bad = [i for i in range(count) if not is_utf8(self.at(i))]
            self.invalid = [int(self.records[i]) for i in bad]
            drop += bad
        table = pa.table({"line": lines, "_record": self.records})
        return self._without(table, drop) if drop else table

    def _doubtful(self) -> np.ndarray:
        """Indexes of what may be blank: it begins so, or holds nothing."""
        view = np.frombuffer(self.data, np.uint8)
        if not len(view):
            return np.arange(len(self.bounds) - 1)
        begins = self.bounds[:-1]
        blank = np.isin(view[np.minimum(begins, len(view) - 1)], np.frombuffer(BLANK, np.uint8))
        return np.flatnonzero(blank | (begins == self.bounds[1:]))

    @staticmethod
    def _without(table: pa.Table, drop: list[int]) -> pa.Table:
        keep = np.ones(table.num_rows, bool)
        keep[drop] = False
        return table.filter(pa.array(keep))

    def leave_out(self, records: Sequence[int]) -> None:
        """Take lines out, as if they were blank."""
        at = np.searchsorted(self.table["_record"].to_numpy(), records)
        self.table = self._without(self.table, at.tolist())
        self.count -= len(records)
        blanked = bytearray(self.data)
        for start, end in self._spans(records):
            blanked[start:end] = b" " * (end - start)
        self.data = bytes(blanked)

    def _spans(self, records: Sequence[int]) -> Iterator[tuple[int, int]]:
        at = np.searchsorted(self.records, records)
        return zip(self.bounds[at].tolist(), self.bounds[at + 1].tolist(), strict=True)

    @cached_property
    def has_logical(self) -> bool:
        """Whether a reference by identifier may be among them."""
        return has_logical_references(self.data)

    def at(self, index: int) -> bytes:
        """The bytes at an index."""
        return self.data[self.bounds[index] : self.bounds[index + 1]]

    def index(self, record: int) -> int:
        """The index of a record."""
        return int(np.searchsorted(self.records, record))

    def raw(self, record: int) -> bytes:
        """The bytes of the resource that begins at `record`, without surrounding white space."""
        return self.at(self.index(record)).strip(BLANK)

    def raws(self, records: pa.ChunkedArray) -> list[bytes]:
        """The bytes of the resources that begin at `records`, without surrounding white space."""
        data = self.data
        return [data[start:end].strip(BLANK) for start, end in self._spans(records.to_numpy())]

    def around(self, place: int) -> int:
        """The index of what lies around a byte of `data`."""
        return int(np.searchsorted(self.bounds, place, side="right")) - 1

    def where(self, record: int) -> str:
        """Where a record is, for people: `line N`, `entry N`, or `byte N` where no number is known."""
        return self._told(self.index(record))

    def versions(self, records: pa.Array) -> pa.Array | None:
        """When the export states each of these records, empty where it does not say; None where it says it of none."""
        if self._versions is None or not any(self._versions):
            return None
        at = np.searchsorted(self.records, records.to_numpy())
        return pa.array(self._versions, pa.string()).take(pa.array(at))

    def stated(self, index: int) -> str:
        """When the export states what is at an index; empty where it does not say."""
        return self._versions[index] if self._versions is not None else ""

    def reject(self, records: list[int], reason: str) -> tuple[str, pa.Table]:
        """Rows of `rejected` for these records."""
        return rejections([(r, reason, self.where(r), self.raw(r)) for r in records])


@dataclass(frozen=True)
class Resource:
    """One resource out of a Bundle: its entry's place in the file, when it was stated so, and its bytes."""

    record: int
    data: bytes = field(repr=False)
    where: str
    version: str = ""


@dataclass(frozen=True)
class Deleted:
    """A statement that a record is no more: where it stands, of what, and since when."""

    record: int
    kind: str
    identifier: str = field(repr=False)
    version: str = ""


@dataclass
class Batch:
    """What a stretch of a file says, each record once.

    Attributes:
        lines: resources to be read.
        deleted: records that are no more.
        rejected: (record, reason, where, payload).
        ignored: (record, type).
        count: how many records were met, whatever is made of them.
    """

    lines: Lines | None = None
    deleted: list[Deleted] = field(default_factory=list)
    rejected: list[tuple[int, str, str, bytes]] = field(default_factory=list, repr=False)
    ignored: list[tuple[int, str]] = field(default_factory=list)
    count: int = 0


def rejections(found: Sequence[tuple[int, str, str, bytes]]) -> tuple[str, pa.Table]:
    """Rows of `rejected` for (record, reason, where, payload)."""
    columns = [
        [record for record, *_ in found],
        [reason for _, reason, *_ in found],
        [where for *_, where, _ in found],
        [payload[:PAYLOAD_LIMIT] for *_, payload in found],
    ]
    return "rejected", pa.table(dict(zip(REJECTED.names, columns, strict=True)), schema=REJECTED)


def is_utf8(data: bytes) -> bool:
    """Whether the bytes are UTF-8."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
