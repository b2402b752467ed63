from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from contracts.privacy import Profile
from stores.home import create_home
from tests.nightrounds.conftest import Call
from tests.retrieval.homes import DemoHome


@pytest.fixture
def broken(demo: DemoHome) -> list[Path]:
    """Files of the exports, by their size and content findable in the quarantine."""
    return [p for p in (demo.hospital.root / "night-1").rglob("*") if p.is_file()]


def test_list_names_records_and_counts_them(call: Call, demo: DemoHome) -> None:
    found = call("quarantine", "list", "--home", demo.home.path, "--json").json
    counted = {
        name: dict(Counter(r["reason"] for r in found["records"] if r["source"] == name))
        for name in found["totals"]
    }
    assert counted == found["totals"]
    reported = {
        n: s["account"]["reasons"] for n, s in demo.summary["sources"].items() if s["kind"] != "crosswalk"
    }
    assert found["totals"] == {name: reasons for name, reasons in reported.items() if reasons}
    said = call("quarantine", "list", "--home", demo.home.path)
    assert said.code == 0 and max(len(line.rstrip()) for line in said.out.splitlines()) <= 100
    for record in found["records"]:
        assert record["token"] in said.out and record["reason"] in said.out


def test_list_of_one_source(call: Call, demo: DemoHome) -> None:
    found = call("quarantine", "list", "--source", "pacs", "--home", demo.home.path, "--json").json
    assert {record["source"] for record in found["records"]} == {"pacs"} == set(found["totals"])


def test_nothing_of_a_patient_without_reveal(call: Call, demo: DemoHome, broken: list[Path]) -> None:
    token = call("quarantine", "list", "--source", "ehr", "--home", demo.home.path, "--json").json["records"][
        0
    ]["token"]
    shown = call("quarantine", "show", token, "--home", demo.home.path)
    assert shown.code == 0 and "To do:" in shown.out and "warning" not in shown.err
    text = call("quarantine", "list", "--home", demo.home.path).out + shown.out
    assert not [path.name for path in broken if path.name in text]


def test_reveal_shows_path_and_records_with_a_warning(call: Call, demo: DemoHome, broken: list[Path]) -> None:
    records = call("quarantine", "list", "--source", "ehr", "--home", demo.home.path, "--json").json[
        "records"
    ]
    bad = next(record for record in records if record["reason"] == "invalid-json")
    said = call("quarantine", "show", bad["token"], "--reveal", "--home", demo.home.path, "--json")
    assert said.code == 0 and "patient data" in said.err
    path = Path(said.json["path"])
    assert path in broken
    raw = next(r for r in said.json["raw"] if r["reason"] == "invalid-json")
    assert raw["payload"].strip()[:200] in path.read_text(errors="replace")


def test_bytes_that_are_no_text_upset_no_terminal(call: Call, demo: DemoHome) -> None:
    record = call("quarantine", "list", "--source", "pacs", "--home", demo.home.path, "--json").json[
        "records"
    ][0]
    said = call("quarantine", "show", record["token"], "--reveal", "--home", demo.home.path)
    assert "path: " in said.out
    assert all(c.isprintable() or c in "\n\t" for c in said.out)


def test_an_unknown_token_ends_with_1(call: Call, demo: DemoHome) -> None:
    said = call("quarantine", "show", "0000000000000000", "--home", demo.home.path)
    assert said.code == 1 and "quarantine list" in said.err


def test_an_empty_quarantine(call: Call, tmp_path: Path) -> None:
    create_home(tmp_path / "home", Profile.EXPERT, seed="empty")
    said = call("quarantine", "list", "--home", tmp_path / "home")
    assert said.code == 0 and said.out == "" and "nothing is held back" in said.err


def test_without_the_key_nothing_is_shown(
    call: Call, demo: DemoHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NIGHTROUNDS_KEY_DIR", str(tmp_path))
    said = call("quarantine", "list", "--home", demo.home.path)
    assert said.code == 1 and said.out == "" and "no key by this id" in said.err
