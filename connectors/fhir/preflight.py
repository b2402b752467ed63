"""Preflight of a file: what would be rejected and why, by line or entry, without a value of a patient."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

import orjson

from connectors.fhir.connector import batches_of
from connectors.fhir.lines import LINE_LIMIT
from connectors.fhir.manifest import is_manifest, read_manifest
from connectors.fhir.references import reference_of
from connectors.fhir.types import CONTAINER_TYPES, RESOURCE_TYPES
from contracts.errors import Rejected
from contracts.protocols import Finding

if TYPE_CHECKING:
    from connectors.fhir.batch import Batch
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
_REJECTED = {
    "line-too-long": f"longer than {LINE_LIMIT >> 20} MiB",
    "unresolved-delete": "a DELETE that names no record by type and id",
    "malformed-bundle": "a Bundle whose entries are no objects",
    "invalid-utf8": "an entry that is not UTF-8",
    "invalid-json": "an entry that is not JSON",
}
_NAMES: dict[type, str] = {list: "an array", dict: "an object", str: "a string"}


def check_file(place: Place) -> Iterator[Finding]:
    """Findings for one file: errors and warnings by line or entry, then counts by type.

    Rules: `invalid-utf8`, `invalid-json`, `line-too-long`, `not-fhir`, `unknown-resource-type`,
    `container-resource`, `missing-id`, `wrong-type`, `impossible-date`, `missing-subject`, `corrupt-gzip`; of Bundles
    `truncated-json`, `malformed-bundle`, `unresolved-delete`; of manifests `no-transaction-time`,
    `export-errors`, `missing-file`; and `count` (information).
    """
    counts: Counter[str] = Counter()
    told = 0
    try:
        for batch in batches_of(place):
            for finding in _check_batch(batch, counts, place):
                told += 1
                if told <= MAX_FINDINGS:
                    yield finding
    except Rejected as rejected:
        yield Finding(
            "error", rejected.reason, f"nothing of the file can be kept: {rejected.legal}", rejected.place
        )
    if told > MAX_FINDINGS:
        yield Finding("info", "count", f"{told - MAX_FINDINGS} further findings are not listed")
    for kind, count in sorted(counts.items()):
        yield Finding("info", "count", f"{count} {kind}")


def _check_batch(batch: Batch, counts: Counter[str], place: Place) -> Iterator[Finding]:
    for _, reason, where, _ in batch.rejected:
        counts[reason.replace("-", " ")] += 1
        yield Finding("error", reason, _REJECTED.get(reason, "cannot be read"), where)
    counts.update(kind.replace("-", " ") for _, kind in batch.ignored)
    counts.update(f"deleted {one.kind}" for one in batch.deleted)
    lines = batch.lines
    if lines is None:
        return
    for index, record in enumerate(lines.records.tolist()):
        line = lines.at(index)
        if is_manifest(line):
            yield from _check_manifest(line, place, counts)
        elif line.strip():
            yield from check_line(line, lines.where(record), counts)


def _check_manifest(data: bytes, place: Place, counts: Counter[str]) -> Iterator[Finding]:
    """What a manifest says of its export, and which of its files do not lie beside it."""
    manifest = read_manifest(data)
    assert manifest is not None
    counts["bulk manifest"] += 1
    if not manifest.exported:
        message = (
            "no transactionTime that is an instant: versions of records without lastUpdated have no order"
        )
        yield Finding("warning", "no-transaction-time", message)
    errors = sum(one.kind == "error" for one in manifest.files)
    if errors:
        yield Finding(
            "warning", "export-errors", f"the server could not export everything: {errors} files of errors"
        )
    with place.local() as path:
        if path.name != place.name:
            return  # a copy of a remote object: what lies beside that is not seen from here
        beside = {name.name for name in path.parent.rglob("*")}
    for number, one in enumerate(manifest.files, 1):
        if one.name not in beside:
            kind = one.record_type or "a type that is not stated"
            yield Finding(
                "warning", "missing-file", f"{one.kind} of {kind} is not beside it", f"file {number}"
            )


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
        yield Finding(
            "error", "container-resource", "holds other resources, and is no Bundle that can be opened", where
        )
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
    if not resource.get("id") and kind != "OperationOutcome":
        yield Finding("error", "missing-id", f"the {kind} has no id", where)
    for element, wanted in _ELEMENTS.get(kind, {}).items():
        if element in resource and not isinstance(resource[element], wanted):
            yield Finding("error", "wrong-type", f"{kind}.{element} must be {_NAMES[wanted]}", where)
    for path in _DATES.get(kind, ()):
        value = _at(resource, path)
        if value is not None and not is_date(value):
            yield Finding("error", "impossible-date", f"{kind}.{path} is no date that a calendar has", where)
    if "subject" in _ELEMENTS.get(kind, {}) and reference_of(resource.get("subject"), resource) is None:
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
