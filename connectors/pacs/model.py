"""What a PACS is asked, and what it answers, whichever protocol it speaks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date
from typing import BinaryIO, Protocol

NEAR, OFF = "NEARLINE", "OFFLINE"
"""Instance Availability (0008,0056), PS3.3 C.4.23: on tape, to be recalled; on a shelf, to be fetched by a person."""


@dataclass(frozen=True)
class Study:
    """A study as the PACS counts it; None where it does not say. `day` is Study Date, YYYYMMDD."""

    uid: str = field(repr=False)
    day: str = field(repr=False)
    series: int | None = None
    instances: int | None = None
    availability: str = ""


@dataclass(frozen=True)
class Series:
    """A series as the PACS counts it."""

    uid: str = field(repr=False)
    modality: str = ""
    instances: int | None = None
    availability: str = ""


@dataclass(frozen=True)
class Instance:
    """One instance by its UIDs."""

    study: str = field(repr=False)
    series: str = field(repr=False)
    uid: str = field(repr=False)

    @property
    def path(self) -> str:
        """Its path inside its source: patient data, as UIDs are."""
        return f"{self.study}/{self.series}/{self.uid}"


def instance_at(path: str) -> Instance:
    """The inverse of `Instance.path`."""
    study, series, uid = path.split("/")
    return Instance(study, series, uid)


class Archive(Protocol):
    """A PACS. Each method raises `Unreachable` where it stays silent or busy, and `Fatal` where it refuses."""

    def studies(self, first: date, last: date) -> Iterator[Study]:
        """The studies whose Study Date lies in these days, both included."""
        ...

    def series(self, study: str) -> Iterator[Series]:
        """The series of a study."""
        ...

    def instances(self, study: str, series: str) -> Iterator[str]:
        """SOP Instance UIDs of a series."""
        ...

    def fetch(self, instance: Instance) -> AbstractContextManager[BinaryIO]:
        """An instance as a DICOM file (PS3.10), from its first byte; the stream ends early with `Retriable` alone."""
        ...

    def probe(self) -> str:
        """Whether the PACS could be asked and would send; what was found, free of addresses."""
        ...
