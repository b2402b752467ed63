from __future__ import annotations

import datetime as dt
import shutil
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from contracts.errors import Fatal
from contracts.privacy import Profile
from contracts.schemas import table_named
from retrieval.reader import Reader, open_reader
from stores.home import create_home, open_home
from stores.lake import Lake
from stores.releases import Releases
from tasks.encoders import load_encoder
from tests.retrieval.homes import DemoHome


def test_a_home_without_release_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Fatal, match=r"no release to read yet.*nightrounds run"):
        open_reader(create_home(tmp_path / "home", Profile.EXPERT, seed="empty"))


def test_counts_are_those_of_the_tables(reader: Reader) -> None:
    for table in reader.release.tables:
        assert reader.count(table) == reader.rows(f"SELECT count(*) AS n FROM {table}")[0]["n"]
    assert reader.count("omop.note") > 50
    assert reader.has("omop.note", "omop.person")
    assert not reader.has("omop.note", "omop.nothing")


def test_what_comes_after_the_release_is_not_seen(demo: DemoHome, tmp_path: Path) -> None:
    shutil.copytree(demo.home.path, tmp_path / "home")
    home = open_home(tmp_path / "home")
    lake = Lake(home.lake, home.buckets)
    before = open_reader(home).count("omop.death")
    schema = table_named("omop.death").schema
    row = dict.fromkeys(schema.names) | {"person_id": 77, "death_date": dt.date(2020, 1, 1)}
    batch = pa.RecordBatch.from_pylist([row], schema=schema)
    lake.replace_buckets("omop.death", [77 % home.buckets], [batch], ("later", 1))
    reader = open_reader(home)
    assert reader.count("omop.death") == before
    assert reader.rows("SELECT * FROM omop.death WHERE person_id = 77") == []
    number = (
        Releases(home)
        .publish("run", 2, lake.versions(), reader.release.vectors, "2024-09-03T00:00:00Z")
        .number
    )
    assert open_reader(home).rows("SELECT person_id FROM omop.death WHERE person_id = 77") == [
        {"person_id": 77}
    ]
    assert open_reader(home, number - 1).rows("SELECT * FROM omop.death WHERE person_id = 77") == []


def test_values_never_become_sql(reader: Reader) -> None:
    hostile = "x' OR '1'='1"
    assert reader.rows("SELECT note_id FROM omop.note WHERE note_title = ?", [hostile]) == []


def test_vectors_of_another_encoder_are_no_vectors(reader: Reader) -> None:
    blind = Reader(reader.home, replace(reader.release, vectors={}), reader.lake, reader.vectors)
    encoder = load_encoder("minilm-l6-v2")
    with pytest.raises(Fatal, match="holds no note vectors of minilm-l6-v2"):
        blind.search("note", encoder, None, "pain")


def test_dates_are_shown_as_far_as_the_profile_keeps_them(reader: Reader) -> None:
    day = dt.date(2021, 1, 1)
    assert reader.show_date(day) == "2021-01-01"
    careful = Reader(
        replace(reader.home, profile=Profile.SAFE_HARBOR), reader.release, reader.lake, reader.vectors
    )
    assert careful.show_date(day) == "2021"
    assert careful.show_date(dt.datetime(2021, 5, 6, 7, tzinfo=None)) == "2021"
    assert careful.show_date(None) == ""
