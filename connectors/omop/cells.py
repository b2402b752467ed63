"""The cells of a block as columns of bytes, and the rows that have too few or too many of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import pyarrow as pa
from pyarrow import csv

from connectors.omop.rows import PAYLOAD_LIMIT, Block
from connectors.omop.tables import Layout
from contracts.errors import Rejected

NULLS = ("", "NULL", "null", "\\N")
"""What exports write where there is no value."""


@dataclass
class Cells:
    """A block, cut into cells.

    Attributes:
        columns: by the CDM's name of each known column, its cells as bytes; null where empty.
        numbers: number of each row in its file (int64, 0-based).
        bad: rows that are none: number, reason, column ("" where it is the row as a whole), the raw row.
        rows: how many rows the block has, good and bad.
    """

    columns: dict[str, pa.Array] = field(repr=False)
    numbers: np.ndarray = field(repr=False)
    bad: list[tuple[int, str, str, bytes]] = field(default_factory=list, repr=False)
    rows: int = 0


def cut_cells(block: Block, layout: Layout, first: int, wanted: tuple[str, ...] = ()) -> Cells:
    """Cut a block into cells.

    Args:
        block: whole rows.
        layout: how the file is laid out.
        first: number of the block's first row in its file.
        wanted: the columns to keep; all known ones where empty.
    """
    if block.overlong:
        nothing = {name: pa.array([], pa.binary()) for name in layout.places if not wanted or name in wanted}
        bad = [(first, "row-too-long", "", block.overlong)]
        return Cells(nothing, np.array([], np.int64), bad, 1)
    names = {name: place for name, place in layout.places.items() if not wanted or name in wanted}
    bad = []
    literal: dict[int, list[bytes]] = {}
    for number, line in block.stray:
        cells = _as_they_stand(line, layout)
        if cells is None:
            bad.append((number, "malformed-csv", "", line[:PAYLOAD_LIMIT]))
        else:
            literal[number] = cells
    ragged: list[tuple[int, bytes]] = []
    table = _parse(block.data, layout, tuple(sorted(set(names.values()))), ragged)
    total = table.num_rows + len(ragged) + len(block.stray)
    clean = _without(np.arange(total), [number for number, _ in block.stray])
    bad += [(int(clean[row]), "ragged-row", "", text) for row, text in ragged]
    good = _without(clean, [int(clean[row]) for row, _ in ragged])
    columns = {name: _one(table[str(place)]) for name, place in names.items()}
    if literal:
        good = np.concatenate([good, np.array(sorted(literal), np.int64)])
        added = {n: [_value(literal[i][p]) for i in sorted(literal)] for n, p in names.items()}
        columns = {n: pa.concat_arrays([c, pa.array(added[n], pa.binary())]) for n, c in columns.items()}
    told = sorted((first + number, reason, column, raw) for number, reason, column, raw in bad)
    return Cells(columns, good + first, told, total)


def _without(numbers: np.ndarray, gone: list[int]) -> np.ndarray:
    return numbers[~np.isin(numbers, gone)] if gone else numbers


def _one(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)


def _value(cell: bytes) -> bytes | None:
    return None if cell.decode("latin-1") in NULLS else cell


def _as_they_stand(line: bytes, layout: Layout) -> list[bytes] | None:
    """The cells of a row with a stray quote, where it has as many as its file's header says."""
    cells = line.rstrip(b"\r\n").split(layout.delimiter.encode())
    if len(cells) != layout.width:
        return None
    return [
        cell[1:-1].replace(b'""', b'"') if len(cell) > 1 and cell[:1] == cell[-1:] == b'"' else cell
        for cell in cells
    ]


def _parse(data: bytes, layout: Layout, places: tuple[int, ...], ragged: list[tuple[int, bytes]]) -> pa.Table:
    """The columns at `places`, named by them; rows of another width go to `ragged` with their place (0-based)."""
    try:
        data.decode()
    except (
        UnicodeDecodeError
    ):  # Arrow tells the text of bad rows as UTF-8 alone: each byte goes as a character
        found: list[tuple[int, bytes]] = []
        table = _parse(data.decode("latin-1").encode(), layout, places, found)
        ragged += [(number, text.decode(errors="ignore").encode("latin-1")) for number, text in found]
        return pa.table({name: _bytes_again(table[name]) for name in table.column_names})
    columns = [str(place) for place in places]
    if not data.strip(b"\r\n"):
        return pa.table({name: pa.array([], pa.binary()) for name in columns})

    def note(row: csv.InvalidRow) -> str:
        ragged.append((row.number - 1, row.text.encode()[:PAYLOAD_LIMIT]))
        return "skip"

    read = csv.ReadOptions(
        use_threads=False, column_names=_labels(layout.width), block_size=min(len(data) + 1, 2**31 - 1)
    )
    parse = csv.ParseOptions(delimiter=layout.delimiter, newlines_in_values=True, invalid_row_handler=note)
    convert = csv.ConvertOptions(
        check_utf8=False,
        column_types=dict.fromkeys(columns, pa.binary()),
        include_columns=columns,
        null_values=list(NULLS),
        strings_can_be_null=True,
    )
    try:
        return csv.read_csv(pa.py_buffer(data), read, parse, convert)
    except pa.ArrowInvalid:
        raise Rejected("malformed-csv", "file", "rows of cells, quoted as RFC 4180 has it") from None


def _bytes_again(column: pa.ChunkedArray) -> pa.Array:
    cells = (None if cell is None else cell.decode().encode("latin-1") for cell in column.to_pylist())
    return pa.array(cells, pa.binary())


@lru_cache(maxsize=32)
def _labels(width: int) -> list[str]:
    return [str(place) for place in range(width)]
