"""The genomics laboratory's files: a multi-sample panel, a single sample, a copy and a broken one.

Written by hand after the VCF 4.3 specification (samtools/hts-specs), so that a reader is not tested by its
own library. Reference alleles at drawn positions are invented; the named variants are real,
at GRCh38 positions.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from random import Random

from nightrounds.demo.ledger import Ledger
from nightrounds.demo.people import TruePerson

SOURCE = "lab"
CONTROL = "CTRL-HD200"
"""A reference standard on the plate: nobody's sample."""
LAB_USER = "jpatterson"
SINGLE = ("franklin-meyer",)
"""Whose sample lies in a file of its own."""
_SITES_PER_GENE = 13

_CONTIGS = {
    "chr1": 248956422, "chr2": 242193529, "chr3": 198295559, "chr4": 190214555, "chr6": 170805979,
    "chr7": 159345973, "chr11": 135086622, "chr13": 114364328, "chr14": 107043718, "chr17": 83257441,
    "chr19": 58617616, "chrX": 156040895,
}  # fmt: skip
_GENES = {
    "PCSK9": ("chr1", 55039447, 55064852), "F5": ("chr1", 169511951, 169586588),
    "TTN": ("chr2", 178525989, 178807423), "SCN5A": ("chr3", 38548062, 38649687),
    "PITX2": ("chr4", 110617423, 110642123), "HFE": ("chr6", 26087281, 26098343),
    "EGFR": ("chr7", 55019017, 55211628), "CFTR": ("chr7", 117480025, 117668665),
    "KCNQ1": ("chr11", 2444684, 2849105), "BRCA2": ("chr13", 32315086, 32400268),
    "MYH7": ("chr14", 23412740, 23435677), "SERPINA1": ("chr14", 94376888, 94390692),
    "TP53": ("chr17", 7668421, 7687490), "BRCA1": ("chr17", 43044295, 43125364),
    "LDLR": ("chr19", 11089362, 11133820), "DMD": ("chrX", 31119222, 33339388),
}  # fmt: skip


@dataclass(frozen=True)
class Site:
    """One place in the genome: `frequencies` of the alternate alleles, in their order."""

    gene: str
    chrom: str
    pos: int
    ref: str
    alts: tuple[str, ...]
    frequencies: tuple[float, ...]
    name: str = "."
    effect: str = "intron_variant"
    passed: str = "PASS"
    carriers: tuple[str, ...] = ()
    coding: str = ""
    protein: str = ""


_KNOWN = (
    Site("F5", "chr1", 169549811, "C", ("T",), (0.03,), "rs6025", "missense_variant",
         carriers=("theresa-may",), coding="NM_000130.5:c.1601G>A", protein="p.Arg534Gln"),
    Site("HFE", "chr6", 26092913, "G", ("A",), (0.06,), "rs1800562", "missense_variant",
         coding="NM_000410.4:c.845G>A", protein="p.Cys282Tyr"),
    Site("CFTR", "chr7", 117559590, "ATCT", ("A",), (0.02,), "rs113993960", "inframe_deletion",
         coding="NM_000492.4:c.1521_1523del", protein="p.Phe508del"),
    Site("BRCA2", "chr13", 32340300, "GT", ("G",), (0.0,), "rs80359550", "frameshift_variant",
         coding="NM_000059.4:c.5946del", protein="p.Ser1982ArgfsTer22"),
    Site("SERPINA1", "chr14", 94378610, "C", ("T",), (0.02,), "rs28929474", "missense_variant",
         carriers=("walter-abernathy",), coding="NM_000295.5:c.1096G>A", protein="p.Glu366Lys"),
    Site("BRCA1", "chr17", 43124027, "ACT", ("A",), (0.0,), "rs80357914", "frameshift_variant",
         carriers=("maria-garcia", "angela-moretti"), coding="NM_007294.4:c.68_69del",
         protein="p.Glu23ValfsTer17"),
)  # fmt: skip
_HEADER = """##fileformat=VCFv4.3
##fileDate=20240311
##source=DemoCaller-2.4
##reference=file:///home/{user}/reference/GRCh38.no_alt.fa
##commandline="demo-call --bams /home/{user}/runs/2024-03-08/{sample}.bam --targets /data/panel_v3.bed"
##bcftools_viewCommand=view -Ov -o /home/{user}/deliveries/{sample}_panel.vcf merged.bcf; Date=Mon Mar 11 2024
##operator={user}@seq02.lab.example.org
##SAMPLE=<ID={sample},Description="{person}, DOB {birth}, ordered by {clinician}">
##FILTER=<ID=PASS,Description="All filters passed">
##FILTER=<ID=LowQual,Description="Quality below 30">
##INFO=<ID=AC,Number=A,Type=Integer,Description="Allele count in genotypes, for each ALT allele">
##INFO=<ID=AN,Number=1,Type=Integer,Description="Total number of alleles in called genotypes">
##INFO=<ID=AF,Number=A,Type=Float,Description="Allele frequency, for each ALT allele">
##INFO=<ID=DP,Number=1,Type=Integer,Description="Total depth">
##INFO=<ID=DB,Number=0,Type=Flag,Description="Known in dbSNP">
##INFO=<ID=GENE,Number=1,Type=String,Description="Gene symbol">
##INFO=<ID=CSQ,Number=.,Type=String,Description="Consequence. Format: Allele|Consequence|SYMBOL|HGVSc|HGVSp">
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##FORMAT=<ID=AD,Number=R,Type=Integer,Description="Read depth of each allele">
##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Read depth">
##FORMAT=<ID=GQ,Number=1,Type=Integer,Description="Genotype quality">
"""


