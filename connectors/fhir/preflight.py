"""Preflight of an NDJSON file: what would be rejected and why, line by line, without a value of a patient."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

import orjson

from connectors.fhir.lines import LINE_LIMIT, Chunk, open_stream, read_chunks
from connectors.fhir.types import CONTAINER_TYPES, RESOURCE_TYPES
from contracts.errors import Rejected
from contracts.protocols import Finding

if TYPE_CHECKING:
    from contracts.protocols import Place

MAX_FINDINGS = 1_000
"""Findings told one by one; beyond, they are only counted."""

_DATE = re.compile(
    r"\d{4}(-\d{2}(-\d{2}(T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?)?)?"
)

# Element, and its JSON type, of what the mapped types are read from.
_ELEMENTS: dict[str, dict[str, type]] = {
    "Patient": {
        "name": list,
        "identifier": list,
        "birthDate": str,
        "gender": str,
        "address": list,
        "telecom": list,
    },
    "Encounter": {"status": str, "class": dict, "type": list, "subject": dict, "period": dict},
    "Condition": {
        "code": dict,
        "subject": dict,
        "encounter": dict,
        "onsetDateTime": str,
        "recordedDate": str,
    },
    "DocumentReference": {
        "status": str,
        "type": dict,
        "subject": dict,
        "content": list,
        "context": dict,
        "date": str,
    },
}
_DATES: dict[str, tuple[str, ...]] = {
    "Patient": ("birthDate", "deceasedDateTime"),
    "Encounter": ("period.start", "period.end"),
    "Condition": (
        "onsetDateTime",
        "onsetPeriod.start",
        "abatementDateTime",
        "abatementPeriod.end",
        "recordedDate",
    ),
    "DocumentReference": ("date", "context.period.start"),
}
_NAMES: dict[type, str] = {list: "an array", dict: "an object", str: "a string"}


def check_file(place: Place) -> Iterator[Finding]:
    """Findings for one file: errors and warnings by line, then counts by type.

    Rules: `invalid-utf8`, `invalid-json`, `line-too-long`, `not-fhir`, `unknown-resource-type`,
    `container-resource`, `missing-id`, `wrong-type`, `impossible-date`, `missing-subject`, `corrupt-gzip`; and
    `count` (information).
    """
    counts: Counter[str] = Counter()
    told = 0
    try:
        with open_stream(place) as stream:
            for chunk in read_chunks(stream):
                for finding in _check_chunk(chunk, counts):
                    told += 1
                    if told <= MAX_FINDINGS:
                        yield finding
    except Rejected as rejected:
        yield Finding("error", rejected.reason, "the compressed file is damaged or cut off")
    if told > MAX_FINDINGS:
        yield Finding("info", "count", f"{told - MAX_FINDINGS} further findings are not listed")
    for kind, count in sorted(counts.items()):
        yield Finding("info", "count", f"{count} {kind}")


def _check_chunk(chunk: Chunk, counts: Counter[str]) -> Iterator[Finding]:
    number = chunk.line or 1
    if chunk.overlong:
        counts["line too long"] += 1
        yield Finding("error", "line-too-long", f"longer than {LINE_LIMIT >> 20} MiB", f"line {number}")
        return
    lines = chunk.data.removeprefix(b"\xef\xbb\xbf") if chunk.offset == 0 else chunk.data
    for index, line in enumerate(lines.split(b"\n")):
        if line.strip():
            yield from check_line(line, f"line {number + index}", counts)


def check_line(line: bytes, where: str, counts: Counter[str]) -> Iterator[Finding]:
    """Findings for one line; its type is added to `counts`."""
    try:
        resource = orjson.loads(line)
    except orjson.JSONDecodeError:
        counts["invalid line"] += 1
        yield _not_json(line, where)
        return
    kind = resource.get("resourceType") if isinstance(resource, dict) else None
    if kind is None:
        counts["not FHIR"] += 1
        yield Finding("warning", "not-fhir", "no resourceType: the line is counted and left", where)
    elif kind not in RESOURCE_TYPES:
        counts["unknown type"] += 1
        yield Finding("error", "unknown-resource-type", "the resourceType is none of FHIR R4 or R5", where)
    elif kind in CONTAINER_TYPES:
        counts[kind] += 1
        yield Finding("error", "container-resource", "holds other resources: export them one a line", where)
    else:
        counts[kind] += 1
        yield from _check_resource(kind, resource, where)


def _not_json(line: bytes, where: str) -> Finding:
    try:
        line.decode()
    except UnicodeDecodeError as error:
        return Finding("error", "invalid-utf8", f"not UTF-8 from byte {error.start} of the line", where)
    return Finding("error", "invalid-json", "not JSON", where)


def _check_resource(kind: str, resource: dict[str, Any], where: str) -> Iterator[Finding]:
    if not resource.get("id"):
        yield Finding("error", "missing-id", f"the {kind} has no id", where)
    for element, wanted in _ELEMENTS.get(kind, {}).items():
        if element in resource and not isinstance(resource[element], wanted):
            yield Finding("error", "wrong-type", f"{kind}.{element} must be {_NAMES[wanted]}", where)
    for path in _DATES.get(kind, ()):
        value = _at(resource, path)
        if value is not None and not is_date(value):
            yield Finding("error", "impossible-date", f"{kind}.{path} is no date that a calendar has", where)
    if "subject" in _ELEMENTS.get(kind, {}) and _at(resource, "subject.reference") is None:
        yield Finding("error", "missing-subject", f"the {kind} refers to no patient", where)


def is_date(value: Any) -> bool:
    """Whether a value is a FHIR date or dateTime (https://hl7.org/fhir/R4/datatypes.html#dateTime) of a real day."""
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        return False
    try:
        date.fromisoformat({4: f"{value}-01-01", 7: f"{value}-01"}.get(len(value), value[:10]))
    except ValueError:
        return False
    return True


def _at(resource: dict[str, Any], path: str) -> Any:
    value: Any = resource
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value
