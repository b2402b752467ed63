"""Decode single frames of a DICOM file, whatever their transfer syntax, holding no more than one.

pydicom finds the decoders that are installed (pylibjpeg, gdcm, pyjpegls) and tries them one after the other. Beyond it
go two encodings of bits and frames: Deflated Image Frame (PS3.5 A.4.13) and RLE of single bits.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from connectors.dicom.cursor import open_cursor
from connectors.dicom.dataset import judging_errors, load_elements, survey_elements
from connectors.dicom.recognise import EXPLICIT_BIG, EXPLICIT_LITTLE, IMPLICIT_LITTLE, Opening, recognise
from contracts.errors import Rejected

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydicom.dataset import Dataset

    from connectors.dicom.walk import Element
    from contracts.protocols import Place

DEFLATED_FRAME = "1.2.840.10008.1.2.8.1"
RLE = "1.2.840.10008.1.2.5"
SAMPLES_LIMIT = 1 << 27
"""Samples of one frame; what declares more is not decoded."""
_OF_PIXELS = ("no-pixels", "pixels-undecodable", "pixels-lost", "pixels-not-writable")
_KEYWORDS = {0x7FE00008: "FloatPixelData", 0x7FE00009: "DoubleFloatPixelData", 0x7FE00010: "PixelData"}
_OFFSET_TABLES = (0x7FE00001, 0x7FE00002)
_EXTRA = (0x00080005, 0x00080016, *_OFFSET_TABLES)


@dataclass(frozen=True)
class Pixels:
    """Where a file's pixels are and how they are described.

    Attributes:
        place: the file.
        opening: how it begins.
        element: the element that holds the pixels.
        header: group 0028 of the header.
        options: pydicom's decoding options.
    """

    place: Place = field(repr=False)
    opening: Opening
    element: Element
    header: Dataset = field(repr=False)
    options: dict[str, Any] = field(repr=False)

    @property
    def frames(self) -> int:
        """Number of frames, 1 where the header states none."""
        return int(self.options["number_of_frames"])

    @property
    def samples(self) -> int:
        """Samples (pixels times channels) of a frame."""
        shape = (self.options["rows"], self.options["columns"], self.options["samples_per_pixel"])
        return int(np.prod([int(n) for n in shape], dtype=np.int64))


@contextmanager
def undecodable() -> Iterator[None]:
    """Turn whatever decoding raises into `Rejected("pixels-undecodable")`, with the error's type alone."""
    try:
        with judging_errors():
            yield
    except Rejected as rejected:
        if rejected.reason in _OF_PIXELS:
            raise
        where = rejected.place if rejected.reason == "unreadable" else rejected.reason
        raise Rejected("pixels-undecodable", where, "a whole image in a known transfer syntax") from None


def find_pixels(place: Place) -> Pixels:
    """Find the pixels of a file and what describes them.

    Raises:
        Rejected: `no-pixels`; or `pixels-undecodable` where the file is cut, no DICOM, or declares no sensible frame.
    """
    opening = recognise(place)
    if opening is None:
        raise Rejected("pixels-undecodable", "not-dicom")
    survey = survey_elements(place, opening)
    if survey.pixels is None:
        raise Rejected("no-pixels", "tag 7FE00010")
    header = load_elements(
        place, opening, survey.elements, lambda e: e.tag >> 16 == 0x0028 or e.tag in _EXTRA
    )
    found = Pixels(place, opening, survey.pixels, header, _options(header, opening, survey.pixels))
    if not 0 < found.samples <= SAMPLES_LIMIT:
        raise Rejected("pixels-undecodable", "tag 00280010", f"1 to {SAMPLES_LIMIT} samples a frame")
    return found


def _options(header: Dataset, opening: Opening, element: Element) -> dict[str, Any]:
    from pydicom.pixels.utils import as_pixel_options
    from pydicom.uid import UID

    options = dict(as_pixel_options(header))
    options["transfer_syntax_uid"] = UID(_syntax(opening))
    options["pixel_keyword"] = _KEYWORDS[element.tag]
    options["pixel_vr"] = element.vr or "OW"
    return options


def _syntax(opening: Opening) -> str:
    """The transfer syntax that the pixels are decoded by: a deflated data set is inflated on reading."""
    if opening.deflated:
        return EXPLICIT_LITTLE
    if opening.transfer_syntax:
        return opening.transfer_syntax
    if not opening.encoding.little:
        return EXPLICIT_BIG
    return IMPLICIT_LITTLE if opening.encoding.implicit else EXPLICIT_LITTLE


