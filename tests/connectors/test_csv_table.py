"""CSV by a mapping file: what it can say, what is told where it is wrong, and the guide followed to the letter."""

from __future__ import annotations

import csv
import io
import os
import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.csv_table import CsvConnector
from connectors.csv_table.finding import mapping_for, mapping_paths
from connectors.csv_table.mapping import load_mapping
from connectors.registry import source_components
from contracts.accounting import Account
from contracts.errors import Fatal, Rejected, Usage
from contracts.keys import Key
from contracts.protocols import Reading
from contracts.schemas.csv_table import TARGETS
from contracts.units import WHOLE, Source, Unit
from flows.settings import Settings, load_settings
from nightrounds.commands.adhoc import sources_of
from nightrounds.preflight import check_path
from stores import staging
from stores.places import place_of
from tests.accounts import accounted
from tests.conftest import ROOT
from tests.docs.guide import write_files
from tests.tasks.rooms import make_room

KEY = Key("test", bytes(range(32)))
GUIDE = ROOT / "docs" / "how-to" / "csv.md"
HEAD = 'files = "*.csv"\npatient_number = "p"\n'
EVENT = '[[event]]\nkind = { constant = "Measurement" }\nstart = "d"\ncode = "c"\nvalue = "v"\n'
LAB = HEAD + EVENT

Found = dict[str, list[dict[str, Any]]]


def reading(
    folder: Path, data: str | bytes, mapping: str = LAB, name: str = "lab.csv", **source: Any
) -> Reading:
    """A file of a source, and its mapping beside it."""
    (folder / "m.toml").write_text(mapping)
    (folder / name).write_bytes(data if isinstance(data, bytes) else data.encode())
    of = Source("ward", "csv", str(folder), **{"authority": "st-elsewhere", **source})
    return Reading(Unit("ward/x", "ward", "csv"), of, place_of(of, name), KEY)


def read(of: Reading) -> Found:
    """All rows by table."""
    found: Found = {}
    for table, batch in accounted(CsvConnector().read(of, WHOLE)):
        batch.validate(full=True)
        found.setdefault(table, []).extend(batch.to_pylist())
    return found


def told(found: Found) -> list[tuple[str, str]]:
    return [(row["reason"], row["where"]) for row in found.get("rejected", [])]


def test_results_are_numbers_with_their_operators_or_words(tmp_path: Path) -> None:
    values = ["138,5", "< 0,5", ">=1.234,0", "≤7", "1.5", "negativ", "=3", "<LOD", "-2", "1e3"]
    data = "p;d;c;v\n" + "".join(f"1;2023;x;{value}\n" for value in values)
    spelled = f'{HEAD}delimiter = ";"\ndecimal = ","\nthousands = "."\n{EVENT}'
    rows = read(reading(tmp_path, data, spelled))["csv.event"]
    assert [(row["operator"], row["value_number"], row["value_text"]) for row in rows] == [
        (None, 138.5, None),
        ("<", 0.5, None),
        (">=", 1234.0, None),
        ("<=", 7.0, None),
        (None, None, "1.5"),
        (None, None, "negativ"),
        ("=", 3.0, None),
        (None, None, "<LOD"),
        (None, -2.0, None),
        (None, 1000.0, None),
    ]


def test_what_is_not_as_declared_is_held_back_with_row_and_column(tmp_path: Path) -> None:
    mapping = f"""{HEAD}dates = "DD.MM.YYYY"
    [[event]]
    kind = {{ column = "k", map = {{ "L" = "Measurement" }} }}
    start = "d"
    code = "c"
    value_number = "v"
    refills = "n"
    """
    data = "p,k,d,c,v,n\n1,L,01.02.2023,x,1,2\n1,L,2023-02-01,x,1,2\n1,M,01.02.2023,x,1,2\n1,L,01.02.2023,x,a,2\n"
    data += '1,L,01.02.2023,x,1,"2.5"\n,L,01.02.2023,x,1,2\n1,L,,x,1,2\n1,L,01.02.2023,x,1\n'
    found = read(reading(tmp_path, data, mapping))
    assert len(found["csv.event"]) == 1
    assert told(found) == [
        ("date-not-as-declared", "row 3, column d"),
        ("value-not-mapped", "row 4, column k"),
        ("number-not-as-declared", "row 5, column v"),
        ("number-not-as-declared", "row 6, column n"),
        ("missing-patient", "row 7, column p"),
        ("missing-start", "row 8, column d"),
        ("ragged-row", "row 9"),
    ]
    assert b"2.5" in found["rejected"][3]["payload"]


