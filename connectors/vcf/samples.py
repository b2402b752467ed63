"""Who a sample name speaks of."""

from __future__ import annotations

import re

from contracts.identity import Identity

_GENERIC = frozenset(
    "sample tumor tumour normal blood dna rna control case father mother child proband sibling patient subject donor "
    "germline somatic primary metastasis relapse saliva tissue plasma library pool pooled test run batch lane unknown "
    "exome genome wgs wes panel reference ref alt truth query call calls set male female son daughter".split()
)
_PARTS = re.compile(r"[\s_.,^+\-]+")


def identify_sample(authority: str, name: str) -> Identity:
    """The identity of a sample: its name is its identifier; a name that reads like a person's hides its parts too."""
    traits: dict[str, tuple[str, ...]] = {"identifier": (name,)}
    if parts := person_parts(name):
        traits["name"] = parts
    return Identity(authority, name, kind="vcf", traits=traits)


def person_parts(name: str) -> tuple[str, ...]:
    """The parts of a sample name that reads like a person's (`Anna_Quiverton`, `QUIVERTON^ANNA`), else none.

    At least two words of letters, at least two of three letters or more where there are more, and none that
    laboratories use for samples. Numbers beside the words don't matter.
    """
    parts = [part for part in _PARTS.split(name) if part]
    words = [part for part in parts if part.replace("'", "").isalpha() and len(part) >= 2]
    others = [part for part in parts if part not in words]
    if len(words) < 2 or any(word.lower() in _GENERIC for word in words):
        return ()
    if any(not (other.isdigit() or (other.isalpha() and len(other) == 1)) for other in others):
        return ()
    return tuple(dict.fromkeys(words))
