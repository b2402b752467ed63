"""Keyed ids of variants and of their alleles."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from connectors.vcf.bulk.digests import keyed_ids
from contracts.keys import Key
from tasks.vcf.normalise.alleles import normalise
from tasks.vcf.normalise.reference import FileReference

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


def allele_columns(
    place: str, contigs: pa.Array, variant: dict[str, Any], key: Key, reference: FileReference | None = None
) -> dict[str, pa.Array]:
    """For each alternate its own position, reference and alternate, in the shortest spelling, and an id of them.

    They share no base at their ends but one, and are in capitals. Where `reference_matches` says that REF is what the
    reference has there, they stand as far left as they go; without a reference nothing is moved. What is symbolic, a
    breakend or `*` stays as it is.
    """
    alternates = variant["alternates"]
    fits = variant["reference_matches"] if reference else None
    found = normalise(contigs, variant["position"], variant["reference"], alternates, reference, fits)
    parents = pc.list_parent_indices(alternates)
    told = (found.positions, found.references, found.alternates)
    flat = {
        "allele_ids": _ids("allele", place, contigs.take(parents), *told, key),
        "allele_positions": found.positions,
        "allele_references": found.references,
        "allele_alternates": found.alternates,
    }
    return {name: pa.ListArray.from_arrays(alternates.offsets, values) for name, values in flat.items()}


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
