"""Lines that only a page's width ended: read on, so that a name or an address is whole that was broken over two."""

from __future__ import annotations

_NARROWEST, _WIDEST = 40, 132
_FEWEST = 3
"""Soft ends that a text must have before they are believed: one may be by chance."""
_STOPS = ".:;!?"


def unwrap(text: str) -> str:
    """The text with a space for each line end that stands only where the next word would not have fitted.

    The length stays, so places hold. The width is that of the longest line; texts wider than a page are not wrapped.
    """
    if text.count("\n") < _FEWEST:
        return text
    lines = text.split("\n")
    width = max(map(len, lines))
    if not _NARROWEST <= width <= _WIDEST:
        return text
    soft = {i for i in range(len(lines) - 1) if _is_soft(lines[i], lines[i + 1], width)}
    if len(soft) < _FEWEST:
        return text
    ends = (" " if i in soft else "\n" for i in range(len(lines) - 1))
    return "".join(part for pair in zip(lines, [*ends, ""], strict=True) for part in pair)


def _is_soft(line: str, following: str, width: int) -> bool:
    if not line or not following or line[-1] in _STOPS or not (following[0].isalnum() or following[0] == "("):
        return False
    return len(line) + 1 + len(following.partition(" ")[0]) > width
