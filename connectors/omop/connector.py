"""The OMOP connector: CDM 5.3 and 5.4 exports as CSV, a table a file, in a folder or an archive."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar

from connectors.listing import list_with_members
from contracts.schemas.omop_source import ERAS, TABLES, VOCABULARY
from contracts.units import WHOLE, Discovery, Part, Source

if TYPE_CHECKING:
    import pyarrow as pa

    from connectors.omop.reading import Opened
    from contracts.identity import Identity
    from contracts.protocols import Finding, Place, Reading

STRAY = "stray-file"
_COUNTED = 100_000


class OmopConnector:
    """Reads exports of the OMOP CDM. Rows belong to the record (authority, table, key), since exports are renamed.

    A file is read as a stream in blocks of whole rows; `_record` is the number of a row in its file. Options of a
    source: `person_id = "mrn"` where `person_id` is the authority's patient number, `person_source_value = "mrn"` where
    that is; else persons are joined to those of other sources by a crosswalk alone.
    """

    kind: ClassVar[str] = "omop"
    version: ClassVar[str] = "2"
    ownership: ClassVar[str] = "record"
    tables: ClassVar[dict[str, pa.Schema]] = TABLES

    def discover(self, source: Source, checkpoint: str) -> Discovery:
        """List the source's files and the members of its archives, strays too: they are counted.

        Raises:
            Fatal: an archive of a snapshot cannot be read; all that it held would seem to be gone.
        """
        return Discovery(list_with_members(source.location, strict=source.snapshot), checkpoint)

    def parts(self, reading: Reading) -> Sequence[Part]:
        """The whole file: it cannot be entered in the middle, since a quoted cell may hold line breaks."""
        return [WHOLE]

    def identities(self, reading: Reading) -> Iterator[Identity]:
        """Every person of the file. PERSON and DEATH give traits: numbers, dates, addresses from LOCATION beside."""
        from connectors.omop.identities import find_identities
        from connectors.omop.reading import open_table

        with open_table(reading.place) as opened:
            if opened is not None and _is_carried(opened):
                yield from find_identities(opened, reading)

    def read(self, reading: Reading, part: Part) -> Iterator[tuple[str, pa.RecordBatch]]:
        """The rows of a file; rows of vocabularies and eras, and stray files, are counted as ignored.

        Raises:
            Rejected: `missing-column` (a header without the table's key), `invalid-utf8` (in the header),
                `corrupt-gzip`, `malformed-csv`, `corrupt-archive`, `encrypted-archive`, `unsafe-archive`,
                `unsupported-archive`, `archive-bomb`, `nested-archive`.
        """
        from connectors.omop.reading import open_table
        from contracts.schemas import count_records

        with open_table(reading.place) as opened:
            if opened is None:
                if reading.place.size:
                    yield "ignored", _ignored(0, 1, STRAY)
                yield count_records(int(reading.place.size > 0))
            elif _is_carried(opened):
                yield from _read_rows(opened, reading)
            else:
                yield from _count_rows(opened)

    def check(self, place: Place) -> Iterator[Finding]:
        """Preflight of a file or an archive; see `connectors.omop.preflight`."""
        from connectors.omop.preflight import check_place

        return check_place(place)


def _is_carried(opened: Opened) -> bool:
    return opened.layout.table not in (*ERAS, *VOCABULARY)


def _read_rows(opened: Opened, reading: Reading) -> Iterator[tuple[str, pa.RecordBatch]]:
    from connectors.omop.beside import release_date
    from connectors.omop.cells import cut_cells
    from connectors.omop.identities import system_of
    from connectors.omop.rows import read_blocks, rows_in
    from connectors.omop.shape import Context, shape_rows
    from connectors.omop.terms import name_vocabularies
    from connectors.omop.typed import tell_rejected, type_cells
    from contracts.schemas import count_records

    layout = opened.layout
    version = release_date(reading)
    context = Context(reading.authority, system_of(reading), reading.key, version, layout)
    number = met = 0
    for block in read_blocks(opened.stream, opened.rest, layout.delimiter):
        met += rows_in(block)
        cells = cut_cells(block, layout, number)
        number += cells.rows
        frame, bad = type_cells(cells, layout.table)
        rejected = tell_rejected([*cells.bad, *bad])
        if frame.height:
            yield shape_rows(name_vocabularies(frame, layout.table, reading), context)
        if rejected is not None:
            yield "rejected", rejected
    yield count_records(met)


def _count_rows(opened: Opened) -> Iterator[tuple[str, pa.RecordBatch]]:
    from connectors.omop.rows import count_rows
    from contracts.schemas import count_records

    table = opened.layout.table
    kind = "vocabulary" if table in VOCABULARY else f"{table}: derived anew"
    number = 0
    for rows in count_rows(opened.stream, opened.rest, opened.layout.delimiter):
        for start in range(0, rows, _COUNTED):
            count = min(_COUNTED, rows - start)
            yield "ignored", _ignored(number + start, count, kind)
        number += rows
    yield count_records(number)


def _ignored(first: int, count: int, kind: str) -> pa.RecordBatch:
    import pyarrow as pa

    from contracts.schemas import IGNORED

    numbers = pa.array(range(first, first + count), pa.int64())
    return pa.RecordBatch.from_arrays([numbers, pa.array([kind] * count, pa.string())], schema=IGNORED)
