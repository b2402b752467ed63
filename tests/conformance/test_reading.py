"""What every connector's `read` owes: declared tables, each record once, the same whatever the parts."""

from __future__ import annotations

import gzip
import random
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from contracts.errors import Rejected
from contracts.protocols import Reading
from contracts.schemas import IGNORED, REJECTED
from contracts.units import WHOLE
from tests.accounts import counts
from tests.conformance.reading import REASON, Found, Sample, read_unit

_OWN = {"file": ("_record", "_digest"), "record": ("_record", "_owner", "_version", "_digest")}


def test_declared_columns_carry_what_publication_needs(sample: Sample) -> None:
    for name, schema in sample.connector.tables.items():
        missing = set(_OWN[sample.connector.ownership]) - set(schema.names)
        assert not missing, f"{name} lacks {missing}"
        assert schema.field("_record").type == pa.int64()


def test_rows_are_as_declared(sample: Sample) -> None:
    declared = {**sample.connector.tables, "rejected": REJECTED, "ignored": IGNORED}
    seen = set()
    for one in sample.readings():
        found = read_unit(sample.connector, one)
        assert found.rejection is None and not found.rows("rejected"), "the sample must be valid"
        for table, batches in found.tables.items():
            assert table in declared
            seen.add(table)
            for batch in batches:
                given = {f.name: f.type for f in batch.schema}
                assert given | {f.name: f.type for f in declared[table]} == given, table
                required = [f.name for f in declared[table] if not f.nullable]
                assert all(batch.column(name).null_count == 0 for name in required)
    assert seen - {"rejected", "ignored"} == set(sample.connector.tables), "the sample must fill every table"


def test_every_record_once(sample: Sample) -> None:
    for one in sample.readings():
        found = read_unit(sample.connector, one)
        numbers = [
            n
            for bs in found.tables.values()
            for b in bs
            if counts(b)
            for n in b.column("_record").to_pylist()
        ]
        assert len(numbers) == len(set(numbers)) > 0
        assert min(numbers) >= 0


def test_the_connector_counts_what_it_meets(sample: Sample) -> None:
    """`read_unit` holds every reading in this suite to it; here it counts something, in parts and as a whole."""
    for one in sample.readings():
        found = read_unit(sample.connector, one)
        assert found.met == found.count > 0
        assert read_unit(sample.connector, one, [WHOLE]).met == found.met


def test_reading_again_gives_the_same(sample: Sample) -> None:
    for one in sample.readings():
        assert read_unit(sample.connector, one).sorted() == read_unit(sample.connector, one).sorted()


