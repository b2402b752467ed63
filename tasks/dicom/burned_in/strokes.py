"""Where text could be, cheaply: thin strokes that stand out. Frames without any, or with those of a frame that was
read, need not be read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tasks.dicom.burned_in.reading import Box

TILE = 16
CONTRAST = 14
"""Grey levels of 255 by which a stroke stands out: fainter text can't be read by people either."""
_ENOUGH = 5
"""Pixels of strokes in a tile for it to hold part of a letter."""
_SAME = 6
"""Grey levels by which a tile may differ and be the same: what lossy compression adds."""
_FRAMES = 24


def find_strokes(image: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Tiles that may hold text: (ceil(rows / TILE), ceil(columns / TILE)).

    A stroke is lighter or darker than what is around it within nine pixels, in any channel.
    """
    strokes = np.zeros(image.shape[:2], np.bool_)
    for response in responses(image):
        strokes |= response >= CONTRAST
    held: NDArray[np.bool_] = tiles_of(strokes, "sum") >= _ENOUGH
    return held


def responses(image: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    """Of each channel, grey levels by which a pixel is lighter or darker than what is around it: (rows, columns)."""
    import cv2

    kernel = np.ones((9, 9), np.uint8)
    channels = [image] if image.ndim == 2 else [image[..., c] for c in range(image.shape[2])]
    for channel in channels:
        plane = np.ascontiguousarray(channel)
        closed = cv2.morphologyEx(plane, cv2.MORPH_CLOSE, kernel)
        opened = cv2.morphologyEx(plane, cv2.MORPH_OPEN, kernel)
        yield np.maximum(closed - plane, plane - opened).astype(np.uint8, copy=False)


def tiles_of(values: NDArray[Any], by: str) -> NDArray[Any]:
    """The `sum` of each tile's values, or their `max`: (ceil(rows / TILE), ceil(columns / TILE))."""
    rows, columns = (-(-n // TILE) for n in values.shape)
    padded = np.zeros((rows * TILE, columns * TILE), np.uint8)
    padded[: values.shape[0], : values.shape[1]] = values
    cells = padded.reshape(rows, TILE, columns, TILE)
    found: NDArray[Any] = cells.sum(axis=(1, 3), dtype=np.int32) if by == "sum" else cells.max(axis=(1, 3))
    return found


class Seen:
    """The frames of a file that were read, by which others need not be."""

    def __init__(self) -> None:
        self._frames: list[NDArray[np.uint8]] = []

    def unread(self, image: NDArray[np.uint8]) -> Box | None:
        """The part of a frame that must be read: all tiles with strokes that no frame read shows alike; or None."""
        tiles = find_strokes(image)
        for frame in reversed(self._frames):
            if not tiles.any():
                return None
            if frame.shape == image.shape:
                tiles &= ~self._alike(frame, image)
        return self._around(tiles, image)

    def add(self, image: NDArray[np.uint8]) -> None:
        """A frame was read whole, or is like those that were but for a part that was."""
        self._frames.append(image)
        if len(self._frames) > _FRAMES:
            del self._frames[1]  # the first is likeliest to come again

    @staticmethod
    def _alike(frame: NDArray[np.uint8], image: NDArray[np.uint8]) -> NDArray[np.bool_]:
        import cv2

        difference = cv2.absdiff(frame, image)
        if difference.ndim == 3:
            difference = difference.max(axis=2)
        alike: NDArray[np.bool_] = tiles_of(difference, "max") <= _SAME
        return alike

    @staticmethod
    def _around(tiles: NDArray[np.bool_], image: NDArray[np.uint8]) -> Box | None:
        if not tiles.any():
            return None
        rows, columns = np.flatnonzero(tiles.any(axis=1)), np.flatnonzero(tiles.any(axis=0))
        margin = 3 * TILE
        left, top = int(columns[0]) * TILE - margin, int(rows[0]) * TILE - margin
        right, bottom = (int(columns[-1]) + 1) * TILE + margin, (int(rows[-1]) + 1) * TILE + margin
        return max(left, 0), max(top, 0), min(right, image.shape[1]), min(bottom, image.shape[0])
