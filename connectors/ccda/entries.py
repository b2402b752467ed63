"""What an entry is read as, by the kind of its section. Every entry is told of at least once."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from connectors.ccda.chart import Chart
from connectors.ccda.drugs import is_drug, state_administration, state_supply
from connectors.ccda.other import keep_entry, type_of_entry
from connectors.ccda.problems import observations_in, state_allergy, state_problem
from connectors.ccda.procedures import (
    DONE,
    devices_of,
    is_done,
    state_device,
    state_encounter_entry,
    state_procedure,
)
from connectors.ccda.results import observations_of, state_organizer, state_result
from connectors.ccda.section import Section
from connectors.ccda.values import many, name_of, one

_STATEMENTS = frozenset(
    "act encounter observation observationMedia organizer procedure regionOfInterest substanceAdministration "
    "supply".split()
)


def read_entry(chart: Chart, section: Section, entry: Element) -> None:
    """Make the statements of one entry; what has no table stays whole, as unmapped."""
    found = [child for child in entry if name_of(child) in _STATEMENTS]
    if not found:
        chart.ignore("entry-without-statement")
    for element in found:
        reader = _READERS.get(section.kind)
        before = len(chart.rows)
        if reader is not None:
            reader(chart, section, element)
        if len(chart.rows) == before:
            keep_entry(chart, section, element, type_of_entry(section, element))


def _tell(chart: Chart, reason: str) -> None:
    if reason:
        chart.ignore(reason)


def _read_problem(chart: Chart, section: Section, element: Element) -> None:
    for observation, act in observations_in(element):
        if not state_problem(chart, section, observation, act):
            keep_entry(chart, section, observation, type_of_entry(section, observation))


def _read_allergy(chart: Chart, section: Section, element: Element) -> None:
    for observation, act in observations_in(element):
        if not state_allergy(chart, section, observation, act):
            keep_entry(chart, section, observation, type_of_entry(section, observation))


def _read_drug(chart: Chart, section: Section, element: Element) -> None:
    name = name_of(element)
    if name == "act":  # a discharge or admission medication
        for relation in many(element, "entryRelationship"):
            inner = one(relation, "substanceAdministration")
            if inner is not None:
                _read_drug(chart, section, inner)
    elif name == "substanceAdministration" and is_drug(element):
        _tell(chart, state_administration(chart, section, element))
    elif name == "supply" and is_drug(element):
        _tell(chart, state_supply(chart, section, element))


def _read_result(chart: Chart, section: Section, element: Element) -> None:
    name = name_of(element)
    if name == "observation" and is_done(element):
        _tell(chart, state_result(chart, section, element))
    elif name == "organizer":
        parent = state_organizer(chart, section, element)
        for observation in observations_of(element):
            _tell(chart, state_result(chart, section, observation, parent, element))


def _read_procedure(chart: Chart, section: Section, element: Element) -> None:
    if name_of(element) in DONE and is_done(element):
        _tell(chart, state_procedure(chart, section, element))


def _read_device(chart: Chart, section: Section, element: Element) -> None:
    name = name_of(element)
    if name == "organizer":
        for component in many(element, "component"):
            for child in component:
                _read_device(chart, section, child)
    elif name in ("supply", "procedure") and is_done(element):
        role = next(devices_of(element), None)
        if role is not None or name == "supply":
            _tell(chart, state_device(chart, section, element, role))
        if name == "procedure":
            _tell(chart, state_procedure(chart, section, element))


def _read_encounter(chart: Chart, section: Section, element: Element) -> None:
    if name_of(element) == "encounter" and is_done(element):
        state_encounter_entry(chart, section, element)


_READERS = {
    "problem": _read_problem,
    "allergy": _read_allergy,
    "medication": _read_drug,
    "administered": _read_drug,
    "immunization": _read_drug,
    "result": _read_result,
    "vital": _read_result,
    "observation": _read_result,
    "procedure": _read_procedure,
    "device": _read_device,
    "encounter": _read_encounter,
}
