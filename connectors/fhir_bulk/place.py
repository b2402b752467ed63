"""A file of an export on its server, fetched from any byte on where the server allows it."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from connectors.fhir_bulk.options import NDJSON
from connectors.fhir_bulk.session import Session, session_of
from contracts.errors import Fatal, Retriable
from contracts.protocols import Fetched

if TYPE_CHECKING:
    from connectors.fhir_bulk.http import Response
    from connectors.fhir_bulk.state import File
    from contracts.units import Source

COMPRESSED = "compressed"
"""Mark of a copy that came compressed. It cannot be gone on with; its next try comes plain, so that it can."""
_PIECE = 1 << 18


@dataclass(frozen=True)
class BulkPlace:
    """A file of an export. `file` is None where the export is over: its landed copy can still be read."""

    source: Source = field(repr=False)
    path: str = field(repr=False)
    file: File | None = field(default=None, repr=False)
    needs_token: bool = False

    @property
    def name(self) -> str:
        """The file's name, as we gave it."""
        return self.path.rpartition("/")[2]

    @property
    def size(self) -> int:
        """Not known before it has landed."""
        return 0

    def open(self) -> BinaryIO:
        """A file on a server is read from the landing area alone."""
        raise Fatal("a file of an export is read when it has landed", self._where)

    def local(self) -> AbstractContextManager[Path]:
        """As `open`."""
        raise Fatal("a file of an export is read when it has landed", self._where)

    @contextmanager
    def fetch(self, start: int, mark: str) -> Iterator[Fetched]:
        """The file from `start` if its ETag is still `mark`, else whole (RFC 9110, 13.1.5 and 14.2).

        Raises:
            Fatal: the server does not give it out. Retriable: it does not answer, or stays busy; or, from the stream,
                the connection is cut.
        """
        file = self.file
        if file is None:
            fix = "nightrounds run --reprocess asks for everything anew"
            raise Fatal("the export that this file was of is over, and its copy is gone", self._where, fix)
        session = session_of(self.source)
        answer = self._ask(session, file, start, mark)
        try:
            yield self._fetched(session, answer, start, mark)
        finally:
            answer.close()
            answer.release_conn()

    def _ask(self, session: Session, file: File, start: int, mark: str) -> Response:
        resumed = bool(start and mark and mark != COMPRESSED)
        headers = {"Accept": NDJSON, "Accept-Encoding": "identity" if mark else "gzip"}
        ranged = {"Range": f"bytes={start}-", "If-Range": mark} if resumed else {}

        def exchange(more: dict[str, str]) -> Response:
            url = file.url
            return session.ask("GET", url, {**headers, **more}, token=self.needs_token, stream=True)

        answer = session.wire.insist(lambda: exchange(ranged))
        if answer.status == 416 and resumed:
            answer.close()
            answer = session.wire.insist(lambda: exchange({}))
        if answer.status in (200, 206):
            return answer
        answer.close()
        what = f"the server does not give out a file of the export (HTTP {answer.status})"
        raise Fatal(what, self._where, "the next round tries again; what it has is published")

    def _fetched(self, session: Session, answer: Response, start: int, mark: str) -> Fetched:
        if (answer.headers.get("Content-Type") or "").strip().lower().startswith("text/html"):
            raise Retriable("a page came in place of a file of the export", self._where, "a proxy's, perhaps")
        etag = answer.headers.get("ETag") or ""
        strong = etag if etag.startswith('"') else ""
        encoding = (answer.headers.get("Content-Encoding") or "identity").strip().lower()
        if answer.status == 206:
            stated = (answer.headers.get("Content-Range") or "").removeprefix("bytes ").partition("-")[0]
            if stated != str(start) or etag not in ("", mark) or encoding != "identity":
                raise Retriable("the server sends another range than it was asked for", self._where)
            return Fetched(start, mark, _stream(session, answer, ""))
        if encoding not in ("identity", "gzip", "x-gzip"):
            raise Fatal("a file comes in an encoding that was not asked for", self._where, "gzip, or none")
        packed = encoding != "identity"
        return Fetched(
            0, COMPRESSED if packed else strong, _stream(session, answer, "gzip" if packed else "")
        )

    def accept(self, opened: Callable[[], BinaryIO]) -> None:
        """Compare the lines of a landed copy with the count that the manifest states for it.

        Raises:
            Retriable: they differ: it may not be all that the server meant to send.
        """
        stated = self.file.count if self.file else None
        if stated is None or not session_of(self.source).request.trust_counts:
            return
        with opened() as stream:
            found = count_lines(stream)
        if found is not None and found != stated:
            fix = 'it is fetched again; counts = "ignore" takes files as they are from a server that counts wrongly'
            raise Retriable(f"a file has {found} lines where its manifest states {stated}", self._where, fix)

    @property
    def _where(self) -> str:
        return f"source {self.source.name}"


def count_lines(stream: BinaryIO) -> int | None:
    """Lines that are not blank; None where the file is gzip and damaged, which its reading tells."""
    head = stream.read(2)
    stream.seek(0)
    opened = cast(BinaryIO, gzip.GzipFile(fileobj=stream)) if head == b"\x1f\x8b" else stream
    found, open_line = 0, False
    try:
        while piece := opened.read(_PIECE):
            *lines, last = piece.split(b"\n")
            for line in lines:
                found += open_line or bool(line.strip())
                open_line = False
            open_line = open_line or bool(last.strip())
    except (OSError, EOFError, zlib.error):
        if opened is stream:
            raise
        return None
    return found + open_line


def _stream(session: Session, answer: Response, encoding: str) -> BinaryIO:
    return cast(BinaryIO, io.BufferedReader(_Body(session, answer, encoding), _PIECE))


class _Body(io.RawIOBase):
    """A body as it comes, unpacked where it was packed for the way. One that ends early is an error."""

    def __init__(self, session: Session, answer: Response, encoding: str) -> None:
        super().__init__()
        self._session, self._answer = session, answer
        self._inflater = zlib.decompressobj(16 + zlib.MAX_WBITS) if encoding else None
        self._begun = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._inflated(len(buffer)) if self._inflater else self._next(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def _next(self, size: int) -> bytes:
        from urllib3.exceptions import HTTPError

        try:
            return self._answer.read(size, decode_content=False)
        except (HTTPError, OSError, ValueError) as error:
            raise self._session.wire.unanswered(error) from None

    def _inflated(self, size: int) -> bytes:
        """One to `size` bytes; none at the end. Several gzip members are one body."""
        while self._inflater is not None:
            data = self._inflater.unconsumed_tail or self._inflater.unused_data or self._next(_PIECE)
            if self._inflater.eof:
                if not data:
                    return b""
                self._inflater = zlib.decompressobj(16 + zlib.MAX_WBITS)
            elif not data:
                if not self._begun:
                    return b""
                raise Retriable("a compressed file ended early", f"source {self._session.name}")
            self._begun = True
            try:
                piece = self._inflater.decompress(data, size)
            except zlib.error:
                raise Retriable("a compressed file is damaged", f"source {self._session.name}") from None
            if piece:
                return piece
        return b""
