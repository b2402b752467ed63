"""Sample sheets tie samples to patients' numbers, whatever a laboratory calls its columns."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.crosswalk import Links
from connectors.sample_sheet import Sheet, SheetLinks, is_crosswalk, read_sheet
from contracts.errors import Fatal, Rejected
from stores.places import LocalPlace

SHEET = Sheet("genome-lab", "st-elsewhere")


def _read(tmp_path: Path, text: str, sheet: Sheet = SHEET) -> Links:
    path = tmp_path / "sheet"
    path.write_text(text, encoding="utf-8")
    return read_sheet(LocalPlace(path), sheet)


def _ties(found: Links) -> set[tuple[str, str, str, str]]:
    return {(k.a.authority, k.a.identifier, k.b.authority, k.b.identifier) for k in found.links}


@pytest.mark.parametrize(
    "text",
    [
        "Sample ID,MRN\nS1,100\nS 2,200\n",
        "\ufeffplate;patient-id;sample_name\nA;100;S1\nA;200;S 2\n",
        "SampleName\tstatus\tSubject\nS1\tok\t100\nS 2\tok\t200\n",
    ],
)
def test_tables_of_many_laboratories(tmp_path: Path, text: str) -> None:
    told = {("genome-lab", "S1", "st-elsewhere", "100"), ("genome-lab", "S 2", "st-elsewhere", "200")}
    assert _ties(_read(tmp_path, text)) == told


def test_columns_may_be_named_by_the_source(tmp_path: Path) -> None:
    sheet = Sheet.of("h", {"samples": "lab", "sample_column": "Röhrchen", "patient_column": "Fall Nr"})
    assert sheet is not None
    assert _ties(_read(tmp_path, "Fall Nr,Röhrchen\n7,T1\n", sheet)) == {("lab", "T1", "h", "7")}


def test_pedigrees(tmp_path: Path) -> None:
    found = _read(tmp_path, "#fam\nF1 kid dad mum 1 2\nF1\tdad\t0\t0\t1\t1\n\n")
    assert _ties(found) == {("genome-lab", n, "st-elsewhere", n) for n in ("kid", "dad")}


def test_rows_that_tie_nobody_are_told_by_number(tmp_path: Path) -> None:
    found = _read(tmp_path, "sample,mrn\nS1,100\n,100\nS2,\nS3,1\nS3,2\nS1,100\n")
    assert _ties(found) == {("genome-lab", "S1", "st-elsewhere", "100")}
    told = [(3, "empty-identity"), (4, "empty-identity"), (5, "sample-of-two"), (6, "sample-of-two")]
    assert found.rejected == told


@pytest.mark.parametrize(
    ("text", "reason"),
    [("sample,plate\nS1,A\n", "missing-column"), ("a b c\n", "malformed-pedigree"), ("", "missing-column")],
)
def test_what_is_no_sheet_is_rejected_without_a_value(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(Rejected) as caught:
        _read(tmp_path, text)
    assert caught.value.reason == reason
    assert "S1" not in str(caught.value)


def test_a_source_without_samples_has_crosswalks(tmp_path: Path) -> None:
    assert Sheet.of("h", {}) is None
    with pytest.raises(Fatal):
        Sheet.of("h", {"sampels": "lab"})
    path = tmp_path / "links.csv"
    path.write_text("authority_a,identifier_a,authority_b,identifier_b\n")
    assert is_crosswalk(LocalPlace(path))


def _individuals(found: Links) -> list[tuple[str, str, tuple[str, ...]]]:
    assert isinstance(found, SheetLinks)
    return [(one.sample, one.sex, one.parents) for one in found.individuals]


def test_sex_and_parents_are_told_beside_the_ties(tmp_path: Path) -> None:
    family = [("kid", "female", ("dad", "mum")), ("dad", "male", ()), ("x", "", ("mum",))]
    assert _individuals(_read(tmp_path, "F1 kid dad mum 2 2\nF1 dad 0 0 1 1\nF1 x . mum 0 1\n")) == family
    table = "Sample,MRN,Sex at birth,Father,Mother\nkid,1,F,dad,mum\ndad,2,Male,,\nx,3,unknown,0,mum\n"
    assert _individuals(_read(tmp_path, table)) == family
    twice = _individuals(_read(tmp_path, "sample,mrn,sex\nS1,1,M\nS1,2,M\n"))
    assert twice == [], "whose a sample is must be clear before its sex is"


def test_every_row_is_counted(tmp_path: Path) -> None:
    found = _read(tmp_path, "sample,mrn\nS1,100\n,100\n\nS1,100\nS3,1\nS3,2\n")
    assert found.count == 5 == len(found.links) + len(found.rejected)
