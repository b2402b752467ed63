"""`nightrounds status`: what there is, how the last rounds went, what comes next."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nightrounds.commands.common import (
    DEFAULT_HOME,
    HomeOption,
    JsonOption,
    enter_home,
    print_json,
    print_table,
)
from nightrounds.commands.layout import ago, home_argument, megabytes, wrap

if TYPE_CHECKING:
    from flows.settings import Settings
    from stores.catalog import RoundRow
    from stores.home import Home


def status(
    home: HomeOption = Path(DEFAULT_HOME),
    rounds: Annotated[int, typer.Option(min=1, help="How many of the last rounds to show.")] = 5,
    json: JsonOption = False,
) -> None:
    """Show the home: release, last rounds, tables, vectors, what is held back, the schedule and the server."""
    from flows.settings import load_settings
    from stores.home import open_home

    path = enter_home(home)
    found = describe_home(open_home(path), load_settings(path), rounds)
    if json:
        print_json(found)
    else:
        _print(found, home)


def describe_home(home: Home, settings: Settings, rounds: int = 5) -> dict[str, Any]:
    """What `status` says, as plain values. Reads only; a round may run meanwhile."""
    from flows.environment import server_url
    from stores.catalog import Catalog
    from stores.lease import holder_of
    from stores.releases import Releases

    release, holder = Releases(home).current(), holder_of(home)
    with Catalog.open(home, settings.stores.catalog_url or None) as catalog:
        known = catalog.rounds(rounds)
    running = holder is not None and holder.purpose == "round"
    url = server_url(home)
    return {
        "home": str(home.path),
        "profile": home.profile.value,
        "key_id": home.key_id,
        "release": None
        if release is None
        else {
            "number": release.number,
            "round": release.round_no,
            "created": release.created,
            "digest": release.digest[:12],
            "pinned": release.pinned,
        },
        "rounds": [_round(row, running and row is known[0]) for row in known],
        **_contents(home, release),
        "held_back": _held(home),
        "schedule": _schedule(settings, url is not None),
        "server": url,
        "running": None
        if holder is None
        else {"purpose": holder.purpose, "pid": holder.pid, "since": holder.since},
    }


def _round(row: RoundRow, running: bool) -> dict[str, Any]:
    accounts = [s["account"] for s in (row.summary or {}).get("sources", {}).values()]
    state = row.state if row.ended or running else "cut off"
    return {
        "round": row.round_no,
        "started": row.started.isoformat(timespec="seconds"),
        "state": state,
        "read": sum(a["read"] for a in accounts),
        "held_back": sum(a["fates"]["quarantined"] for a in accounts),
        "seconds": round((row.ended - row.started).total_seconds(), 1) if row.ended else None,
        "release": (row.summary or {}).get("release"),
        "run_id": row.run_id,
    }


def _contents(home: Home, release: Any) -> dict[str, Any]:
    from stores.lake import Lake
    from tasks.coverage import mapping_coverage, sum_coverage

    if release is None:
        return {"tables": {}, "vectors": {}, "coverage": None}
    lake = Lake(home.lake, home.buckets)
    tables = {name: lake.rows(name, version) for name, version in sorted(release.tables.items())}
    rows = mapping_coverage(lake, release.tables)
    coverage = {**sum_coverage(rows), "tables": rows}
    return {"tables": tables, "vectors": _vectors(home, release.vectors), "coverage": coverage}


def _vectors(home: Home, versions: dict[str, int]) -> dict[str, int]:
    """Vectors by table at the release's versions. An empty release spares LanceDB's import."""
    if not versions:
        return {}
    from retrieval.counting import count_vectors

    return {name: count_vectors(home, name, version) for name, version in sorted(versions.items())}


def _held(home: Home) -> dict[str, dict[str, int]]:
    from stores.quarantine import Quarantine

    return Quarantine(home, home.load_key()).totals()


def _schedule(settings: Settings, served: bool) -> dict[str, Any]:
    from contracts.errors import Fatal
    from nightrounds.cron import next_run

    schedule = settings.schedule
    try:
        due = next_run(schedule.cron, schedule.time_zone)
    except Fatal:
        due = None  # Prefect knows more ways to write it; `doctor` tells what is wrong with it
    return {
        "cron": schedule.cron,
        "time_zone": schedule.time_zone,
        "next": due.isoformat(timespec="minutes") if due else None,
        "active": served,
    }


def _print(found: dict[str, Any], home: Path) -> None:
    from tasks.coverage import coverage_rows, coverage_sentence

    for name, text in _facts(found, home):
        typer.echo(wrap(text, 11, name))
    rounds = [
        {
            "round": r["round"],
            "started (UTC)": r["started"][:16].replace("T", " "),
            "state": r["state"],
            "read": r["read"],
            "held back": r["held_back"],
            "seconds": r["seconds"],
            "release": r["release"],
        }
        for r in found["rounds"]
    ]
    print_table(rounds, "\nlast rounds")
    print_table([{"table": t, "rows": n} for t, n in found["tables"].items()], "\ntables of the release")
    coverage = found["coverage"] or {}
    print_table(coverage_rows(coverage), "\nmapping coverage of the release")
    if coverage.get("rows"):
        typer.echo(wrap(coverage_sentence(coverage), 0))
        typer.echo(f"what has none: nightrounds vocabulary worklist{home_argument(home)}")
    print_table([{"vectors": t, "rows": n} for t, n in found["vectors"].items()], "\nvectors of the release")
    held = [
        {"source": s, "reason": r, "records": n} for s, c in found["held_back"].items() for r, n in c.items()
    ]
    print_table(held, "\nheld back")
    if found["rounds"]:
        typer.echo(f"\nwhat happened: nightrounds explain last{home_argument(home)}")


def _facts(found: dict[str, Any], home: Path) -> list[tuple[str, str]]:
    release, schedule, running = found["release"], found["schedule"], found["running"]
    size = sum(path.stat().st_size for path in (Path(found["home"]) / "lake").rglob("*.parquet"))
    facts = [
        ("home", f"{found['home']} (lake: {megabytes(size)})"),
        ("profile", f"{found['profile']}, key {found['key_id']}"),
    ]
    if release is None:
        facts.append(("release", f"none yet: nightrounds run{home_argument(home)}"))
    else:
        age = ago(datetime.fromisoformat(release["created"]).astimezone(UTC))
        pinned = ", pinned" if release["pinned"] else ""
        facts.append(("release", f"{release['number']}, made by round {release['round']} {age}{pinned}"))
    following = f", next {schedule['next'].replace('T', ' ')}" if schedule["next"] else ""
    inactive = "" if schedule["active"] else "; not active: the server is down"
    facts.append(
        (
            "schedule",
            f"{schedule['cron']} {schedule['time_zone']}{following if schedule['active'] else inactive}",
        )
    )
    server = (
        found["server"].removesuffix("/api")
        if found["server"]
        else f"down (nightrounds serve{home_argument(home)})"
    )
    facts.append(("server", server))
    if running:
        facts.append(
            ("running", f"a {running['purpose']}, process {running['pid']}, since {running['since']}")
        )
    else:
        facts.append(("running", "nothing"))
    return facts
