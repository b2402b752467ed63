"""Hardy-Weinberg equilibrium: the exact test of Wigginton, Cutler and Abecasis (Am J Hum Genet 2005; 76: 887)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]


def exact_p(hom_ref: Integers, het: Integers, hom_alt: Integers) -> npt.NDArray[np.float64]:
    """The probability of as many heterozygotes or less likely ones, given the alleles; NaN where nobody is called.

    Args:
        hom_ref: how many have two reference alleles, (n,).
        het: how many have one, (n,).
        hom_alt: how many have none, (n,).
    """
    found = np.full(len(het), np.nan)
    if not len(het):
        return found
    states, index = np.unique(np.stack([hom_ref, het, hom_alt], axis=1), axis=0, return_inverse=True)
    values = np.array([_exact_p(*map(int, state)) if state.sum() else np.nan for state in states])
    found[:] = values[index.reshape(-1)]
    return found


def _exact_p(hom_ref: int, het: int, hom_alt: int) -> float:
    rare = 2 * min(hom_ref, hom_alt) + het
    people = hom_ref + het + hom_alt
    hets = np.arange(rare % 2, rare + 1, 2)
    rares = (rare - hets) // 2
    commons = people - hets - rares
    # the ratio of one number of heterozygotes to the next lower one, as logarithms: no factorials, no overflow
    steps = np.log(4.0 * (rares[:-1]) * commons[:-1]) - np.log((hets[:-1] + 2.0) * (hets[:-1] + 1.0))
    logs = np.concatenate([[0.0], np.cumsum(steps)])
    chances = np.exp(logs - logs.max())
    chances /= chances.sum()
    own = chances[(het - rare % 2) // 2]
    return float(min(1.0, chances[chances <= own * (1 + 1e-9)].sum()))
