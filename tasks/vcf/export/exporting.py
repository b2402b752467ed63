"""Export the genomics tables of a release as VCF: which files, which of their samples and records."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from contracts.errors import Fatal, Usage
from stores.lake import Lake
from tasks.vcf.contigs import harmonise_contig
from tasks.vcf.export.records import StoredFile, read_records
from tasks.vcf.export.writing import WrittenFile, write_file
from tasks.vcf.normalise.files import Norm

TABLES = ("genomics.file", "genomics.sample", "genomics.variant", "genomics.call", "genomics.reference_block")
_REGION = re.compile(r"([^:\s]+|HLA-[^\s]+?)(?::([\d,]+)(?:-([\d,]+))?)?")


_OF_SAMPLES = ("##SAMPLE=", "##PEDIGREE=")


@dataclass(frozen=True)
class Region:
    """A place in the genome, 1-based, both ends included."""

    contig: str
    start: int
    end: int

    def keep(self, rows: pa.Table) -> pa.Table:
        """The records that overlap it; the contig's name is the file's or the harmonised one."""
        named = pc.or_(
            pc.equal(rows["contig"], harmonise_contig(self.contig)),
            pc.equal(rows["contig_stated"], self.contig),
        )
        reached = pc.and_(
            pc.less_equal(rows["position"], self.end), pc.greater_equal(rows["end_position"], self.start)
        )
        return rows.filter(pc.and_(named, reached))


def read_region(text: str) -> Region:
    """`chr20`, `chr20:60001` (from there on) or `chr20:60001-70000`.

    Raises:
        Usage: it is none of these.
    """
    match = _REGION.fullmatch(text)
    start, end = (int((match[n] or "0").replace(",", "") or 0) if match else 0 for n in (2, 3))
    if match is None or (match[3] and end < start):
        raise Usage("not a region", text, "chr20, chr20:60001 or chr20:60001-70000")
    return Region(match[1], start, end if match[3] else (1 << 62))


@dataclass(frozen=True)
class Choice:
    """What of the tables is exported; None: all.

    Attributes:
        source: of this source alone.
        person_id: this person's samples alone.
        region: records that overlap it.
        assembly: files called against it.
    """

    source: str | None = None
    person_id: int | None = None
    region: Region | None = None
    assembly: str | None = None


def export_vcf(
    lake: Lake,
    versions: dict[str, int],
    folder: Path,
    choice: Choice | None = None,
    *,
    bcf: bool = False,
    norm: Norm | None = None,
) -> Iterator[WrittenFile]:
    """Write each chosen file of the lake to `folder`, named by source and file id; none without a record in the region.

    Args:
        lake: the lake.
        versions: the tables' versions to read, such as a release's.
        folder: made where it is missing.
        choice: what to export.
        bcf: BCF instead of bgzipped VCF.
        norm: normalise the records on their way; None: they are as they were read.

    Raises:
        Fatal: there are no variants in these versions, or none fit the choice.
    """
    choice = choice or Choice()
    if "genomics.file" not in versions:
        raise Fatal("the release has no variants", "genomics.file", "read VCF first: nightrounds run")
    chosen = list(_chosen_files(lake, versions, choice))
    if not chosen:
        raise Fatal("no file fits the choice", "genomics.file", "another source, person or assembly")
    folder.mkdir(parents=True, exist_ok=True)
    for row, samples, width in chosen:
        stored = StoredFile(row["_source"], row["file_id"], width, versions)
        records: Iterator[pa.Table] = read_records(lake, stored)
        if choice.region is not None:
            records = _within(records, choice.region)
        name = f"{row['_source']}-{row['file_id']}.{'bcf' if bcf else 'vcf.gz'}"
        indexes = [index for index, _ in samples]
        header = _with_samples(row["header"], [sample_id for _, sample_id in samples])
        written = write_file(folder / name, header, records, indexes, width, bcf=bcf, norm=norm)
        if choice.region is not None and not written.records:
            written.path.unlink()
            continue
        yield written


def _within(records: Iterator[pa.Table], region: Region) -> Iterator[pa.Table]:
    for rows in records:
        kept = region.keep(rows)
        if kept.num_rows:
            yield kept


def _chosen_files(
    lake: Lake, versions: dict[str, int], choice: Choice
) -> Iterator[tuple[dict[str, Any], list[tuple[int, int]], int]]:
    """Each file's row, its chosen samples (index and id; none where genotypes are withheld), and how many it has."""
    files = lake.read(
        "genomics.file", versions["genomics.file"], ["file_id", "assembly", "header", "_source"]
    ).to_pylist()
    samples: dict[tuple[str, int], list[tuple[int, int, int | None]]] = {}
    if "genomics.sample" in versions:
        columns = ["file_id", "sample_index", "sample_id", "person_id", "_source"]
        for row in lake.read("genomics.sample", versions["genomics.sample"], columns).to_pylist():
            told = (row["sample_index"], row["sample_id"], row["person_id"])
            samples.setdefault((row["_source"], row["file_id"]), []).append(told)
    has_calls = not {"genomics.call", "genomics.reference_block"} & (set(lake.tables()) - set(versions))
    for row in sorted(files, key=lambda row: (row["_source"], row["file_id"])):
        own = sorted(samples.get((row["_source"], row["file_id"]), [])) if has_calls else []
        wanted = [
            (index, sample_id)
            for index, sample_id, person in own
            if choice.person_id is None or person == choice.person_id
        ]
        if (
            choice.source in {None, row["_source"]}
            and choice.assembly in {None, row["assembly"]}
            and (choice.person_id is None or wanted)
        ):
            yield row, wanted, len(own)


def _names_any(line: str, names: set[str]) -> bool:
    return not names.isdisjoint(re.findall(r"\d+", line))


def _with_samples(header: str, sample_ids: list[int]) -> str:
    """The header, its last line naming these samples; what it tells of others goes."""
    lines = header.splitlines()
    fixed, own = lines[-1].split("\t")[:8], set(map(str, sample_ids))
    others = set(lines[-1].split("\t")[9:]) - own
    lines = [line for line in lines if not (line.startswith(_OF_SAMPLES) and _names_any(line, others))]
    names = ["FORMAT", *map(str, sample_ids)] if sample_ids else []
    return "\n".join([*lines[:-1], "\t".join([*fixed, *names])]) + "\n"
