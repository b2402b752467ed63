"""Look for text in a file's frames: which are at risk, what stands in them, and what is hidden."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tasks.dicom.burned_in.risk import Risk
from tasks.dicom.deidentify import Told
from tasks.dicom.frames import Pixels, decode_frame

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from contracts.identity import Person
    from tasks.dicom.policy import ImagePolicy

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels; right and bottom are outside."""


@dataclass
class Looked:
    """What looking at a file found.

    Attributes:
        risk: why it was looked at, or not.
        frames: how many there are.
        checked: how many of them were looked at.
        boxes: what to hide, by frame.
        reason: why the file is held; empty where it is not.
    """

    risk: Risk
    frames: int
    checked: int = 0
    read: int = 0
    kept: int = 0
    boxes: dict[int, list[Box]] = field(default_factory=dict)
    reason: str = ""

    @property
    def changed(self) -> bool:
        """Whether any frame is shown otherwise than it came."""
        return bool(self.boxes)

    def told(self) -> Told:
        """What the header says of it: nothing, unless all frames were looked at."""
        if self.checked < self.frames:
            return Told()
        return Told(burned_in="NO", pixels_cleaned=True)

    def counts(self) -> dict[str, Any]:
        """The columns of `imaging.object` that tell of it."""
        return {
            "risk": self.risk.verdict,
            "risk_rule": self.risk.rule,
            "number_of_frames": self.frames,
            "frames_checked": self.checked,
            "frames_read": self.read,
            "frames_spared": self.frames - self.checked,
            "frames_changed": len(self.boxes),
            "boxes_hidden": sum(len(found) for found in self.boxes.values()),
            "texts_kept": self.kept,
        }


def look_at(
    pixels: Pixels,
    risk: Risk,
    policy: ImagePolicy,
    person: Person | None,
    tell: Callable[[NDArray[Any]], None],
) -> Looked:
    """Decode every frame once."""
    looked = Looked(risk, pixels.frames)
    for index in range(pixels.frames):
        stored, _ = decode_frame(pixels, index)
        tell(stored)
    return looked
