"""The DICOM connector on every sample file, on small hostile files, and on the demo hospital's archive."""

from __future__ import annotations

import hashlib
import io
import json
import random
import struct
import tracemalloc
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian

from connectors.dicom import DicomConnector
from contracts.identity import Identity
from contracts.schemas.dicom import INSTANCE
from contracts.units import WHOLE, Source
from nightrounds.demo.hospital import make_hospital
from stores.places import LocalPlace, place_of
from tests.accounts import accounted
from tests.dicom_files import KEY, UIDS, image, read, read_fate, reading, write

SAMPLES = "data/dicom/pydicom-data"
TOO_SHORT = "emri_small_jpeg_2k_lossless_too_short"
NO_UIDS = {"JLSL_RGB_ILV0", "JLSL_RGB_ILV1", "JLSL_RGB_ILV2", "JLSN_RGB_ILV0"}
BARE = [*sorted(NO_UIDS), "OT-PAL-8-face"]
"""Samples without preamble."""


@pytest.fixture(scope="module")
def samples(shared: Path) -> dict[str, Path]:
    return {path.stem: path for path in sorted((shared / SAMPLES).glob("*.dcm"))}


@pytest.fixture(scope="module")
def rows(samples: dict[str, Path]) -> dict[str, tuple[str, dict[str, Any]]]:
    return {name: read(path) for name, path in samples.items()}


def identity(path: Path, authority: str = "radiology") -> Identity | None:
    found = list(DicomConnector().identities(reading(path, authority)))
    assert len(found) <= 1
    return found[0] if found else None


def test_every_sample_has_the_fate_it_deserves(rows: dict[str, tuple[str, dict[str, Any]]]) -> None:
    assert len(rows) == 69
    rejected = {name: row["reason"] for name, (table, row) in rows.items() if table != "dicom.instance"}
    assert rejected == {TOO_SHORT: "truncated-file", **dict.fromkeys(NO_UIDS, "no-uids")}
    assert all(row["payload"] for table, row in rows.values() if table == "rejected")


def test_the_intact_twin_of_a_cut_file_is_read_in_full(rows: dict[str, tuple[str, dict[str, Any]]]) -> None:
    table, row = rows[TOO_SHORT.removesuffix("_too_short")]
    assert table == "dicom.instance"
    assert row["number_of_frames"] == 10
    assert len(json.loads(row["header"])) > 100


def test_one_uid_with_different_content_is_several_instances(
    rows: dict[str, tuple[str, dict[str, Any]]],
) -> None:
    indexed = {name: row for name, (table, row) in rows.items() if table == "dicom.instance"}
    uids = Counter(row["sop_instance_uid"] for row in indexed.values())
    shared_uid = indexed["SC_rgb"]["sop_instance_uid"]
    same = [row for row in indexed.values() if row["sop_instance_uid"] == shared_uid]
    assert len(same) == uids[shared_uid] >= 12
    assert len({row["instance_key"] for row in same}) == len({row["_digest"] for row in same}) == len(same)
    assert all(row["_digest"] > 0 for row in same)


def test_patients_of_the_samples_are_those_of_pydicom(samples: dict[str, Path]) -> None:
    from pydicom import dcmread

    nobody = 0
    for path in samples.values():
        if path.stem == TOO_SHORT:
            continue
        truth = dcmread(path, force=True, stop_before_pixels=True)
        number = str(truth.get("PatientID") or "").strip()
        issuer = str(truth.get("IssuerOfPatientID") or "").strip() or "radiology"
        found = identity(path)
        nobody += found is None
        assert (found.authority, found.identifier) == (issuer, number) if found else not number
    assert nobody == 17  # the eighteenth is the cut file, which pydicom takes for empty


def test_columns_say_what_pydicom_says(
    samples: dict[str, Path], rows: dict[str, tuple[str, dict[str, Any]]]
) -> None:
    from pydicom import dcmread

    for name, (table, row) in rows.items():
        if table != "dicom.instance":
            continue
        truth = dcmread(samples[name], force=True, stop_before_pixels=True)
        for column, keyword in (("rows", "Rows"), ("columns", "Columns"), ("bits_stored", "BitsStored")):
            assert row[column] == truth.get(keyword), (name, column)
        for column, keyword in (
            ("sop_instance_uid", "SOPInstanceUID"),
            ("study_instance_uid", "StudyInstanceUID"),
            ("series_instance_uid", "SeriesInstanceUID"),
        ):
            assert row[column] == (truth.get(keyword) or None), (name, column)
        assert row["pixel_spacing_mm"] is None or len(row["pixel_spacing_mm"]) == 2
        assert row["has_pixels"] is True
        assert row["size_bytes"] == samples[name].stat().st_size


