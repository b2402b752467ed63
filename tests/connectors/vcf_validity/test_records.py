from __future__ import annotations

import pytest

from connectors.vcf.validity import RULES, Verdict
from tests.connectors.vcf_validity.files import found_in, header_text, judge_text

GOOD = "1\t100\trs1\tA\tC\t50\tPASS\tDP=5;AF=0.5;DB\tGT:AD:DP:GQ:PL:XF\t0/1:1,2:3:99:1,0,3:0.1,2e-3\t./.:.:.:.:.:."
CASES = {
    "columns-count": (None, "1\t100\trs1\tA\tC\t50\tPASS"),
    "chrom-name": (0, "chr 1"),
    "chrom-asterisk": (0, "HLA*1"),
    "pos-number": (1, "1e3"),
    "pos-range": (1, "3000000000"),
    "id-whitespace": (2, "a b"),
    "id-empty": (2, "a;"),
    "id-repeated": (2, "a;a"),
    "ref-missing": (3, "."),
    "ref-several": (3, "A,T"),
    "ref-bases": (3, "A1"),
    "ref-ambiguous": (3, "R"),
    "alt-empty": (4, "C,,T"),
    "alt-bases": (4, "C T"),
    "alt-ambiguous": (4, "R"),
    "alt-symbolic": (4, "<DEL>A>"),
    "alt-breakend": (4, "[1:5["),
    "alt-missing": (4, "C,."),
    "alt-repeated": (4, "C,C"),
    "alt-is-ref": (4, "A"),
    "qual-number": (5, "high"),
    "qual-negative": (5, "-1"),
    "filter-whitespace": (6, "a b"),
    "filter-empty": (6, ";q10"),
    "filter-missing": (6, "q10;."),
    "filter-zero": (6, "0"),
    "filter-repeated": (6, "q10;q10"),
    "info-whitespace": (7, "D P=5"),
    "info-empty": (7, "DP=5;;DB"),
    "info-key": (7, "5X=1"),
    "info-key-repeated": (7, "DP=5;DP=6"),
    "info-type": (7, "DP=many"),
    "info-range": (7, "DP=2147483648"),
    "info-character": (7, "XC=two"),
    "info-number": (7, "AF=0.1,0.2"),
    "info-negative": (7, "DP=-1"),
    "info-frequency": (7, "AF=1.5"),
    "info-flag": (7, "DB=yes"),
    "info-value": (7, "DP"),
    "info-cigar": (7, "CIGAR=5"),
    "format-empty": (8, "GT::DP"),
    "format-key": (8, "GT:1A"),
    "format-key-repeated": (8, "GT:GT"),
    "format-gt-first": (8, "AD:GT"),
    "sample-fields": (9, "0/1:1,2:3:99:1,0,3:1,2:7"),
    "sample-empty": (9, "0/1:"),
    "gt-syntax": (9, "0/|1"),
    "gt-allele": (9, "0/2"),
    "sample-type": (9, "0/1:1,2:deep"),
    "sample-range": (9, "0/1:1,2:2147483648"),
    "sample-number": (9, "0/1:1,2,3"),
    "sample-negative": (9, "0/1:1,2:-3"),
    "record-control": (2, "a\x01b"),
    "column-empty": (7, ""),
}  # fmt: skip


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("rule", sorted(CASES))
def test_a_fault_is_found_at_its_line_and_nowhere_else(rule: str, compiled: bool) -> None:
    column, text = CASES[rule]
    columns = GOOD.replace("\t100\t", "\t101\t").split("\t")
    if column is not None:
        columns[column] = text
    line = text if column is None else "\t".join(columns)
    content = header_text() + "\n".join([GOOD, line, GOOD.replace("\t100\t", "\t102\t")]) + "\n"
    header, judge, verdicts = judge_text(content, compiled=compiled)
    assert not header.findings
    found = {(r, at) for r, at, _ in found_in(judge) if r != "chrom-contiguous"}
    assert (rule, header.lines + 2) in found
    assert {at for _, at in found} == {header.lines + 2}
    assert verdicts[0] == Verdict.ADVICE and verdicts[1] >= RULES[rule].verdict


def test_every_rule_over_columns_has_a_case() -> None:
    elsewhere = {
        "pos-order",
        "chrom-contiguous",
        "record-repeated",
        "record-utf8",
        "sample-character",
        "info-svclaim",
    }
    graver = {r.rule_id for r in RULES.values() if r.place == "record" and r.verdict > Verdict.ADVICE}
    assert graver == set(CASES) | elsewhere


