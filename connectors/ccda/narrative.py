"""Narrative blocks as plain text: paragraphs, lists and tables that can be read (CDA R2, 4.3.5)."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from connectors.ccda.values import name_of, text_in

_BLOCKS = frozenset({"paragraph", "list", "item", "table", "caption", "tr", "thead", "tbody", "tfoot", "br"})
_CELLS = frozenset({"td", "th"})
_SILENT = frozenset({"script", "style", "col", "colgroup"})
_CELL = " | "


def render(text: Element) -> str:
    """The text of a narrative block, a line for each paragraph, item and table row; cells are parted by ` | `.

    What is marked as deleted (`revised="delete"`) is left out.
    """
    lines = ("".join(pieces) for pieces in _lines(text))
    folded = (" ".join(line.split()).removesuffix(_CELL.strip()).rstrip() for line in lines)
    return "\n".join(line for line in folded if line and line.strip("| "))


def _lines(text: Element) -> Iterator[list[str]]:
    line: list[str] = []
    for piece in _pieces(text):
        if piece is None:
            yield line
            line = []
        else:
            line.append(piece)
    yield line


def _pieces(element: Element, in_cell: bool = False) -> Iterator[str | None]:
    """Text in order; None where a line ends. Blocks in a cell are held apart by spaces, so that a row is one line."""
    name = name_of(element)
    if name in _SILENT or element.get("revised") == "delete":
        return
    block = name in _BLOCKS
    end = " " if in_cell else None
    if block:
        yield end
    if name == "item":
        yield "- "
    if element.text:
        yield element.text
    for child in element:
        yield from _pieces(child, in_cell or name in _CELLS)
        if child.tail:
            yield child.tail
    if name in _CELLS:
        yield _CELL
    if block:
        yield end


class References:
    """The elements of a narrative by their ID, and their words."""

    def __init__(self, text: Element) -> None:
        self._elements: dict[str, Element] = {}
        for element in text.iter():
            name = element.get("ID")
            if name:
                self._elements.setdefault(name, element)

    def find(self, name: str) -> str:
        """The words of the element with this ID, folded to one line; empty where there is none."""
        element = self._elements.get(name)
        if element is None:
            return ""
        return " ".join(render(element).split()) if len(element) else text_in(element)
