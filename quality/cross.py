"""Checks between tables: what must hold of the lake as a whole.

Each check is one SQL file in `checks/`: a header of comments (`-- severity: warning`, `-- tables: omop.death ...`,
`-- reason: after-death`), a sentence that says what it looks for, and one DuckDB SELECT of one row with the columns
`failing` and `total`. A file with `-- each: omop.note=note ...` is a template: one check for each table that it names,
`{table}` its name, `{date}` its date column and `{event}` the word given, so that `begin-after-death.sql` is
`notes-begin-after-death` and more. A file under a check's own name wins over the template. That no key stands twice is
checked for every table of the registry. A check is left out while one of its tables does not exist. Counts only.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contracts.errors import Fatal
from contracts.schemas import LAKE
from quality.suites import OVERLAY_VARIABLE, SEVERITIES

if TYPE_CHECKING:
    import duckdb

_FOLDER = Path(__file__).parent / "checks"
_HEADER = re.compile(r"^-- (severity|tables|reason|each): *(.+?) *$", re.MULTILINE)


@dataclass(frozen=True)
class Check:
    """A question to the lake.

    Attributes:
        name: what it is called in reports.
        severity: critical, warning or info.
        reason: reason code.
        tables: the lake tables it reads.
        sql: a SELECT of one row (failing, total).
    """

    name: str
    severity: str
    reason: str
    tables: tuple[str, ...]
    sql: str


@dataclass(frozen=True)
class CheckResult:
    """How many rows fail a check, of how many it looked at."""

    check: str
    severity: str
    failing: int
    total: int
    reason: str

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "check": self.check,
            "severity": self.severity,
            "failing": self.failing,
            "total": self.total,
            "reason": self.reason,
        }


def run_checks(connection: duckdb.DuckDBPyConnection, tables: Collection[str]) -> list[CheckResult]:
    """Ask every check whose tables are there.

    Args:
        connection: with a view `"schema"."table"` for each of `tables`.
        tables: names of the lake tables that exist.

    Raises:
        Fatal: a check cannot be read or run.
    """
    present = set(tables)
    asked = [check for check in checks().values() if present.issuperset(check.tables)]
    return [_run(connection, check) for check in asked]


def checks() -> dict[str, Check]:
    """Every check by name: ours, a site's in `<NIGHTROUNDS_OVERLAY>/checks/`, and one a table for its key."""
    files: dict[str, Path] = {}
    configured = os.environ.get(OVERLAY_VARIABLE)
    for folder in (_FOLDER, *([Path(configured) / "checks"] if configured else [])):
        files.update({path.stem: path for path in folder.glob("*.sql")})
    loaded = [check for name in sorted(files) for check in _load(files[name])]
    found = {check.name: check for check in loaded}
    found |= {check.name: check for check in loaded if check.name in files}
    return dict(sorted(found.items())) | {check.name: check for check in _key_checks()}


def checks_digest() -> str:
    """Digest over all checks: another digest asks them anew."""
    text = "\n".join(f"{c.name} {c.severity} {c.reason} {c.sql}" for c in checks().values())
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _load(path: Path) -> list[Check]:
    sql = path.read_text(encoding="utf-8")
    lines = _HEADER.findall(sql)
    header: Mapping[str, str] = dict(lines)
    if missing := sorted({"severity", "tables", "reason"} - set(header)):
        raise Fatal(
            f"the check lacks {', '.join(missing)}", path.name, "a header line `-- severity: warning`"
        )
    if header["severity"] not in SEVERITIES:
        raise Fatal("unknown severity", path.name, f"one of {', '.join(SEVERITIES)}")
    subjects = [word for name, value in lines if name == "each" for word in value.split()]
    if not subjects:
        return [_check(path, path.stem, header, sql)]
    return [_expand(path, header, sql, subject) for subject in subjects]


def _check(path: Path, name: str, header: Mapping[str, str], sql: str) -> Check:
    tables = tuple(header["tables"].replace(",", " ").split())
    if unknown := sorted(set(tables) - set(LAKE)):
        raise Fatal(f"the check reads {', '.join(unknown)}", path.name, "tables of the lake")
    return Check(name, header["severity"], header["reason"], tables, sql)


def _expand(path: Path, header: Mapping[str, str], sql: str, subject: str) -> Check:
    """A template's check for one table."""
    table, _, event = subject.partition("=")
    if table not in LAKE or not event:
        raise Fatal("the check is for what is no table", path.name, "`-- each: omop.note=note ...`")
    places = {"{table}": table, "{date}": LAKE[table].date, "{event}": event.replace("-", "_")}
    for place, value in places.items():
        if place in sql and not value:
            raise Fatal(f"the check asks for a {place} that {table} has not", path.name)
        sql = sql.replace(place, value)
    tables = header["tables"].replace("{table}", table)
    return _check(path, f"{event}s-{path.stem}", {**header, "tables": tables}, sql)


def _key_checks() -> Iterator[Check]:
    """No key twice: a null is a value here, since a key part may be null."""
    for name, table in sorted(LAKE.items()):
        view = ".".join(f'"{part}"' for part in name.split("."))
        if any(column.startswith("_") for column in table.key):
            continue  # own columns are not in the views
        key = ", ".join(f'"{column}"' for column in table.key)
        sql = f"""
            SELECT coalesce(sum(n) FILTER (n > 1), 0)::BIGINT AS failing, coalesce(sum(n), 0)::BIGINT AS total
            FROM (SELECT count(*) AS n FROM {view} GROUP BY {key})
        """
        yield Check(f"duplicate-keys:{name}", "critical", "duplicate-key", (name,), sql)


def _run(connection: duckdb.DuckDBPyConnection, check: Check) -> CheckResult:
    import duckdb

    try:
        cursor = connection.execute(check.sql)
        names = [column[0] for column in cursor.description or ()]
        rows = cursor.fetchall()
    except duckdb.Error as error:  # its text may quote a value
        raise Fatal(f"the check cannot be run: {type(error).__name__}", check.name) from None
    if names != ["failing", "total"] or len(rows) != 1:
        raise Fatal("the check does not return one row", check.name, "one row of failing and total")
    failing, total = rows[0]
    return CheckResult(check.name, check.severity, int(failing or 0), int(total or 0), check.reason)
