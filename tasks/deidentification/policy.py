"""What a home asks of free text: how finds are replaced, and whether a model looks too. Part of the recipe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import orjson

from contracts.errors import Fatal
from tasks.deidentification.words import lists_digest

Style = Literal["tags", "surrogates"]
Recogniser = Literal["none", "spacy"]
STYLES: tuple[Style, ...] = ("tags", "surrogates")
RECOGNISERS: tuple[Recogniser, ...] = ("none", "spacy")


@dataclass(frozen=True)
class TextPolicy:
    """How free text is treated.

    Attributes:
        style: `tags` ("[NAME]") or `surrogates` (invented stand-ins, the same in all of a
            person's texts).
        recogniser: `none` (known identifiers, patterns and lists of names) or `spacy` (its named entities as well).
    """

    style: Style = "tags"
    recogniser: Recogniser = "none"

    def __post_init__(self) -> None:
        for name, value, legal in (
            ("privacy.text", self.style, STYLES),
            ("privacy.recogniser", self.recogniser, RECOGNISERS),
        ):
            if value not in legal:
                raise Fatal("no such way to treat free text", name, f"one of {', '.join(legal)}")

    def versions(self) -> dict[str, str]:
        """The components of a recipe that free text depends on: the choice, the lists of names, the model."""
        found = {"text": self.style, "text:lists": lists_digest(), "text:recogniser": "none"}
        if self.recogniser == "spacy":
            from tasks.deidentification.recogniser import model_digest

            found["text:recogniser"] = model_digest()
        return found

    def to_bytes(self) -> bytes:
        """As it is kept in the vault."""
        return orjson.dumps({"style": self.style, "recogniser": self.recogniser})

    @classmethod
    def from_bytes(cls, kept: bytes | None) -> TextPolicy:
        """The inverse of `to_bytes`; of nothing, the default."""
        return cls(**orjson.loads(kept)) if kept else cls()
