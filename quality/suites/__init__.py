"""Suites: one TOML file for each lake table, which a data manager can read and a site can overlay.

A file is named after its table (`omop.note.toml`). Its `[table]` settings and `[[expectation]]` entries are described
by `Suite` and `Expectation`. A plugin's files, for the tables that it brings, stand in its `suites/`. A site's own
files stand in `<NIGHTROUNDS_OVERLAY>/suites/`; there a file of the same name wins over ours. A table without a suite
passes everything. Nothing here imports Great Expectations.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from contracts.errors import Fatal
from contracts.plugins import plugin_folders
from quality.limits import limits_text

OVERLAY_VARIABLE = "NIGHTROUNDS_OVERLAY"
"""Environment variable that names a site's overlay folder: workers on other machines see it too."""

KINDS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    kind: (frozenset(needed.split()), frozenset(allowed.split()))
    for kind, needed, allowed in (
        ("expect_column_values_to_not_be_null", "column", ""),
        ("expect_column_values_to_be_between", "column", "min_value max_value strict_min strict_max"),
        ("expect_column_values_to_be_in_set", "column value_set", ""),
        ("expect_column_values_to_not_be_in_set", "column value_set", ""),
        ("expect_column_values_to_match_regex", "column regex", ""),
        ("expect_column_values_to_not_match_regex", "column regex", ""),
        ("expect_column_value_lengths_to_be_between", "column", "min_value max_value"),
        ("expect_column_values_to_be_unique", "column", ""),
        ("expect_column_pair_values_a_to_be_greater_than_b", "column_A column_B", "or_equal"),
        ("expect_column_pair_values_to_be_equal", "column_A column_B", ""),
    )
}
"""The kinds of expectations that judge rows one by one: by kind, the arguments it needs and those it may have."""

SEVERITIES = ("critical", "warning", "info")
OUTCOMES = ("quarantine", "block", "warn")
_OWN = frozenset({"type", "severity", "on_failure", "reason", "mostly", "optional", "tolerance"})
_TABLE = {"max_quarantined_share": 0.2, "min_judged_rows": 20, "min_rows": 0}
_PAIR = "expect_column_pair_values_a_to_be_greater_than_b"
_SPAN = re.compile(r"(?P<count>\d+) (?P<unit>minutes|days)")
_FOLDER = Path(__file__).parent
_REASON = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_DAY = re.compile(r"today(?P<year>\.year)?(?P<shift>[+-]\d+)?")


@dataclass(frozen=True)
class Expectation:
    """One thing that must hold of every row.

    Attributes:
        type: a kind of `KINDS`, named as Great Expectations names it.
        kwargs: its arguments. A day is an ISO date, `today` or `today+366`; `today.year` is its year; a list column
            is judged by its length.
        severity: critical, warning or info.
        on_failure: what becomes of a row that fails: `quarantine` it (critical), `block` the publication of its
            source's table (critical), or `warn` and let it pass (warning, info).
        reason: reason code, lower-case words joined by hyphens.
        mostly: for `block`, the share of rows that must pass; 1 means all.
        tolerance: for a pair, how much column A may fall short (`60 minutes` for date-times, `366 days` for dates).
        optional: whether rows that lack the column pass: it is set at publication, or an export may not have it.
    """

    type: str
    kwargs: Mapping[str, Any] = field(hash=False)
    severity: str
    on_failure: str
    reason: str
    mostly: float = 1.0
    optional: bool = False
    tolerance: timedelta = timedelta()

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it names."""
        return tuple(self.kwargs[k] for k in ("column", "column_A", "column_B") if k in self.kwargs)

    @property
    def name(self) -> str:
        """What its counts are kept under: unique within its suite."""
        return f"{self.type}:{','.join(self.columns)}:{self.reason}"

    def bound(self, today: date) -> dict[str, Any]:
        """Its arguments with days as dates."""
        return {k: day(v, today) if k in {"min_value", "max_value"} else v for k, v in self.kwargs.items()}


@dataclass(frozen=True)
class Suite:
    """The expectations of one table, in the order in which reasons are given: a row fails by the first.

    Attributes:
        table: the lake table.
        expectations: what must hold.
        max_quarantined_share: a larger share of a (source, table)'s rows failing blocks its publication,
        min_judged_rows: once at least so many rows were judged.
        min_rows: fewer rows judged than this block the publication.
        digest: stable digest of the rules, free of comments and layout; part of the recipe.
    """

    table: str
    expectations: tuple[Expectation, ...]
    max_quarantined_share: float
    min_judged_rows: int
    min_rows: int
    digest: str


def suite(table: str) -> Suite | None:
    """The suite of a table, None where it has none.

    Raises:
        Fatal: the file is malformed, or the overlay folder is not there.
    """
    found = None
    for folder in _folders():
        path = folder / f"{table}.toml"
        found = path if path.is_file() else found
    if found is None:
        return None
    stat = found.stat()
    return _load(found, stat.st_mtime_ns, stat.st_size)


def digest(table: str) -> str:
    """Digest of the table's suite, "" where it has none."""
    found = suite(table)
    return found.digest if found else ""


