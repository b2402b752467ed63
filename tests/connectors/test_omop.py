"""The OMOP connector: tables told by name and header, rows cut faithfully, what is bad told by row and column."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.omop import OmopConnector
from connectors.omop.cells import cut_cells
from connectors.omop.rows import count_rows, read_blocks, read_header
from connectors.omop.tables import Layout, recognise
from contracts.errors import Rejected
from contracts.identity import Identity, encode_subject
from contracts.keys import Key
from contracts.protocols import Finding, Reading
from contracts.schemas.omop_source import TABLES
from contracts.units import WHOLE, Source, Unit
from stores.places import place_of
from tests.accounts import accounted

KEY = Key("test", b"\x02" * 32)
ONE = OmopConnector()
PERSON = (
    "person_id,gender_concept_id,year_of_birth,month_of_birth,day_of_birth,person_source_value,location_id"
)
NOTE = "note_id,person_id,note_date,note_text"


def reading(location: Path, path: str, **options: str) -> Reading:
    source = Source("cdm", "omop", str(location), authority="elm", options=options)
    return Reading(Unit("cdm/token", "cdm", "omop"), source, place_of(source, path), KEY, path)


def write(folder: Path, name: str, *lines: str) -> None:
    (folder / name).write_text("\n".join(lines) + "\n")


def rows_of(one: Reading) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for table, batch in accounted(ONE.read(one, WHOLE)):
        batch.validate(full=True)
        found.setdefault(table, []).extend(batch.to_pylist())
    return found


def only(one: Reading, table: str) -> dict[str, Any]:
    (row,) = rows_of(one)[table]
    return row


# Tables


@pytest.mark.parametrize(
    "name", ["PERSON.csv", "person.csv", "omop_Person-2024.tsv", "st-elsewhere.person.txt", "person.csv.gz"]
)
def test_a_table_is_told_by_its_name(name: str) -> None:
    header = "person_id\tgender_concept_id" if name.endswith("tsv") else '"PERSON_ID","Gender_Concept_Id"'
    found = recognise(name.replace("st-elsewhere.", "elsewhere-"), header)
    assert found is not None and found.table == "person"
    assert found.places == {"person_id": 0, "gender_concept_id": 1}


def test_a_table_is_told_by_its_header_where_the_name_tells_none_or_another() -> None:
    header = (
        "visit_occurrence_id,person_id,visit_concept_id,visit_start_date,visit_end_date,visit_type_concept_id"
    )
    header += ",provider_id,care_site_id,visit_source_value"
    for name in ("part-00000-c000.csv", "person.csv"):
        found = recognise(name, header)
        assert found is not None and found.table == "visit_occurrence"


def test_the_longest_name_counts() -> None:
    found = recognise("note_nlp.csv", "note_nlp_id,note_id,lexical_variant,nlp_date")
    assert found is not None and found.table == "note_nlp"


def test_a_stray_file_is_none() -> None:
    assert recognise("budget.csv", "ward,beds,person_id") is None
    assert recognise("._PERSON.csv", "\x00\x05\x16\x07") is None


def test_a_table_without_its_key_is_rejected() -> None:
    with pytest.raises(Rejected, match="missing-column"):
        recognise("person.csv", "gender_concept_id,year_of_birth")


def test_columns_of_53_are_those_of_54() -> None:
    header = "visit_occurrence_id,person_id,visit_start_date,admitting_source_concept_id,discharge_to_source_value,ward"
    found = recognise("visit_occurrence.csv", header)
    assert found is not None
    assert found.places["admitted_from_concept_id"] == 3 and found.places["discharged_to_source_value"] == 4
    assert (found.version, found.unknown) == ("5.3", ("ward",))
    assert "visit_end_date" in found.missing


@pytest.mark.parametrize(
    ("table", "columns", "version"),
    [
        ("visit_occurrence", "visit_occurrence_id,person_id,admitted_from_concept_id", "5.4"),
        ("procedure_occurrence", "procedure_occurrence_id,person_id,procedure_date", "5.3"),
        ("condition_occurrence", "condition_occurrence_id,person_id", ""),
    ],
)
def test_columns_tell_the_version(table: str, columns: str, version: str) -> None:
    found = recognise(f"{table}.csv", columns)
    assert found is not None and found.version == version


# Rows


def cut(
    data: bytes, size: int, limit: int = 1 << 20
) -> tuple[list[tuple[int, tuple[bytes | None, ...]]], list[Any]]:
    """Rows by number, and the bad ones, of a file of NOTE read in blocks."""
    stream = io.BytesIO(data)
    header, rest, _ = read_header(stream)
    layout = recognise("note.csv", header)
    assert layout is not None
    return _cut(stream, rest, layout, size, limit)


def _cut(
    stream: io.BytesIO, rest: bytes, layout: Layout, size: int, limit: int
) -> tuple[list[tuple[int, tuple[bytes | None, ...]]], list[Any]]:
    good: list[tuple[int, tuple[bytes | None, ...]]] = []
    bad: list[tuple[int, str]] = []
    number = 0
    for block in read_blocks(io.BytesIO(rest + stream.read()), b"", layout.delimiter, size, limit):
        cells = cut_cells(block, layout, number)
        number += cells.rows
        columns = [cells.columns[name].to_pylist() for name in layout.places]
        good += zip(cells.numbers.tolist(), zip(*columns, strict=True), strict=True)
        bad += [(number, reason) for number, reason, *_ in cells.bad]
    return sorted(good), sorted(bad)


_CELL = st.text(st.sampled_from('ab",\n\r é\t;'), max_size=6)


@given(
    rows=st.lists(st.tuples(_CELL, _CELL, _CELL, _CELL), max_size=12),
    size=st.integers(1, 60),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    ending=st.sampled_from(["\n", "\r\n"]),
)
def test_rows_are_those_of_the_csv_module(
    rows: list[tuple[str, ...]], size: int, quoting: Any, ending: str
) -> None:
    """Whatever the quoting, the line breaks in cells and the block that they fall into."""
    if quoting == csv.QUOTE_MINIMAL:  # the csv module writes a lone carriage return bare
        rows = [tuple(cell.replace("\r", "") for cell in row) for row in rows]
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=quoting, lineterminator=ending)
    writer.writerow(NOTE.split(","))
    writer.writerows([(f"{n}k", *row[1:]) for n, row in enumerate(rows)])
    good, bad = cut(text.getvalue().encode(), size)
    assert bad == []
    expected = [(n, (f"{n}k", *row[1:])) for n, row in enumerate(rows)]
    assert good == [(n, tuple(cell.encode() or None for cell in row)) for n, row in expected]


@pytest.mark.parametrize("size", [1, 20, 77, 4096])
def test_a_stray_quote_costs_no_other_row(size: int) -> None:
    data = (
        f"{NOTE}\n"
        '1,1,2020-01-01,"a ""quoted"" word,\nand a second line"\n'
        "2,1,2020-01-01,5'10\" tall\n"
        '3,1,2020-01-01,"said "yes" twice"\n'
        '4,1,2020-01-01,"never closed\n'
        '5,1,2020-01-01,"has, a comma "and" quotes"\n'
        "6,1\n"
        "\n"
        "7,1,2020-01-01,last"
    )
    good, bad = cut(data.encode(), size)
    assert [(n, row[3]) for n, row in good] == [
        (0, b'a "quoted" word,\nand a second line'),
        (1, b"5'10\" tall"),
        (2, b'said "yes" twice'),
        (3, b'"never closed'),
        (6, b"last"),
    ]
    assert bad == [(4, "malformed-csv"), (5, "ragged-row")]


def test_a_row_without_end_is_told_and_the_next_begins() -> None:
    data = f"{NOTE}\n1,1,2020-01-01,{'x' * 5000}\n2,1,2020-01-01,short\n"
    good, bad = cut(data.encode(), 100, limit=1000)
    assert [row[0] for _, row in good] == [b"2"]
    assert bad == [(0, "row-too-long")]


def test_rows_of_vocabularies_are_counted_as_they_are_shipped() -> None:
    comma = b'1,"a ""b""\nc"\r\n\r\n2,x\n3,"y'
    tab = b'1\tan "unbalanced name\n2\tb\n3\tc'
    assert sum(count_rows(io.BytesIO(comma[:-5]), b"", ",")) == 2
    assert sum(count_rows(io.BytesIO(tab), b"", "\t")) == 3


# What is read


def test_ids_floats_and_dates_are_brought_to_one_form(tmp_path: Path) -> None:
    header = (
        "visit_detail_id,person_id,visit_detail_start_date,visit_detail_start_datetime,visit_occurrence_id"
    )
    header += ",provider_id"
    write(
        tmp_path,
        "visit_detail.csv",
        header,
        "1,2,20200501,2020-05-01 10:20:30.5 UTC,7.0,NULL",
        "2.0,2,,2020-05-02T03:04,7,",
    )
    first, second = rows_of(reading(tmp_path, "visit_detail.csv"))["omop.visit_detail"]
    assert first["visit_occurrence_id"] == second["visit_occurrence_id"] == "elm\x1fvisit_occurrence\x1f7"
    assert second["visit_detail_id"] == "elm\x1fvisit_detail\x1f2"
    assert first["person_id"] == encode_subject("elm", "2", "omop")
    assert (first["visit_detail_start_date"], first["visit_detail_start_datetime"]) == (
        "2020-05-01",
        "2020-05-01T10:20:30",
    )
    assert (second["visit_detail_start_date"], second["visit_detail_start_datetime"]) == (
        "2020-05-02",
        "2020-05-02T03:04:00",
    )
    assert first["provider_id"] is None and second["provider_id"] is None


def test_a_record_is_owned_by_authority_table_and_key(tmp_path: Path) -> None:
    header = "visit_occurrence_id,person_id,visit_start_date,visit_concept_id"
    write(tmp_path, "VISIT_OCCURRENCE.csv", header, "1,2,2020-05-01,9202")
    write(
        tmp_path,
        "visit_occurrence_2.csv",
        "visit_concept_id,person_id,visit_occurrence_id,visit_start_date",
        '"9202",2,"1",2020-05-01',
    )
    write(tmp_path, "changed_visit_occurrence.csv", header, "1,2,2020-05-01,9201")
    first, same, changed = (
        only(reading(tmp_path, name), "omop.visit_occurrence")
        for name in ("VISIT_OCCURRENCE.csv", "visit_occurrence_2.csv", "changed_visit_occurrence.csv")
    )
    assert first["_owner"] == same["_owner"] == changed["_owner"]
    assert first["_digest"] == same["_digest"] != changed["_digest"]


def test_the_version_is_the_exports_release(tmp_path: Path) -> None:
    write(tmp_path, "person.csv", PERSON, "1,8507,1961,4,23,,")
    assert only(reading(tmp_path, "person.csv"), "omop.patient")["_version"] == ""
    write(
        tmp_path,
        "cdm_source.csv",
        "cdm_source_name,source_release_date,cdm_release_date",
        "x,2025-01-01,2025-02-03",
    )
    assert only(reading(tmp_path, "person.csv"), "omop.patient")["_version"] == "2025-02-03"


def test_births_are_as_precise_as_they_are_stated(tmp_path: Path) -> None:
    header = "person_id,year_of_birth,month_of_birth,day_of_birth,birth_datetime"
    write(
        tmp_path, "person.csv", header, "1,1961,4,23,", "2,1961,4,,", "3,1961,,,", "4,,,,1961-04-23 00:00:00"
    )
    found = rows_of(reading(tmp_path, "person.csv"))["omop.patient"]
    assert [(row["birth_date"], row["birth_precision"]) for row in found] == [
        ("1961-04-23", "day"),
        ("1961-04", "month"),
        ("1961", "year"),
        ("1961-04-23", "day"),
    ]


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("IP", True),
        ("Inpatient Visit", True),
        ("9201", True),
        ("ENC-77120391", False),
        ("3528b5de-9f60-a69a-ca36-d508f1f31852", False),
    ],
)
def test_a_label_that_is_a_records_number_is_left_out(value: str, kept: bool, tmp_path: Path) -> None:
    write(
        tmp_path,
        "visit_occurrence.csv",
        "visit_occurrence_id,person_id,visit_start_date,visit_source_value",
        f"1,2,2020-05-01,{value}",
    )
    row = only(reading(tmp_path, "visit_occurrence.csv"), "omop.visit_occurrence")
    assert row["visit_source_value"] == (value if kept else None)


def test_bad_rows_are_told_by_row_and_column_and_never_by_value(tmp_path: Path) -> None:
    header = b"measurement_id,person_id,measurement_date,value_as_number,unit_source_value\n"
    lines = [
        b"1,2,2020-05-01,Quillfeather,kg",
        b"2,,2020-05-01,1,kg",
        b"3,2,2020-05-01,1,k\xffg",
        b"4,2",
        b"5,2,2020-05-01,1,kg",
    ]
    (tmp_path / "measurement.csv").write_bytes(header + b"\n".join(lines))
    found = rows_of(reading(tmp_path, "measurement.csv"))
    assert [(row["reason"], row["where"]) for row in found["rejected"]] == [
        ("not-a-number", "row 2, value_as_number"),
        ("missing-key", "row 3, person_id"),
        ("invalid-utf8", "row 4, unit_source_value"),
        ("ragged-row", "row 5"),
    ]
    assert b"Quillfeather" in found["rejected"][0]["payload"]
    assert [row["_record"] for row in found["omop.measurement"]] == [4]


def test_eras_vocabularies_and_strays_are_counted(tmp_path: Path) -> None:
    write(tmp_path, "drug_era.csv", "drug_era_id,person_id,drug_concept_id", "1,2,3", "2,2,3")
    write(tmp_path, "CONCEPT.csv", "concept_id\tconcept_name\tdomain_id", '1\tan "odd name\tDrug')
    write(tmp_path, "read me.txt", "nothing")
    (tmp_path / "__MACOSX").mkdir()
    (tmp_path / "__MACOSX" / "._person.csv").write_bytes(b"\x00\x05\x16\x07")
    (tmp_path / "specimen.csv").write_bytes(b"specimen_id,person_id\r\n")
    source = Source("cdm", "omop", str(tmp_path))
    paths = [item.path for item in ONE.discover(source, "").listed]
    kinds = {
        path: [row["type"] for row in rows_of(reading(tmp_path, path)).get("ignored", [])] for path in paths
    }
    assert kinds == {
        "CONCEPT.csv": ["vocabulary"],
        "__MACOSX/._person.csv": ["stray-file"],
        "drug_era.csv": ["drug_era: derived anew"] * 2,
        "read me.txt": ["stray-file"],
        "specimen.csv": [],
    }


def test_compressed_and_tabbed_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "person.csv.gz").write_bytes(gzip.compress(f"\ufeff{PERSON}\n1,8507,1961,4,23,,\n".encode()))
    write(tmp_path, "death.tsv", "person_id\tdeath_date\tcause_source_value", "1\t2020-01-01\tI21.9")
    assert only(reading(tmp_path, "person.csv.gz"), "omop.patient")["birth_date"] == "1961-04-23"
    assert only(reading(tmp_path, "death.tsv"), "omop.patient")["cause_source_value"] == "I21.9"
    (tmp_path / "person.csv.gz").write_bytes(
        gzip.compress(PERSON.encode() + b"\n1,8507,1961,4,23,,\n" * 900)[:-40]
    )
    with pytest.raises(Rejected, match="corrupt-gzip"):
        rows_of(reading(tmp_path, "person.csv.gz"))


# Who is in it


def people(one: Reading) -> list[Identity]:
    return list(ONE.identities(one))


def test_persons_are_told_with_what_the_export_knows_of_them(tmp_path: Path) -> None:
    write(tmp_path, "person.csv", PERSON, "7719,8507,1961,4,23,MRN-8801,5", "2,8532,1990,,,,")
    write(
        tmp_path,
        "LOCATION.csv",
        "location_id,address_1,city,county,zip",
        "5,14 Larkspur Passage,Quillhaven,,02139",
    )
    write(tmp_path, "death.csv", "person_id,death_date", "2,2020-01-01")
    first, second = people(reading(tmp_path, "person.csv"))
    assert (first.authority, first.identifier, first.system) == ("elm", "7719", "omop")
    assert first.traits == {
        "identifier": ("MRN-8801",),
        "birth_date": ("1961-04-23",),
        "address": ("14 Larkspur Passage", "Quillhaven"),
        "zip": ("02139",),
    }
    assert second.traits == {"birth_date": ("1990",)} and not first.aliases
    (dead,) = people(reading(tmp_path, "death.csv"))
    assert dead.subject == second.subject and dead.traits == {"death_date": ("2020-01-01",)}


def test_a_site_says_which_number_is_the_patients(tmp_path: Path) -> None:
    write(tmp_path, "person.csv", PERSON, "7719,8507,1961,4,23,MRN-8801,")
    (alias,) = people(reading(tmp_path, "person.csv", person_source_value="mrn"))[0].aliases
    assert alias.subject == encode_subject("elm", "MRN-8801")
    (own,) = people(reading(tmp_path, "person.csv", person_id="mrn"))
    row = only(reading(tmp_path, "person.csv", person_id="mrn"), "omop.patient")
    assert own.subject == row["person_id"] == encode_subject("elm", "7719")


def test_every_person_of_other_tables_is_told(tmp_path: Path) -> None:
    write(
        tmp_path,
        "cohort.csv",
        "cohort_definition_id,subject_id,cohort_start_date",
        "1,8,2020-01-01",
        "1,8.0,2021-01-01",
    )
    header = "domain_concept_id_1,fact_id_1,domain_concept_id_2,fact_id_2,relationship_concept_id"
    write(tmp_path, "fact_relationship.csv", header, "56,3,21,4,1", "56,5,56,6,1")
    assert [one.identifier for one in people(reading(tmp_path, "cohort.csv"))] == ["8"]
    found = {one.identifier for one in people(reading(tmp_path, "fact_relationship.csv"))}
    assert found == {"3", "5", "6"}


# Archives


def packed(path: Path, members: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return path


def test_a_zip_gives_what_its_folder_gives(tmp_path: Path) -> None:
    members = {
        "cdm/PERSON.csv": f"{PERSON}\n1,8507,1961,4,23,,5\n",
        "cdm/LOCATION.csv": "location_id,zip\n5,02139\n",
    }
    (tmp_path / "cdm").mkdir()
    for name, text in members.items():
        (tmp_path / name).write_text(text)
    archive = packed(tmp_path / "export.ZIP", {**members, "__MACOSX/cdm/._PERSON.csv": "\x00\x05"})
    listed = [item.path for item in ONE.discover(Source("cdm", "omop", str(archive)), "").listed]
    assert listed == [
        "export.ZIP!/__MACOSX/cdm/._PERSON.csv",
        "export.ZIP!/cdm/LOCATION.csv",
        "export.ZIP!/cdm/PERSON.csv",
    ]
    inside, outside = reading(archive, listed[2]), reading(tmp_path / "cdm", "PERSON.csv")
    assert rows_of(inside) == rows_of(outside)
    assert people(inside) == people(outside) and people(inside)[0].traits["zip"] == ("02139",)
    assert only(reading(archive, listed[0]), "ignored")["type"] == "stray-file"


def test_a_damaged_archive_is_rejected_and_of_a_snapshot_stops_the_source(tmp_path: Path) -> None:
    archive = packed(tmp_path / "ward.zip", {"person.csv": f"{PERSON}\n1,8507,1961,4,23,,\n"})
    archive.write_bytes(archive.read_bytes()[:-30])
    (listed,) = ONE.discover(Source("cdm", "omop", str(tmp_path)), "").listed
    assert listed.path == "ward.zip"
    with pytest.raises(Rejected, match="corrupt-archive"):
        rows_of(reading(tmp_path, "ward.zip"))
    with pytest.raises(Exception, match="corrupt-archive") as caught:
        ONE.discover(Source("cdm", "omop", str(tmp_path), snapshot=True), "")
    assert "ward" not in str(caught.value)


# Preflight


def findings(path: Path) -> Iterator[Finding]:
    return ONE.check(place_of(Source("check", "omop", str(path)), ""))


def test_the_preflight_tells_tables_columns_rows_and_keys(tmp_path: Path) -> None:
    archive = packed(
        tmp_path / "export.zip",
        {
            "person.csv": f"{PERSON}\n1,8507,1961,4,23,,\n",
            "visit_occurrence.csv": "visit_occurrence_id,person_id,visit_start_date,admitting_source_value,ward\n"
            "1,1,2020-02-30,,\n2,9,2020-01-01,,\n",
            "CONCEPT.csv": "concept_id,concept_name\n1,x\n",
            "notes.docx": "?",
        },
    )
    found = list(findings(archive))
    told = {(one.severity, one.rule, one.where) for one in found}
    assert ("error", "impossible-date", "visit_occurrence.csv row 2, visit_start_date") in told
    assert ("warning", "reference-to-nowhere", "visit_occurrence.csv") in told
    assert ("warning", "unknown-column", "visit_occurrence.csv") in told
    assert ("warning", "vocabulary", "CONCEPT.csv") in told
    assert ("info", "stray-file", "notes.docx") in told
    messages = {one.rule: one.message for one in found}
    assert messages["reference-to-nowhere"] == "1 of 2 rows refer by person_id to no row of person"
    assert messages["version"] == "CDM 5.3"
    assert not any("8507" in one.message for one in found)


def test_the_sample_passes_its_preflight(shared: Path) -> None:
    found = list(findings(shared / "data/omop-csv/Synthea27Nj_5.4.zip"))
    assert not [one for one in found if one.severity == "error"]
    assert {one.rule for one in found if one.severity == "warning"} == {"vocabulary"}
    messages = {one.rule: one.message for one in found}
    assert messages["version"] == "CDM 5.4"
    assert messages["tables"].startswith("39 tables, 22 of them empty: ")


def test_every_table_of_the_schema_can_be_emitted_empty() -> None:
    assert all(isinstance(schema.empty_table(), pa.Table) for schema in TABLES.values())
