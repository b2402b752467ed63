"""The fast reader gives what the plain path gives, or declines: on samples, in all character sets, on mutations."""

from __future__ import annotations

import json
import random
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import UID, JPEGLSLossless

from connectors.dicom.dataset import judging_errors
from connectors.dicom.identities import _PLAIN, find_identity
from connectors.dicom.instance import read_instance, read_instance_plainly
from connectors.dicom.recognise import recognise
from contracts.errors import Rejected
from tests.dicom_files import image, reading, write

Row = dict[str, Any] | None


def both(path: Path) -> tuple[Row, Row]:
    """The row of either reader; None where the fast one declines, or the other finds no instance."""
    one = reading(path)
    plain = read_instance_plainly(one)
    try:
        with judging_errors(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            opening = recognise(one.place)
            row = read_instance(one, opening) if opening else None
    except Rejected:
        row = None
    return plain, row


def agree(path: Path) -> bool:
    """Whether the fast reader read the file; then its row is the other's, column by column and in the header's text."""
    plain, row = both(path)
    if plain is None:
        return False
    assert row is not None, "the fast reader took what the other one rejects"
    assert plain.keys() == row.keys()
    different = {name for name in row if plain[name] != row[name]}
    tags = [
        tag for tag, one in json.loads(row["header"]).items() if json.loads(plain["header"]).get(tag) != one
    ]
    assert not different, (path.name, tags)
    return True


def samples() -> list[Path]:
    """Files that pydicom brings along."""
    import pydicom.data

    root = Path(pydicom.data.__file__).parent / "test_files"
    return sorted(path for path in root.rglob("*") if path.is_file() and path.stat().st_size < 1 << 20)


def test_every_sample_agrees(shared: Path) -> None:
    files = sorted((shared / "data/dicom/pydicom-data").glob("*.dcm"))
    assert len(files) == 69
    assert sum(map(agree, files)) >= 40, "the plain majority"


def test_what_one_reader_remembers_is_no_other_readers(tmp_path: Path) -> None:
    others = Dataset()
    others.PatientID, others.TypeOfPatientID = "X-1", "TEXT"
    path = write(tmp_path / "one", image(OtherPatientIDsSequence=[others], PatientName="Memory^Test"))
    assert find_identity(reading(path)) is not None  # reads the sequence, and no header
    assert agree(path)


def test_pydicoms_own_files_agree() -> None:
    files = samples()
    assert sum(map(agree, files)) >= len(files) // 3


@pytest.mark.parametrize("charset", ["", "ISO_IR 100", "ISO_IR 101", "ISO_IR 144", "ISO_IR 192", "GB18030"])
def test_texts_in_character_sets_agree(charset: str, tmp_path: Path) -> None:
    word = {"": "Mueller", "ISO_IR 100": "Müller", "ISO_IR 101": "Dvořák", "ISO_IR 144": "Люксембург"}.get(
        charset, "王小东"
    )
    what = image(
        SpecificCharacterSet=charset, PatientName=f"{word}^A", SeriesDescription=f' {word} "quoted" \t ',
        StudyDescription="", ProtocolName="two\\values", ImageComments=f"a long text\\of one value {word}\r\n",
    )  # fmt: skip
    assert agree(write(tmp_path / "one", what))


def test_escape_sequences_and_odd_sets_are_declined(tmp_path: Path) -> None:
    japanese = image(SpecificCharacterSet=["", "ISO 2022 IR 87"], PatientName="Yamada^Tarou=山田^太郎")
    assert not agree(write(tmp_path / "ja", japanese))
    several = image(SpecificCharacterSet=["ISO 2022 IR 6", "ISO 2022 IR 100"], PatientName="Doe^Jane")
    assert agree(write(tmp_path / "several", several))
    assert not agree(write(tmp_path / "unknown", image(SpecificCharacterSet="NO_SUCH")))


def everything() -> Dataset:
    """An image with elements of every VR, nested, private, empty, of several values."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = "51185008", "SCT", "Chest"
    inner = Dataset()
    inner.ReferencedSOPInstanceUID = "1.2.3.99"
    item.add_new(0x00081140, "SQ", Sequence([inner, Dataset()]))
    what = image(
        SpecificCharacterSet="ISO_IR 100", ImageType=["ORIGINAL", "PRIMARY"], StudyDate="20240229",
        StudyTime="101530.25", AcquisitionDateTime="20240229101530.5+0100", AnatomicRegionSequence=[item],
        RequestAttributesSequence=[], PixelSpacing=["0.5", "2.5e-1"], SliceThickness="", KVP="120", CTDIvol=7.25,
        WindowCenter=["40", "-600"], SoftwareVersions=["VA44A", "", "x"], PatientComments="Ünïcode\\text",
        RescaleSlope=" 1 ", BurnedInAnnotation="NO", FrameIncrementPointer=0x00181063, RetrieveURL="http://x/y ",
        StationAETitle=" AE ", PatientAge="060Y",
    )  # fmt: skip
    block = what.private_block(0x0019, "ACME", create=True)
    for number, (vr, value) in enumerate(
        [("FL", 1.5), ("SS", [-1, 2]), ("UL", 7), ("SL", -9), ("SV", 1 << 40), ("UV", 1 << 50), ("UC", "uc"),
         ("OB", b"ab"), ("UN", b"unknown!"), ("OW", b"abcd"), ("LT", "long"), ("DT", "2024"),
         ("AT", [0x00100010, 0x7FE00010])]
    ):  # fmt: skip
        block.add_new(number, vr, value)
    return what


@pytest.mark.parametrize("undefined", [False, True])
def test_every_vr_agrees(undefined: bool, tmp_path: Path) -> None:
    what = everything()
    for element in what:
        if element.VR == "SQ":
            element.is_undefined_length = undefined
            for item in element.value:
                item.is_undefined_length_sequence_item = undefined
    path = write(tmp_path / "one", what)
    assert agree(path)
    plain, _ = both(path)
    assert plain is not None
    assert (plain["body_part_code"], plain["body_part_code_meaning"]) == ("51185008", "Chest")
    assert plain["acquisition_datetime"] == "2024-02-29T10:15:30.5"
    assert (plain["slice_thickness_mm"], plain["ctdi_vol_mgy"]) == (None, 7.25)
    assert plain["window_center"] == [40.0, -600.0]


def test_encapsulated_pixels_and_what_lies_behind_them_agree(tmp_path: Path) -> None:
    from pydicom.encaps import encapsulate

    what = image(PixelData=encapsulate([bytes(range(250))] * 3))
    what.file_meta.TransferSyntaxUID = UID(JPEGLSLossless)
    what["PixelData"].is_undefined_length = True
    path = write(tmp_path / "one", what)
    assert agree(path)
    data = path.read_bytes()
    for end in range(len(data) - 20, len(data)):
        path.write_bytes(data[:end])
        assert not agree(path)
    trailing = image()
    trailing.add_new(0xFFFCFFFC, "OB", bytes(40))
    assert agree(write(tmp_path / "padded", trailing))


@pytest.mark.parametrize("seed", range(6))
def test_mutations_of_real_files_agree_or_are_declined(seed: int, tmp_path: Path) -> None:
    noise = random.Random(seed)
    files = [path for path in samples() if path.stat().st_size < 40_000]
    whole = [write(tmp_path / "made", everything()).read_bytes()] + [
        p.read_bytes() for p in noise.sample(files, 5)
    ]
    fates: Counter[bool] = Counter()
    path = tmp_path / "mutated"
    for data in whole:
        for _ in range(16):
            changed = bytearray(data)
            head = max(140, min(len(data), 3000))
            for _ in range(noise.choice((1, 1, 2, 6))):
                at = noise.randrange(128, head)
                kind = noise.randrange(4)
                if kind == 0:
                    changed[at] = noise.choice((0, 1, 0x20, 0x5C, 0x1B, 0x7F, 0xFF, noise.randrange(256)))
                elif kind == 1:
                    del changed[at : at + noise.choice((1, 2, 8))]
                elif kind == 2:
                    changed[at:at] = noise.randbytes(noise.choice((1, 2, 8)))
                else:
                    changed[at : at + 8] = changed[at + 8 : at + 16]
            path.write_bytes(
                changed[
                    : noise.choice((len(changed), len(changed), noise.randrange(200, len(changed) + 200)))
                ]
            )
            fates[agree(path)] += 1
            identity_agrees(path)
    assert fates[True] >= 2
    assert fates[False] >= 5


def identity_agrees(path: Path) -> None:
    """The people whom the fast reader finds are those of the other."""
    one = reading(path)
    try:
        with judging_errors():
            fast = find_identity(one)
    except Rejected:
        return
    wanted, _PLAIN.plans = _PLAIN.wanted, {}
    _PLAIN.wanted = dict.fromkeys(wanted, frozenset())  # whatever is wanted is declined
    try:
        with judging_errors(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert find_identity(one) == fast
    except Rejected:  # by what lies behind: the fast reader looks no further than the last wanted element
        return
    finally:
        _PLAIN.wanted, _PLAIN.plans = wanted, {}


def test_a_file_is_read_no_further_than_its_header(tmp_path: Path) -> None:
    big = image(Rows=4096, Columns=4096, PixelData=bytes(4096 * 4096))
    path = write(tmp_path / "big", big)
    read = 0

    class Counting:
        """A place that counts what is read of it."""

        name, size = "big", path.stat().st_size

        def open(self) -> Any:
            file = path.open("rb")
            whole = file.read

            class File:
                def __enter__(self) -> File:
                    return self

                def __exit__(self, *_: object) -> None:
                    file.close()

                def read(self, count: int) -> bytes:
                    nonlocal read
                    read += count
                    return whole(count)

            return File()

    from dataclasses import replace

    one = replace(reading(path), place=Counting())  # type: ignore[arg-type]
    row = read_instance_plainly(one)
    assert row is not None and row["rows"] == 4096
    assert read <= 1 << 15
