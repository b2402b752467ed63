from __future__ import annotations

import ast
import copy
import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from contracts.errors import Fatal
from contracts.privacy import Profile
from contracts.schemas import dicom, fhir, vcf
from nightrounds.commands.explain import find_round
from nightrounds.reasons import explain_reason, load_reasons
from nightrounds.story import tell
from stores.catalog import Catalog, RoundRow
from stores.home import create_home
from tests.conftest import ROOT
from tests.nightrounds.conftest import Call
from tests.retrieval.homes import DemoHome

_CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_GIVERS = {"Rejected", "Malformed", "Rule", "reject"}
_NO_REASONS = {"preflight.py"}
"""Preflights word their own rules."""


def _codes_in_python(path: Path) -> set[str]:
    """Codes given to what makes rejections, by keyword, or appended to a list of rejected rows."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        given = [keyword.value for keyword in node.keywords if keyword.arg == "reason"]
        if name in _GIVERS:
            given += node.args[:1] if name != "reject" else node.args
        if name == "append" and ast.unparse(node.func).endswith("rejected.append"):
            given += node.args[0].elts if isinstance(node.args[0], ast.Tuple) else []
        texts = [g.value for g in given if isinstance(g, ast.Constant) and isinstance(g.value, str)]
        found.update(text for text in texts if _CODE.fullmatch(text))
    return found


def used_codes() -> set[str]:
    """Every reason code that connectors, cleaning, mappings' tasks and the gate can give."""
    found: set[str] = set()
    for folder in ("connectors", "tasks"):
        for path in (ROOT / folder).rglob("*.py"):
            found |= set() if path.name in _NO_REASONS else _codes_in_python(path)
    for path in (ROOT / "quality" / "suites").glob("*.toml"):
        found |= {e["reason"] for e in tomllib.loads(path.read_text())["expectation"]}
    for path in (ROOT / "quality" / "checks").glob("*.sql"):
        found |= set(re.findall(r"^-- reason: *(\S+)", path.read_text(), re.MULTILINE))
    found |= set(re.findall(r'^_TOO_\w+ = "(.+)"', (ROOT / "quality" / "gate.py").read_text(), re.MULTILINE))
    for tables in (fhir.TABLES, dicom.TABLES, vcf.TABLES):
        for schema in tables.values():
            names = [f.name for f in schema if not f.nullable and not f.name.startswith("_")]
            found |= {f"missing-{name.replace('_', '-')}" for name in names}
    return found


def test_every_reason_is_explained() -> None:
    codes = used_codes()
    assert {
        "truncated-file",
        "invalid-json",
        "empty-identity",
        "too-many-quarantined",
        "after-death",
    } <= codes
    assert len(codes) > 100
    assert codes - set(load_reasons()) == set()


def test_every_explanation_is_two_sentences_of_its_own() -> None:
    for reason in load_reasons().values():
        assert _CODE.fullmatch(reason.code)
        for text in (reason.meaning, reason.remedy):
            assert text[0].isupper() and text.endswith(".") and len(text) >= 10, reason.code


def test_a_sites_own_code_is_told_as_it_is() -> None:
    reason = explain_reason("dose-too-high")
    assert reason.meaning.startswith("Dose too high") and reason.remedy
    assert "omop.visit_occurrence" in explain_reason("parent-blocked:omop.visit_occurrence").meaning


def test_the_last_round_is_explained(call: Call, demo: DemoHome) -> None:
    said = call("explain", "--home", demo.home.path)
    assert said.code == 0
    for heading in ("What happened", "What was held back, and why", "What is safe", "What to do next"):
        assert f"\n{heading}\n" in "\n" + said.out
    held = {c: n for s in demo.summary["sources"].values() for c, n in s["account"]["reasons"].items()}
    assert held
    flat = " ".join(said.out.split())
    for code in held:
        assert code in flat and explain_reason(code).meaning in flat and explain_reason(code).remedy in flat
    for name, source in demo.summary["sources"].items():
        assert f"{name} ({source['kind']}): " in flat
    assert "Every record that was read is accounted for." in flat
    assert max(map(len, said.out.splitlines())) <= 100


def test_a_round_is_found_by_number_and_run_id(call: Call, demo: DemoHome) -> None:
    number, run_id = demo.summary["round"], demo.summary["run_id"]
    for name in (str(number), run_id[:8], run_id, "last"):
        said = call("explain", name, "--home", demo.home.path, "--json")
        assert (said.json["round"], said.json["run_id"]) == (number, run_id)
    said = call("explain", "99", "--home", demo.home.path)
    assert said.code == 2 and "no such round" in said.err


