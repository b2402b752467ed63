"""Sources given as paths on the command line: each is bound to its place, for good."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contracts.units import Source
    from flows.settings import Settings

Given = Mapping[str, list[Path]]
"""Paths by kind, as the options name them."""


def sources_of(
    given: Given, known: Mapping[str, Source], settings: Settings, mapping: Path | None = None
) -> list[Source]:
    """The sources that the paths stand for. Writes nothing.

    A place that is known keeps its name and its authority, whatever else was given in between: the name says who
    assigns the patient numbers, so that two hospitals' people must never share it. A new place gets the next free
    name; several are named in the order of their places, so that the order on the command line does not matter.
    `mapping` is the mapping file of the CSV given; a place that is known keeps its own until another is given.

    Raises:
        Usage: the home names its sources in its settings; a path does not exist; two of one kind are one or nested.
    """
    from contracts.errors import Usage
    from contracts.units import Source
    from flows.settings import source_name

    if given and settings.sources:
        fix = "add these there, or use another --home"
        raise Usage("this home names its sources in nightrounds.toml", "command line", fix)
    if mapping is not None and (not given.get("csv") or not mapping.exists()):
        fix = "an existing mapping file, with --csv: see docs/how-to/csv.md"
        raise Usage("--mapping says how CSV is read", "--mapping", fix)
    names, chosen = set(known), []
    for kind, paths in sorted(given.items()):
        before = {s.location: s for s in known.values() if s.kind == kind}
        for location in _places(kind, paths, before):
            source = before.get(location)
            if source is None:
                name = source_name(kind, names)
                source = Source(name, kind, location, authority=name)
                names.add(name)
            if kind == "csv" and mapping is not None:
                source = replace(source, options={**source.options, "mapping": str(mapping.resolve())})
            chosen.append(source)
    return chosen


def hints_of(chosen: list[Source], known: Mapping[str, Source]) -> list[str]:
    """What to tell of new places beside known ones of their kind.

    Two hospitals must not be joined by chance, so a new place is another source; who meant the next night of the same
    export would else see unknown visits and staff, and not why.
    """
    return [
        f"{source.name} is a new source with patient numbers of its own: another path was given with --{source.kind} "
        "before. An export that comes in another folder every night is one source below one folder, or in "
        "nightrounds.toml"
        for source in chosen
        if source.name not in known and any(s.kind == source.kind for s in known.values())
    ]


def _places(kind: str, paths: list[Path], before: Mapping[str, Source]) -> list[str]:
    """The resolved places in order. No message names one: hospitals name folders after people."""
    from contracts.errors import Usage

    option = f"--{kind}"
    if not all(path.exists() for path in paths):
        raise Usage(f"a path given with {option} does not exist", option, "a file or a folder")
    places = sorted(path.resolve() for path in paths)
    if len(set(places)) < len(places):
        raise Usage(f"one path is given twice with {option}", option, "give each once")
    everything = sorted({*places, *(Path(b) for b in before if "://" not in b)})
    for outer, inner in pairwise(everything):  # sorted by parts: what lies inside follows at once
        if inner.is_relative_to(outer) and {outer, inner} & set(places):
            what = "an earlier one of this home" if {outer, inner} - set(places) else "another one"
            fix = "give the same folder as before, or folders that lie apart"
            raise Usage(f"a path given with {option} lies inside {what}, or around it", option, fix)
    return [str(place) for place in places]
