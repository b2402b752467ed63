"""`nightrounds search --variant`: the variants of the current release."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from nightrounds.commands.common import enter_home, print_json, say
from nightrounds.commands.layout import plural, wrap

if TYPE_CHECKING:
    from retrieval.variant_search import FoundVariant

_MOST_CARRIERS, _MOST_NAMES, _LONGEST = 5, 3, 24
_PLACEHOLDERS = frozenset(["<NON_REF>", "<*>"])
_FREQUENCY_OF = {"population": "in the population", "files": "in these files"}


def find_variants(
    home: Path,
    query: str,
    most: int,
    json: bool,
    persons: list[int] | None,
    samples: list[int] | None,
    consequence: str | None,
    max_frequency: float | None,
    assembly: str | None,
) -> None:
    """Search, and print what was found."""
    from retrieval.reader import open_reader
    from retrieval.variant_search import VariantQuery, read_query, search_variants
    from stores.home import open_home

    asked = read_query(
        query,
        consequence=consequence,
        max_frequency=max_frequency,
        person_ids=tuple(persons or ()),
        sample_ids=tuple(samples or ()),
        assembly=assembly,
    )
    if asked == VariantQuery():
        raise typer.BadParameter("give a region, a gene, a name or an option", param_hint="QUERY")
    reader = open_reader(open_home(enter_home(home)))
    found = search_variants(reader, asked, most + 1)
    more, found = len(found) > most, found[:most]
    if json:
        print_json([one.to_json() for one in found])
        return
    told = reader.has("genomics.call", "genomics.sample")
    for one in found:
        typer.echo(_lines(one, told))
    if not found:
        say("no variant fits")
    elif more:
        say(f"the first {plural(len(found), 'variant')} of more; -k {10 * most} lists more")
    assemblies = {one.assembly for one in found}
    if len(assemblies) > 1:
        say("of several assemblies, whose positions do not compare: choose one with --assembly")


def _lines(found: FoundVariant, genotypes: bool) -> str:
    shown = [one for one in found.alternates if one not in _PLACEHOLDERS] or list(found.alternates)
    change = f"{_short(found.reference)}>{','.join(map(_short, shown)) or '.'}"
    frequency = ""
    if found.frequency is not None and (found.frequency or found.carriers):
        frequency = f"frequency {found.frequency:.4g} {_FREQUENCY_OF[found.frequency_of or '']}"
    names = (
        *found.identifiers,
        *found.genes,
        *found.consequences,
        found.impact,
        *found.proteins[:_MOST_NAMES],
    )
    reach = f"-{found.end_position}" if any(one.startswith("<") for one in shown) else ""
    head = f"{found.assembly or 'assembly not known'}  {found.contig}:{found.position}{reach}  {change}"
    told = ", ".join(name for name in (*names, frequency) if name)
    lines = [head, wrap(told or "not annotated", 4)]
    for carrier in found.carriers[:_MOST_CARRIERS]:
        who = "no person" if carrier.person_id is None else f"person {carrier.person_id}"
        lines.append(f"    {carrier.genotype:6} sample {carrier.sample_id}  {who}")
    if len(found.carriers) > _MOST_CARRIERS:
        lines.append(f"    of {plural(len(found.carriers), 'carrier')}; --json lists all")
    elif not found.carriers:
        lines.append("    no sample carries it" if genotypes else "    genotypes are not released")
    return "\n".join(lines)


def _short(allele: str) -> str:
    """An allele, or its ends and length where it is long."""
    return allele if len(allele) <= _LONGEST else f"{allele[:8]}…{allele[-4:]}({len(allele)} bases)"
