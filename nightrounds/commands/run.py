"""`nightrounds run`: make the round now."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
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
    say,
)
from nightrounds.commands.init import ProfileOption, make_home

if TYPE_CHECKING:
    from nightrounds.commands.adhoc import Given
    from stores.home import Home


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("run")(run)


_Paths = list[Path]


def run(
    sources: Annotated[
        list[str] | None, typer.Argument(help="Names of sources; all where none is given.")
    ] = None,
    home: HomeOption = Path(DEFAULT_HOME),
    dicom: Annotated[
        _Paths | None, typer.Option(help="Ad hoc: a DICOM file or folder. May be repeated.")
    ] = None,
    vcf: Annotated[
        _Paths | None, typer.Option(help="Ad hoc: a VCF/BCF file or folder. May be repeated.")
    ] = None,
    fhir: Annotated[
        _Paths | None, typer.Option(help="Ad hoc: FHIR NDJSON, file or folder. May be repeated.")
    ] = None,
    omop: Annotated[
        _Paths | None, typer.Option(help="Ad hoc: OMOP CDM CSV, zip or folder. May be repeated.")
    ] = None,
    synthea: Annotated[
        _Paths | None, typer.Option(help="Ad hoc: Synthea CSV, file or folder. May be repeated.")
    ] = None,
    hl7v2: Annotated[
        _Paths | None, typer.Option(help="Ad hoc: HL7 v2 messages, file or folder. May be repeated.")
    ] = None,
    ccda: Annotated[
        _Paths | None, typer.Option(help="Ad hoc: C-CDA documents, zip or folder. May be repeated.")
    ] = None,
    csv: Annotated[
        _Paths | None, typer.Option(help="Ad hoc: any CSV, file or folder, by --mapping. May be repeated.")
    ] = None,
    mapping: Annotated[
        Path | None,
        typer.Option(help="For --csv: the mapping file, or a folder of some; else those beside the files."),
    ] = None,
    crosswalk: Annotated[
        _Paths | None, typer.Option(help="Ad hoc: a crosswalk CSV. May be repeated.")
    ] = None,
    profile: ProfileOption = None,
    plan: Annotated[
        bool, typer.Option("--plan", help="Show what would be read and change; change nothing.")
    ] = False,
    reprocess: Annotated[bool, typer.Option("--reprocess", help="Read every unit again.")] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Digest every unit again, whatever its time.")
    ] = False,
    sync: Annotated[
        bool, typer.Option("--sync", help="Work in this process, without a Dask cluster.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Make the night round now, over the configured sources or over paths given here."""
    from contracts.errors import Usage

    path = enter_home(home)
    if plan:
        from stores.home import is_home

        if not is_home(path):
            fix = "make it first: nightrounds init, or run without --plan"
            raise Usage("there is no home here, and a plan makes none", "--plan", fix)
    made = make_home(path, profile)
    given = {"dicom": dicom, "vcf": vcf, "fhir": fhir, "omop": omop, "crosswalk": crosswalk}
    given |= {"synthea": synthea, "csv": csv, "hl7v2": hl7v2, "ccda": ccda}
    paths = {kind: found for kind, found in given.items() if found}
    if plan:
        from nightrounds.commands.plan import show_plan

        show_plan(path, sources, paths, mapping, reprocess=reprocess, json=json)
        return
    chosen = _chosen(made, sources, paths, mapping)
    from flows.environment import prepare_environment

    prepare_environment(made)
    with _bars(quiet=json):
        summary = make_round(chosen, reprocess=reprocess, verify=verify, sync=sync)
    if json:
        print_json(summary)
    else:
        print_summary(summary, home)
    raise typer.Exit(summary["exit_code"])


def make_round(sources: list[str] | None = None, **options: bool) -> dict[str, Any]:
    """Run the flow in this process and return the round's summary."""
    from contracts.errors import Fatal, NightroundsError
    from flows.night_round import night_round
    from flows.rounds import last_summary

    state = night_round(sources=sources or None, **options, return_state=True)
    summary = last_summary(str(state.state_details.flow_run_id))
    if summary is None:
        failure = state.result(raise_on_failure=False)
        if isinstance(failure, NightroundsError):
            raise failure
        what = f"the round ended without a report: {type(failure).__name__}"
        raise Fatal(what, "round", "see the last lines of logs and nightrounds explain --reveal")
    return summary


