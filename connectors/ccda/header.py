"""What the header says: the document and its versions, the patient, the encounter, who wrote and who keeps it."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from connectors.ccda.chart import Chart, Row, Unit
from connectors.ccda.identities import subject_of
from connectors.ccda.other import keep_header
from connectors.ccda.procedures import state_encounter
from connectors.ccda.section import Section
from connectors.ccda.values import (
    SDTC,
    Id,
    attribute,
    code_in,
    coded,
    first,
    ids_of,
    many,
    name_of,
    one,
    text_in,
    value_of,
)
from connectors.fhir.states import state_code
from connectors.hl7v2.chart import moment
from connectors.hl7v2.values import number
from contracts.errors import Rejected

_PRECISION = {4: "year", 7: "month", 10: "day"}
_HOME = frozenset({"H", "HP"})
_LAST = "9" * 10
"""In place of a version number: of what has been replaced, no version stands."""


def read_header(elements: list[Element], unit: Unit) -> tuple[Chart, Section]:
    """The document's chart with the statements of its header, and the document itself as the outermost section.

    Raises:
        Rejected: `missing-record-target`, `several-patients`, `missing-patient-id`, `missing-document-id`.
    """
    header = _Header(elements)
    roles = [one(target, "patientRole") for target in header.all("recordTarget")]
    if len(roles) > 1:
        raise Rejected("several-patients", "recordTarget", "one recordTarget")
    if not roles or roles[0] is None:
        raise Rejected("missing-record-target", "recordTarget", "recordTarget/patientRole")
    subject = subject_of(roles[0], unit.authority, unit.mrn_root)
    if subject is None:
        raise Rejected("missing-patient-id", "patientRole", "patientRole/id with root and extension")
    chart = Chart(unit, subject)
    _identify(chart, header)
    body = Section(elements[0], 1)
    for name in ("code", "title", "languageCode"):
        for element in header.all(name):
            body.take(element, chart)
    chart.custodian = chart.name_place(
        one(header.one("custodian"), "assignedCustodian", "representedCustodianOrganization")
    )
    for author in header.all("author"):
        chart.author = chart.author or chart.name_provider(one(author, "assignedAuthor"))
    for service in header.all("documentationOf"):
        for performer in many(one(service, "serviceEvent"), "performer"):
            chart.name_provider(one(performer, "assignedEntity"))
    _state_patient(chart, roles[0])
    _document_encounter(chart, header, body)
    keep_header(chart, elements)
    _replace(chart, header)
    return chart, body


class _Header:
    def __init__(self, elements: list[Element]) -> None:
        self._elements: dict[str, list[Element]] = {}
        for element in elements:
            self._elements.setdefault(name_of(element), []).append(element)

    def all(self, name: str) -> list[Element]:
        return self._elements.get(name, [])

    def one(self, name: str) -> Element | None:
        return next(iter(self.all(name)), None)


def _own_id(element: Element | None) -> Id | None:
    root = attribute(element, "root").lower()
    return Id(root, attribute(element, "extension")) if root else None


def _identify(chart: Chart, header: _Header) -> None:
    named, whole = _own_id(header.one("id")), _own_id(header.one("setId"))
    key = whole or named
    if key is None:
        raise Rejected("missing-document-id", "ClinicalDocument", "id with a root")
    chart.document = key.key
    made = value_of(header.one("effectiveTime"))
    chart.made, chart.made_at = chart.local(made), chart.instant(made)
    version = number(value_of(header.one("versionNumber")))
    chart.number = int(version) if version is not None and 0 <= version < 1e9 else 0


def _replace(chart: Chart, header: _Header) -> None:
    """The documents that this one replaces (relatedDocument RPLC), where they are no versions of its own set."""
    gone: set[str] = set()
    for related in header.all("relatedDocument"):
        parent = one(related, "parentDocument")
        if attribute(related, "typeCode") != "RPLC" or parent is None:
            continue
        whole = _own_id(one(parent, "setId"))
        if whole is None or whole.key != chart.document:
            gone |= {found.key for found in [whole, *ids_of(parent)] if found is not None}
    for key in sorted(gone - {chart.document}):
        version = f"{_LAST}|{chart.made_at}"
        chart.state("ccda.ClinicalDocument", ("document", key), {}, version=version, retracted=True)


def _document_encounter(chart: Chart, header: _Header, body: Section) -> None:
    encounter = one(header.one("componentOf"), "encompassingEncounter")
    if encounter is None:
        return
    facility = one(encounter, "location", "healthCareFacility")
    times = one(encounter, "effectiveTime")
    doctor = one(encounter, "responsibleParty", "assignedEntity")
    for participant in many(encounter, "encounterParticipant"):
        doctor = first(doctor, one(participant, "assignedEntity"))
    provider = chart.name_provider(doctor)
    chart.visit = state_encounter(chart, body, encounter, facility, provider=provider, rank=1)
    row = next(row for table, row in reversed(chart.rows) if table in ("ccda.visit", "deleted"))
    if times is None or not row.get("start_date"):
        return
    chart.visit_start = row["start_date"]
    start, end = row["start_date"][:10], (row["end_date"] or row["start_date"])[:10]
    chart.visit_days = (start, max(start, end))


def _state_patient(chart: Chart, role: Element) -> None:
    """recordTarget as the source's statement about its patient."""
    patient = one(role, "patient")
    birth = chart.local(value_of(one(patient, "birthTime")))
    place = first(*_addresses(role))
    row: Row = {
        "id": chart.subject,
        "subject": chart.subject,
        "birth_date": birth[:10] if birth else None,
        "birth_precision": _PRECISION.get(len(birth[:10])) if birth else None,
        "birth_year": birth,
        "deceased": {"true": True, "false": False}.get(_sdtc(patient, "deceasedInd")),
        **moment("death", chart.local(_sdtc(patient, "deceasedTime"))),
        "updated": chart.made if chart.made and len(chart.made) > 10 else None,
        "gender": code_in(one(patient, "administrativeGenderCode")),
        **_group(patient, "race", "raceCode"),
        **_group(patient, "ethnicity", "ethnicGroupCode"),
        "zip": text_in(one(place, "postalCode")) or None,
        "state": state_code(text_in(one(place, "state")) or None),
        "organization": chart.name_place(one(role, "providerOrganization")),
    }
    chart.state("ccda.patient", ("patient", chart.subject), row)


def _addresses(role: Element) -> list[Element]:
    """Addresses, where the person lives first."""
    found = many(role, "addr")
    return sorted(found, key=lambda addr: _HOME.isdisjoint((addr.get("use") or "").split()))


def _sdtc(patient: Element | None, name: str) -> str:
    return value_of(patient.find(f"{SDTC}{name}")) if patient is not None else ""


def _group(patient: Element | None, name: str, element: str) -> Row:
    """Race or ethnicity by CDC's code set; the words where there is no code."""
    found = coded(one(patient, element), lambda _: "")
    return {f"{name}_code": found.code, f"{name}_text": None if found.code else found.text}
