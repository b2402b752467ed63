"""What a source's references do to what is staged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from stores import staging
from tasks.processing import Processed, process_unit
from tasks.workroom import save_sources
from tests.tasks.rooms import make_room
from tests.tasks.vcf_normalise.references import write_reference

SEQUENCE = "ACACACACGTTTTTGCAGCAGCAGTACGTTGCA"
VCF = f"""##fileformat=VCFv4.2
##contig=<ID=1,length={len(SEQUENCE)}>
##FORMAT=<ID=GT,Number=1,Type=String,Description="genotype">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tA
1\t13\t.\tTT\tT,TTT\t.\t.\t.\tGT\t1/2
1\t20\t.\tG\tT\t.\t.\t.\tGT\t0/1
1\t15\t.\tG\t<NON_REF>\t.\t.\t.\tGT\t0/0
"""


def _process(folder: Path, check: str) -> tuple[Processed, dict[str, list[dict[str, object]]]]:
    folder.mkdir()
    room = make_room(folder, "vcf")
    fasta = write_reference(folder / "r.fa", {"chr1": SEQUENCE})
    options = {"reference": str(fasta), "check_reference": check}
    save_sources(room.work.vault, [replace(room.source, options=options)])
    (room.folder / "a.vcf").write_text(VCF)
    (surveyed,) = room.survey()
    job = room.job(surveyed.unit)
    done = process_unit(job)
    manifest = staging.find(room.work.home.staging, "ward", surveyed.unit.token, job.fingerprint)
    assert manifest is not None
    tables = ("genomics.variant", "genomics.reference_block")
    return done, {
        table: [row for batch in manifest.batches(table) for row in batch.to_pylist()] for table in tables
    }


def test_alleles_are_aligned_and_the_original_is_kept(tmp_path: Path) -> None:
    done, rows = _process(tmp_path / "tell", "tell")
    variants = rows["genomics.variant"]
    assert [v["reference_matches"] for v in variants] == [True, False]
    assert [(v["position"], v["reference"], v["alternates"]) for v in variants] == [
        (13, "TT", ["T", "TTT"]),
        (20, "G", ["T"]),
    ]
    assert variants[0]["allele_positions"] == [9, 9] and variants[0]["allele_references"] == ["GT", "G"]
    assert variants[0]["allele_alternates"] == ["G", "GT"]
    assert rows["genomics.reference_block"][0]["reference_matches"] is True
    assert done.account["fates"]["accepted"] == 3


def test_records_of_another_reference_are_held_back_by_choice(tmp_path: Path) -> None:
    done, rows = _process(tmp_path / "reject", "reject")
    assert [v["position"] for v in rows["genomics.variant"]] == [13]
    assert done.account["fates"]["accepted"] == 2 and done.account["fates"]["quarantined"] == 1
    assert done.account["reasons"] == {"reference-mismatch": 1}
