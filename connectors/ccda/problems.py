"""Problems, diagnoses and allergies: observations within concern acts (C-CDA R2.1, 3.77 to 3.79, 3.5, 3.53)."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from connectors.ccda.chart import Chart, Row, is_retracted, status_of
from connectors.ccda.section import Section
from connectors.ccda.values import (
    attribute,
    bounds,
    code_in,
    coded,
    is_negated,
    many,
    name_of,
    one,
    text_of,
    type_of,
    value_of,
)
from connectors.hl7v2.chart import coding, key_of, moment
from connectors.hl7v2.values import Coded

_STATUS = frozenset({"33999-4"})
_PROBLEM = "2.16.840.1.113883.10.20.22.4.4"
_SEVERITY = frozenset({"SEV"})
_CODED = frozenset({"CD", "CE", "CV", "CO", "CS"})


def observations_in(entry: Element) -> Iterator[tuple[Element, Element | None]]:
    """The observations that an entry states, each with the act around it."""
    if name_of(entry) == "observation":
        yield entry, None
        return
    for holder in ("entryRelationship", "component"):
        for relation in many(entry, holder):
            for child in relation:
                name = name_of(child)
                if name == "observation" and (relation.get("typeCode") != "REFR" or _is_problem(child)):
                    yield child, entry
                elif name in ("act", "organizer"):
                    yield from observations_in(child)


def _is_problem(observation: Element) -> bool:
    """What a concern refers to may be a preference or a prognosis; a problem says that it is one."""
    return any(attribute(named, "root") == _PROBLEM for named in many(observation, "templateId"))


def state_problem(
    chart: Chart, section: Section, observation: Element, act: Element | None, visit: str | None = None
) -> bool:
    """An observation of a problem as a condition; False where it names none, or says that there is none."""
    value = one(observation, "value")
    if is_negated(observation) or value is None or type_of(value) not in _CODED:
        return False
    found = coded(value, section.lookup)
    found = found or Coded(text=text_of(observation, section.lookup) or None)
    if not found:
        return False
    low, high = bounds(one(observation, "effectiveTime"))
    thing = chart.thing_of("condition", observation, found, low)
    start = chart.local(low or _recorded(observation, act)) or _fallback(chart)
    row: Row = {
        **chart.about(thing, start, _who(chart, observation, act), visit),
        **coding(found),
        **moment("start", start),
        **moment("end", chart.local(high)),
        "clinical_status": clinical_status(observation, act, section),
    }
    retracted = is_retracted(observation) or (act is not None and is_retracted(act))
    chart.state("ccda.condition", thing, row, retracted=retracted)
    return True


def state_allergy(chart: Chart, section: Section, observation: Element, act: Element | None) -> bool:
    """An allergy as an observation of its kind, whose value is the substance; False where there is none."""
    if is_negated(observation):
        return False
    kind = coded(one(observation, "value"), section.lookup)
    substance = _substance(observation, section)
    if not kind and not substance:
        return False
    low, _ = bounds(one(observation, "effectiveTime"))
    thing = chart.thing_of("allergy", observation, kind, key_of(substance), low)
    start = chart.local(low or _recorded(observation, act)) or _fallback(chart)
    reaction, severity = _reaction(observation, section)
    row: Row = {
        **chart.about(thing, start, _who(chart, observation, act)),
        **coding(kind),
        **coding(substance, "value_"),
        **coding(reaction, "reaction_"),
        **coding(severity, "severity_"),
        **moment("start", start),
        "clinical_status": clinical_status(observation, act, section),
    }
    retracted = is_retracted(observation) or (act is not None and is_retracted(act))
    chart.state("ccda.allergy", thing, row, retracted=retracted)
    return True


def _substance(observation: Element, section: Section) -> Coded:
    for participant in many(observation, "participant"):
        entity = one(participant, "participantRole", "playingEntity")
        if entity is not None:
            found = coded(one(entity, "code"), section.lookup)
            name = " ".join("".join(n.itertext()) for n in many(entity, "name")).strip()
            if found.code:
                return found if found.display or not name else Coded(found.system, found.code, name)
            if found.text or name:
                return Coded(text=found.text or name)
    return Coded()


def _reaction(observation: Element, section: Section) -> tuple[Coded, Coded]:
    """The first reaction, and how severe it or the allergy is."""
    reaction, severity = Coded(), Coded()
    for relation in many(observation, "entryRelationship"):
        inner = one(relation, "observation")
        if inner is None:
            continue
        if code_in(one(inner, "code")) in _SEVERITY:
            severity = severity or coded(one(inner, "value"), section.lookup)
        elif attribute(relation, "typeCode") == "MFST":
            reaction = reaction or coded(one(inner, "value"), section.lookup)
            severity = severity or _reaction(inner, section)[1]
    return reaction, severity


def clinical_status(observation: Element, act: Element | None, section: Section) -> str | None:
    """Active, inactive or resolved: the code of the status observation, else the state of the concern."""
    for relation in many(observation, "entryRelationship"):
        inner = one(relation, "observation")
        if inner is not None and code_in(one(inner, "code")) in _STATUS:
            found = coded(one(inner, "value"), section.lookup)
            if found.code:
                return found.code
    return status_of(act) if act is not None else None


def _recorded(observation: Element, act: Element | None) -> str:
    """When it was written down, or its concern began."""
    for element in (observation, act):
        written = value_of(one(element, "author", "time"))
        if written:
            return written
    return bounds(one(act, "effectiveTime"))[0]


def _fallback(chart: Chart) -> str | None:
    """When no time is stated: the encounter's begin, else when the document was made."""
    return chart.visit_start or chart.made


def _who(chart: Chart, observation: Element, act: Element | None) -> str | None:
    found = chart.provider_of(observation)
    return found or (chart.provider_of(act) if act is not None else None)
