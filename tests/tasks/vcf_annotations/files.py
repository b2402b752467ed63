"""Annotated files as VEP, SnpEff and bcftools csq write them, of invented variants."""

from __future__ import annotations

from pathlib import Path

_VEP = (
    '##INFO=<ID=CSQ,Number=.,Type=String,Description="Consequence annotations from Ensembl VEP. Format: '
    "Allele|Consequence|IMPACT|SYMBOL|Gene|Feature_type|Feature|BIOTYPE|EXON|HGVSc|HGVSp|SIFT|PolyPhen|"
    'gnomADe_AF|LoF|CANONICAL">'
)
_ANN = (
    "##INFO=<ID=ANN,Number=.,Type=String,Description=\"Functional annotations: 'Allele | Annotation | "
    "Annotation_Impact | Gene_Name | Gene_ID | Feature_Type | Feature_ID | Transcript_BioType | Rank | HGVS.c | "
    "HGVS.p | cDNA.pos / cDNA.length | CDS.pos / CDS.length | AA.pos / AA.length | Distance | "
    "ERRORS / WARNINGS / INFO'\">"
)
_SHARE = "'Gene_Name | Gene_ID | Number_of_transcripts_in_gene | Percent_of_transcripts_affected'"
_LOF = (
    f'##INFO=<ID=LOF,Number=.,Type=String,Description="Predicted loss of function effects. Format: {_SHARE}">'
)
_NMD = (
    f'##INFO=<ID=NMD,Number=.,Type=String,Description="Predicted nonsense mediated decay. Format: {_SHARE}">'
)
_BCSQ = (
    '##INFO=<ID=BCSQ,Number=.,Type=String,Description="Local consequence annotation from BCFtools/csq. '
    'Format: Consequence|gene|transcript|biotype|strand|amino_acid_change|dna_change">'
)
VEP_RECORDS = (
    "chr17 100 rs28897672 A G,T . PASS "
    "CSQ=G|missense_variant&splice_region_variant|MODERATE|BRCA1|ENSG00000012048|Transcript|ENST1|protein_coding|3/24|"
    "ENST1:c.5A>G|ENSP1:p.Lys2Arg|deleterious(0.01)|probably_damaging(0.99)|0.0001||YES,"
    "T|stop_gained|HIGH|BRCA1|ENSG00000012048.9|Transcript|ENST1|protein_coding|3/24|||||0.3|HC| GT 0/1 0/0 0/2",
    "chr17 200 . CAA C . PASS CSQ=-|frameshift_variant|HIGH|TP53|ENSG00000141510|Transcript|ENST2|protein_coding"
    "|||ENSP2:p.Lys9%3D||||LC| GT 0/1 1/1 ./.",
    "chr17 300 . C CT . PASS CSQ=T|intron_variant|MODIFIER|NF1|ENSG00000196712|Transcript|ENST3|protein_coding"
    "|||||||| GT 0/0 0/1 0/0",
    "chr17 400 . C T . PASS . GT 0/0 0/0 0/1",
)
SNPEFF_RECORDS = (
    "17 200 rs55 CAA C . PASS ANN=C|frameshift_variant&splice_region_variant|HIGH|TP53|ENSG00000141510|transcript|"
    "NM_1.2|protein_coding|12/30|c.1del|p.Arg1*|1/100|1/90|1/30||,C|upstream_gene_variant|MODIFIER|WRAP53|ENSG2|transcript|"
    "NR_2|pseudogene||n.-5A>G|||||2000|;LOF=(TP53|ENSG00000141510|18|0.94);NMD=(TP53|ENSG00000141510|18|0.50) GT 1/1",
    "17 600 . A G . PASS BCSQ=*missense&splice_region|BRCA2|ENST9|protein_coding|+|10K>10R|600A>G,@100 GT 0/1",
)


def write_annotated(folder: Path) -> list[Path]:
    """Two files against GRCh38: `a.vcf` of three samples by VEP, `b.vcf` of one by SnpEff and bcftools csq."""
    first = _write(folder / "a.vcf", "chr17", [_VEP], ["A1", "B1", "C1"], VEP_RECORDS)
    second = _write(folder / "b.vcf", "17", [_ANN, _LOF, _NMD, _BCSQ], ["D1"], SNPEFF_RECORDS)
    return [first, second]


def _write(path: Path, contig: str, info: list[str], samples: list[str], records: tuple[str, ...]) -> Path:
    head = ["##fileformat=VCFv4.2", f"##contig=<ID={contig},length=83257441>", *info]
    head.append('##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">')
    columns = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *samples]
    rows = [record.replace(" ", "\t") for record in records]
    path.write_text("\n".join([*head, "\t".join(columns), *rows]) + "\n")
    return path
