"""Who is in a file: Patient resources with all that must be hidden of them, and the patients that others refer to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from contracts.identity import Identity

if TYPE_CHECKING:
    from connectors.fhir.lines import Chunk
    from contracts.protocols import Reading

_KEYS = (b'"subject"', b'"patient"', b'"beneficiary"', b'"for"', b'"individual"')
_DIRECT = re.compile(rb'\s*:\s*\{\s*"reference"\s*:\s*"([^"\\]*)"')
_PATIENT = re.compile(r"(?:^|/)Patient/([^/?#|]+)(?:/_history/[^/]*)?$")
_TYPE = re.compile(rb'"resourceType"\s*:\s*$')
_MAIDEN = "http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName"
_BIRTH_PLACE = "http://hl7.org/fhir/StructureDefinition/patient-birthPlace"
_PHONES = {"phone", "fax", "pager", "sms"}

Json = dict[str, Any]


def find_identities(chunk: Chunk, reading: Reading, seen: set[str] | None = None) -> Iterator[Identity]:
    """The identities that a chunk of lines speaks of.

    Patient lines come each with its traits; a patient who is only referred to comes once for each `seen`. Every
    reference that `read` follows is found here: where one is not of the plain form, its line is parsed.
    """
    seen = set() if seen is None else seen
    for resource in _patients(chunk.data):
        yield describe_patient(resource, reading)
    for patient in _referred(chunk.data):
        if patient not in seen:
            seen.add(patient)
            yield Identity(reading.authority, patient, "fhir", "fhir")


def referred_patient(reference: Any) -> str | None:
    """The Patient id in a literal reference; None where it is of another type, conditional or not literal."""
    if not isinstance(reference, str):
        return None
    if reference.startswith("urn:uuid:"):
        return reference[9:] or None
    found = _PATIENT.search(reference)
    return found[1] if found else None


def _patients(data: bytes) -> Iterator[Json]:
    """The Patient resources among the lines; a Patient contained in another resource is none of them."""
    place, done = data.find(b'"Patient"'), -1
    while place >= 0:
        start = data.rfind(b"\n", 0, place) + 1
        if start > done and _TYPE.search(data, max(start, place - 64), place):
            resource = _parse(data, place)
            if resource.get("resourceType") == "Patient" and resource.get("id"):
                yield resource
            done = start
        place = data.find(b'"Patient"', place + 9)


def _referred(data: bytes) -> Iterator[str]:
    for key in _KEYS:
        place = data.find(key)
        while place >= 0:
            end = place + len(key)
            direct = _DIRECT.match(data, end)
            if direct:
                references: list[Any] = [direct[1].decode(errors="replace")]
            else:
                value = _parse(data, place).get(key.decode().strip('"'))
                references = [value.get("reference")] if isinstance(value, dict) else []
            yield from (patient for patient in map(referred_patient, references) if patient)
            place = data.find(key, end)


def _parse(data: bytes, place: int) -> Json:
    """The resource on the line around `place`; empty where it is no JSON object (`read` rejects it)."""
    import orjson

    end = data.find(b"\n", place)
    try:
        resource = orjson.loads(data[data.rfind(b"\n", 0, place) + 1 : end if end >= 0 else len(data)])
    except orjson.JSONDecodeError:
        return {}
    return resource if isinstance(resource, dict) else {}


def describe_patient(resource: Json, reading: Reading) -> Identity:
    """The identity of a Patient resource: aliases that it states, and the traits to be hidden."""
    patient = str(resource["id"])
    numbers = _record_numbers(resource, reading.source.options.get("mrn_system", ""))
    links = (
        referred_patient(_dict(link.get("other")).get("reference")) for link in _dicts(resource.get("link"))
    )
    aliases = [Identity(reading.authority, number, "", "fhir") for number in numbers]
    aliases += [
        Identity(reading.authority, link, "fhir", "fhir") for link in links if link and link != patient
    ]
    return Identity(reading.authority, patient, "fhir", "fhir", tuple(aliases), _traits(resource, patient))


def _record_numbers(resource: Json, system: str) -> list[str]:
    """Medical record numbers (type MR of HL7 table 0203).

    With several identifier systems among them, they come from several authorities: unless the source's option says
    which is its own, none is taken, for a wrong one would make two people one.
    """
    found = [
        (str(identifier.get("system", "")), str(identifier["value"]))
        for identifier in _dicts(resource.get("identifier"))
        if identifier.get("value")
        and any(coding.get("code") == "MR" for coding in _dicts(_dict(identifier.get("type")).get("coding")))
    ]
    if system:
        return [value for name, value in found if name == system]
    return [value for _, value in found] if len({name for name, _ in found}) == 1 else []


def _traits(resource: Json, patient: str) -> dict[str, tuple[str, ...]]:
    contacts = _dicts(resource.get("contact"))
    places = _dicts(resource.get("address")) + [_dict(contact.get("address")) for contact in contacts]
    names = [part for name in _dicts(resource.get("name")) for part in _name_parts(name)]
    for extension in _dicts(resource.get("extension")):
        if extension.get("url") == _MAIDEN:
            names.append(extension.get("valueString"))
        if extension.get("url") == _BIRTH_PLACE:
            places.append(_dict(extension.get("valueAddress")))
    points = _dicts(resource.get("telecom")) + [
        t for contact in contacts for t in _dicts(contact.get("telecom"))
    ]
    lines = [line for place in places for line in [*_strings(place.get("line")), *_parts_of(place)]]
    death = resource.get("deceasedDateTime")
    found: dict[str, list[Any]] = {
        "name": names,
        "contact": [part for contact in contacts for part in _name_parts(_dict(contact.get("name")))],
        "identifier": [
            patient,
            *(i.get("value") for i in _dicts(resource.get("identifier"))),
            *_other_points(points),
        ],
        "phone": [point.get("value") for point in points if point.get("system") in _PHONES],
        "email": [point.get("value") for point in points if point.get("system") == "email"],
        "address": lines,
        "zip": [place.get("postalCode") for place in places],
        "birth_date": [resource.get("birthDate")],
        "death_date": [death[:10] if isinstance(death, str) else None],
    }
    kept = {key: tuple(dict.fromkeys(_strings(values))) for key, values in found.items()}
    return {key: values for key, values in kept.items() if values}


def _name_parts(name: Json) -> list[Any]:
    """Family name, each given name, and the whole as text where the source writes it so."""
    return [name.get("family"), *_strings(name.get("given")), name.get("text")]


def _parts_of(place: Json) -> list[Any]:
    """What of an address is smaller than a state."""
    return [place.get("city"), place.get("district"), place.get("text")]


def _other_points(points: list[Json]) -> list[Any]:
    return [point.get("value") for point in points if point.get("system") not in _PHONES | {"email"}]


def _strings(values: Any) -> list[str]:
    return (
        [v.strip() for v in values if isinstance(v, str) and v.strip()]
        if isinstance(values, (list, tuple))
        else []
    )


def _dicts(values: Any) -> list[Json]:
    return [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []


def _dict(value: Any) -> Json:
    return value if isinstance(value, dict) else {}
