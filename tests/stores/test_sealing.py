from __future__ import annotations

import io
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.errors import Fatal, Retriable
from contracts.keys import Key
from stores import sealing
from stores.sealing import open_sealed, seal, seal_stream, unseal

KEY = Key("k", bytes(range(32)))
SIZES = [0, 1, sealing.CHUNK_BYTES - 1, sealing.CHUNK_BYTES, sealing.CHUNK_BYTES + 1, 3 * sealing.CHUNK_BYTES]


@pytest.mark.parametrize("size", SIZES)
def test_what_is_sealed_comes_back(size: int, tmp_path: Path) -> None:
    data = os.urandom(size)
    assert unseal(KEY, "p", seal(KEY, "p", data, "x"), "x") == data
    path = tmp_path / "f.sealed"
    assert seal_stream(KEY, "p", io.BytesIO(data), path, "x") == size
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in tmp_path.iterdir()] == ["f.sealed"]
    with open_sealed(KEY, "p", path, "x") as file:
        assert file.read() == data
    assert unseal(KEY, "p", path.read_bytes(), "x") == data


def test_the_same_bytes_are_never_sealed_the_same() -> None:
    first, second = seal(KEY, "p", b"Anna"), seal(KEY, "p", b"Anna")
    assert first != second and b"Anna" not in first
    assert first[sealing.HEADER_BYTES :] != second[sealing.HEADER_BYTES :]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(reads=st.lists(st.tuples(st.integers(0, 2_700_000), st.integers(0, 1_500_000)), max_size=6))
def test_a_sealed_file_can_be_read_anywhere(
    reads: list[tuple[int, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    data = (bytes(range(256)) * 10_000)[: 2 * sealing.CHUNK_BYTES + 12_345]
    path = tmp_path_factory.getbasetemp() / "anywhere.sealed"
    if not path.exists():
        seal_stream(KEY, "p", io.BytesIO(data), path)
    with open_sealed(KEY, "p", path) as file:
        for start, count in reads:
            file.seek(start)
            assert file.read(count) == data[start : start + count]
        assert file.seek(0, io.SEEK_END) == len(data)


TAMPERING: dict[str, Callable[[bytes], bytes]] = {
    "a bit flipped": lambda s: s[:-20] + bytes([s[-20] ^ 1]) + s[-19:],
    "the salt changed": lambda s: s[:5] + bytes([s[5] ^ 1]) + s[6:],
    "the magic changed": lambda s: b"X" + s[1:],
    "cut inside a chunk": lambda s: s[:-1],
    "cut between chunks": lambda s: s[: sealing.HEADER_BYTES + sealing.STORED_BYTES],
    "cut to the header": lambda s: s[: sealing.HEADER_BYTES],
    "emptied": lambda s: b"",
    "extended": lambda s: s + b"\0",
    "chunks swapped": lambda s: (
        s[: sealing.HEADER_BYTES]
        + s[sealing.HEADER_BYTES + sealing.STORED_BYTES : sealing.HEADER_BYTES + 2 * sealing.STORED_BYTES]
        + s[sealing.HEADER_BYTES : sealing.HEADER_BYTES + sealing.STORED_BYTES]
        + s[sealing.HEADER_BYTES + 2 * sealing.STORED_BYTES :]
    ),
}


@pytest.mark.parametrize("name", TAMPERING)
def test_tampering_is_noticed(name: str, tmp_path: Path) -> None:
    sealed = TAMPERING[name](seal(KEY, "p", os.urandom(2 * sealing.CHUNK_BYTES + 100)))
    with pytest.raises(Fatal, match="changed, cut, or sealed with another key"):
        unseal(KEY, "p", sealed)
    path = tmp_path / "f.sealed"
    path.write_bytes(sealed)
    with pytest.raises(Fatal), open_sealed(KEY, "p", path) as file:
        file.read()


def test_another_key_purpose_or_place_does_not_open_it() -> None:
    sealed = seal(KEY, "p", b"data", "place")
    for key, purpose, place in [
        (Key("k", b"\1" * 32), "p", "place"),
        (KEY, "q", "place"),
        (KEY, "p", "elsewhere"),
    ]:
        with pytest.raises(Fatal):
            unseal(key, purpose, sealed, place)


def test_a_cut_file_is_noticed_when_it_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "f.sealed"
    seal_stream(KEY, "p", io.BytesIO(bytes(3 * sealing.CHUNK_BYTES)), path)
    os.truncate(path, sealing.HEADER_BYTES + 2 * sealing.STORED_BYTES)
    with pytest.raises(Fatal):
        open_sealed(KEY, "p", path)


def test_a_failing_source_leaves_no_file(tmp_path: Path) -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        seal_stream(KEY, "p", Failing(), tmp_path / "f.sealed")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_file_does_not_tell_its_path(tmp_path: Path) -> None:
    with pytest.raises(Retriable) as caught:
        open_sealed(KEY, "p", tmp_path / "DOE^JANE.sealed")
    assert "DOE" not in str(caught.value)
