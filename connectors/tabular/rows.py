"""Rows of a CSV file in batches, each row once: as cells, or rejected with its number.

After RFC 4180, with what files are like: any delimiter, LF, CRLF or CR, quoted line breaks, a byte-order mark. A cell
is quoted where its first character is the quote; a quote that is not closed costs its own line, and the lines after it
are read again.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connectors.tabular.lines import LINE_LIMIT, open_text, read_lines
from contracts.errors import Rejected

if TYPE_CHECKING:
    import pyarrow as pa

    from contracts.protocols import Place

BATCH_CHARACTERS = 1 << 19
BATCH_ROWS = 20_000
PAYLOAD_LIMIT = 1 << 20
_RETRIES = 200
"""So often a broken quote is recovered from; beyond, the file is not what it is said to be."""
_RECOVERY_CHARACTERS = 64 << 20
"""So many characters are read again in all, so that a file of broken quotes costs no more than a few of itself."""
_SURROGATES = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Dialect:
    """How a file is written: `header` false numbers the columns from 1."""

    delimiter: str = ","
    encoding: str = "utf-8"
    header: bool = True
    quote: str = '"'


@dataclass
class Batch:
    """Rows that hold, by their numbers, and those that don't.

    Attributes:
        header: names of the columns as the file writes them.
        numbers: 0-based number of each row after the header.
        cells: one list a row, as long as the header.
        rejected: (number, reason code, raw text) of the other rows.
        first_row: what a spreadsheet calls the row of number 0.
        count: how many rows were met, as they were split.
    """

    header: tuple[str, ...] = field(repr=False)
    first_row: int
    numbers: list[int] = field(default_factory=list)
    cells: list[list[str]] = field(default_factory=list, repr=False)
    rejected: list[tuple[int, str, str]] = field(default_factory=list, repr=False)
    count: int = 0

    def row(self, number: int) -> str:
        """A row's place as a spreadsheet counts: the header is row 1."""
        return f"row {number + self.first_row}"

    def rejections(self) -> Iterator[tuple[str, pa.RecordBatch]]:
        """The rejected rows as a batch of the table `rejected`, if there are any."""
        if self.rejected:
            yield reject_rows([(n, reason, self.row(n), raw) for n, reason, raw in self.rejected])


def reject_rows(rows: list[tuple[int, str, str, str]]) -> tuple[str, pa.RecordBatch]:
    """A batch of the table `rejected` from (record, reason code, place, raw text)."""
    import pyarrow as pa

    from contracts.schemas import REJECTED

    payloads = [raw[:PAYLOAD_LIMIT].encode("utf-8", "backslashreplace") for *_, raw in rows]
    records, reasons, places = ([row[i] for row in rows] for i in range(3))
    columns = [
        pa.array(v, f.type) for v, f in zip([records, reasons, places, payloads], REJECTED, strict=True)
    ]
    return "rejected", pa.RecordBatch.from_arrays(columns, schema=REJECTED)


class _Feeder:
    """Feeds a `csv.reader` and remembers the lines of the record that it is at."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._again: deque[str] = deque()
        self._retries = 0
        self._repeated = 0
        self.current: list[str] = []
        self.held = 0

    def __iter__(self) -> _Feeder:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self.current.append(line)
        self.held += len(line)
        if self.held > LINE_LIMIT and len(self.current) > 1:
            raise csv.Error
        return line

    def begin(self) -> None:
        self.current, self.held = [], 0

    def recover(self) -> str:
        """Give up the record's first line; the others are read again."""
        first, rest = self.current[0], self.current[1:]
        if rest:
            self._retries += 1
            self._repeated += self.held
            if self._retries > _RETRIES or self._repeated > _RECOVERY_CHARACTERS:
                raise Rejected("malformed-csv", "file", "cells whose quotes are closed")
            self._again.extendleft(reversed(rest))
        return first


