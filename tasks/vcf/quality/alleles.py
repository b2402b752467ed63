"""What kind of change an alternate allele is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tasks.vcf.quality import kernel

_PURINES, _PYRIMIDINES = frozenset("AG"), frozenset("CT")
_BASES = frozenset("ACGTN")


def classify_alleles(rows: pa.Table) -> tuple[kernel.Integers, npt.NDArray[np.int8]]:
    """The class of each allele of each record, the reference first.

    Args:
        rows: `alternates`, `allele_references` and `allele_alternates`, of `genomics.variant`, in one chunk each.

    Returns:
        Where each record's alleles begin, (records + 1,), and the classes.
    """
    alternates = rows["allele_alternates"].chunk(0)
    references = rows["allele_references"].chunk(0)
    changes = pc.binary_join_element_wise(references.flatten(), alternates.flatten(), ">")
    coded = changes.dictionary_encode()
    kinds = [classify_change(*change.split(">", 1)) for change in coded.dictionary.to_pylist()]
    lengths = np.asarray(pc.list_value_length(alternates)).astype(np.int64) + 1
    first = np.concatenate([[0], np.cumsum(lengths)])
    classes = np.full(int(first[-1]), kernel.REFERENCE, dtype=np.int8)
    others = np.ones(len(classes), dtype=bool)
    others[first[:-1]] = False
    classes[others] = np.array(kinds, dtype=np.int8)[np.asarray(coded.indices)] if len(coded) else 0
    return first, classes


def classify_change(reference: str, alternate: str) -> int:
    """The class of one trimmed allele; symbolic ones, breakends and changes of several bases are `OTHER`."""
    one, other = reference.upper(), alternate.upper()
    if other in {"*", "<*>", "<NON_REF>", "."}:
        return kernel.NO_ALLELE
    if not (_BASES.issuperset(one) and _BASES.issuperset(other)):
        return kernel.OTHER
    if len(one) == len(other) == 1:
        if one == other or "N" in (one, other):
            return kernel.OTHER
        both = {one, other}
        return kernel.TRANSITION if both in (_PURINES, _PYRIMIDINES) else kernel.TRANSVERSION
    if len(one) == len(other):
        return kernel.OTHER
    return kernel.INSERTION if len(other) > len(one) else kernel.DELETION
