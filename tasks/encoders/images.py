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
        image: (H, W) grey or (H, W, 3) RGB, any real element type, row 0 on top. Grey is windowed linearly,
            its 0.5th to 99.5th percentile to 0..255, so units and bit depth do not matter; so is colour, over
            its channels together, unless it has 8 bits already. Dark must be low: invert MONOCHROME1 before.
        place: the image's token for the error.

    Returns:
        (3, size, size) float32 of whole numbers from 0 to 255.

    Raises:
        Rejected: another shape, no pixels, or complex or non-numeric elements.
    """
    colour = image.ndim == 3 and image.shape[2] == 3
    if not (image.ndim == 2 or colour) or image.size == 0 or image.dtype.kind not in "buif":
        raise Rejected("image-shape-not-supported", place, "(H, W) or (H, W, 3) real numbers, not empty")
    pixels = _shrink(_to_finite(image), size)
    pixels = pixels.astype(np.float32) if colour and image.dtype == np.uint8 else _window(pixels)
    for _ in range(2):  # rows, then columns
        pixels = _resize_rows(pixels, size).swapaxes(0, 1)
    resized = np.rint(np.clip(pixels, 0, 255))
    planes = np.moveaxis(resized, 2, 0) if colour else resized
    return np.ascontiguousarray(np.broadcast_to(planes, (3, size, size)), dtype=np.float32)


def _to_finite(image: NDArray[Any]) -> NDArray[Any]:
    """The image with NaN and infinities replaced by its smallest finite value (0 where there is none)."""
    if image.dtype.kind != "f":
        return image
    finite = np.isfinite(image)
    return image if finite.all() else np.where(finite, image, image[finite].min() if finite.any() else 0)


def _shrink(image: NDArray[Any], size: int) -> NDArray[Any]:
    """Average cells of k x k pixels; both sides stay at least 2 x `size`: the cheap part of a big shrink.

    Pixels right and below that fill no cell are left out (less than one part in 2 x `size` of a side).
    """
    kind = np.float64 if image.dtype.itemsize > 2 else np.float32
    k = min(image.shape[:2]) // (2 * size)
    if k < 2:
        return image.astype(kind)
    height, width = image.shape[0] // k * k, image.shape[1] // k * k
    rows = np.zeros((height // k, width, *image.shape[2:]), dtype=kind)
    for offset in range(k):  # strided sums are several times quicker than a mean over reshaped axes
        rows += image[offset:height:k, :width]
    cells = np.zeros((height // k, width // k, *image.shape[2:]), dtype=kind)
    for offset in range(k):
        cells += rows[:, offset::k]
    cells /= k * k
    return cells


def _window(pixels: NDArray[Any]) -> NDArray[np.float32]:
    """Map the window's percentiles linearly to 0 and 255; a flat image gives 0."""
    flat = pixels.reshape(-1)
    low, high = np.percentile(flat[:: max(1, flat.size // _SAMPLE)], (_LOW, _HIGH))
    if low == high:  # nearly all pixels are equal, as in a mask: the few others are the picture
        low, high = flat.min(), flat.max()
    span = (high - low) or 1.0
    windowed: NDArray[np.float32] = np.clip((pixels - low) * (255.0 / span), 0, 255).astype(np.float32)
    return windowed


def _resize_rows(pixels: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """Resize axis 0 to `size` by weighted sums of rows: no BLAS, whose threads fight over a busy machine."""
    resized = np.zeros((size, *pixels.shape[1:]), dtype=np.float32)
    for rows, weights in zip(*_weigh_rows(pixels.shape[0], size), strict=True):
        resized += weights.reshape(-1, *[1] * (pixels.ndim - 1)) * pixels[rows]
    return resized


@lru_cache(maxsize=64)
def _weigh_rows(source: int, target: int) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Row numbers and their weights, each (taps, target), of a linear resize from `source` to `target` rows.

    A triangle filter that widens as it shrinks, so that no row is skipped (antialiasing); pixel centres
    lie at half numbers; the weights of each target row add up to 1.
    """
    scale = source / target
    width = max(scale, 1.0)
    centres = (np.arange(target) + 0.5) * scale
    first = np.floor(centres - width - 0.5).astype(np.intp)
    rows = first + np.arange(int(np.ceil(2 * width)) + 2)[:, np.newaxis]
    weights = np.maximum(0.0, 1.0 - np.abs(rows + 0.5 - centres) / width)
    weights[(rows < 0) | (rows >= source)] = 0.0
    weights /= weights.sum(axis=0)
    return np.clip(rows, 0, source - 1), weights.astype(np.float32)
