"""What an image looks like: one frame as a reader would see it; and a digest that tells equal pixels."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

from connectors.dicom.library import CONVERSION_ERRORS
from contracts.errors import Rejected
from tasks.dicom.frames import decode_frame, find_pixels, undecodable

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydicom.dataset import Dataset

    from contracts.keys import Key
    from contracts.protocols import Place


def representative_frame(place: Place) -> NDArray[Any]:
    """The middle frame of a DICOM file, for the image encoder.

    Grey images get their modality and VOI transformations (PS3.3 C.11.1, C.11.2) and dark is low, MONOCHROME1 being
    inverted; colour images become RGB. No more than one frame is held.

    Returns:
        (rows, columns) grey, or (rows, columns, 3) RGB; any real element type, row 0 on top.

    Raises:
        Rejected: `no-pixels`, or `pixels-undecodable` with the type of the decoder's error.
    """
    with undecodable():
        pixels = find_pixels(place)
        stored, photometric = decode_frame(pixels, pixels.frames // 2)
        stored = stored.astype(stored.dtype.newbyteorder("="), copy=False)
        return render(stored, photometric, pixels.header)


class PixelDigest:
    """A digest over shape and stored values of frames, whatever their encoding: equal for equal pixels.

    Args:
        key: keys the digest; a plain SHA-256 where it is None.
    """

    def __init__(self, key: Key | None = None) -> None:
        self._digest = hashlib.sha256() if key is None else key.hasher("pixels")

    def add(self, stored: NDArray[Any]) -> None:
        """Take the next frame, as `decode_frame` returns it."""
        self._digest.update(f"{stored.shape} {stored.dtype.kind}{stored.dtype.itemsize};".encode())
        self._digest.update(np.ascontiguousarray(stored, stored.dtype.newbyteorder("<")).data)

    def hexdigest(self) -> str:
        """Of all frames so far."""
        return self._digest.hexdigest()


def pixel_digest(place: Place) -> str:
    """SHA-256 over shape and stored values of all frames, whatever their encoding: equal for equal pixels.

    Raises:
        Rejected: as `representative_frame`.
    """
    with undecodable():
        pixels = find_pixels(place)
        digest = PixelDigest()
        for index in range(pixels.frames):
            digest.add(decode_frame(pixels, index)[0])
        return digest.hexdigest()


def render(stored: NDArray[Any], photometric: str, header: Dataset) -> NDArray[Any]:
    """From stored values to grey where dark is low, or RGB.

    Args:
        stored: (rows, columns) or (rows, columns, samples).
        photometric: Photometric Interpretation after decoding.
        header: group 0028.
    """
    from pydicom.pixels.processing import apply_color_lut

    if photometric == "PALETTE COLOR":
        coloured: NDArray[Any] = apply_color_lut(stored, header)[..., :3]
        return coloured
    if stored.ndim == 3:
        if stored.shape[2] != 3:
            raise Rejected("pixels-undecodable", "tag 00280002", "one or three samples a pixel")
        return stored
    grey = _to_grey(stored, header)
    return grey.max() - grey if photometric == "MONOCHROME1" else grey


def _to_grey(stored: NDArray[Any], header: Dataset) -> NDArray[Any]:
    """Modality transformation, then the window, unless the header's is unusable or would leave nothing to see."""
    from pydicom.pixels.processing import apply_modality_lut, apply_voi_lut

    if (
        stored.dtype.kind == "f"
    ):  # real world values already (PS3.3 C.7.6.24): such images have no such modules
        return stored
    try:
        values: NDArray[Any] = apply_modality_lut(stored, header)
    except CONVERSION_ERRORS:
        values = stored
    try:
        shown: NDArray[Any] = apply_voi_lut(values, header)
    except CONVERSION_ERRORS:
        return values
    return shown if shown.min() < shown.max() else values
