"""What a home asks of samples that nothing says whose they are. Part of the recipe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import orjson

from contracts.errors import Fatal, Rejected
from contracts.identity import Person, encode_subject

Untied = Literal["publish", "hold"]
UNTIED: tuple[Untied, ...] = ("publish", "hold")
UNTIED_SAMPLE = "untied-sample"
"""The reason code of a file that waits for a sample sheet."""


@dataclass(frozen=True)
class VariantPolicy:
    """How files are treated.

    Attributes:
        untied: `publish` (samples of nobody known have no person) or `hold` (a file with such a sample is held back as
            a whole, until a sheet, a crosswalk or a record tells whose it is).
    """

    untied: Untied = "publish"

    def __post_init__(self) -> None:
        if self.untied not in UNTIED:
            raise Fatal(
                "no such way to treat untied samples", "genomics.untied", f"one of {', '.join(UNTIED)}"
            )

    def versions(self) -> dict[str, str]:
        """The components of a recipe of variants that follow from it."""
        return {"untied": self.untied}

    def to_bytes(self) -> bytes:
        """As it is kept in the vault."""
        return orjson.dumps({"untied": self.untied})

    @classmethod
    def from_bytes(cls, kept: bytes | None) -> VariantPolicy:
        """The inverse of `to_bytes`; of nothing, the default."""
        return cls(**orjson.loads(kept)) if kept else cls()

    def check(self, authority: str, samples: Sequence[str], people: Mapping[str, Person]) -> None:
        """Hold a file back that has samples of nobody known, where that is asked.

        Args:
            authority: of the source.
            samples: names that the header has.
            people: the unit's persons by subject.

        Raises:
            Rejected: `untied-sample`, with how many of how many.
        """
        if self.untied != "hold":
            return
        known = (people.get(encode_subject(authority, name)) for name in samples)
        untied = sum(person is None or not person.tied for person in known)
        if untied:
            place = f"header, {untied} of {len(samples)} samples"
            raise Rejected(UNTIED_SAMPLE, place, "a row of a sample sheet for each sample")


def person_of(authority: str, sample: str, people: Mapping[str, Person]) -> int | None:
    """Whose a sample is; None where nothing says so."""
    person = people.get(encode_subject(authority, sample))
    return person.person_id if person is not None and person.tied else None
