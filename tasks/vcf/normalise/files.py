"""Whole files normalised by pysam's own `bcftools norm`: split, joined, realigned, checked, sorted, deduplicated.

What the lake keys alleles by needs none of this (see `alleles`); it is for files that leave, and for what concerns
fields besides alleles: `Number=A`, `R` and `G`, and genotypes.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from contracts.errors import Fatal, Usage

_RUN = """import sys, pysam.bcftools as b
b.norm(*sys.argv[1:], catch_stdout=False)
sys.stderr.write("".join(b.norm.get_messages()))
"""
_COUNTED = re.compile(rb"Lines\s+([\w/]+):\s*([\d/]+)")
_LEGAL: Mapping[str, tuple[str, ...]] = {
    "check": ("exit", "warn", "exclude", "set"),
    "multiallelics": ("", *(f"{way}{kind}" for way in "-+" for kind in ("snps", "indels", "both", "any"))),
    "duplicates": ("", "snps", "indels", "both", "all", "exact"),
}


@dataclass(frozen=True)
class Norm:
    """What is done to a file.

    Attributes:
        reference: FASTA with its index; without one nothing is realigned or checked.
        check: what becomes of a record whose REF is not the reference's: the run ends ("exit"), it stays as it is
            ("warn"), it goes ("exclude"), or its REF is set ("set").
        multiallelics: "-any" splits records into one for each alternate, "+any" joins them; also of "snps", "indels" or
            "both" alone.
        duplicates: of records at one place, of which type one is kept.
        atomise: take complex variants apart.
        old_record_tag: the INFO field that is to hold the original of a changed record.
        realign: whether indels are moved to the left.
    """

    reference: Path | None = None
    check: str = "exit"
    multiallelics: str = ""
    duplicates: str = ""
    atomise: bool = False
    old_record_tag: str = ""
    realign: bool = True

    def __post_init__(self) -> None:
        for name, legal in _LEGAL.items():
            if getattr(self, name) not in legal:
                raise Usage("no such way to normalise", name, ", ".join(word for word in legal if word))
        if self.old_record_tag and not re.fullmatch(r"[A-Za-z_][0-9A-Za-z_.]*", self.old_record_tag):
            raise Usage("not the id of a field", "old_record_tag", "letters, digits, underscores and points")
        if not (self.reference or self.multiallelics or self.duplicates or self.atomise):
            raise Usage("nothing to do", "normalisation", "a reference, multiallelics, duplicates or atomise")

    def arguments(self) -> list[str]:
        """As `bcftools norm` takes them."""
        given = ["--no-version"]
        if self.reference:
            given += ["-f", str(self.reference), "-c", {"exclude": "x"}.get(self.check, self.check[0])]
        given += ["-m", self.multiallelics] if self.multiallelics else []
        given += ["-d", self.duplicates] if self.duplicates else []
        given += ["-a"] if self.atomise else []
        given += ["--old-rec-tag", self.old_record_tag] if self.old_record_tag else []
        return given if self.realign else [*given, "-N"]


def normalise_file(source: Path, target: Path, norm: Norm) -> dict[str, int]:
    """Normalise a VCF or BCF file.

    Args:
        source: the file.
        target: what to write: by its name `.vcf`, `.vcf.gz` or `.bcf`.
        norm: what to do.

    Returns:
        How many records there were ("total"), and how many were "split", "joined", "realigned", "mismatch_removed",
        "dup_removed" or "skipped".

    Raises:
        Fatal: bcftools stops, as it does at a REF that is not the reference's where `check` is "exit".
    """
    kind = "b" if target.suffix == ".bcf" else "z" if target.suffix == ".gz" else "v"
    given = [*norm.arguments(), "-O", kind, "-o", str(target), str(source)]
    done = subprocess.run([sys.executable, "-c", _RUN, *given], capture_output=True, check=False)
    counted = _COUNTED.search(done.stderr)
    if done.returncode or counted is None:
        target.unlink(missing_ok=True)
        raise Fatal(
            "bcftools norm cannot do this",
            "normalisation",
            "a reference that fits, or another way to treat records that it does not fit",
        )
    names, counts = (found.decode().split("/") for found in counted.groups())
    return {name: int(count) for name, count in zip(names, counts, strict=True)}
