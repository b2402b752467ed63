"""The unit of work, what a listing finds, and what a unit's processing leaves behind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Source:
    """One named export: what it is, where it comes from and how it is to be read.

    `location` is patient data (hospitals name folders after people): it never leaves the process that reads it.
    """

    name: str
    kind: str
    location: str = field(repr=False)
    authority: str = ""
    time_zone: str = "UTC"
    snapshot: bool = False
    kept_days: float = 0
    options: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Unit:
    """The unit of work. Frozen, picklable, holds nothing of a patient.

    Attributes:
        unit: stable name, `<source>/<token>`; the token is a keyed digest of the object's path in its source.
        source: name of the source.
        kind: the connector's name.
        digest: keyed digest of the content (empty until surveyed).
        recipe: digest over the versions of connector, mapping, policy, suites, profile and key id.
        size: bytes.
    """

    unit: str
    source: str
    kind: str
    digest: str = ""
    recipe: str = ""
    size: int = 0

    @property
    def token(self) -> str:
        """The token alone: safe in logs, file names and tables."""
        return self.unit.rsplit("/", 1)[-1]


@dataclass(frozen=True)
class Stamp:
    """What tells cheaply that an object is the one seen before: size, mtime (ns) and inode, or an etag."""

    size: int
    modified: str
    identity: str


@dataclass(frozen=True)
class Listed:
    """One object found by `discover`: its path inside the source (patient data) and its stamp."""

    path: str = field(repr=False)
    stamp: Stamp


@dataclass(frozen=True)
class Discovery:
    """What `discover` returns: the objects, and the checkpoint to begin from next time.

    Attributes:
        listed: the objects; none while an export is still being made.
        checkpoint: what is handed to the next `discover`; an exporter's may hold addresses, so it is kept sealed.
        wait_seconds: an exporter's: the export is still being made, ask again after this time. None: it is done.
        progress: what may be told of an export under way: figures only.
        problem: an export ended badly: why, free of addresses. The checkpoint is kept all the same.
    """

    listed: tuple[Listed, ...] = field(repr=False)
    checkpoint: str = field(default="", repr=False)
    wait_seconds: float | None = None
    progress: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Part:
    """A read plan for a piece of a unit: a byte range, a region, or the whole. Never an identity."""

    index: int = 0
    start: int = 0
    stop: int | None = None
    region: str = ""


WHOLE = Part()