def test_headers_hold_what_pydicom_reads_and_nothing_bulky(
    samples: dict[str, Path], rows: dict[str, tuple[str, dict[str, Any]]]
) -> None:
    from pydicom import dcmread

    truth = dcmread(samples["OBXXXX1A"], stop_before_pixels=True)
    header = json.loads(rows["OBXXXX1A"][1]["header"])
    assert header["00100010"]["Value"][0]["Alphabetic"] == str(truth.PatientName)
    assert not [tag for tag in header if tag.startswith("0002") or tag.endswith("0000")]
    for _, row in rows.values():
        text = row.get("header") or ""
        assert "InlineBinary" not in text
        assert len(text) < 200_000


def test_readable_only_when_forced(
    samples: dict[str, Path], rows: dict[str, tuple[str, dict[str, Any]]]
) -> None:
    table, row = rows["OT-PAL-8-face"]
    assert table == "dicom.instance"
    assert row["transfer_syntax_uid"] is None
    assert row["study_date"] == "1996-10-29"
    rules = {name: {f.rule for f in DicomConnector().check(LocalPlace(samples[name]))} for name in BARE}
    assert all("no-preamble" in found or "no-uids" in found for found in rules.values())


def test_uids_that_are_no_uids_are_taken_as_they_are(rows: dict[str, tuple[str, dict[str, Any]]]) -> None:
    table, row = rows["bad_sequence"]
    assert table == "dicom.instance"
    assert len(row["study_instance_uid"]) == 64