def read_batches(place: Place, dialect: Dialect) -> Iterator[Batch]:
    """The file's rows in batches of half a MiB, in order. An empty file gives none, a mere header an empty one.

    Reasons of rejected rows: `ragged-row` (too few or too many cells), `malformed-csv` (quotes), `nul-byte`,
    `invalid-encoding` (bytes that are none of the encoding), `row-too-long`. Blank lines are no rows. Empty cells
    beyond the header's are let go.

    Raises:
        Rejected: `corrupt-gzip`, `wrong-encoding`, `malformed-csv` where most of the file is, `no-column-names`,
            `cut-off` where the file ends within its header.
    """
    csv.field_size_limit(max(csv.field_size_limit(), LINE_LIMIT))
    with open_text(place, dialect.encoding) as text:
        feeder = _Feeder(read_lines(text))
        reader = csv.reader(feeder, delimiter=dialect.delimiter, quotechar=dialect.quote, strict=True)
        records = _records(reader, feeder)
        first = next(records, None)
        if first is None:
            return
        if (
            not first[1].endswith(("\n", "\r")) and dialect.header
        ):  # a header that nothing follows, not even its end
            raise Rejected("cut-off", "row 1", "a header and rows; a header alone ends with its line")
        header, pending = _header(first, dialect)
        batch, size, given = Batch(header, 2 if dialect.header else 1), 0, False
        for number, (cells, raw, reason) in enumerate(_chain(pending, records)):
            if cells != []:
                batch.count += 1
                _take(batch, number, cells, raw, reason)
                size += feeder.held
            if size >= BATCH_CHARACTERS or len(batch.numbers) + len(batch.rejected) >= BATCH_ROWS:
                yield _checked(batch)
                batch, size, given = Batch(header, batch.first_row), 0, True
        if batch.numbers or batch.rejected or not given:
            yield _checked(batch)


_Record = tuple[list[str] | None, str, str]
"""Cells, or None with a reason; and the raw text where it may be needed."""


def _chain(pending: list[_Record], records: Iterator[_Record]) -> Iterator[_Record]:
    yield from pending
    yield from records


def _records(reader: Iterator[list[str]], feeder: _Feeder) -> Iterator[_Record]:
    while True:
        feeder.begin()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            first = feeder.recover()
            yield None, first, "row-too-long" if len(first) >= LINE_LIMIT else "malformed-csv"
            continue
        raw = feeder.current[0] if len(feeder.current) == 1 else "".join(feeder.current)
        if len(raw) >= LINE_LIMIT and not raw.endswith(("\n", "\r")):
            yield None, raw, "row-too-long"
        elif "\0" in raw:
            yield None, raw, "nul-byte"
        else:
            yield cells, raw, ""


def _header(first: _Record, dialect: Dialect) -> tuple[tuple[str, ...], list[_Record]]:
    cells = first[0]
    if not dialect.header and cells is not None:
        return tuple(str(i + 1) for i in range(len(cells))), [first]
    if cells is None or not any(cell.strip() for cell in cells) or _SURROGATES.search("".join(cells)):
        raise Rejected("no-column-names", "row 1", "names of columns, in the declared encoding and delimiter")
    while cells and not cells[-1].strip():
        cells = cells[:-1]
    return tuple(cell.strip() for cell in cells), []


def _take(batch: Batch, number: int, cells: list[str] | None, raw: str, reason: str) -> None:
    width = len(batch.header)
    if cells is not None and len(cells) > width and not any(cell.strip() for cell in cells[width:]):
        cells = cells[:width]
    if cells is None or len(cells) != width:
        batch.rejected.append((number, reason or "ragged-row", raw))
    else:
        batch.numbers.append(number)
        batch.cells.append(cells)


def _checked(batch: Batch) -> Batch:
    """The batch without rows that hold bytes of no character. One look at all of them tells whether there are any."""
    try:
        for cells in batch.cells:
            "".join(cells).encode()
    except UnicodeEncodeError:
        pass
    else:
        return batch
    bad = [i for i, cells in enumerate(batch.cells) if _SURROGATES.search("".join(cells))]
    for i in reversed(bad):
        number, cells = batch.numbers.pop(i), batch.cells.pop(i)
        batch.rejected.append((number, "invalid-encoding", "\t".join(cells)))
    batch.rejected.sort()
    return batch
