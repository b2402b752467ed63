"""`nightrounds export meds`, and the export of the night."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from contracts.privacy import Profile
from flows.rounds import Options, open_round
from flows.settings import load_settings
from flows.stages import exporting
from stores.home import create_home
from tests.nightrounds.conftest import Call
from tests.retrieval.homes import DAY, DemoHome

Option = tuple[str, str]


def _files(folder: Path) -> dict[str, tuple[int, int]]:
    paths = [p for p in folder.rglob("*") if p.is_file() and p.name != "lock"]
    return {p.relative_to(folder).as_posix(): (p.stat().st_mtime_ns, p.stat().st_ino) for p in paths}


def test_a_release_is_exported_and_sound(call: Call, home: Option, demo: DemoHome, tmp_path: Path) -> None:
    out = tmp_path / "meds"
    chosen = ("--notes", "--images", "--variants")
    done = call("export", "meds", *home, "--out", out, *chosen, "--json")
    assert done.code == 0 and done.json["changed"] and done.json["release"] == 1
    frame = pl.read_parquet(out / "data/*/*.parquet")
    assert frame.height == done.json["events"] and frame["subject_id"].n_unique() == done.json["subjects"]
    rows = Counter(frame["table"].to_list())
    from stores.lake import Lake

    lake = Lake(demo.home.lake, demo.home.buckets)
    for table in ("condition_occurrence", "drug_exposure", "measurement", "observation", "note"):
        assert rows[table] == lake.rows(f"omop.{table}")
    assert all(rows[table] for table in ("condition_occurrence", "note", "imaging.study", "genomics.sample"))
    again = call("export", "meds", *home, "--out", out, *chosen)
    assert "(0 written, 0 removed)" in again.out
    checked = call("export", "meds", "--check", out, "--json")
    assert checked.code == 0 and checked.json["findings"] == []
    assert "sound" in call("export", "meds", "--check", out).err


def test_a_data_set_that_is_not_sound_ends_with_3(call: Call, home: Option, tmp_path: Path) -> None:
    call("export", "meds", *home, "--out", tmp_path / "meds")
    (tmp_path / "meds/metadata/dataset.json").unlink()
    said = call("export", "meds", "--check", tmp_path / "meds")
    assert said.code == 3 and "metadata/dataset.json error metadata:" in said.out and "1 error" in said.err
    assert call("export", "meds", "--check", tmp_path / "none").code == 1


def test_wrong_usage(call: Call, home: Option, tmp_path: Path) -> None:
    said = call("export", "meds", *home, "--out", tmp_path / "x", "--release", 99)
    assert said.code == 2 and "no such release" in said.err and not (tmp_path / "x").exists()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "a").touch()
    said = call("export", "meds", *home, "--out", tmp_path / "full")
    assert said.code == 1 and "not empty" in said.err
    create_home(tmp_path / "new", Profile.EXPERT, seed="empty")
    said = call("export", "meds", "--home", tmp_path / "new")
    assert said.code == 1 and "no release to export yet" in said.err


def _night(home: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any] | None:
    """The part of a round that exports; None where the round leaves it out."""
    monkeypatch.setenv("NIGHTROUNDS_HOME", str(home))
    with open_round(Options(), sync=True, today=DAY) as current:
        return exporting.export_meds(current) if exporting.wants_meds(current) else None


def test_the_night_exports_where_it_is_asked_to(
    demo: DemoHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    shutil.copytree(demo.home.path, home)
    assert _night(home, monkeypatch) is None and not (home / "meds").exists()
    monkeypatch.setenv("NIGHTROUNDS_MEDS__ENABLED", "true")
    first = _night(home, monkeypatch)
    before = _files(home / "meds")
    again = _night(home, monkeypatch)
    assert first and again and first["changed"] and not again["changed"] and _files(home / "meds") == before
    monkeypatch.delenv("NIGHTROUNDS_MEDS__ENABLED")
    assert _night(home, monkeypatch) == again, "what the home holds is kept up to date all the same"


def test_an_export_that_fails_is_the_nights_problem_not_its_end(
    demo: DemoHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    shutil.copytree(demo.home.path, home)
    (home / "meds").mkdir()
    (home / "meds" / "stranger").touch()
    monkeypatch.setenv("NIGHTROUNDS_MEDS__ENABLED", "true")
    monkeypatch.setenv("NIGHTROUNDS_HOME", str(home))
    with open_round(Options(), sync=True, today=DAY) as current:
        found = exporting.export_meds(current)
        assert "not empty" in found["problem"] and current.failed == 1 and current.state == "failed"


def test_settings_of_meds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "nightrounds.toml").write_text("[meds]\nnotes = true\ntuning = 0.2\nheld_out = 0.3\n")
    options = load_settings(tmp_path).meds.options()
    assert (options.notes, options.images, options.tuning, options.held_out) == (True, False, 0.2, 0.3)
    monkeypatch.setenv("NIGHTROUNDS_MEDS__TUNING", "0.8")
    with pytest.raises(Exception, match="together more than 1"):
        load_settings(tmp_path)
