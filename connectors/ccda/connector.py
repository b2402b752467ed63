"""The C-CDA connector: clinical documents after HL7 CDA R2 (https://www.hl7.org/implement/standards/product_brief.cfm?product_id=492)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from connectors.listing import list_with_members
from contracts.schemas import DELETED, IGNORED, REJECTED, count_records
from contracts.schemas.ccda import TABLES
from contracts.units import WHOLE, Discovery, Part, Source

if TYPE_CHECKING:
    import pyarrow as pa

    from connectors.ccda.chart import Unit
    from contracts.identity import Identity
    from contracts.protocols import Finding, Place, Reading

UNSTABLE = "unstable"
"""Value of the option `entry_ids` for systems that make the ids of entries anew with each document."""
BATCH_ROWS = 2_000
BATCH_BYTES = 8 << 20
_RESERVED = {"rejected": REJECTED, "ignored": IGNORED, "deleted": DELETED}
_LARGE = ("note", "payload", "value_free")


class CcdaConnector:
    """Reads C-CDA documents: files, members of zip archives, XDM media. Rows belong to the thing a statement is about.

    `_record` is the number of a statement in its document. Options of a source: `mrn_root`, the assigning
    authority (OID) of its own patient numbers; `entry_ids = "unstable"` where the ids of entries are made anew with
    each document.
    """

    kind: ClassVar[str] = "ccda"
    version: ClassVar[str] = "1"
    ownership: ClassVar[str] = "record"
    tables: ClassVar[dict[str, pa.Schema]] = TABLES

    def discover(self, source: Source, checkpoint: str) -> Discovery:
        """List the source's files and the members of its archives, strays too: they are counted.

        Raises:
            Fatal: an archive of a snapshot cannot be read; all that it held would seem to be gone.
        """
        return Discovery(list_with_members(source.location, strict=source.snapshot), checkpoint)

    def parts(self, reading: Reading) -> Sequence[Part]:
        """The whole document: it is read as a stream, from its header on."""
        return [WHOLE]

    def identities(self, reading: Reading) -> Iterator[Identity]:
        """The patient, with traits, and those of the people around."""
        from connectors.ccda.files import open_document
        from connectors.ccda.reading import find_identity

        with open_document(reading.place) as opened:
            if opened.stream is not None:
                found = find_identity(opened.stream, reading.authority, _mrn_root(reading.source))
                if found is not None:
                    yield found

    def read(self, reading: Reading, part: Part) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Batches of statements, and what is none.

        Raises:
            Rejected: `corrupt-gzip`, `malformed-xml`, `unsupported-encoding`, `doctype-not-allowed`,
                `xinclude-not-allowed`, `document-too-large`, `piece-too-large`, `too-deep`, `missing-record-target`,
                `several-patients`, `missing-patient-id`, `missing-document-id`, `undecodable-body`, `corrupt-archive`,
                `encrypted-archive`, `unsafe-archive`, `unsupported-archive`, `archive-bomb`, `nested-archive`.
        """
        from connectors.ccda.files import open_document
        from connectors.ccda.reading import read_document

        with open_document(reading.place) as opened:
            if opened.stream is not None:
                unit = unit_of(reading)
                yield from _batches(read_document(opened.stream, unit))
                yield count_records(unit.count)
            else:
                if opened.stray:
                    yield "ignored", _batch("ignored", [{"_record": 0, "type": opened.stray}])
                yield count_records(int(bool(opened.stray)))

    def check(self, place: Place) -> Iterator[Finding]:
        """Preflight of a document or an archive of some; see `connectors.ccda.preflight`."""
        from connectors.ccda.preflight import check_place

        return check_place(place)


def unit_of(reading: Reading) -> Unit:
    """What reading needs beside the document."""
    from connectors.ccda.chart import Unit
    from connectors.fhir.engine import require_zone

    source = reading.source
    stable = source.options.get("entry_ids", "") != UNSTABLE
    return Unit(reading.authority, require_zone(source.time_zone), _mrn_root(source), stable, reading.key)


def _mrn_root(source: Source) -> str:
    return source.options.get("mrn_root", "")


def _batches(told: Iterator[tuple[str, dict[str, Any]]]) -> Iterator[tuple[str, pa.RecordBatch]]:
    """Rows gathered by table until a batch is full."""
    held: dict[str, list[dict[str, Any]]] = {}
    sizes: dict[str, int] = {}
    for table, row in told:
        rows = held.setdefault(table, [])
        rows.append(row)
        size = sizes.get(table, 0) + sum(len(row[name]) for name in _LARGE if row.get(name))
        sizes[table] = size
        if len(rows) >= BATCH_ROWS or size >= BATCH_BYTES:
            yield table, _batch(table, rows)
            held[table], sizes[table] = [], 0
    for table, rows in held.items():
        if rows:
            yield table, _batch(table, rows)


def _batch(table: str, rows: list[dict[str, Any]]) -> pa.RecordBatch:
    import pyarrow as pa

    schema = _RESERVED.get(table) or TABLES[table]
    columns = [pa.array([row.get(f.name) for row in rows], f.type) for f in schema]
    return pa.RecordBatch.from_arrays(columns, schema=schema)
