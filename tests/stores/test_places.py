from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import fsspec
import pytest

from contracts.errors import Fatal, Retriable
from contracts.units import Source
from stores.places import LocalPlace, place_of, sweep_copies


@pytest.fixture
def remote() -> Iterator[Any]:
    system = fsspec.filesystem("memory")
    system.pipe("/exports/sub/a.vcf.gz", b"variants")
    yield system
    system.rm("/exports", recursive=True)


def test_a_folder_and_a_single_file_are_read_in_place(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.dcm").write_bytes(b"1234")
    for location, path in [
        (tmp_path, "sub/a.dcm"),
        (tmp_path / "sub/a.dcm", ""),
        (tmp_path / "sub/a.dcm", "a.dcm"),
    ]:
        place = place_of(Source("s", "dicom", str(location)), path)
        assert (place.name, place.size) == ("a.dcm", 4)
        with place.open() as file:
            assert file.read() == b"1234"
        with place.local() as local:
            assert local == tmp_path / "sub" / "a.dcm"
    assert isinstance(place_of(Source("s", "dicom", f"file://{tmp_path}"), "sub/a.dcm"), LocalPlace)


def test_a_remote_object_gets_a_private_copy_for_a_while(tmp_path: Path, remote: Any) -> None:
    landing = tmp_path / "landing"
    place = place_of(Source("s", "vcf", "memory://exports"), "sub/a.vcf.gz", landing)
    assert (place.name, place.size) == ("a.vcf.gz", 8)
    with place.open() as file:
        assert file.read() == b"variants"
    with place.local() as local:
        assert local.read_bytes() == b"variants" and local.name.endswith(".vcf.gz")
        assert landing in local.parents
        assert stat.S_IMODE(local.stat().st_mode) == 0o600
        assert stat.S_IMODE(local.parent.stat().st_mode) == 0o700
    assert not local.exists() and not local.parent.exists()
    with pytest.raises(Fatal, match="landing area"):
        place_of(Source("s", "vcf", "memory://exports"), "sub/a.vcf.gz").local()


def test_a_copy_goes_even_when_reading_fails_and_keeps_no_name(tmp_path: Path, remote: Any) -> None:
    remote.pipe("/exports/Quiverton.Anna.dcm", b"x")
    place = place_of(Source("s", "dicom", "memory://exports"), "Quiverton.Anna.dcm", tmp_path)
    with suppress(ZeroDivisionError), place.local() as local:
        assert "Quiverton" not in str(local) and "Anna" not in str(local)
        raise ZeroDivisionError
    assert not local.exists()


def test_copies_of_the_dead_are_swept_and_those_of_the_living_stay(tmp_path: Path, remote: Any) -> None:
    place = place_of(Source("s", "vcf", "memory://exports"), "sub/a.vcf.gz", tmp_path)
    with place.local() as local:
        dead = local.parent.with_name(local.parent.name.replace(f".{os.getpid()}.", ".4194304."))
        dead.mkdir()
        (dead / "copy.vcf").write_bytes(b"variants")
        assert sweep_copies(tmp_path) == 1
        assert local.exists() and not dead.exists()


def test_a_path_cannot_lead_out_of_its_source(tmp_path: Path) -> None:
    for path in ("../secret", "a/../../secret", "/etc/passwd"):
        with pytest.raises(Fatal, match="leads out"):
            place_of(Source("s", "dicom", str(tmp_path)), path)


def test_errors_name_the_source_alone(tmp_path: Path, remote: Any) -> None:
    for location in (str(tmp_path), "memory://exports"):
        place = place_of(Source("s", "dicom", location), "Quiverton.dcm", tmp_path)
        for call in (
            place.open,
            lambda place=place: place.size,
            lambda place=place: place.local().__enter__(),
        ):
            with pytest.raises(Retriable, match="source s") as caught:
                call()
            assert "Quiverton" not in str(caught.value)
    with pytest.raises(Fatal, match="cannot be used") as failed:
        place_of(Source("s", "dicom", "nosuch://Quiverton"), "a")
    assert "Quiverton" not in str(failed.value)
