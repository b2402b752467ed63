"""Widen the box of a line along its ink: the detector ends before a last letter that stands apart or is faint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tasks.dicom.burned_in.reading import Box

_GAP = 1.3
"""Heights of the line between words of it."""
_REACH = 8.0
"""Heights by which a box grows to each side, at most: what is longer is an edge, not a word."""
_INK = 0.4
"""Of the way from what is around a line to its ink, where ink begins."""
_FULL = 0.75
"""Of a column's pixels that may be ink: more is no letter but the body itself."""


def widen_along_ink(image: NDArray[np.uint8], box: Box) -> Box:
    """A box that holds the line's neighbours of the same ink too, to its left and right.

    Args:
        image: (rows, columns) or (rows, columns, 3), as it is shown.
        box: of a line; left, top, right, bottom in pixels.

    Returns:
        The box, no smaller, within the image; as it was where ink and ground can't be told apart.
    """
    left, top, right, bottom = box
    height = bottom - top
    above = min(top, height // 3)
    band = image[
        top - above : bottom + height // 3
    ]  # stems fill the line's height, but not what is beyond it
    plane = (band if band.ndim == 2 else band.max(axis=2)).astype(np.int16)
    inside = plane[above : above + height, left:right]
    levels = _levels(inside)
    if levels is None:
        return box
    ground, ink = levels
    inked = (plane - ground) * np.sign(ink - ground) >= _INK * abs(ink - ground)
    columns = inked[above : above + height].any(axis=0) & (inked.mean(axis=0) <= _FULL)
    gap, reach = max(3, round(_GAP * height)), round(_REACH * height)
    return (
        left - _run(columns[max(0, left - reach) : left][::-1], gap),
        top,
        right + _run(columns[right : right + reach], gap),
        bottom,
    )


def _levels(inside: NDArray[Any]) -> tuple[float, float] | None:
    """Levels of ground and ink: the middle of all, and of what lies farthest from it."""
    if inside.size == 0:
        return None
    ground = float(np.median(inside))
    apart = np.abs(inside - ground)
    far = inside[apart >= max(0.6 * float(np.percentile(apart, 98)), 1.0)]
    if far.size == 0:
        return None
    ink = float(np.median(far))
    noise = float(np.median(apart))
    return (ground, ink) if abs(ink - ground) > max(10.0, 4.0 * noise) else None


def _run(columns: NDArray[np.bool_], gap: int) -> int:
    """How many columns go on with ink, breaks of up to `gap` columns within."""
    end = 0
    for at in np.flatnonzero(columns):
        if int(at) - end > gap:
            break
        end = int(at) + 1
    return end
