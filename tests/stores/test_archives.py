"""Members of archives as objects: listed, read, and refused where an archive was made to do harm."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path
from typing import BinaryIO

import fsspec
import pytest

from connectors.listing import list_beside, list_with_members
from contracts.archives import MemberPlace, join_path, list_members, split_path
from contracts.errors import Fatal, Rejected
from contracts.units import Source
from stores.places import LocalPlace, is_remote, place_of

PATIENT = "Quillfeather"


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def tarred(path: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


MEMBERS = {"b/two.csv": b"x" * 3000, "a.csv": b"1,2\n", "b/empty.csv": b""}


@pytest.mark.parametrize(("make", "name"), [(zipped, "export.zip"), (tarred, "export.tar")])
def test_members_are_listed_and_read_like_files(make, name: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    make(tmp_path / name, MEMBERS)
    (tmp_path / "z.csv").write_bytes(b"beside")
    listed = list_with_members(str(tmp_path), strict=True)
    inside = {join_path(name, member): data for member, data in MEMBERS.items()}
    assert [item.path for item in listed] == sorted([*inside, "z.csv"])
    source = Source("s", "omop", str(tmp_path))
    for item in listed[:-1]:
        place = place_of(source, item.path)
        with place.open() as opened:
            assert opened.read() == inside[item.path]
        assert place.size == item.stamp.size == len(inside[item.path])
        assert place.name == item.path.rpartition("/")[2]
        assert name not in repr(place)
    assert list_with_members(str(tmp_path / name), strict=True) == listed[:-1]


def test_a_changed_member_has_another_stamp(tmp_path: Path) -> None:
    path = zipped(tmp_path / "e.zip", {"a": b"1", "b": b"2"})
    before = list_with_members(str(path), strict=True)
    zipped(path, {"a": b"9", "b": b"2"})
    assert before[0].stamp != list_with_members(str(path), strict=True)[0].stamp


@pytest.mark.parametrize(("make", "name"), [(zipped, "e.zip"), (tarred, "e.tar")])
def test_members_are_entered_anywhere(make, name: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    data = bytes(range(256)) * 5000
    place = MemberPlace(LocalPlace(make(tmp_path / name, {"a.dcm": data})), "a.dcm")
    with place.open() as opened:
        opened.seek(700_000)
        assert opened.read(9) == data[700_000:700_009]
        opened.seek(3)
        assert opened.read() == data[3:]


def test_members_beside_are_those_of_the_same_folder(tmp_path: Path) -> None:
    path = zipped(tmp_path / "e.zip", MEMBERS)
    place = MemberPlace(LocalPlace(path), "b/two.csv")
    assert [other.member for other in place.beside()] == ["b/empty.csv", "b/two.csv"]
    assert [other.name for other in list_beside(str(path), "e.zip!/b/two.csv")] == ["empty.csv", "two.csv"]
    assert [other.name for other in list_beside(str(tmp_path), "e.zip")] == ["e.zip"]


def test_a_member_is_copied_where_a_reader_needs_a_file(tmp_path: Path) -> None:
    zipped(tmp_path / "e.zip", MEMBERS)
    source = Source("s", "dicom", str(tmp_path))
    with place_of(source, "e.zip!/b/two.csv", tmp_path / "landing").local() as copy:
        assert copy.read_bytes() == MEMBERS["b/two.csv"] and copy.stat().st_mode & 0o777 == 0o600
    assert not copy.exists()
    with pytest.raises(Fatal, match="landing"), place_of(source, "e.zip!/b/two.csv").local():
        pass


def test_members_of_a_remote_archive_are_read_and_are_remote(tmp_path: Path) -> None:
    system = fsspec.filesystem("memory")
    system.pipe("/hospital/e.zip", zipped(tmp_path / "e.zip", MEMBERS).read_bytes())
    try:
        listed = list_with_members("memory://hospital", strict=True)
        place = place_of(Source("s", "omop", "memory://hospital"), listed[-1].path)
        assert is_remote(place) and not is_remote(LocalPlace(tmp_path / "e.zip"))
        with place.open() as opened:
            assert opened.read() == MEMBERS["b/two.csv"]
        assert [one.name for one in list_beside("memory://hospital", listed[-1].path)] == [
            "empty.csv",
            "two.csv",
        ]
    finally:
        system.rm("/hospital", recursive=True)


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("a/b.zip!/c/d.csv", ("a/b.zip", "c/d.csv")),
        ("B.ZIP!/x.zip", ("B.ZIP", "x.zip")),
        ("a.tar!/b.zip!/c", ("a.tar", "b.zip!/c")),
        ("help!/c.csv", ("help!/c.csv", "")),
        ("a.zip", ("a.zip", "")),
    ],
)
def test_paths_of_members(path: str, parts: tuple[str, str]) -> None:
    found = split_path(path)
    assert found == parts or (path.startswith("a.tar!/b.zip") and found[1])


# Refused


def reason(path: Path) -> str:
    with pytest.raises(Rejected) as caught:
        list_members(LocalPlace(path))
    assert PATIENT not in str(caught.value) and path.name not in str(caught.value)
    return caught.value.reason


@pytest.mark.parametrize(
    "name", [f"../{PATIENT}.csv", f"/etc/{PATIENT}", f"a/../../{PATIENT}", f"C:\\{PATIENT}", f"..\\{PATIENT}"]
)
def test_names_that_lead_out_are_refused(name: str, tmp_path: Path) -> None:
    assert reason(zipped(tmp_path / "e.zip", {name: b"1"})) == "unsafe-archive"
    assert reason(tarred(tmp_path / "e.tar", {name: b"1"})) == "unsafe-archive"


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_stands_twice_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "e.zip", "w") as archive:
        archive.writestr("a", b"1")
        archive.writestr("a", b"2")
    assert reason(tmp_path / "e.zip") == "unsafe-archive"


def test_links_in_a_tar_are_no_members(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "e.tar", "w") as archive:
        link = tarfile.TarInfo("a.csv")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    assert list_members(LocalPlace(tmp_path / "e.tar")) == ()


def test_a_member_that_unfolds_beyond_measure_is_refused(tmp_path: Path) -> None:
    with (
        zipfile.ZipFile(tmp_path / "e.zip", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("a", "w") as member,
    ):
        for _ in range(80):
            member.write(bytes(1 << 20))
    assert reason(tmp_path / "e.zip") == "archive-bomb"


def test_members_that_overlap_are_refused(tmp_path: Path) -> None:
    """Two entries of the directory that unfold the same bytes, as in David Fifield's bombs."""
    path = zipped(tmp_path / "e.zip", {"a": b"1" * 500, "b": b"2" * 500})
    with zipfile.ZipFile(path, "a") as archive:
        archive.getinfo("b").header_offset = archive.getinfo("a").header_offset
        archive.getinfo("b").compress_size = archive.getinfo("a").compress_size
        archive.comment = b"written anew"
    assert reason(path) == "archive-bomb"


