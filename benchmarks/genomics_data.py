"""A cohort's VCF: invented genotypes with the depths, qualities and likelihoods that a caller would write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

_INFO = "AC:A:Integer AF:A:Float AN:1:Integer DP:1:Integer MQ:1:Float QD:1:Float DB:0:Flag"
_FORMAT = "GT:1:String AD:R:Integer DP:1:Integer GQ:1:Integer PL:G:Integer"
_BASES = "ACGT"


def write_cohort(path: Path, records: int, samples: int, seed: int = 7) -> None:
    """`records` records of `samples` samples with GT:AD:DP:GQ:PL; one in twenty has two alternates."""
    rng = np.random.default_rng(seed)
    with path.open("w") as file:
        file.write(_header(samples))
        position = 60_000
        for number in range(records):
            position += int(rng.integers(1, 200))
            file.write(_record(rng, number, position, samples))


def _header(samples: int) -> str:
    lines = ["##fileformat=VCFv4.3", '##FILTER=<ID=LowQual,Description="Low quality">']
    lines.append("##contig=<ID=chr20,length=64444167>")
    for place, declared in (("INFO", _INFO), ("FORMAT", _FORMAT)):
        for field_id, number, kind in (item.split(":") for item in declared.split()):
            lines.append(f'##{place}=<ID={field_id},Number={number},Type={kind},Description="{field_id}">')
    names = "\t".join(f"SAMPLE{n:04d}" for n in range(samples))
    return "\n".join(lines) + f"\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{names}\n"


def _record(rng: np.random.Generator, number: int, position: int, samples: int) -> str:
    reference = _BASES[number % 4]
    alternates = [base for base in _BASES if base != reference][: 2 if number % 20 == 0 else 1]
    alleles = (rng.random((samples, 2)) < rng.beta(0.4, 2.0)).astype(int)
    alleles *= rng.integers(1, len(alternates) + 1, (samples, 2))
    alleles.sort(axis=1)
    depths = rng.poisson(30, samples)
    counts = [int((alleles == n + 1).sum()) for n in range(len(alternates))]
    info = [
        "AC=" + ",".join(map(str, counts)),
        "AF=" + ",".join(f"{count / (2 * samples):.3g}" for count in counts),
        f"AN={2 * samples};DP={int(depths.sum())};MQ={rng.normal(59, 1):.2f};QD={rng.gamma(9, 2):.2f}",
        *(["DB"] if number % 3 else []),
    ]
    known, passed = f"rs{7 * number + 11}" if number % 3 else ".", "PASS" if number % 20 else "LowQual"
    fixed = (
        f"chr20\t{position}\t{known}\t{reference}\t{','.join(alternates)}\t{rng.gamma(3, 300):.2f}\t{passed}"
    )
    calls = _calls(alleles.tolist(), depths.tolist(), rng.random(samples) < 0.01, len(alternates) + 1)
    return f"{fixed}\t{';'.join(info)}\tGT:AD:DP:GQ:PL\t" + "\t".join(calls) + "\n"


def _calls(alleles: list[list[int]], depths: list[int], missing: Any, count: int) -> list[str]:
    cells = []
    for (one, other), depth, gone in zip(alleles, depths, missing.tolist(), strict=True):
        if gone:
            cells.append("./.:" + ",".join("0" * count) + ":0:.:.")
            continue
        reads = [0] * count
        reads[one] += depth // 2
        reads[other] += depth - depth // 2
        likelihoods = [min(9_999, 30 * depth + (17 * k) % 90) for k in range(count * (count + 1) // 2)]
        likelihoods[other * (other + 1) // 2 + one] = 0
        told = ",".join(map(str, reads)), ",".join(map(str, likelihoods))
        cells.append(f"{one}/{other}:{told[0]}:{depth}:{min(99, 3 * depth)}:{told[1]}")
    return cells
