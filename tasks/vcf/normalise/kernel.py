"""Left-align and trim alleles, and check REF, over flat buffers (Tan, Abecasis and Kang, Bioinformatics 2015).

A sequence is addressed as it lies in the FASTA file: base i (from 0) is the byte at `place + i // bases * bytes + i %
bases` of a line of `bases` bases and `bytes` bytes. Spans of alleles are offsets into bytes, ends exclusive.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from connectors.vcf.bulk.compiled import compiled

Array = np.ndarray
UNKNOWN, DIFFERS, MATCHES = 2, 0, 1
_A, _C, _G, _T, _N, _CASE = 65, 67, 71, 84, 78, 0xDF


@compiled
def _base(fasta: Array, contig: Array, index: int) -> int:
    """The base there, in capitals; N for whatever is none of A, C, G and T."""
    byte = int(fasta[contig[0] + index // contig[1] * contig[2] + index % contig[1]]) & _CASE
    return byte if byte in {_A, _C, _G, _T} else _N


@compiled
def _letter(byte: int) -> int:
    """A base in capitals, N for any other letter; 0 for what is no letter."""
    upper = byte & _CASE
    if upper < 65 or upper > 90:
        return 0
    return upper if upper in {_A, _C, _G, _T} else _N


@compiled
def check_references(
    fasta: Array, contigs: Array, of: Array, positions: Array, data: Array, offsets: Array, found: Array
) -> None:
    """Whether each record's REF is what the reference has there, whatever the case: `MATCHES`, `DIFFERS`, `UNKNOWN`.

    Args:
        contigs: (contigs, 4): place, bases and bytes of a line, length.
        of: by record its contig; -1 where the reference has none that fits.
        positions: 1-based.
        data, offsets: the alleles.
    """
    for record in range(len(of)):
        if of[record] < 0:
            found[record] = UNKNOWN
            continue
        contig, start = contigs[of[record]], positions[record] - 1
        begin, end = offsets[record], offsets[record + 1]
        same = start >= 0 and start + (end - begin) <= contig[3]
        at = begin
        while same and at < end:
            same = _letter(data[at]) == _base(fasta, contig, start + at - begin)
            at += 1
        found[record] = MATCHES if same else DIFFERS


@compiled
def _is_sequence(data: Array, begin: int, end: int) -> bool:
    if begin == end:
        return False
    for at in range(begin, end):
        upper = data[at] & _CASE
        if data[at] < 65 or (upper not in {_A, _C, _G, _T, _N}):
            return False
    return True


@compiled
def _shared_ends(
    refs: Array, alts: Array, begin: int, end: int, first: int, last: int, least: int
) -> tuple[Any, Any, Any]:
    """How many bases both end with, and then begin with, with `least` left of either."""
    shortest = min(end - begin, last - first)
    after = 0
    while after < shortest - least and (refs[end - 1 - after] & _CASE) == (alts[last - 1 - after] & _CASE):
        after += 1
    before = 0
    while before < shortest - after - least and (refs[begin + before] & _CASE) == (
        alts[first + before] & _CASE
    ):
        before += 1
    return before, after, shortest - before - after


@compiled
def _copy(data: Array, begin: int, end: int, out: Array, count: int) -> int:
    for at in range(begin, end):
        out[count] = data[at] & _CASE
        count += 1
    return count


@compiled
def _shift(fasta: Array, contig: Array, start: int, data: Array, begin: int, size: int) -> int:
    """How many bases to the left the same bases can be put in or taken out."""
    moved = 0
    while (
        moved < start
        and _base(fasta, contig, start - 1 - moved) == data[begin + size - 1 - moved % size] & _CASE
    ):
        moved += 1
    return moved


@compiled
def _write_rolled(
    data: Array, begin: int, size: int, moved: int, base: int, leads: bool, out: Array, count: int
) -> int:
    """The bases put in or taken out, rolled by as many as they were moved, with the base beside them."""
    if leads:
        out[count] = base
        count += 1
    for i in range(size):
        out[count] = data[begin + (i - moved) % size] & _CASE
        count += 1
    if not leads:
        out[count] = base
        count += 1
    return count


@compiled
def normalise_alleles(
    fasta: Array, contigs: Array, of: Array, positions: Array, refs: Array, ref_offsets: Array, alts: Array,
    alt_offsets: Array, out_refs: Array, out_ref_offsets: Array, out_alts: Array, out_alt_offsets: Array,
) -> None:  # fmt: skip
    """Each allele in its shortest spelling, as far left as it goes, in capitals; what is no sequence stays.

    Args:
        of: by allele its contig, -1 where REF was not found to be the reference's: then nothing is moved.
        positions: 1-based; changed in place.
        refs, ref_offsets, alts, alt_offsets: the alleles of `len(of)` pairs.
        out_refs, out_alts: room for as many bytes and one more an allele.
    """
    n, m = 0, 0
    for i in range(len(of)):
        out_ref_offsets[i], out_alt_offsets[i] = n, m
        begin, end, first, last = ref_offsets[i], ref_offsets[i + 1], alt_offsets[i], alt_offsets[i + 1]
        if not (_is_sequence(refs, begin, end) and _is_sequence(alts, first, last)):
            for at in range(begin, end):
                out_refs[n] = refs[at]
                n += 1
            for at in range(first, last):
                out_alts[m] = alts[at]
                m += 1
            continue
        before, after, left = _shared_ends(refs, alts, begin, end, first, last, 0)
        if left > 0 or of[i] < 0 or end - begin == last - first:
            before, after, left = _shared_ends(refs, alts, begin, end, first, last, 1)
            n = _copy(refs, begin + before, end - after, out_refs, n)
            m = _copy(alts, first + before, last - after, out_alts, m)
            positions[i] += before
            continue
        contig, start = contigs[of[i]], positions[i] - 1 + before
        taken = end - begin > last - first
        data, at = (refs, begin + before) if taken else (alts, first + before)
        size = abs((end - begin) - (last - first))
        moved = _shift(fasta, contig, start, data, at, size)
        place = start - moved
        leads = place > 0
        beside = place - 1 if leads else (size if taken else 0)
        if beside >= contig[3]:  # all of the sequence is taken out: there is no base beside it
            n, m = _copy(refs, begin, end, out_refs, n), _copy(alts, first, last, out_alts, m)
            continue
        base = _base(fasta, contig, beside)
        positions[i] = place if leads else 1
        if taken:
            n = _write_rolled(data, at, size, moved, base, leads, out_refs, n)
            out_alts[m] = base
            m += 1
        else:
            m = _write_rolled(data, at, size, moved, base, leads, out_alts, m)
            out_refs[n] = base
            n += 1
    out_ref_offsets[len(of)], out_alt_offsets[len(of)] = n, m