def test_an_encrypted_archive_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "e.zip", {"a": b"1" * 500})
    with zipfile.ZipFile(path, "a") as archive:
        archive.getinfo("a").flag_bits |= 1
        archive.comment = b"written anew"
    assert reason(path) == "encrypted-archive"


@pytest.mark.parametrize(("make", "name"), [(zipped, "e.zip"), (tarred, "e.tar")])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.7])
def test_a_cut_archive_is_told(make, name: str, share: float, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    path = make(tmp_path / name, {"a": bytes(range(256)) * 60})
    data = path.read_bytes()
    size = len(data) if name == "e.zip" else 15_872  # a tar is padded
    path.write_bytes(data[: int(size * share)])
    assert reason(path) == "corrupt-archive"
    (listed,) = list_with_members(str(tmp_path), strict=False)
    assert listed.path == name
    with pytest.raises(Fatal, match="corrupt-archive"):
        list_with_members(str(tmp_path), strict=True)


def test_damage_inside_a_member_shows_when_it_is_read(tmp_path: Path) -> None:
    path = zipped(tmp_path / "e.zip", {"a.csv": bytes(range(256)) * 40})
    data = bytearray(path.read_bytes())
    data[60] ^= 0xFF
    path.write_bytes(data)
    assert len(list_members(LocalPlace(path))) == 1

    def read(opened: BinaryIO) -> None:
        with opened:
            opened.read()

    with pytest.raises(Rejected, match="corrupt-archive"):
        read(MemberPlace(LocalPlace(path), "a.csv").open())