def test_two_runs_that_begin_alike_are_told_apart() -> None:
    rows = [_row(2, "abcd1111"), _row(1, "abcd2222")]
    assert find_round(rows, "abcd1").round_no == 2
    assert find_round(rows, "1").round_no == 1
    with pytest.raises(Fatal, match="several runs begin like this"):
        find_round(rows, "abcd")
    with pytest.raises(Fatal, match="no round yet"):
        find_round([], "last")


def _row(number: int, run_id: str, summary: dict[str, Any] | None = None) -> RoundRow:
    began = datetime(2024, 9, 2, 1, tzinfo=UTC)
    return RoundRow(number, run_id, began, began if summary else None, "running", summary=summary)


def _text(story: Any) -> str:
    return str(story)


def test_a_blocked_table_is_explained(demo: DemoHome) -> None:
    summary = copy.deepcopy(demo.summary)
    summary["state"] = "blocked"
    summary["sources"]["ehr"]["tables"] = [
        {
            "table": "omop.visit_occurrence",
            "state": "blocked",
            "rows": 0,
            "reasons": {"too-many-quarantined": 9},
        },
        {
            "table": "omop.note",
            "state": "held",
            "rows": 0,
            "reasons": {"parent-blocked:omop.visit_occurrence": 1},
        },
    ]
    story = tell(_row(2, "x", summary), False, 1, Path("h"))
    held = _text(story["what was held back, and why"])
    assert "ehr: the table omop.visit_occurrence was blocked by the gate." in held
    assert "ehr: the table omop.note waits for another table." in held
    assert explain_reason("too-many-quarantined").remedy in held
    assert "the earlier version, whole" in _text(story["what is safe"])
    assert "nightrounds run --home h" in _text(story["what to do next"])


def test_a_failed_source_is_explained(demo: DemoHome) -> None:
    summary = copy.deepcopy(demo.summary)
    summary["sources"]["lab"]["problem"] = "the location cannot be listed"
    summary["sources"]["ehr"]["failures"] = [{"unit": "ehr/abc", "error": "MemoryError", "message": ""}]
    story = tell(_row(2, "x", summary), False, 2, Path("h"))
    assert "lab (vcf) could not be read: the location cannot be listed" in _text(story["what happened"])
    assert "ehr/abc ended in an error: MemoryError" in _text(story["what was held back, and why"])
    assert "Readers see release 2 now" in _text(story["what is safe"])
    todo = _text(story["what to do next"])
    assert "nightrounds doctor --home h" in todo and "nightrounds run ehr --home h" in todo


def test_counts_that_do_not_add_up_are_shouted(demo: DemoHome) -> None:
    summary = copy.deepcopy(demo.summary)
    summary["sources"]["ehr"]["balanced"] = False
    story = tell(_row(2, "x", summary), False, 1, Path("h"))
    assert "DO NOT ADD UP" in _text(story["what happened"])
    assert "accounted for" not in _text(story["what is safe"])


def test_a_quiet_night_needs_nothing(demo: DemoHome) -> None:
    summary = copy.deepcopy(demo.summary)
    summary |= {"state": "published", "changed": False, "checks": []}
    for source in summary["sources"].values():
        source["account"] |= {"reasons": {}, "warnings": {}}
        source["account"]["fates"]["quarantined"] = 0
    story = tell(_row(2, "x", summary), False, 1, Path("h"))
    assert story["what was held back, and why"] == ["Nothing."]
    assert "changed nothing" in _text(story["what is safe"])
    assert "Nothing needs to be done" in _text(story["what to do next"])


def test_a_round_that_was_cut_off_is_told_from_one_that_runs(call: Call, tmp_path: Path) -> None:
    made = create_home(tmp_path / "home", Profile.EXPERT, seed="cut")
    with Catalog.open(made) as catalog:
        catalog.begin_round("0123456789")
    said = call("explain", "--home", made.path)
    assert "was cut off before its report" in said.out and "nightrounds run" in said.out
    assert "still running" in _text(tell(_row(1, "x"), True, None, Path("h")))
    assert call("status", "--home", made.path, "--json").json["rounds"][0]["state"] == "cut off"
