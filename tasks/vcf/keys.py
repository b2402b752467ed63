"""Keyed ids of variants and of their alleles, and alleles without the bases that they share."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.vcf.bulk.digests import keyed_ids
from contracts.keys import Key

_BASES = frozenset("ACGTNacgtn")
_BETWEEN = "\x1f"


def variant_ids(
    place: str, contigs: pa.Array, variant: dict[str, Any], joined: pa.Array, key: Key
) -> pa.Array:
    """An id for each record: of its assembly, contig, position, reference and alternates.

    Args:
        place: the assembly, "" where it is unknown.
        contigs: harmonised names.
        variant: the other columns.
        joined: the alternates with commas between.
    """
    return _ids("variant", place, contigs, variant["position"], variant["reference"], joined, key)


def allele_columns(place: str, contigs: pa.Array, variant: dict[str, Any], key: Key) -> dict[str, pa.Array]:
    """For each alternate its own position, reference and alternate, trimmed, and an id of them.

    Bases that reference and alternate share at their ends are taken off, the last ones first, and one is left; what is
    symbolic, a breakend or `*` stays. Without the reference genome nothing is moved: see normalisation.
    """
    alternates = variant["alternates"]
    offsets = alternates.offsets
    texts = alternates.flatten()
    parents = pc.list_parent_indices(alternates)
    positions = variant["position"].take(parents)
    references = variant["reference"].take(parents)
    long = pc.and_(pc.greater(pc.binary_length(references), 1), pc.greater(pc.binary_length(texts), 1))
    if pc.any(long).as_py():
        positions, references, texts = _trim(long, positions, references, texts)
    ids = _ids("allele", place, contigs.take(parents), positions, references, texts, key)
    flat = {
        "allele_ids": ids,
        "allele_positions": positions,
        "allele_references": references,
        "allele_alternates": texts,
    }
    return {name: pa.ListArray.from_arrays(offsets, values) for name, values in flat.items()}


def trim_allele(position: int, reference: str, alternate: str) -> tuple[int, str, str]:
    """One allele without the bases that both its spellings share."""
    if not (_BASES.issuperset(reference) and _BASES.issuperset(alternate)):
        return position, reference, alternate
    one, other = reference.upper(), alternate.upper()
    end = 0
    while end < min(len(one), len(other)) - 1 and one[-1 - end] == other[-1 - end]:
        end += 1
    stop, other_stop = len(one) - end, len(other) - end
    begin = 0
    while begin < min(stop, other_stop) - 1 and one[begin] == other[begin]:
        begin += 1
    return position + begin, reference[begin:stop], alternate[begin:other_stop]


def _trim(
    long: pa.Array, positions: pa.Array, references: pa.Array, texts: pa.Array
) -> tuple[pa.Array, pa.Array, pa.Array]:
    chosen = np.flatnonzero(np.asarray(long))
    index = pa.array(chosen)
    columns = (one.take(index).to_pylist() for one in (positions, references, texts))
    trimmed = [trim_allele(*row) for row in zip(*columns, strict=True)]
    order = np.arange(len(texts))
    order[chosen] = len(texts) + np.arange(len(chosen))
    found = []
    for values, column in zip((positions, references, texts), range(3), strict=True):
        changed = pa.array([row[column] for row in trimmed], values.type)
        found.append(pa.concat_arrays([values, changed]).take(pa.array(order)))
    return found[0], found[1], found[2]


def _ids(
    purpose: str,
    place: str,
    contigs: pa.Array,
    positions: pa.Array,
    references: pa.Array,
    alternates: pa.Array,
    key: Key,
) -> pa.Array:
    parts = (pa.scalar(place), contigs, pc.cast(positions, pa.string()), references, alternates)
    return keyed_ids(purpose, pc.binary_join_element_wise(*parts, _BETWEEN), key)
