"""Write a de-identified file anew with other pixels: lossless, frame by frame, so that no file is too large.

Native pixels stay native (explicit VR little endian); compressed ones become JPEG-LS lossless, or RLE where JPEG-LS
can't hold them (PS3.5 A.4.2, A.4.3). What the pixels are described by follows them; that an image was once compressed
with loss stays stated (0028,2110).
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from connectors.dicom.recognise import EXPLICIT_LITTLE
from contracts.errors import Rejected
from tasks.dicom.deidentify.meta import file_meta
from tasks.dicom.frames import Pixels

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydicom.dataset import Dataset

    from tasks.dicom.deidentify.file import Cleaned

JPEG_LS = "1.2.840.10008.1.2.4.80"
RLE = "1.2.840.10008.1.2.5"
_TAG = b"\xe0\x7f\x10\x00"
_NATIVE_LIMIT = 0xFFFFFFFE
_ITEM, _DELIMITER = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0\x00\x00\x00\x00"
_COMPRESSIBLE_BITS = (8, 16)
_WORDS = {"OW": 2, "OF": 4, "OL": 4, "OD": 8, "OV": 8}

Frame = Callable[[int], "tuple[NDArray[Any], str]"]
"""A frame's stored values and their photometric interpretation, by its index."""


@dataclass(frozen=True)
class _Layout:
    """How frames are written."""

    syntax: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    photometric: str
    bits: int
    stored: int


def redraw(cleaned: Cleaned, pixels: Pixels, frame: Frame, file: BinaryIO) -> str:
    """Write the file with the frames that `frame` returns; returns its transfer syntax.

    Args:
        cleaned: the de-identified file.
        pixels: of the source.
        frame: called once for each frame, in order, and once more for the first.
        file: to write into.

    Raises:
        Rejected: `pixels-not-writable`: float pixels, or frames that differ in their layout.
    """
    first, photometric = frame(0)
    layout = _layout(pixels, first, photometric)
    header = _header(cleaned, pixels)
    _describe(header, layout, pixels)
    file.write(
        file_meta(str(header.get("SOPClassUID", "")), cleaned.sop_instance_uid.encode(), layout.syntax)
    )
    file.write(_encoded(header))
    if layout.syntax == EXPLICIT_LITTLE:
        _write_native(layout, pixels, frame, file)
    else:
        _write_encapsulated(layout, pixels, frame, file)
    return layout.syntax


def _layout(pixels: Pixels, first: NDArray[Any], photometric: str) -> _Layout:
    if first.dtype.kind not in "iu":
        raise Rejected("pixels-not-writable", "tag 7FE00008", "integer pixels")
    if int(pixels.options["bits_allocated"]) == 1:
        raise Rejected("pixels-not-writable", "tag 00280100", "pixels of a byte or more")
    bits = 8 * first.dtype.itemsize
    stored = min(int(pixels.options["bits_stored"]), bits)
    native = pixels.element.length != -1
    if native and first.nbytes * pixels.frames <= _NATIVE_LIMIT:
        syntax = EXPLICIT_LITTLE
    elif bits in _COMPRESSIBLE_BITS and first.dtype.kind == "u" and stored >= 2:
        syntax = JPEG_LS
    else:
        syntax = RLE
    return _Layout(syntax, first.shape, first.dtype, photometric, bits, stored)


def _header(cleaned: Cleaned, pixels: Pixels) -> Dataset:
    from pydicom.filereader import read_dataset

    encoding = pixels.opening.encoding
    data = io.BytesIO(cleaned.before_pixels(pixels.element.value))
    header = read_dataset(data, encoding.implicit, encoding.little)
    for element in header.iterall():  # which parses each: what is left as it was read is written as it was
        if not encoding.little and element.VR in _WORDS and element.value:
            words = np.frombuffer(element.value, f"u{_WORDS[element.VR]}")
            element.value = words.byteswap().tobytes()
    return header


def _describe(header: Dataset, layout: _Layout, pixels: Pixels) -> None:
    """Let the Image Pixel module (PS3.3 C.7.6.3) say what is written."""
    header.PhotometricInterpretation = layout.photometric
    header.BitsAllocated = layout.bits
    if len(layout.shape) == 3:
        header.PlanarConfiguration = 1 if layout.syntax == RLE else 0
    for keyword in ("ExtendedOffsetTable", "ExtendedOffsetTableLengths", "PixelDataProviderURL"):
        if keyword in header:
            del header[keyword]


def _encoded(header: Dataset) -> bytes:
    from pydicom.filebase import DicomBytesIO
    from pydicom.filewriter import write_dataset

    data = DicomBytesIO()
    data.is_little_endian, data.is_implicit_VR = True, False
    write_dataset(data, header)
    return data.getvalue()


def _frame(layout: _Layout, frame: Frame, index: int) -> NDArray[Any]:
    stored, photometric = frame(index)
    if stored.shape != layout.shape or stored.dtype != layout.dtype or photometric != layout.photometric:
        raise Rejected("pixels-not-writable", f"frame {index + 1}", "frames of one layout")
    return np.ascontiguousarray(stored, stored.dtype.newbyteorder("<"))


def _write_native(layout: _Layout, pixels: Pixels, frame: Frame, file: BinaryIO) -> None:
    size = int(np.prod(layout.shape)) * layout.dtype.itemsize * pixels.frames
    vr = b"OW" if layout.bits > 8 else b"OB"
    file.write(_TAG + vr + b"\x00\x00" + struct.pack("<L", size + size % 2))
    file.writelines(_frame(layout, frame, index).data for index in range(pixels.frames))
    file.write(b"\x00" * (size % 2))


def _write_encapsulated(layout: _Layout, pixels: Pixels, frame: Frame, file: BinaryIO) -> None:
    """Frames as one fragment each, behind an empty offset table (PS3.5 A.4)."""
    file.write(_TAG + b"OB\x00\x00\xff\xff\xff\xff" + _ITEM + b"\x00\x00\x00\x00")
    for index in range(pixels.frames):
        data = _compress(layout, pixels, _frame(layout, frame, index))
        data += b"\x00" * (len(data) % 2)
        file.write(_ITEM + struct.pack("<L", len(data)) + data)
    file.write(_DELIMITER)


def _compress(layout: _Layout, pixels: Pixels, stored: NDArray[Any]) -> bytes:
    from pydicom.pixels.encoders.base import get_encoder
    from pydicom.uid import UID

    options: dict[str, Any] = {
        "rows": layout.shape[0],
        "columns": layout.shape[1],
        "samples_per_pixel": layout.shape[2] if len(layout.shape) == 3 else 1,
        "number_of_frames": 1,
        "bits_allocated": layout.bits,
        "bits_stored": layout.stored,
        "pixel_representation": int(layout.dtype.kind == "i"),
        "photometric_interpretation": layout.photometric,
        "planar_configuration": 0,
    }
    return bytes(get_encoder(UID(layout.syntax)).encode(stored.tobytes(), index=0, **options))
