"""The Synthea connector: a folder of CSV files, one for each kind of record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar

from connectors.listing import list_files
from contracts.schemas.synthea import TABLES
from contracts.units import WHOLE, Discovery, Part, Source

if TYPE_CHECKING:
    import pyarrow as pa

    from contracts.identity import Identity
    from contracts.protocols import Finding, Place, Reading

SUFFIXES = (".csv", ".csv.gz")


class SyntheaConnector:
    """Reads Synthea's CSV export. Rows belong to the record (authority, table, key of the row).

    A patient's id is the authority's patient number. `_record` is the row's number. Rows without an id of their own are
    told apart by patient, encounter, code, start and what else no later export of the row changes, so that an end that
    comes to be known makes a newer version of the row, and a row that comes twice is one.
    """

    kind: ClassVar[str] = "synthea"
    version: ClassVar[str] = "1"
    ownership: ClassVar[str] = "record"
    tables: ClassVar[dict[str, pa.Schema]] = TABLES

    def discover(self, source: Source, checkpoint: str) -> Discovery:
        """List the source's CSV files."""
        return Discovery(list_files(source.location, SUFFIXES), checkpoint)

    def parts(self, reading: Reading) -> Sequence[Part]:
        """The whole file, which is read as a stream: quoted cells may hold line breaks, so it has no other entrance."""
        return [WHOLE]

    def identities(self, reading: Reading) -> Iterator[Identity]:
        """Everyone whom the file speaks of: patients with their traits, and the patients referred to."""
        from connectors.synthea.identities import find_identities
        from connectors.synthea.layout import layout_of
        from connectors.tabular.rows import Dialect, read_batches

        seen: set[tuple[str, ...]] = set()
        for batch in read_batches(reading.place, Dialect()):
            layout = layout_of(reading.place.name, batch.header)
            positions = layout.find(batch.header)
            yield from find_identities(batch, layout, positions, reading.authority, seen)

    def read(self, reading: Reading, part: Part) -> Iterator[tuple[str, pa.RecordBatch]]:
        """The file's rows.

        Raises:
            Rejected: `not-synthea`, `missing-column`, `duplicate-column`, `no-column-names`, `cut-off`, `corrupt-gzip`,
                `wrong-encoding`, or `malformed-csv` where quotes are broken all over the file.
        """
        from connectors.synthea.layout import layout_of
        from connectors.synthea.shape import Context, shape
        from connectors.tabular.moments import ISO, moment_reader, zone_of
        from connectors.tabular.rows import Dialect, read_batches
        from contracts.schemas import count_records

        met = 0
        read = moment_reader([ISO], zone_of(reading.source.time_zone))
        for batch in read_batches(reading.place, Dialect()):
            layout = layout_of(reading.place.name, batch.header)
            strange, absent = layout.strangers(batch.header), layout.absent(batch.header)
            positions = layout.find(batch.header)
            context = Context(reading.authority, reading.key, read, len(strange), len(absent))
            if batch.numbers:
                rows = shape(batch, layout, positions, context)
                yield f"synthea.{layout.table}", rows
            yield from batch.rejections()
            met += batch.count
        yield count_records(met)

    def check(self, place: Place) -> Iterator[Finding]:
        """Preflight of one file; see `connectors.synthea.preflight`."""
        from connectors.synthea.preflight import check_file

        return check_file(place)
