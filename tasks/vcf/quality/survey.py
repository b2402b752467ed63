"""One pass over a file's variants: a row of quality for each, and counts for each sample, in bounded memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from contracts.schemas.genomics import FILE_QUALITY, SAMPLE_QUALITY, VARIANT_QUALITY
from tasks.vcf.quality import kernel
from tasks.vcf.quality.alleles import classify_alleles
from tasks.vcf.quality.equilibrium import exact_p
from tasks.vcf.quality.kinship import Kinship
from tasks.vcf.quality.sex import SexCounts

AUTOSOMES = pa.array([f"chr{number}" for number in range(1, 23)])


class Survey:
    """Counts of one file.

    Args:
        file_id: the file.
        samples: how many it has.
        records: how many it has.
        assembly: as in `genomics.file`.
    """

    def __init__(self, file_id: int, samples: int, records: int, assembly: str | None) -> None:
        self.file_id, self.samples = file_id, samples
        self.kinship = Kinship(samples, records)
        self.sex = SexCounts(samples, assembly)
        self._calls = np.zeros((samples, kernel.CALLS), dtype=np.int64)
        self._carried = np.zeros((samples, kernel.CLASSES), dtype=np.int64)
        self._singletons = np.zeros(samples, dtype=np.int64)
        self._depth = [_Mean(samples), _Mean(samples)]
        self._alleles = np.zeros(kernel.CLASSES, dtype=np.int64)
        self._records = self._multiallelic = self._called = 0

    def take(self, rows: pa.Table) -> pa.Table | None:
        """Count a window of variants with their calls.

        Returns:
            Rows of `genomics.variant_quality`; None where the window has no genotypes.
        """
        rows = rows.combine_chunks()
        first, classes = classify_alleles(rows)
        real = _real_alternates(first, classes)
        self._records += rows.num_rows
        self._multiallelic += int((real > 1).sum())
        self._alleles += np.bincount(classes, minlength=kernel.CLASSES)
        for name, mean in zip(("format_DP", "format_GQ"), self._depth, strict=True):
            mean.add(rows, name)
        if not self.samples or "genotype" not in rows.schema.names:
            return None
        rows, first, classes, real = _with_genotypes(rows, first, classes, real)
        if not rows.num_rows:
            return None
        self._called += rows.num_rows
        codes, counts = self._count(rows["genotype"].chunk(0), first, classes)
        autosomal = np.asarray(pc.is_in(rows["contig"], AUTOSOMES).combine_chunks())
        simple = _simple_sites(first, classes, real)
        self.kinship.add(codes[autosomal & simple])
        self.sex.add(rows["contig"].combine_chunks(), rows["position"].to_numpy(), codes)
        return self._variant_rows(rows, codes, counts, first, autosomal)

    def _count(
        self, genotype: pa.ListArray, first: kernel.Integers, classes: npt.NDArray[np.int8]
    ) -> tuple[npt.NDArray[np.int8], kernel.Integers]:
        calls = genotype.values
        alleles = calls.values
        outer, inner = genotype.offsets.to_numpy(), calls.offsets.to_numpy()
        values = pc.fill_null(alleles, -1).to_numpy(zero_copy_only=False)
        missing = values < 0
        codes = np.full((len(genotype), self.samples), kernel.MISSING, dtype=np.int8)
        counts = np.zeros(len(classes), dtype=np.int64)
        kernel.count_calls(outer, inner, values, missing, first, classes, codes, counts)
        kernel.count_carried(
            outer, inner, values, missing, first, classes, counts, self._carried, self._singletons
        )
        for code in range(kernel.CALLS):
            self._calls[:, code] += (codes == code).sum(axis=0)
        return codes, counts

    def _variant_rows(
        self,
        rows: pa.Table,
        codes: npt.NDArray[np.int8],
        counts: kernel.Integers,
        first: kernel.Integers,
        autosomal: npt.NDArray[np.bool_],
    ) -> pa.Table:
        """Frequencies are of called alleles; no p where the contig is no autosome."""
        told = np.stack([(codes == code).sum(axis=1) for code in range(kernel.CALLS)], axis=1)
        number = np.add.reduceat(counts, first[:-1])
        keep = np.ones(len(counts), dtype=bool)
        keep[first[:-1]] = False  # the reference
        offsets = pa.array((first - np.arange(len(first))).astype(np.int32))
        with np.errstate(divide="ignore", invalid="ignore"):
            share = counts / np.repeat(number, np.diff(first))
        p = exact_p(told[:, kernel.HOM_REF], told[:, kernel.HET], told[:, kernel.HOM_ALT])
        p[~autosomal] = np.nan
        columns: dict[str, Any] = {
            "record_id": rows["record_id"],
            "file_id": pa.array(np.full(rows.num_rows, self.file_id)),
            "variant_id": rows["variant_id"],
            "call_rate": pa.array(1 - told[:, kernel.MISSING] / self.samples, pa.float64()),
            **{name: pa.array(told[:, code].astype(np.int32)) for code, name in enumerate(_CALL_COUNTS)},
            "allele_number": pa.array(number.astype(np.int32)),
            "allele_counts": pa.ListArray.from_arrays(offsets, pa.array(counts[keep].astype(np.int32))),
            "allele_frequencies": pa.ListArray.from_arrays(
                offsets, pa.array(share[keep], pa.float64(), from_pandas=True)
            ),
            "hardy_weinberg_p": pa.array(p, pa.float64(), from_pandas=True),
        }
        return pa.table([columns[name] for name in VARIANT_QUALITY.names], schema=VARIANT_QUALITY)

    def sample_rows(self, sample_ids: list[int]) -> pa.Table:
        """Rows of `genomics.sample_quality`, in the samples' order."""
        called = self._called - self._calls[:, kernel.MISSING]
        carried = {name: self._carried[:, code] for code, name in _CARRIED.items()}
        columns: dict[str, Any] = {
            "file_id": np.full(self.samples, self.file_id),
            "sample_index": np.arange(self.samples, dtype=np.int32),
            "sample_id": np.array(sample_ids, dtype=np.int64),
            "call_rate": _ratio(called, np.full(self.samples, self._called)),
            **{name: self._calls[:, code] for code, name in enumerate(_CALL_COUNTS)},
            "het_hom_ratio": _ratio(self._calls[:, kernel.HET], self._calls[:, kernel.HOM_ALT]),
            **carried,
            "ti_tv_ratio": _ratio(carried["transitions"], carried["transversions"]),
            "singletons": self._singletons if self.samples > 1 else pa.nulls(self.samples, pa.int64()),
            "mean_depth": self._depth[0].values(),
            "mean_genotype_quality": self._depth[1].values(),
        }
        return pa.table([columns[name] for name in SAMPLE_QUALITY.names], schema=SAMPLE_QUALITY)

    def file_row(self, version: int) -> pa.Table:
        """The row of `genomics.file_quality`."""
        alleles = {name: int(self._alleles[code]) for code, name in _CARRIED.items()}
        ti, tv = alleles["transitions"], alleles["transversions"]
        row = {
            "file_id": self.file_id,
            "variants": self._records,
            "multiallelic": self._multiallelic,
            **alleles,
            "ti_tv_ratio": ti / tv if tv else None,
            "counted_by": version,
        }
        return pa.Table.from_pylist([row], schema=FILE_QUALITY)


