"""Finds in a text, and the text with them replaced."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import dataclass

TAGS = {
    "NAME": "[NAME]",
    "ID": "[ID]",
    "URL": "[ID]",
    "IP": "[ID]",
    "PHONE": "[PHONE]",
    "EMAIL": "[EMAIL]",
    "ADDRESS": "[ADDRESS]",
    "PLACE": "[PLACE]",
    "DATE": "[DATE]",
    "AGE": "90+",
    "TAG": "",
}
"""By kind of find, the tag that stands for it."""

WRITTEN_TAG = re.compile(r"\[(?:NAME|ID|PHONE|EMAIL|ADDRESS|PLACE|DATE)\]")
"""A tag that a text holds already."""

_JOINT = re.compile(r"[\s,.^&'\u2019_\-]{0,4}|\s+(?:and|&)\s+")


@dataclass(frozen=True, slots=True)
class Span:
    """A find: where it is, its kind (of `TAGS`), and its new text where the kind alone does not tell it."""

    start: int
    end: int
    kind: str
    text: str | None = None


Replace = Callable[[Span, str], str]
"""Gives the new text of a span from the old one."""


def as_tag(span: Span, _old: str) -> str:
    """A span's own new text, or the tag of its kind."""
    return TAGS[span.kind] if span.text is None else span.text


def are_joined(between: str) -> bool:
    """Whether what stands between two parts of a name makes one name of them."""
    return _JOINT.fullmatch(between) is not None


def arrange(found: Iterable[Iterable[Span]], text: str) -> list[Span]:
    """The spans in order of place, none over another; where two overlap, the one of the earlier list stays.

    What a later one has beyond an earlier one is kept as a span of its own: half a date can't be spelled anew, but
    it must not stay.
    """
    taken: list[Span] = []
    for spans in found:
        for span in spans:
            _place(taken, span, text)
    return taken


def _place(taken: list[Span], span: Span, text: str) -> None:
    first = bisect_left(taken, span.start, key=lambda s: s.end)
    last = bisect_left(taken, span.end, key=lambda s: s.start)
    within = [s for s in taken[first:last] if s.end > span.start]
    if not within:
        taken.insert(last, span)
        return
    borders = [span.start, *(border for s in within for border in (s.start, s.end)), span.end]
    for start, end in zip(borders[::2], borders[1::2], strict=True):
        if any(c.isalnum() for c in text[start:end]):
            taken.insert(bisect_left(taken, end, key=lambda s: s.start), Span(start, end, span.kind))


def rewrite(text: str, spans: list[Span], replace: Replace, *, join_names: bool) -> str:
    """The text with each span replaced.

    Args:
        text: the text.
        spans: in order of place, as `arrange` gives them.
        replace: the new text of a span.
        join_names: whether parts of a name that stand together become one ("[NAME] [NAME]": "[NAME]").
    """
    out: list[str] = []
    place, previous = 0, ""
    for span in spans:
        between = text[place : span.start]
        if not (join_names and span.kind == previous == "NAME" and are_joined(between)):
            out += [between, replace(span, text[span.start : span.end])]
        place, previous = span.end, span.kind
    return "".join([*out, text[place:]])
