"""Who is in a file: Patient resources with all that must be hidden of them, and the patients that others refer to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from connectors.fhir.bundles import instant
from connectors.fhir.references import identifier_key, reference_of, referred_by
from contracts.identity import Identity

if TYPE_CHECKING:
    from connectors.fhir.batch import Deleted, Lines
    from contracts.protocols import Reading

_ELEMENTS = ("subject", "patient", "beneficiary", "for", "individual")
_DIRECT = re.compile(rb'\s*:\s*\{\s*"reference"\s*:\s*"([^"\\#]+)"')
_TYPE = re.compile(rb'"resourceType"\s*:\s*$')
_TYPE_BYTES = 64
_BLANK = b" \t\r\n"
_NUMBERS = {"MR", "PI", "PT"}  # HL7 table 0203: medical record, patient internal and patient external number
_MAIDEN = "http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName"
_BIRTH_PLACE = "http://hl7.org/fhir/StructureDefinition/patient-birthPlace"
_PHONES = {"phone", "fax", "pager", "sms"}

Json = dict[str, Any]


def find_identities(
    lines: Lines, reading: Reading, seen: set[str] | None = None, exported: str = ""
) -> Iterator[Identity]:
    """The identities that resources speak of.

    Patients come each with their traits, as statements of their records, whose version is `read`'s; `exported` is that
    of what states none. So do their RelatedPersons, as contacts of theirs; a patient who is only referred to comes once
    for each `seen`. Every reference that `read` follows is found here: where one is not of the plain form, its resource
    is parsed.
    """
    seen = set() if seen is None else seen
    for at, resource in _of_type(lines, "Patient"):
        told = lines.stated(at) or exported
        yield _as_statement(describe_patient(resource, reading), resource, lines.at(at), told, reading)
    for _, resource in _of_type(lines, "RelatedPerson"):
        yield from _describe_related(resource, reading)
    yield from _contained(lines, reading)
    for patient in _referred(lines, reading.source.options.get("base_url", "")):
        if patient not in seen:
            seen.add(patient)
            yield _identity(patient, reading)


def find_deletions(found: Sequence[Deleted], reading: Reading, exported: str = "") -> Iterator[Identity]:
    """That Patients are no more: what they stated joins nobody."""
    for one in found:
        if one.kind == "Patient":
            identity = Identity(
                reading.authority, one.identifier, "fhir", "fhir", record=_record(one.identifier, reading)
            )
            yield replace(identity, version=one.version or exported, retracted=True)


def _as_statement(identity: Identity, resource: Json, line: bytes, told: str, reading: Reading) -> Identity:
    """The identity as its Patient's record states it: in the order in which `read` has the newest version win."""
    meta = _dict(resource.get("meta"))
    return replace(
        identity,
        record=_record(identity.identifier, reading),
        version=instant(meta.get("lastUpdated")) or told,
        tie=reading.key.id63("record-digest", line.strip(_BLANK)),
    )


def _record(patient: str, reading: Reading) -> str:
    return "\x1f".join((reading.authority, "fhir", "Patient", patient))


def _identity(
    patient: str, reading: Reading, traits: Mapping[str, tuple[str, ...]] | None = None
) -> Identity:
    """Who a Patient id, as references name it, is. One of the authority's own number's system is that number.

    A number by which a patient is referred to never outranks the Patient itself as what the person goes by.
    """
    system = reading.source.options.get("mrn_system", "")
    if system and patient.startswith(f"{system}|"):
        return Identity(reading.authority, patient[len(system) + 1 :], "", "fhir", traits=traits or {})
    kind = "reference" if "|" in patient else "fhir"
    return Identity(reading.authority, patient, "fhir", kind, traits=traits or {})


def _of_type(lines: Lines, kind: str) -> Iterator[tuple[int, Json]]:
    """The resources of a type that have an id, with their index; one contained in another resource is none of them."""
    name = f'"{kind}"'.encode()
    data = lines.data
    place, done = data.find(name), -1
    while place >= 0:
        at = lines.around(place)
        if at > done and _TYPE.search(data, max(int(lines.bounds[at]), place - _TYPE_BYTES), place):
            resource = _parse(lines.at(at))
            if resource.get("resourceType") == kind and resource.get("id"):
                yield at, resource
            done = at
        place = data.find(name, place + len(name))


