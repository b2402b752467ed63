"""How closely the samples of a file are related: KING-robust (Manichaikul et al., Bioinformatics 2010; 26: 2867)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tasks.vcf.quality.kernel import HET, HOM_ALT, HOM_REF

MOST_SAMPLES = 2_000
"""With more, every pair of them would take more memory and time than a night has."""
SITES = 20_000
"""So many sites tell first from second degree; of a file with more, every nth is looked at."""
LEAST_SITES = 500
DUPLICATE, FIRST, SECOND, THIRD = (2 ** -(degree + 1.5) for degree in range(4))
"""Kinship above which two are one (or identical twins), of the first, second and third degree (there, table 1)."""


@dataclass(frozen=True)
class Pair:
    """Two samples of a file and how related they are.

    Attributes:
        one: index of a sample.
        other: index of the other, higher.
        kinship: 0.5 of one with itself, 0.25 of parent and child or siblings, about 0 of strangers.
        sites: at how many sites both are called.
        opposite: share of these where they share no allele (IBS0): 0 of parent and child, not of siblings.
    """

    one: int
    other: int
    kinship: float
    sites: int
    opposite: float


class Kinship:
    """Adds up, over biallelic SNVs of autosomes, what the estimate needs. Memory: five numbers a pair of samples."""

    def __init__(self, samples: int, records: int) -> None:
        self.samples = samples
        self.applies = 1 < samples <= MOST_SAMPLES
        self._step, self._seen = max(1, -(-records // SITES)), 0
        shape = (samples, samples) if self.applies else (0, 0)
        self._both, self._opposite, self._hets, self._called = (
            np.zeros(shape, dtype=np.int32) for _ in range(4)
        )

    def add(self, codes: npt.NDArray[np.int8]) -> None:
        """Take in calls of suitable sites, (sites, samples)."""
        if not self.applies:
            return
        chosen = codes[-self._seen % self._step :: self._step]
        self._seen += len(codes)
        het, reference, other = ((chosen == code).astype(np.float32) for code in (HET, HOM_REF, HOM_ALT))
        called = het + reference + other
        opposite = reference.T @ other
        for total, found in (
            (self._both, het.T @ het),
            (self._opposite, opposite + opposite.T),
            (self._hets, het.T @ called),
            (self._called, called.T @ called),
        ):
            total += found.astype(np.int32)

    def estimate(self) -> npt.NDArray[np.float64]:
        """Kinship of each pair, (samples, samples): the paper's equation 11; NaN where nothing tells."""
        fewer, more = np.minimum(self._hets, self._hets.T), np.maximum(self._hets, self._hets.T)
        with np.errstate(divide="ignore", invalid="ignore"):
            found = (self._both - 2 * self._opposite) / (2 * fewer) + 0.5 - 0.25 * (fewer + more) / fewer
        found[self._called < LEAST_SITES] = np.nan
        return np.asarray(found, dtype=np.float64)

    def pairs(self, above: float = THIRD) -> list[Pair]:
        """The pairs that are related, closest first."""
        if not self.applies:
            return []
        kinship = np.triu(np.nan_to_num(self.estimate(), nan=0.0, posinf=0.0, neginf=0.0), 1)
        ones, others = np.nonzero(kinship > above)
        found = [self.pair(int(one), int(other)) for one, other in zip(ones, others, strict=True)]
        return sorted(found, key=lambda pair: (-pair.kinship, pair.one, pair.other))

    def pair(self, one: int, other: int) -> Pair:
        """What is known of two samples."""
        sites = int(self._called[one, other])
        opposite = float(self._opposite[one, other]) / sites if sites else 0.0
        return Pair(one, other, float(self._one(one, other)), sites, opposite)

    def _one(self, one: int, other: int) -> float:
        fewer, more = sorted((int(self._hets[one, other]), int(self._hets[other, one])))
        if not fewer or self._called[one, other] < LEAST_SITES:
            return float("nan")
        told = (self._both[one, other] - 2 * self._opposite[one, other]) / (2 * fewer)
        return float(told + 0.5 - 0.25 * (fewer + more) / fewer)
