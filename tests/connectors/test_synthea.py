"""The Synthea connector: files told by name or header, columns in any order, rows told apart, moments in local time."""

from __future__ import annotations

import csv
import gzip
import io
import random
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.synthea import SyntheaConnector
from connectors.synthea.layout import LAYOUTS, layout_of
from contracts.errors import Rejected
from contracts.keys import Key
from contracts.protocols import Finding, Reading
from contracts.units import WHOLE, Source, Unit
from stores.places import place_of
from tasks.cleaning import clean
from tests.accounts import accounted

KEY = Key("test", bytes(range(32)))
CARE = "START,STOP,PATIENT,ENCOUNTER,CODE,DESCRIPTION"


def reading(folder: Path, name: str, data: str | bytes, zone: str = "UTC") -> Reading:
    """A file of a source."""
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    source = Source("ward", "synthea", str(folder), authority="st-elsewhere", time_zone=zone)
    return Reading(Unit("ward/x", "ward", "synthea"), source, place_of(source, name), KEY)


def read(of: Reading) -> dict[str, list[dict[str, Any]]]:
    """All rows by table."""
    found: dict[str, list[dict[str, Any]]] = {}
    for table, batch in accounted(SyntheaConnector().read(of, WHOLE)):
        found.setdefault(table, []).extend(batch.to_pylist())
    return found


def rows(folder: Path, name: str, data: str | bytes, zone: str = "UTC") -> list[dict[str, Any]]:
    """The rows of a file of one table, none of them rejected."""
    (found,) = read(reading(folder, name, data, zone)).values()
    return found


def check(of: Reading) -> list[Finding]:
    return list(SyntheaConnector().check(of.place))


def test_every_layout_fills_a_declared_table() -> None:
    assert {f"synthea.{layout.table}" for layout in LAYOUTS} == set(SyntheaConnector.tables)
    for layout in LAYOUTS:
        fields = {column.field for column in layout.columns}
        assert set(layout.key) <= fields and set(layout.version) <= fields
        header = [column.names[0] for column in layout.columns]
        assert layout_of(f"{layout.file}.csv", header) is layout
        assert layout.strangers(header) == layout.absent(header) == []


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.file)
def test_a_file_without_a_telling_name_is_told_by_its_header(layout: Any) -> None:
    header = [column.names[0].lower() for column in layout.columns]
    random.Random(layout.file).shuffle(header)
    assert layout_of("export-7.csv", header) is layout


def test_real_files_are_told_by_their_headers_alone(shared: Path) -> None:
    for path in sorted((shared / "data/synthea-csv").glob("*.csv")):
        with path.open(newline="") as file:
            header = next(csv.reader(file))
        assert layout_of("x.csv", header).file == path.stem


def test_order_and_case_of_columns_and_their_strangers_change_nothing(tmp_path: Path) -> None:
    plain = rows(tmp_path, "conditions.csv", f"{CARE}\n2020-01-02,,p1,e1,44054006,Diabetes\n")
    other = rows(
        tmp_path,
        "conditions_2.csv",
        "description,Extra,encounter,code,PATIENT,stop,start\nDiabetes,x,e1,44054006,p1,,2020-01-02\n",
    )
    assert (plain[0]["unknown_columns"], other[0]["unknown_columns"]) == (0, 1)
    assert plain == [{**other[0], "unknown_columns": 0}]


def test_missing_columns_are_counted_and_required_ones_refused(tmp_path: Path) -> None:
    (row,) = rows(
        tmp_path, "observations.csv", "DATE,PATIENT,ENCOUNTER,CODE,DESCRIPTION,VALUE\n2020,p,,8302-2,H,1\n"
    )
    assert (
        row["missing_columns"] == 2
    )  # UNITS and TYPE; CATEGORY and SYSTEM came with later versions of Synthea
    assert row["value_text"] == "1"
    with pytest.raises(Rejected) as caught:
        read(reading(tmp_path, "conditions.csv", "START,STOP,PATIENT,ENCOUNTER\n2020-01-02,,p1,e1\n"))
    assert caught.value.reason == "missing-column" and "CODE" in caught.value.place
    with pytest.raises(Rejected) as caught:
        read(reading(tmp_path, "conditions.csv", f"{CARE},code\n2020-01-02,,p1,e1,1,D,2\n"))
    assert caught.value.reason == "duplicate-column"
    with pytest.raises(Rejected, match="not-synthea"):
        read(reading(tmp_path, "anything.csv", "a,b\n1,2\n"))


