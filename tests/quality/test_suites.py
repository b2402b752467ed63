"""Suites are data: readable, checked when loaded, overlaid by a site."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from contracts.errors import Fatal
from contracts.schemas import LAKE
from quality.suites import OVERLAY_VARIABLE, digest, suite, suites
from tests.quality.rows import GOOD, TODAY

STAGED = {name for name, table in LAKE.items() if not table.derived} - {"records.ledger"}
RULE = """[[expectation]]
type = "expect_column_values_to_not_be_null"
column = "note_title"
severity = "critical"
on_failure = "quarantine"
reason = "no-title"
"""


@pytest.fixture
def overlay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "suites"
    folder.mkdir()
    monkeypatch.setenv(OVERLAY_VARIABLE, str(tmp_path))
    return folder


def test_every_staged_table_has_a_suite_and_no_other() -> None:
    assert set(suites()) == STAGED == set(GOOD)


@pytest.mark.parametrize("table", sorted(GOOD))
def test_suites_name_columns_of_the_lake(table: str) -> None:
    found = suite(table)
    assert found is not None
    schema = LAKE[table].schema
    for expectation in found.expectations:
        assert set(expectation.columns) <= set(schema.names), expectation.name
        kinds = {schema.field(c).type for c in expectation.columns}
        assert len(kinds) == 1, f"{expectation.name} compares different types"
        days = [v for v in expectation.bound(TODAY).values() if isinstance(v, date)]
        assert not days or pa.types.is_temporal(kinds.pop())
        assert not re.compile(expectation.kwargs.get("regex", "")).groups, "groups slow the matching down"


@pytest.mark.parametrize("table", sorted(GOOD))
def test_required_columns_are_expected_not_to_be_null(table: str) -> None:
    """What the lake refuses to store is held back by the gate, with a reason. Constants of a mapping are exempt."""
    found = suite(table)
    assert found is not None
    expected = {e.columns[0] for e in found.expectations if e.type.endswith("not_be_null")}
    required = {f.name for f in LAKE[table].schema if not f.nullable}
    constants = {n for n in required if n.endswith(("type_concept_id", "class_concept_id"))}
    computed = {"encoding_concept_id", "language_concept_id", "record_index"}
    computed |= {"allele_ids", "allele_positions", "allele_references", "allele_alternates", "contig_stated"}
    assert required - constants - computed <= expected


def test_digest_tells_rules_and_not_layout(overlay: Path) -> None:
    ours = digest("omop.note")
    (overlay / "omop.note.toml").write_text(RULE)
    first = digest("omop.note")
    (overlay / "omop.note.toml").write_text("# a comment\n\n" + RULE)
    second = digest("omop.note")
    (overlay / "omop.note.toml").write_text(RULE.replace("no-title", "title-missing"))
    third = digest("omop.note")
    assert ours != first == second != third
    assert len({ours, first, third}) == 3


def test_a_table_without_a_suite_has_no_digest() -> None:
    assert digest("omop.person") == ""
    assert suite("omop.person") is None


def test_overlay_adds_a_table(overlay: Path) -> None:
    (overlay / "omop.person.toml").write_text(RULE)
    assert digest("omop.person")


def test_missing_overlay_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(OVERLAY_VARIABLE, str(tmp_path / "nowhere"))
    with pytest.raises(Fatal, match="overlay"):
        digest("omop.note")


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("expect_column_values_to_not_be_null", "expect_good_data", "unknown type"),
        ('column = "note_title"', "", "without column"),
        ('column = "note_title"', 'column = "note_title"\ncolour = "red"', "unknown colour"),
        ('"critical"', '"fatal"', "unknown severity"),
        ('"quarantine"', '"warn"', "disagree"),
        ('"no-title"', '"No title!"', "reason code"),
        ('"no-title"', '"no-title"\nmostly = 0.9', "mostly"),
        ('"no-title"', '"no-title"\ntolerance = "60 minutes"', "tolerance"),
        ("[[expectation]]", "[table]\nlimit = 1\n[[expectation]]", "unknown limit"),
        ("[[expectation]]", "[[expectation", "not TOML"),
        (RULE, RULE + RULE, "same type, columns and reason"),
        (
            "to_not_be_null",
            'to_be_between"\nmax_value = "tomorrow',
            "malformed",
        ),
        ("to_not_be_null", 'to_match_regex"\nregex = "(', "malformed"),
    ],
)
def test_malformed_suites_are_refused(overlay: Path, before: str, after: str, told: str) -> None:
    (overlay / "omop.note.toml").write_text(RULE.replace(before, after))
    with pytest.raises(Fatal, match=told):
        suite("omop.note")


def test_reading_suites_imports_no_great_expectations() -> None:
    code = (
        "import sys, quality.gate, quality.cross; from quality.suites import digest; digest('omop.note'); "
        "sys.exit(bool({'great_expectations', 'pandas'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
