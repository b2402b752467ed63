"""`nightrounds samples`: where genotypes speak against what is recorded of persons. For the steward: needs the key."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nightrounds.commands.common import (
    DEFAULT_HOME,
    HomeOption,
    JsonOption,
    enter_home,
    print_json,
    print_table,
    say,
)
from nightrounds.commands.layout import plural

if TYPE_CHECKING:
    from stores.lake import Lake
    from stores.vault import Vault
    from tasks.vcf.quality.findings import Mismatch

_SEXES = {8507: "male", 8532: "female"}
"""OMOP: Gender."""


def samples(home: HomeOption = Path(DEFAULT_HOME), json: JsonOption = False) -> None:
    """Show samples whose genotypes speak against what is recorded of them: sex at birth, kinship, whose they are.

    Sex is that of the patient's record and of sample sheets, kinship that of sheets (PED) and of the files' own
    ##PEDIGREE lines. Needs the key: none of it stands in the lake, in reports or in logs.
    """
    from stores.home import open_home
    from stores.lake import Lake
    from stores.vault import Vault

    opened = open_home(enter_home(home))
    lake = Lake(opened.lake, opened.buckets)
    with Vault.open(opened, opened.load_key()) as vault:
        persons = _persons(lake)
        found = _mismatches(lake, vault, persons)
    rows = [{**asdict(one), "persons": [persons.get(sample) for sample in one.samples]} for one in found]
    if json:
        print_json(rows)
        return
    print_table([_line(row) for row in rows])
    if rows:
        say(f"{plural(len(rows), 'mismatch', 'mismatches')}; ask the laboratory whose the samples are")
    else:
        say(f"{plural(len(persons), 'sample')}: nothing speaks against what is recorded")


def _line(row: dict[str, Any]) -> dict[str, Any]:
    """A row of the table: who it is about last, as ids are long."""
    told = {name: row[name] for name in ("kind", "recorded", "found")}
    people = ["no person" if one is None else str(one) for one in row["persons"]]
    return {**told, "samples": " ".join(map(str, row["samples"])), "persons": " ".join(people)}


def _persons(lake: Lake) -> dict[int, int | None]:
    """Whose each sample is."""
    if "genomics.sample" not in lake.tables():
        return {}
    rows = lake.read("genomics.sample", columns=["sample_id", "person_id"]).to_pylist()
    return {row["sample_id"]: row["person_id"] for row in rows}


def _mismatches(lake: Lake, vault: Vault, persons: dict[int, int | None]) -> list[Mismatch]:
    from connectors.crosswalk import KIND
    from tasks.vcf.quality.findings import find_mismatches, read_facts
    from tasks.vcf.quality.pedigree import read_header, read_pedigree
    from tasks.workroom import load_sources

    if not persons:
        return []
    sources = load_sources(vault)
    declared = read_pedigree(vault, [name for name, source in sources.items() if source.kind == KIND])
    sexes: dict[int, dict[str, str]] = {one: {"sheet": sex} for one, sex in declared.sexes.items()}
    for sample, sex in _recorded(lake, persons).items():
        sexes.setdefault(sample, {})["record"] = sex
    files = lake.read("genomics.file", columns=["header", "_source"]).to_pylist()
    for row in files:
        if "##PEDIGREE" in row["header"]:
            declared |= read_header(row["header"])
    relatives = declared.relatives
    return [
        one
        for source in sorted({row["_source"] for row in files})
        for one in find_mismatches(read_facts(vault, source), persons, sexes, relatives)
    ]


def _recorded(lake: Lake, persons: dict[int, int | None]) -> dict[int, str]:
    """The sex that patients' records state, by sample."""
    if "omop.person" not in lake.tables():
        return {}
    people = lake.read("omop.person", columns=["person_id", "gender_concept_id"]).to_pylist()
    known = {
        row["person_id"]: _SEXES[row["gender_concept_id"]]
        for row in people
        if row["gender_concept_id"] in _SEXES
    }
    return {sample: known[person] for sample, person in persons.items() if person in known}