@pytest.mark.parametrize("name", ["CT_small", "MR_small_RLE", "SC_rgb_jpeg_gdcm", "image_dfl", "rtplan"])
def test_a_file_cut_anywhere_is_never_a_success(name: str, tmp_path: Path) -> None:
    from pydicom.data import get_testdata_file

    whole = Path(str(get_testdata_file(f"{name}.dcm", download=False))).read_bytes()
    cut = tmp_path / "cut.dcm"
    cut.write_bytes(whole)
    full = read(cut)[1]
    survivors = []
    for end in range(132, len(whole), len(whole) // 1000 + 1):
        cut.write_bytes(whole[:end])
        table, row = read(cut)
        # what is lost may be padding behind the pixels
        if table == "dicom.instance" and (row["header"], row["has_pixels"]) != (
            full["header"],
            full["has_pixels"],
        ):
            survivors.append(row)
    # between two elements nothing tells that more should come: this is a header sent alone, as some exports do
    assert not any(row["has_pixels"] for row in survivors)
    assert len(survivors) <= 32
    assert name == "rtplan" or all(row["rows"] for row in survivors)


def test_the_cut_inside_a_uid_is_seen(tmp_path: Path) -> None:
    path = write(tmp_path / "whole")
    data = path.read_bytes()
    path.write_bytes(data[: data.rindex(b"1.2.3.1") + 3])
    table, row = read(path)
    assert (table, row["reason"], row["where"]) == ("rejected", "truncated-file", "tag 00080018")
    assert identity(path) is None


@pytest.mark.parametrize("samples_missing", [1, 15])
def test_fewer_pixels_than_declared_are_a_truncated_file(samples_missing: int, tmp_path: Path) -> None:
    path = write(tmp_path / "short", image(PixelData=bytes(16 - samples_missing - samples_missing % 2)))
    assert read_fate(path) == "truncated-file"


def test_subsampled_chroma_is_no_truncation(tmp_path: Path) -> None:
    colour = {"SamplesPerPixel": 3, "PlanarConfiguration": 0}
    half = image(**colour, PhotometricInterpretation="YBR_FULL_422", PixelData=bytes(32))
    assert read_fate(write(tmp_path / "half", half)) == "indexed"
    full = image(**colour, PhotometricInterpretation="RGB", PixelData=bytes(32))
    assert read_fate(write(tmp_path / "full", full)) == "truncated-file"


FOREIGN: dict[str, bytes] = {
    "text.dcm": b"Call Samuel Goldberg about his CT of the chest before Friday.\n" * 20,
    "form.pdf": b"%PDF-1.4\n1 0 obj << /Title (Consent of Grace Hope) >> endobj\n%%EOF\n",
    "image.png": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(40),
    "zeros": bytes(4096),
    "one byte": b"\x08",
    "nearly": b"\x08\x00\x05\x00",
    "group, then text": b"\x08\x00\x18\x00hello, I am no DICOM file at all, whatever my first bytes say",
    "random": random.Random(11).randbytes(4096),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_what_is_not_dicom_is_ignored(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(FOREIGN[name])
    assert read_fate(path) == "not-dicom"
    assert identity(path) is None
    assert [f.rule for f in DicomConnector().check(LocalPlace(path))] == ["not-dicom"]


def test_empty_files_and_directories_of_media_are_ignored(tmp_path: Path) -> None:
    from pydicom.data import get_testdata_file

    empty = tmp_path / "empty.dcm"
    empty.touch()
    assert read_fate(empty) == "empty-file"
    assert identity(empty) is None
    assert read_fate(Path(str(get_testdata_file("DICOMDIR", download=False)))) == "directory"


def test_random_bytes_behind_a_preamble_break_nothing(tmp_path: Path) -> None:
    fates: Counter[str] = Counter()
    path = tmp_path / "noise"
    for seed in range(200):
        noise = random.Random(seed)
        whole = bytearray(write(path).read_bytes())
        for _ in range(8):
            whole[noise.randrange(132, len(whole))] = noise.randrange(256)
        path.write_bytes(whole)
        fates[read_fate(path)] += 1
        identity(path)
    assert fates["indexed"] > 20
    assert fates["truncated-file"] > 5
    assert set(fates) <= {"indexed", "truncated-file", "no-uids", "unreadable", "directory"}


def test_a_lying_length_allocates_nothing(tmp_path: Path) -> None:
    path = tmp_path / "liar"
    head = write(path, image(PixelData=None)).read_bytes()
    path.write_bytes(head + struct.pack("<HH2sHL", 0x7FE0, 0x0010, b"OW", 0, 0xFFFFFFF0) + bytes(100))
    read(path)
    tracemalloc.start()
    try:
        assert read_fate(path) == "truncated-file"
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("depth", "fate"), [(30, "indexed"), (33, "nested-too-deep"), (5000, "nested-too-deep")]
)
@pytest.mark.parametrize("closed", [True, False])
def test_nesting_ends_at_a_depth(depth: int, fate: str, closed: bool, tmp_path: Path) -> None:
    path = tmp_path / "deep"
    head = write(path, image(PixelData=None)).read_bytes()
    nested = b""
    if closed:
        for _ in range(depth):
            item = struct.pack("<HHL", 0xFFFE, 0xE000, len(nested)) + nested
            nested = struct.pack("<HH2sHL", 0x0040, 0xA730, b"SQ", 0, len(item)) + item
    else:
        opening = struct.pack("<HH2sHLHHL", 0x0040, 0xA730, b"SQ", 0, 0xFFFFFFFF, 0xFFFE, 0xE000, 0xFFFFFFFF)
        nested = opening * depth + struct.pack("<HHLHHL", 0xFFFE, 0xE00D, 0, 0xFFFE, 0xE0DD, 0) * depth
    path.write_bytes(head + nested)
    assert read_fate(path) == fate


def test_a_deflated_bomb_is_read_in_bounded_memory(tmp_path: Path) -> None:
    dataset = image(PixelData=None, ImageComments="x" * 100)
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    dataset.Rows = dataset.Columns = 8192
    dataset.PixelData = bytes(8192 * 8192)
    path = write(tmp_path / "bomb", dataset)
    del dataset
    assert path.stat().st_size < 1_000_000
    tracemalloc.start()
    try:
        table, row = read(path)
        assert (table, row["rows"], row["has_pixels"]) == ("dicom.instance", 8192, True)
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian]
)
def test_all_encodings_give_the_same_row(syntax: str, tmp_path: Path) -> None:
    elements = {"StudyDate": "20240229", "StudyTime": "101530.25", "AccessionNumber": "A1"}
    expected = read(write(tmp_path / "plain", image(**elements)))[1]
    other = image(**elements)
    other.file_meta.TransferSyntaxUID = UID(syntax)
    found = read(write(tmp_path / "other", other))[1]
    assert found["study_datetime"] == "2024-02-29T10:15:30.25"
    own = {"transfer_syntax_uid", "size_bytes", "instance_key", "_digest"}
    assert {k: v for k, v in found.items() if k not in own} == {
        k: v for k, v in expected.items() if k not in own
    }


