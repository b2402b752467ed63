"""Reading delimited text: every row once, whatever is wrong with some of them; dates as declared, and never guessed."""

from __future__ import annotations

import csv
import gzip
import io
from dataclasses import dataclass
from typing import Any, BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.tabular import rows as reading
from connectors.tabular.moments import moment_reader, zone_of
from connectors.tabular.rows import Dialect, read_batches
from contracts.errors import Fatal, Rejected


@dataclass(frozen=True)
class Bytes:
    """A place whose bytes are at hand."""

    data: bytes
    name: str = "x.csv"

    @property
    def size(self) -> int:
        return len(self.data)

    def open(self) -> BinaryIO:
        return io.BytesIO(self.data)

    def local(self) -> Any:
        raise AssertionError("a table is read as a stream, never as a file")


def read(data: str | bytes, **dialect: Any) -> tuple[list[tuple[int, list[str]]], list[tuple[int, str]]]:
    """Rows with their numbers, and rejected numbers with their reasons."""
    good: list[tuple[int, list[str]]] = []
    bad: list[tuple[int, str]] = []
    for batch in read_batches(Bytes(data.encode() if isinstance(data, str) else data), Dialect(**dialect)):
        good += zip(batch.numbers, batch.cells, strict=True)
        bad += [(number, reason) for number, reason, _ in batch.rejected]
    return good, bad


def test_ragged_rows_are_rejected_with_their_number() -> None:
    good, bad = read("a,b\n1,2\n1\n1,2,3\n1,2,,\n\n3,4\n")
    assert [cells for _, cells in good] == [["1", "2"], ["1", "2"], ["3", "4"]]
    assert bad == [(1, "ragged-row"), (2, "ragged-row")]
    batch = next(read_batches(Bytes(b"a,b\n1,2\n1\n"), Dialect()))
    assert [batch.row(number) for number, *_ in batch.rejected] == ["row 3"]


def test_quotes_line_breaks_and_marks_of_byte_order() -> None:
    text = 'a;b\r\n"1\r\n2";"say ""no"""\r\n5" pipe;x\r\n'
    expected = [(0, ["1\r\n2", 'say "no"']), (1, ['5" pipe', "x"])]
    assert read("\ufeff" + text, delimiter=";") == (expected, [])
    assert read(text.encode("utf-16"), delimiter=";", encoding="utf-16") == (expected, [])
    assert read(gzip.compress(text.encode()), delimiter=";") == (expected, [])
    assert read("a\r1\r2\r")[0] == [(0, ["1"]), (1, ["2"])]
    assert read("1,é\n".encode("latin-1"), encoding="latin-1", header=False)[0] == [(0, ["1", "é"])]


def test_a_quote_that_is_not_closed_costs_its_own_line() -> None:
    good, bad = read('a,b\n1,2\n3,"4\n5,6\n7,8\n')
    assert [cells for _, cells in good] == [["1", "2"], ["5", "6"], ["7", "8"]]
    assert bad == [(1, "malformed-csv")]
    good, bad = read('a,b\n1,"2"x\n3,4\n')
    assert [cells for _, cells in good] == [["3", "4"]] and bad == [(0, "malformed-csv")]
    with pytest.raises(Rejected, match="malformed-csv"):
        read("a,b\n" + '1,"2\n3,4\n' * 2 * 201)


def test_bytes_of_no_character_cost_one_row() -> None:
    good, bad = read(b"a,b\n1,\xff\n2,\0\n3,ok\n")
    assert good == [(2, ["3", "ok"])]
    assert bad == [(0, "invalid-encoding"), (1, "nul-byte")]
    with pytest.raises(Rejected, match="wrong-encoding"):
        read(b"a,b\n1,2\n\x00", encoding="utf-16")


def test_huge_cells_are_read_and_longer_lines_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    long = "x" * (2 << 20)
    assert read(f"a,b\n1,{long}\n2,3\n")[0] == [(0, ["1", long]), (1, ["2", "3"])]
    monkeypatch.setattr("connectors.tabular.lines.LINE_LIMIT", 1000)
    monkeypatch.setattr(reading, "LINE_LIMIT", 1000)
    good, bad = read(f"a,b\n1,{long}\n2,3\n")
    assert good == [(1, ["2", "3"])] and bad == [(0, "row-too-long")]


