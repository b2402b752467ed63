from __future__ import annotations

import pytest

from connectors.vcf.validity import Verdict, judge_header
from tests.connectors.vcf_validity.files import COLUMNS, DECLARED, header_text, of_header


@pytest.mark.parametrize("minor", range(6))
def test_a_plain_header_of_any_version_is_valid(minor: int) -> None:
    since_42 = tuple(line for line in DECLARED if minor >= 2 or "Number=R" not in line)
    since_41 = tuple(
        line for line in since_42 if minor >= 1 or ("Number=A" not in line and "Number=G" not in line)
    )
    header = judge_header(header_text(minor=minor, declared=since_41).encode())
    assert not header.findings and header.minor == minor
    assert header.samples == 2 and header.columns == 11
    assert header.contigs == {"1": "1000000", "2": "1000000"} and header.filters == {"q10"}


@pytest.mark.parametrize(
    ("line", "rule", "field"),
    [
        ("##INFO=<ID=X,Number=1,Type=Int,Description=\"d\">", "declaration-type", "##INFO"),
        ("##INFO=<ID=X,Number=N,Type=Integer,Description=\"d\">", "declaration-number", "##INFO"),
        ("##FORMAT=<ID=X,Number=1,Type=Integer,Description=\"d\"", "declaration-broken", "##FORMAT"),
        ("##FORMAT=<Number=1,Type=Integer,Description=\"d\">", "declaration-id", "##FORMAT"),
        ("##INFO=<ID=X,Number=1,Type=Integer,Description=d>", "declaration-description", "##INFO"),
        ("##INFO=<Number=1,Type=Integer,Description=\"d\",ID=X>", "declaration-order", "##INFO"),
        ("##INFO=<ID=AC,Number=1,Type=Integer,Description=\"d\">", "reserved-number", "##INFO"),
        ("##INFO=<ID=DP,Number=1,Type=String,Description=\"d\">", "reserved-type", "##INFO"),
        ("##FORMAT=<ID=X,Number=0,Type=Flag,Description=\"d\">", "format-flag", "##FORMAT"),
        ("##FORMAT=<ID=X,Number=LA,Type=Integer,Description=\"d\">", "number-of-later-version", "##FORMAT"),
        ("##ALT=<ID=DEL:A,B,Description=\"d\">", "meta-structure", "##ALT"),
        ("##ALT=<ID=DEL,Description=\"a \"quoted\" word\">", "meta-structure", "##ALT"),
        ("##ALT=<ID=ODD:A,Description=\"d\">", "alt-id-type", "##ALT"),
        ("##contig=<ID=a b>", "contig-id", "##contig"),
        ("##contig=<length=5>", "meta-id", "##contig"),
        ("##contig=<ID=1,length=many>", "contig-length", "##contig"),
        ("##FILTER=<ID=0,Description=\"d\">", "filter-id", "##FILTER"),
        ("##META=<ID=A,Number=.,Type=String,Values=a>", "meta-line-values", "##META"),
        ("##PEDIGREE=<ID=C,Father=some one>", "pedigree-value", "##PEDIGREE"),
        ("##SAMPLE=<ID=a b>", "sample-line-id", "##SAMPLE"),
        ("##assembly=ftp://8080:8080/x", "url", "##assembly"),
        ("##reference=", "meta-value-empty", "##reference"),
        ("##Some words", "meta-key-value", ""),
        ("", "header-line-empty", ""),
        ("words", "header-line-prefix", ""),
    ],
)  # fmt: skip
def test_a_line_is_found_by_its_rule(line: str, rule: str, field: str) -> None:
    assert (rule, field) in of_header(line)


def test_what_the_specification_has_is_accepted() -> None:
    lines = (
        '##INFO=<ID=X,Number=.,Type=String,Description="with \\"escaped\\" marks, and commas",Source="a",Version="1">',
        '##FORMAT=<ID=PSL,Number=P,Type=String,Description="d">',
        '##ALT=<ID=DUP:TANDEM,Description="d">',
        '##ALT=<ID=own,Description="d">',
        '##contig=<ID=HLA:1,length=5,species="Homo sapiens",URL=ftp://a.example/x>',
        "##META=<ID=Assay,Type=String,Number=.,Values=[WholeGenome, Exome]>",
        "##PEDIGREE=<ID=C,Father=F,Mother=M>",
        "##pedigreeDB=<https://a.example/x>",
        "##assembly=https://a.example:80/x",
        "##reference=file:///seq/x.fasta",
        '##Any.key=<"free text: as it comes">',
    )
    assert not of_header(*lines, minor=5)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (COLUMNS + "\n", "fileformat-missing"),
        (f"##fileformat=VCFv3.3\n{COLUMNS}\n", "fileformat-version"),
        (f"##fileformat=VCF v4.1\n{COLUMNS}\n", "fileformat-version"),
        (f"##fileformat=\n{COLUMNS}\n", "fileformat-version"),
        ("##fileformat=VCFv4.2\n##x=y\n", "chrom-line-missing"),
        (f"##fileformat=VCFv4.2\n{COLUMNS.replace('POS', 'POSITION')}\n", "chrom-line-columns"),
        (f"##fileformat=VCFv4.2\n{COLUMNS.replace(chr(9), ' ')}\n", "chrom-line-columns"),
        (f"##fileformat=VCFv4.2\n{COLUMNS}\tS1\n", "chrom-line-format"),
        (f"##fileformat=VCFv4.2\n{COLUMNS}\tFORMAT\tS1\tS1\n", "sample-name-repeated"),
        (f"##fileformat=VCFv4.2\n{COLUMNS}\tFORMAT\tS1\t\n", "sample-name-empty"),
    ],
)
def test_a_header_that_cannot_be_trusted_stops_the_file(text: str, rule: str) -> None:
    header = judge_header(text.encode())
    assert rule in {found.rule for found in header.findings if found.verdict is Verdict.INVALID}
    assert not header.readable


def test_a_newer_version_and_an_odd_file_are_frowned_on() -> None:
    newer = judge_header(f"##fileformat=VCFv4.6\n{COLUMNS}\n".encode())
    assert [found.rule for found in newer.findings] == ["fileformat-newer"] and newer.readable
    alone = judge_header(f"##fileformat=VCFv4.2\n{COLUMNS}\tFORMAT\n".encode())
    assert [found.rule for found in alone.findings] == ["chrom-line-no-samples"] and alone.samples == 0


def test_nothing_of_a_value_is_told() -> None:
    header = judge_header(
        b"##fileformat=VCFv4.2\n##Anna Quiverton\n##SAMPLE=<ID=Anna Quiverton>\n"
        + COLUMNS.encode()
        + b"\tFORMAT\tQuiverton\tQuiverton\n"
    )
    assert len(header.findings) >= 3 and "Quiverton" not in str(header.findings)
