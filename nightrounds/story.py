"""A round told in plain words, from its summary: counts, tokens and reason codes, nothing of a patient."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from nightrounds.commands.layout import home_argument, plural
from nightrounds.reasons import explain_reason

if TYPE_CHECKING:
    from stores.catalog import RoundRow

Paragraph: TypeAlias = "str | dict[str, Any]"

_FATES = {
    "accepted": "accepted",
    "merged": "merged, being duplicates or older versions",
    "unmapped": "kept or counted without a mapping",
    "unchanged": "unchanged since an earlier round",
    "removed": "removed, being gone from the source",
    "quarantined": "held back",
}
_ENDINGS = {
    "published": "Everything was published.",
    "quarantine": "Everything was published but for single records that were held back.",
    "blocked": "The gate stopped at least one table; the rest was published.",
    "failed": "At least one file or source ended in an error; the rest was published.",
}


def tell(row: RoundRow, running: bool, release: int | None, home: Path) -> dict[str, list[Paragraph]]:
    """The story of a round by heading.

    Args:
        row: the round, as the catalog has it.
        running: whether a round holds the home now.
        release: number of the release that readers see now; None before the first.
        home: as the user named it, for the commands to copy.
    """
    if not row.summary:
        return _tell_unfinished(row, running, release, home)
    summary = dict(row.summary)
    return {
        "what happened": list(_happened(summary)),
        "what was held back, and why": list(_held(summary)) or ["Nothing."],
        "what is odd, and let pass": list(_odd(summary)) or ["Nothing."],
        "what is safe": list(_safe(summary, release)),
        "what to do next": list(_next(summary, home)),
    }


def _tell_unfinished(
    row: RoundRow, running: bool, release: int | None, home: Path
) -> dict[str, list[Paragraph]]:
    seen = f"Readers see release {release}." if release is not None else "Readers see nothing yet."
    if running and row.ended is None:
        return {
            "what happened": [
                f"Round {row.round_no} began at {row.started:%Y-%m-%d %H:%M} UTC and is still running."
            ],
            "what is safe": [f"{seen} They go on seeing it until the round ends."],
            "what to do next": [f"Wait for its end: nightrounds status{home_argument(home)}"],
        }
    return {
        "what happened": [
            f"Round {row.round_no} began at {row.started:%Y-%m-%d %H:%M} UTC and was cut off before its report."
        ],
        "what is safe": [f"{seen} Whatever the moment of the cut, no half-done table is visible to them."],
        "what to do next": [f"Run again; it goes on where it stopped: nightrounds run{home_argument(home)}"],
    }


def _happened(summary: dict[str, Any]) -> Iterator[Paragraph]:
    begun, ended = summary["started"][:16].replace("T", " "), summary["ended"][11:16]
    count = len(summary["sources"])
    yield (
        f"Round {summary['round']} ran from {begun} to {ended} UTC over {plural(count, 'source')}, "
        f"profile {summary['profile']}. {_ENDINGS[summary['state']]}"
    )
    for name, source in summary["sources"].items():
        yield {"text": _source_sentence(name, source), "points": []}
    people = summary["linkage"]
    if people.get("identities"):
        moved = [f"{people[k]:,} were {k}" for k in ("joined", "parted") if people.get(k)]
        yield (
            f"{people['identities']:,} identities stand for {plural(people['persons'], 'person')}"
            + (f"; in this round {' and '.join(moved)}." if moved else ".")
        )
    for kind, found in summary["embedded"].items():
        if found.get("wanted") is not None:
            yield (
                f"Of {plural(found['wanted'], f'{kind} vector')} {found['added']:,} were new and "
                f"{found['removed']:,} were removed ({found['encoder']})."
            )


def _source_sentence(name: str, source: dict[str, Any]) -> str:
    if source["problem"]:
        return f"{name} ({source['kind']}) could not be read: {source['problem']}."
    account = source["account"]
    fates = [
        f"{account['fates'][fate]:,} {words}" for fate, words in _FATES.items() if account["fates"][fate]
    ]
    if source["kind"] == "crosswalk":
        files = f"{plural(source['units'], 'file')} listed"
    else:
        files = f"{source['read']:,} of {plural(source['units'], 'file')} read"
    adds = "" if source["balanced"] else " THE COUNTS DO NOT ADD UP: report it."
    records = f"; {plural(account['read'], 'record')}: {', '.join(fates)}" if fates else "; nothing new"
    gone = f"; {plural(source['gone'], 'file')} gone" if source["gone"] else ""
    return f"{name} ({source['kind']}): {files}{gone}{records}.{adds}"


def _held(summary: dict[str, Any]) -> Iterator[Paragraph]:
    for name, source in summary["sources"].items():
        for code, count in sorted(source["account"]["reasons"].items(), key=lambda item: (-item[1], item[0])):
            yield _point(f"{name}: {plural(count, 'record')}, {code}", code)
        for table in source["tables"]:
            if table["state"] in {"blocked", "held"}:
                yield _table_point(name, table)
        for failure in source["failures"]:
            text = f"{failure['unit']} ended in an error: {failure['error']} {failure['message']}".strip()
            yield {
                "text": text,
                "points": ["Its earlier rows stay as they were. It is tried again in the next round."],
            }
    for kind, found in summary["embedded"].items():
        for code, count in found.get("without_vector", {}).items():
            yield _point(f"{plural(count, kind)} without a vector, {code}", code)
        if found.get("problem"):
            yield {"text": f"Not all vectors were made: {found['problem']}.", "points": []}


def _point(text: str, code: str) -> Paragraph:
    reason = explain_reason(code)
    return {"text": text, "points": [reason.meaning, f"To do: {reason.remedy}"]}


def _table_point(name: str, table: dict[str, Any]) -> Paragraph:
    verb = "was blocked by the gate" if table["state"] == "blocked" else "waits for another table"
    points = ["Its earlier version stays visible; what was staged is tried again in the next round."]
    for code, count in table["reasons"].items():
        reason = explain_reason(code)
        points += [f"{code}, {plural(count, 'row')}: {reason.meaning} To do: {reason.remedy}"]
    return {"text": f"{name}: the table {table['table']} {verb}.", "points": points}


def _odd(summary: dict[str, Any]) -> Iterator[Paragraph]:
    for name, source in summary["sources"].items():
        for code, count in source["account"]["warnings"].items():
            yield _point(f"{name}: {plural(count, 'row')}, {code}", code)
    for check in summary["checks"]:
        if check["failing"]:
            code = check["reason"]
            yield _point(f"{check['failing']:,} of {check['total']:,}, {code} ({check['severity']})", code)


def _safe(summary: dict[str, Any], release: int | None) -> Iterator[Paragraph]:
    made = summary["release"]
    if made is None:
        yield "This round made no release."
    elif summary["changed"]:
        yield f"What was published is in release {made}: all of its tables and vectors belong together."
    else:
        yield f"The round changed nothing: release {made} stands as it was."
    if release is not None and release != made:
        yield f"Readers see release {release} now."
    stopped = [
        t for s in summary["sources"].values() for t in s["tables"] if t["state"] in {"blocked", "held"}
    ]
    if stopped:
        yield "Of the tables that were not published, readers go on seeing the earlier version, whole."
    if any(s["account"]["fates"]["quarantined"] for s in summary["sources"].values()):
        yield "Records held back lie encrypted in the quarantine, and nowhere else."
    if all(s["balanced"] for s in summary["sources"].values()):
        yield "Every record that was read is accounted for."


def _next(summary: dict[str, Any], home: Path) -> Iterator[Paragraph]:
    at, done = home_argument(home), True
    for name, source in summary["sources"].items():
        if source["problem"]:
            done = False
            yield f"See why {name} cannot be read: nightrounds doctor{at}"
        if source["failures"]:
            done = False
            yield f"{plural(len(source['failures']), 'file')} of {name} failed; run again: nightrounds run {name}{at}"
    if any(s["account"]["fates"]["quarantined"] for s in summary["sources"].values()):
        done = False
        yield f"See which records were held back: nightrounds quarantine list{at}"
        yield "Have them corrected at their source; what is exported anew is read in the next round by itself."
    if any(t["state"] == "blocked" for s in summary["sources"].values() for t in s["tables"]):
        done = False
        yield f"When the export of a blocked table is corrected, run again: nightrounds run{at}"
    if done:
        yield f'Nothing needs to be done. Look something up: nightrounds search "chest pain"{at}'
