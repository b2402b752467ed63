"""However the same HL7 v2 messages, rows of CSV and C-CDA documents arrive, in whatever files and order: one lake."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.units import Source
from tests import hl7v2_messages as hl7
from tests.conformance import ccda_sample as cda
from tests.conformance.csv_samples import csv_export
from tests.properties.nights import FEW, Night, lake_of, make_home, make_night

SOME = settings(FEW, max_examples=max(2, FEW.max_examples // 2))
Files = Sequence[tuple[str, bytes]]


def _night(room: Path, kind: str, files: Files) -> tuple[Night, int]:
    """A first night over these files, and how many persons it knows."""
    here = room / uuid4().hex
    (here / "export").mkdir(parents=True)
    for name, data in files:
        (here / "export" / name).write_bytes(data)
    home = make_home(here / "home")
    try:
        night = make_night(home, [Source("ward", kind, str(here / "export"), authority="st-elsewhere")])
        account = night.accounts["ward"]
        assert account.balanced and not account.fates["quarantined"], dict(account.reasons)
        return night, lake_of(home).rows("omop.person")
    finally:
        shutil.rmtree(here)


_PLAIN: dict[str, tuple[Night, int]] = {}


def _plain(room: Path, name: str, kind: str, files: Files) -> tuple[Night, int]:
    """The night to compare with, made once for all examples of a test."""
    if name not in _PLAIN:
        _PLAIN[name] = _night(room, kind, files)
    return _PLAIN[name]


def _dealt(data: st.DataObject, things: Sequence[bytes], most: int = 3) -> list[list[bytes]]:
    """The things in any order, in one to `most` lots; a lot may be empty."""
    lots: list[list[bytes]] = [[] for _ in range(data.draw(st.integers(1, most)))]
    for thing in data.draw(st.permutations(things)):
        lots[data.draw(st.integers(0, len(lots) - 1))].append(thing)
    return [lot for lot in lots if lot]


_MESSAGES = [m.encode() for key in ("", "-b") for m in hl7.everything(key)]
_MERGES = [
    hl7.merge("MRN-8801277", "MRN-5550001", sent="20230701080000-0400").encode(),
    hl7.merge("MRN-5550001", "MRN-8801278", sent="20230702080000-0400").encode(),
]


def _feed(lots: Sequence[Sequence[bytes]]) -> Files:
    return [(f"{number}.hl7", b"".join(lot)) for number, lot in enumerate(lots)]


@SOME
@given(data=st.data())
def test_messages_in_any_order_and_split_make_one_lake(tmp_path: Path, data: st.DataObject) -> None:
    plain, people = _plain(tmp_path, "messages", "hl7v2", _feed([_MESSAGES]))
    dealt, _ = _night(tmp_path, "hl7v2", _feed(_dealt(data, _MESSAGES)))
    assert people == 2
    assert dealt.content == plain.content


@SOME
@given(data=st.data())
def test_merges_may_come_at_any_place(tmp_path: Path, data: st.DataObject) -> None:
    """A40, twice in a chain: before, among or after what is told of the people, each order gives one person."""
    plain, people = _plain(tmp_path, "merges", "hl7v2", _feed([[*_MESSAGES, *_MERGES]]))
    dealt, others = _night(tmp_path, "hl7v2", _feed(_dealt(data, [*_MERGES, *_MESSAGES])))
    assert (people, others) == (1, 1)
    assert dealt.content == plain.content


@SOME
@given(data=st.data())
def test_rows_of_csv_in_any_order_and_split_make_one_lake(tmp_path: Path, data: st.DataObject) -> None:
    sample = tmp_path / uuid4().hex
    sample.mkdir()
    csv_export(sample, 1)
    fixed = [(path.name, path.read_bytes()) for path in sorted(sample.iterdir()) if path.name != "ward.csv"]
    head, _, body = (sample / "ward.csv").read_bytes().partition(b"\r\n")
    rows = [row + b"\r\n" for row in body.split(b"\r\n") if row]  # the break within a cell is a bare LF
    assert len(rows) == 20
    plain, _ = _plain(tmp_path, "rows", "csv", [*fixed, ("ward.csv", head + b"\r\n" + body)])
    lots = _dealt(data, rows)
    files = [(f"{n}-ward.csv", b"".join([head, b"\r\n", *lot])) for n, lot in enumerate(lots)]
    dealt, _ = _night(tmp_path, "csv", [*fixed, *files])
    assert dealt.content == plain.content


_DOCUMENTS = [
    cda.everything(person, f"-{turn}-{number}").encode()
    for turn in range(2)
    for number, person in enumerate((cda.ZEBEDIAH, cda.OTTOLINE))
]


@SOME
@given(data=st.data())
def test_documents_under_any_name_or_packed_make_one_lake(tmp_path: Path, data: st.DataObject) -> None:
    plain, people = _plain(
        tmp_path, "documents", "ccda", [(f"{n}.xml", one) for n, one in enumerate(_DOCUMENTS)]
    )
    files: list[tuple[str, bytes]] = []
    for number, lot in enumerate(_dealt(data, _DOCUMENTS)):
        named = [(f"{number}-{n}.xml", one) for n, one in enumerate(lot)]
        files += [(f"{number}.zip", _zip(tmp_path, named))] if data.draw(st.booleans()) else named
    dealt, _ = _night(tmp_path, "ccda", files)
    assert people == 2
    assert dealt.content == plain.content


def _zip(room: Path, files: Files) -> bytes:
    path = room / f"{uuid4().hex}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return path.read_bytes()
