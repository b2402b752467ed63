"""`nightrounds search --variant`: the variants of the current release."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from nightrounds.commands.common import enter_home, print_json, say
from nightrounds.commands.layout import plural, wrap

if TYPE_CHECKING:
    from retrieval.variant_search import FoundVariant

_MOST_CARRIERS = 5


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
    found = search_variants(open_reader(open_home(enter_home(home))), asked, most)
    if json:
        print_json([one.to_json() for one in found])
        return
    for one in found:
        typer.echo(_lines(one))
    if not found:
        say("no variant fits")


def _lines(found: FoundVariant) -> str:
    change = f"{found.reference}>{','.join(found.alternates) or '.'}"
    change = change if len(change) <= 30 else change[:29] + "…"
    frequency = "" if found.frequency is None else f"frequency {found.frequency:.4g}"
    names = (*found.identifiers, *found.genes, *found.consequences, found.impact, frequency)
    head = f"{found.assembly or 'assembly not known'}  {found.contig}:{found.position}  {change}"
    lines = [head, wrap(", ".join(name for name in names if name) or "not annotated", 4)]
    for carrier in found.carriers[:_MOST_CARRIERS]:
        who = "no person" if carrier.person_id is None else f"person {carrier.person_id}"
        lines.append(f"    {carrier.genotype:6} sample {carrier.sample_id}  {who}")
    if len(found.carriers) > _MOST_CARRIERS:
        lines.append(f"    of {plural(len(found.carriers), 'carrier')}; --json lists all")
    return "\n".join(lines)
