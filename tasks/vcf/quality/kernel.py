"""Compiled loops over genotypes: what each call is, and what each sample carries."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from connectors.vcf.bulk.compiled import compiled

HOM_REF, HET, HOM_ALT, HAPLOID_REF, HAPLOID_ALT, MISSING = range(6)
"""What a call is. MISSING: no allele is called, or not every one."""
REFERENCE, TRANSITION, TRANSVERSION, INSERTION, DELETION, OTHER, NO_ALLELE = range(7)
"""What an allele is. NO_ALLELE: `*`, `<*>`, `<NON_REF>`, which say nothing of the sample."""
CLASSES, CALLS = 7, 6

Integers = npt.NDArray[np.int64]


@compiled
def count_calls(
    outer: npt.NDArray[np.int32],
    inner: npt.NDArray[np.int32],
    alleles: npt.NDArray[np.int16],
    missing: npt.NDArray[np.bool_],
    first: Integers,
    classes: npt.NDArray[np.int8],
    codes: npt.NDArray[np.int8],
    counts: Integers,
) -> None:
    """Tell each call, and count each allele.

    Args:
        outer: where a record's calls begin, (records + 1,).
        inner: where a call's alleles begin, (calls + 1,).
        alleles: allele indexes.
        missing: whether the allele is missing.
        first: where a record's alleles begin in `classes` and `counts`, (records + 1,).
        classes: of each allele of each record, the reference first.
        codes: filled: what each call is, (records, samples).
        counts: filled: how often each allele is called.
    """
    for record in range(len(outer) - 1):
        known = first[record + 1] - first[record]
        for call in range(outer[record], outer[record + 1]):
            begin, end = inner[call], inner[call + 1]
            other, same, whole = False, True, end > begin
            for place in range(begin, end):
                if missing[place] or alleles[place] < 0 or alleles[place] >= known:
                    whole = False
                    continue
                counts[first[record] + alleles[place]] += 1
                other = other or alleles[place] > 0
                same = same and alleles[place] == alleles[begin]
            code = 5
            if whole and end - begin == 1:
                code = 4 if other else 3
            elif whole:
                code = 1 if not same else 2 if other else 0
            codes[record, call - outer[record]] = code


@compiled
def count_carried(
    outer: npt.NDArray[np.int32],
    inner: npt.NDArray[np.int32],
    alleles: npt.NDArray[np.int16],
    missing: npt.NDArray[np.bool_],
    first: Integers,
    classes: npt.NDArray[np.int8],
    counts: Integers,
    carried: Integers,
    singletons: Integers,
) -> None:
    """Count, of each sample, the alleles that it carries by what they are: one once a record, however many copies.

    Args:
        carried: added to, (samples, CLASSES).
        singletons: added to, (samples,): alleles that are called once in the whole record.
    """
    for record in range(len(outer) - 1):
        known = first[record + 1] - first[record]
        for call in range(outer[record], outer[record + 1]):
            sample = call - outer[record]
            for place in range(inner[call], inner[call + 1]):
                allele = alleles[place]
                if missing[place] or allele <= 0 or allele >= known:
                    continue
                seen = False
                for before in range(inner[call], place):
                    seen = seen or (not missing[before] and alleles[before] == allele)
                if not seen:
                    carried[sample, classes[first[record] + allele]] += 1
                    singletons[sample] += counts[first[record] + allele] == 1