def _contained(lines: Lines, reading: Reading) -> Iterator[Identity]:
    """Patients contained in the resources about them, with their traits, under the id that `read` gives them."""
    data, done = lines.data, -1
    place = data.find(b'"contained"')
    while place >= 0:
        at = lines.around(place)
        if at > done and data.find(b'"Patient"', int(lines.bounds[at]), int(lines.bounds[at + 1])) >= 0:
            resource = _parse(lines.at(at))
            for inner in _dicts(resource.get("contained")):
                if inner.get("resourceType") == "Patient" and isinstance(inner.get("id"), str):
                    name = reference_of({"reference": "#" + inner["id"].lstrip("#")}, resource)
                    patient = referred_by(name, "Patient")
                    if patient:
                        yield _identity(patient, reading, _traits(inner, patient))
            done = at
        place = data.find(b'"contained"', place + 11)


def _referred(lines: Lines, base: str) -> Iterator[str]:
    data, known = lines.data, set[bytes]()
    for element in _ELEMENTS:
        key = f'"{element}"'.encode()
        place = data.find(key)
        while place >= 0:
            end = place + len(key)
            direct = _DIRECT.match(data, end)
            if direct and direct[1] in known:  # a patient's records stand together
                place = data.find(key, end)
                continue
            if direct:
                known.add(direct[1])
                reference: str | None = direct[1].decode(errors="replace")
            else:
                resource = _parse(lines.at(lines.around(place)))
                reference = reference_of(resource.get(element), resource)
            patient = referred_by(reference, "Patient", base)
            if patient:
                yield patient
            place = data.find(key, end)


def _parse(data: bytes) -> Json:
    """A resource; empty where it is no JSON object (`read` rejects it)."""
    import orjson

    try:
        resource = orjson.loads(data)
    except orjson.JSONDecodeError:
        return {}
    return resource if isinstance(resource, dict) else {}


def describe_patient(resource: Json, reading: Reading) -> Identity:
    """The identity of a Patient resource: aliases that it states, and the traits to be hidden."""
    patient, options = str(resource["id"]), reading.source.options
    numbers = _record_numbers(resource, options.get("mrn_system", ""))
    aliases = [Identity(reading.authority, number, "", "fhir") for number in numbers]
    for link in _dicts(resource.get("link")):
        other = referred_by(reference_of(link.get("other"), resource), "Patient", options.get("base_url", ""))
        if other and other != patient:
            aliases.append(_identity(other, reading))
    # by which others may refer to it (`Patient?identifier=`)
    aliases += [Identity(reading.authority, key, "fhir", "reference") for key in _number_keys(resource)]
    return Identity(reading.authority, patient, "fhir", "fhir", tuple(aliases), _traits(resource, patient))


def _describe_related(resource: Json, reading: Reading) -> Iterator[Identity]:
    """What a RelatedPerson tells of its patient: names, numbers and places of someone close, to be hidden too."""
    reference = reference_of(resource.get("patient"), resource)
    patient = referred_by(reference, "Patient", reading.source.options.get("base_url", ""))
    if patient:
        own = _traits({**resource, "link": None}, str(resource["id"]))
        kept = {key: values for key, values in own.items() if key not in {"birth_date", "death_date"}}
        kept["contact"] = tuple(dict.fromkeys((*kept.pop("name", ()), *kept.get("contact", ()))))
        yield _identity(patient, reading, {key: values for key, values in kept.items() if values})


def _is_number(identifier: Json) -> bool:
    return any(
        coding.get("code") in _NUMBERS for coding in _dicts(_dict(identifier.get("type")).get("coding"))
    )


def _number_keys(resource: Json) -> list[str]:
    """Patient numbers with their systems: told apart by it, so that none makes two people one.

    Other identifiers may be shared (an insurance's number by a family), so no search by them is followed.
    """
    found = [
        identifier_key(identifier["system"], str(identifier["value"]))
        for identifier in _dicts(resource.get("identifier"))
        if identifier.get("value") and isinstance(identifier.get("system"), str) and _is_number(identifier)
    ]
    return list(dict.fromkeys(found))


def _record_numbers(resource: Json, system: str) -> list[str]:
    """Medical record numbers (type MR of HL7 table 0203).

    With several identifier systems among them, they come from several authorities: unless the source's option says
    which is its own, none is taken, for a wrong one would make two people one.
    """
    if system:
        own = (i for i in _dicts(resource.get("identifier")) if i.get("system") == system and i.get("value"))
        return list(dict.fromkeys(str(identifier["value"]) for identifier in own))
    found = [
        (str(identifier.get("system", "")), str(identifier["value"]))
        for identifier in _dicts(resource.get("identifier"))
        if identifier.get("value")
        and any(coding.get("code") == "MR" for coding in _dicts(_dict(identifier.get("type")).get("coding")))
    ]
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
