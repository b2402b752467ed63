"""One side of the benchmark of VCF: `python genomics_sides.py SIDE FILE` prints CPU seconds and peak memory in MB.

Exits with 3 where what the side needs is not installed: peers that want other versions than ours are imported by name.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

_SMALL = (
    "##fileformat=VCFv4.3\n##contig=<ID=chr1,length=248956422>\n"
    '##INFO=<ID=DP,Number=1,Type=Integer,Description="depth">\n'
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="genotype">\n'
    '##FORMAT=<ID=AD,Number=R,Type=Integer,Description="depths">\n'
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS1\n"
    "chr1\t9\trs1\tA\tC\t9.5\tPASS\tDP=1\tGT:AD\t0|1:3,4\n"
    "chr1\t10\t.\tA\t<NON_REF>\t.\t.\tDP=1\tGT:AD\t0/0:3,4\n"
)


def run_ours(path: Path) -> None:
    """The whole way to staged Parquet."""
    from connectors.vcf.rows import read_file
    from contracts.keys import KEY_BYTES, Key
    from contracts.units import Unit
    from quality.gate import judge_rows
    from stores.staging import StagingWriter
    from tasks.cleaning import clean
    from tasks.vcf.standardise import standardise

    class Knowing:
        key = Key("bench", bytes(KEY_BYTES))
        people: dict[str, Any] = {}  # noqa: RUF012
        source_authority = "bench"

    knowing, day = Knowing(), date(2026, 1, 1)
    with tempfile.TemporaryDirectory() as folder:
        unit = Unit("bench/0", "bench", "vcf", size=1)
        with StagingWriter(Path(folder), unit, "bench") as writer:
            for table, batch in read_file(path, knowing.key):
                if table == "counted":
                    continue
                if table == "rejected":
                    raise ValueError("a record of the benchmark's own was rejected")
                rows = clean("vcf", table, _table(batch), today=day).accepted
                for target, made in standardise({table: rows}, knowing).items():
                    judge_rows(target, made, today=day)
                    writer.write(target, made)
            writer.finish(owner=1, ownership="file", recipe="bench")


def _table(batch: Any) -> Any:
    import pyarrow as pa

    return pa.Table.from_batches([batch])


def run_pysam(path: Path) -> None:
    """A loop over records and samples, as most people write it."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    import pysam

    rows = []
    with pysam.VariantFile(str(path)) as variants:
        for record in variants:
            row = {"contig": record.contig, "position": record.pos, "ref": record.ref, "alts": record.alts}
            row |= {f"info_{key}": value for key, value in record.info.items()}
            for key in record.format:
                row[f"format_{key}"] = [sample[key] for sample in record.samples.values()]
            rows.append(row)
    _discard(lambda target: pq.write_table(pa.Table.from_pylist(rows), target))


def run_cyvcf2(path: Path) -> None:
    """cyvcf2's arrays by numpy, a few thousand records at a time."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    variants = import_module("cyvcf2").VCF(str(path))
    fields = [h["ID"] for h in variants.header_iter() if h["HeaderType"] == "FORMAT" and h["ID"] != "GT"]
    info = [h["ID"] for h in variants.header_iter() if h["HeaderType"] == "INFO"]

    def flush(rows: list[dict[str, Any]]) -> None:
        table = {name: [row[name] for row in rows] for name in rows[0]}
        _discard(lambda target: pq.write_table(pa.table(table), target, compression="zstd"))

    rows: list[dict[str, Any]] = []
    for variant in variants:
        row: dict[str, Any] = {
            "contig": variant.CHROM, "position": variant.POS, "id": variant.ID, "ref": variant.REF,
            "alts": variant.ALT, "quality": variant.QUAL, "filters": variant.FILTERS,
        }  # fmt: skip
        row |= {f"info_{key}": str(variant.INFO.get(key)) for key in info}
        genotype = variant.genotype.array() if variant.genotype is not None else np.zeros((0, 3), np.int16)
        row["genotype"] = genotype.ravel()
        for key in fields:
            found = variant.format(key)
            row[f"format_{key}"] = None if found is None else found.ravel()
        rows.append(row)
        if len(rows) == 2_000:
            flush(rows)
            rows = []
    if rows:
        flush(rows)


def run_polars_bio(path: Path) -> None:
    """polars-bio, all INFO and FORMAT fields, streamed to Parquet."""
    polars_bio = import_module("polars_bio")
    head = _header(path)
    info = [line.split("ID=")[1].split(",")[0] for line in head if line.startswith("##INFO")]
    calls = [line.split("ID=")[1].split(",")[0] for line in head if line.startswith("##FORMAT")]
    frame = polars_bio.scan_vcf(str(path), info_fields=info, format_fields=calls)
    _discard(lambda target: frame.sink_parquet(target, compression="zstd", compression_level=1))


def run_floor(path: Path) -> None:
    """`bcftools view -Ou`, pysam's own."""
    from pysam import bcftools

    bcftools.view("-Ou", "-o", "/dev/null", str(path), catch_stdout=False)


def _header(path: Path) -> list[str]:
    import gzip

    lines = []
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
        for line in file:
            if not line.startswith("##"):
                break
            lines.append(line)
    return lines


def _discard(write: Callable[[str], object]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write(f"{folder}/table.parquet")


SIDES: dict[str, Callable[[Path], None]] = {
    "ours": run_ours,
    "pysam": run_pysam,
    "cyvcf2": run_cyvcf2,
    "polars-bio": run_polars_bio,
    "floor": run_floor,
}


def main() -> int:
    run, path = SIDES[sys.argv[1]], Path(sys.argv[2])
    try:
        if sys.argv[1] == "ours":
            from connectors.vcf.bulk.warm import warm_up

            warm_up()  # as at install; a small file would not load all kernels
        if sys.argv[1] != "floor":
            with tempfile.TemporaryDirectory() as folder:
                small = Path(folder) / "small.vcf"
                small.write_text(_SMALL)
                run(small)
    except ModuleNotFoundError:
        return 3
    before = 0.0 if sys.argv[1] == "floor" else time.process_time()
    run(path)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(f"{time.process_time() - before:.3f} {usage.ru_maxrss / 1024:.0f}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
