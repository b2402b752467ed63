"""Rows of records set apart by record, so that a source of any size is judged a slice at a time.

A record's owner says which slice it lies in, so all that is stated of it meets there. Where one slice holds all,
nothing is written; otherwise each slice is a file, in a folder that is gone afterwards. What a killed round left there
goes with the next one.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Self

import polars as pl
import pyarrow as pa

SLICE_ROWS = 60_000
"""How many rows a slice is meant to hold: some 70 MB while they are judged."""
_MOST = 256
"""As many files are open at once; beyond some 15 million records, slices grow."""
_BUFFER_ROWS = SLICE_ROWS


def slices_for(rows: int) -> int:
    """Into how many slices that many rows are set apart."""
    return min(_MOST, max(1, -(-rows // SLICE_ROWS)))


class Slices:
    """A context manager over one folder.

    Args:
        folder: made when needed, and removed at both ends.
        count: how many slices there are.
    """

    def __init__(self, folder: Path, count: int) -> None:
        self.count = count
        self._folder = folder

    def __enter__(self) -> Self:
        shutil.rmtree(self._folder, ignore_errors=True)
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def divide(self, name: str, frames: Iterable[pl.DataFrame]) -> Divided:
        """Set these rows apart by `_owner`; `name` tells them from others of the same folder."""
        if self.count == 1:
            held = list(frames)
            return Divided([pl.concat(held)] if held else [])
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        sinks: dict[int, pa.ipc.RecordBatchStreamWriter] = {}
        try:
            for frame in _gathered(frames):
                for number, part in self._parts(frame):
                    rows = part.to_arrow(compat_level=pl.CompatLevel.oldest())
                    if number not in sinks:
                        sinks[number] = pa.ipc.new_stream(self._path(name, number), rows.schema)
                    sinks[number].write_table(rows)
        finally:
            for sink in sinks.values():
                sink.close()
        return Divided([self._path(name, n) if n in sinks else None for n in range(self.count)])

    def kept(self, name: str, number: int, frame: pl.DataFrame) -> Path | pl.DataFrame:
        """Put a frame aside until it is asked for."""
        if self.count == 1:
            return frame
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._path(name, number)
        rows = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
        with pa.ipc.new_stream(path, rows.schema) as sink:
            sink.write_table(rows)
        return path

    def _parts(self, frame: pl.DataFrame) -> Iterator[tuple[int, pl.DataFrame]]:
        number = (pl.col("_owner").reinterpret(signed=False) % self.count).cast(pl.Int64)
        for (key,), part in frame.group_by(number.alias("slice"), maintain_order=True):
            yield int(str(key)), part

    def _path(self, name: str, number: int) -> Path:
        return self._folder / f"{name}.{number}.arrow"


class Divided:
    """Rows by slice: at hand, in a file, or none."""

    def __init__(self, parts: Sequence[Path | pl.DataFrame | None]) -> None:
        self._parts = parts

    def read(self, number: int) -> pl.DataFrame | None:
        """The rows of a slice, in the order in which they came; None where it has none."""
        part = self._parts[number] if number < len(self._parts) else None
        return part if part is None or isinstance(part, pl.DataFrame) else load(part)


def load(kept: Path | pl.DataFrame) -> pl.DataFrame:
    """A frame that was put aside."""
    if isinstance(kept, pl.DataFrame):
        return kept
    with pa.ipc.open_stream(kept) as stream:
        frame = pl.from_arrow(stream.read_all())
    assert isinstance(frame, pl.DataFrame)
    return frame


def _gathered(frames: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Small frames joined, so that no slice is written in crumbs."""
    held: list[pl.DataFrame] = []
    for frame in frames:
        held.append(frame)
        if sum(one.height for one in held) >= _BUFFER_ROWS:
            yield pl.concat(held)
            held = []
    if held:
        yield pl.concat(held)
