"""Brings an image of any size and element type to the 224 x 224 RGB that the image encoder takes."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contracts.errors import Rejected

_LOW, _HIGH = 0.5, 99.5  # percentiles of the grey window: single hot or padded pixels must not set it
_SAMPLE = 1 << 16  # pixels that percentiles are taken from; more change them by less than a grey level


def prepare_image(image: NDArray[Any], size: int, place: str = "image") -> NDArray[np.float32]:
    """Window an image to 8 bits and resize it, whole and stretched, to `size` x `size`.

    Args:
        image: (H, W) grey or (H, W, 3) RGB, any real element type, row 0 on top. Grey is windowed linearly from its
            0.5th to its 99.5th percentile to 0..255, so units and bit depth do not matter; so is colour, over its
            channels together, unless it has 8 bits already. Dark must be low: invert MONOCHROME1 before.
        place: the image's token for the error.

    Returns:
        (3, size, size) float32 of whole numbers from 0 to 255.

    Raises:
        Rejected: another shape, no pixels, or complex or non-numeric elements.
    """
    colour = image.ndim == 3 and image.shape[2] == 3
    if not (image.ndim == 2 or colour) or image.size == 0 or image.dtype.kind not in "buif":
        raise Rejected("image-shape-not-supported", place, "(H, W) or (H, W, 3) real numbers, at least one pixel")
    pixels = image.astype(np.float32) if colour and image.dtype == np.uint8 else _window(image)
    planes = np.moveaxis(pixels, 2, 0) if colour else pixels[np.newaxis]
    rows, columns = _weigh(image.shape[0], size), _weigh(image.shape[1], size)
    resized = np.rint(np.clip(rows @ planes @ columns.T, 0, 255))
    return np.ascontiguousarray(np.broadcast_to(resized, (3, size, size)), dtype=np.float32)


def _window(image: NDArray[Any]) -> NDArray[np.float32]:
    """Map percentiles of the finite values linearly to 0 and 255; a flat image gives 0."""
    pixels = image.astype(np.float64 if image.dtype.itemsize > 2 else np.float32)
    if image.dtype.kind == "f":
        finite = np.isfinite(pixels)
        pixels = np.where(finite, pixels, pixels[finite].min() if finite.any() else 0)
    flat = pixels.reshape(-1)
    low, high = np.percentile(flat[:: max(1, flat.size // _SAMPLE)], (_LOW, _HIGH))
    if low == high:  # nearly all pixels are equal, as in a mask: the few others are the picture
        low, high = flat.min(), flat.max()
    span = (high - low) or 1.0
    return np.clip((pixels - low) * (255.0 / span), 0, 255).astype(np.float32)


@lru_cache(maxsize=64)
def _weigh(source: int, target: int) -> NDArray[np.float32]:
    """The (target, source) matrix of a linear resize: a triangle filter that widens as it shrinks, so that no source
    pixel is skipped (antialiasing); pixel centres at half numbers; rows add up to 1."""
    scale = source / target
    width = max(scale, 1.0)
    centres = (np.arange(target) + 0.5) * scale
    distance = np.abs(np.arange(source) + 0.5 - centres[:, np.newaxis])
    weights = np.maximum(0.0, 1.0 - distance / width)
    normalised: NDArray[np.float32] = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    normalised.flags.writeable = False
    return normalised
