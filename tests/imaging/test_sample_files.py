"""Every sample image, file by file: indexed or why not, decoded or why not, written with the pixels it had."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from itertools import combinations
from pathlib import Path

import pytest
from pydicom.uid import ImplicitVRLittleEndian

from contracts.errors import Rejected
from contracts.units import Source
from stores.places import LocalPlace
from tasks.dicom.pixels import pixel_digest
from tests.flows.house import House
from tests.imaging.nights import image_house, image_night, store
from tests.imaging.outcomes import Outcome, outcomes_of

OFF = {"NIGHTROUNDS_IMAGING__BURNED_IN": "off"}
HELD_BACK = {
    "emri_small_jpeg_2k_lossless_too_short": "truncated-file",
    **dict.fromkeys(("JLSL_RGB_ILV0", "JLSL_RGB_ILV1", "JLSL_RGB_ILV2", "JLSN_RGB_ILV0"), "no-uids"),
}
"""What is not indexed, and why. All others are."""
_ENHANCED_MR = ("", "_RLE", "_big_endian", "_jpeg_2k_lossless", "_jpeg_ls_lossless")
FACES = {f"emri_small{kind}" for kind in _ENHANCED_MR}
"""Heads of ten slices each: decoded, and held by default."""
SAME_PIXELS = [
    {"693_J2KR", "693_UNCR"},
    {"OBXXXX1A", "OBXXXX1A_expb", "OBXXXX1A_rle"},
    {"SC_rgb", "SC_rgb_expb", "SC_rgb_gdcm2k_uncompressed"},
    {"SC_rgb_2frame", "SC_rgb_expb_2frame"},
    {"color-pl", "color-px"},
    {"emri_small", "emri_small_RLE", "emri_small_jpeg_2k_lossless", "emri_small_jpeg_ls_lossless"},
    {"liver", "liver_expb", "liver_j2k"},
    {"liver_nonbyte_aligned", "liver_nonbyte_aligned_j2k"},
]
"""Files that the samples' description says to hold the same pixels, however they are encoded."""

UNDECODED = [f"liver{shape}_{kind}" for shape in ("", "_nonbyte_aligned") for kind in ("deflate", "rle")]
"""What pydicom can't decode; the program can, and each is a twin of the file without the last word."""


@dataclass(frozen=True)
class Samples:
    house: House
    outcomes: dict[str, Outcome]
    paths: dict[str, Path]


@pytest.fixture(scope="module")
def samples(
    shared: Path, tmp_path_factory: pytest.TempPathFactory, own_environment: pytest.MonkeyPatch
) -> Samples:
    """A night over all sample images, pixels written as they came."""
    house = image_house(tmp_path_factory.mktemp("samples"))
    folder = shared / "data" / "dicom"
    house.sources["pacs"] = Source("pacs", "dicom", str(folder), authority="pacs")
    night = image_night(house, **OFF)
    assert night.state == "quarantine" and night.objects["left"] == 0 and "problem" not in night.objects
    paths = {path.stem: path for path in sorted(folder.rglob("*")) if path.is_file()}
    return Samples(house, outcomes_of(house), paths)


def test_every_file_is_indexed_or_held_back_with_its_reason(samples: Samples) -> None:
    assert set(samples.outcomes) == set(samples.paths) and len(samples.paths) == 69
    assert {n: o.index for n, o in samples.outcomes.items() if o.index != "indexed"} == HELD_BACK


def test_every_indexed_file_is_decoded_and_written_with_its_pixels_or_held(samples: Samples) -> None:
    indexed = {name: o for name, o in samples.outcomes.items() if o.index == "indexed"}
    assert len(indexed) == 64
    assert all(o.decoded for o in indexed.values()), "the program decodes each of them"
    assert {n: o.object for n, o in indexed.items() if o.object != "written"} == dict.fromkeys(FACES, "face")
    for name, outcome in indexed.items():
        assert outcome.decoded == outcome.shown, name
        if outcome.object == "written":
            made = LocalPlace(store(samples.house).path(outcome.key))
            assert pixel_digest(made) == pixel_digest(LocalPlace(samples.paths[name])), name


def test_files_that_are_held_back_are_decoded_or_it_is_told_why_not(samples: Samples) -> None:
    """Without UIDs a file can't be a row, but its pixels are whole; the one cut short says so."""
    for name, reason in HELD_BACK.items():
        if reason == "no-uids":
            assert pixel_digest(LocalPlace(samples.paths[name]))
            continue
        with pytest.raises(Rejected) as refused:
            pixel_digest(LocalPlace(samples.paths[name]))
        assert refused.value.reason == "pixels-undecodable"


@pytest.mark.parametrize("names", SAME_PIXELS, ids=min)
def test_same_pixels_have_one_digest_in_the_lake(names: set[str], samples: Samples) -> None:
    digests = {samples.outcomes[name].decoded for name in names}
    assert len(digests) == 1 and "" not in digests


@pytest.mark.filterwarnings("ignore")
def test_digests_are_equal_where_pydicom_decodes_the_same_and_nowhere_else(samples: Samples) -> None:
    truth: dict[str, str] = {}
    for name, outcome in samples.outcomes.items():
        if outcome.decoded and name not in UNDECODED:
            truth[name] = _by_pydicom(samples.paths[name])
    assert len(truth) == 64 - len(UNDECODED)
    of_program = [(a, b) for a, b in combinations(truth, 2) if _decoded(samples, a) == _decoded(samples, b)]
    assert of_program == [(a, b) for a, b in combinations(truth, 2) if truth[a] == truth[b]]
    for name in UNDECODED:
        assert samples.outcomes[name].decoded == samples.outcomes[name.rpartition("_")[0]].decoded, name


def _decoded(samples: Samples, name: str) -> str:
    return samples.outcomes[name].decoded


def _by_pydicom(path: Path) -> str:
    """Digest of what pydicom decodes; brightness and colour differences become RGB, palettes are not looked up."""
    from pydicom import dcmread
    from pydicom.pixels.utils import pixel_array

    dataset = dcmread(path, force=True)
    if "TransferSyntaxUID" not in dataset.file_meta:
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    pixels = pixel_array(dataset)
    plain = pixels.astype(pixels.dtype.newbyteorder("<"))
    return f"{plain.dtype} {plain.shape} {sha256(plain.tobytes()).hexdigest()}"