def export_variants(
    root: Path, people: tuple[TruePerson, ...], seed: int, nights: int, ledger: Ledger
) -> None:
    """Write `night-N/lab` under `root`. Night 2 brings nothing new: its folder is empty."""
    folder = root / "night-1" / SOURCE
    folder.mkdir(parents=True, exist_ok=True)
    if nights > 1:
        (root / "night-2" / SOURCE).mkdir(parents=True, exist_ok=True)
        ledger.count_file(2, SOURCE, 0)
    sites = _draw_sites(seed)
    singles = tuple(p for p in people if p.key in SINGLE)
    cohort = tuple(p for p in people if p.sample and p.key not in SINGLE)
    text = _header(cohort[0]) + _body(cohort, sites, seed, control=True)
    _save(folder / "cohort.vcf", text.encode(), ledger, "accepted", len(sites))
    _save(folder / "cohort_resent_jpatterson.vcf", text.encode(), ledger, "merged", len(sites))
    ledger.plant("same_vcf_twice", 1, SOURCE, "merged", "cohort_resent_jpatterson.vcf", records=len(sites))
    few = [site for site in sites if site.gene in ("EGFR", "TP53", "BRCA2", "CFTR")]
    single = (_header(singles[0]) + _body(singles, few, seed, control=False)).encode()
    _save(folder / "single.vcf.gz", _bgzip(single), ledger, "accepted", len(few))
    broken = text.replace("#CHROM\tPOS", "CHROM\tPOS", 1)
    broken = "".join(broken.splitlines(keepends=True)[: broken[: broken.index("\nchr")].count("\n") + 5])
    _save(folder / "panel_GARCIA_MARIA_broken.vcf", broken.encode(), ledger, "quarantined", 1)
    ledger.plant("broken_header", 1, SOURCE, "quarantined", "panel_GARCIA_MARIA_broken.vcf", records=1)
    for name in ("cohort.vcf", "single.vcf.gz"):
        ledger.plant("phi_in_vcf_header", 1, SOURCE, "accepted", name)
        ledger.plant("patient_name_as_sample", 1, SOURCE, "accepted", name)


def _save(path: Path, data: bytes, ledger: Ledger, fate: str, records: int) -> None:
    path.write_bytes(data)
    ledger.count_file(1, SOURCE)
    ledger.count(1, SOURCE, fate, "?" if fate == "quarantined" else "record", records)


def _bgzip(data: bytes) -> bytes:
    """Blocked gzip (SAM specification, section 4.1): members of known size, an empty one at the end."""
    blocks = [data[start : start + 60_000] for start in range(0, len(data), 60_000)]
    return b"".join(_bgzf_block(block) for block in [*blocks, b""])


def _bgzf_block(data: bytes) -> bytes:
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    packed = packer.compress(data) + packer.flush()
    head = b"\x1f\x8b\x08\x04" + bytes(5) + b"\xff" + struct.pack("<H2sHH", 6, b"BC", 2, len(packed) + 25)
    return head + packed + struct.pack("<II", zlib.crc32(data), len(data))


def _draw_sites(seed: int) -> list[Site]:
    """About two hundred sites in the panel's genes, sorted by contig and position, none of them twice."""
    rng = Random(f"{seed}:sites")
    sites = {(site.chrom, site.pos): site for site in _KNOWN}
    for gene, (chrom, start, stop) in _GENES.items():
        for pos in rng.sample(range(start, stop), _SITES_PER_GENE):
            sites.setdefault((chrom, pos), _draw_site(rng, gene, chrom, pos))
    order = list(_CONTIGS)
    return sorted(sites.values(), key=lambda site: (order.index(site.chrom), site.pos))


