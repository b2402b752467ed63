"""Pixels: every sample decodes, equal pixels are equal whatever their encoding, and errors are reason codes."""

from __future__ import annotations

import struct
import tracemalloc
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    JPEG2000Lossless,
    RLELossless,
)

from contracts.errors import Rejected
from stores.places import LocalPlace
from tasks.dicom.frames import DEFLATED_FRAME, decode_frame, find_pixels
from tasks.dicom.pixels import pixel_digest, representative_frame
from tests.dicom_files import image, write

TOO_SHORT = "emri_small_jpeg_2k_lossless_too_short"
EQUAL = [
    ["693_J2KR", "693_UNCR"],
    ["OBXXXX1A", "OBXXXX1A_expb", "OBXXXX1A_rle"],
    ["SC_rgb", "SC_rgb_expb", "SC_rgb_gdcm2k_uncompressed"],
    ["SC_rgb_2frame", "SC_rgb_expb_2frame"],
    ["SC_rgb_32bit_2frame", "SC_rgb_expb_32bit_2frame"],
    ["color-pl", "color-px"],
    ["emri_small", "emri_small_RLE", "emri_small_jpeg_2k_lossless", "emri_small_jpeg_ls_lossless"],
    ["emri_small", "emri_small_big_endian"],
    ["liver", "liver_expb", "liver_j2k", "liver_deflate", "liver_rle"],
    [f"liver_nonbyte_aligned{suffix}" for suffix in ("", "_j2k", "_deflate", "_rle")],
]


@pytest.fixture(scope="module")
def samples(shared: Path) -> dict[str, LocalPlace]:
    folder = shared / "data/dicom/pydicom-data"
    return {path.stem: LocalPlace(path) for path in sorted(folder.glob("*.dcm"))}


def place(tmp_path: Path, dataset: Dataset) -> LocalPlace:
    return LocalPlace(write(tmp_path / "image", dataset))


def reason(found: LocalPlace) -> str:
    with pytest.raises(Rejected) as caught:
        representative_frame(found)
    return caught.value.reason


def test_every_whole_sample_decodes(samples: dict[str, LocalPlace]) -> None:
    assert len(samples) == 69
    for name, sample in samples.items():
        if name == TOO_SHORT:
            assert reason(sample) == "pixels-undecodable"
            continue
        frame = representative_frame(sample)
        assert frame.ndim == 2 or (frame.ndim == 3 and frame.shape[2] == 3), name
        assert frame.dtype.kind in "uif", name
        assert frame.dtype.isnative, name
        assert frame.min() < frame.max(), name


@pytest.mark.parametrize("names", EQUAL, ids=lambda names: names[0])
def test_equal_pixels_are_equal_in_every_encoding(names: list[str], samples: dict[str, LocalPlace]) -> None:
    digests = {pixel_digest(samples[name]) for name in names}
    assert len(digests) == 1
    assert digests != {pixel_digest(samples["vlut_04"])}


def test_frames_are_those_that_pydicom_decodes(samples: dict[str, LocalPlace]) -> None:
    from pydicom import dcmread

    for name in ("MR2_J2KR", "JPEG-LL", "emri_small_RLE", "liver_nonbyte_aligned", "SC_rgb_16bit_2frame"):
        truth = dcmread(samples[name].path).pixel_array
        pixels = find_pixels(samples[name])
        if pixels.frames == 1:
            truth = truth[np.newaxis]
        for index in range(pixels.frames):
            np.testing.assert_array_equal(decode_frame(pixels, index)[0], truth[index], err_msg=name)


def test_the_middle_frame_stands_for_all(tmp_path: Path) -> None:
    frames = np.arange(5, dtype=np.uint8)[:, None, None] * 10 + np.eye(4, dtype=np.uint8)
    found = place(tmp_path, image(NumberOfFrames=5, PixelData=frames.tobytes()))
    np.testing.assert_array_equal(representative_frame(found), frames[2])


def test_monochrome1_is_inverted(tmp_path: Path) -> None:
    plain = representative_frame(place(tmp_path, image()))
    inverted = representative_frame(place(tmp_path, image(PhotometricInterpretation="MONOCHROME1")))
    np.testing.assert_array_equal(inverted, 15 - plain.astype(int))


def test_rescale_and_window_are_applied(tmp_path: Path) -> None:
    rescaled = representative_frame(place(tmp_path, image(RescaleSlope="2", RescaleIntercept="-10")))
    np.testing.assert_array_equal(rescaled.ravel(), np.arange(16) * 2.0 - 10)
    windowed = representative_frame(place(tmp_path, image(WindowCenter="8", WindowWidth="4")))
    assert (windowed.ravel()[:6] == 0).all()
    assert (windowed.ravel()[10:] == 255).all()


@pytest.mark.parametrize("window", [("8", "-1"), ("5000", "2")])
def test_a_window_that_shows_nothing_is_left_out(window: tuple[str, str], tmp_path: Path) -> None:
    found = place(tmp_path, image(WindowCenter=window[0], WindowWidth=window[1]))
    np.testing.assert_array_equal(representative_frame(found).ravel(), np.arange(16))


