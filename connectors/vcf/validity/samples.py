"""Judging FORMAT and the samples' columns (VCF 4.3, section 1.6.2)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from connectors.vcf.validity.fields import Key, Keys, count_fits, type_fault
from connectors.vcf.validity.header import Header
from connectors.vcf.validity.record import Fault

_KEY_BEFORE_43 = re.compile(r"[0-9A-Za-z]+")
_KEY = re.compile(r"[A-Za-z_](?:[0-9A-Za-z_.]|%[0-9A-Fa-f]{2})*")
_GENOTYPE = re.compile(r"[/|]?(?:\d+|\.)(?:[/|](?:\d+|\.))*")
_SEPARATORS = re.compile(r"[/|]")


@dataclass(frozen=True)
class Plan:
    """A FORMAT column, judged once for all the records that have it.

    Attributes:
        keys: one for each of its keys.
        names: the keys as they stand.
        faults: what is wrong with the column itself.
    """

    keys: tuple[Key, ...]
    names: tuple[str, ...]
    faults: tuple[Fault, ...]


class SampleJudge:
    """Judges genotypes and the other values of samples by what the header declares."""

    def __init__(self, header: Header) -> None:
        self._minor = header.minor
        self._keys = Keys("FORMAT", header)
        self._plans: dict[str, Plan] = {}

    def plan(self, text: str) -> Plan:
        """The plan of a FORMAT column; kept, as few files have many."""
        plan = self._plans.get(text)
        if plan is None:
            names = tuple(text.split(":")) if text not in {".", ""} else ()
            keys = tuple(self._keys.get(name) for name in names)
            plan = Plan(keys, names, tuple(dict.fromkeys(self._format(text, names, keys))))
            if len(self._plans) < 4096:
                self._plans[text] = plan
        return plan

    def _format(self, text: str, names: Sequence[str], keys: Sequence[Key]) -> Iterator[Fault]:
        if not text:
            yield "column-empty", "FORMAT"
        if "" in names:
            yield "format-empty", "FORMAT"
        if len(set(names)) != len(names):
            yield "format-key-repeated", "FORMAT"
        if "GT" in names[1:]:
            yield "format-gt-first", "FORMAT"
        legal = _KEY if self._minor >= 3 else _KEY_BEFORE_43
        for name, key in zip(names, keys, strict=True):
            if name and not legal.fullmatch(name):
                yield "format-key", key.name
            if name and not key.declared:
                yield "undeclared-format", key.name

    def judge(self, plan: Plan, samples: Sequence[str], alternates: int) -> Iterator[Fault]:
        """What is wrong with the samples of a record, each fault once.

        Args:
            plan: of its FORMAT column.
            samples: the samples' columns as they stand.
            alternates: how many alleles ALT has.
        """
        told: set[Fault] = set()
        for text in samples:
            for fault in self._sample(plan, text, alternates):
                if fault not in told:
                    told.add(fault)
                    yield fault

    def _sample(self, plan: Plan, text: str, alternates: int) -> Iterator[Fault]:
        if text == "." or not plan.keys:
            if text != "." and ":" in text:
                yield "sample-fields", "FORMAT"
            return
        values = text.split(":")
        if len(values) > len(plan.keys):
            yield "sample-fields", "FORMAT"
            return
        ploidy, local = 0, -1
        for name, key, value in zip(plan.names, plan.keys, values, strict=False):
            if not value:
                yield "sample-empty", key.name
            elif name == "GT":
                yield from _genotype(value, alternates)
                ploidy = len(_SEPARATORS.split(value.lstrip("/|"))) if value != "." else 0
            elif value != ".":
                if name == "LAA":
                    local = len(value.split(","))
                yield from _values(key, value.split(","), alternates, ploidy, local)


def _genotype(text: str, alternates: int) -> Iterator[Fault]:
    if not _GENOTYPE.fullmatch(text) or not text.isascii():
        yield "gt-syntax", "FORMAT/GT"
    else:
        highest = max(map(int, re.findall(r"\d+", text)), default=0)
        if highest > max(alternates, 1):
            yield "gt-allele", "FORMAT/GT"
        elif highest > alternates:
            yield "gt-allele-missing", "FORMAT/GT"


def _values(key: Key, values: list[str], alternates: int, ploidy: int, local: int) -> Iterator[Fault]:
    kind = "" if key.kind == "Flag" else key.kind
    faults = {rule for one in values if one != "." and (rule := type_fault(one, kind))}
    yield from ((f"sample-{rule}", key.name) for rule in sorted(faults))
    number, alleles = key.number, alternates
    if number in {"LA", "LR", "LG"}:
        number, alleles = (number[1:], local) if local >= 0 else ("", 0)
    if number not in {"", "0"} and not count_fits(len(values), number, alleles, ploidy):
        yield "sample-number", key.name
    if key.counts and not faults and any(one.startswith("-") and float(one) < 0 for one in values):
        yield "sample-negative", key.name