def test_empty_files_and_mere_headers() -> None:
    assert read("") == ([], [])
    assert read("a,b\n") == ([], [])
    assert [batch.header for batch in read_batches(Bytes(b"a,b,\n"), Dialect())] == [("a", "b")]
    for data, reason in (
        (b"a,b", "cut-off"),
        (b"\n\n", "no-column-names"),
        (b"\0\0\n", "no-column-names"),
        (b"\xff\n", "no-column-names"),
    ):
        with pytest.raises(Rejected, match=reason):
            read(data)
    with pytest.raises(Rejected, match="corrupt-gzip"):
        read(gzip.compress(b"a,b\n1,2\n" * 9000)[:-30])


def test_batches_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    data = Bytes(b"a,b\n" + b"1,2\n" * 1000)
    monkeypatch.setattr(reading, "BATCH_CHARACTERS", 400)
    sizes = [len(batch.numbers) for batch in read_batches(data, Dialect())]
    assert sum(sizes) == 1000 and max(sizes) == 100


CELLS = st.lists(st.lists(st.text(max_size=5), min_size=3, max_size=3), max_size=8)


@given(CELLS, st.sampled_from([",", ";", "\t", "|"]), st.sampled_from(["utf-8", "utf-16"]))
def test_what_is_written_is_read(table: list[list[str]], delimiter: str, encoding: str) -> None:
    """But for NUL and lone surrogates, which are told, and rows of nothing at all."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([["a", "b", "c"], *table])
    good, bad = read(text.getvalue().encode(encoding, "replace"), delimiter=delimiter, encoding=encoding)
    nul = [number for number, row in enumerate(table) if any("\0" in cell for cell in row)]
    assert [number for number, reason in bad if reason == "nul-byte"] == nul == [number for number, _ in bad]
    assert [cells for _, cells in good] == [row for number, row in enumerate(table) if number not in nul]


@pytest.mark.parametrize(
    ("formats", "text", "expected"),
    [
        (["ISO"], "2023-05-04", ("2023-05-04", None)),
        (["ISO"], "2023-05", ("2023-05", None)),
        (["ISO"], "1998", ("1998", None)),
        (["ISO"], "2023-05-04T23:30:00Z", ("2023-05-05", "2023-05-05T01:30:00")),
        (["ISO"], "2023-05-04 23:30", ("2023-05-04", "2023-05-04T23:30:00")),
        (["ISO"], "2023-05-04T23:30:00.123-0500", ("2023-05-05", "2023-05-05T06:30:00")),
        (["ISO"], "04.05.2023", None),
        (["ISO"], "2023-02-30", None),
        (["DD.MM.YYYY HH:mm", "DD.MM.YYYY"], "4.5.2023", ("2023-05-04", None)),
        (["DD.MM.YYYY HH:mm", "DD.MM.YYYY"], "04.05.2023 8:07", ("2023-05-04", "2023-05-04T08:07:00")),
        (["MM/DD/YYYY"], "13/05/2023", None),
        (["MM/DD/YYYY"], "05/13/2023", ("2023-05-13", None)),
        (["YYYYMMDD"], "20230504", ("2023-05-04", None)),
        (["YYYYMMDD"], "2023054", None),
        (["DD-MON-YYYY"], "04-May-2023", ("2023-05-04", None)),
        (["DD-MON-YYYY"], "04-Mai-2023", None),
        (["MM.YYYY", "YYYY"], "05.2023", ("2023-05", None)),
        (["YYYY-MM-DD HH:mm:SS.fff"], "2023-05-04 01:02:03.456789", ("2023-05-04", "2023-05-04T01:02:03")),
    ],
)
def test_moments_are_read_as_declared(
    formats: list[str], text: str, expected: tuple[str, str | None] | None
) -> None:
    assert moment_reader(formats, zone_of("Europe/Vienna"))(text) == expected


@pytest.mark.parametrize(
    "formats",
    [
        ["DD/MM/YYYY", "MM/DD/YYYY"],
        ["YYYYMMDD", "YYYYDDMM"],
        ["DD.MM"],
        ["DD.MM.YY"],
        ["YYYY HH:mm"],
        ["MM MON YYYY"],
    ],
)
def test_formats_that_would_have_to_guess_are_refused(formats: list[str]) -> None:
    with pytest.raises(Fatal):
        moment_reader(formats, zone_of("UTC"))
