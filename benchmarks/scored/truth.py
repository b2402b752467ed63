"""What is known of each file of the set: what was planted where, and what is to become of it. Kept as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson

REMOVED = "removed"
"""Absent, or without a value."""
REPLACED = "replaced"
"""There with another value, or gone."""
SHIFTED = "shifted"
"""A date moved by the same days in all files of the person."""
KEPT = "kept"
"""As it was."""
CLEANED = "text-removed"
"""The identifiers of a text are gone."""
WORDS = "text-retained"
"""The clinical words of a text are there."""
UID = "uid-consistent"
"""A UID is replaced, everywhere by the same one, and by one of its own."""
PATIENT = "patient-consistent"
"""A patient's ID is replaced, everywhere by the same one, and by one of its own."""
HIDDEN = "pixels-hidden"
"""A burned-in line can't be read any more."""
RETAINED = "pixels-kept"
"""All pixels of an image without text, and what is far from text, are as they were."""
ACTIONS = (REMOVED, REPLACED, SHIFTED, KEPT, CLEANED, WORDS, UID, PATIENT, HIDDEN, RETAINED)


@dataclass(frozen=True)
class Plant:
    """One element.

    Attributes:
        action: one of `ACTIONS`.
        path: where it is: `00100010`, `00400275[0].00321060`, `0019[GEMS_ACQU_01]23`.
        value: as it was written; several values parted by backslashes.
        tokens: what must not be left of it.
        words: what must be left of it.
    """

    action: str
    path: str
    value: str
    tokens: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Line:
    """A line of text in the pixels.

    Attributes:
        text: what it says.
        box: left, top, right, bottom in pixels.
        height: of its capitals in pixels.
        contrast: grey levels of 255 between it and what is around it.
        font: in which it is drawn.
        personal: whether it must be hidden; a marker of the scanner may stay.
    """

    text: str
    box: tuple[int, int, int, int]
    height: int
    contrast: int
    font: str
    personal: bool = True


@dataclass(frozen=True)
class File:
    """One file of the set.

    Attributes:
        name: relative to the set's folder.
        kind: what it is: `CT`, `US cine`, ...
        patient: number of the person in the set.
        night: in which it arrives, 1 or 2.
        plants: elements of its header.
        lines: text in its pixels.
        has_pixels: whether there are any.
    """

    name: str
    kind: str
    patient: int
    night: int = 1
    plants: tuple[Plant, ...] = ()
    lines: tuple[Line, ...] = ()
    has_pixels: bool = False


@dataclass(frozen=True)
class Truth:
    """The whole set; `identifiers` are, by patient, the texts that no header may hold."""

    seed: str
    files: tuple[File, ...]
    identifiers: dict[int, tuple[str, ...]] = field(default_factory=dict)

    def save(self, path: Path) -> None:
        """Write it as JSON."""
        path.write_bytes(orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS))


def load_truth(path: Path) -> Truth:
    """The inverse of `Truth.save`."""
    kept: dict[str, Any] = orjson.loads(path.read_bytes())
    files = tuple(_file(row) for row in kept["files"])
    return Truth(kept["seed"], files, {int(k): tuple(v) for k, v in kept["identifiers"].items()})


def _file(row: dict[str, Any]) -> File:
    plants = tuple(
        Plant(**{**p, "tokens": tuple(p["tokens"]), "words": tuple(p["words"])}) for p in row["plants"]
    )
    lines = tuple(Line(**{**line, "box": tuple(line["box"])}) for line in row["lines"])
    return File(**{**row, "plants": plants, "lines": lines})