@pytest.mark.parametrize("size", [1, 77, 1000, 4096])
def test_reading_in_parts_is_reading_the_whole(
    sample: Sample, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connector that reads parts names their size `PART_BYTES` in its module."""
    module = sys.modules[type(sample.connector).__module__]
    if hasattr(module, "PART_BYTES"):
        monkeypatch.setattr(module, "PART_BYTES", size)
    for one in sample.readings():
        parts = sample.connector.parts(one)
        if hasattr(module, "PART_BYTES") and one.place.size > size:
            assert len(parts) > 1
        whole = _without_places(read_unit(sample.connector, one, [WHOLE]))
        assert _without_places(read_unit(sample.connector, one, parts)) == whole
        backwards = list(reversed(parts))
        assert _without_places(read_unit(sample.connector, one, backwards)) == whole


def _without_places(found: Found) -> dict[str, list[dict[str, object]]]:
    """A part begun in the middle knows no line numbers: it says by byte where a record is."""
    return {
        t: [{k: v for k, v in row.items() if k != "where"} for row in rows]
        for t, rows in found.sorted().items()
    }


def test_an_empty_file_is_a_success_of_none_or_a_known_rejection(sample: Sample, tmp_path: Path) -> None:
    found = _read_damaged(sample, tmp_path, "empty", b"")
    assert all(not found.rows(table) for table in sample.connector.tables)
    assert not found.rows("rejected") or found.rejection is None


@pytest.mark.parametrize("share", [0.1, 0.35, 0.5, 0.75, 0.9])
def test_a_truncated_file_is_no_silent_success(sample: Sample, tmp_path: Path, share: float) -> None:
    for number, one in enumerate(sample.readings()):
        data = _bytes(one)
        found = _read_damaged(sample, tmp_path / str(number), "cut", data[: int(len(data) * share)])
        assert found.rejection or found.count > 0
        whole = read_unit(sample.connector, one)
        assert found.count <= whole.count


GARBAGE = {
    "noise": random.Random(7).randbytes(5000),
    "words": b"Zebediah Quillfeather, MRN-8801277, was here.\n" * 40,
    "braces": b'{"resourceType": "Patient", "name": [{"family": "Quillfeather"' * 3,
    "gzip-of-noise": gzip.compress(random.Random(8).randbytes(3000)),
    "broken-gzip": gzip.compress(b"Quillfeather;Zebediah\n" * 500)[:60],
    "utf-16": "name;number\nQuillfeather;MRN-8801277\n".encode("utf-16"),
    "zeros": bytes(4096),
    "magic": bytes(128) + b"DICM" + b"Quillfeather^Zebediah" * 30,
    "header": b"##fileformat=VCFv4.3\n#CHROM\tPOS\tQuillfeather\n20\tx\tMRN-8801277\n",
}


@pytest.mark.parametrize("name", GARBAGE)
def test_garbage_is_told(sample: Sample, tmp_path: Path, name: str) -> None:
    found = _read_damaged(sample, tmp_path, name, GARBAGE[name])
    assert found.rejection or found.count > 0
    kept = [row for table in sample.connector.tables for row in found.rows(table) if row["_record"] >= 0]
    assert kept == []


@pytest.mark.parametrize("seed", range(25))
def test_damage_anywhere_is_rejected_and_tells_nothing(sample: Sample, tmp_path: Path, seed: int) -> None:
    """Bytes are lost, doubled or changed: rows and rejected rows, or one rejection; no text tells a value."""
    chance = random.Random(seed)
    for number, one in enumerate(sample.readings()):
        data = bytearray(_bytes(one))
        for _ in range(chance.randint(1, 6)):
            at = chance.randrange(len(data))
            match chance.randrange(4):
                case 0:
                    del data[at : at + chance.randint(1, 40)]
                case 1:
                    data[at:at] = data[at : at + chance.randint(1, 40)]
                case 2:
                    data[at] = chance.randrange(256)
                case _:
                    data[at : at + 4] = chance.randbytes(4)
        _read_damaged(sample, tmp_path / str(number), "damaged", bytes(data))


def _read_damaged(sample: Sample, folder: Path, name: str, data: bytes) -> Found:
    """Read a damaged file, hold what is told of it to the rules, and return what was found."""
    one = sample.damaged(folder, name, data)
    found = read_unit(sample.connector, one)
    if found.rejection is not None:
        assert REASON.fullmatch(found.rejection.reason)
        documented = type(sample.connector).read.__doc__ or ""
        assert f"`{found.rejection.reason}`" in documented, (
            f"read's docstring must name {found.rejection.reason}"
        )
    for row in found.rows("rejected"):
        assert REASON.fullmatch(row["reason"])
    for text in found.told():
        assert not any(canary in text for canary in sample.canaries), "a value of the record is told"
        assert str(folder) not in text and one.place.name not in text
    _identities_do_not_stumble(sample, one)
    return found


def _identities_do_not_stumble(sample: Sample, one: Reading) -> None:
    stopped: Rejected | None = None
    try:
        assert all(identity.authority for identity in sample.connector.identities(one))
    except Rejected as rejected:
        stopped = rejected
    if stopped is not None:
        assert REASON.fullmatch(stopped.reason)
        assert not any(canary in str(stopped) for canary in sample.canaries)


def _bytes(one: Reading) -> bytes:
    with one.place.open() as file:
        return file.read()
