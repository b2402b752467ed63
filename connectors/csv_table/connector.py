"""The CSV connector: files of any table, by a mapping that the site writes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from connectors.listing import list_files
from contracts.schemas.csv_table import TABLES
from contracts.units import WHOLE, Discovery, Listed, Part, Source

if TYPE_CHECKING:
    import pyarrow as pa

    from contracts.identity import Identity
    from contracts.protocols import Finding, Place, Reading

_PLAIN = (".csv", ".tsv", ".txt", ".tab", ".psv", ".dat")
SUFFIXES = (*_PLAIN, *(f"{suffix}.gz" for suffix in _PLAIN))


class CsvConnector:
    """Reads delimited text by mapping files. Rows belong to the record (authority, target, id), or their content.

    A row gives a record for each block of its mapping that takes it, so `_record` is the row's number times the number
    of blocks, and the block's place; a row that no block takes is ignored, and counted.
    """

    kind: ClassVar[str] = "csv"
    version: ClassVar[str] = "1"
    ownership: ClassVar[str] = "record"
    tables: ClassVar[dict[str, pa.Schema]] = TABLES

    def discover(self, source: Source, checkpoint: str) -> Discovery:
        """List the source's files of delimited text.

        A file's stamp holds that of the mapping files, since they say who is in it.

        Raises:
            Fatal: a mapping file outside of the source's folder is not legal.
        """
        from connectors.csv_table.finding import mapping_paths
        from connectors.csv_table.mapping import load_mapping

        paths = mapping_paths(source)
        for path in paths:
            if path.parent != Path(source.location):  # those among the exports are opened when they are read
                load_mapping(path)
        marks = ",".join(f"{stat.st_size}.{stat.st_mtime_ns}" for stat in (path.stat() for path in paths))
        found = list_files(source.location, SUFFIXES)
        return Discovery(tuple(_marked(item, marks) for item in found), checkpoint)

    def components(self, source: Source) -> dict[str, str]:
        """What besides the connector's version decides how a source is read: its mapping files."""
        from connectors.csv_table.finding import digest_mappings

        return {"columns": digest_mappings(source)}

    def parts(self, reading: Reading) -> Sequence[Part]:
        """The whole file, which is read as a stream: quoted cells may hold line breaks, so it has no other entrance."""
        return [WHOLE]

    def identities(self, reading: Reading) -> Iterator[Identity]:
        """The patients whom the file's rows are about, with what the mapping's `[hide]` names."""
        from connectors.csv_table.identities import find_identities
        from connectors.csv_table.read import authority_of, mapping_of, moments_of
        from connectors.tabular.rows import read_batches

        mapping = mapping_of(reading)
        if mapping.ignore:
            return
        seen: set[int] = set()
        for batch in read_batches(reading.place, mapping.dialect):
            authority = authority_of(reading, mapping)
            yield from find_identities(batch, mapping, authority, moments_of(reading, mapping), seen)

    def read(self, reading: Reading, part: Part) -> Iterator[tuple[str, pa.RecordBatch]]:
        """The file's records.

        Raises:
            Rejected: `no-mapping`, `missing-column`, `duplicate-column`, `no-column-names`, `cut-off`, `corrupt-gzip`,
                `wrong-encoding`, or `malformed-csv` where quotes are broken all over the file.
            Fatal: a mapping file is not legal, or two take one file.
        """
        from connectors.csv_table.read import mapping_of, read_records

        return read_records(reading, mapping_of(reading))

    def check(self, place: Place) -> Iterator[Finding]:
        """Preflight of one file, by a mapping that lies beside it or in the overlay."""
        from connectors.csv_table.preflight import check_file, mappings_of

        return check_file(place, mappings_of(place))


def _marked(item: Listed, marks: str) -> Listed:
    return replace(item, stamp=replace(item.stamp, identity=f"{item.stamp.identity}:{marks}"))
