"""What goes into a MEDS data set, and how persons are split."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.errors import Usage

TRAIN, TUNING, HELD_OUT = "train", "tuning", "held_out"
SPLITS = (TRAIN, TUNING, HELD_OUT)
"""As the standard names them."""

_BY_OPTION = {"note": "notes", "imaging_study": "images", "genomic_sample": "variants"}


@dataclass(frozen=True)
class MedsOptions:
    """Choices of the user.

    Attributes:
        notes: notes with their (scrubbed) text.
        images: imaging studies.
        variants: samples with variants.
        tuning: share of persons in the split `tuning`.
        held_out: share of persons in the split `held_out`.

    Raises:
        Usage: shares that are none.
    """

    notes: bool = False
    images: bool = False
    variants: bool = False
    tuning: float = 0.1
    held_out: float = 0.1

    def __post_init__(self) -> None:
        if not (self.tuning >= 0 and self.held_out >= 0 and self.tuning + self.held_out <= 1):
            raise Usage(
                "these are no shares of the persons", "tuning, held_out", "0 or more, together at most 1"
            )

    def wants(self, mapping: str) -> bool:
        """Whether the events of a mapping (`note`, `measurement`) go in."""
        return bool(getattr(self, _BY_OPTION[mapping])) if mapping in _BY_OPTION else True
