"""What sheets and headers declare of samples: their recorded sex, and who is whose parent. Sealed in the vault."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import combinations

from stores.vault import Vault

_NAME = "pedigree/"
_LINE = re.compile(r"^##PEDIGREE=<([^>]*)>", re.MULTILINE)
_PARTS = re.compile(r"(\w+)=(\d+)")
_PARENTS = ("Father", "Mother")


@dataclass(frozen=True)
class Pedigree:
    """What is declared, by sample ids.

    Attributes:
        sexes: "male" or "female".
        parents: the parents of a child that are told.
    """

    sexes: Mapping[int, str] = field(default_factory=dict)
    parents: Mapping[int, tuple[int, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, individuals: Iterable[tuple[int, str, tuple[int, ...]]]) -> Pedigree:
        """From individuals as (sample id, sex or "", parents); of whom two sexes are told, none is."""
        sexes: dict[int, set[str]] = defaultdict(set)
        parents: dict[int, dict[int, None]] = defaultdict(dict)
        for one, sex, both in individuals:
            sexes[one] |= {sex} - {""}
            parents[one] |= dict.fromkeys(both)
        return cls(
            {one: next(iter(told)) for one, told in sexes.items() if len(told) == 1},
            {one: tuple(told) for one, told in parents.items() if told},
        )

    @property
    def relatives(self) -> dict[frozenset[int], str]:
        """Relatives of the first degree by pairs: `parent`, or `sibling` where both parents are told and the same."""
        found = {frozenset((child, one)): "parent" for child, both in self.parents.items() for one in both}
        families: dict[frozenset[int], list[int]] = defaultdict(list)
        for child, both in self.parents.items():
            if len(set(both)) == 2:
                families[frozenset(both)].append(child)
        for children in families.values():
            found |= {frozenset(two): "sibling" for two in combinations(sorted(children), 2)}
        return found

    def __or__(self, other: Pedigree) -> Pedigree:
        """Both; a sex of which they say different things is told by neither."""
        sexes = {**self.sexes, **other.sexes}
        odd = {one for one, sex in self.sexes.items() if other.sexes.get(one, sex) != sex}
        parents = {
            child: tuple(dict.fromkeys((*self.parents.get(child, ()), *other.parents.get(child, ()))))
            for child in (*self.parents, *other.parents)
        }
        return Pedigree({one: sex for one, sex in sexes.items() if one not in odd}, parents)


def keep_pedigree(vault: Vault, source: str, declared: Pedigree) -> None:
    """Put what a source of sheets declares into the vault; what it declared before is gone."""
    parents = {str(child): both for child, both in sorted(declared.parents.items())}
    sexes = {str(one): sex for one, sex in sorted(declared.sexes.items())}
    told = json.dumps({"sexes": sexes, "parents": parents}).encode()
    if vault.get_sealed(_NAME + source) != told:
        vault.put_sealed(_NAME + source, told)


def read_pedigree(vault: Vault, sources: Iterable[str]) -> Pedigree:
    """What these sources of sheets declare together."""
    whole = Pedigree()
    for source in sources:
        told = json.loads(vault.get_sealed(_NAME + source) or b"{}")
        sexes = {int(one): sex for one, sex in told.get("sexes", {}).items()}
        parents = {int(child): tuple(both) for child, both in told.get("parents", {}).items()}
        whole |= Pedigree(sexes, parents)
    return whole


def read_header(header: str) -> Pedigree:
    """What a file's own ##PEDIGREE lines declare (VCF 4.5, section 1.4.9), by the keyed ids that the lake has there."""
    parents: dict[int, tuple[int, ...]] = {}
    for line in _LINE.findall(header):
        told = dict(_PARTS.findall(line))
        child = told.get("Child", told.get("ID"))
        both = tuple(int(told[name]) for name in _PARENTS if name in told)
        if child is not None and both:
            parents[int(child)] = both
    return Pedigree(parents=parents)
