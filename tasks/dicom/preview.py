"""A small PNG of an image, for pages that show what was found."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIDE = 320
"""Pixels of the longer side, at most."""


def to_grey_levels(image: NDArray[Any]) -> NDArray[np.uint8]:
    """An image as eight bits: colours as they are, where they are bytes; else darkest to brightest.

    Args:
        image: (rows, columns) or (rows, columns, 3), as `tasks.dicom.pixels.render` returns it.
    """
    if image.dtype == np.uint8:
        return image
    values = np.nan_to_num(image.astype(np.float32), posinf=0.0, neginf=0.0)
    low, high = float(values.min()), float(values.max())
    if high <= low:
        return np.zeros(image.shape, np.uint8)
    return ((values - low) * (255.0 / (high - low)) + 0.5).astype(np.uint8)


def preview_png(image: NDArray[Any]) -> bytes:
    """The image as PNG, its longer side at most `SIDE`, with no text in the file."""
    from PIL import Image

    shown = Image.fromarray(np.ascontiguousarray(to_grey_levels(image)))
    shown.thumbnail((SIDE, SIDE), Image.Resampling.BILINEAR)
    data = io.BytesIO()
    shown.save(data, "PNG", optimize=True)
    return data.getvalue()
