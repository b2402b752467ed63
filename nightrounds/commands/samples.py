"""`nightrounds samples`: where genotypes speak against what is recorded of persons. For the steward: needs the key."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from nightrounds.commands.common import (
    DEFAULT_HOME,
    HomeOption,
    JsonOption,
    enter_home,
    print_json,
    print_table,
    say,
)

if TYPE_CHECKING:
    from stores.lake import Lake
    from stores.vault import Vault
    from tasks.vcf.quality.findings import Mismatch

_SEXES = {8507: "male", 8532: "female"}
"""OMOP: Gender."""


def samples(home: HomeOption = Path(DEFAULT_HOME), json: JsonOption = False) -> None:
    """Show samples whose genotypes speak against their persons: sex, one genome under two persons, two under one.

    Needs the key: none of it stands in the lake, in reports or in logs.
    """
    from stores.home import open_home
    from stores.lake import Lake
    from stores.vault import Vault

    opened = open_home(enter_home(home))
    with Vault.open(opened, opened.load_key()) as vault:
        found = _mismatches(Lake(opened.lake, opened.buckets), vault)
    if json:
        print_json([asdict(one) for one in found])
        return
    print_table([{**asdict(one), "samples": " ".join(map(str, one.samples))} for one in found])
    if not found:
        say("nothing speaks against what is recorded")


def _mismatches(lake: Lake, vault: Vault) -> list[Mismatch]:
    from tasks.vcf.quality.findings import find_mismatches, read_facts

    if "genomics.sample" not in lake.tables():
        return []
    rows = lake.read("genomics.sample", columns=["sample_id", "person_id", "_source"]).to_pylist()
    persons = {row["sample_id"]: row["person_id"] for row in rows}
    known: dict[int, str] = {}
    if "omop.person" in lake.tables():
        people = lake.read("omop.person", columns=["person_id", "gender_concept_id"]).to_pylist()
        known = {
            row["person_id"]: _SEXES[row["gender_concept_id"]]
            for row in people
            if row["gender_concept_id"] in _SEXES
        }
    sexes = {sample: known[person] for sample, person in persons.items() if person in known}
    sources = sorted({row["_source"] for row in rows})
    return [one for s in sources for one in find_mismatches(read_facts(vault, s), persons, sexes)]
