"""Generated VCFs go into the lake and come out again with nothing lost."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.vcf.export.exporting import export_vcf
from tests.tasks.vcf_export.lakes import fill_lake, held_back, read_by_pysam

FIELDS = [("I1", "1", "Integer"), ("IA", "A", "Integer"), ("F1", "1", "Float"), ("F.", ".", "Float")]
FIELDS += [("S1", "1", "String"), ("S.", ".", "String"), ("C2", "2", "Character")]
HEAD = "".join(
    f'##{place}=<ID={place[0]}{name},Number={number},Type={kind},Description="d">\n'
    for place in ("INFO", "FORMAT")
    for name, number, kind in FIELDS
)
HEAD = f"""##fileformat=VCFv4.4
##contig=<ID=1,length=1000>
{HEAD}##INFO=<ID=IB,Number=0,Type=Flag,Description="d">
##FORMAT=<ID=GT,Number=1,Type=String,Description="d">
"""

MISSING = st.just(".")
ONE = {
    "Integer": st.integers(-(2**31) + 8, 2**31 - 1).map(str),
    "Float": st.floats(width=32, allow_nan=False).map(repr)
    | st.sampled_from(["0.1", "1e-7", "-0", "nan", "1e20"]),
    "String": st.text("abcXYZ09_%+-", min_size=1, max_size=5),
    "Character": st.sampled_from("abcXYZ"),
}


@st.composite
def _value(draw: Any, number: str, kind: str) -> str:
    one = ONE[kind] | MISSING
    if number == "1":
        text: str = draw(one)
        return text
    return ",".join(draw(st.lists(one, min_size=1, max_size=3)))


@st.composite
def _genotype(draw: Any, alternates: str) -> str:
    most = 0 if alternates == "." else alternates.count(",") + 1
    alleles = draw(st.lists(st.integers(0, most).map(str) | MISSING, min_size=1, max_size=3))
    marks = draw(st.lists(st.sampled_from("/|"), min_size=3, max_size=3))
    text: str = alleles[0]
    return text + "".join(mark + one for mark, one in zip(marks, alleles[1:], strict=False))


@st.composite
def _record(draw: Any) -> str:
    columns = ["1", str(draw(st.integers(1, 900))), draw(st.sampled_from([".", "rs1", "rs1;rs2"]))]
    columns += [
        draw(st.sampled_from(["A", "ac", "GTN"])),
        draw(st.sampled_from([".", "C", "T,<DEL>,*", "<*>"])),
    ]
    columns += [
        draw(st.floats(0, 100, width=32).map(repr) | MISSING),
        draw(st.sampled_from([".", "PASS", "q1", "q1;q2"])),
    ]
    chosen = draw(st.lists(st.sampled_from(FIELDS), unique=True, max_size=4))
    info = [f"I{name}={draw(_value(number, kind))}" for name, number, kind in chosen]
    columns.append(";".join([*info, *draw(st.sampled_from([[], ["IB"], ["UNTOLD=x,y"]]))]) or ".")
    fields = draw(st.lists(st.sampled_from(FIELDS), unique=True, max_size=3))
    genotype = draw(st.booleans())
    columns.append(":".join([*["GT"] * genotype, *(f"F{name}" for name, _, _ in fields)]) or ".")
    for _ in range(2):
        values = [draw(_genotype(columns[4]))] * genotype + [
            draw(_value(number, kind)) for _, number, kind in fields
        ]
        columns.append(":".join(values) or ".")
    return "\t".join(columns)


@given(st.lists(_record(), max_size=12))
@settings(max_examples=20)
def test_what_goes_in_comes_out(records: list[str]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = folder / "a.vcf"
        columns = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tA\tB\n"
        source.write_text(HEAD + columns + "".join(f"{record}\n" for record in records))
        lake = fill_lake(folder / "lake", [source])
        (written,) = export_vcf(lake, lake.versions(), folder / "out")
        left_out = held_back(source)
        told = [record for number, record in enumerate(read_by_pysam(source)) if number not in left_out]
        assert list(read_by_pysam(written.path)) == told
        assert not left_out
