"""Judging records by those before them: order, contigs in one piece, variants that are in the file already.

Positions and alleles are compared as trimmed: the same change written with more context, or within a multiallelic
record, is the same variant. Without the reference an indel that could be shifted along a repeat is not recognised.
Variants are looked for among overlapping records of a sorted run, so memory is bounded by how many overlap.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from connectors.vcf.validity.record import Fault

_BASES = re.compile(r"[ACGTN]+")
_MANY = 100_000


class Sequence:
    """What has to be remembered of the records before."""

    def __init__(self) -> None:
        self._contigs: set[str] = set()
        self._contig = ""
        self._variants: set[tuple[int, str, str]] = set()

    def begin_contig(self, contig: str) -> Iterator[Fault]:
        """A record whose contig is another than that of the record before; <1> of an assembly file counts as 1."""
        contig = contig.removeprefix("<").removesuffix(">")
        if contig != self._contig and contig in self._contigs:
            yield "chrom-contiguous", "CHROM"
        self._contig = contig
        self._contigs.add(contig)

    def judge_variant(self, position: int, ref: str, alt: str, *, overlaps: bool) -> Iterator[Fault]:
        """Whether a variant is there already.

        Args:
            position: POS.
            ref: REF as it stands.
            alt: ALT as it stands.
            overlaps: whether the record lies, at least in part, where earlier ones do.
        """
        if not overlaps:
            self._variants.clear()
        elif len(self._variants) > _MANY:
            self._variants = {one for one in self._variants if one[0] >= position}
        found = set(_trimmed(position, ref.upper(), alt.upper()))
        if not self._variants.isdisjoint(found):
            yield "record-repeated", "ALT"
        self._variants |= found


def _trimmed(position: int, ref: str, alt: str) -> Iterator[tuple[int, str, str]]:
    """Each allele made of bases, without what it shares with REF at its end, then at its beginning."""
    for allele in alt.split(","):
        if not _BASES.fullmatch(allele) or allele == ref:
            continue
        shared, least = 0, min(len(ref), len(allele))
        while shared < least and ref[-1 - shared] == allele[-1 - shared]:
            shared += 1
        one, other = ref[: len(ref) - shared], allele[: len(allele) - shared]
        start, least = 0, min(len(one), len(other))
        while start < least and one[start] == other[start]:
            start += 1
        yield position + start, one[start:], other[start:]
