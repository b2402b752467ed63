"""Where small text may stand that was not read, so that no more than that is read a second time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tasks.dicom.burned_in.strokes import CONTRAST, TILE, responses, tiles_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tasks.dicom.burned_in.reading import Box

_AROUND, _TIMES = 65, 3.0
"""A letter stands out this many times as much as half of what is within so many pixels: noise and speckle do not."""
_ENOUGH = 12
"""Pixels of strokes in a tile for it to hold part of a word: ten pixels high, a letter and a half."""
_LEAST = 2
"""Tiles side by side that a word touches."""


def find_unread(image: NDArray[np.uint8], read: list[Box]) -> list[Box]:
    """Parts of an image outside the lines read that may hold small text: apart from one another, within the image.

    Args:
        image: (rows, columns) or (rows, columns, 3), as it is shown.
        read: boxes of lines; left, top, right, bottom in pixels.
    """
    import cv2

    strokes = _standing_out(image)
    for left, top, right, bottom in read:
        beside = 4 + (bottom - top) // 3
        rows = slice(max(top - beside, 0), bottom + beside)
        strokes[rows, max(left - 2 * beside, 0) : right + 2 * beside] = False
    tiles = (tiles_of(strokes, "sum") >= _ENOUGH).astype(np.uint8)
    _, labels, sizes, _ = cv2.connectedComponentsWithStats(tiles, connectivity=8)
    tiles[(sizes[:, cv2.CC_STAT_AREA] < _LEAST)[labels]] = 0
    wider = cv2.dilate(tiles, np.ones((5, 9), np.uint8))  # the detector wants ground around a word
    _, _, parts, _ = cv2.connectedComponentsWithStats(wider, connectivity=8)
    return _merged([_pixels(part, image.shape) for part in parts[1:]])


def _standing_out(image: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Pixels of strokes that stand out from the noise around them, in any channel."""
    import cv2

    strokes = np.zeros(image.shape[:2], np.bool_)
    for response in responses(image):
        usual = cv2.medianBlur(response, _AROUND)
        strokes |= response >= np.maximum(CONTRAST, _TIMES * usual)
    return strokes


def _pixels(part: NDArray[np.int32], shape: tuple[int, ...]) -> Box:
    left, top, wide, tall = (int(value) * TILE for value in part[:4])
    return left, top, min(left + wide, shape[1]), min(top + tall, shape[0])


def _merged(boxes: list[Box]) -> list[Box]:
    """Boxes that overlap become the one around them: nothing is read twice as large more than once."""
    apart: list[Box] = []
    for box in boxes:
        while met := next((other for other in apart if _meet(box, other)), None):
            apart.remove(met)
            box = min(box[0], met[0]), min(box[1], met[1]), max(box[2], met[2]), max(box[3], met[3])
        apart.append(box)
    return apart


def _meet(box: Box, other: Box) -> bool:
    across = min(box[2], other[2]) > max(box[0], other[0])
    return across and min(box[3], other[3]) > max(box[1], other[1])
