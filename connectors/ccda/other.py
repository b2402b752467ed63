"""What has no table: the codes, dates, amounts and words of an entry that may stay, each with the path to it.

Allowed are coded elements, times, quantities, and words that belong to a statement. Never read: ids, names, addresses,
numbers of phones, and persons and organizations with all that is said of them, but for the codes of who is meant in a
family history.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from connectors.ccda.chart import Chart, Row
from connectors.ccda.section import Section
from connectors.ccda.values import (
    attribute,
    coded,
    is_negated,
    is_null,
    name_of,
    original_text,
    type_of,
    value_of,
    worded,
)
from connectors.hl7v2.values import Coded, number

_LISTS = "code_places systems codes displays date_places dates number_places numbers units text_places texts".split()
_CODES = frozenset(
    "code value statusCode priorityCode methodCode targetSiteCode routeCode administrationUnitCode interpretationCode "
    "administrativeGenderCode approachSiteCode confidentialityCode functionCode raceCode ethnicGroupCode "
    "specialtyCode dischargeDispositionCode maritalStatusCode languageCode modeCode".split()
)
_TIMES = frozenset(
    "effectiveTime time birthTime deceasedTime availabilityTime activityTime low high center".split()
)
_QUANTITIES = frozenset(
    "value doseQuantity rateQuantity quantity repeatNumber sequenceNumber width period".split()
)
_HIDDEN = frozenset(
    "id setId templateId typeId realmCode name addr telecom assignedAuthor assignedEntity relatedEntity "
    "representedOrganization assignedPerson assignedCustodian informant legalAuthenticator authenticator custodian "
    "dataEnterer informationRecipient recordTarget scopingEntity scopingOrganization playingDevice "
    "manufacturerOrganization providerOrganization reference birthTime deceasedTime".split()
)
_CODED_TYPES = frozenset({"CD", "CE", "CV", "CO", "CS", "SC", ""})
_PATH_LIMIT = 120


def keep_entry(chart: Chart, section: Section, element: Element, record_type: str) -> None:
    """One statement of what may stay of an entry."""
    row: Row = {name: [] for name in _LISTS}
    _walk(row, chart, section, element, name_of(element))
    _state(chart, element, row, record_type)


def type_of_entry(section: Section, element: Element) -> str:
    """The record's type: kind of section and name of the element (`CDA_plan_observation`)."""
    return f"CDA_{section.kind.replace('-', '_')}_{name_of(element)}"


def keep_header(chart: Chart, elements: list[Element]) -> None:
    """What may stay of the header, as the document itself: its kind, language, time and what it documents."""
    row: Row = {name: [] for name in _LISTS}
    nowhere = Section(elements[0], 1) if elements else None
    for element in elements:
        if nowhere is not None and name_of(element) in _HEADER:
            _visit(row, chart, nowhere, element, "ClinicalDocument")
    thing = ("document", chart.document)
    row |= {"id": chart.scoped(*thing), "subject": chart.subject, "record_type": "ClinicalDocument"}
    chart.state("ccda.other", thing, row, version=chart.document_version)


_HEADER = frozenset(
    {"code", "effectiveTime", "languageCode", "confidentialityCode", "versionNumber", "documentationOf"}
)


def _state(chart: Chart, element: Element, row: Row, record_type: str) -> None:
    content = repr(row)
    thing = chart.thing_of("other", element, Coded(), record_type, str(chart.owner(content)))
    row |= {"id": chart.scoped(*thing), "subject": chart.subject, "record_type": record_type}
    chart.state("ccda.other", thing, row)


def _walk(row: Row, chart: Chart, section: Section, element: Element, path: str) -> None:
    if is_negated(element):
        row["text_places"].append(path)
        row["texts"].append("negated")
    mood = attribute(element, "moodCode")
    if mood not in ("", "EVN") and mood.isalpha() and len(mood) < 8:
        _add_code(row, f"{path}/@moodCode", Coded("urn:oid:2.16.840.1.113883.5.1001", mood))
    for child in element:
        _visit(row, chart, section, child, path)


def _visit(row: Row, chart: Chart, section: Section, child: Element, path: str) -> None:
    name = name_of(child)
    if not name or name in _HIDDEN:
        return
    place = f"{path}/{name}"[-_PATH_LIMIT:]
    if name == "value" or name in _QUANTITIES:
        _add_value(row, chart, section, child, place)
    elif name in _CODES:
        _add_code(row, place, coded(child, section.lookup))
    elif name in _TIMES:
        _add_dates(row, chart, child, place)
    elif name == "text":
        _add_text(row, place, _words(child, section))
    else:
        _walk(row, chart, section, child, place)


def _add_value(row: Row, chart: Chart, section: Section, value: Element, place: str) -> None:
    kind = type_of(value)
    if name_of(value) == "value" and (kind in _CODED_TYPES) and (value.get("code") or is_null(value)):
        _add_code(row, place, coded(value, section.lookup))
    elif kind in ("TS", "IVL_TS"):
        _add_dates(row, chart, value, place)
    elif kind in ("ST", "ED", "BL", "SC"):
        _add_text(row, place, value_of(value) or _words(value, section))
    else:
        for one in (value, *value):
            found = number(value_of(one)) if value_of(one) else None
            if found is not None:
                row["number_places"].append(place if one is value else f"{place}/{name_of(one)}")
                row["numbers"].append(found)
                row["units"].append(attribute(one, "unit") or None)
        _add_text(row, place, original_text(value, section.lookup))


def _add_code(row: Row, place: str, found: Coded) -> None:
    if found.code:
        row["code_places"].append(place)
        for column, value in (("systems", found.system), ("codes", found.code), ("displays", found.display)):
            row[column].append(value)
    else:
        _add_text(row, place, found.text or "")


def _add_dates(row: Row, chart: Chart, time: Element, place: str) -> None:
    for one in _moments(time):
        found = chart.local(value_of(one))
        if found and _is_iso(found):
            row["date_places"].append(place if one is time else f"{place}/{name_of(one)}")
            row["dates"].append(found)


def _moments(time: Element) -> Iterator[Element]:
    yield time
    yield from (child for child in time if name_of(child) in ("low", "high", "center"))


def _is_iso(text: str) -> bool:
    return text[:4].isdigit() and text[4:5] in ("", "-")


def _add_text(row: Row, place: str, words: str) -> None:
    if words:
        row["text_places"].append(place)
        row["texts"].append(words)


def _words(element: Element, section: Section) -> str:
    reference = value_of(element.find(f"{element.tag[: element.tag.rfind('}') + 1]}reference"))
    found = section.lookup(reference[1:]) if reference.startswith("#") else ""
    return found or worded(element)
