"""The connector of live Bulk Data exports: asks for an export, waits, and fetches its files; reads as `fhir` does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from connectors.fhir.connector import FhirConnector
from connectors.fhir_bulk.options import request_of
from connectors.fhir_bulk.state import read_state

if TYPE_CHECKING:
    import pyarrow as pa

    from connectors.fhir_bulk.place import BulkPlace
    from contracts.identity import Identity
    from contracts.protocols import Reading
    from contracts.units import Discovery, Part, Source


class FhirBulkConnector(FhirConnector):
    """Exports of a FHIR server (https://hl7.org/fhir/uv/bulkdata/). An `Exporter`: see `contracts.protocols`.

    A source's location is the server's base URL. What is asked for, and as whom, are its options (`options.OPTIONS`).
    A source that is a snapshot asks for everything every night, any other for what changed since the last export.
    """

    kind: ClassVar[str] = "fhir_bulk"
    version: ClassVar[str] = "1"

    def discover(self, source: Source, checkpoint: str) -> Discovery:
        """One step of an export: ask for it, or how far it is; once it is done, the files of its manifest.

        Raises:
            Fatal: the server refuses it, or an option is wrong. Retriable: the server does not answer.
        """
        from connectors.fhir_bulk.export import step
        from connectors.fhir_bulk.session import session_of

        return step(session_of(source), read_state(checkpoint), snapshot=source.snapshot)

    def patience_seconds(self, source: Source) -> float:
        """How long a round waits for an export: the option `patience_minutes`."""
        return 60 * request_of(source).patience_minutes

    def downloads(self, source: Source) -> int:
        """How many files are fetched at a time: the option `downloads`."""
        return request_of(source).downloads

    def place(self, source: Source, checkpoint: str, path: str) -> BulkPlace:
        """The place of a file that `discover` listed; of an export that is over, one without an address."""
        from connectors.fhir_bulk.place import BulkPlace

        export = read_state(checkpoint).export
        manifest = export.manifest if export else None
        for file in manifest.files if manifest else ():
            if manifest is not None and manifest.path(file) == path:
                return BulkPlace(source, path, file, manifest.needs_token)
        return BulkPlace(source, path)

    def conclude(self, source: Source, checkpoint: str) -> str:
        """The next export begins where this one ends: its `transactionTime` is the next `_since`."""
        state = read_state(checkpoint)
        if state.export is None or state.export.manifest is None:
            return checkpoint
        return replace(state.without_export(), since=state.export.manifest.time).dump()

    def discard(self, source: Source, checkpoint: str) -> str:
        """Delete concluded exports on the server, which keeps files for us until then."""
        from connectors.fhir_bulk.export import let_go
        from connectors.fhir_bulk.session import session_of

        state = read_state(checkpoint)
        return let_go(session_of(source), state).dump() if state.left else checkpoint

    def afresh(self, source: Source, checkpoint: str) -> str:
        """Ask for everything, as on the first night; a full export that is under way is gone on with."""
        state = read_state(checkpoint)
        if state.export is None or state.export.since:
            state = state.without_export()
        return replace(state, since="").dump()

    def probe(self, source: Source) -> str:
        """Whether the server answers and gives a token. No export is asked for.

        Raises:
            Fatal: it is no FHIR server, or refuses the client. Retriable: it does not answer.
        """
        from connectors.fhir_bulk.probe import probe
        from connectors.fhir_bulk.session import session_of

        return probe(session_of(source))

    def exported(self, reading: Reading) -> str:
        """When the export was made that a unit is of: `transactionTime`, as versions are written."""
        return reading.path.partition("/")[0]

    def parts(self, reading: Reading) -> Sequence[Part]:
        """As `FhirConnector.parts`."""
        return super().parts(_of_server(reading))

    def identities(self, reading: Reading) -> Iterator[Identity]:
        """As `FhirConnector.identities`."""
        return super().identities(_of_server(reading))

    def read(self, reading: Reading, part: Part) -> Iterator[tuple[str, pa.RecordBatch]]:
        """As `FhirConnector.read`; what the server could not export is counted as `export-error`."""
        for table, rows in super().read(_of_server(reading), part):
            if table == "ignored" and "/error/" in reading.path:
                yield table, _as_errors(rows)
            else:
                yield table, rows


def _as_errors(rows: pa.RecordBatch) -> pa.RecordBatch:
    import pyarrow as pa

    kinds = ["export-error" if kind == "operation-outcome" else kind for kind in rows["type"].to_pylist()]
    return rows.set_column(rows.schema.get_field_index("type"), rows.schema.field("type"), pa.array(kinds))


def _of_server(reading: Reading) -> Reading:
    """References by the server's own address are to its own resources, unless the source says whose they are."""
    source = reading.source
    options = {"base_url": source.location.rstrip("/"), **source.options}
    return replace(reading, source=replace(source, options=options))
