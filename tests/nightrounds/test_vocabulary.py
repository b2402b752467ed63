"""`nightrounds vocabulary`, as a data manager uses it: load, look up, list what is missing, fill it in."""

from __future__ import annotations

import csv
from pathlib import Path

import pyarrow as pa
import pytest

from contracts.privacy import Profile
from contracts.schemas import table_named
from stores.home import Home, create_home
from stores.lake import Lake
from stores.lease import Lease
from stores.releases import Releases
from tests.nightrounds.conftest import Call
from tests.stores.downloads import CONCEPTS, SITE, write_athena

URL = "http://hospital/codes"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = create_home(tmp_path / "home", Profile.EXPERT, seed="vocabulary", buckets=2)
    lake = Lake(home.lake, home.buckets)
    codes = [
        ("omop.measurement", URL, "GLU", "glucose, in blood", 0, 40, 12),
        ("omop.condition_occurrence", URL, "RARE", "a rare one", 0, 4, 3),
        ("omop.condition_occurrence", "ICD10CM", "E11.9", "diabetes", SITE + 1, 100, 20),
    ]
    schema = table_named("records.code").schema
    rows = pa.Table.from_pylist([dict(zip(schema.names, row, strict=True)) for row in codes], schema=schema)
    lake.replace_buckets("records.code", [0, 1], rows.to_batches(), publish=("derived:records.code", 1))
    Releases(home).publish("run", 1, lake.versions(), {}, "2026-01-01T00:00:00+00:00")
    return home


@pytest.fixture
def option(home: Home) -> tuple[str, str]:
    return "--home", str(home.path)


def test_load_status_and_lookup(call: Call, option: tuple[str, str], tmp_path: Path) -> None:
    before = call("vocabulary", "status", *option)
    assert before.code == 0 and "no vocabulary is loaded" in before.out
    assert "no vocabulary is loaded" in call("vocabulary", "lookup", "SNOMED", "111", *option).err
    loaded = call("vocabulary", "load", write_athena(tmp_path / "download"), *option)
    assert loaded.code == 0 and f"{len(CONCEPTS)} concepts" in loaded.out and "v5.0 01-JAN-26" in loaded.out
    assert "1 mapping leads" in loaded.out
    status = call("vocabulary", "status", *option, "--json").json
    assert status["loaded"]["concepts"] == len(CONCEPTS) and status["site_map"] == []

    rows = call("vocabulary", "lookup", "ICD10CM", "i150", *option, "--json").json["concepts"]
    assert [(r["role"], int(r["concept_id"]) - SITE, r["table"]) for r in rows] == [
        ("source concept", 11, ""),
        ("standard concept", 1, "condition_occurrence"),
        ("standard concept", 4, "measurement"),
    ]
    shown = call("vocabulary", "lookup", "ICD10CM", "Z86.7", *option)
    assert str(SITE + 3) in shown.out and "observation" in shown.out and "value" in shown.out
    assert "not found" in call("vocabulary", "lookup", "SNOMED", "0", *option).err
    assert "the loaded vocabularies are" in call("vocabulary", "lookup", "Snomed", "111", *option).err


def test_a_wrong_download_is_told_in_one_line(call: Call, option: tuple[str, str], tmp_path: Path) -> None:
    said = call("vocabulary", "load", tmp_path / "nothing", *option)
    assert said.code == 1 and said.err.startswith("error: ") and "athena" in said.err


def test_nothing_is_loaded_while_a_round_runs(
    call: Call, option: tuple[str, str], home: Home, tmp_path: Path
) -> None:
    with Lease(home):
        assert call("vocabulary", "load", write_athena(tmp_path / "download"), *option).code == 1
    assert not list(home.vocabulary.glob("*"))


def test_the_worklist_is_filled_in_and_what_is_filled_in_leaves_it(
    call: Call, option: tuple[str, str], home: Home, tmp_path: Path
) -> None:
    rows = call("vocabulary", "worklist", *option, "--json").json
    assert [(r["code"], r["rows"], r["persons"]) for r in rows] == [("GLU", 40, 12), ("RARE", "<11", "<11")]
    out = tmp_path / "todo.csv"
    assert call("vocabulary", "worklist", *option, "--out", out).code == 0
    with out.open(newline="") as file:
        found = list(csv.DictReader(file))
    assert [(r["source_code"], r["source_vocabulary_id"], r["target_concept_id"]) for r in found] == [
        ("GLU", URL, ""), ("RARE", URL, "")
    ]  # fmt: skip
    assert found[0]["source_code_description"] == "glucose, in blood"
    assert call("vocabulary", "worklist", *option, "--out", out).code == 1, (
        "a file that may be filled in stays"
    )

    found[0]["target_concept_id"] = str(SITE + 4)
    home.vocabulary.mkdir()
    with (home.vocabulary / "source_to_concept_map.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(found[0]))
        writer.writeheader()
        writer.writerows(found)
    assert [r["code"] for r in call("vocabulary", "worklist", *option, "--json").json] == ["RARE"]
    status = call("vocabulary", "status", *option, "--json").json
    assert status["site_map"] == [{"vocabulary": URL, "codes mapped by the site": 1}]
    assert status["site_targets"] == {"concepts": 1, "not_in_the_vocabularies": 1, "not_standard": 0}
    shown = call("vocabulary", "lookup", URL, "GLU", *option)
    assert str(SITE + 4) in shown.out and "as the site's own map says" in shown.out


def test_status_of_the_home_shows_coverage(call: Call, option: tuple[str, str]) -> None:
    said = call("status", *option)
    assert "mapping coverage of the release" in said.out
    assert "33.3 % of the source codes and 69.4 % of the rows" in " ".join(said.out.split())
    coverage = call("status", *option, "--json").json["coverage"]
    assert (coverage["rows"], coverage["mapped_rows"], len(coverage["tables"])) == (144, 100, 3)