def test_moments_in_utc_come_in_the_zone_of_the_source(tmp_path: Path) -> None:
    text = (
        "Id,START,STOP,PATIENT,ENCOUNTERCLASS,CODE\n"
        "e1,2023-01-27T02:17:47Z,2023-07-27T02:17:47Z,p,ambulatory,1\n"  # winter and summer
        "e2,2023-01-27T02:17:47,2023-01-28,p,inpatient,1\n"
        "e3,2023-01-27T02:17:47+02:00,2023-01-27 03:00:00,p,?,1\n"
    )
    first, second, third = rows(tmp_path, "encounters.csv", text, "America/New_York")
    assert (first["start_date"], first["start_datetime"]) == ("2023-01-26", "2023-01-26T21:17:47")
    assert (first["end_date"], first["end_datetime"]) == ("2023-07-26", "2023-07-26T22:17:47")
    assert (second["start_datetime"], second["end_date"]) == ("2023-01-27T02:17:47", "2023-01-28")
    assert second["end_datetime"] is None
    assert third["start_datetime"] == "2023-01-26T19:17:47"
    assert third["encounter_class"] is None
    assert first["_version"] == "2023-07-26T22:17:47"


def test_an_end_that_comes_to_be_known_is_a_newer_version_of_the_row(tmp_path: Path) -> None:
    text = f"{CARE}\n2020-01-02,,p1,e1,44054006,Diabetes\n2020-01-02,2020-03-01,p1,e1,44054006,Diabetes\n"
    before, after = rows(tmp_path, "conditions.csv", text)
    assert before["_owner"] == after["_owner"] and before["_digest"] != after["_digest"]
    assert before["_version"] < after["_version"]
    (cost,) = (
        [row["_owner"]] for row in rows(tmp_path, "conditions.csv", f"{CARE}\n2020-01-03,,p1,e1,44054006,D\n")
    )
    assert cost != [before["_owner"]]


def test_prescriptions_that_differ_in_price_are_two(tmp_path: Path) -> None:
    head = "START,STOP,PATIENT,ENCOUNTER,CODE,DESCRIPTION,BASE_COST,DISPENSES\n"
    text = f"{head}2020-01-02,,p,e,197361,A,25.31,1\n2020-01-02,2021-01-02,p,e,197361,A,26.05,12\n"
    assert len({row["_owner"] for row in rows(tmp_path, "medications.csv", text)}) == 2


def test_observations_are_numbers_words_or_codes_by_their_type(tmp_path: Path) -> None:
    head = "DATE,PATIENT,ENCOUNTER,CATEGORY,CODE,DESCRIPTION,VALUE,UNITS,TYPE\n"
    lines = [
        "2020-01-02,p,e,laboratory,2951-2,Na,138.5,mmol/L,numeric",
        "2020-01-02,p,e,survey,72166-2,Smoking,Never smoker,,text",
        "2020-01-02,p,e,survey,72166-2,Smoking,266919005,,code",
        "2020-01-02,p,,,QALY,QALY,NaN,a,numeric",
        "2020-01-02,p,e,survey,160903007,Work,7,null,text",
    ]
    number, words, code, odd, digits = rows(tmp_path, "observations.csv", head + "\n".join(lines) + "\n")
    assert (number["value_number"], number["value_text"], number["value_code"]) == (138.5, None, None)
    assert (words["value_text"], words["value_number"]) == ("Never smoker", None)
    assert (code["value_code"], code["value_text"]) == ("266919005", None)
    assert (odd["value_number"], odd["value_text"], odd["system"], odd["encounter"]) == (
        None,
        "NaN",
        "Synthea",
        None,
    )
    assert (digits["value_text"], digits["units"], digits["system"]) == ("7", None, "SNOMED")
    assert number["system"] == "LOINC"


def test_a_patient_brings_all_that_must_be_hidden(tmp_path: Path) -> None:
    head = (
        "Id,BIRTHDATE,DEATHDATE,SSN,DRIVERS,PASSPORT,PREFIX,FIRST,LAST,MAIDEN,BIRTHPLACE,ADDRESS,CITY,STATE,"
    )
    head += "COUNTY,ZIP\n"
    line = (
        "p1,1961-04-23,2020-01-02,999-41-7731,S99987731,X77319911X,Ms.,Ottoline7,Thistlewhit9,Conroy7,"
        "Wexcombe  Massachusetts  US,14 Larkspur Passage,Orleans,Massachusetts,Essex County,02139\n"
    )
    of = reading(tmp_path, "patients.csv", head + line)
    (identity,) = SyntheaConnector().identities(of)
    assert identity.subject == read(of)["synthea.patient"][0]["subject"]
    traits = {key: set(values) for key, values in identity.traits.items()}
    assert traits["name"] == {"Ottoline7", "Thistlewhit9", "Conroy7"}
    assert traits["identifier"] == {"p1", "999-41-7731", "S99987731", "X77319911X"}
    assert {"14 Larkspur Passage", "Orleans", "Essex County", "Wexcombe"} == traits["address"]
    assert traits["birth_date"] == {"1961-04-23"} and traits["death_date"] == {"2020-01-02"}
    assert "999-41" not in repr(identity)


