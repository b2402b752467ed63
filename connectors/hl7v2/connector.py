"""The HL7 v2 connector: files of messages (https://www.hl7.org/implement/standards/product_brief.cfm?product_id=185)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from connectors.hl7v2.stream import open_messages, read_blocks
from connectors.listing import list_files
from contracts.errors import Rejected
from contracts.schemas import DELETED, IGNORED, REJECTED, count_records
from contracts.schemas.hl7v2 import TABLES
from contracts.units import WHOLE, Discovery, Part, Source

if TYPE_CHECKING:
    import pyarrow as pa

    from connectors.hl7v2.chart import Unit
    from connectors.hl7v2.identities import Scope
    from contracts.identity import Identity
    from contracts.protocols import Finding, Place, Reading

SUFFIXES = tuple(
    f"{name}{end}"
    for name in (".hl7", ".hl7v2", ".er7", ".mllp", ".txt", ".dat", ".msg")
    for end in ("", ".gz")
)
BATCH_ROWS = 2_000
BATCH_BYTES = 8 << 20
_RESERVED = {"rejected": REJECTED, "ignored": IGNORED, "deleted": DELETED}
_LARGE = ("note", "payload", "value_free")


class Hl7v2Connector:
    """Reads HL7 v2 messages in ER7 form. Rows belong to the thing that a statement is about (a visit, a result).

    `_record` is where a statement begins in the (decompressed) file. A source's option `mrn_authority` names the
    assigning authority (CX-4) of its own patient numbers; without it that is the one of the source authority's name.
    """

    kind: ClassVar[str] = "hl7v2"
    version: ClassVar[str] = "2"
    ownership: ClassVar[str] = "record"
    tables: ClassVar[dict[str, pa.Schema]] = TABLES

    def discover(self, source: Source, checkpoint: str) -> Discovery:
        """List the source's files. The checkpoint is handed on: a folder is listed whole every night."""
        return Discovery(list_files(source.location, SUFFIXES), checkpoint)

    def parts(self, reading: Reading) -> Sequence[Part]:
        """The whole file: batches are counted from header to trailer."""
        return [WHOLE]

    def identities(self, reading: Reading) -> Iterator[Identity]:
        """Everyone whom the file speaks of, with their traits, and what it says last of each two numbers; what was
        told already is not told again."""
        from connectors.hl7v2.identities import find_identities
        from connectors.hl7v2.message import Message

        scope, seen = _scope(reading), set()
        pairs: dict[str, Identity] = {}
        with open_messages(reading.place) as stream:
            for block in read_blocks(stream):
                if block.kind != "MSH" or block.overlong or not block.ended:
                    continue
                try:
                    found = list(find_identities(Message(block.data, block.offset, block.codec), scope))
                except Rejected:
                    continue  # `read` quarantines the message, with the reason
                for identity in found:
                    if identity.record:
                        held = pairs.get(identity.record, identity)
                        pairs[identity.record] = max(held, identity, key=lambda i: (i.version, i.retracted))
                        continue
                    others = tuple(alias.subject for alias in identity.aliases)
                    mark = hash((identity.subject, others, tuple(identity.traits.items())))
                    if mark not in seen:
                        seen.add(mark)
                        yield identity
        yield from pairs.values()

    def read(self, reading: Reading, part: Part) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Batches of statements, and what is none.

        Raises:
            Rejected: `corrupt-gzip`, or `not-hl7v2` where no message is in the file.
        """
        from connectors.hl7v2.chart import Unit
        from connectors.hl7v2.reading import read_file

        unit = Unit(_scope(reading), reading.key)
        with open_messages(reading.place) as stream:
            yield from _batches(_counted(read_file(read_blocks(stream), unit), unit))
        yield count_records(unit.count)

    def components(self, source: Source) -> dict[str, str]:
        """What besides the version decides how a source is read: how it writes accession numbers.

        Raises:
            Fatal: an option says nothing; see `connectors.accessions`.
        """
        from connectors.accessions import accession_components

        return accession_components(source)

    def check(self, place: Place) -> Iterator[Finding]:
        """Preflight of one file; see `connectors.hl7v2.preflight`."""
        from connectors.hl7v2.preflight import check_file

        return check_file(place)


def _scope(reading: Reading) -> Scope:
    from connectors.accessions import accession_rules
    from connectors.hl7v2.identities import Scope

    zone = _require_zone(reading.source.time_zone)
    own = reading.source.options.get("mrn_authority", "")
    return Scope(reading.authority, own, zone, accession_rules(reading.source))


def _require_zone(zone: str) -> str:
    from connectors.fhir.engine import require_zone

    return require_zone(zone)


def _counted(told: Iterator[tuple[str, dict[str, Any]]], unit: Unit) -> Iterator[tuple[str, dict[str, Any]]]:
    """What is told, with what is no statement counted too: statements are counted where they are made."""
    for table, row in told:
        unit.count += table in ("rejected", "ignored")
        yield table, row


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
