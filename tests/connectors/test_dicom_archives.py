"""DICOM in zip and tar archives: the same images as in a folder, and what is refused of an archive."""

from __future__ import annotations

import io
import shutil
import tarfile
import tracemalloc
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.dicom import DicomConnector
from contracts.archives import MemberPlace
from contracts.errors import Fatal
from contracts.inflating import Inflated, Points
from contracts.privacy import Profile
from contracts.protocols import Reading
from contracts.units import Source, Unit
from stores.home import create_home
from stores.places import LocalPlace, place_of
from tasks.surveying import digest_content
from tasks.workroom import open_workroom
from tests.dicom_files import KEY, image
from tests.pacs.night import Ward

SAMPLES = "data/dicom/pydicom-data"
PATIENT = "Quillfeather"
KINDS = ("zip", "tar", "tar.gz", "tgz")


def dicom(number: int = 1, **elements: Any) -> bytes:
    """An image whose UID and pixels are its number's."""
    made = image(SOPInstanceUID=f"1.2.3.1.{number}", PixelData=bytes([number % 256] * 16), **elements)
    made.save_as(written := io.BytesIO(), enforce_file_format=True)
    return written.getvalue()


def pack(path: Path, members: dict[str, bytes], *, level: int = 6) -> Path:
    """An archive of the kind that its name tells."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as zipped:
            for name, data in members.items():
                zipped.writestr(name, data)
        return path
    packed = {"compresslevel": level} if path.suffix != ".tar" else {}
    with tarfile.open(path, "w:gz" if packed else "w", **packed) as tar:  # type: ignore[call-overload]
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


def units(location: Path, *, snapshot: bool = False) -> Iterator[tuple[str, Reading]]:
    """What a source lists, each to be read; its digest is that of its content."""
    source = Source("pacs", "dicom", str(location), authority="radiology", snapshot=snapshot)
    for item in DicomConnector().discover(source, "").listed:
        place = place_of(source, item.path)
        try:
            digest = digest_content(place, KEY)
        except Exception as error:  # noqa: BLE001 - what is refused has none
            digest = type(error).__name__
        yield item.path, Reading(Unit("pacs/0", "pacs", "dicom", digest), source, place, KEY, item.path)


def fates(location: Path, *, snapshot: bool = False) -> dict[str, str]:
    """What becomes of each unit: `indexed`, or the reason or type under which it is not."""
    found = {}
    for path, reading in units(location, snapshot=snapshot):
        list(DicomConnector().identities(reading))
        table, row = DicomConnector().read_single(reading)
        found[path] = "indexed" if table == "dicom.instance" else row.get("reason") or row["type"]
    return found


# The same as in a folder


@pytest.mark.parametrize("kind", KINDS)
def test_samples_give_the_same_rows_from_an_archive_as_from_a_folder(
    kind: str, shared: Path, tmp_path: Path
) -> None:
    files = {path.name: path.read_bytes() for path in sorted((shared / SAMPLES).glob("*.dcm"))}
    pack(tmp_path / f"study.{kind}", {f"media/{name}": data for name, data in files.items()}, level=1)

    def rows(location: Path) -> dict[str, Any]:
        found = {}
        for path, reading in units(location):
            people = list(DicomConnector().identities(reading))
            found[path.rpartition("/")[2]] = (*DicomConnector().read_single(reading), people)
        return found

    assert len(files) == 69
    assert rows(tmp_path) == rows(shared / SAMPLES)


def test_what_file_managers_leave_behind_is_passed_over_in_archives_too(tmp_path: Path) -> None:
    members = {"a/1": dicom(), "__MACOSX/a/._1": b"x", ".DS_Store": b"x", "a/": b""}
    pack(tmp_path / "study.zip", members)
    assert list(fates(tmp_path)) == ["study.zip!/a/1"]


@pytest.fixture
def ward(tmp_path: Path) -> Ward:
    (tmp_path / "export").mkdir()
    home = create_home(tmp_path / "home", Profile.EXPERT, seed="archives")
    source = Source("pacs", "dicom", str(tmp_path / "export"), authority="radiology")
    return Ward(open_workroom(str(home.path)), source)


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_a_study_packed_anew_is_unchanged(kind: str, ward: Ward, tmp_path: Path) -> None:
    study = {f"s/{number}": dicom(number) for number in range(5)}
    path = pack(tmp_path / "export" / f"study.{kind}", study)
    first = ward.night()
    assert len(first.to_read) == 5 and len(ward.rows()) == 5
    version = ward.lake.version("imaging.instance")

    pack(path, dict(reversed(study.items())), level=1)  # in another order, by another program
    again = ward.night()
    assert again.listed == 5 and not again.to_read and len(again.unread) == 5

    path.rename(path.with_name(f"sent-again.{kind}"))  # under another name: other units, the same instances
    renamed = ward.night()
    assert len(renamed.to_read) == 5 and not renamed.failures
    assert len(ward.rows()) == 5 and ward.lake.version("imaging.instance") == version

    study["s/3"] = dicom(3, StudyDescription="corrected")
    pack(path.with_name(f"sent-again.{kind}"), study)
    assert len(ward.night().to_read) == 1


# Refused, and the rest goes on


def test_one_bad_member_holds_up_no_other(tmp_path: Path) -> None:
    path = pack(
        tmp_path / "study.zip",
        {
            "good": dicom(1),
            f"../{PATIENT}": dicom(2),
            f"/etc/{PATIENT}": dicom(3),
            f"C:\\{PATIENT}": dicom(4),
            "inner.zip": b"PK\3\4",
            "also good": dicom(5),
        },
    )
    with zipfile.ZipFile(path, "a") as zipped:
        link = zipfile.ZipInfo("link")
        link.external_attr = 0o120777 << 16
        zipped.writestr(link, "/etc/passwd")
        zipped.writestr("locked", dicom(6))
        zipped.getinfo("locked").flag_bits |= 1
    (tmp_path / "beside").write_bytes(dicom(7))
    found = {name.removeprefix("study.zip!/"): fate for name, fate in fates(tmp_path).items()}
    assert found == {
        "good": "indexed",
        "also good": "indexed",
        "beside": "indexed",
        f"../{PATIENT}": "unsafe-archive",
        f"/etc/{PATIENT}": "unsafe-archive",
        f"C:\\{PATIENT}": "unsafe-archive",
        "inner.zip": "nested-archive",
        "link": "archive-link",
        "locked": "encrypted-archive",
    }


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("kind", KINDS)
def test_of_a_name_that_stands_twice_none_is_read(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"study.{kind}"
    if kind == "zip":
        pack(path, {"twice": dicom(1), "once": dicom(2)})
        with zipfile.ZipFile(path, "a") as zipped:
            zipped.writestr("twice", dicom(3))
    else:
        with tarfile.open(path, "w" if kind == "tar" else "w:gz") as tar:
            for name, number in (("twice", 1), ("once", 2), ("twice", 3)):
                info = tarfile.TarInfo(name)
                info.size = len(data := dicom(number))
                tar.addfile(info, io.BytesIO(data))
    assert sorted(fates(tmp_path).values()) == ["indexed", "unsafe-archive", "unsafe-archive"]


@pytest.mark.parametrize("kind", ["tar", "tar.gz"])
def test_links_and_devices_in_a_tar_are_told(kind: str, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / f"study.{kind}", "w" if kind == "tar" else "w:gz") as tar:
        for name, what in (("s", tarfile.SYMTYPE), ("h", tarfile.LNKTYPE), ("d", tarfile.CHRTYPE)):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = what, "/etc/passwd"
            tar.addfile(info)
        info = tarfile.TarInfo("image")
        info.size = len(dicom())
        tar.addfile(info, io.BytesIO(dicom()))
    assert Counter(fates(tmp_path).values()) == {"archive-link": 3, "indexed": 1}


@pytest.mark.parametrize(
    ("name", "reason"), [("a.7z", "unsupported-archive"), ("a.tar.xz", "unsupported-archive")]
)
def test_archives_that_are_not_entered_are_told(name: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"7z\xbc\xaf'\x1c" * 99)
    assert fates(tmp_path) == {name: reason}


@pytest.mark.parametrize("kind", KINDS)
def test_a_cut_archive_is_told_and_the_rest_goes_on(kind: str, tmp_path: Path) -> None:
    path = pack(tmp_path / f"study.{kind}", {str(n): dicom(n) for n in range(40)})
    (tmp_path / "beside").write_bytes(dicom(99))
    whole = path.read_bytes()
    end = len(whole.rstrip(b"\0")) if kind == "tar" else len(whole)
    for share in (0.2, 0.7, 0.99):
        path.write_bytes(whole[: int(end * share)])
        assert fates(tmp_path) == {path.name: "corrupt-archive", "beside": "indexed"}, share
    with pytest.raises(Fatal, match="corrupt-archive"):
        fates(tmp_path, snapshot=True)  # else all that the archive held would seem to be gone


def test_a_tar_cut_between_two_members_is_told(tmp_path: Path) -> None:
    """tarfile takes it for whole."""
    path = pack(tmp_path / "study.tar", {str(n): dicom(n) for n in range(3)})
    with tarfile.open(path) as tar:
        third = tar.getmembers()[2].offset
    path.write_bytes(path.read_bytes()[:third])
    assert fates(tmp_path) == {"study.tar": "corrupt-archive"}


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_damage_inside_is_told_of_its_member(kind: str, tmp_path: Path) -> None:
    path = pack(tmp_path / f"study.{kind}", {str(n): dicom(n) for n in range(3)}, level=0)
    data = bytearray(path.read_bytes())
    at = data.find(bytes([1] * 16))
    data[at] ^= 0xFF  # a pixel of the second image
    path.write_bytes(data)
    found = Counter(fates(tmp_path).values())
    if kind == "zip":
        assert found == {"indexed": 2, "corrupt-archive": 1}
    else:  # one checksum over the whole
        assert found == {"corrupt-archive": 1}


# Bombs


def test_a_member_that_unfolds_beyond_measure_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "study.zip", "w", zipfile.ZIP_DEFLATED) as zipped:
        with zipped.open("bomb", "w") as member:
            for _ in range(80):
                member.write(bytes(1 << 20))
        zipped.writestr("image", dicom())
    assert fates(tmp_path) == {"study.zip!/bomb": "archive-bomb", "study.zip!/image": "indexed"}


def traced(call: Callable[[], Any]) -> tuple[Any, int]:
    tracemalloc.start()
    try:
        return call(), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_member_larger_than_its_directory_says_is_cut_there(tmp_path: Path) -> None:
    """A directory that lies small has no more inflated than it says; the checksum tells."""
    path = pack(tmp_path / "study.zip", {"bomb": dicom() + bytes(64 << 20)})
    with zipfile.ZipFile(path, "a") as zipped:
        zipped.getinfo("bomb").file_size = 2000
        zipped.comment = b"written anew"
    found, peak = traced(lambda: fates(tmp_path))
    assert found == {"study.zip!/bomb": "corrupt-archive"} and peak < 8 << 20


@pytest.mark.parametrize("what", ["content", "long name", "many members"])
def test_a_packed_tar_that_unfolds_beyond_measure_is_refused(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("contracts.archive_index.TOTAL_BYTES", 16 << 20)
    monkeypatch.setattr("contracts.archive_index.MEMBER_LIMIT", 5_000)
    info = tarfile.TarInfo("x")
    head = info.tobuf()
    if what != "many members":
        info.size = 40 << 20
        info.type = tarfile.GNUTYPE_LONGNAME if what == "long name" else tarfile.REGTYPE
        head, count = info.tobuf() + bytes(info.size), 1
    else:
        count = 5_001
    import gzip

    (tmp_path / "study.tgz").write_bytes(gzip.compress(head * count + bytes(1024), 9))
    found, peak = traced(lambda: fates(tmp_path))
    assert found == {"study.tgz": "archive-bomb"} and peak < 40 << 20


def test_a_directory_of_a_zip_that_is_beyond_measure_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack(tmp_path / "study.zip", {f"{n:05}{PATIENT}": b"" for n in range(20000)})
    monkeypatch.setattr("contracts.archive_index.MEMBER_LIMIT", 1000)
    found, peak = traced(lambda: fates(tmp_path))
    assert found == {"study.zip": "archive-bomb"} and peak < 3 << 20


# Entering in the middle


def test_a_packed_tar_is_entered_near_its_members(tmp_path: Path) -> None:
    """What is inflated to read every member, in any order, is linear in the archive."""
    import random

    noise = random.Random(5)
    members = {f"{n:03}": noise.randbytes(40_000) for n in range(300)}
    path = pack(tmp_path / "study.tgz", members, level=1)
    inflated = 0

    class Counting(Inflated):
        def _inflate(self, data: bytes) -> bytes:
            nonlocal inflated
            piece = super()._inflate(data)
            inflated += len(piece)
            return piece

    order = list(members)
    noise.shuffle(order)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("contracts.archive_index.Inflated", Counting)
        for name in order:
            with MemberPlace(LocalPlace(path), name).open() as opened:
                assert opened.read() == members[name]
    assert inflated < 6 * sum(map(len, members.values()))  # without places to enter at: some 150 times


def test_inflating_goes_anywhere_and_over_many_members_of_gzip(tmp_path: Path) -> None:
    import gzip
    import random

    noise = random.Random(7)
    data = b"".join(noise.randbytes(1000) * noise.randint(1, 900) for _ in range(12))
    cuts = sorted(noise.randrange(len(data)) for _ in range(4))
    pieces = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    (tmp_path / "a.gz").write_bytes(b"".join(map(gzip.compress, pieces)) + bytes(700))  # and padding
    points = Points()
    for _ in range(2):  # with the places of the first time, too
        stream = io.BufferedReader(Inflated((tmp_path / "a.gz").open("rb"), points, lambda a, b: None))
        for _ in range(40):
            at = noise.randrange(len(data) + 10)
            stream.seek(at)
            assert stream.read(500) == data[at : at + 500]
        assert stream.seek(0, io.SEEK_END) == len(data)
        stream.close()


def test_an_object_is_made_of_a_packed_member_by_unpacking_it_once(
    ward: Ward, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tasks.dicom.objects import ObjectJob, ObjectTask, make_object

    pack(tmp_path / "export" / "study.zip", {"one": dicom(1), "two": dicom(2)})
    pack(tmp_path / "export" / "study.tar", {"one": dicom(3)})
    shutil.copy(pack(tmp_path / "x.tgz", {"one": dicom(4)}), tmp_path / "export")
    outcome = ward.night()
    opened: list[str] = []
    original = MemberPlace.open

    def counted(place: MemberPlace) -> Any:
        opened.append(place.name)
        return original(place)

    monkeypatch.setattr(MemberPlace, "open", counted)
    for number, unit in enumerate(outcome.to_read):
        opened.clear()
        place = ward.room.reading(unit).place
        assert isinstance(place, MemberPlace)
        job = ObjectJob(str(ward.room.home.path), "2026-03-01", ObjectTask(number, 1, 1, unit, "x"))
        assert make_object(job)["status"] == "written"
        assert len(opened) <= 2 or not place.packed, "identity, and the copy"
    assert not list((ward.room.home.landing / "clear").glob("*"))
