"""A section as its entries are read: its kind, its narrative, and the note that it makes."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from xml.etree.ElementTree import Element

from connectors.ccda.chart import Chart, Row
from connectors.ccda.narrative import References, render
from connectors.ccda.values import attribute, coded, name_of, one, text_in
from connectors.hl7v2.chart import coding, moment
from connectors.hl7v2.values import Coded

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}")


@dataclass
class Section:
    """What is known of a section from the elements that come before its entries.

    Attributes:
        depth: of its element in the document.
        outer: the section that it is in.
        number: its place among the sections with its code; tells its note apart.
    """

    element: Element
    depth: int
    outer: Section | None = None
    code: Coded = field(default_factory=Coded)
    title: str = ""
    narrative: Element | None = None
    references: References | None = None
    templates: list[str] = field(default_factory=list)
    author: str | None = None
    written: str | None = None
    language: str = ""
    _kind: str | None = None

    def take(self, element: Element, chart: Chart) -> None:
        """One of the section's own elements, before its entries."""
        name = name_of(element)
        if name == "templateId":
            self.templates.append(attribute(element, "root"))
        elif name == "code":
            self.code = coded(element, self.lookup)
        elif name == "title":
            self.title = text_in(element)
        elif name == "languageCode":
            self.language = attribute(element, "code")
        elif name == "text":
            self.narrative = element
            self.references = References(element)
        elif name == "author" and self.author is None:
            self.author = chart.name_provider(one(element, "assignedAuthor"))
            self.written = chart.local(attribute(one(element, "time"), "value"))

    @property
    def kind(self) -> str:
        """The kind of section; that of the section around it, or `unknown`, where neither code nor template tells."""
        if self._kind is None:
            named = [self.code.code or "", *self.templates]
            found = next((kinds()[name] for name in named if name in kinds()), "")
            self._kind = found or (self.outer.kind if self.outer else "unknown")
        return self._kind

    def lookup(self, name: str) -> str:
        """The words of an element of the narrative by its ID, here or in a section around this one."""
        found = self.references.find(name) if self.references else ""
        return found or (self.outer.lookup(name) if self.outer else "")


@lru_cache(maxsize=1)
def kinds() -> dict[str, str]:
    """Kind of section by LOINC code and template."""
    text = (files(__package__) / "sections.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return {row["code"]: row["kind"] for row in rows}


def state_section(chart: Chart, section: Section, seen: dict[str, int]) -> None:
    """The section's narrative as a note; one without words makes none.

    Args:
        chart: the document.
        section: read to its end.
        seen: how many sections had this code before: parts those that share one.
    """
    words = render(section.narrative) if section.narrative is not None else ""
    if not words:
        return
    key = section.code.code or section.title
    number = seen[key] = seen.get(key, 0) + 1
    state_note(chart, ("section", chart.document, key, str(number)), section, words)


def state_note(chart: Chart, thing: tuple[str, ...], section: Section, words: str) -> None:
    """A text of the document as a note."""
    when = section.written or chart.made
    language = section.language
    row: Row = {
        **chart.about(thing, when, section.author or chart.author, chart.visit),
        **coding(section.code),
        **moment("start", when),
        "title": section.title or None,
        "language": language if _LANGUAGE.fullmatch(language) else None,
        "note": words,
    }
    chart.state("ccda.note", thing, row)