def test_a_row_gives_a_record_for_each_block_that_takes_it(tmp_path: Path) -> None:
    mapping = f"""{HEAD}
    [[event]]
    name = "sodium"
    kind = {{ constant = "Measurement" }}
    start = "d"
    code = {{ constant = "2951-2" }}
    value = "na"

    [[event]]
    name = "smoker"
    kind = {{ constant = "Observation" }}
    start = "d"
    code = {{ constant = "77176002" }}
    when = {{ column = "smokes", is = ["yes", "ja"] }}

    [[visit]]
    id = ["clinic", "case"]
    start = "d"
    class = {{ constant = "inpatient" }}
    when = {{ column = "case", is = ["1"] }}
    """
    data = "p,d,na,smokes,clinic,case\n7,2023,140,yes,A,1\n7,2023,,no,A,2\n7,2023,,ja,A,3\n7,2023,139,,A,4\n"
    found = read(reading(tmp_path, data, mapping))
    assert [(row["code"], row["value_number"]) for row in found["csv.event"]] == [
        ("2951-2", 140.0),
        ("2951-2", 139.0),
        ("77176002", None),
        ("77176002", None),
    ]
    assert [row["id"] for row in found["csv.visit"]] == ["st-elsewhere\x1fA\x1f1"]
    assert [(row["_record"], row["type"]) for row in found["ignored"]] == [(3, "row-of-no-block")]
    records = [row["_record"] for rows in found.values() for row in rows]
    assert len(records) == len(set(records)) == 6


def test_ids_tell_records_apart_and_content_where_there_is_none(tmp_path: Path) -> None:
    data = "p,d,c,v,o,u\n1,2023,x,1,A,2023-01-01\n1,2023,x,2,A,2023-01-02\n1,2023,x,2,A,2023-01-02\n"
    first, second, _ = read(reading(tmp_path, data, LAB + 'id = "o"\nupdated = "u"\n'))["csv.event"]
    assert first["_owner"] == second["_owner"] and first["_version"] < second["_version"]
    first, second, again = read(reading(tmp_path, data))["csv.event"]
    assert first["_owner"] != second["_owner"] == again["_owner"]
    other = read(reading(tmp_path, data, 'name = "other"\n' + LAB + 'id = "o"\n'))["csv.event"]
    assert other[0]["_owner"] != first["_owner"]


def test_a_visit_is_the_same_wherever_it_is_named(tmp_path: Path) -> None:
    mapping = LAB + 'visit = "f"\n[[visit]]\nid = "f"\nstart = "d"\n'
    found = read(reading(tmp_path, "p,d,c,v,f\n1,2023,x,1,F9\n", mapping))
    assert found["csv.event"][0]["visit"] == found["csv.visit"][0]["id"] == "st-elsewhere\x1fF9"
    assert found["csv.event"][0]["subject"] == "st-elsewhere\x1f\x1f1"


def test_words_beside_a_code_are_the_terminologys_and_others_free_text(tmp_path: Path) -> None:
    data = "p,d,c,v,w\n1,2023,x,1,Sodium\n1,2023,,1,Told by Anna\n"
    first, second = read(reading(tmp_path, data, LAB + 'display = "w"\n'))["csv.event"]
    assert (first["display"], first["display_text"]) == ("Sodium", None)
    assert (second["display"], second["display_text"]) == (None, "Told by Anna")


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "cp1252", "utf-16"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    data = "p,d,c,v\n1,2023,é,größer\n".encode(encoding)
    (row,) = read(reading(tmp_path, data, f'encoding = "{encoding}"\n{LAB}'))["csv.event"]
    assert (row["code"], row["value_text"]) == ("é", "größer")


def test_a_file_without_header_numbers_its_columns(tmp_path: Path) -> None:
    mapping = 'files = "*.tsv"\nheader = false\ndelimiter = "tab"\npatient_number = "1"\n' + EVENT
    mapping = mapping.replace('"d"', '"2"').replace('"c"', '"3"').replace('"v"', '"4"')
    found = read(reading(tmp_path, "7\t2023\tx\t5\n7\t2O23\tx\t5\n", mapping, "lab.tsv"))
    assert [row["value_number"] for row in found["csv.event"]] == [5.0]
    assert told(found) == [("date-not-as-declared", "row 2, column 2")]


