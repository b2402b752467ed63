"""Generated files: valid ones are accepted, one changed value is found where it is, and both screens say the same."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.vcf.validity import RULES, RecordsJudge, judge_header
from connectors.vcf.validity.screened import split_lines
from tests.connectors.vcf_validity.files import cut, found_in, header_text, judge_text

_BASES = st.text("ACGTN", min_size=1, max_size=3)
_FLOATS = st.floats(0, 1, width=32).map(lambda value: f"{value:.6g}")
_DEPTHS = st.integers(0, 10**6).map(str)


def _listed(values: st.SearchStrategy[str], count: int) -> st.SearchStrategy[str]:
    some = st.one_of(values, st.just("."))
    return st.one_of(st.just("."), st.lists(some, min_size=count, max_size=count).map(",".join))


@st.composite
def _info(draw: st.DrawFn, alternates: int) -> str:
    given_keys = {
        "DP": _DEPTHS,
        "AF": _listed(_FLOATS, max(1, alternates)),
        "AC": _listed(_DEPTHS, max(1, alternates)),
        "XS": _listed(st.text("ab%+-_", min_size=1, max_size=5), draw(st.integers(1, 3))),
        "XC": st.sampled_from("abc"),
        "XR": _listed(_FLOATS, alternates + 1),
        "DB": None,
    }
    keys = draw(st.lists(st.sampled_from(sorted(given_keys)), unique=True))
    items = [key if (one := given_keys[key]) is None else f"{key}={draw(one)}" for key in keys]
    return ";".join(items) or "."


@st.composite
def _sample(draw: st.DrawFn, keys: list[str], alternates: int) -> str:
    ploidy = draw(st.integers(1, 3))
    alleles = draw(
        st.lists(st.sampled_from([*map(str, range(alternates + 1)), "."]), min_size=ploidy, max_size=ploidy)
    )
    genotypes = {1: alternates + 1, 2: (alternates + 1) * (alternates + 2) // 2}
    genotypes[3] = genotypes[2] * (alternates + 3) // 3
    given_keys = {
        "GT": st.sampled_from("/|").map(lambda separator: separator.join(alleles)),
        "AD": _listed(_DEPTHS, alternates + 1),
        "DP": st.one_of(_DEPTHS, st.just(".")),
        "GQ": _DEPTHS,
        "PL": _listed(_DEPTHS, genotypes[ploidy]) if alleles != ["."] and keys[0] == "GT" else st.just("."),
        "XF": _listed(st.floats(allow_nan=True, width=32).map(str), 2),
    }
    kept = draw(st.integers(1, len(keys)))
    return ":".join(draw(given_keys[key]) for key in keys[:kept])


@st.composite
def _record(draw: st.DrawFn, position: int, contig: str) -> str:
    ref = draw(_BASES)
    alleles = st.one_of(_BASES, st.sampled_from(["*", "<DEL>", "<*>", "C[1:5[", "]2:7]A", ".A"]))
    alts = draw(st.lists(alleles.filter(lambda allele: allele != ref), unique=True, max_size=3))
    keys = draw(st.lists(st.sampled_from(["AD", "DP", "GQ", "PL", "XF"]), unique=True))
    with_genotype: bool = draw(st.booleans())
    keys = ["GT", *keys] if (alts and with_genotype) or not keys else keys
    count = len(alts)
    fixed = [
        contig,
        str(position),
        draw(st.sampled_from([".", "rs1", "a;b"])),
        ref,
        ",".join(alts) or ".",
        draw(st.one_of(st.just("."), _FLOATS)),
        draw(st.sampled_from([".", "PASS", "q10"])),
        draw(_info(count)),
        ":".join(keys),
    ]
    return "\t".join([*fixed, draw(_sample(keys, count)), draw(_sample(keys, count))])


@st.composite
def _files(draw: st.DrawFn) -> list[str]:
    lines: list[str] = []
    for contig in ("1", "2"):
        position = 1
        for _ in range(draw(st.integers(0, 3))):
            position += draw(st.integers(10, 100))
            lines.append(draw(_record(position, contig)))
    return lines


@settings(max_examples=30, deadline=None, derandomize=True)
@given(_files())
def test_valid_files_are_accepted_in_strict_mode(lines: list[str]) -> None:
    text = header_text() + "".join(line + "\n" for line in lines)
    header, judge, verdicts = judge_text(text, strict=True)
    assert not header.findings and not found_in(judge)
    assert verdicts == [0] * len(lines)


_CHANGES = {
    "pos-number": (1, "x"),
    "ref-bases": (3, "A*"),
    "alt-bases": (4, "Z"),
    "qual-number": (5, "1.2.3"),
    "filter-empty": (6, "q10;"),
    "info-type": (7, "DP=1.5"),
    "info-negative": (7, "AC=-1"),
    "info-key-repeated": (7, "XS=a;XS=b"),
    "sample-fields": (9, "." + ":." * 9),
}


@settings(max_examples=25, deadline=None, derandomize=True)
@given(_files().filter(lambda lines: len(lines) > 0), st.data())
def test_one_change_is_found_at_its_line_and_field(lines: list[str], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(lines) - 1))
    rule = data.draw(st.sampled_from(sorted(_CHANGES)))
    column, value = _CHANGES[rule]
    columns = lines[index].split("\t")
    columns[column] = value
    changed = [*lines[:index], "\t".join(columns), *lines[index + 1 :]]
    text = header_text() + "".join(line + "\n" for line in changed)
    header, judge, _ = judge_text(text)
    found = found_in(judge)
    assert (rule, header.lines + 1 + index) in {(one, line) for one, line, _ in found}
    graver = {line for one, line, _ in found if RULES[one].verdict > 1}
    assert graver <= {header.lines + 1 + index}


_NOISE = st.text(alphabet="\t\t\t\t;:,=./|0123456789-+eE ACGTN<>[]*PASSGTDP\x00\x7fé", max_size=60)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(_files(), st.lists(_NOISE, max_size=3), st.integers(0, 5), st.data())
def test_the_compiled_screen_and_the_plain_one_lead_to_the_same(
    lines: list[str], noise: list[str], minor: int, data: st.DataObject
) -> None:
    for text in noise:
        at = data.draw(st.integers(0, len(lines)))
        other = lines[at - 1].split("\t") if lines and at else text.split("\t")
        other[data.draw(st.integers(0, len(other) - 1))] = text
        lines = [*lines[:at], "\t".join(other), *lines[at:]]
    body = "".join(line + "\n" for line in lines).encode()
    head, _ = cut(header_text(minor=minor).encode())
    pieces = body.splitlines(keepends=True)
    split = data.draw(st.integers(0, len(pieces)))
    said = []
    for compiled in (False, True):
        judge = RecordsJudge(judge_header(head), strict=True)
        if compiled:
            judge.compile()
        outcome = []
        for first, part in ((20, pieces[:split]), (20 + split, pieces[split:])):
            judged = judge.judge(split_lines(b"".join(part), first))
            outcome.append((judged.verdicts.tolist(), judged.rejected))
        said.append((outcome, judge.tally.groups()))
    assert said[0] == said[1]
