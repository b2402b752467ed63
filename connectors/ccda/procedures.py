"""Procedures, devices and encounters of their sections (C-CDA R2.1, 3.81 to 3.83, 3.70, 3.32)."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from connectors.ccda.chart import Chart, Row, is_retracted, status_of
from connectors.ccda.problems import observations_in, state_problem
from connectors.ccda.section import Section
from connectors.ccda.values import (
    ACT_CODE,
    SDTC,
    bounds,
    code_in,
    coded,
    first,
    ids_of,
    is_negated,
    many,
    one,
    text_in,
    text_of,
    value_of,
)
from connectors.hl7v2.chart import coding, moment
from connectors.hl7v2.values import Coded

DONE = frozenset({"procedure", "act", "observation"})
"""Elements that can be a procedure."""
_NEVER = frozenset({"cancelled"})


def state_procedure(chart: Chart, section: Section, element: Element) -> str:
    """What was done, as one statement; returns why there is none, as a type of what is ignored."""
    found = coded(one(element, "code"), section.lookup)
    found = found or Coded(text=text_of(element, section.lookup) or None)
    if not found:
        return "procedure-without-code"
    low, high = bounds(one(element, "effectiveTime"))
    thing = chart.thing_of("procedure", element, found, low)
    start = chart.local(low or value_of(one(element, "author", "time"))) or chart.visit_start or chart.made
    row: Row = {
        **chart.about(thing, start, chart.provider_of(element)),
        **coding(found),
        **moment("start", start),
        **moment("end", chart.local(high)),
        **coding(coded(one(element, "targetSiteCode"), section.lookup), "site_"),
        "status": status_of(element),
    }
    retracted = is_retracted(element) or row["status"] in _NEVER
    chart.state("ccda.procedure", thing, row, retracted=retracted)
    return ""


def devices_of(element: Element) -> Iterator[Element]:
    """The roles in which devices take part in a supply or procedure."""
    for participant in many(element, "participant"):
        role = one(participant, "participantRole")
        if role is not None and one(role, "playingDevice") is not None:
            yield role


def state_device(chart: Chart, section: Section, element: Element, role: Element | None) -> str:
    """A device that is used or was implanted. Unique device identifiers are not read."""
    device = one(role, "playingDevice")
    found = coded(one(device, "code"), section.lookup)
    found = found or coded(one(element, "code"), section.lookup)
    model = text_in(one(device, "manufacturerModelName"))
    found = found or Coded(text=model or text_of(element, section.lookup) or None)
    if not found:
        return "device-without-code"
    low, high = bounds(one(element, "effectiveTime"))
    thing = chart.thing_of("device", element, found, low)
    start = chart.local(low) or chart.visit_start or chart.made
    row: Row = {
        **chart.about(thing, start, chart.provider_of(element)),
        **coding(found),
        **moment("start", start),
        **moment("end", chart.local(high)),
        **coding(coded(one(element, "targetSiteCode"), section.lookup), "site_"),
        "status": status_of(element),
    }
    retracted = is_retracted(element) or row["status"] in _NEVER
    chart.state("ccda.device", thing, row, retracted=retracted)
    return ""


def state_encounter(
    chart: Chart,
    section: Section,
    element: Element,
    facility: Element | None,
    *,
    provider: str | None = None,
    rank: int = 0,
) -> str:
    """An encounter as a visit; returns its key. The one that a document documents outranks one that is listed."""
    low, high = bounds(one(element, "effectiveTime"))
    code = one(element, "code")
    found = coded(code, section.lookup)
    named = next(iter(ids_of(element)), None)
    mark = named.key if named and chart.unit.stable else f"{chart.subject}|{found.code or ''}|{low}"
    thing = ("encounter", chart.subject, mark)
    key = chart.scoped(*thing)
    start = chart.local(low)
    row: Row = {
        **chart.about(thing, None, provider or chart.provider_of(element)),
        "id": key,
        "place": _place(chart, facility) or (chart.custodian if rank else None),
        "class_code": code_in(code, ACT_CODE),
        **coding(found),
        **moment("start", start),
        **moment("end", chart.local(high)),
        "disposition": _disposition(element),
    }
    retracted = is_retracted(element)
    chart.state("ccda.visit", thing, row, rank=rank, retracted=retracted)
    return key


def state_encounter_entry(chart: Chart, section: Section, element: Element) -> None:
    """An entry of the Encounters section, with the diagnoses that it holds."""
    facility = next(
        (
            role
            for participant in many(element, "participant")
            if (role := one(participant, "participantRole")) is not None
            and role.get("classCode") in ("SDLOC", "ISDLOC")
        ),
        None,
    )
    visit = state_encounter(chart, section, element, facility)
    for relation in many(element, "entryRelationship"):
        act = one(relation, "act")
        for observation, around in observations_in(act) if act is not None else ():
            state_problem(chart, section, observation, around, visit)


def _place(chart: Chart, facility: Element | None) -> str | None:
    if facility is None:
        return None
    organization = one(facility, "serviceProviderOrganization")
    return chart.name_place(facility, one(facility, "code")) or chart.name_place(organization)


def _disposition(element: Element) -> str | None:
    name = "dischargeDispositionCode"
    return code_in(first(one(element, name), element.find(f"{SDTC}{name}")))


def is_done(element: Element) -> bool:
    """Whether it happened: an event that is not denied."""
    return element.get("moodCode", "EVN") == "EVN" and not is_negated(element)
