"""Bundles (https://hl7.org/fhir/R4/bundle.html): what their entries say, one after the other.

A Bundle is read twice: once to see that it is whole and by which `fullUrl` its entries call each other, and once for
its resources. So a Bundle that is cut off gives nothing, and memory holds a few megabytes of entries at a time and the
names that differ from the ids of their resources.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, BinaryIO

import orjson

from connectors.fhir.batch import Batch, Deleted, Lines, Resource, is_utf8
from connectors.fhir.lines import CHUNK_BYTES
from connectors.fhir.references import referred_by, relative
from connectors.fhir.scan import Entry, find_word, scan
from connectors.fhir.types import RESOURCE_TYPES
from contracts.errors import Rejected

_HEAD = re.compile(rb'\{\s*"resourceType"\s*:\s*"([A-Za-z]+)"(?:\s*,\s*"id"\s*:\s*"([^"\\]*)")?')
_REFERENCE = re.compile(rb'("reference"\s*:\s*")([^"\\]+)"')
_TARGET = re.compile(r"/*([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})")
_LOGICAL_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_DEEPEST = 8

Json = dict[str, Any]
Opened = AbstractContextManager[BinaryIO]


@dataclass(frozen=True)
class Bundle:
    """What must be known of a Bundle before its entries are read.

    Attributes:
        version: when it was made, empty where it does not say.
        names: what references call a resource by, where that is not its id, and `Type/id`.
        whole: False where the object is no Bundle and is to be taken as it is.
    """

    version: str = ""
    names: dict[bytes, bytes] = field(default_factory=dict, repr=False)
    whole: bool = True


def read_documents(opened: Sequence[Opened], base: str = "") -> Iterator[Batch]:
    """What a file of JSON objects says.

    Args:
        opened: the file's stream, twice, each not entered yet.
        base: the source's own base URL.

    Raises:
        Rejected: `truncated-json`, `invalid-json`, `malformed-bundle`, `line-too-long` or `corrupt-gzip`.
    """
    first, second = opened
    with first as stream:
        bundles = index(stream, base)
    with second as stream:
        yield from _gathered(_said(stream, 0, bundles, base, "", 0))


def expand(lines: Lines, base: str = "") -> Iterator[Batch]:
    """The lines that are no Bundles, then what the Bundles among them say."""
    found = {record: lines.raw(record) for record in _bundle_lines(lines)}
    if found:
        lines.leave_out(list(found))
    yield Batch(lines, count=lines.count)
    if found:
        yield from _gathered(
            said for record, data in found.items() for said in _unroll(data, lines, record, base)
        )


def _bundle_lines(lines: Lines) -> list[int]:
    """Records of the lines that are Bundles and valid JSON; the others are judged as lines."""
    found: dict[int, None] = {}
    done = -1
    for place in find_word(lines.data, b'"Bundle"', 1):
        at = lines.around(place)
        if at > done:
            record, done = int(lines.records[at]), at
            if record not in lines.invalid and _parsed(lines.at(at)).get("resourceType") == "Bundle":
                found[record] = None
    return list(found)


def _unroll(data: bytes, lines: Lines, record: int, base: str) -> Iterator[_Said]:
    where = f"{lines.where(record)}, "
    try:
        bundles = index(io.BytesIO(data), base)
        yield from _said(io.BytesIO(data), record, bundles, base, where, 0)
    except Rejected as rejected:
        yield record, rejected.reason, lines.where(record), data


_Said = Resource | Deleted | tuple[int, str] | tuple[int, str, str, bytes]
"""A resource, a deletion, (record, type) of what is ignored, or (record, reason, where, payload) of a rejection."""


def _gathered(said: Iterator[_Said]) -> Iterator[Batch]:
    """What is said, in batches of about `CHUNK_BYTES`."""
    batch, resources, size = Batch(), list[Resource](), 0
    for one in said:
        batch.count += 1
        if isinstance(one, Resource):
            resources.append(one)
            size += len(one.data)
        elif isinstance(one, Deleted):
            batch.deleted.append(one)
        elif len(one) == 2:
            batch.ignored.append(one)
        else:
            batch.rejected.append(one)
            size += len(one[3])
        if size >= CHUNK_BYTES:
            yield _closed(batch, resources)
            batch, resources, size = Batch(), [], 0
    yield _closed(batch, resources)


def _closed(batch: Batch, resources: list[Resource]) -> Batch:
    batch.lines = Lines.of_resources(resources) if resources else None
    return batch


def index(stream: BinaryIO, base: str = "") -> list[Bundle]:
    """What must be known of each object of a stream, which is read to its end.

    Raises:
        Rejected: as `scan`, or `malformed-bundle`: its entries are no objects.
    """
    found, names = list[Bundle](), dict[bytes, bytes]()
    for item in scan(stream):
        if isinstance(item, Entry):
            name = b"" if item.overlong else _name(item, base)
            if name:
                names[_full_url(item.rest).encode()] = name
            continue
        content, entries = item.content, item.content.get("entry", [])
        if content.get("resourceType") == "Bundle":
            if not isinstance(entries, list) or len(entries) != item.entries or any(e != {} for e in entries):
                raise Rejected("malformed-bundle", f"byte {item.offset}", "an array of entries")
            found.append(Bundle(_version_of(content), names))
        else:
            found.append(Bundle(whole=False))
        names = {}
    return found


def _name(entry: Entry, base: str) -> bytes:
    """`Type/id` of an entry that others call by another name; empty where its `fullUrl` says the same."""
    if b'"fullUrl"' not in entry.data:
        return b""
    kind, identifier = _identify(entry.resource_bytes)
    if not kind or not identifier:
        return b""  # its id is then taken from the fullUrl
    url = _full_url(entry.rest)
    same = not url or referred_by(url, kind, base) == identifier
    return b"" if same else f"{kind}/{identifier}".encode()


def _said(
    stream: BinaryIO, offset: int, bundles: Sequence[Bundle], base: str, where: str, depth: int
) -> Iterator[_Said]:
    number = 0
    for item in scan(stream, offset, split=lambda n: bundles[n].whole):
        if isinstance(item, Entry):
            yield from _open(item, bundles[number], base, f"{where}entry {item.number}", depth)
            continue
        if not bundles[number].whole:
            yield Resource(item.offset, item.data, f"{where}byte {item.offset}")
        number += 1


def _open(entry: Entry, bundle: Bundle, base: str, where: str, depth: int) -> Iterator[_Said]:
    """What one entry says: a resource, those of a Bundle inside, a deletion, or nothing."""
    rest = None if entry.overlong else entry.rest
    if not isinstance(rest, dict):
        broken = "invalid-json" if is_utf8(entry.data) else "invalid-utf8"
        yield entry.offset, "line-too-long" if entry.overlong else broken, where, entry.data
        return
    request, response = (
        part if isinstance(part, dict) else {} for part in (rest.get("request"), rest.get("response"))
    )
    version = instant(response.get("lastModified")) or bundle.version
    if str(request.get("method")).upper() == "DELETE":
        yield _deletion(entry, str(request.get("url")), version, base, where)
        return
    if entry.resource is None:
        yield entry.offset, "empty-entry"
        return
    data = entry.resource_bytes
    kind, identifier = _identify(data)
    if kind == "Bundle" and depth < _DEEPEST:
        yield from _nested(entry, data, base, where, depth)
        return
    if kind and not identifier:
        data = _with_id(data, _id_stated(rest, request, kind, base))
    yield Resource(entry.offset, _renamed(data, bundle.names), where, version)


def _nested(entry: Entry, data: bytes, base: str, where: str, depth: int) -> Iterator[_Said]:
    begins = entry.offset + (entry.resource or (0, 0))[0]
    try:
        bundles = index(io.BytesIO(data), base)
        yield from _said(io.BytesIO(data), begins, bundles, base, f"{where}, ", depth + 1)
    except Rejected as rejected:
        yield entry.offset, rejected.reason, where, data


def _deletion(entry: Entry, url: str, version: str, base: str, where: str) -> _Said:
    found = _TARGET.fullmatch(relative(url, base))
    if not found or found[1] not in RESOURCE_TYPES:
        return entry.offset, "unresolved-delete", where, entry.data
    return Deleted(entry.offset, found[1], found[2], version)


def _identify(data: bytes) -> tuple[str, str]:
    """Type and id of a resource: by its beginning, as nearly all are written, else by parsing; empty if absent."""
    found = _HEAD.match(data)
    if found and found[2]:
        return found[1].decode(), found[2].decode(errors="replace")
    resource = _parsed(data)
    kind, identifier = resource.get("resourceType"), resource.get("id")
    return (
        kind if isinstance(kind, str) and kind.isalpha() else "",
        identifier if isinstance(identifier, str) else "",
    )


def _id_stated(rest: Json, request: Json, kind: str, base: str) -> str:
    """The id that an entry gives to a resource that has none: by its fullUrl, or by the URL that it is put to."""
    for url in (_full_url(rest), str(request.get("url", "")).lstrip("/")):
        identifier = referred_by(url, kind, base)
        if identifier and _LOGICAL_ID.fullmatch(identifier):
            return identifier
    return ""


def _with_id(data: bytes, identifier: str) -> bytes:
    if not identifier:
        return data
    found = re.match(rb'\{\s*"resourceType"\s*:\s*"[A-Za-z]+"', data)
    if found:
        return data[: found.end()] + f',"id":"{identifier}"'.encode() + data[found.end() :]
    return f'{{"id":"{identifier}",'.encode() + data[1:]


def _renamed(data: bytes, names: dict[bytes, bytes]) -> bytes:
    """A resource whose references say `Type/id` in place of the names that hold in its Bundle alone."""
    if not names:
        return data
    return _REFERENCE.sub(lambda found: found[1] + names.get(found[2], found[2]) + b'"', data)


def _full_url(rest: Any) -> str:
    url = rest.get("fullUrl") if isinstance(rest, dict) else None
    return url if isinstance(url, str) else ""


def _version_of(content: Json) -> str:
    meta = content.get("meta")
    return instant(content.get("timestamp")) or instant(
        meta.get("lastUpdated") if isinstance(meta, dict) else None
    )


def instant(value: Any) -> str:
    """An instant in UTC to the microsecond, as `columns.instants` writes it; empty where it is none."""
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return ""
    moment = moment.astimezone(UTC) if moment.tzinfo else moment
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")


def _parsed(data: bytes) -> Json:
    try:
        found = orjson.loads(data)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}
