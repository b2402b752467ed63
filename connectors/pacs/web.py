"""DICOMweb: searching by QIDO-RS and fetching by WADO-RS (PS3.18, 10.6 and 10.4)."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, BinaryIO, cast
from urllib.parse import quote, urlencode

from connectors.fhir_bulk.http import Wire, content_of
from connectors.fhir_bulk.options import Request
from connectors.pacs.model import Instance, Series, Study
from connectors.pacs.multipart import Malformed, boundary_of, open_first_part
from connectors.pacs.secret import load_secret
from contracts.errors import Fatal, Retriable

if TYPE_CHECKING:
    from connectors.fhir_bulk.http import Response
    from connectors.pacs.options import Manners, WebOptions

PAGE = 500
"""Matches asked for at a time; a server may give fewer."""
_PAGES = 10_000
_STUDY_DATE, _MODALITY, _AVAILABILITY = "00080020", "00080060", "00080056"
_STUDY, _SERIES, _INSTANCE = "0020000D", "0020000E", "00080018"
_STUDY_SERIES, _STUDY_INSTANCES, _SERIES_INSTANCES = "00201206", "00201208", "00201209"
_ANY_SYNTAX = 'multipart/related; type="application/dicom"; transfer-syntax=*'
"""As it is stored: nothing is transcoded on the way (PS3.18, 8.7.3.3)."""


@dataclass
class WebArchive:
    """A PACS behind DICOMweb. Threads may share it."""

    name: str
    options: WebOptions = field(repr=False)
    manners: Manners
    wire: Wire = field(init=False, repr=False)

    def __post_init__(self) -> None:
        manners = self.manners
        request = Request(
            base=self.options.base,
            path="",
            plain_http=self.options.plain_http,
            ca_file=self.options.ca_file,
            downloads=manners.associations,
            timeout_seconds=manners.timeout_seconds,
            retry_seconds=manners.retry_seconds,
        )
        self.wire = Wire(request, self.name)

    def studies(self, first: date, last: date) -> Iterator[Study]:
        """See `Archive.studies`."""
        day = f"{first:%Y%m%d}"
        days = day if first == last else f"{day}-{last:%Y%m%d}"
        fields = (_STUDY_SERIES, _STUDY_INSTANCES, _AVAILABILITY)
        for found in self._search("studies", _STUDY, fields, StudyDate=days):
            yield Study(
                _text(found, _STUDY),
                _text(found, _STUDY_DATE) or day,
                _number(found, _STUDY_SERIES),
                _number(found, _STUDY_INSTANCES),
                _text(found, _AVAILABILITY),
            )

    def series(self, study: str) -> Iterator[Series]:
        """See `Archive.series`."""
        fields = (_SERIES_INSTANCES, _AVAILABILITY)
        for found in self._search(f"studies/{quote(study)}/series", _SERIES, fields):
            yield Series(
                _text(found, _SERIES),
                _text(found, _MODALITY),
                _number(found, _SERIES_INSTANCES),
                _text(found, _AVAILABILITY),
            )

    def instances(self, study: str, series: str) -> Iterator[str]:
        """See `Archive.instances`."""
        path = f"studies/{quote(study)}/series/{quote(series)}/instances"
        for found in self._search(path, _INSTANCE, ()):
            yield _text(found, _INSTANCE)

    def _search(
        self, path: str, key: str, fields: tuple[str, ...], **matched: str
    ) -> Iterator[dict[str, Any]]:
        """All matches, page by page; a server that knows no `offset` gives its first page again."""
        offset, last_first = 0, ""
        for _ in range(_PAGES):
            query = [*matched.items(), *(("includefield", one) for one in fields)]
            query += [("limit", str(PAGE)), ("offset", str(offset))]
            page = self._page(f"{self.options.qido}/{path}?{urlencode(query)}")
            found = [one for one in page if isinstance(one, dict) and _text(one, key)]
            first = _text(found[0], key) if found else ""
            if not found or (offset and first == last_first):
                return
            yield from found
            if len(page) < PAGE:
                return
            offset, last_first = offset + len(page), first

    def _page(self, url: str) -> list[Any]:
        headers = {"Accept": "application/dicom+json", **self._authorization()}
        answer = self.wire.insist(lambda: self.wire.send("GET", url, headers))
        if answer.status == 204:
            return []
        if answer.status != 200:
            raise self._refused("cannot be searched", answer)
        content = content_of(answer)
        if not isinstance(content, list):
            raise Fatal("what answers is no DICOMweb service", f"source {self.name}", _FIX)
        return content

    @contextmanager
    def fetch(self, instance: Instance) -> Iterator[BinaryIO]:
        """See `Archive.fetch`."""
        uids = [quote(uid) for uid in (instance.study, instance.series, instance.uid)]
        url = f"{self.options.wado}/studies/{uids[0]}/series/{uids[1]}/instances/{uids[2]}"
        headers = {"Accept": _ANY_SYNTAX, "Accept-Encoding": "identity", **self._authorization()}
        answer = self.wire.insist(lambda: self.wire.send("GET", url, headers, stream=True))
        try:
            if answer.status != 200:
                raise self._refused("does not give out an instance", answer)
            yield self._content(answer)
        finally:
            answer.close()
            answer.release_conn()

    def _content(self, answer: Response) -> BinaryIO:
        kind = answer.headers.get("Content-Type") or ""
        body = _Body(self, answer)
        if kind.lower().startswith("application/dicom") and "json" not in kind.lower():
            return cast(BinaryIO, io.BufferedReader(body, 1 << 18))
        try:
            return _guarded(open_first_part(body.piece, boundary_of(kind)), self.name)
        except Malformed:
            raise Retriable("the PACS sends something else than an instance", f"source {self.name}") from None

    def _authorization(self) -> dict[str, str]:
        options = self.options
        if options.token:
            return {"Authorization": f"Bearer {load_secret(options.token, self.name, 'token')}"}
        if options.username:
            pair = f"{options.username}:{load_secret(options.password, self.name, 'password')}"
            return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
        return {}

    def _refused(self, what: str, answer: Response) -> Fatal | Retriable:
        where, told = f"source {self.name}", f"the PACS {what} (HTTP {answer.status})"
        if answer.status in (404, 406, 410) and what.startswith("does not"):
            return Retriable(told, where, "the next round asks again")
        return Fatal(told, where, _ALLOWED if answer.status in (401, 403) else _FIX)

    def probe(self) -> str:
        """See `Archive.probe`."""
        query = urlencode([("limit", "1"), ("includefield", _STUDY_INSTANCES)])
        page = self._page(f"{self.options.qido}/studies?{query}")
        if not page:
            return "the service answers; it shows no study yet"
        counts = isinstance(page[0], dict) and _number(page[0], _STUDY_INSTANCES) is not None
        told = (
            "counts their instances"
            if counts
            else "does not count instances: each night asks for all of a window"
        )
        return f"the service answers, shows studies and {told}"


_FIX = "location is the base URL of the DICOMweb service; the options qido and wado where they lie below it"
_ALLOWED = "username and password, or token, of an account that may search and retrieve"


class _Body(io.RawIOBase):
    """A body as it comes; a connection that is cut is `Retriable`, never an end."""

    def __init__(self, archive: WebArchive, answer: Response) -> None:
        super().__init__()
        self._archive, self._answer = archive, answer

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self.piece(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def piece(self, size: int) -> bytes:
        """The next bytes, none at the end."""
        from urllib3.exceptions import HTTPError

        try:
            return self._answer.read(size, decode_content=False)
        except (HTTPError, OSError, ValueError) as error:
            raise self._archive.wire.unanswered(error) from None


def _guarded(stream: BinaryIO, name: str) -> BinaryIO:
    return cast(BinaryIO, _Guarded(stream, name))


class _Guarded(io.RawIOBase):
    """A part's stream, whose premature end is told as what it is: the connection was cut."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        super().__init__()
        self._stream, self._name = stream, name

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            data = self._stream.read(len(buffer))
        except Malformed:
            raise Retriable(
                "an instance came in part", f"source {self._name}", "it is asked for again"
            ) from None
        buffer[: len(data)] = data
        return len(data)


def _values(found: dict[str, Any], tag: str) -> list[Any]:
    """The values of an element in the DICOM JSON model (PS3.18, F.2)."""
    element = found.get(tag)
    values = element.get("Value") if isinstance(element, dict) else None
    return values if isinstance(values, list) else []


def _text(found: dict[str, Any], tag: str) -> str:
    values = _values(found, tag)
    return str(values[0]).strip() if values and isinstance(values[0], str) else ""


def _number(found: dict[str, Any], tag: str) -> int | None:
    values = _values(found, tag)
    text = str(values[0]) if values and not isinstance(values[0], bool) else ""
    return int(text) if text.isascii() and text.isdigit() else None
