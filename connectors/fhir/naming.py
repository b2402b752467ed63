"""What of a resource names an imaging study: accession numbers, UIDs, and the records that both are about.

- Identifiers of type ACSN (HL7 table 0203), of the resource, of what it is based on (`basedOn.identifier`), and of what
  a document is related to;
- `urn:oid:` identifiers of the system `urn:dicom:uid` of an ImagingStudy (R4, ImagingStudy.identifier), and the UIDs of
  its series;
- references to ServiceRequests, ImagingStudies and Procedures.

Only lines that hold one of these at all are parsed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson
import pyarrow as pa

from connectors.accessions import AccessionRules, plausible
from connectors.fhir.references import reference_of, referred_by

NAMING = {
    "ServiceRequest": "order",
    "ImagingStudy": "study",
    "DiagnosticReport": "report",
    "DocumentReference": "report",
    "Procedure": "procedure",
}
"""Types that are looked at, and what they are to a study."""
_STATING = frozenset({"ServiceRequest", "ImagingStudy"})
"""Types that others refer to for what they are about."""
_MARKS = (b"ACSN", b"urn:dicom:uid", b"ImagingStudy", b"imagingStudy", b"basedOn", b"procedureReference")
_DICOM_UID, _OID = "urn:dicom:uid", "urn:oid:"
_REFERRING = {
    "basedOn": "ServiceRequest",
    "imagingStudy": "ImagingStudy",
    "procedureReference": "Procedure",
}
"""Elements that refer, and to what where the reference does not say it."""
_MOST = 64

Json = dict[str, Any]
COLUMNS = (
    "accessions accession_normals named_study_uids named_series_uids refers_to refers_to_procedures".split()
)


@dataclass
class Named:
    """What one resource names."""

    numbers: list[str] = field(default_factory=list)
    studies: list[str] = field(default_factory=list)
    series: list[str] = field(default_factory=list)
    records: list[str] = field(default_factory=list)
    procedures: list[str] = field(default_factory=list)


def naming_columns(
    kind: str, ids: list[str], lines: list[bytes], rules: AccessionRules, base: str = ""
) -> dict[str, pa.Array]:
    """The columns `naming`, `stated_as` and `COLUMNS`, a value a line; lists are null where a line names nothing.

    Args:
        kind: the resources' type.
        ids: their logical ids.
        lines: the resources.
        rules: how the source writes accession numbers.
        base: the source's own base URL, empty where it is not told.
    """
    found: dict[str, list[list[str] | None]] = {name: [] for name in COLUMNS}
    for line in lines:
        named = _named(line, base) if any(mark in line for mark in _MARKS) else None
        values: list[list[str]] = [[] for _ in COLUMNS]
        if named is not None:
            normals = [rules.normal(number) for number in named.numbers]
            values = [named.numbers, normals, named.studies, named.series, named.records, named.procedures]
        for name, value in zip(COLUMNS, values, strict=True):
            found[name].append(list(dict.fromkeys(value))[:_MOST] or None)
    stated = [f"{kind}/{one}" if kind in _STATING else None for one in ids]
    columns = {name: pa.array(values, pa.list_(pa.string())) for name, values in found.items()}
    own = {"naming": [NAMING[kind]] * len(ids), "stated_as": stated}
    return {name: pa.array(values, pa.string()) for name, values in own.items()} | columns


def _named(line: bytes, base: str) -> Named | None:
    try:
        resource = orjson.loads(line)
    except orjson.JSONDecodeError:  # a reader more lenient than this one took it
        return None
    named = Named()
    for identifier in _identifiers(resource):
        _take(identifier, named)
    if resource.get("resourceType") == "ImagingStudy":
        stated = (one.get("uid") for one in _objects(resource.get("series")))
        named.series += [uid for uid in stated if isinstance(uid, str) and uid]
    for element, kind in _REFERRING.items():
        for reference in _objects(resource.get(element)):
            _refer(reference, kind, resource, named, base)
    related = _objects(resource.get("context")) if resource.get("resourceType") == "DocumentReference" else ()
    for context in related:
        for reference in _objects(context.get("related")):
            _refer(reference, "", resource, named, base)
    return named


def _identifiers(resource: Json) -> Iterator[Json]:
    yield from _objects(resource.get("identifier"))
    for element in ("basedOn", "imagingStudy"):
        for reference in _objects(resource.get(element)):
            yield from _objects(reference.get("identifier"))
    for context in _objects(resource.get("context")):
        for reference in _objects(context.get("related")):
            yield from _objects(reference.get("identifier"))


def _take(identifier: Json, named: Named) -> None:
    value = identifier.get("value")
    if not isinstance(value, str):
        return
    if identifier.get("system") == _DICOM_UID:
        named.studies.append(value.removeprefix(_OID).strip())
        return
    codes = {
        one.get("code") for kind in _objects(identifier.get("type")) for one in _objects(kind.get("coding"))
    }
    if "ACSN" in codes and plausible(value):
        named.numbers.append(plausible(value))


def _refer(reference: Json, kind: str, resource: Json, named: Named, base: str) -> None:
    """A reference to one of the types that matter; one that names no type is to the element's own."""
    stated = reference_of(reference, resource)
    for one in ("ServiceRequest", "ImagingStudy", "Procedure"):
        typed = isinstance(stated, str) and one in stated
        if not typed and one != kind:
            continue
        found = referred_by(stated, one, base)
        if found and one == "Procedure":
            named.procedures.append(found)
        elif found:
            named.records.append(f"{one}/{found}")
        if found:
            return


def _objects(value: Any) -> Iterator[Json]:
    """The objects of an element that holds one or several."""
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, dict):
            yield one