def test_keys_bind_studies_to_patients(tmp_path: Path) -> None:
    one = read(write(tmp_path / "1", image()))[1]
    two = read(write(tmp_path / "2", image(SOPInstanceUID="1.2.3.9", AccessionNumber="A1")))[1]
    other = read(write(tmp_path / "3", image(PatientID="4712")))[1]
    nobody = read(write(tmp_path / "4", image(PatientID="  ")))[1]
    assert one["study_key"] == two["study_key"] != other["study_key"]
    assert one["instance_key"] != two["instance_key"]
    assert nobody["subject"] is None
    assert nobody["study_key"] == UIDS["StudyInstanceUID"]
    assert (one["accession"], two["accession"]) == (None, "radiology\x1fA1")


def test_an_image_without_study_is_alone_in_one(tmp_path: Path) -> None:
    loose = read(write(tmp_path / "loose", image(SeriesInstanceUID=None, StudyInstanceUID=None)))[1]
    assert loose["study_instance_uid"] is None
    assert loose["study_key"].startswith(UIDS["SOPInstanceUID"])
    nameless = image(SOPInstanceUID=None, SeriesInstanceUID=None, StudyInstanceUID=None)
    assert read_fate(write(tmp_path / "nameless", nameless)) == "no-uids"


def test_identity_with_all_that_must_be_hidden(tmp_path: Path) -> None:
    other = Dataset()
    other.PatientID = "OLD-77"
    path = write(
        tmp_path / "full",
        image(
            SpecificCharacterSet="ISO_IR 192",
            PatientName="Yamada^Tarou=山田^太郎=やまだ^たろう",
            IssuerOfPatientID="hospital-b",
            PatientBirthDate="19610514",
            OtherPatientIDs=["X1", "X2"],
            OtherPatientNames="Smith^Al",
            OtherPatientIDsSequence=Sequence([other]),
            PatientAddress="1 Elm Street",
            PatientTelephoneNumbers="555 0100",
            PatientMotherBirthName="Tanaka",
            AccessionNumber="ACC9",
            StudyID="S100",
        ),
    )
    found = identity(path)
    assert found is not None
    assert (found.authority, found.identifier, found.kind) == ("hospital-b", "4711", "dicom")
    traits = found.traits
    assert traits["name"] == ("Yamada", "Tarou", "山田", "太郎", "やまだ", "たろう", "Smith", "Al", "Tanaka")
    assert set(traits["identifier"]) == {"4711", "X1", "X2", "ACC9", "S100", "OLD-77"}
    assert traits["birth_date"] == ("1961-05-14",)
    assert (traits["address"], traits["phone"]) == (("1 Elm Street",), ("555 0100",))
    assert found.subject == read(path)[1]["subject"]


@pytest.mark.parametrize("number", [None, "", "   "])
def test_no_number_is_nobody(number: str | None, tmp_path: Path) -> None:
    path = write(tmp_path / "nobody", image(PatientID=number))
    assert identity(path) is None
    assert read(path)[1]["subject"] is None


def test_nonsense_in_a_value_leaves_the_rest(tmp_path: Path) -> None:
    path = write(tmp_path / "odd", image(PixelData=None, InstanceNumber="77", BodyPartExamined="Jane's hand"))
    path.write_bytes(path.read_bytes().replace(b"IS\x02\x0077", b"IS\x02\x00x7"))
    row = read(path)[1]
    assert (row["instance_number"], row["body_part_examined"], row["rows"]) == (None, None, 4)
    assert "00100010" in json.loads(row["header"])