def test_palettes_become_rgb(tmp_path: Path) -> None:
    table = (np.arange(16, dtype="<u2") * 4096).tobytes()
    made: dict[str, Any] = {}
    for colour in ("Red", "Green", "Blue"):
        made[f"{colour}PaletteColorLookupTableDescriptor"] = [16, 0, 16]
        made[f"{colour}PaletteColorLookupTableData"] = table
    frame = representative_frame(place(tmp_path, image(PhotometricInterpretation="PALETTE COLOR", **made)))
    np.testing.assert_array_equal(frame.reshape(16, 3), np.arange(16)[:, None].repeat(3, 1) * 4096)


def test_ybr_becomes_rgb(samples: dict[str, LocalPlace]) -> None:
    frame = representative_frame(samples["SC_ybr_full_uncompressed"])
    assert frame[5, 50].tolist() == [254, 0, 0]  # the image begins with a red bar


def test_a_deflated_data_set_gives_single_frames(tmp_path: Path) -> None:
    frames = np.random.default_rng(3).integers(0, 255, (3, 4, 4), np.uint8)
    deflated = image(NumberOfFrames=3, PixelData=frames.tobytes())
    deflated.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    np.testing.assert_array_equal(representative_frame(place(tmp_path, deflated)), frames[1])


@pytest.mark.parametrize("syntax", [DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, DEFLATED_FRAME])
def test_single_bits_whose_frames_begin_within_a_byte(syntax: str, tmp_path: Path) -> None:
    bits = np.random.default_rng(4).integers(0, 2, (3, 5, 5), np.uint8)
    packed = np.packbits(bits.ravel(), bitorder="little").tobytes()
    made = image(
        Rows=5, Columns=5, BitsAllocated=1, BitsStored=1, HighBit=0, NumberOfFrames=3, PixelData=packed
    )
    if syntax == DEFLATED_FRAME:  # which pydicom does not write
        frames = [_deflate(np.packbits(frame.ravel(), bitorder="little").tobytes()) for frame in bits]
        made.PixelData = encapsulate(frames)
        made["PixelData"].is_undefined_length = True
        made.file_meta.TransferSyntaxUID = JPEG2000Lossless
        path = write(tmp_path / "image", made)
        renamed = f"{DEFLATED_FRAME}\0".encode()
        path.write_bytes(path.read_bytes().replace(JPEG2000Lossless.encode(), renamed))
        found = LocalPlace(path)
    else:
        made.file_meta.TransferSyntaxUID = UID(syntax)
        found = place(tmp_path, made)
    np.testing.assert_array_equal(representative_frame(found), bits[1])


def _deflate(data: bytes) -> bytes:
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return deflater.compress(data) + deflater.flush()


def test_without_pixels_there_is_a_reason(tmp_path: Path) -> None:
    assert reason(place(tmp_path, image(PixelData=None))) == "no-pixels"


def test_what_cannot_be_decoded_has_a_reason(tmp_path: Path) -> None:
    foreign = tmp_path / "text"
    foreign.write_text("no image")
    assert reason(LocalPlace(foreign)) == "pixels-undecodable"
    for syntax in (JPEG2000Lossless, RLELossless, UID("1.2.3.4")):
        broken = image(PixelData=encapsulate([b"no such stream"]))
        broken["PixelData"].is_undefined_length = True
        broken.file_meta.TransferSyntaxUID = syntax
        broken.save_as(tmp_path / "broken", implicit_vr=False, little_endian=True)
        assert reason(LocalPlace(tmp_path / "broken")) == "pixels-undecodable"
    assert reason(place(tmp_path, image(Rows=None))) == "pixels-undecodable"


def test_a_frame_larger_than_any_is_not_allocated(tmp_path: Path) -> None:
    huge = image(Rows=65535, Columns=65535, PixelData=encapsulate([bytes(100)]))
    huge["PixelData"].is_undefined_length = True
    huge.file_meta.TransferSyntaxUID = JPEG2000Lossless
    tracemalloc.start()
    try:
        assert reason(place(tmp_path, huge)) == "pixels-undecodable"
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_one_frame_of_a_large_image_is_all_that_is_held(tmp_path: Path) -> None:
    path = tmp_path / "large"
    frames, size = 200, 1 << 20
    head = write(path, image(Rows=1024, Columns=1024, NumberOfFrames=frames, PixelData=None)).read_bytes()
    with path.open("wb") as file:  # sparse but for one pixel of the middle frame
        file.write(head + struct.pack("<HH2sHL", 0x7FE0, 0x0010, b"OB", 0, frames * size))
        begin = file.tell()
        file.truncate(begin + frames * size)
        file.seek(begin + frames // 2 * size)
        file.write(b"\x01")
    representative_frame(LocalPlace(path))
    tracemalloc.start()
    try:
        frame = representative_frame(LocalPlace(path))
        assert (frame.sum(), frame[0, 0]) == (1, 1)
        assert tracemalloc.get_traced_memory()[1] < 8 * size
    finally:
        tracemalloc.stop()