def test_members_and_addresses_told_elsewhere_are_hidden_too(tmp_path: Path) -> None:
    cover = "PATIENT,MEMBERID,START_YEAR,END_YEAR,PAYER,OWNERNAME\np1,m-77,1990,1991,x,Gail7 Ost3\np1,,1991,1992,x,\n"
    of = reading(tmp_path, "payer_transitions.csv", cover)
    known = [identity.traits for identity in SyntheaConnector().identities(of)]
    assert known == [{"identifier": ("m-77",), "contact": ("Gail7 Ost3",)}, {}]
    first = read(of)["synthea.payer_transition"][0]
    assert (first["start_date"], first["end_date"]) == ("1990", "1991-12-31")
    asked = "DATE,PATIENT,ENCOUNTER,CODE,DESCRIPTION,VALUE,TYPE\n2020,p1,e,56799-0,Address,3 Low Rd,text\n"
    of = reading(tmp_path, "observations.csv", asked)
    assert [identity.traits for identity in SyntheaConnector().identities(of)] == [{"address": ("3 Low Rd",)}]


def test_what_cannot_be_is_told_by_cleaning(tmp_path: Path) -> None:
    dates = ("2020-02-30,,p", ",,p", "2020-01-02,2020-01-01,p", "2020-01-02,,", "2020-01-02,,p")
    text = "\n".join([CARE, *(f"{said},e,1,x" for said in dates), ""])
    tables = read(reading(tmp_path, "conditions.csv", text))
    table = pa.Table.from_pylist(
        tables["synthea.condition"], schema=SyntheaConnector.tables["synthea.condition"]
    )
    cleaned = clean("synthea", "synthea.condition", table)
    assert cleaned.rejected["reason"].to_pylist() == [
        "impossible-date",
        "missing-start-date",
        "ends-before-start",
        "missing-subject",
    ]
    assert cleaned.accepted.num_rows == 1 and cleaned.warnings == {}


def test_check_tells_columns_and_rows(tmp_path: Path) -> None:
    text = f"{CARE},MOOD\n2020-02-30,,p,e,1,x,1\n2020-01-02,,p,e,1\n2020-01-02,,,e,1,x,1\n"
    found = [(f.severity, f.rule, f.where) for f in check(reading(tmp_path, "conditions.csv", text))]
    assert found == [
        ("warning", "unknown-column", "column MOOD"),
        ("error", "ragged-row", "row 3"),
        ("error", "impossible-date", "row 2, column START"),
        ("error", "missing-subject", "row 4"),
        ("info", "count", ""),
    ]
    first, *_ = check(reading(tmp_path, "conditions.csv", "START,STOP\n"))
    assert (first.rule, first.where) == ("missing-column", "row 1, column PATIENT")


def test_compressed_and_plain_are_the_same(tmp_path: Path) -> None:
    text = f"{CARE}\n2020-01-02,,p1,e1,44054006,Diabetes\n"
    plain = rows(tmp_path, "conditions.csv", text)
    assert rows(tmp_path, "conditions.csv.gz", gzip.compress(text.encode())) == plain
    assert rows(tmp_path, "conditions.csv", b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()) == plain


CELL = st.text(st.sampled_from("ab,\"'\n\r; é"), max_size=6)
ROW = st.tuples(st.sampled_from(["p1", "p2"]), st.sampled_from(["1", "2"]), CELL)


@given(st.lists(ROW, max_size=12), st.lists(st.integers(0, 2), min_size=12, max_size=12), st.randoms())
def test_any_split_of_the_rows_over_files_gives_the_same_rows(
    tmp_path_factory: pytest.TempPathFactory,
    care: list[tuple[str, str, str]],
    where: list[int],
    chance: random.Random,
) -> None:
    folder = tmp_path_factory.mktemp("split")
    whole = _told(folder, {"conditions.csv": care})
    files = {
        f"conditions_{n}.csv": [row for row, at in zip(care, where, strict=False) if at == n]
        for n in range(3)
    }
    for part in files.values():
        chance.shuffle(part)
    assert _told(folder, files) == whole


def _told(folder: Path, files: Mapping[str, Iterable[tuple[str, str, str]]]) -> list[tuple[Any, ...]]:
    """What the files' rows say, but for their numbers."""
    found = []
    for name, care in files.items():
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(CARE.split(","))
        writer.writerows(["2020-01-02", "", patient, "e", code, words] for patient, code, words in care)
        made = read(reading(folder, name, text.getvalue())).get("synthea.condition", [])
        found += [tuple(str(row[key]) for key in sorted(row) if key != "_record") for row in made]
    return sorted(found)
