"""The FHIR connector: NDJSON files of a Bulk Data export (https://hl7.org/fhir/uv/bulkdata/)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar

from connectors.fhir.lines import PART_BYTES, Chunk, is_gzip, open_stream, read_chunks
from connectors.listing import list_files
from contracts.schemas.fhir import TABLES
from contracts.units import WHOLE, Discovery, Part, Source

if TYPE_CHECKING:
    import pyarrow as pa

    from contracts.identity import Identity
    from contracts.protocols import Finding, Place, Reading

SUFFIXES = (".ndjson", ".ndjson.gz", ".jsonl", ".jsonl.gz", ".json", ".json.gz")


class FhirConnector:
    """Reads FHIR R4 NDJSON. Rows belong to the record (authority, type, id), since exports are renamed every night.

    `_record` is the byte offset of a line, in the decompressed stream where the file is gzip. A source's option
    `mrn_system` names the `Identifier.system` of its authority's patient number.
    """

    kind: ClassVar[str] = "fhir"
    version: ClassVar[str] = "1"
    ownership: ClassVar[str] = "record"
    tables: ClassVar[dict[str, pa.Schema]] = TABLES

    def discover(self, source: Source, checkpoint: str) -> Discovery:
        """List the source's NDJSON files. The checkpoint is handed on: a folder is listed whole every night."""
        return Discovery(list_files(source.location, SUFFIXES), checkpoint)

    def parts(self, reading: Reading) -> Sequence[Part]:
        """Byte ranges of 8 MiB, each with the lines that begin in it; one part where the file is gzip."""
        size = reading.place.size
        if size <= PART_BYTES:
            return [WHOLE]
        with reading.place.open() as raw:
            if is_gzip(raw):
                return [WHOLE]
        starts = range(0, size, PART_BYTES)
        return [Part(i, start, min(start + PART_BYTES, size)) for i, start in enumerate(starts)]

    def identities(self, reading: Reading) -> Iterator[Identity]:
        """Everyone whom the file speaks of: Patient resources with their traits, and the patients referred to."""
        from connectors.fhir.identities import find_identities

        seen: set[str] = set()
        with open_stream(reading.place) as stream:
            for chunk in read_chunks(stream):
                if not chunk.overlong:
                    yield from find_identities(chunk, reading, seen)

    def read(self, reading: Reading, part: Part) -> Iterator[tuple[str, pa.RecordBatch]]:
        """The rows of a part's lines.

        Raises:
            Rejected: `corrupt-gzip`, or `not-ndjson` where the file is JSON over several lines.
        """
        from connectors.fhir.engine import require_zone
        from connectors.fhir.read import Context, read_chunk

        context = Context(reading.authority, require_zone(reading.source.time_zone), reading.key)
        with open_stream(reading.place) as stream:
            for chunk in read_chunks(stream, part.start, part.stop):
                if chunk.overlong:
                    yield _reject_overlong(chunk)
                    continue
                _require_ndjson(chunk)
                for table, rows in read_chunk(chunk, context):
                    for batch in rows.combine_chunks().to_batches():
                        yield table, batch

    def check(self, place: Place) -> Iterator[Finding]:
        """Preflight of one file; see `connectors.fhir.preflight`."""
        from connectors.fhir.preflight import check_file

        return check_file(place)


def _require_ndjson(chunk: Chunk) -> None:
    """A file whose first line opens a bracket and says no more is JSON over several lines: one rejection, not many."""
    from contracts.errors import Rejected

    if chunk.offset == 0 and chunk.data[:64].split(b"\n", 1)[0].strip(b" \t\r\xef\xbb\xbf") in {b"{", b"["}:
        raise Rejected("not-ndjson", "line 1", "one resource a line")


def _reject_overlong(chunk: Chunk) -> tuple[str, pa.RecordBatch]:
    import pyarrow as pa

    from contracts.schemas import REJECTED

    where = f"byte {chunk.offset}" if chunk.line is None else f"line {chunk.line}"
    columns = [[chunk.offset], ["line-too-long"], [where], [chunk.data]]
    return "rejected", pa.table(
        dict(zip(REJECTED.names, columns, strict=True)), schema=REJECTED
    ).to_batches()[0]