def test_verdicts_on_each_line_and_what_is_rejected() -> None:
    lines = [
        GOOD,
        GOOD.replace("100", "101").replace("DP=5", "DP=x"),
        "",
        GOOD.replace("100", "102").replace("DB", "DB=q"),
    ]
    for strict, wanted in ((False, [1]), (True, [1, 3])):
        from connectors.vcf.validity import RecordsJudge, judge_header
        from connectors.vcf.validity.screened import split_lines

        header = judge_header(header_text().encode())
        judge = RecordsJudge(header, strict=strict)
        judged = judge.judge(split_lines("\n".join(lines).encode(), 20))
        assert judged.verdicts.tolist() == [0, 2, -1, 1]
        assert [index for index, _ in judged.rejected] == wanted
        assert judged.rejected[0][1].rule == "info-type" and judged.rejected[0][1].line == 21
        assert judged.rejected[0][1].field == "INFO/DP"


def test_bytes_that_are_no_text() -> None:
    from connectors.vcf.validity import RecordsJudge, judge_header
    from connectors.vcf.validity.screened import split_lines

    for compiled in (False, True):
        judge = RecordsJudge(judge_header(header_text().encode()))
        if compiled:
            judge.compile()
        judged = judge.judge(split_lines(GOOD.encode() + b"\n" + GOOD.encode().replace(b"rs1", b"r\xff"), 1))
        assert judged.verdicts.tolist() == [0, 2] and judged.rejected[0][1].rule == "record-utf8"


@pytest.mark.parametrize("compiled", [False, True])
def test_order_contigs_and_variants_that_are_there_already(compiled: bool) -> None:
    def line(chrom: str, pos: int, ref: str, alt: str) -> str:
        return f"{chrom}\t{pos}\t.\t{ref}\t{alt}\t.\t.\t."

    lines = [
        line("1", 10, "A", "C"),
        line("1", 9, "A", "C"),
        line("1", 9, "A", "C"),
        line("1", 100, "TAT", "TGT,T"),
        line("1", 101, "A", "G"),
        line("1", 101, "AT", "A"),
        line("1", 200, "A", "<DEL>"),
        line("1", 200, "A", "<DEL>"),
        line("2", 5, "A", "C"),
        line("<1>", 5, "A", "C"),
        line("1", 300, "A", "C"),
    ]
    header, judge, verdicts = judge_text(header_text(samples=0) + "\n".join(lines) + "\n", compiled=compiled)
    found = found_in(judge)
    assert found == {
        ("pos-order", header.lines + 2, "POS"),
        ("record-repeated", header.lines + 3, "ALT"),
        ("chrom-contiguous", header.lines + 10, "CHROM"),
    }
    assert verdicts == [0, 1, 1, 0, 1, 0, 0, 0, 0, 1, 0]


def test_structural_variants_of_44_and_local_alleles_of_45() -> None:
    extra = (
        '##INFO=<ID=SVCLAIM,Number=A,Type=String,Description="d">',
        '##FORMAT=<ID=LAA,Number=.,Type=Integer,Description="d">',
        '##FORMAT=<ID=LAD,Number=LR,Type=Integer,Description="d">',
        '##FORMAT=<ID=LPL,Number=LG,Type=Integer,Description="d">',
    )
    lines = [
        "1\t10\t.\tA\t<DEL>\t.\t.\tSVCLAIM=DJ\tGT\t0/1\t|1",
        "1\t20\t.\tA\t<DEL>\t.\t.\tSVCLAIM=Q\tGT\t0/1\t0/0",
        "1\t30\t.\tA\tC,G,T\t.\t.\t.\tGT:LAA:LAD:LPL\t0/2:2:1,2:1,2,3\t0/0:.:1:1",
        "1\t40\t.\tA\tC,G,T\t.\t.\t.\tGT:LAA:LAD\t0/2:2:1,2,3\t0/0:.:1",
    ]
    for compiled in (False, True):
        header, judge, _ = judge_text(header_text(*extra, minor=5) + "\n".join(lines), compiled=compiled)
        assert not [found for found in header.findings if found.verdict > 0]
        assert found_in(judge) == {
            ("info-svclaim", header.lines + 2, "INFO/SVCLAIM"),
            ("sample-number", header.lines + 4, "FORMAT/LAD"),
        }


def test_a_value_of_a_sample_longer_than_one_character_and_undeclared_keys() -> None:
    extra = '##FORMAT=<ID=XC,Number=1,Type=Character,Description="d">'
    line = "3\t10\t.\tA\tC\t.\tnew\tNEW=1\tGT:XC:OWN\t0/1:ab:1\t0/1:a:2"
    _, judge, verdicts = judge_text(header_text(extra) + line + "\n")
    assert verdicts == [1]
    assert {(g.rule, g.verdict) for g in judge.tally.groups()} == {
        ("sample-character", Verdict.NONCONFORMANT),
        *((f"undeclared-{what}", Verdict.ADVICE) for what in ("info", "format", "filter", "contig")),
    }
