"""From a document's events to its statements: header first, then section by section, entry by entry, each forgotten."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO
from xml.etree.ElementTree import Element

from connectors.ccda.chart import Chart, Told, Unit
from connectors.ccda.entries import read_entry
from connectors.ccda.header import read_header
from connectors.ccda.identities import Traits, add_anybody, add_encounter, add_patient, identify
from connectors.ccda.section import Section, state_note, state_section
from connectors.ccda.stream import V3, Events, require_well_formed
from connectors.ccda.values import encapsulated, media_of, name_of, one
from connectors.markup import is_marked
from contracts.errors import Rejected
from contracts.identity import Identity

_SECTION = f"{V3}section"
_COMPONENT = f"{V3}component"
_BODY = 5
"""Depth of the outermost sections: ClinicalDocument, component, structuredBody, component, section."""
_OWN = frozenset({"templateId", "code", "title", "text", "languageCode", "author", "informant", "subject"})
_MEDIA = re.compile(r"[a-z]{3,12}/[a-z0-9.+-]{1,40}")


class Pieces:
    """A document cut into what can be read by itself: `header`, `section` (its end), `entry`, `body` (not XML).

    Elements that have been told of are taken out of the tree, so that memory is bounded by the largest piece.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._events = Events(stream)
        self.header: list[Element] = []
        self.chart: Chart | None = None
        self.section: Section | None = None

    def read(self) -> Iterator[tuple[str, Element]]:
        """The pieces in order. What a section says of itself is in `section` when its entries come."""
        path: list[Element] = []
        begun = False
        self._events.deepest = _BODY
        for starts, depth, element in self._events.read():
            if starts:
                path.append(element)
                if depth == 2 and element.tag == _COMPONENT and not begun:
                    begun = True
                    yield "header", element
                    self._events.release()
                elif element.tag == _SECTION and begun and self._is_section(path):
                    self._turn_to(Section(element, depth, self.section))
                elif depth == 4 and name_of(element) == "text" and name_of(path[2]) == "nonXMLBody":
                    yield "body-begins", element
                continue
            path.pop()
            if depth == 2 and not begun:
                self.header.append(element)
                path[0].remove(element)
            elif begun:
                yield from self._ended(element, depth, path)
        if not begun:
            yield "header", path[0] if path else Element("none")

    def _turn_to(self, section: Section | None) -> None:
        """What follows is of this section: its own elements, and the sections in their components."""
        self.section = section
        self._events.deepest = section.depth + 2 if section else _BODY

    def _is_section(self, path: list[Element]) -> bool:
        """Whether it is a section of the body: component > structuredBody or section > component > section."""
        return path[-2].tag == _COMPONENT and name_of(path[-3]) in ("structuredBody", "section")

    def _ended(self, element: Element, depth: int, path: list[Element]) -> Iterator[tuple[str, Element]]:
        section, name = self.section, name_of(element)
        if depth == 4 and name == "text" and name_of(path[2]) == "nonXMLBody":
            yield "body", element
        elif section is not None and depth == section.depth:
            yield "section", element
            self._turn_to(section.outer)
            self._forget(path, element)
        elif section is not None and depth == section.depth + 1:
            if name == "entry":
                yield "entry", element
                self._forget(path, element)
            elif name in _OWN:
                yield "own", element
                self._events.release()
            else:
                self._forget(path, element)
        elif depth == 2:
            self._forget(path, element)

    def _forget(self, path: list[Element], element: Element) -> None:
        path[-1].remove(element)
        self._events.release()


def read_document(stream: BinaryIO, unit: Unit) -> Iterator[Told]:
    """What a document tells, in order.

    Raises:
        Rejected: see `Events.read` and `read_header`.
    """
    pieces = Pieces(stream)
    chart: Chart | None = None
    body: Section | None = None
    seen: dict[str, int] = {}
    for kind, element in pieces.read():
        if kind == "header":
            chart, body = read_header(pieces.header, unit)
            pieces.header.clear()
        assert chart is not None and body is not None
        section = pieces.section
        if kind == "own" and section is not None:
            section.take(element, chart)
        elif kind == "entry" and section is not None:
            read_entry(chart, section, element)
        elif kind == "section" and section is not None:
            state_section(chart, section, seen)
        elif kind == "body":
            _read_body(chart, body, element)
        elif kind == "body-begins" and not _is_text(element):
            chart.ignore(_type_of_body(element))
            require_well_formed(stream)
            yield from chart.rows
            return
        yield from chart.rows
        chart.rows = []


def _is_text(text: Element) -> bool:
    media = media_of(text)
    return media == "text/plain" or is_marked(media)


def _type_of_body(text: Element) -> str:
    media = media_of(text)
    known = media if _MEDIA.fullmatch(media) and media in MEDIA else "other"
    return f"body-{known.replace('/', '-')}"


MEDIA = frozenset(
    "application/pdf text/html text/rtf text/xml application/rtf application/msword image/gif image/tiff image/jpeg "
    "image/png".split()
)
"""Types of bodies that are named in the account; all others are `other`."""


def _read_body(chart: Chart, body: Section, text: Element) -> None:
    """A body of text, as one note, without markup."""
    if one(text, "reference") is not None:
        chart.ignore("body-elsewhere")
        return
    words = encapsulated(text)
    if words is None:
        raise Rejected("undecodable-body", "nonXMLBody", "text in UTF-8, HTML, XML or RTF, or base64 of it")
    if words.strip():
        state_note(chart, ("body", chart.document), body, words.strip())


def find_identity(stream: BinaryIO, authority: str, mrn_root: str) -> Identity | None:
    """The patient of a document, with all that must be hidden: of the header and of whoever its entries name."""
    pieces = Pieces(stream)
    traits: Traits = {}
    role: Element | None = None
    for kind, element in pieces.read():
        if kind == "header":
            for part in pieces.header:
                if name_of(part) == "recordTarget" and role is None:
                    role = one(part, "patientRole")
                elif name_of(part) in ("participant", "informant"):
                    add_anybody(traits, part)
            if role is not None:
                add_patient(traits, role)
            add_encounter(traits, pieces.header)
            pieces.header.clear()
        elif kind == "entry" or (kind == "own" and name_of(element) in ("informant", "subject")):
            add_anybody(traits, element)
        elif kind == "body-begins" and not _is_text(element):
            break
    return identify(role, authority, mrn_root, traits) if role is not None else None
