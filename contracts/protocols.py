"""The few protocols that rooms talk through."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar, Protocol, runtime_checkable

from contracts.identity import Identity
from contracts.keys import Key
from contracts.units import Discovery, Part, Source, Unit

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa


class Place(Protocol):
    """Where a unit's bytes are. Handed to connectors by the stores; its name is patient data."""

    @property
    def name(self) -> str: ...
    @property
    def size(self) -> int: ...
    def open(self) -> BinaryIO: ...
    def local(self) -> AbstractContextManager[Path]: ...


@dataclass(frozen=True)
class Fetched:
    """A remote object's bytes on their way.

    Attributes:
        start: the offset of the stream's first byte in the object; 0 where it comes whole.
        mark: what tells this state of the object from any other (a strong ETag); empty where it has none.
        stream: the bytes from `start` to the end; ends early with `Retriable`, never with a short read.
    """

    start: int
    mark: str = field(repr=False)
    stream: BinaryIO = field(repr=False)


@runtime_checkable
class Fetchable(Protocol):
    """A place whose bytes are fetched from any byte on, so that the landing area can go on with a copy cut off."""

    def fetch(self, start: int, mark: str) -> AbstractContextManager[Fetched]:
        """The object from byte `start` if its state is still the one of `mark`, else from its beginning."""
        ...

    def accept(self, opened: Callable[[], BinaryIO]) -> None:
        """Look at the landed copy, opened anew at each call; raise `Retriable` where it is not what was promised."""
        ...


@dataclass(frozen=True)
class Reading:
    """Everything a connector needs to read one unit, in the worker that reads it.

    `path` is the unit's path inside its source, where it is known: patient data, to find what lies beside it.
    """

    unit: Unit
    source: Source
    place: Place = field(repr=False)
    key: Key = field(repr=False)
    path: str = field(default="", repr=False)

    @property
    def authority(self) -> str:
        """The source's assigning authority; its name where none is set."""
        return self.source.authority or self.source.name


class Connector(Protocol):
    """One for each export format. See `docs/how-to/new-format.md`.

    `read` yields (table, batch) pairs. Each table is declared in `tables` with the same name and schema, one row for
    one source record, and carries an int64 column `_record` (0-based number of the record in the unit: a line, an
    instance, a VCF record). The reserved table `rejected` (schema `contracts.schemas.REJECTED`) takes the records
    that cannot be read, with a reason code; they count as read and are quarantined. The reserved table `ignored`
    (schema `contracts.schemas.IGNORED`) takes what is counted but is no record of this format; `deleted` (schema
    `contracts.schemas.DELETED`) takes statements that a record is no more.

    Every call of `read` that is not ended by `Rejected` also yields the reserved table `counted` (schema
    `contracts.schemas.COUNTED`, made by `count_records`): how many records it met, counted where the export is taken
    to pieces and not where something is made of them. It must be as many as all rows that it yielded, `rejected`,
    `ignored` and `deleted` ones too; else a record was lost, and the unit fails.
    """

    kind: ClassVar[str]
    version: ClassVar[str]
    ownership: ClassVar[str]  # "file" or "record"
    tables: ClassVar[dict[str, pa.Schema]]

    def discover(self, source: Source, checkpoint: str) -> Discovery: ...
    def identities(self, reading: Reading) -> Iterator[Identity]: ...
    def parts(self, reading: Reading) -> Sequence[Part]: ...
    def read(self, reading: Reading, part: Part) -> Iterator[tuple[str, pa.RecordBatch]]: ...
    def check(self, place: Place) -> Iterator[Finding]: ...


@runtime_checkable
class Exporter(Protocol):
    """A connector whose source makes its export when asked, and is waited for.

    Its `discover` is one step (ask for an export, or ask how far it is), and its checkpoint says where it stands. Who
    calls it keeps the checkpoint, sealed, after every step, so that a round that was killed goes on with the same one.
    """

    def discover(self, source: Source, checkpoint: str) -> Discovery: ...

    def patience_seconds(self, source: Source) -> float:
        """How long a round waits for an export."""
        ...

    def downloads(self, source: Source) -> int:
        """How many objects may be fetched at a time."""
        ...

    def place(self, source: Source, checkpoint: str, path: str) -> Place:
        """The place of an object that `discover` listed."""
        ...

    def conclude(self, source: Source, checkpoint: str) -> str:
        """The checkpoint to begin the next export from, now that all of this one is published."""
        ...

    def discard(self, source: Source, checkpoint: str) -> str:
        """Tell the server that concluded exports may go; the checkpoint without those that it let go."""
        ...

    def afresh(self, source: Source, checkpoint: str) -> str:
        """The checkpoint to ask for everything from, whatever was exported before."""
        ...

    def probe(self, source: Source) -> str:
        """Whether an export could be asked for; asks for none. What was found, free of addresses."""
        ...


@dataclass(frozen=True)
class Finding:
    """What a preflight says of one file: `severity` error, warning or info; `where` is a line, tag or field."""

    severity: str
    rule: str
    message: str
    where: str = ""


@dataclass(frozen=True)
class Receipt:
    """What a store did: versions before and after, rows written and removed. Counts only."""

    table: str
    version: int
    changed: bool
    rows_written: int = 0
    rows_removed: int = 0


class Encoder(Protocol):
    """Turns texts or images into vectors."""

    name: str
    digest: str
    dimension: int

    def encode(self, batch: Sequence[Any]) -> np.ndarray:
        """(n, dimension) float32, each row of L2 norm 1."""
        ...
