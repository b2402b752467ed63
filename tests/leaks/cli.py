"""The decoded leak test as a command: `python -m tests.leaks --home OUT --fhir PATH --dicom PATH ...`."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.leaks.findings import Report
from tests.leaks.identifiers import Identifiers, add_truth, collect
from tests.leaks.scanner import survey
from tests.leaks.sources import READERS

KINDS = tuple(READERS)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the leak test.

    Exit status: 0 nothing found, 1 a leak (with --strict also what is not certain), 2 usage.
    """
    options = _parser().parse_args(arguments)
    if not options.home.is_dir():
        print("the home does not exist", file=sys.stderr)
        return 2
    started = time.process_time()
    identifiers = collect({kind: getattr(options, kind) for kind in KINDS})
    if options.identifiers:
        add_truth(identifiers, options.identifiers)
    persons = _persons(options)
    report = survey(options.home, identifiers, exclude=options.exclude, persons=persons)
    _show_identifiers(identifiers, options.verbose)
    _show_extent(report, time.process_time() - started)
    notes = _show_notes(options)
    leaks = _show_findings(report)
    unsure = len(report.findings) - leaks
    return 1 if leaks or notes or (options.strict and unsure) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.leaks", description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    for kind in KINDS:
        parser.add_argument(
            f"--{kind}", type=Path, action="append", default=[], help="a file or folder of the input"
        )
    parser.add_argument("--identifiers", type=Path, help="more identifiers: JSON list of kind, value, person")
    parser.add_argument(
        "--persons", type=Path, help="JSON: person_id -> person key(s), so that dates are judged by row"
    )
    parser.add_argument(
        "--exclude", action="append", default=[], help="a path under the home that is not read"
    )
    parser.add_argument("--strict", action="store_true", help="fail on findings that are not certain too")
    parser.add_argument("--verbose", action="store_true", help="list what is not matched alone, and why")
    return parser


def _persons(options: argparse.Namespace) -> dict[int, str | list[str]] | None:
    if options.persons:
        return {int(k): v for k, v in json.loads(options.persons.read_text()).items()}
    if options.fhir and (options.home / "lake" / "omop" / "person").is_dir():
        from tests.leaks.notes import persons_by_signature

        joined: dict[int, str | list[str]] = {}
        for place in options.fhir:
            joined.update(persons_by_signature(options.home, place))
        return joined
    return None


def _show_identifiers(identifiers: Identifiers, verbose: bool) -> None:
    files = ", ".join(f"{count} {kind}" for kind, count in sorted(identifiers.sources.items()))
    short = sum(identifiers.too_short.values())
    print(f"identifiers of {files or 'no'} files ({short} too short to tell from chance)")
    for kind, count in sorted(identifiers.unread.items()):
        print(f"  {count} {kind} files or records could not be read; only their names are known")
    for kind, (matched, stopped) in identifiers.by_kind().items():
        print(f"  {kind:26}{matched:>8}" + (f"   {stopped} not matched alone" if stopped else ""))
    reasons = Counter(i.ambiguous for i in identifiers.items if i.ambiguous)
    for reason, count in reasons.most_common():
        print(f"  not matched alone: {count:>4}  {reason}")
    for item in identifiers.items if verbose else ():
        if item.ambiguous:
            print(f"    {item.kind}: {item.value!r}: {item.ambiguous}")


def _show_extent(report: Report, seconds: float) -> None:
    print(f"\nread in {seconds:.1f} s of processor time")
    print(f"  {'store':26}{'files':>8}{'bytes':>14}{'columns':>10}{'texts':>12}")
    for store in sorted({*report.files, *report.columns}):
        numbers = report.files[store], report.volume[store], report.columns[store], report.strings[store]
        print(f"  {store:26}{numbers[0]:>8,}{numbers[1]:>14,}{numbers[2]:>10,}{numbers[3]:>12,}")
    total = [sum(c.values()) for c in (report.files, report.volume, report.columns, report.strings)]
    print(f"  {'total':26}{total[0]:>8,}{total[1]:>14,}{total[2]:>10,}{total[3]:>12,}")
    for file, where in report.undecoded:
        print(f"  could not be decoded (raw bytes were read): {file} {where}")
    if report.coincidences:
        print(f"  {report.coincidences} dates equal another person's birth date by chance")


def _show_notes(options: argparse.Namespace) -> int:
    if not (options.home / "lake" / "omop" / "note").is_dir():
        return 0
    from tests.leaks.notes import notes_with_own_name

    worst = 0
    for place in options.fhir:
        held, notes = notes_with_own_name(options.home, place)
        worst = max(worst, held)
        print(f"\n{held} of {notes:,} notes hold a given or family name of a patient")
    return worst


def _show_findings(report: Report) -> int:
    leaks = [f for f in report.findings if f.certain]
    print(f"\n{len(leaks)} leaks, {len(report.findings) - len(leaks)} not certain")
    for finding in report.findings:
        mark = "LEAK" if finding.certain else "unsure"
        where = f"{finding.file} : {finding.where} : {finding.sample}"
        print(f"  {mark:7}{finding.kind:22}{finding.count:>7}  {where}")
    return len(leaks)
