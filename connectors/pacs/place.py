"""An instance in a PACS, fetched into the landing area and read from there alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from zoneinfo import ZoneInfo

from connectors.pacs.model import instance_at
from connectors.pacs.session import archive_of
from contracts.errors import Fatal, Retriable, Unreachable
from contracts.protocols import Fetched

if TYPE_CHECKING:
    from contracts.units import Source


@dataclass(frozen=True)
class PacsPlace:
    """An instance by its UIDs, which are patient data."""

    source: Source = field(repr=False)
    path: str = field(repr=False)

    @property
    def name(self) -> str:
        """As files of images are named: by nothing that says anything."""
        return "instance.dcm"

    @property
    def size(self) -> int:
        """Not known before it has landed."""
        return 0

    def open(self) -> BinaryIO:
        """An instance is read from the landing area alone."""
        raise Fatal("an instance of a PACS is read when it has landed", self._where)

    def local(self) -> AbstractContextManager[Path]:
        """As `open`."""
        raise Fatal("an instance of a PACS is read when it has landed", self._where)

    @contextmanager
    def fetch(self, start: int, mark: str) -> Iterator[Fetched]:
        """The instance from its beginning: neither protocol goes on in the middle of one.

        Raises:
            Unreachable: the PACS does not answer, or its hours are over. Retriable: it failed with this instance.
        """
        session = archive_of(self.source)
        hours = session.manners.hours
        now = datetime.now(UTC).astimezone(ZoneInfo(self.source.time_zone))
        if hours and hours.seconds_until(now.time()):
            what = "the hours in which the PACS may be asked are over"
            raise Unreachable(what, self._where, "the next round goes on here")
        session.pace.wait()
        with session.archive.fetch(instance_at(self.path)) as stream:
            yield Fetched(0, "", stream)

    def accept(self, opened: Callable[[], BinaryIO]) -> None:
        """Whether what landed is the instance that was asked for, by its own SOP Instance UID (0008,0018).

        Raises:
            Retriable: it is another one, or no DICOM file.
        """
        from connectors.pacs.proof import sop_instance_uid

        if sop_instance_uid(opened) != instance_at(self.path).uid:
            raise Retriable("the PACS sent something else than the instance asked for", self._where)

    @property
    def _where(self) -> str:
        return f"source {self.source.name}"
