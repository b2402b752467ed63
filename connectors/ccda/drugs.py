"""Statements about drugs and vaccines: substanceAdministration and supply (C-CDA R2.1, 3.48 to 3.54, 3.41)."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from connectors.ccda.chart import Chart, Row, is_retracted, status_of
from connectors.ccda.section import Section
from connectors.ccda.values import (
    attribute,
    bounds,
    code_in,
    coded,
    first,
    is_negated,
    many,
    one,
    quantity,
    text_in,
    text_of,
    type_of,
    value_of,
)
from connectors.hl7v2.chart import coding, moment
from connectors.hl7v2.values import Coded, code_of, number

_INTENDED = frozenset({"INT", "RQO"})
_MOODS = _INTENDED | {"EVN"}
_NEVER = frozenset({"cancelled"})
_MOST_DAYS = 3_660


def state_administration(chart: Chart, section: Section, element: Element) -> str:
    """A substanceAdministration as one statement; returns why there is none, as a type of what is ignored."""
    found = _drug(element, section)
    if not found:
        return f"{section.kind}-without-drug"
    times = many(element, "effectiveTime")
    low, high, period = _course(times)
    thing = chart.thing_of("drug", element, found, low)
    kind = _kind(element, section)
    start = chart.local(low or value_of(one(element, "author", "time"))) or chart.visit_start or chart.made
    amount, unit = quantity(one(element, "doseQuantity"))
    supplied = _supply(element) if kind == "prescribed" else {}
    row: Row = {
        **chart.about(thing, start, chart.provider_of(element)),
        **coding(found),
        **moment("start", start),
        **moment("end", chart.local(high)),
        **coding(coded(one(element, "routeCode"), section.lookup), "route_"),
        "kind": kind,
        "quantity": amount,
        "dose_unit": unit or code_in(one(element, "administrationUnitCode")),
        "lot_number": code_of(_lot(element)),
        "sig": _sig(element, section, period),
        "status": status_of(element),
    }
    row |= {name: value for name, value in supplied.items() if value is not None}
    if kind == "refused":
        row |= coding(_refusal(element, section), "refusal_")
    retracted = is_retracted(element) or (kind != "refused" and row["status"] in _NEVER)
    chart.state("ccda.drug", thing, row, retracted=retracted)
    return ""


def state_supply(chart: Chart, section: Section, element: Element) -> str:
    """A supply of a drug, by itself, as what was dispensed or ordered."""
    found = _drug(element, section)
    if not found:
        return f"{section.kind}-without-drug"
    low, high, period = _course(many(element, "effectiveTime"))
    thing = chart.thing_of("supply", element, found, low)
    start = chart.local(low) or chart.visit_start or chart.made
    row: Row = {
        **chart.about(thing, start, chart.provider_of(element)),
        **coding(found),
        **moment("start", start),
        **moment("end", chart.local(high)),
        "kind": "dispensed" if attribute(element, "moodCode") == "EVN" else "prescribed",
        "lot_number": code_of(_lot(element)),
        "sig": _sig(element, section, period),
        "status": status_of(element),
        **_supplied(element),
    }
    retracted = is_retracted(element) or row["status"] in _NEVER
    chart.state("ccda.drug", thing, row, retracted=retracted)
    return ""


def is_drug(element: Element) -> bool:
    """Whether it was given, taken or prescribed: no goal, proposal or definition."""
    return attribute(element, "moodCode") in _MOODS


def _kind(element: Element, section: Section) -> str:
    if is_negated(element):
        return "refused"
    if attribute(element, "moodCode") in _INTENDED:
        return "prescribed"
    return "given" if section.kind in ("administered", "immunization") else "listed"


def _drug(element: Element, section: Section) -> Coded:
    """The drug; of a supply its product."""
    product = _product(element)
    material = first(one(product, "manufacturedMaterial"), one(product, "manufacturedLabeledDrug"))
    found = coded(one(material, "code"), section.lookup)
    name = text_in(one(material, "name"))
    if found.code:
        return found if found.display or not name else Coded(found.system, found.code, name)
    return Coded(text=found.text or name or None)


def _lot(element: Element) -> str:
    return text_in(one(_product(element), "manufacturedMaterial", "lotNumberText"))


def _product(element: Element) -> Element | None:
    return one(first(one(element, "consumable"), one(element, "product")), "manufacturedProduct")


def _course(times: list[Element]) -> tuple[str, str, str]:
    """Start, end and frequency in words, from the several effectiveTime of a drug."""
    low = high = ""
    words: list[str] = []
    for time in times:
        kind = type_of(time)
        if kind in ("PIVL_TS", "EIVL_TS", "SXPR_TS", "PIVL", "EIVL"):
            words += _frequency(time)
            continue
        start, end = bounds(time)
        low, high = low or start, high or end
        for inner in many(time, "comp"):
            words += _frequency(inner)
    return low, high, ", ".join(words)


def _frequency(time: Element) -> list[str]:
    """How often: `every 12 h`, `every 4 to 6 h`, or the event of daily life (`ACM`)."""
    period, event = one(time, "period"), code_in(one(time, "event"))
    if period is None:
        return [event] if event else [w for inner in many(time, "comp") for w in _frequency(inner)]
    low, high = one(period, "low"), one(period, "high")
    unit = attribute(period, "unit") or attribute(low, "unit") or attribute(high, "unit")
    ends = [value for value in (value_of(low), value_of(high)) if value]
    value = value_of(period) or " to ".join(ends)
    if not value or not all(number(v) is not None for v in (ends or [value])) or not code_of(unit or "h"):
        return []
    return [f"every {value} {unit}".strip()]


def _sig(element: Element, section: Section, period: str) -> str | None:
    """How to take it: the words of the statement and its frequency."""
    words = text_of(element, section.lookup)
    for relation in many(element, "entryRelationship"):
        for inner in (one(relation, "substanceAdministration"), one(relation, "act")):
            code = code_in(one(inner, "code"))
            if inner is not None and code in ("76662-6", "311401005", "422096002"):
                words = text_of(inner, section.lookup) or words
    told = [words, period if period not in words else ""]
    return "; ".join(part for part in told if part) or None


def _supply(element: Element) -> Row:
    """What a prescription's supply order says of amount, refills and days."""
    for relation in many(element, "entryRelationship"):
        supply = one(relation, "supply")
        if supply is not None and attribute(supply, "moodCode") in _INTENDED:
            return _supplied(supply)
    return {}


def _supplied(supply: Element) -> Row:
    amount, unit = quantity(one(supply, "quantity"))
    refills = number(value_of(one(supply, "repeatNumber")) or value_of(one(supply, "repeatNumber", "high")))
    days = number(value_of(one(supply, "expectedUseTime", "width")))
    return {
        "quantity": amount,
        "dose_unit": unit,
        "refills": int(refills) if refills is not None and 0 <= refills < 1000 else None,
        "days_supply": int(days) if days is not None and 0 < days < _MOST_DAYS else None,
    }


def _refusal(element: Element, section: Section) -> Coded:
    """Why it was not given (C-CDA R2.1, 3.42)."""
    for relation in many(element, "entryRelationship"):
        inner = one(relation, "observation")
        if inner is not None and attribute(relation, "typeCode") == "RSON":
            return coded(one(inner, "code"), section.lookup)
    return Coded()
