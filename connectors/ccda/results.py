"""Results, vital signs, social history, functional status: organizers and observations (C-CDA R2.1, 3.86, 3.110)."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from connectors.ccda.chart import Chart, Row, is_retracted, status_of
from connectors.ccda.section import Section
from connectors.ccda.values import (
    bounds,
    code_in,
    coded,
    is_negated,
    many,
    name_of,
    one,
    original_text,
    quantity,
    text_in,
    text_of,
    type_of,
    unit_columns,
    value_of,
    worded,
)
from connectors.hl7v2.chart import coding, moment
from connectors.hl7v2.values import compared, number, range_of

MEASURED = frozenset({"result", "vital"})
"""Kinds of sections whose observations are measurements; those of others are observations."""
_CODED = frozenset({"CD", "CE", "CV", "CO", "CS"})
_QUANTITIES = frozenset({"PQ", "INT", "REAL", "MO"})
_PENDING = frozenset({"active", "new", "held"})


def observations_of(organizer: Element) -> Iterator[Element]:
    """The observations of an organizer, and of those in it."""
    for component in many(organizer, "component"):
        for child in component:
            name = name_of(child)
            if name == "observation":
                yield child
            elif name == "organizer":
                yield from observations_of(child)


def state_organizer(chart: Chart, section: Section, organizer: Element) -> str | None:
    """A panel as the parent of its results; returns its key, None where it has no code of its own."""
    found = coded(one(organizer, "code"), section.lookup)
    if not found.code or is_retracted(organizer):
        return None
    low, _ = bounds(one(organizer, "effectiveTime"))
    low = low or next((t for t in map(_time, observations_of(organizer)) if t), "")
    thing = chart.thing_of("panel", organizer, found, low)
    start = chart.local(low) or chart.visit_start or chart.made
    row: Row = {
        **chart.about(thing, start, chart.provider_of(organizer)),
        **coding(found),
        **moment("start", start),
        "domain": domain_of(section),
        "status": status_of(organizer),
    }
    chart.state("ccda.result", thing, row)
    key: str = row["id"]
    return key


def state_result(
    chart: Chart,
    section: Section,
    observation: Element,
    parent: str | None = None,
    organizer: Element | None = None,
) -> str:
    """An observation as one statement; returns why there is none, as a type of what is ignored."""
    found = coded(one(observation, "code"), section.lookup)
    if not found:
        return f"{section.kind}-without-code"
    if is_negated(observation):
        return f"{section.kind}-negated"
    told = (value_columns(value, chart, section) for value in many(observation, "value"))
    value = next((row for row in told if any(v is not None for v in row.values())), {})
    flag = code_in(one(observation, "interpretationCode"))
    if not value and section.kind in MEASURED and not flag and not is_retracted(observation):
        pending = status_of(observation) in _PENDING
        return f"{section.kind}-pending" if pending else f"{section.kind}-without-value"
    low = _time(observation) or bounds(one(organizer, "effectiveTime"))[0]
    thing = chart.thing_of("result", observation, found, low, repr(value))
    start = (
        chart.local(low or value_of(one(observation, "author", "time"))) or chart.visit_start or chart.made
    )
    provider = chart.provider_of(observation)
    if provider is None and organizer is not None:
        provider = chart.provider_of(organizer)
    row: Row = {
        **chart.about(thing, start, provider),
        **coding(found),
        **moment("start", start),
        **value,
        "parent": parent,
        "domain": domain_of(section),
        "flag": flag,
        "status": status_of(observation),
    }
    row["range_low"], row["range_high"] = _reference(observation, section)
    chart.state("ccda.result", thing, row, retracted=is_retracted(observation))
    return ""


def domain_of(section: Section) -> str:
    """What the observations of such a section are."""
    return "Measurement" if section.kind in MEASURED else "Observation"


def _time(observation: Element) -> str:
    return bounds(one(observation, "effectiveTime"))[0]


def value_columns(value: Element, chart: Chart, section: Section) -> Row:
    """The columns of a value, by its type; all null where nothing is stated."""
    kind = type_of(value)
    if kind in _CODED:
        return coding(coded(value, section.lookup), "value_")
    if kind in ("ST", "ED", "SC", "BL", ""):
        return _worded(value_of(value) or _words(value, section), kind)
    if kind in _QUANTITIES or (kind == "IVL_PQ" and value_of(value)):
        return _measured(value, section)
    if kind in ("IVL_PQ", "IVL_INT", "IVL_REAL"):
        return _interval(value)
    if kind.startswith("RTO"):
        return {"value_free": _ratio(value)}
    if kind in ("TS", "IVL_TS"):
        return moment("value", chart.local(bounds(value)[0]))
    return {}


def _words(value: Element, section: Section) -> str:
    reference = value_of(one(value, "reference"))
    found = section.lookup(reference[1:]) if reference.startswith("#") else ""
    return found or worded(value)


def _worded(words: str, kind: str) -> Row:
    told = compared(words) if kind == "ST" else None
    if told is not None:
        return {"operator": told[0], "value_number": told[1]}
    return {"value_free": words or None}


def _measured(value: Element, section: Section) -> Row:
    """A PQ; one that is not of UCUM's units may be given by its translation or in words."""
    amount, unit = quantity(value)
    if amount is not None:
        return {"value_number": amount, **unit_columns(unit)}
    for other in many(value, "translation"):
        amount = number(value_of(other)) if value_of(other) else None
        if amount is not None:
            unit = code_in(other) or text_in(one(other, "originalText")) or None
            return {"value_number": amount, "unit": unit}
    return {"value_free": original_text(value, section.lookup) or value_of(value) or None}


def _interval(value: Element) -> Row:
    """One bound is a comparison; two are words, since the CDM has one number."""
    low, high = one(value, "low"), one(value, "high")
    (least, unit), (most, other) = quantity(low), quantity(high)
    if least is not None and most is not None:
        return {"value_free": f"{value_of(low)}-{value_of(high)} {unit or other or ''}".strip()}
    end, amount, sign = (low, least, ">") if least is not None else (high, most, "<")
    if amount is None or end is None:
        return {}
    closed = end.get("inclusive") != "false"
    return {"operator": f"{sign}=" if closed else sign, "value_number": amount, **unit_columns(unit or other)}


def _ratio(value: Element) -> str | None:
    above, below = one(value, "numerator"), one(value, "denominator")
    parts = [f"{value_of(e)} {quantity(e)[1] or ''}".strip() for e in (above, below) if value_of(e)]
    return "/".join(parts) if len(parts) == 2 else None


def _reference(observation: Element, section: Section) -> tuple[float | None, float | None]:
    """The range of what is normal: the first that is an interval, or words that read as one."""
    for reference in many(observation, "referenceRange"):
        told = one(reference, "observationRange")
        value = one(told, "value")
        low, high = quantity(one(value, "low"))[0], quantity(one(value, "high"))[0]
        if (low is not None or high is not None) and not (
            low is not None and high is not None and low > high
        ):
            return low, high
        if told is not None:
            words = text_of(told, section.lookup) or (text_in(value) if value is not None else "")
            found = range_of(words)
            if found != (None, None):
                return found
    return None, None
