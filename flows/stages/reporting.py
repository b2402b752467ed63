"""The round's report: a JSON file, a page and the summary that Prefect shows. Counts, tokens and reason codes only."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from contracts.accounting import FATES, Account
from flows.rounds import Round, SourceOutcome
from flows.stages.settling import recipe_of_whole
from tasks.coverage import coverage_rows, coverage_sentence, mapping_coverage, sum_coverage

SHOWN_UNITS = 1_000


def summarise(current: Round) -> dict[str, Any]:
    """The round as plain JSON values."""
    return {
        "run_id": current.run_id,
        "round": current.number,
        "state": current.state,
        "exit_code": current.exit_code,
        "started": current.started.isoformat(timespec="seconds"),
        "ended": datetime.now(UTC).isoformat(timespec="seconds"),
        "profile": current.home.profile.value,
        "release": current.release,
        "recipe_of_whole": recipe_of_whole(current),
        "versions": {"lake": current.lake.versions(), "vectors": current.vectors.versions()},
        "changed": current.changed,
        "linkage": current.linkage,
        "sources": {name: _source(outcome) for name, outcome in sorted(current.sources.items())},
        "derived": current.derived,
        "coverage": _coverage(current),
        "embedded": current.embedded,
        "objects": current.objects,
        "exported": current.exported,
        "checks": current.checks,
        "problems_after": [
            f["problem"] for f in (*current.embedded.values(), current.objects) if f.get("problem")
        ],
        "seconds": current.seconds,
    }


def _coverage(current: Round) -> dict[str, Any]:
    """Mapping coverage of the lake as it stands: over all, and by table and vocabulary."""
    rows = mapping_coverage(current.lake)
    return {**sum_coverage(rows), "tables": rows}


def _source(outcome: SourceOutcome) -> dict[str, Any]:
    account = outcome.account or Account()
    return {
        "kind": outcome.kind,
        "units": outcome.listed,
        "read": len(outcome.to_read),
        "unchanged": len(outcome.unread),
        "gone": len(outcome.gone),
        "problem": outcome.problem,
        "account": account.to_json(),
        "balanced": account.balanced,
        "tables": [
            {"table": p.table, "state": p.state, "judged": p.rows, "rows": p.lake_rows, "reasons": p.reasons}
            for p in outcome.publications
        ],
        "failures": [
            {"unit": unit, "error": failure.error, "message": failure.message}
            for unit, failure in sorted(outcome.failures.items())[:SHOWN_UNITS]
        ],
    }


def write_report(current: Round) -> Path:
    """Write the report's JSON under the home's `reports/`; return its path."""
    summary = summarise(current)
    folder = Path(current.home.reports)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"round-{current.number:05d}.json"
    path.write_bytes(orjson.dumps(summary, option=orjson.OPT_INDENT_2))
    current.catalog.end_round(current.number, current.state, summary)
    return path


def accounting_rows(summary: dict[str, Any]) -> list[dict[str, Any]]:
    """One row a source: read, the six fates, and whether they add up."""
    return [
        {
            "source": name,
            "read": source["account"]["read"],
            **{fate: source["account"]["fates"][fate] for fate in FATES},
            "adds up": "yes" if source["balanced"] else "NO",
        }
        for name, source in summary["sources"].items()
    ]


def unit_rows(current: Round) -> list[dict[str, Any]]:
    """Each read unit's fate for the table artifact, failures first, at most 1,000 of them."""
    rows = []
    for name, outcome in sorted(current.sources.items()):
        for unit in outcome.to_read:
            failure = outcome.failures.get(unit.unit)
            rows.append(
                {
                    "source": name,
                    "unit": unit.token,
                    "fate": f"failed: {failure.error}" if failure else "read",
                    "why": ", ".join(sorted(outcome.reasons.get(unit.unit, {}))),
                    "megabytes": round(unit.size / 1e6, 3),
                }
            )
    return sorted(rows, key=lambda r: (not str(r["fate"]).startswith("failed"), r["source"], r["unit"]))[
        :SHOWN_UNITS
    ]


def object_rows(objects: dict[str, Any]) -> list[dict[str, Any]]:
    """What stands of the images' files: written, held by reason, frames looked at, spared by rule, changed."""
    if not objects.get("status"):
        return []
    rows = [{"what": status, "count": count} for status, count in sorted(objects["status"].items())]
    rows += [{"what": f"held: {reason}", "count": count} for reason, count in sorted(objects["held"].items())]
    rows += [{"what": name, "count": objects[name]} for name in _FRAMES]
    rows += [
        {"what": f"frames safely spared by rules: {rule}", "count": count}
        for rule, count in objects["frames safely spared by rules"].items()
    ]
    if objects.get("out of reach"):
        rows.append({"what": "older than the settings: files out of reach", "count": objects["out of reach"]})
    if objects["faces"] == "release":
        rows.append({"what": "FACES ARE RELEASED: images written", "count": objects["faces released"]})
    return rows


_FRAMES = ("frames", "frames checked", "frames changed", "boxes hidden")


def markdown_summary(summary: dict[str, Any]) -> str:
    """The summary artifact: accounting, what was held back and seconds by table."""
    lines = [f"# Night round {summary['round']}: {summary['state']}", ""]
    lines += [f"Release {summary['release']}, profile `{summary['profile']}`.", "", "## Accounting", ""]
    lines += _markdown_table(accounting_rows(summary))
    reasons = [
        {"source": name, "reason": reason, "records": count}
        for name, source in summary["sources"].items()
        for reason, count in source["account"]["reasons"].items()
    ]
    if reasons:
        lines += ["", "## Held back", "", *_markdown_table(reasons)]
    tables = [
        {
            "source": name,
            "table": t["table"],
            "state": t["state"],
            "rows judged": t["judged"],
            "rows in lake": t["rows"],
        }
        for name, source in summary["sources"].items()
        for t in source["tables"]
    ]
    if tables:
        lines += ["", "## Tables", "", *_markdown_table(tables)]
    if coverage := coverage_rows(summary["coverage"]):
        lines += ["", "## Mapping coverage", "", coverage_sentence(summary["coverage"]), ""]
        lines += _markdown_table(coverage)
    if objects := object_rows(summary["objects"]):
        lines += ["", "## Image objects", "", *_markdown_table(objects)]
    warnings = [c for c in summary["checks"] if c["failing"]]
    if warnings:
        rows = [{k: c[k] for k in ("check", "severity", "failing", "total")} for c in warnings]
        lines += ["", "## Checks between tables", "", *_markdown_table(rows)]
    if summary["seconds"]:
        rows = [{"stage": k, "seconds": v} for k, v in summary["seconds"].items()]
        lines += ["", "## Seconds", "", *_markdown_table(rows)]
    return "\n".join(lines) + "\n"


def _markdown_table(rows: list[dict[str, Any]]) -> list[str]:
    if not rows:
        return ["nothing"]
    names = list(rows[0])
    head = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    return head + ["| " + " | ".join(_cell(row[n]) for n in names) + " |" for row in rows]


def _cell(value: Any) -> str:
    return (
        f"{value:,}"
        if isinstance(value, int) and not isinstance(value, bool)
        else str(value).replace("|", "\\|")
    )
