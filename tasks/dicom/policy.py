"""What a home asks of its images: options of PS3.15, burned-in text, faces. Part of the recipe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Literal

import orjson

from contracts.errors import Fatal
from contracts.privacy import Profile
from tasks.deidentification.ps315 import Options, choose_options

BurnedIn = Literal["strict", "default", "off"]
Faces = Literal["hold", "release"]
BURNED_IN: tuple[BurnedIn, ...] = ("strict", "default", "off")
FACES: tuple[Faces, ...] = ("hold", "release")
OPTIONS = frozenset(f.name for f in fields(Options))
"""Names of the options of PS3.15 E.3."""


@dataclass(frozen=True)
class Limits:
    """What one file may take: beyond it, it is held."""

    seconds: float = 600.0
    memory_bytes: int = 3 << 30


@dataclass(frozen=True)
class ImagePolicy:
    """How images are treated.

    Attributes:
        options: changes to the profile's options of PS3.15 E.3, by name (`tasks.deidentification.ps315.Options`).
        burned_in: `default` looks for text where the rules see a risk and on samples elsewhere, and hides what is no
            known technical marker; `strict` looks at every frame and hides all text; `off` does not look.
        faces: `hold` series from which a face can be rebuilt, or `release` them.
    """

    options: Mapping[str, bool] = field(default_factory=dict)
    burned_in: BurnedIn = "default"
    faces: Faces = "hold"

    def __post_init__(self) -> None:
        for name, value, legal in (
            ("imaging.burned_in", self.burned_in, BURNED_IN),
            ("imaging.faces", self.faces, FACES),
        ):
            if value not in legal:
                raise Fatal("no such way to treat images", name, f"one of {', '.join(legal)}")

    def ps315(self, profile: Profile) -> Options:
        """The options of PS3.15 under a profile.

        Raises:
            Fatal: no such option, or one that breaks the profile.
        """
        return choose_options(profile, self.options)

    def versions(self) -> dict[str, str]:
        """The components of a recipe that the index depends on: the options that were changed."""
        chosen = ",".join(f"{name}={value}" for name, value in sorted(self.options.items()))
        return {"ps315": chosen} if chosen else {}

    def to_bytes(self) -> bytes:
        """As it is kept in the vault."""
        return orjson.dumps(
            {"options": dict(self.options), "burned_in": self.burned_in, "faces": self.faces},
            option=orjson.OPT_SORT_KEYS,
        )

    @classmethod
    def from_bytes(cls, kept: bytes | None) -> ImagePolicy:
        """The inverse of `to_bytes`; of nothing, the default."""
        return cls(**orjson.loads(kept)) if kept else cls()
