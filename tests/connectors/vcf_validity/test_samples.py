"""The sample files: all broken ones are rejected in strict mode, where they say so; all valid and real ones are not."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from connectors.vcf.validity import Verdict
from connectors.vcf.validity.file import FileJudged, judge_file
from contracts.errors import Rejected

# What the stated fault says of its place: a pattern, and the fields that speak of it. `{}` is the key that it names.
_PLACES = (
    (r"^(INFO|FORMAT|ALT) .*(Type is not|Number is not|Description must)", ["##{kind}"]),
    (r"^(INFO) (\w+) (is|value is|contains|field)", ["INFO/{key}"]),
    (r"^INFO (field|contains)", ["INFO"]),
    (
        r"^Incorrect (?:order of )?(INFO|FORMAT|ALT|META)|^(META) Values|^The (ALT) |^(SAMPLE|PEDIGREE) ID",
        ["##{kind}"],
    ),
    (r"^FORMAT (first|contains|starts|predefined)", ["FORMAT"]),
    (r"^Sample names", ["#CHROM line"]),
    (r"^Sample (field|allele|genotype|first|contains)|^cardinality in PL", ["FORMAT", "INFO"]),
    (r"^Position|^non-sorted", ["POS"]),
    (r"^QUAL|^REF|^ALT|^FILTER|^ID ", ["{word}"]),
    (r"^Missing REF", ["REF"]),
    (r"^Symbolic ALT|^Breakend", ["ALT"]),
    (r"variant", ["ALT"]),
    (r"non-contiguous", ["CHROM"]),
    (r"^contig", ["##contig", "CHROM"]),
    (r"fileformat", ["##fileformat"]),
    (r"newline at end", [""]),
)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.vcf*") if path.suffix not in {".csi", ".tbi"})


def _strict(path: Path) -> FileJudged | None:
    try:
        return judge_file(path, strict=True)
    except Rejected:
        return None


@pytest.fixture(scope="module")
def broken(shared: Path) -> dict[Path, FileJudged | None]:
    return {path: _strict(path) for path in _files(shared / "data/vcf/failed")}


def test_all_broken_files_are_rejected_in_strict_mode(broken: dict[Path, FileJudged | None]) -> None:
    assert len(broken) == 599
    verdicts = Counter(judged.verdict if judged else "empty" for judged in broken.values())
    assert verdicts == {Verdict.INVALID: 172, Verdict.NONCONFORMANT: 426, "empty": 1}
    for path, judged in broken.items():
        last_line = judged is not None and "file-last-line" in {g.rule for g in judged.tally.groups()}
        assert judged is None or judged.stopped or judged.rejected or last_line, path.name


def test_all_valid_files_are_accepted_in_strict_mode(shared: Path) -> None:
    paths = _files(shared / "data/vcf/passed")
    assert len(paths) == 78
    for path in paths:
        judged = judge_file(path, strict=True)
        body = [line for line in path.read_bytes().splitlines() if line.strip() and not line.startswith(b"#")]
        assert judged.verdict is Verdict.ADVICE and judged.records == len(body), path.name


def test_all_real_files_are_read_and_what_the_specification_frowns_on_is_told(shared: Path) -> None:
    told = {}
    for path in _files(shared / "data/vcf/real"):
        judged = judge_file(path)
        assert not judged.stopped and not judged.rejected, path.name
        told[path.name.split(".")[0]] = (
            judged.records,
            {group.rule: group.count for group in judged.tally.groups() if group.verdict > Verdict.ADVICE},
        )
    assert told == {
        "1kg_2020_chrM": (23, {"alt-id-type": 1}),
        "NA12878": (301_778, {"alt-id-type": 1, "format-key": 299_783}),
        "chr22": (100, {"alt-id-type": 1}),
        "empty": (0, {}),
        "field_type_combos": (208, {"declaration-order": 24, "alt-repeated": 82, "alt-is-ref": 92}),
        "mixed_ploidy": (6, {}),
        "out_of_order_contigs": (4, {}),
    }


def test_vcf_and_bcf_are_judged_alike(shared: Path) -> None:
    text, binary = (judge_file(shared / "data/vcf/real" / f"1kg_2020_chrM.{x}") for x in ("vcf.gz", "bcf"))
    assert binary.is_bcf and text.records == binary.records == 23
    assert [g.rule for g in text.tally.groups()] == [g.rule for g in binary.tally.groups()]


def test_the_place_told_is_the_one_that_the_file_states(broken: dict[Path, FileJudged | None]) -> None:
    stated, elsewhere = 0, []
    for path, judged in broken.items():
        cause = re.search(rb"^##CauseOfFailure=(.*)", path.read_bytes(), re.MULTILINE)
        if cause is None or judged is None:
            continue
        stated += 1
        if not _agrees(cause[1].decode().strip(), path.read_text(encoding="utf-8", errors="replace"), judged):
            elsewhere.append((path.parent.name, path.name, cause[1]))
    assert stated == 592 and not elsewhere


def _agrees(cause: str, text: str, judged: FileJudged) -> bool:
    """Whether a finding beyond advice stands in a line that can have the fault, in a field that the fault names."""
    lines, wanted = text.split("\n"), _fields_of(cause)
    for group in judged.tally.groups():
        if group.verdict is Verdict.ADVICE:
            continue
        fields = {group.field, group.field.split("/")[0]}
        for number in group.lines:
            line = lines[number - 1] if number else ""
            if line.startswith("##CauseOfFailure"):
                continue
            is_header = 0 < number <= judged.header.lines
            if wanted is None and is_header and not line.startswith("#CHROM"):
                return True  # all of these speak of a meta-information line, of any kind
            if wanted is not None and fields & set(wanted):
                return True
    return False


def _fields_of(cause: str) -> list[str] | None:
    for pattern, fields in _PLACES:
        found = re.search(pattern, cause)
        if found:
            groups = [group for group in found.groups() if group]
            words = {"kind": groups[0] if groups else "", "key": groups[1] if len(groups) > 1 else ""}
            return [field.format(**words, word=cause.split(" ")[0]) for field in fields]
    return None
