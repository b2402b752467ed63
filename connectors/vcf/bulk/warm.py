"""`python -m connectors.vcf.bulk.warm`: compile the kernels, by reading a few records, and keep them for later."""

from __future__ import annotations

import tempfile
from pathlib import Path

from connectors.vcf.rows import read_file
from connectors.vcf.validity.reading import SMALL
from contracts.keys import KEY_BYTES, Key

_HEADER = """##fileformat=VCFv4.3
##contig=<ID=chr1,length=248956422>
##INFO=<ID=DP,Number=1,Type=Integer,Description="depth">
##INFO=<ID=AC,Number=A,Type=Integer,Description="count">
##INFO=<ID=AF,Number=A,Type=Float,Description="frequency">
##INFO=<ID=MQ,Number=1,Type=Float,Description="quality">
##INFO=<ID=DB,Number=0,Type=Flag,Description="known">
##INFO=<ID=ANN,Number=.,Type=String,Description="annotation">
##FORMAT=<ID=GT,Number=1,Type=String,Description="genotype">
##FORMAT=<ID=AD,Number=R,Type=Integer,Description="depths">
##FORMAT=<ID=DP,Number=1,Type=Integer,Description="depth">
##FORMAT=<ID=GP,Number=G,Type=Float,Description="probabilities">
##FORMAT=<ID=FT,Number=1,Type=String,Description="filter">
"""
_COLUMNS = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS1\tS2\n"
_RECORDS = (
    "chr1\t9\trs1;rs2\tAC\tA,ACT\t9.5\tq;r\tDP=1;AC=1,.;AF=0.5,1e-3;MQ=60.00;DB;ANN=a,b"
    "\tGT:AD:DP:GP:FT\t0|1:3,4,.:7:0.5,.:PASS\t./.\n"
    "chr1\t10\t.\tA\t.\t.\tPASS\t.\tGT\t0/0\t.\n"
)


def warm_up() -> None:
    """Read a small file in bulk: as many records as it takes for compiled code to judge them."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "small.vcf"
        path.write_text(_HEADER + _COLUMNS + _RECORDS * (SMALL // len(_RECORDS) + 1))
        for _ in read_file(path, Key("warm", bytes(KEY_BYTES))):
            pass


if __name__ == "__main__":
    warm_up()
