"""Alleles left-aligned, trimmed and checked against a reference, beside `bcftools norm -m- -f`, in CPU seconds.

Two figures of ours: reading, normalising and all else that the lake needs beside bcftools' reading, normalising and
writing of uncompressed BCF; and what the reference adds to our own. Every side is a process of its own; imports are
left out of ours and part of bcftools', a command.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.figures import Figure, ratio_of_medians

_BASES = np.frombuffer(b"ACGT", np.uint8)
_LINE = 60


def measure(folder: Path, quick: bool, runs: int) -> list[Figure]:
    records = 20_000 if quick else 300_000
    vcf, fasta = folder / "sites.vcf", folder / "reference.fa"
    _write(vcf, fasta, records)
    seconds: dict[str, list[float]] = {"ours": [], "plain": [], "bcftools": []}
    for _ in range(runs):
        for side, found in seconds.items():
            found.append(_run(side, vcf, fasta))
    ours, plain, theirs = (seconds[side] for side in ("ours", "plain", "bcftools"))
    added = [max(0.0, one - other) for one, other in zip(ours, plain, strict=True)]
    name = f"Normalisation, {records:,} records, half of them indels"
    return [
        Figure(
            f"{name}: all the way to rows of the lake, CPU beside bcftools norm",
            f"{median(ours):.2f} s",
            f"{median(theirs):.2f} s",
            ratio_of_medians(ours, theirs),
            2.0,
            "at most 2 x bcftools norm",
            {"ours": ours, "bcftools": theirs},
        ),
        Figure(
            f"{name}: what a reference adds, CPU beside bcftools norm",
            f"{median(added):.2f} s",
            f"{median(theirs):.2f} s",
            median(added) / median(theirs),
            None,
            "",
            {"with a reference": ours, "without": plain},
        ),
    ]


def _write(vcf: Path, fasta: Path, records: int) -> None:
    """A reference full of short repeats, and variants of it: half SNVs, half indels somewhere in a repeat."""
    rng = np.random.default_rng(3)
    length = records * 40
    bases = _BASES[rng.integers(0, 4, length)]
    for start in rng.integers(0, length - 64, length // 200).tolist():
        unit = bases[start : start + int(rng.integers(1, 5))]
        bases[start : start + 40] = np.resize(unit, 40)
    text = bases.tobytes().decode()
    with fasta.open("w") as file:
        file.write(">chr20\n")
        file.writelines(f"{text[i : i + _LINE]}\n" for i in range(0, length, _LINE))
    import pysam

    pysam.faidx(str(fasta))
    with vcf.open("w") as file:
        file.write(f"##fileformat=VCFv4.3\n##contig=<ID=chr20,length={length}>\n")
        file.write('##INFO=<ID=DP,Number=1,Type=Integer,Description="depth">\n')
        file.write('##FORMAT=<ID=GT,Number=1,Type=String,Description="genotype">\n')
        file.write("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tA\tB\n")
        for number in range(records):
            file.write(_record(rng, text, number * 40 + int(rng.integers(1, 30)), number))


def _record(rng: np.random.Generator, text: str, start: int, number: int) -> str:
    size = int(rng.integers(1, 5))
    if number % 4 == 0:
        reference, alternate = text[start : start + 1 + size], text[start]
    elif number % 4 == 1:
        reference, alternate = text[start], text[start] + text[start + 1 : start + 1 + size]
    else:
        reference = text[start]
        alternate = "ACGT"[("ACGT".index(reference) + 1) % 4]
    return f"chr20\t{start + 1}\t.\t{reference}\t{alternate}\t50\tPASS\tDP=30\tGT\t0/1\t0/0\n"


def _run(side: str, vcf: Path, fasta: Path) -> float:
    """CPU seconds of one side."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    command = [sys.executable, "-m", "benchmarks.normalisation", side, str(vcf), str(fasta)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return float(done.stdout.split()[-1])


def _ours(vcf: Path, options: dict[str, str]) -> None:
    import pyarrow as pa

    from connectors.vcf.rows import read_file
    from contracts.keys import KEY_BYTES, Key
    from tasks.vcf.standardise import refer, standardise

    class Knowing:
        key = Key("bench", bytes(KEY_BYTES))
        people: dict[str, Any] = {}  # noqa: RUF012
        source_authority = "bench"

    knowing = Knowing()
    refer(knowing, options)
    for table, batch in read_file(vcf, knowing.key):
        if table == "counted":
            continue
        standardise({table: pa.Table.from_batches([batch])}, knowing)


def _side(side: str, vcf: Path, fasta: Path) -> float:
    if side == "bcftools":
        from pysam import bcftools

        start = time.process_time()
        given = ("-m-", "-f", str(fasta), "-c", "w", "-Ou", "-o", os.devnull, str(vcf))
        bcftools.norm(*given, catch_stdout=False)
        return time.process_time() - start
    options = {"reference": str(fasta)} if side == "ours" else {}
    small = vcf.with_name("small.vcf")
    with vcf.open() as file:
        small.write_text("".join(next(file) for _ in range(40)))
    _ours(small, options)
    start = time.process_time()
    _ours(vcf, options)
    return time.process_time() - start


if __name__ == "__main__":
    print(_side(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])))
