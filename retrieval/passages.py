"""The part of a text that answers: a window around the words that were asked for."""

from __future__ import annotations

import re

SNIPPET_CHARACTERS = 220
_WORD = re.compile(r"\w+")
_HEADING = re.compile(r"(?m)^#+ *(.+?)[ :]*$")
_STOP_WORDS = frozenset(
    "a an and are as at be by for from had has have he her his in is it its no not of on or she that the their "
    "they this to was were who with without".split()
)


def words_of(text: str) -> set[str]:
    """The words of a query or text that mean something, folded; all of them where none does."""
    found = {word.casefold() for word in _WORD.findall(text)}
    return found - _STOP_WORDS or found


def snippet_of(text: str, query: str, limit: int = SNIPPET_CHARACTERS) -> str:
    """At most `limit` characters of `text` on one line: where most words of the query stand, else its beginning."""
    flat = flatten(text)
    if len(flat) <= limit:
        return flat
    wanted = words_of(query)
    places = [m.span() for m in _WORD.finditer(flat) if _matches(m.group().casefold(), wanted)]
    start = _best_start(flat, places, limit)
    stop = min(start + limit, len(flat))
    if stop < len(flat):
        stop = max(flat.rfind(" ", start, stop), start + 1)
    return ("… " if start else "") + flat[start:stop].strip() + (" …" if stop < len(flat) else "")


def flatten(text: str) -> str:
    """The text on one line; a Markdown heading goes on with a colon."""
    return " ".join(_HEADING.sub(r"\1: ", text).split())


def _matches(word: str, wanted: set[str]) -> bool:
    """The word itself, or one that begins or ends alike (`breath`, `breathing`), as stemming in the index finds."""
    return any(word == w or (len(w) > 4 and len(word) > 4 and (word[:5] == w[:5])) for w in wanted)


def _best_start(flat: str, places: list[tuple[int, int]], limit: int) -> int:
    """Where the window begins: a little before the hit that has most hits within reach behind it."""
    if not places:
        return 0
    reach = limit - limit // 4
    begin = max(places, key=lambda p: (sum(p[0] <= q[0] and q[1] <= p[0] + reach for q in places), -p[0]))[0]
    latest = len(flat) - limit
    begin = latest if begin + reach >= len(flat) else max(begin - limit // 4, 0)
    return flat.find(" ", begin) + 1 if begin else 0
