"""Look for text in a file's frames: which are at risk, what stands in them, and what is hidden.

What is found in one frame is hidden in all of them: what a scanner draws stays in its place, and a cine must not show
between two frames what it hides in them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from tasks.dicom.burned_in.judging import HIDE, KEEP, judge_line, known_words
from tasks.dicom.burned_in.reading import Box, reader
from tasks.dicom.burned_in.risk import CHECK, SAMPLE, Risk
from tasks.dicom.burned_in.strokes import Seen
from tasks.dicom.burned_in.widening import widen_along_ink
from tasks.dicom.deidentify import Told
from tasks.dicom.frames import Pixels, decode_frame
from tasks.dicom.pixels import render
from tasks.dicom.preview import to_grey_levels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from contracts.identity import Person
    from tasks.dicom.policy import ImagePolicy

_MARGIN = 3
"""Pixels around a line that are hidden with it."""
_READ_AGAIN = 6
"""Frames that are read again once text is hidden."""
_PAGE_SHARE, _PAGE_FEW, _PAGE_LINES = 0.3, 10, 60
"""An image of which so much is text is a page: what is left of it shows nothing. A few large lines are none."""


@dataclass
class Looked:
    """What looking at a file found.

    Attributes:
        risk: why it was looked at, or not.
        frames: how many there are.
        strict: whether every text is hidden.
        known: words of the person's identifiers.
        checked: frames looked at.
        read: frames of which at least a part was read by OCR.
        kept: lines that say nothing of anybody.
        boxes: what is hidden in every frame.
        telling: frames in which text was found, first of all.
        ink: the stored value that hides: the darkest there is.
        masked: bits that are no part of the values hold an overlay; written anew, they are empty.
        reason: why the file is held; empty where it is not.
    """

    risk: Risk
    frames: int
    strict: bool = False
    known: frozenset[str] = field(default=frozenset(), repr=False)
    checked: int = 0
    read: int = 0
    kept: int = 0
    boxes: list[Box] = field(default_factory=list)
    telling: list[int] = field(default_factory=list)
    ink: int = 0
    masked: bool = False
    reason: str = ""

    @property
    def changed(self) -> bool:
        """Whether the frames are shown otherwise than they came."""
        return bool(self.boxes) or self.masked

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
            "frames_changed": self.frames if self.changed else 0,
            "boxes_hidden": len(self.boxes),
            "texts_kept": self.kept,
        }

    def shown(self, pixels: Pixels) -> Callable[[int], tuple[NDArray[Any], str]]:
        """Frames with what is to be hidden hidden."""

        def frame(index: int) -> tuple[NDArray[Any], str]:
            stored, photometric = decode_frame(pixels, index)
            return hide(stored, self.boxes, self.ink), photometric

        return frame

    def reads_again(self, written: Pixels) -> bool:
        """Whether text can still be read in a file that was written; what was found is to be hidden, too."""
        before, kept = len(self.boxes), self.kept
        for index in self.telling[:_READ_AGAIN]:
            image = show(written, index)[0]
            self._read(image, (0, 0, image.shape[1], image.shape[0]), index)
        self.kept = kept  # they were counted when they were read first
        return len(self.boxes) > before

    def look(self, image: NDArray[np.uint8], index: int, seen: Seen) -> None:
        """Look at a frame, and read what of it is like no frame that was read."""
        self.checked += 1
        part = seen.unread(image)
        if part is not None:
            self.read += 1
            self._read(image, part, index)
            seen.add(image)

    def _read(self, image: NDArray[np.uint8], part: Box, index: int) -> None:
        left, top, right, bottom = part
        hidden = 0
        for line in reader().read_twice(image[top:bottom, left:right]):
            verdict = judge_line(line, self.strict, self.known)
            self.kept += verdict == KEEP
            if verdict == HIDE:
                hidden += 1
                box = line.box
                moved = (box[0] + left, box[1] + top, box[2] + left, box[3] + top)
                self.boxes.append(_widened(widen_along_ink(image, moved), image.shape))
        if hidden and index not in self.telling:
            self.telling.append(index)

    def judge_page(self, shape: tuple[int, ...]) -> None:
        """Hold what is a page of text."""
        covered = np.zeros(shape[:2], np.bool_)
        for left, top, right, bottom in self.boxes:
            covered[top:bottom, left:right] = True
        lines = len(set(self.boxes))
        if (covered.mean() > _PAGE_SHARE and lines > _PAGE_FEW) or lines > _PAGE_LINES:
            self.reason = "page-of-text"


def look_at(
    pixels: Pixels,
    risk: Risk,
    policy: ImagePolicy,
    person: Person | None,
    tell: Callable[[NDArray[Any]], None],
    sampled: bool = True,
) -> Looked:
    """Decode every frame once, and look for text in those at risk.

    Args:
        pixels: of the file.
        risk: what the rules say of it.
        policy: how images are treated.
        person: whose image it is.
        tell: is told of every frame as it is stored.
        sampled: whether the file is in the sample where the rules ask for one.

    Raises:
        Rejected: and errors of decoders, as `decode_frame`.
    """
    looked = Looked(risk, pixels.frames, policy.burned_in == "strict", known_words(person))
    chosen = _chosen(risk, pixels.frames, sampled)
    seen = Seen()
    for index in range(pixels.frames):
        stored, photometric = decode_frame(pixels, index)
        tell(stored)
        if index in chosen:
            image = shown_levels(stored, photometric, pixels)
            looked.look(image, index, seen)
            if looked.telling == [index]:
                looked.ink = darkest(stored, photometric, pixels)
            if index == 0 or looked.telling == [index]:
                looked.judge_page(image.shape)
    return looked


def _chosen(risk: Risk, frames: int, sampled: bool) -> frozenset[int]:
    if risk.verdict == CHECK:
        return frozenset(range(frames))
    if risk.verdict == SAMPLE and sampled:
        return frozenset({0, frames // 2, frames - 1})
    return frozenset()


def show(pixels: Pixels, index: int) -> tuple[NDArray[np.uint8], str]:
    """A frame as eight bits, as a viewer would show it, and its photometric interpretation."""
    stored, photometric = decode_frame(pixels, index)
    return shown_levels(stored, photometric, pixels), photometric


def shown_levels(stored: NDArray[Any], photometric: str, pixels: Pixels) -> NDArray[np.uint8]:
    """Stored values as eight bits, as a viewer would show them."""
    native = stored.astype(stored.dtype.newbyteorder("="), copy=False)
    return to_grey_levels(render(native, photometric, pixels.header))


def darkest(stored: NDArray[Any], photometric: str, pixels: Pixels) -> int:
    """The stored value that is shown darkest."""
    if stored.ndim == 3:
        return 0
    if photometric == "PALETTE COLOR":
        values = np.unique(stored)
        colours = render(values[None, :], photometric, pixels.header)[0].astype(np.int64).sum(axis=1)
        return int(values[int(colours.argmin())])
    return int(stored.max()) if photometric == "MONOCHROME1" else int(stored.min())


def hide(stored: NDArray[Any], boxes: list[Box], ink: int) -> NDArray[Any]:
    """A copy of a frame in which the boxes are filled with one value."""
    hidden = stored.copy()
    for left, top, right, bottom in boxes:
        hidden[top:bottom, left:right] = ink
    return hidden


def _widened(box: Box, shape: tuple[int, ...]) -> Box:
    left, top, right, bottom = box
    return (
        max(left - _MARGIN, 0),
        max(top - _MARGIN, 0),
        min(right + _MARGIN, shape[1]),
        min(bottom + _MARGIN, shape[0]),
    )
