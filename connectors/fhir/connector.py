"""The FHIR connector: NDJSON files of a Bulk Data export (https://hl7.org/fhir/uv/bulkdata/), and Bundles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar

from connectors.fhir.heads import is_array, is_document
from connectors.fhir.lines import PART_BYTES, Chunk, is_gzip, open_stream, read_chunks
from connectors.listing import list_files
from contracts.errors import Rejected
from contracts.schemas.fhir import TABLES
from contracts.units import WHOLE, Discovery, Part, Source

if TYPE_CHECKING:
    import pyarrow as pa

    from connectors.fhir.batch import Batch
    from contracts.identity import Identity
    from contracts.protocols import Finding, Place, Reading

SUFFIXES = (".ndjson", ".ndjson.gz", ".jsonl", ".jsonl.gz", ".json", ".json.gz")


class FhirConnector:
    """Reads FHIR R4 NDJSON and Bundles. Rows belong to the record (authority, type, id): exports change their names.

    `_record` is the byte offset of a line or of a Bundle's entry, in the decompressed stream where the file is gzip. A
    source's option `mrn_system` names the `Identifier.system` of its authority's patient number, `base_url` its own
    server: references by the URL of another one are then to other resources.
    """

    kind: ClassVar[str] = "fhir"
    version: ClassVar[str] = "2"
    ownership: ClassVar[str] = "record"
    tables: ClassVar[dict[str, pa.Schema]] = TABLES

    def discover(self, source: Source, checkpoint: str) -> Discovery:
        """List the source's files. The checkpoint is handed on: a folder is listed whole every night."""
        return Discovery(list_files(source.location, SUFFIXES), checkpoint)

    def parts(self, reading: Reading) -> Sequence[Part]:
        """Byte ranges of 8 MiB, each with the lines that begin in it; one part where the file is gzip or a Bundle."""
        size = reading.place.size
        if size <= PART_BYTES:
            return [WHOLE]
        with reading.place.open() as raw:
            if is_gzip(raw) or is_document(raw):
                return [WHOLE]
        starts = range(0, size, PART_BYTES)
        return [Part(i, start, min(start + PART_BYTES, size)) for i, start in enumerate(starts)]

    def identities(self, reading: Reading) -> Iterator[Identity]:
        """Everyone whom the file speaks of: Patient resources with their traits, the patients referred to, and those
        who are no more."""
        from connectors.fhir.identities import find_deletions, find_identities

        seen: set[str] = set()
        exported = self.exported(reading)
        for batch in read_batches(reading):
            yield from find_deletions(batch.deleted, reading, exported)
            if batch.lines is not None:
                yield from find_identities(batch.lines, reading, seen, exported)

    def exported(self, reading: Reading) -> str:
        """When the export was made that a unit is part of: the version of what states none. Empty: not known."""
        from connectors.fhir.manifest import exported_at

        return exported_at(reading)

    def read(self, reading: Reading, part: Part) -> Iterator[tuple[str, pa.RecordBatch]]:
        """The rows of a part's lines, or of a file's Bundles.

        Raises:
            Rejected: `corrupt-gzip`, `not-ndjson` (an array); or, where the file is JSON over several lines or one
                long one, `truncated-json`, `invalid-json`, `malformed-bundle` or `line-too-long`. Nothing of the
                file is to be kept.
        """
        from connectors.accessions import accession_rules
        from connectors.fhir.engine import require_zone
        from connectors.fhir.read import Context, read_batch
        from contracts.schemas import count_records

        options = reading.source.options
        context = Context(
            reading.authority,
            require_zone(reading.source.time_zone),
            reading.key,
            mrn_system=options.get("mrn_system", ""),
            base=options.get("base_url", ""),
            exported=self.exported(reading),
            accessions=accession_rules(reading.source),
        )
        met = 0
        for batch in read_batches(reading, part):
            met += batch.count
            for table, rows in read_batch(batch, context):
                for made in rows.combine_chunks().to_batches():
                    yield table, made
        yield count_records(met)

    def components(self, source: Source) -> dict[str, str]:
        """What besides the version decides how a source is read: how it writes accession numbers.

        Raises:
            Fatal: an option says nothing; see `connectors.accessions`.
        """
        from connectors.accessions import accession_components

        return accession_components(source)

    def check(self, place: Place) -> Iterator[Finding]:
        """Preflight of one file; see `connectors.fhir.preflight`."""
        from connectors.fhir.preflight import check_file

        return check_file(place)


def read_batches(reading: Reading, part: Part = WHOLE) -> Iterator[Batch]:
    """What a part of a file says, in batches of about 8 MiB, Bundles opened.

    Raises:
        Rejected: as `FhirConnector.read`.
    """
    base = reading.source.options.get("base_url", "")
    yield from batches_of(reading.place, part, base)


def batches_of(place: Place, part: Part = WHOLE, base: str = "") -> Iterator[Batch]:
    """`read_batches` where no source is known: the preflight's view of a file."""
    from connectors.fhir.batch import Lines
    from connectors.fhir.bundles import expand, read_documents

    if part.start == 0 and _is_document(place):
        yield from read_documents((open_stream(place), open_stream(place)), base)
        return
    with open_stream(place) as stream:
        for chunk in read_chunks(stream, part.start, part.stop):
            if chunk.offset == 0 and is_array(chunk.data):
                raise Rejected("not-ndjson", "line 1", "one resource a line, or a Bundle")
            if chunk.overlong:
                yield _reject_overlong(chunk)
            else:
                yield from expand(Lines.of_chunk(chunk), base)


def _is_document(place: Place) -> bool:
    with open_stream(place) as stream:
        return is_document(stream)


def _reject_overlong(chunk: Chunk) -> Batch:
    from connectors.fhir.batch import Batch

    where = f"byte {chunk.offset}" if chunk.line is None else f"line {chunk.line}"
    return Batch(rejected=[(chunk.offset, "line-too-long", where, chunk.data)], count=1)