def test_what_is_hidden_comes_with_the_patient(tmp_path: Path) -> None:
    mapping = f"""{HEAD}dates = "DD.MM.YYYY"
    [hide]
    name = ["n", "m"]
    phone = "t"
    [[patient]]
    birth_date = "b"
    zip = "z"
    """
    of = reading(
        tmp_path,
        "p,n,m,t,b,z\n1,Ost,Ann,555,04.03.1951,02139\n1,Ost,Ann,555,04.03.1951,02139\n2,,,,,\n",
        mapping,
    )
    first, second = CsvConnector().identities(of)
    assert first.traits == {
        "name": ("Ost", "Ann"),
        "phone": ("555",),
        "identifier": ("1",),
        "birth_date": ("1951-03-04",),
        "zip": ("02139",),
    }
    assert second.traits == {"identifier": ("2",)}
    rows = read(of)["csv.patient"]
    assert rows[0]["subject"] == first.subject
    assert (rows[0]["birth_date"], rows[0]["birth_precision"]) == ("1951-03-04", "day")
    other = reading(tmp_path, "p,n,m,t,b,z\n1,Ost,Ann,555,,\n", 'authority = "lab-gmbh"\n' + mapping)
    assert next(iter(CsvConnector().identities(other))).authority == "lab-gmbh"


@pytest.mark.parametrize(
    ("text", "place", "legal"),
    [
        ("files = ", "m.toml", "docs/how-to/csv.md"),
        (EVENT + HEAD, "event 1: files", "above the first"),
        (HEAD.replace("files", "flies") + EVENT, "flies", "files, ignore"),
        (LAB.replace("files", "# files"), "files", "lab_*.csv"),
        (HEAD, "blocks", "[[event]]"),
        ('files = "*.csv"\n' + EVENT, "patient_number", "name of a column"),
        (f'delimiter = ";;"\n{LAB}', "delimiter", "semicolon"),
        (f'encoding = "utf8"\n{LAB}', "encoding", "cp1252"),
        (f'decimal = ";"\n{LAB}', "decimal", ", ,"),
        (f'decimal = ","\nthousands = ","\n{LAB}', "thousands", "another"),
        (f'dates = ["DD/MM/YYYY", "MM/DD/YYYY"]\n{LAB}', "dates", "day written first"),
        (f'dates = "DD.MM.JJJJ"\n{LAB}', "dates: format 'DD.MM.JJJJ'", "YYYY"),
        (f"nulls = [1]\n{LAB}", "nulls", "a text"),
        (LAB.replace("Measurement", "Lab"), "event 1: kind", "Measurement"),
        (LAB.replace('start = "d"\n', ""), "event 1: start", "a date"),
        (LAB + 'unitt = "u"\n', "event 1: unitt", "unit"),
        (LAB + 'end = { constant = "2023" }\n', "event 1: end", "come from columns"),
        (LAB + 'unit = ["a", "b"]\n', "event 1: unit", "one column"),
        (LAB + 'unit = { map = { a = "b" } }\n', "event 1: unit", "column"),
        (LAB + 'status = { column = "s", map = { a = 1 } }\n', "event 1: status: map", "texts"),
        (LAB + 'when = { column = "s" }\n', "event 1: when", "is ="),
        (LAB + EVENT + 'name = "1"\n', "event 1", "differ"),
        (LAB + '[hide]\nnme = "x"\n', "hide: nme", "name"),
    ],
)
def test_what_a_mapping_says_wrong_is_told_with_its_place_and_what_would_be_right(
    tmp_path: Path, text: str, place: str, legal: str
) -> None:
    (tmp_path / "m.toml").write_text(text)
    with pytest.raises(Fatal) as caught:
        load_mapping(tmp_path / "m.toml")
    assert caught.value.place.startswith("m.toml") and place in caught.value.place
    assert legal in caught.value.legal
    assert "/" not in caught.value.place.replace("DD/MM", "")


def test_columns_that_are_not_there_are_told(tmp_path: Path) -> None:
    with pytest.raises(Rejected) as caught:
        read(reading(tmp_path, "p,d,c\n1,2023,x\n"))
    assert (caught.value.reason, caught.value.place) == ("missing-column", "row 1, column v")
    with pytest.raises(Rejected, match="duplicate-column"):
        read(reading(tmp_path, "p,d,c,v,v\n1,2023,x,1,2\n"))
    (row,) = read(reading(tmp_path, "p,d,c,v,x,x\n1,2023,x,1,2,3\n"))["csv.event"]
    assert row["unnamed_columns"] == 2


