"""A de-identified note in pieces: its marks in place of identifiers, and words to be pointed out."""

from __future__ import annotations

import re
from collections.abc import Iterable

_HIDDEN = r"\[[A-Z]+\]"


def mark_text(text: str, words: Iterable[str] = ()) -> list[tuple[str, str]]:
    """A note in pieces, each with what it is: "hidden" (a mark in place of an identifier), "word", or ""."""
    named = [rf"\b{re.escape(word)}\b" for word in words]
    pieces = re.split("(" + "|".join([_HIDDEN, *named]) + ")", text)
    return [(piece, _kind(piece, number)) for number, piece in enumerate(pieces) if piece]


def _kind(piece: str, number: int) -> str:
    if number % 2 == 0:  # between two that were split at
        return ""
    return "hidden" if re.fullmatch(_HIDDEN, piece) else "word"
