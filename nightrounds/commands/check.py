"""`nightrounds check`: preflight of any export, before a night is made with it. Reads only; needs no home."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nightrounds.commands.common import EXIT_ERROR, EXIT_HELD_BACK, JsonOption, print_json, print_table, say
from nightrounds.commands.layout import plural

if TYPE_CHECKING:
    from nightrounds.preflight import Checked

_SECONDS_UNTIL_BAR = 2.0


def check(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH", help="Files or folders of any export.")],
    mapping: Annotated[
        Path | None, typer.Option(help="Read CSV by this mapping file; else by those beside the files.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors and warnings only.")] = False,
    json: JsonOption = False,
) -> None:
    """Check exports before a night: valid or not, where, and why. Tells the kind of each file by what is in it.

    FHIR NDJSON (also .gz), DICOM (also without preamble), VCF and BCF, CSV of OMOP and Synthea and any other by a
    mapping file, and crosswalks. One line for each finding: PATH:WHERE SEVERITY RULE MESSAGE. Nothing is written. Exit
    codes: 0 valid, 1 something cannot be read, 3 errors were found.

    Examples: nightrounds check /exports/tonight; nightrounds check cohort.vcf.gz --json
    """
    from nightrounds.preflight import list_exports

    files = list_exports(paths)
    checked: list[Checked] = []
    for item in _with_bar(files, mapping):
        checked.append(item)
        if not json:
            _print_findings(item, quiet)
    if json:
        print_json({"files": [item.to_json() for item in checked], "summary": summarise(checked)})
    else:
        _print_summary(checked, paths)
    if any(not item.readable for item in checked) or not checked:
        raise typer.Exit(EXIT_ERROR)
    raise typer.Exit(EXIT_HELD_BACK if any(item.errors for item in checked) else 0)


def _with_bar(files: list[Path], mapping: Path | None) -> Iterator[Checked]:
    """Check the files, with a progress bar on standard error once it has taken two seconds and somebody looks."""
    from time import monotonic

    from nightrounds.preflight import check_all

    if not sys.stderr.isatty():
        yield from check_all(files, mapping)
        return
    from rich.console import Console
    from rich.progress import Progress

    began, bar = monotonic(), None
    with Progress(console=Console(stderr=True), transient=True) as progress:
        for number, item in enumerate(check_all(files, mapping), 1):
            if bar is None and monotonic() - began > _SECONDS_UNTIL_BAR and number < len(files):
                bar = progress.add_task("checking", total=len(files))
            if bar is not None:
                progress.update(bar, completed=number)
            yield item


def _print_findings(item: Checked, quiet: bool) -> None:
    for finding in item.findings:
        if quiet and finding.severity == "info":
            continue
        place = f"{item.path}:{finding.where}" if finding.where else str(item.path)
        typer.echo(f"{place} {finding.severity} {finding.rule} {finding.message}")


def summarise(checked: list[Checked]) -> list[dict[str, Any]]:
    """One row for each kind of file: how many, how many valid, and the findings by severity."""
    rows = []
    for kind in sorted({item.kind for item in checked}):
        files = [item for item in checked if item.kind == kind]
        severities = Counter(f.severity for item in files for f in item.findings)
        rows.append(
            {
                "kind": kind,
                "files": len(files),
                "valid": sum(not item.errors for item in files),
                "with errors": sum(item.errors > 0 for item in files),
                "errors": severities["error"],
                "warnings": severities["warning"],
            }
        )
    return rows


def _print_summary(checked: list[Checked], paths: list[Path]) -> None:
    if not checked:
        say(f"there are no files in {', '.join(str(path) for path in paths)}")
        return
    typer.echo("")
    print_table(summarise(checked))
    unreadable = sum(not item.readable for item in checked)
    errors = sum(item.errors > 0 for item in checked if item.readable)
    if unreadable:
        say(f"\n{plural(unreadable, 'file')} cannot be read")
    if errors:
        say(
            f"\n{plural(errors, 'file')} with errors: what they name is held back in a night, the rest goes through"
        )
    if not unreadable and not errors:
        say("\nvalid")