def test_where_mapping_files_are_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    exports, overlay, apart = (tmp_path / name for name in ("exports", "overlay", "apart"))
    for folder in (exports, overlay / "csv", apart):
        folder.mkdir(parents=True)
    (exports / "here.toml").write_text(LAB)
    (overlay / "csv" / "site.toml").write_text(LAB.replace("*.csv", "site*.csv"))
    (apart / "given.toml").write_text(LAB)
    source = Source("ward", "csv", str(exports))
    assert mapping_paths(source) == [exports / "here.toml"]
    monkeypatch.setenv("NIGHTROUNDS_MAPPINGS", str(overlay))
    assert [path.name for path in mapping_paths(source)] == ["here.toml", "site.toml"]
    with pytest.raises(Fatal, match=r"here\.toml and site\.toml"):
        mapping_for("site-1.csv", mapping_paths(source))
    assert mapping_for("LAB.csv.gz", mapping_paths(source)).path.name == "here.toml"
    with pytest.raises(Rejected, match="no-mapping"):
        mapping_for("lab.txt", mapping_paths(source))
    given = replace(source, options={"mapping": str(apart / "given.toml")})
    assert mapping_paths(given) == [apart / "given.toml"]
    assert mapping_paths(replace(source, options={"mapping": "here.toml"})) == [exports / "here.toml"]
    with pytest.raises(Fatal, match="not there"):
        mapping_paths(replace(source, options={"mapping": "gone.toml"}))


def test_a_changed_mapping_changes_recipe_and_stamps(tmp_path: Path) -> None:
    of = reading(tmp_path, "p,d,c,v\n1,2023,x,1\n")
    before, listed = source_components(of.source), CsvConnector().discover(of.source, "").listed
    assert CsvConnector().discover(of.source, "").listed == listed
    (tmp_path / "m.toml").write_text(LAB + 'unit = "v"\n')
    os.utime(tmp_path / "m.toml", (1, 1))
    assert source_components(of.source) != before
    assert CsvConnector().discover(of.source, "").listed != listed
    assert source_components(Source("x", "synthea", str(tmp_path))) == {}


def test_a_mapping_that_is_wrong_stops_its_source_before_anything_is_read(tmp_path: Path) -> None:
    of = reading(tmp_path, "p,d,c,v\n1,2023,x,1\n")
    (tmp_path / "apart.tml").write_text("files = ")
    source = replace(
        of.source, options={"mapping": str(tmp_path / "apart.tml")}, location=str(tmp_path / "lab.csv")
    )
    with pytest.raises(Fatal, match="no TOML"):
        CsvConnector().discover(replace(source, location=str(tmp_path / "elsewhere")), "")


def test_ignored_files_are_counted(tmp_path: Path) -> None:
    found = read(reading(tmp_path, "a,b\n1,2\n3\n", 'files = "*.csv"\nignore = true\n'))
    assert [(row["_record"], row["type"]) for row in found["ignored"]] == [
        (0, "ignored-by-mapping"),
        (1, "ignored-by-mapping"),
    ]
    assert set(found) == {"ignored"}


ROW = st.tuples(
    st.sampled_from("12"), st.sampled_from(["2951-2", ""]), st.text(st.sampled_from('1,;"\n a'), max_size=4)
)


@given(st.lists(ROW, max_size=10), st.lists(st.integers(0, 2), min_size=10, max_size=10), st.randoms())
def test_any_split_of_the_rows_over_files_gives_the_same_records(
    tmp_path_factory: pytest.TempPathFactory,
    lines: list[tuple[str, str, str]],
    where: list[int],
    chance: random.Random,
) -> None:
    folder = tmp_path_factory.mktemp("split")
    parts: list[list[tuple[str, str, str]]] = [[], [], []]
    for line, at in zip(lines, where, strict=False):
        parts[at].append(line)
    for part in parts:
        chance.shuffle(part)
    assert _said(folder, parts) == _said(folder, [lines])


