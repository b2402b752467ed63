"""The connectors of a PACS: ask politely what is new, fetch it instance by instance, and read it as `dicom` does."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

from connectors.dicom.connector import DicomConnector
from connectors.pacs.options import manners_of
from connectors.pacs.state import State, read_state

if TYPE_CHECKING:
    from connectors.pacs.place import PacsPlace
    from contracts.units import Discovery, Source


class _PacsConnector(DicomConnector):
    """A PACS. An `Exporter` (see `contracts.protocols`) whose export is what is new in it; an instance is a unit."""

    lasting: ClassVar[bool] = True
    """What was listed once can be fetched again by its path alone, on whatever night."""

    def discover(self, source: Source, checkpoint: str) -> Discovery:
        """List the instances of studies that are new or grew, or say how long until the PACS may be asked.

        Raises:
            Fatal: the PACS refuses, or an option is wrong. Unreachable: it does not answer.
        """
        from connectors.pacs.listing import step
        from connectors.pacs.session import archive_of

        session = archive_of(source)
        return step(session.archive, source, session.manners, read_state(checkpoint), datetime.now(UTC))

    def patience_seconds(self, source: Source) -> float:
        """How long a round waits for the hours to begin: the option `patience_minutes`."""
        return 60 * manners_of(source).patience_minutes

    def downloads(self, source: Source) -> int:
        """How many instances are fetched at a time: the option `associations`."""
        return manners_of(source).associations

    def place(self, source: Source, checkpoint: str, path: str) -> PacsPlace:
        """The place of an instance that was ever listed."""
        from connectors.pacs.place import PacsPlace

        return PacsPlace(source, path)

    def conclude(self, source: Source, checkpoint: str) -> str:
        """All that was listed is published: what was counted is complete."""
        return read_state(checkpoint).concluded().dump()

    def discard(self, source: Source, checkpoint: str) -> str:
        """Nothing of ours is kept on a PACS."""
        return checkpoint

    def afresh(self, source: Source, checkpoint: str) -> str:
        """Look at every study again, from `since` on."""
        return State().dump()

    def probe(self, source: Source) -> str:
        """Whether the PACS answers, can be searched, and would send to us.

        Raises:
            Fatal: it refuses, or does not know where to send. Unreachable: it does not answer.
        """
        from connectors.pacs.session import archive_of

        return archive_of(source).archive.probe()


class DicomWebConnector(_PacsConnector):
    """A PACS that speaks DICOMweb: QIDO-RS and WADO-RS (PS3.18). A source's location is the service's base URL."""

    kind: ClassVar[str] = "dicomweb"


class DimseConnector(_PacsConnector):
    """A PACS that speaks DIMSE: C-FIND, C-MOVE or C-GET (PS3.4, C). A source's location is `host:port`."""

    kind: ClassVar[str] = "dimse"