def decode_frame(pixels: Pixels, index: int) -> tuple[NDArray[Any], str]:
    """One frame, and its photometric interpretation after decoding.

    Args:
        pixels: from `find_pixels`.
        index: of the frame, from 0.

    Returns:
        (rows, columns) or (rows, columns, samples) of the stored values; YBR_FULL and YBR_FULL_422 as RGB.

    Raises:
        Rejected: `pixels-undecodable`. Any error of a decoder, which the caller judges by `undecodable`.
    """
    if pixels.opening.deflated:
        return _decode(pixels, _inflate_native(pixels, index), number_of_frames=1)
    with _open(pixels.place) as file:
        file.seek(pixels.opening.offset + pixels.element.value)
        if pixels.opening.transfer_syntax == DEFLATED_FRAME:
            data = _inflate(_fragments(file, pixels, index), pixels)
            return _decode(pixels, data, number_of_frames=1, transfer_syntax_uid=EXPLICIT_LITTLE)
        if pixels.opening.transfer_syntax == RLE and pixels.options["bits_allocated"] == 1:
            return _decode_bits(pixels, _fragments(file, pixels, index))
        return _decode(pixels, file, index)


def holds_unused_bits(pixels: Pixels) -> bool:
    """Whether bits of native pixels beyond those stored differ from the sign's: old overlays lie there (PS3.5 8.1.2).

    Raises:
        Rejected: as `decode_frame`.
    """
    if pixels.element.length == -1 or int(pixels.options["bits_stored"]) >= int(
        pixels.options["bits_allocated"]
    ):
        return False
    plain = replace(pixels, options={**pixels.options, "correct_unused_bits": False})
    return any(
        not np.array_equal(decode_frame(pixels, index)[0], decode_frame(plain, index)[0])
        for index in range(pixels.frames)
    )


@contextmanager
def _open(place: Place) -> Iterator[BinaryIO]:
    """The file, seekable: a copy of it where its protocol only streams."""
    with place.open() as file:
        if file.seekable():
            yield file
            return
    with place.local() as path, path.open("rb") as copy:
        yield copy


def _decode(pixels: Pixels, source: Any, index: int = 0, **changes: Any) -> tuple[NDArray[Any], str]:
    from pydicom.pixels.decoders.base import get_decoder
    from pydicom.uid import UID

    options = {**pixels.options, **changes}
    decoder = get_decoder(UID(options["transfer_syntax_uid"]))
    options["transfer_syntax_uid"] = decoder.UID
    array, properties = decoder.as_array(source, index=index, **options)
    return array, str(properties["photometric_interpretation"])


def _fragments(file: BinaryIO, pixels: Pixels, index: int) -> bytes:
    from pydicom.encaps import get_frame

    return bytes(get_frame(file, index, number_of_frames=pixels.frames))


def _inflate(data: bytes, pixels: Pixels) -> bytes:
    """A deflated frame; never more of it than the header declares."""
    wanted = -(-pixels.samples * int(pixels.options["bits_allocated"]) // 8)
    inflated = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, wanted)
    if len(inflated) < wanted:
        raise Rejected("pixels-undecodable", "deflated frame", "as many pixels as the header declares")
    return inflated


def _decode_bits(pixels: Pixels, data: bytes) -> tuple[NDArray[Any], str]:
    """RLE of single bits: its one segment holds the bytes of a native frame, eight pixels each."""
    count = -(-pixels.samples // 8)
    packed, photometric = _decode_encapsulated_bytes(pixels, data, count)
    shape = int(pixels.options["rows"]), int(pixels.options["columns"])
    return np.unpackbits(packed, bitorder="little")[: pixels.samples].reshape(shape), photometric


def _decode_encapsulated_bytes(pixels: Pixels, data: bytes, count: int) -> tuple[NDArray[np.uint8], str]:
    """Decode a frame as a row of `count` bytes."""
    from pydicom.encaps import encapsulate

    changes = {"rows": 1, "columns": count, "samples_per_pixel": 1, "bits_allocated": 8, "bits_stored": 8}
    array, photometric = _decode(pixels, encapsulate([data]), 0, **changes, number_of_frames=1)
    return array.reshape(-1).astype(np.uint8, copy=False), photometric


def _inflate_native(pixels: Pixels, index: int) -> bytes:
    """The bytes of one native frame inside a deflated data set; frames of single bits may begin within a byte."""
    bits = pixels.samples * int(pixels.options["bits_allocated"])
    start, stop = index * bits, (index + 1) * bits
    with open_cursor(pixels.place, pixels.opening.offset, deflated=True) as cursor:
        cursor.skip(pixels.element.value + start // 8)
        data = cursor.read(-(-stop // 8) - start // 8)
    if start % 8 == 0:
        return data
    single = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")[start % 8 :][:bits]
    return np.packbits(single, bitorder="little").tobytes()
