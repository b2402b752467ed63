"""`nightrounds export vcf` and `nightrounds export zarr`: the genomics tables as files that other tools read."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nightrounds.commands.common import (
    DEFAULT_HOME,
    EXIT_HELD_BACK,
    HomeOption,
    JsonOption,
    enter_home,
    print_json,
    say,
)
from nightrounds.commands.layout import plural

if TYPE_CHECKING:
    from tasks.vcf.export.exporting import Choice
    from tasks.vcf.export.writing import WrittenFile
    from tasks.vcf.normalise.files import Norm

OutOption = Annotated[Path, typer.Option(help="The folder to write to; files of the same name are replaced.")]
ReleaseOption = Annotated[
    int | None, typer.Option(min=1, help="Another release than the one that readers see.")
]
SourceOption = Annotated[str | None, typer.Option(help="Files of this source alone.")]
PersonOption = Annotated[int | None, typer.Option(help="Samples of this person (person_id) alone.")]
RegionOption = Annotated[
    str | None, typer.Option(help="Records that overlap it: chr20, chr20:60001-70000; 1-based.")
]
AssemblyOption = Annotated[
    str | None, typer.Option(help="Files against it: GRCh37, GRCh38 or T2T-CHM13v2.0.")
]


def vcf(
    out: OutOption,
    home: HomeOption = Path(DEFAULT_HOME),
    release: ReleaseOption = None,
    source: SourceOption = None,
    person: PersonOption = None,
    region: RegionOption = None,
    assembly: AssemblyOption = None,
    bcf: Annotated[bool, typer.Option("--bcf", help="BCF instead of bgzipped VCF.")] = False,
    split: Annotated[bool, typer.Option("--split", help="A record for each alternate.")] = False,
    join: Annotated[bool, typer.Option("--join", help="Records of one place and type become one.")] = False,
    reference: Annotated[
        Path | None, typer.Option(help="FASTA with its index: left-align and trim against it, check REF.")
    ] = None,
    check_ref: Annotated[
        str, typer.Option(help="Where REF is not the reference's: exit, warn, exclude or set.")
    ] = "exit",
    dedup: Annotated[
        str, typer.Option(help="Keep one of equal records: snps, indels, both, all or exact.")
    ] = "",
    json: JsonOption = False,
) -> None:
    """Write the variants of a release as VCF again: one bgzipped file for each that was read, with an index.

    Records, fields and their order are those that were read; samples are named by their ids (genomics.sample), and
    header lines are those of the allow-list. Records in quarantine are not among them. What INFO counts over all
    samples (AC, AN) stays as it was read, also where --person leaves samples out. --split, --join, --reference and
    --dedup do what bcftools norm does.

    Examples: nightrounds export vcf --out /data/vcf; nightrounds export vcf --out . --region chr20:1-70000 --bcf
    """
    norm = _norm(split, join, reference, check_ref, dedup)
    written = _export(home, out, release, _choice(source, person, region, assembly), bcf, norm)
    if json:
        print_json([_told(one) for one in written])
        return
    for one in written:
        index = "indexed" if one.indexed else "not sorted, no index" if one.records else "no index"
        samples = plural(one.samples, "sample")
        typer.echo(f"{one.path.name}: {plural(one.records, 'record')}, {samples}, {index}")
    say(f"{plural(len(written), 'file')} in {out}")


def zarr(
    out: OutOption,
    home: HomeOption = Path(DEFAULT_HOME),
    release: ReleaseOption = None,
    source: SourceOption = None,
    person: PersonOption = None,
    region: RegionOption = None,
    assembly: AssemblyOption = None,
    json: JsonOption = False,
) -> None:
    """Write the variants of a release as VCF Zarr, as bio2zarr lays it out: one store for each file that was read.

    Needs the extra "zarr" (pip install "nightrounds[zarr]"). Files that are not sorted, or hold no record, are left
    out, and so are those that bio2zarr cannot encode: their names are told, and the exit code is 3.

    Example: nightrounds export zarr --out /data/zarr --assembly GRCh38
    """
    from tasks.vcf.export.zarr import require_bio2zarr

    require_bio2zarr()
    with tempfile.TemporaryDirectory(prefix="nightrounds-zarr-") as folder:
        written = _export(home, Path(folder), release, _choice(source, person, region, assembly))
        found = [_encode(one, out.expanduser().resolve()) for one in written]
    if json:
        print_json(found)
    else:
        for row in found:
            counts = f"{plural(row['records'], 'record')}, {plural(row['samples'], 'sample')}"
            typer.echo(f"{row['store']}: {counts}{', left out: ' + row['problem'] if row['problem'] else ''}")
        say(f"{plural(sum(not row['problem'] for row in found), 'store')} in {out}")
    if any(row["problem"] for row in found):
        raise typer.Exit(EXIT_HELD_BACK)


def _encode(one: WrittenFile, out: Path) -> dict[str, Any]:
    """Write one store; what speaks against it is told, and the other files go on."""
    from contracts.errors import Fatal
    from tasks.vcf.export.zarr import write_zarr

    store, problem = out / one.path.name.replace(".vcf.gz", ".vcz"), ""
    if not one.indexed:
        problem = "it has no record" if not one.records else "it is not sorted"
    else:
        out.mkdir(parents=True, exist_ok=True)
        try:
            write_zarr(one.path, store)
        except Fatal as error:
            problem = error.message
    return {"store": store.name, "records": one.records, "samples": one.samples, "problem": problem}


def _choice(source: str | None, person: int | None, region: str | None, assembly: str | None) -> Choice:
    from tasks.vcf.export.exporting import Choice, read_region

    return Choice(source, person, None if region is None else read_region(region), assembly)


def _norm(split: bool, join: bool, reference: Path | None, check: str, duplicates: str) -> Norm | None:
    from contracts.errors import Usage
    from tasks.vcf.normalise.files import Norm
    from tasks.vcf.normalise.reference import open_reference

    if split and join:
        raise Usage("records are split or joined", "--split --join", "one of the two")
    if not (split or join or reference or duplicates):
        return None
    if reference is not None:
        if not reference.is_file():
            raise Usage("there is no such file", "--reference", "a FASTA file with its index")
        open_reference(reference)
    return Norm(reference, check, "-any" if split else "+any" if join else "", duplicates)


def _export(
    home: Path, out: Path, release: int | None, choice: Choice, bcf: bool = False, norm: Norm | None = None
) -> list[WrittenFile]:
    from contracts.errors import Fatal
    from nightrounds.commands.release import known_release
    from stores.home import open_home
    from stores.lake import Lake
    from stores.releases import Releases
    from tasks.vcf.export.exporting import export_vcf

    opened = open_home(enter_home(home))
    releases = Releases(opened)
    if release is not None:
        known_release(releases, release)
    found = releases.current() if release is None else releases.get(release)
    if found is None:
        raise Fatal("there is no release to export yet", "releases", "make a round first: nightrounds run")
    lake = Lake(opened.lake, opened.buckets)
    return list(export_vcf(lake, dict(found.tables), out.expanduser().resolve(), choice, bcf=bcf, norm=norm))


def _told(one: WrittenFile) -> dict[str, Any]:
    return {
        "file": one.path.name,
        "records": one.records,
        "samples": one.samples,
        "indexed": one.indexed,
    }
