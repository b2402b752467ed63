"""What genotypes of the sex chromosomes tell of a sample."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tasks.vcf.quality.kernel import HAPLOID_ALT, HAPLOID_REF, HET, HOM_ALT, MISSING

_SHARED = {
    "GRCh37": ((60_001, 2_699_520), (154_931_044, 155_260_560)),
    "GRCh38": ((10_001, 2_781_479), (155_701_383, 156_030_895)),
}
"""Pseudoautosomal regions of X, 1-based (Genome Reference Consortium): there a man has two copies too."""
LEAST = 20
"""Calls that differ from the reference, below which nothing is said."""
MALE_AT_MOST, FEMALE_AT_LEAST = 0.1, 0.3


class SexCounts:
    """Counts per sample: X outside the pseudoautosomal regions, and Y."""

    def __init__(self, samples: int, assembly: str | None) -> None:
        self._regions = _SHARED.get(assembly or "", ())
        self.het, self.alternate, self.x_called, self.y_called, self.y_sites = (
            np.zeros(samples, dtype=np.int64) for _ in range(5)
        )

    def add(self, contigs: pa.Array, positions: npt.NDArray[np.int64], codes: npt.NDArray[np.int8]) -> None:
        """Take in a window of records."""
        names = contigs.dictionary_encode()
        index = np.asarray(names.indices)
        by_name = {name: number for number, name in enumerate(names.dictionary.to_pylist())}
        if "chrX" in by_name:
            chosen = index == by_name["chrX"]
            for start, end in self._regions:
                chosen &= (positions < start) | (positions > end)
            self.het += (codes[chosen] == HET).sum(axis=0)
            self.alternate += np.isin(codes[chosen], (HET, HOM_ALT, HAPLOID_ALT)).sum(axis=0)
            self.x_called += (codes[chosen] != MISSING).sum(axis=0)
        if "chrY" in by_name:
            chosen = index == by_name["chrY"]
            self.y_sites += int(chosen.sum())
            self.y_called += np.isin(codes[chosen], (HAPLOID_REF, HAPLOID_ALT, HOM_ALT)).sum(axis=0)

    def sexes(self) -> list[str | None]:
        """Each sample's: "male", "female", or None where too little or nothing clear is told.

        By the share of heterozygous calls among those that differ from the reference: with one X there is none but by
        error, with two about half and more.
        """
        found: list[str | None] = []
        for het, alternate in zip(self.het.tolist(), self.alternate.tolist(), strict=True):
            share = het / alternate if alternate >= LEAST else 0.2
            found.append("male" if share <= MALE_AT_MOST else "female" if share >= FEMALE_AT_LEAST else None)
        return found
