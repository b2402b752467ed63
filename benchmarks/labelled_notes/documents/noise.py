# ruff: noqa: E501 - tables are easier to read on long lines
"""What happens to documents on their way: capitals, lost punctuation, small letters, scanners' errors, copying forward."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from random import Random


@dataclass(frozen=True)
class Piece:
    """A stretch of text, and the type of identifier that it is, if any."""

    text: str
    kind: str | None = None


STYLES = {"plain": 58, "wrapped": 12, "capitals": 8, "unpunctuated": 8, "small": 3, "scanned": 5, "copied": 6}
"""How often, in a hundred documents, each happens."""
_CONFUSED = {
    "l": "1",
    "O": "0",
    "o": "0",
    "I": "l",
    "S": "5",
    "m": "rn",
    "e": "c",
    "B": "8",
    "t": "f",
    "i": "j",
}


def distort(pieces: Sequence[Piece], style: str, rng: Random) -> Iterable[Piece]:
    """The pieces, in the style; identifiers stay where they are labelled."""
    misspelt = [
        replace(x, text=_mistype(rng, x.text)) if x.kind == "NAME" and rng.random() < 0.015 else x
        for x in pieces
    ]
    if style == "capitals":
        return [replace(x, text=x.text.upper()) for x in misspelt]
    if style == "small":
        return [replace(x, text=x.text.lower()) for x in misspelt]
    if style == "unpunctuated":
        return [
            x
            if x.kind
            else replace(x, text=x.text.replace(". ", " ").replace(".\n", "\n").replace(", ", " "))
            for x in misspelt
        ]
    if style == "scanned":
        return [replace(x, text=_scan(rng, x.text, 0.002 if x.kind else 0.01)) for x in misspelt]
    if style == "copied":
        return [*misspelt, Piece("\n--- copied forward from previous note ---\n"), *misspelt]
    return misspelt


def _scan(rng: Random, text: str, share: float) -> str:
    return "".join(_CONFUSED.get(x, x) if rng.random() < share else x for x in text)


def _mistype(rng: Random, name: str) -> str:
    """One letter swapped, doubled or left out, in a word of six letters or more."""
    words = name.split(" ")
    i = max(range(len(words)), key=lambda n: len(words[n]))
    word = words[i]
    if len(word) < 6 or not word.isalpha():
        return name
    at = rng.randrange(1, len(word) - 2)
    words[i] = rng.choice(
        (
            word[:at] + word[at + 1 :],
            word[:at] + word[at] + word[at:],
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        )
    )
    return " ".join(words)
