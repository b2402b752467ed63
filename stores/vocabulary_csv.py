"""The tables of a vocabulary download: a folder or a zip, as Athena ships it or as an OMOP export has it.

Athena's files are separated by tabs and not quoted: quotes in names are unbalanced, and now and then there is a tab in
one. Those of an OMOP export are comma-separated and quoted. The header tells which is which.
"""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, cast

import pyarrow as pa

from contracts.errors import Fatal

PLACE = "vocabulary download"
_SUFFIXES = (".csv", ".tsv", ".txt", ".csv.gz")
_LEGAL = "the folder or zip that athena.ohdsi.org sends, or the vocabulary tables of an OMOP export"
_BLOCK_BYTES = 2 << 20
_FREE_TEXT = {
    "concept": "concept_name",
    "concept_cpt4": "concept_name",
    "concept_synonym": "concept_synonym_name",
    "vocabulary": "vocabulary_name",
}
"""The column of each table in which a tab may stand."""

Progress = Callable[[int, int], None]


@dataclass
class Download:
    """The tables of one download.

    Attributes:
        tables: by name in lower case, what opens it and how many bytes it has.
        left_out: lines that could not be read, by table.
    """

    tables: dict[str, tuple[Callable[[], IO[bytes]], int]]
    left_out: dict[str, int] = field(default_factory=dict)
    progress: Progress | None = None
    _done: int = 0

    def __contains__(self, table: str) -> bool:
        return table in self.tables

    def batches(self, table: str, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """A table's columns as text, in bounded memory.

        Raises:
            Fatal: the table or a column is not there, or the file is damaged or not UTF-8.
        """
        opener, _ = self.tables[table]
        try:
            with opener() as raw:
                header = raw.readline().decode("utf-8-sig", errors="replace").rstrip("\r\n")
            separator = "\t" if "\t" in header else ","
            names = [name.strip().strip('"').lower() for name in header.split(separator)]
            if missing := [name for name in columns if name not in names]:
                raise Fatal(f"the table has no column {missing[0]}", f"{PLACE}: {table}", _LEGAL)
            with opener() as raw:
                counted = cast(IO[bytes], _Counted(raw, self._count))
                yield from self._read(table, counted, names, separator, columns)
        except (pa.ArrowInvalid, zipfile.BadZipFile, zlib.error, EOFError):
            raise Fatal(
                "the file is damaged, cut off or not UTF-8", f"{PLACE}: {table}", "download it again"
            ) from None

    def _read(
        self, table: str, raw: IO[bytes], names: list[str], separator: str, columns: Sequence[str]
    ) -> Iterator[pa.RecordBatch]:
        from pyarrow import csv

        ragged = _Ragged(names, names.index(_FREE_TEXT[table]) if table in _FREE_TEXT else None, separator)
        reader = csv.open_csv(
            raw,
            csv.ReadOptions(use_threads=False, block_size=_BLOCK_BYTES, column_names=names, skip_rows=1),
            csv.ParseOptions(
                delimiter=separator,
                quote_char=False if separator == "\t" else '"',
                newlines_in_values=separator == ",",
                invalid_row_handler=ragged,
            ),
            csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                include_columns=list(columns),
                strings_can_be_null=False,
            ),
        )
        yield from reader
        if ragged.mended:
            rows = [[row[names.index(name)] for row in ragged.mended] for name in columns]
            yield pa.record_batch([pa.array(cells, pa.string()) for cells in rows], names=list(columns))
        self.left_out[table] = self.left_out.get(table, 0) + ragged.left_out

    def _count(self, size: int) -> None:
        self._done += size
        if self.progress:
            self.progress(self._done, sum(size for _, size in self.tables.values()))


class _Ragged:
    """Lines with another number of cells: a tab too many belongs to the name, anything else is left out."""

    def __init__(self, names: list[str], free_text: int | None, separator: str) -> None:
        self.names, self.free_text, self.separator = names, free_text, separator
        self.mended: list[list[str]] = []
        self.left_out = 0

    def __call__(self, row: Any) -> str:
        cells = str(row.text).rstrip("\r\n").split(self.separator)
        extra, at = len(cells) - len(self.names), self.free_text
        if extra > 0 and at is not None and self.separator == "\t":
            self.mended.append([*cells[:at], " ".join(cells[at : at + extra + 1]), *cells[at + extra + 1 :]])
        else:
            self.left_out += 1
        return "skip"


class _Counted:
    """A file whose reads are counted."""

    def __init__(self, raw: IO[bytes], count: Callable[[int], None]) -> None:
        self._raw, self._count, self.closed = raw, count, False

    def read(self, size: int = -1) -> bytes:
        data = self._raw.read(size)
        self._count(len(data))
        return data

    def close(self) -> None:
        self.closed = True

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def writable(self) -> bool:
        return False


def open_download(path: Path, wanted: Sequence[str], progress: Progress | None = None) -> Download:
    """The tables `wanted` (lower case) that a folder or zip holds; what else lies there is left alone.

    Raises:
        Fatal: there is nothing at the path, or a table that is needed is not in it.
    """
    if path.is_dir():
        files = {_table_of(p.name): p for p in sorted(path.rglob("*")) if p.is_file() and _is_table(p.name)}
        tables = {name: (_opener(file), file.stat().st_size) for name, file in files.items()}
    elif zipfile.is_zipfile(path):
        archive = zipfile.ZipFile(path)
        tables = {
            _table_of(Path(entry.filename).name): (_member(archive, entry), entry.file_size)
            for entry in archive.infolist()
            if _is_table(Path(entry.filename).name) and "__MACOSX" not in entry.filename
        }
    else:
        raise Fatal("this is neither a folder nor a zip", PLACE, _LEGAL)
    for name in ("concept", "concept_relationship"):
        if name not in tables:
            raise Fatal(f"there is no table {name.upper()} in it", PLACE, _LEGAL)
    return Download({name: tables[name] for name in wanted if name in tables}, progress=progress)


def _is_table(name: str) -> bool:
    return name.lower().endswith(_SUFFIXES) and not name.startswith(".")


def _table_of(name: str) -> str:
    return name.lower().partition(".")[0]


def _opener(path: Path) -> Callable[[], IO[bytes]]:
    if path.suffix.lower() == ".gz":
        return lambda: cast(IO[bytes], gzip.open(path, "rb"))
    return lambda: path.open("rb")


def _member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Callable[[], IO[bytes]]:
    return lambda: archive.open(entry)