def test_errors_tell_nothing_of_the_patient(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    path = write(tmp_path / "DOE_JANE.dcm", image(PatientID="SECRET-99"))
    path.write_bytes(path.read_bytes()[:-4])
    _, row = read(path)
    findings = list(DicomConnector().check(LocalPlace(path)))
    told = f"{row['reason']} {row['where']} {findings} {caplog.text} {capfd.readouterr()}"
    assert not [word for word in ("Doe", "DOE", "Jane", "SECRET") if word in told]


def test_preflight_says_what_a_night_would_meet(tmp_path: Path) -> None:
    path = write(tmp_path / "odd", image(PatientID=None, SeriesInstanceUID=None, BurnedInAnnotation="YES"))
    rules = {(f.severity, f.rule) for f in DicomConnector().check(LocalPlace(path))}
    assert rules == {
        ("warning", "missing-uid"),
        ("warning", "no-patient-id"),
        ("warning", "burned-in-annotation"),
    }
    path.write_bytes(path.read_bytes()[:-1])
    assert [(f.severity, f.rule) for f in DicomConnector().check(LocalPlace(path))] == [
        ("error", "truncated-file")
    ]


def test_a_stream_that_cannot_seek_reads_the_same(tmp_path: Path) -> None:
    path = write(tmp_path / "streamed")

    class Stream(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, *_: object) -> int:
            raise io.UnsupportedOperation

    class Streamed(LocalPlace):
        def open(self) -> Any:
            return Stream(self.path.read_bytes())

    plain = reading(path)
    streamed = replace(plain, place=Streamed(path))

    def read_by(unit: Any) -> list[Any]:
        return [batch.to_pylist() for _, batch in accounted(DicomConnector().read(unit, WHOLE))]

    assert read_by(streamed) == read_by(plain)


def test_a_large_image_is_indexed_in_flat_memory(tmp_path: Path) -> None:
    path = tmp_path / "large"
    frames, size = 200, 1 << 20
    head = write(path, image(Rows=1024, Columns=1024, NumberOfFrames=frames, PixelData=None)).read_bytes()
    with path.open("wb") as file:  # sparse: nothing is written but the header
        file.write(head + struct.pack("<HH2sHL", 0x7FE0, 0x0010, b"OB", 0, frames * size))
        file.truncate(file.tell() + frames * size)
    unit = replace(
        reading(write(tmp_path / "small")), place=LocalPlace(path)
    )  # not digested: that is surveying
    list(accounted(DicomConnector().read(unit, WHOLE)))
    tracemalloc.start()
    try:
        ((table, batch),) = accounted(DicomConnector().read(unit, WHOLE))
        assert list(DicomConnector().identities(unit))
        assert table == "dicom.instance"
        assert batch["number_of_frames"].to_pylist() == [frames]
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_the_demo_archive_is_read_as_its_truth_says(tmp_path: Path) -> None:
    hospital = make_hospital(tmp_path / "demo", nights=1)
    source = Source(**next(s for s in hospital.sources_on(1) if s["name"] == "pacs"))
    connector = DicomConnector()
    fates: Counter[str] = Counter()
    owners = set()
    for listed in connector.discover(source, "").listed:
        place = place_of(source, listed.path)
        with place.open() as file:
            digest = hashlib.sha256(file.read()).hexdigest()
        unit = replace(reading(write(tmp_path / "any")), source=source, place=place)
        unit = replace(unit, unit=replace(unit.unit, digest=digest))
        ((table, batch),) = accounted(connector.read(unit, WHOLE))
        fates[table] += 1
        if table == "dicom.instance":
            owners.add(batch["_digest"][0].as_py())
    assert fates == {"dicom.instance": 106, "rejected": 3, "ignored": 2}
    assert len(owners) == 105  # one file lies there twice


def test_every_declared_column_is_emitted(tmp_path: Path) -> None:
    ((_, batch),) = accounted(DicomConnector().read(reading(write(tmp_path / "one")), WHOLE))
    assert batch.schema.equals(INSTANCE)
    assert batch["_digest"][0].as_py() == KEY.id63(
        "dicom-instance", UIDS["SOPInstanceUID"], reading(tmp_path / "one").unit.digest
    )