def _said(folder: Path, files: Iterable[list[tuple[str, str, str]]]) -> Counter[str]:
    found: Counter[str] = Counter()
    for number, lines in enumerate(files):
        text = io.StringIO()
        csv.writer(text).writerows([("p", "d", "c", "v"), *((p, "2023-01-02", c, v) for p, c, v in lines)])
        made = read(reading(folder, text.getvalue(), name=f"lab_{number}.csv"))
        for table, rows in made.items():
            found.update(
                f"{table} {sorted((k, v) for k, v in row.items() if k != '_record')}" for row in rows
            )
    return found


@pytest.fixture(scope="module")
def guide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that the guide shows."""
    folder = tmp_path_factory.mktemp("guide")
    write_files(GUIDE, folder)
    return folder


def test_the_guides_check_says_what_the_guide_says(guide: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(guide)
    said = []
    for path in sorted(Path("exports").iterdir()):
        for finding in check_path(path).findings:
            place = f"{path}:{finding.where}" if finding.where else str(path)
            said.append(f"{place} {finding.severity} {finding.rule} {finding.message}")
    expected = (guide / "expected.txt").read_text().splitlines()
    assert expected and set(expected) <= set(said)
    assert {line for line in said if " error " in line} == {line for line in expected if " error " in line}


def test_the_guides_source_is_a_source(guide: Path) -> None:
    (source,) = load_settings(guide).sources
    assert (source.kind, source.authority, source.options["mapping"][-5:]) == ("csv", "st-elsewhere", ".toml")


def test_the_guides_rows_become_what_the_guide_says(guide: Path, tmp_path: Path) -> None:
    room = make_room(tmp_path, "csv")
    for path in (guide / "exports").iterdir():
        (room.folder / path.name).write_bytes(path.read_bytes())
    assert not any(done.reason for done in room.process())
    account, rows = Account(), {}
    for manifest in staging.manifests(room.work.home.staging, "ward"):
        account.merge(Account.from_json(manifest.account))
        for table in manifest.tables:
            rows[table] = [row for batch in manifest.batches(table) for row in batch.to_pylist()]
    assert account.reasons == {"date-not-as-declared": 1} and account.types["unmapped:row-of-no-block"] == 1
    assert (account.read, account.fates["accepted"]) == (9, 7)  # one of which is merged when it is published
    sodium, potassium, colour, again = rows["omop.measurement"]
    assert (sodium["value_as_number"], sodium["range_low"], sodium["range_high"]) == (138.5, 136.0, 145.0)
    assert (potassium["value_as_number"], potassium["operator_concept_id"]) == (3.0, 4171756)
    assert colour == {**again, "_record": colour["_record"]} and colour["value_source_value"] == "gelb"
    assert sodium["measurement_date"] == potassium["measurement_date"] != colour["measurement_date"]
    (note,) = rows["omop.note"]
    assert "telefonisch" in note["note_text"] and "Quiverton" not in note["note_text"]
    assert "10.01.2024" not in note["note_text"]
    assert note["visit_occurrence_id"] == sodium["visit_occurrence_id"]
    anna, bertil = rows["records.patient"]
    assert (anna["gender_source_value"], bertil["gender_source_value"]) == ("F", "M")
    assert (bertil["birth_precision"], anna["person_id"]) == ("month", sodium["person_id"])


def test_the_guide_names_every_field() -> None:
    page = GUIDE.read_text()
    for target, fields in TARGETS.items():
        (line,) = (line for line in page.splitlines() if line.startswith(f"| `[[{target}]]`"))
        named = set(line.replace("*", "").replace("`", "").split("|")[2].replace(",", " ").split())
        assert named == set(fields.fields)
        assert all(f"**`{name}`**" in line for name in fields.required)


def test_a_mapping_given_on_the_command_line_stays_with_its_place(tmp_path: Path) -> None:
    exports, mapping = tmp_path / "exports", tmp_path / "m.toml"
    exports.mkdir()
    mapping.write_text(LAB)
    (first,) = sources_of({"csv": [exports]}, {}, Settings(), mapping)
    assert first.options == {"mapping": str(mapping)}
    assert sources_of({"csv": [exports]}, {first.name: first}, Settings()) == [first]
    with pytest.raises(Usage, match="--mapping"):
        sources_of({"fhir": [exports]}, {}, Settings(), mapping)
    with pytest.raises(Usage, match="--mapping"):
        sources_of({"csv": [exports]}, {}, Settings(), tmp_path / "gone.toml")