_CALL_COUNTS = ("hom_ref", "het", "hom_alt", "haploid_ref", "haploid_alt", "missing")
_CARRIED = {
    kernel.TRANSITION: "transitions",
    kernel.TRANSVERSION: "transversions",
    kernel.INSERTION: "insertions",
    kernel.DELETION: "deletions",
    kernel.OTHER: "others",
}


class _Mean:
    """The mean of a FORMAT field of one number, by sample."""

    def __init__(self, samples: int) -> None:
        self._sum = np.zeros(samples, dtype=np.float64)
        self._number = np.zeros(samples, dtype=np.int64)

    def add(self, rows: pa.Table, name: str) -> None:
        """Take in a window; rows without the field or with it for fewer samples tell nothing."""
        samples = len(self._sum)
        if name not in rows.schema.names or not samples:
            return
        column = rows[name].drop_null().combine_chunks()
        lengths = np.asarray(pc.list_value_length(column))
        if not len(column) or (lengths != samples).any():
            return
        values = column.flatten().cast(pa.float64()).to_numpy(zero_copy_only=False).reshape(-1, samples)
        self._sum += np.nansum(values, axis=0)
        self._number += (~np.isnan(values)).sum(axis=0)

    def values(self) -> pa.Array:
        """The means; null where there was no value."""
        return _ratio(self._sum, self._number)


def _ratio(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> pa.Array:
    """Null where the second is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return pa.array(one / other, pa.float64(), mask=other == 0)


def _with_genotypes(
    rows: pa.Table, first: kernel.Integers, classes: npt.NDArray[np.int8], real: npt.NDArray[np.int64]
) -> tuple[pa.Table, kernel.Integers, npt.NDArray[np.int8], npt.NDArray[np.int64]]:
    """The records that have genotypes, and their alleles."""
    if not rows["genotype"].null_count:
        return rows, first, classes, real
    valid = np.asarray(pc.is_valid(rows["genotype"]).combine_chunks())
    lengths = np.diff(first)
    kept = np.concatenate([[0], np.cumsum(lengths[valid])]).astype(np.int64)
    chosen = rows.filter(pa.array(valid)).combine_chunks()
    return chosen, kept, classes[np.repeat(valid, lengths)], real[valid]


def _real_alternates(first: kernel.Integers, classes: npt.NDArray[np.int8]) -> npt.NDArray[np.int64]:
    """How many alternates of each record are alleles of somebody's."""
    alleles = (classes != kernel.NO_ALLELE).astype(np.int64)
    return np.asarray(np.add.reduceat(alleles, first[:-1]) - 1) if len(first) > 1 else np.zeros(0, np.int64)


def _simple_sites(
    first: kernel.Integers, classes: npt.NDArray[np.int8], real: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    """Which records are of one alternate, and that an SNV."""
    changes = np.isin(classes, (kernel.TRANSITION, kernel.TRANSVERSION)).astype(np.int64)
    return np.asarray((np.add.reduceat(changes, first[:-1]) == 1) & (real == 1))
