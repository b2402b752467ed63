"""Small VCF files for the tests of validity."""

from __future__ import annotations

from connectors.vcf.validity import Header, RecordsJudge, judge_header
from connectors.vcf.validity.rules import Found
from connectors.vcf.validity.screened import split_lines

VERSION = "##fileformat=VCFv4.{minor}"
DECLARED = (
    '##INFO=<ID=DP,Number=1,Type=Integer,Description="Depth">',
    '##INFO=<ID=AF,Number=A,Type=Float,Description="Frequency">',
    '##INFO=<ID=AC,Number=A,Type=Integer,Description="Count">',
    '##INFO=<ID=DB,Number=0,Type=Flag,Description="dbSNP">',
    '##INFO=<ID=XS,Number=.,Type=String,Description="Anything">',
    '##INFO=<ID=XC,Number=1,Type=Character,Description="A character">',
    '##INFO=<ID=XR,Number=R,Type=Float,Description="One for each allele">',
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
    '##FORMAT=<ID=AD,Number=R,Type=Integer,Description="Depths">',
    '##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Depth">',
    '##FORMAT=<ID=GQ,Number=1,Type=Integer,Description="Quality">',
    '##FORMAT=<ID=PL,Number=G,Type=Integer,Description="Likelihoods">',
    '##FORMAT=<ID=XF,Number=2,Type=Float,Description="Two">',
    '##FILTER=<ID=q10,Description="Quality below 10">',
    "##contig=<ID=1,length=1000000>",
    "##contig=<ID=2,length=1000000>",
)
COLUMNS = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"


def header_text(*extra: str, minor: int = 3, samples: int = 2, declared: tuple[str, ...] = DECLARED) -> str:
    """A header's text, its line ends included."""
    names = "".join(f"\tS{i}" for i in range(samples))
    columns = COLUMNS + ("\tFORMAT" + names if samples else "")
    return "\n".join([VERSION.format(minor=minor), *declared, *extra, columns]) + "\n"


def judge_text(
    text: str, *, strict: bool = False, compiled: bool = False
) -> tuple[Header, RecordsJudge, list[int]]:
    """Judge a file's text; the header, the judge of its records, and each line's verdict."""
    head, body = cut(text.encode())
    header = judge_header(head)
    judge = RecordsJudge(header, strict=strict)
    if compiled:
        judge.compile()
    lines = split_lines(body, header.lines + 1)
    return header, judge, judge.judge(lines).verdicts.tolist()


def cut(text: bytes) -> tuple[bytes, bytes]:
    """Header and records."""
    at = text.index(b"\n", text.index(b"\n#CHROM") + 1) + 1
    return text[:at], text[at:]


def found_in(judge: RecordsJudge) -> set[tuple[str, int, str]]:
    """Rule, first line and field of what was found in records, advice left out."""
    return {(g.rule, g.lines[0], g.field) for g in judge.tally.groups() if g.verdict > 0}


def of_header(*lines: str, minor: int = 3) -> set[tuple[str, str]]:
    """Rules and fields found in a header that has these lines."""
    text = "\n".join([VERSION.format(minor=minor), *lines, COLUMNS]) + "\n"
    return {(f.rule, f.field) for f in judge_header(text.encode()).findings if _counts(f)}


def _counts(found: Found) -> bool:
    return found.verdict > 0