def _chosen(home: Home, names: list[str] | None, given: Given, mapping: Path | None = None) -> list[str]:
    """Names of the sources to make the round over, all where empty; sources given as paths are sealed in the vault.

    Raises:
        Retriable: another process holds the home.
        Fatal: the key is missing.
        Usage: an unknown name, or paths that cannot be taken. All of it is told before Prefect is started.
    """
    from flows.planning import check_names
    from flows.settings import load_settings
    from nightrounds.commands.adhoc import hints_of, sources_of
    from tasks.workroom import load_sources, open_workroom, save_sources

    home.load_key()
    _refuse_second(home)
    settings = load_settings(home.path)
    vault = open_workroom(str(home.path)).vault
    sealed = load_sources(vault)
    check_names(names, {s.name: s.to_source() for s in settings.sources} or sealed)
    extra = sources_of(given, sealed, settings, mapping)
    for hint in hints_of(extra, sealed):
        say(hint)
    if extra:
        save_sources(vault, list({**sealed, **{s.name: s for s in extra}}.values()))
    return [*(names or []), *(s.name for s in extra)]


def _refuse_second(home: Home) -> None:
    """The lease itself is taken by the round; this tells at once what it would tell after Prefect's start."""
    from contracts.errors import Retriable
    from stores.lease import holder_of

    holder = holder_of(home)
    if holder is not None:
        what = f"a {holder.purpose or 'process'} holds this home: process {holder.pid} since {holder.since}"
        raise Retriable(what, "lease", "try again when it has ended")


@contextmanager
def _bars(*, quiet: bool) -> Iterator[None]:
    """Progress bars on standard error for stages of more than one unit; nothing where nobody looks."""
    if quiet or not sys.stderr.isatty():
        yield
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    from flows.progress import observed

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as progress:
        bars: dict[str, Any] = {}

        def show(stage: str, done: int, total: int) -> None:
            if stage not in bars:
                bars[stage] = progress.add_task(stage, total=total)
            progress.update(bars[stage], completed=done, total=total)

        with observed(show):
            yield


def print_summary(summary: dict[str, Any], home: Path) -> None:
    """The accounting, what was held back and why, and where to look."""
    from flows.stages.reporting import accounting_rows

    print_table(accounting_rows(summary), "records in, and what became of each")
    tables = [
        {
            "source": name,
            "table": t["table"],
            "state": t["state"],
            "judged": t["judged"],
            "in lake": t["rows"],
        }
        for name, source in summary["sources"].items()
        for t in source["tables"]
    ]
    print_table(tables, "\ntables")
    held = [
        {"source": name, "reason": reason, "records": count}
        for name, source in summary["sources"].items()
        for reason, count in source["account"]["reasons"].items()
    ]
    print_table(held, "\nheld back")
    warnings = [
        {k: c[k] for k in ("check", "severity", "failing", "total")}
        for c in summary["checks"]
        if c["failing"]
    ]
    print_table(warnings, "\nchecks between tables")
    _print_problems(summary)
    people = summary["linkage"]
    typer.echo(f"\n{people.get('identities', 0):,} identities are {people.get('persons', 0):,} persons")
    for kind, found in summary["embedded"].items():
        if found.get("wanted") is not None:
            typer.echo(
                f"{kind} vectors: {found['wanted']:,} wanted, {found['added']:,} added, {found['removed']:,} removed"
            )
    ending = {
        "published": "all published",
        "quarantine": "published, with records held back",
        "blocked": _told_blocked(summary),
        "failed": "some units ended in an error; the rest is published",
    }[summary["state"]]
    changed = f"release {summary['release']}" + ("" if summary["changed"] else ", nothing changed")
    typer.echo(f"round {summary['round']}: {ending} ({changed})")
    typer.echo(f"more: nightrounds explain {summary['round']} --home {home}")


def _told_blocked(summary: dict[str, Any]) -> str:
    critical = [c["check"] for c in summary["checks"] if c["failing"] and c["severity"] == "critical"]
    if critical:
        return f"what must hold between tables does not ({', '.join(critical)}); the earlier release stays visible"
    return "some tables were blocked by the gate; their earlier version stays visible"


def _print_problems(summary: dict[str, Any]) -> None:
    for name, source in summary["sources"].items():
        if source["problem"]:
            typer.echo(f"\n{name} could not be listed: {source['problem']}")
        for failure in source["failures"]:
            typer.echo(f"{failure['unit']} failed: {failure['error']} {failure['message']}")