def suites() -> dict[str, Suite]:
    """Every suite by table, sorted."""
    names = {path.stem for folder in _folders() for path in folder.glob("*.toml")}
    return {name: found for name in sorted(names) if (found := suite(name))}


def day(value: Any, today: date) -> Any:
    """`today`, `today+366` or an ISO date as a date, `today.year` as a number; anything else as it is."""
    if isinstance(value, datetime):
        raise ValueError("a time of day is no bound")
    if not isinstance(value, str):
        return value
    relative = _DAY.fullmatch(value)
    if relative is None:
        return date.fromisoformat(value)
    shift = int(relative["shift"] or 0)
    return today.year + shift if relative["year"] else today + timedelta(days=shift)


def _folders() -> tuple[Path, ...]:
    """Where suites lie; the last that has one wins."""
    return (*plugin_folders("suites"), _FOLDER, *_overlays())


def _overlays() -> tuple[Path, ...]:
    configured = os.environ.get(OVERLAY_VARIABLE)
    if not configured:
        return ()
    if not Path(configured).is_dir():
        raise Fatal("the site's overlay folder is not there", OVERLAY_VARIABLE, "an existing folder")
    return (Path(configured) / "suites",)


@lru_cache(maxsize=256)
def _load(path: Path, _modified: int, _size: int) -> Suite:
    """Parse one file; the time of its change is part of the cache key."""
    table = path.stem
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise Fatal(f"the suite is not TOML: {error}", table) from None
    _known(data, {"table", "expectation"}, table)
    settings = data.get("table", {})
    _known(settings, set(_TABLE), f"{table}: [table]")
    expectations = tuple(_expectation(table, n, e) for n, e in enumerate(data.get("expectation", []), 1))
    if len({e.name for e in expectations}) < len(expectations):
        raise Fatal(
            "two expectations have the same type, columns and reason", table, "give them different reasons"
        )
    text = json.dumps(data, sort_keys=True, default=str) + limits_text(table)
    return Suite(
        table,
        expectations,
        **{**_TABLE, **settings},
        digest=hashlib.sha256(text.encode()).hexdigest()[:32],
    )


def _known(found: Mapping[str, Any], legal: set[str] | frozenset[str], place: str) -> None:
    if unknown := sorted(set(found) - legal):
        raise Fatal(f"unknown {', '.join(unknown)}", place, f"of {', '.join(sorted(legal))}")


def _expectation(table: str, number: int, entry: dict[str, Any]) -> Expectation:
    place = f"{table}: expectation {number}"
    kind = entry.get("type", "")
    if kind not in KINDS:
        raise Fatal(f"unknown type {kind!r}", place, f"one of {', '.join(KINDS)}")
    needed, allowed = KINDS[kind]
    _known(entry, needed | allowed | _OWN, place)
    if missing := sorted((needed | {"severity", "on_failure", "reason"}) - set(entry)):
        raise Fatal(f"without {', '.join(missing)}", place)
    span = _SPAN.fullmatch(str(entry.get("tolerance", "0 days")))
    if span is None or ("tolerance" in entry and kind != _PAIR):
        raise Fatal(
            "tolerance is out of place", place, "`60 minutes` or `366 days`, where one is to be greater"
        )
    found = Expectation(
        kind,
        {k: v for k, v in entry.items() if k in needed | allowed},
        entry["severity"],
        entry["on_failure"],
        entry["reason"],
        float(entry.get("mostly", 1.0)),
        bool(entry.get("optional", False)),
        timedelta(**{span["unit"]: int(span["count"])}),
    )
    _legal(found, place)
    return found


def _legal(found: Expectation, place: str) -> None:
    if found.severity not in SEVERITIES or found.on_failure not in OUTCOMES:
        legal = f"severity of {', '.join(SEVERITIES)}; on_failure of {', '.join(OUTCOMES)}"
        raise Fatal("unknown severity or on_failure", place, legal)
    if (found.severity == "critical") == (found.on_failure == "warn"):
        raise Fatal(
            "severity and on_failure disagree", place, "critical quarantines or blocks, the others warn"
        )
    if not _REASON.fullmatch(found.reason):
        raise Fatal("the reason is not a reason code", place, "lower-case words joined by hyphens")
    if not 0.0 <= found.mostly <= 1.0 or (found.mostly < 1.0 and found.on_failure != "block"):
        raise Fatal(
            "mostly is out of place", place, "0 to 1, with on_failure = block: rows are judged one by one"
        )
    try:
        found.bound(date(2000, 1, 1))
        re.compile(found.kwargs.get("regex", ""))
    except (ValueError, re.error) as error:
        raise Fatal(
            f"an argument is malformed: {error}", place, "a number, an ISO date, today or today+366"
        ) from None
