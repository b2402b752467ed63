"""Files made to do harm: whatever reads them ends soon, in little memory, with a reason, and the rest goes on."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zlib
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydicom import datadict
from pydicom.uid import DeflatedExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless

from connectors.dicom import DicomConnector
from connectors.dicom.instance import read_instance_plainly
from connectors.dicom.recognise import recognise
from contracts.errors import Alone, Rejected
from contracts.privacy import Profile
from contracts.units import Source
from stores.home import create_home
from stores.places import LocalPlace
from tasks.bundling import process_units
from tasks.dicom.deidentify import FileCleaner
from tasks.dicom.frames import decode_frame, find_pixels, undecodable
from tasks.dicom.policy import Limits
from tasks.limited import LimitedJob, end_limited, process_limited
from tasks.workroom import open_workroom
from tests.dicom_files import KEY, image, read_fate, reading, write
from tests.pacs.night import Ward
from tests.tasks.rooms import make_room

SEQUENCES = [
    tag
    for tag in range(0x00400000, 0x0040FFFF)
    if datadict.dictionary_has_tag(tag) and datadict.dictionary_VR(tag) == "SQ"
]
UNDEFINED = 0xFFFFFFFF
SCRIPT = "<script>alert('Quillfeather')</script>"


def read_all(path: Path) -> None:
    """Everything that reads a file: the index, identities, the preflight, de-identification, its pixels."""
    place = LocalPlace(path)
    read_fate(path)
    list(DicomConnector().identities(reading(path)))
    list(DicomConnector().check(place))
    with suppress(Rejected):
        for chunk in FileCleaner(KEY, Profile.EXPERT, date(2026, 3, 1)).clean(place, None).chunks():
            assert len(chunk) <= 1 << 20
    with suppress(Rejected), undecodable():
        decode_frame(find_pixels(place), 0)


def peak_of(path: Path) -> int:
    """Most bytes that Python held while all that reads a file did so, once everything is loaded."""
    write(warm := path.with_name("warm"))
    read_all(warm)
    tracemalloc.start()
    try:
        read_all(path)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def head(**elements: Any) -> bytes:
    """The bytes of an image without pixels."""
    elements = {"PixelData": None, **elements}
    made = image(**elements)
    made.save_as(written := io.BytesIO(), enforce_file_format=True)
    return written.getvalue()


# Recursion


def nested(depth: int, vr: bytes, length: str) -> bytes:
    """Sequences in sequences, of defined or undefined length, said to be SQ or UN."""
    if length == "undefined":
        opening = struct.pack("<HH2sHLHHL", 0x0040, 0xA730, vr, 0, UNDEFINED, 0xFFFE, 0xE000, UNDEFINED)
        inner = struct.pack("<HHLHHL", 0x0040, 0xA730, UNDEFINED, 0xFFFE, 0xE000, UNDEFINED)
        closing = struct.pack("<HHLHHL", 0xFFFE, 0xE00D, 0, 0xFFFE, 0xE0DD, 0)
        return (opening + inner * (depth - 1) if vr == b"UN" else opening * depth) + closing * depth
    data = b""
    for _ in range(depth):
        item = struct.pack("<HHL", 0xFFFE, 0xE000, len(data)) + data
        data = struct.pack("<HH2sHL", 0x0040, 0xA730, vr, 0, len(item)) + item
    return data


@pytest.mark.parametrize("vr", [b"SQ", b"UN"])
@pytest.mark.parametrize("length", ["defined", "undefined"])
@pytest.mark.parametrize("depth", [100, 20_000])
def test_recursion_ends(vr: bytes, length: str, depth: int, tmp_path: Path) -> None:
    path = tmp_path / "deep"
    path.write_bytes(head() + nested(depth, vr, length))
    opaque = (
        vr == b"UN" and length == "defined" and depth > 1000
    )  # too long for a sequence in UN: never entered
    assert read_fate(path) == ("indexed" if opaque else "nested-too-deep")
    assert peak_of(path) < 8 * path.stat().st_size + (4 << 20)
    if not opaque:
        with pytest.raises(Rejected, match="nested-too-deep"):
            FileCleaner(KEY, Profile.EXPERT, date(2026, 3, 1)).clean(LocalPlace(path), None)


# Lengths that lie


@pytest.mark.parametrize("length", [0x7FFFFFFF, 0xFFFFFFF0, 0xFFFFFFFE])
@pytest.mark.parametrize(
    ("tag", "vr"),
    [
        (0x00080005, b"UT"),
        (0x00081140, b"SQ"),
        (0x00090010, b"UN"),
        (0x00100010, b"UC"),
        (0x00420011, b"OB"),
        (0x54000100, b"SQ"),
        (0x7FE00010, b"OW"),
    ],
)
def test_no_more_is_allocated_than_the_file_holds(tag: int, vr: bytes, length: int, tmp_path: Path) -> None:
    path = tmp_path / "liar"
    path.write_bytes(head() + struct.pack("<HH2sHL", tag >> 16, tag & 0xFFFF, vr, 0, length) + bytes(100))
    assert read_fate(path) in ("truncated-file", "unreadable")
    assert peak_of(path) < 4 << 20


@pytest.mark.parametrize("where", ["item", "fragment", "offset table", "meta", "nested value"])
def test_no_more_is_allocated_than_the_file_holds_wherever_the_lie_is(where: str, tmp_path: Path) -> None:
    path, lie = tmp_path / "liar", 0xFFFFFFF0
    sequence = struct.pack("<HH2sHL", 0x0040, 0xA730, b"SQ", 0, UNDEFINED)
    pixels = struct.pack("<HH2sHL", 0x7FE0, 0x0010, b"OB", 0, UNDEFINED)
    tables = {
        "item": sequence + struct.pack("<HHL", 0xFFFE, 0xE000, lie),
        "nested value": sequence
        + struct.pack("<HHL", 0xFFFE, 0xE000, UNDEFINED)
        + struct.pack("<HH2sHL", 0x0040, 0xA160, b"UT", 0, lie),
        "offset table": pixels + struct.pack("<HHL", 0xFFFE, 0xE000, lie),
        "fragment": pixels + struct.pack("<HHLHHL", 0xFFFE, 0xE000, 0, 0xFFFE, 0xE000, lie),
    }
    if where == "meta":
        path.write_bytes(bytes(128) + b"DICM" + struct.pack("<HH2sHL", 2, 1, b"OB", 0, lie) + bytes(200))
    else:
        path.write_bytes(head() + tables[where] + bytes(100))
    assert read_fate(path) == "truncated-file"
    assert peak_of(path) < 4 << 20


# Pixels


@pytest.mark.parametrize("frames", [1, 2**31 - 1])
def test_declared_pixels_that_are_not_there_are_not_allocated(frames: int, tmp_path: Path) -> None:
    large = {"Rows": 65535, "Columns": 65535, "BitsAllocated": 16, "BitsStored": 16, "HighBit": 15}
    path = write(tmp_path / "native", image(NumberOfFrames=str(frames), **large))
    assert read_fate(path) == "truncated-file"
    assert peak_of(path) < 4 << 20


def test_a_compressed_frame_that_holds_fewer_pixels_than_declared_is_not_decoded(tmp_path: Path) -> None:
    from pydicom.encaps import encapsulate

    made = image(
        Rows=4096, Columns=4096, PixelData=encapsulate([struct.pack("<16L", 1, 64, *[0] * 14) + b"\0\7"])
    )
    made.file_meta.TransferSyntaxUID = RLELossless
    made["PixelData"].is_undefined_length = True
    path = write(tmp_path / "rle", made)
    assert read_fate(path) == "indexed", "the header is whole; the walk does not decode"
    with pytest.raises(Rejected, match="pixels-undecodable"), undecodable():
        decode_frame(find_pixels(LocalPlace(path)), 0)
    made.Rows = made.Columns = 65535  # a frame beyond all measure is not even begun
    assert peak_of(write(path, made)) < 4 << 20


# Deflated data sets


def test_a_deflated_value_of_any_size_is_passed_by(tmp_path: Path) -> None:
    made = image(PixelData=None)
    made.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    plain = write(tmp_path / "plain", made).read_bytes()
    opening = recognise(LocalPlace(tmp_path / "plain"))
    assert opening is not None and opening.deflated
    begin = opening.offset
    data_set = zlib.decompress(plain[begin:], -15)
    packer = zlib.compressobj(9, wbits=-15)
    pieces = [packer.compress(data_set + struct.pack("<HH2sHL", 0x0040, 0xA160, b"UT", 0, 256 << 20))]
    pieces += [packer.compress(bytes(1 << 20)) for _ in range(256)] + [packer.flush()]
    path = tmp_path / "bomb"
    path.write_bytes(plain[:begin] + b"".join(pieces))
    assert path.stat().st_size < 300_000
    assert read_fate(path) == "indexed"
    assert peak_of(path) < 80 << 20, "what may be held of a header element when it is rewritten"


# Limits


def heavy(path: Path, megabytes: int = 1, number: int = 1) -> Path:
    """A header of 131,000 empty items a MiB."""
    made = image(PixelData=None, SOPInstanceUID=f"1.2.3.9.{number}")
    made.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    body = write(path, made).read_bytes()
    for tag in SEQUENCES[:megabytes]:
        inner = struct.pack("<HHL", 0xFFFE, 0xE000, 0) * ((1 << 17) - 8)
        body += struct.pack("<HHL", tag >> 16, tag & 0xFFFF, len(inner)) + inner
    path.write_bytes(body)
    return path


def test_a_heavy_header_is_read_alone(tmp_path: Path) -> None:
    path = heavy(tmp_path / "heavy")
    with pytest.raises(Alone):
        DicomConnector().read_single(reading(path))
    assert read_instance_plainly(reading(path)) is None


def test_a_unit_that_takes_too_long_is_quarantined_and_the_rest_goes_on(tmp_path: Path) -> None:
    room = make_room(tmp_path, "dicom")
    heavy(room.folder / "bomb", 12)
    write(room.folder / "image", image())
    jobs = {surveyed.unit.size: room.job(surveyed.unit) for surveyed in room.survey()}
    bomb, other = jobs.pop(max(jobs)), jobs.popitem()[1]
    done = process_units([bomb, other])
    assert done[0] is None and done[1] is not None and done[1].account["fates"]["accepted"] == 1
    try:
        held = process_limited(LimitedJob(bomb, Limits(1.0, 3 << 30)))
    finally:
        end_limited()
    assert held.reason == "too-long" and held.account["reasons"] == {"too-long": 1}
    assert [one.reason for one in room.work.quarantine.list("ward")] == ["too-long"]


# Scripts, and two people under one number


def test_scripts_in_names_reach_no_page(tmp_path: Path) -> None:
    (tmp_path / "export").mkdir()
    names = (
        "PatientName",
        "StudyDescription",
        "SeriesDescription",
        "ProtocolName",
        "Manufacturer",
        "StationName",
    )
    write(tmp_path / "export" / "<img src=x onerror=alert(1)>.dcm", image(**dict.fromkeys(names, SCRIPT)))
    home = create_home(tmp_path / "home", Profile.EXPERT, seed="hostile")
    ward = Ward(open_workroom(str(home.path)), Source("pacs", "dicom", str(tmp_path / "export")))
    told = ward.report()
    assert len(ward.rows()) == 1
    assert "<script" not in told and "onerror" not in told and "alert" not in told

    from nightrounds.demo.page import make_environment

    template = make_environment().from_string('<td>{{ value }}</td><a title="{{ value }}">')
    assert "<script" not in template.render(value=SCRIPT)
    folder = Path(__file__).parents[2] / "nightrounds" / "demo" / "templates"
    raw = [
        line for path in folder.glob("*.j2") for line in path.read_text().splitlines() if "safe }}" in line
    ]
    assert sorted(line.strip() for line in raw) == ["{{ section.html | safe }}", "{{ style | safe }}</style>"]
