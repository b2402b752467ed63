"""What a home hides of variants: those of one carrier, those of genes, those of regions."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from contracts.errors import Fatal
from tasks.vcf.contigs import harmonise_contig

ASSEMBLIES = ("GRCh37", "GRCh38", "T2T-CHM13v2.0")
REGION = pa.schema(
    [
        pa.field("assembly", pa.string()),
        pa.field("contig", pa.string()),
        pa.field("first", pa.int64()),  # 1-based
        pa.field("last", pa.int64()),  # inclusive
    ]
)
_SETTING = "genomics.suppress_regions"
_NO_INTERVAL = re.compile(r"\s*(#|track\b|browser\b|$)")


@dataclass(frozen=True)
class Suppression:
    """What readers and exports are not to see.

    Attributes:
        singletons: records with an allele that one person alone carries in the whole lake.
        genes: records that annotations, or the export's own fields, place in one of these genes, by symbol or id.
        regions: records that overlap an interval of the assembly's BED file, by assembly.
    """

    singletons: bool = False
    genes: tuple[str, ...] = ()
    regions: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if unknown := sorted(set(self.regions) - set(ASSEMBLIES)):
            raise Fatal("no such assembly", f"{_SETTING}: {unknown[0]}", f"one of {', '.join(ASSEMBLIES)}")

    @property
    def is_asked(self) -> bool:
        """Whether anything is to be hidden."""
        return self.singletons or self.by_place

    @property
    def by_place(self) -> bool:
        """Whether it matters where in the genome a record is."""
        return bool(self.genes or self.regions)

    def digest(self) -> str:
        """Tells choices apart, intervals included.

        Raises:
            Fatal: see `read_regions`.
        """
        rows = self.read_regions().to_pylist()
        text = repr(
            (self.singletons, sorted(gene.lower() for gene in self.genes), sorted(self.regions), rows)
        )
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def read_regions(self) -> pa.Table:
        """All intervals, as `REGION`.

        Raises:
            Fatal: a file is not there, or a line of it is no interval.
        """
        rows = [row for assembly, path in sorted(self.regions.items()) for row in _intervals(assembly, path)]
        return pa.Table.from_pylist(rows, REGION)


def _intervals(assembly: str, path: str) -> Iterator[dict[str, object]]:
    """The intervals of a BED file (0-based, end excluded); contigs by their harmonised names."""
    place = f"{_SETTING}: {assembly}"
    file = Path(path).expanduser()
    if not file.is_file():
        raise Fatal("there is no such file", place, "a BED file")
    for number, line in enumerate(file.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        if _NO_INTERVAL.match(line):
            continue
        cells = line.split("\t") if "\t" in line else line.split()
        if len(cells) < 3 or not (cells[1].isdigit() and cells[2].isdigit()) or int(cells[1]) > int(cells[2]):
            raise Fatal("the line is no interval", f"{place}, line {number}", "contig, start and end (BED)")
        first, last = int(cells[1]) + 1, max(int(cells[2]), int(cells[1]) + 1)
        yield {"assembly": assembly, "contig": harmonise_contig(cells[0]), "first": first, "last": last}
