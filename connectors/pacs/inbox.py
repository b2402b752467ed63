"""Instances that were asked for by DIMSE and are awaited, and the C-STORE service that takes them (PS3.4, B)."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event as Signal
from threading import Lock
from typing import TYPE_CHECKING, BinaryIO, cast

from contracts.errors import Fatal, Retriable

if TYPE_CHECKING:
    from pynetdicom.dimse_primitives import C_STORE
    from pynetdicom.events import Event
    from pynetdicom.transport import ThreadedAssociationServer

    from connectors.pacs.options import DimseOptions

SUCCESS, NOT_ASKED, UNREADABLE = 0x0000, 0x0124, 0xC000
"""Status codes of C-STORE (PS3.4, B.2.3; PS3.7, C): 0124 is "refused: not authorized"."""


@dataclass
class Awaited:
    """An instance on its way: its file, in two pieces, once it came."""

    head: bytes = b""
    body: BinaryIO | None = None
    came: Signal = field(default_factory=Signal)


class Inbox:
    """What is awaited, by SOP Instance UID. Nothing else is taken. Threads may share it."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._awaited: dict[str, Awaited] = {}
        self._lock = Lock()

    @contextmanager
    def expecting(self, uid: str) -> Iterator[Awaited]:
        """Take this instance, once, while the block lasts."""
        with self._lock:
            if uid in self._awaited:
                what = "an instance stands in two studies of the PACS, and both are asked for at once"
                raise Retriable(what, f"source {self._name}", "it is asked for again")
            awaited = self._awaited[uid] = Awaited()
        try:
            yield awaited
        finally:
            with self._lock:
                del self._awaited[uid]

    def receive(self, event: Event) -> int:
        """Handle C-STORE: keep what is awaited, as it came; its bytes lie in memory once. Returns the status."""
        from pynetdicom.dsutils import encode_file_meta

        request = cast("C_STORE", event.request)
        uid = str(request.AffectedSOPInstanceUID)
        with self._lock:
            awaited = self._awaited.get(uid)
        if awaited is None or awaited.came.is_set():
            return NOT_ASKED
        body = request.DataSet
        if body is None:
            return UNREADABLE
        body.seek(0)
        awaited.head = b"\0" * 128 + b"DICM" + encode_file_meta(event.file_meta)
        awaited.body = body
        awaited.came.set()
        return SUCCESS


class Listener:
    """The C-STORE service to which C-MOVE sends: up while instances are fetched. Threads may share it."""

    def __init__(self, name: str, inbox: Inbox, options: DimseOptions, associations: int) -> None:
        self._name, self._inbox, self._options, self._associations = name, inbox, options, associations
        self._server: ThreadedAssociationServer | None = None
        self._lock = Lock()

    def start(self) -> None:
        """Listen, unless it does already.

        Raises:
            Fatal: the port cannot be had, or our certificate cannot be read.
        """
        with self._lock:
            if self._server is None:
                self._server = self._listen()

    def _listen(self) -> ThreadedAssociationServer | None:
        from pynetdicom import AE, evt
        from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]

        from connectors.pacs.network import prepare, without_delay
        from connectors.pacs.tls import server_context

        prepare()
        options, context = self._options, server_context(self._options, self._name)
        entity = AE(options.destination_aet)
        entity.add_supported_context(Verification)  # storage needs none: see `prepare`
        entity.require_called_aet = True
        entity.maximum_associations = 2 * self._associations + 2
        handlers = [(evt.EVT_C_STORE, self._inbox.receive), (evt.EVT_CONN_OPEN, without_delay)]
        try:
            return entity.start_server(
                (options.listen_host, options.listen_port),
                block=False,
                ssl_context=context,
                evt_handlers=handlers,  # type: ignore[arg-type]
            )
        except OSError as error:
            what = f"the port that the PACS sends to cannot be listened on ({type(error).__name__})"
            fix = "stop what listens there, or set listen_port (and tell the PACS)"
            raise Fatal(what, f"source {self._name}: listen_port", fix) from None

    def stop(self) -> None:
        """Listen no more."""
        with self._lock:
            if self._server is not None:
                self._server.shutdown()
                self._server = None


def file_of(awaited: Awaited) -> BinaryIO:
    """What came, as a DICOM file."""
    assert awaited.body is not None
    return cast(BinaryIO, io.BufferedReader(_Joined([io.BytesIO(awaited.head), awaited.body]), 1 << 18))


class _Joined(io.RawIOBase):
    """One stream after the other, neither copied into a whole."""

    def __init__(self, streams: list[BinaryIO]) -> None:
        super().__init__()
        self._streams = streams

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while self._streams:
            data = self._streams[0].read(len(buffer))
            if data:
                buffer[: len(data)] = data
                return len(data)
            self._streams.pop(0)
        return 0
