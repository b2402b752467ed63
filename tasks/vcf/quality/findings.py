"""What genotypes tell of samples, kept sealed, and where that speaks against what is recorded of their persons.

Sex and kinship are nobody's business but the steward's: a father who is none is found here. So they lie in the vault,
and `nightrounds samples` shows them to who holds the key.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from stores.vault import Vault
from tasks.vcf.quality.kinship import DUPLICATE, FIRST, SECOND, THIRD, Pair
from tasks.vcf.quality.survey import Survey

_NAME = "samples/"


@dataclass(frozen=True)
class SampleFacts:
    """What one file's genotypes tell.

    Attributes:
        sample_ids: in the samples' order.
        sexes: "male", "female" or None.
        pairs: related samples, by sample ids.
    """

    sample_ids: tuple[int, ...]
    sexes: tuple[str | None, ...]
    pairs: tuple[tuple[int, int, float, int, float], ...]

    @staticmethod
    def of(survey: Survey, sample_ids: list[int]) -> SampleFacts:
        """From a survey at its end."""
        pairs = [_told(pair, sample_ids) for pair in survey.kinship.pairs()]
        return SampleFacts(tuple(sample_ids), tuple(survey.sex.sexes()), tuple(pairs))


def _told(pair: Pair, sample_ids: list[int]) -> tuple[int, int, float, int, float]:
    one, other = sample_ids[pair.one], sample_ids[pair.other]
    return one, other, round(pair.kinship, 4), pair.sites, round(pair.opposite, 5)


def keep_facts(vault: Vault, source: str, facts: Mapping[int, SampleFacts], gone: Iterable[int]) -> None:
    """Put a source's facts into the vault, beside those of its other files; drop those of files that are gone."""
    kept = read_facts(vault, source)
    for file_id in gone:
        kept.pop(file_id, None)
    kept.update(facts)
    told = {
        str(file_id): {"samples": one.sample_ids, "sexes": one.sexes, "pairs": one.pairs}
        for file_id, one in kept.items()
    }
    vault.put_sealed(_NAME + source, json.dumps(told).encode())


def read_facts(vault: Vault, source: str) -> dict[int, SampleFacts]:
    """A source's facts by file."""
    data: dict[str, Any] = json.loads(vault.get_sealed(_NAME + source) or b"{}")
    return {
        int(file_id): SampleFacts(
            tuple(one["samples"]), tuple(one["sexes"]), tuple(tuple(pair) for pair in one["pairs"])
        )
        for file_id, one in data.items()
    }


@dataclass(frozen=True)
class Mismatch:
    """Something that speaks against what is recorded.

    Attributes:
        kind: `sex`; `duplicate` (one genome under two persons); `related` (and not declared); `unrelated` (declared
            to be, or one person).
        file_id: the file.
        samples: ids of one sample or two.
        recorded: what is recorded.
        found: what the genotypes say.
    """

    kind: str
    file_id: int
    samples: tuple[int, ...]
    recorded: str
    found: str


def find_mismatches(
    facts: Mapping[int, SampleFacts],
    persons: Mapping[int, int | None],
    sexes: Mapping[int, Mapping[str, str]],
    declared: Mapping[frozenset[int], str] | None = None,
) -> Iterator[Mismatch]:
    """Hold a source's facts against what is recorded.

    Args:
        facts: by file.
        persons: person by sample id.
        sexes: by sample id, sex at birth ("male", "female") by who records it: `record`, `sheet`.
        declared: kinship by pair of sample ids: `parent`, `sibling`. Of samples of whom no relative is declared
            nothing is said where a relative is found.
    """
    families = frozenset[int]().union(*(declared or {}))
    for file_id, one in facts.items():
        yield from _of_sexes(file_id, one, sexes)
        related = {frozenset(pair[:2]): pair for pair in one.pairs}
        for pair in one.pairs:
            who = persons.get(pair[0]), persons.get(pair[1])
            same = who[0] is not None and who[0] == who[1]
            if pair[2] > DUPLICATE and not same:
                recorded = "two persons" if None not in who else "two samples, not of one person"
                yield Mismatch("duplicate", file_id, pair[:2], recorded, degree(pair))
            elif pair[2] > FIRST and not same and _is_news(frozenset(pair[:2]), families, declared or {}):
                yield Mismatch("related", file_id, pair[:2], "not declared", degree(pair))
        for two in _same_person(one.sample_ids, persons):
            if two not in related or related[two][2] <= DUPLICATE:
                found = degree(related[two]) if two in related else "unrelated"
                yield Mismatch("unrelated", file_id, tuple(sorted(two)), "one person", found)
        for two, kinship in (declared or {}).items():
            if two <= set(one.sample_ids) and (two not in related or related[two][2] <= FIRST):
                found = degree(related[two]) if two in related else "unrelated"
                yield Mismatch("unrelated", file_id, tuple(sorted(two)), kinship, found)


def _of_sexes(file_id: int, facts: SampleFacts, sexes: Mapping[int, Mapping[str, str]]) -> Iterator[Mismatch]:
    """Where genotypes speak against who records a sex, or, where they say nothing, two who record it differ."""
    for sample, found in zip(facts.sample_ids, facts.sexes, strict=True):
        told = sexes.get(sample, {})
        wrong = [f"{sex} ({who})" for who, sex in sorted(told.items()) if found and sex != found]
        if found and wrong:
            yield Mismatch("sex", file_id, (sample,), ", ".join(wrong), found)
        elif not found and len(set(told.values())) > 1:
            recorded = ", ".join(f"{sex} ({who})" for who, sex in sorted(told.items()))
            yield Mismatch("sex", file_id, (sample,), recorded, "not told by genotypes")


def _is_news(two: frozenset[int], families: frozenset[int], declared: Mapping[frozenset[int], str]) -> bool:
    return two not in declared and not two.isdisjoint(families)


def _same_person(sample_ids: Iterable[int], persons: Mapping[int, int | None]) -> Iterator[frozenset[int]]:
    by_person: dict[int, list[int]] = {}
    for sample in dict.fromkeys(sample_ids):
        if (person := persons.get(sample)) is not None:
            by_person.setdefault(person, []).append(sample)
    for samples in by_person.values():
        yield from (frozenset(two) for two in combinations(samples, 2))


def degree(pair: tuple[int, int, float, int, float]) -> str:
    """The kinship in words."""
    kinship, opposite = pair[2], pair[4]
    if math.isnan(kinship) or kinship <= THIRD:
        return "unrelated"
    if kinship > DUPLICATE:
        return "the same genome"
    if kinship > FIRST:
        return "parent and child" if opposite < 0.005 else "siblings"
    return "second degree" if kinship > SECOND else "third degree"