def _draw_site(rng: Random, gene: str, chrom: str, pos: int) -> Site:
    ref = rng.choice("ACGT")
    others = [base for base in "ACGT" if base != ref]
    shape = rng.random()
    alts: tuple[str, ...] = (rng.choice(others),)
    if shape < 0.08:
        alts = tuple(rng.sample(others, 2))
    elif shape < 0.16:
        alts = (ref + "".join(rng.choices("ACGT", k=rng.randrange(1, 5))),)
    elif shape < 0.24:
        alts, ref = (ref,), ref + "".join(rng.choices("ACGT", k=rng.randrange(1, 6)))
    frequencies = tuple(round(rng.betavariate(0.6, 2.4) / len(alts), 4) for _ in alts)
    name = f"rs{rng.randrange(10**6, 10**9)}" if rng.random() < 0.7 else "."
    effect = rng.choices(
        ("intron_variant", "synonymous_variant", "missense_variant", "3_prime_UTR_variant"), (6, 2, 2, 1)
    )[0]
    return Site(
        gene, chrom, pos, ref, alts, frequencies, name, effect, "LowQual" if rng.random() < 0.06 else "PASS"
    )


def _header(person: TruePerson) -> str:
    contigs = "".join(
        f"##contig=<ID={name},length={size},assembly=GRCh38>\n" for name, size in _CONTIGS.items()
    )
    name = f"{person.first} {person.family}"
    clinician = "Dr. Castellano"
    head = _HEADER.format(
        user=LAB_USER, sample=person.sample, person=name, birth=person.birth, clinician=clinician
    )
    return head + contigs


def _body(people: tuple[TruePerson, ...], sites: list[Site], seed: int, *, control: bool) -> str:
    samples = [person.sample for person in people] + [CONTROL] * control
    fixed = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT"]
    lines = ["\t".join(fixed + samples)]
    for site in sites:
        rng = Random(f"{seed}:calls:{site.chrom}:{site.pos}:{len(people)}")
        calls = [_call(rng, site, person) for person in people] + [_call(rng, site, None)] * control
        lines.append(_record(rng, site, calls))
    return "\n".join(lines) + "\n"


def _call(rng: Random, site: Site, person: TruePerson | None) -> tuple[list[int], bool, list[int], int]:
    """Alleles (empty: no call), whether phased, depth of each allele, genotype quality."""
    haploid = site.chrom == "chrX" and person is not None and person.sex == "M"
    weights = [1 - sum(site.frequencies), *site.frequencies]
    alleles = rng.choices(range(len(weights)), weights, k=1 if haploid else 2)
    if person is not None and site.carriers:
        alleles = [0, 1] if person.key in site.carriers else [0] * len(alleles)
    depth = max(0, round(rng.gauss(68, 16)))
    depths = [0] * len(weights)
    for _ in range(depth):
        depths[rng.choice(alleles)] += 1
    if rng.random() < 0.02 and not site.carriers:
        return [], False, [0] * len(weights), 0
    phased = rng.random() < 0.15 and len(alleles) == 2
    return (alleles if phased else sorted(alleles)), phased, depths, min(99, 20 + depth)


def _record(rng: Random, site: Site, calls: list[tuple[list[int], bool, list[int], int]]) -> str:
    alleles = [allele for call in calls for allele in call[0]]
    counts = [alleles.count(number) for number in range(1, len(site.alts) + 1)]
    total = len(alleles)
    info = [
        f"AC={','.join(map(str, counts))}", f"AN={total}",
        f"AF={','.join(f'{count / total:.4f}' if total else '.' for count in counts)}",
        f"DP={sum(sum(call[2]) for call in calls)}",
        *(["DB"] if site.name != "." else []), f"GENE={site.gene}",
        "CSQ=" + ",".join(f"{alt}|{site.effect}|{site.gene}|{site.coding}|{site.protein}" for alt in site.alts),
    ]  # fmt: skip
    quality = rng.uniform(12, 29) if site.passed == "LowQual" else rng.uniform(60, 2500)
    fixed = [
        site.chrom, str(site.pos), site.name, site.ref, ",".join(site.alts), f"{quality:.1f}", site.passed,
        ";".join(info), "GT:AD:DP:GQ",
    ]  # fmt: skip
    return "\t".join(fixed + [_cell(*call) for call in calls])


def _cell(alleles: list[int], phased: bool, depths: list[int], quality: int) -> str:
    if not alleles:
        return "./.:.:.:."
    genotype = ("|" if phased else "/").join(map(str, alleles))
    return f"{genotype}:{','.join(map(str, depths))}:{sum(depths)}:{quality}"
