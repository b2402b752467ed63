"""Samples that nothing says whose they are: published without a person, or held back until a sheet ties them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from contracts.errors import Fatal
from contracts.identity import Identity, Link
from stores import staging
from tasks.processing import Processed, process_unit
from tasks.recipe import changed_components, components
from tasks.vcf.policy import VariantPolicy
from tasks.workroom import save_variant_policy
from tests.tasks.rooms import Room, make_room

VCF = """##fileformat=VCFv4.2
##contig=<ID=1,length=1000>
##FORMAT=<ID=GT,Number=1,Type=String,Description="genotype">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tLAB-77001\tLAB-77002
1\t13\t.\tT\tG\t.\t.\t.\tGT\t0/1\t0/0
1\t20\t.\tG\tT\t.\t.\t.\tGT\t0/1\t1/1
"""


def _room(folder: Path, policy: VariantPolicy) -> Room:
    room = make_room(folder, "vcf")
    save_variant_policy(room.work.vault, policy)
    (room.folder / "a.vcf").write_text(VCF)
    return room


def _tie(room: Room, *samples: str) -> None:
    """As a sample sheet does."""
    links = [Link(Identity("ward", name), Identity("ehr", f"MRN-{name}")) for name in samples]
    room.work.vault.set_links("sheet", links)
    room.work.vault.resolve(2)


def _process(room: Room) -> tuple[Processed, str, list[dict[str, Any]]]:
    """What became of the file, its context, and its staged samples."""
    (surveyed,) = room.survey()
    job = room.job(surveyed.unit)
    done = process_unit(job)
    manifest = staging.find(room.work.home.staging, "ward", surveyed.unit.token, job.fingerprint)
    assert manifest is not None
    rows = [row for batch in manifest.batches("genomics.sample") for row in batch.to_pylist()]
    assert sum(done.account["fates"].values()) == done.account["read"]
    return done, job.context, rows


def test_untied_samples_have_no_person_until_a_sheet_ties_them(tmp_path: Path) -> None:
    room = _room(tmp_path, VariantPolicy("publish"))
    done, before, rows = _process(room)
    assert done.account["fates"]["accepted"] == 2
    assert [row["person_id"] for row in rows] == [None, None]
    _tie(room, "LAB-77002")
    _, after, rows = _process(room)
    assert after != before, "a tie alone makes a unit another one: its rows are made anew"
    assert rows[0]["person_id"] is None and rows[1]["person_id"] is not None


def test_a_file_with_an_untied_sample_waits_for_the_sheet(tmp_path: Path) -> None:
    room = _room(tmp_path, VariantPolicy("hold"))
    done, _, rows = _process(room)
    assert done.reason == "untied-sample" and rows == []
    assert done.account["fates"]["quarantined"] == 1 and done.account["reasons"] == {"untied-sample": 1}
    _tie(room, "LAB-77001")
    assert _process(room)[0].reason == "untied-sample", "all of a file's samples are to be tied"
    _tie(room, "LAB-77001", "LAB-77002")
    done, _, rows = _process(room)
    assert done.account["fates"]["accepted"] == 2 and None not in [row["person_id"] for row in rows]
    room.work.vault.set_links("sheet", [])
    room.work.vault.resolve(3)
    done, _, rows = _process(room)
    assert done.account["reasons"] == {"untied-sample": 1} and rows == [], "a tie that is gone holds it again"


def test_what_is_told_names_no_sample(tmp_path: Path) -> None:
    room = _room(tmp_path, VariantPolicy("hold"))
    _tie(room, "LAB-77001")
    _process(room)
    (held,) = room.work.quarantine.list()
    assert "1 of 2 samples" in str(held) and "77002" not in str(held)


def test_an_unlink_unties(tmp_path: Path) -> None:
    room = _room(tmp_path, VariantPolicy("publish"))
    one, other = Identity("ward", "LAB-77001"), Identity("ehr", "MRN-1")
    room.work.vault.set_links("sheet", [Link(one, other)])
    room.work.vault.set_links("corrections", [Link(one, other, "unlink")])
    assert [row["person_id"] for row in _process(room)[2]] == [None, None]


def test_a_sample_named_by_the_patients_number_is_tied(tmp_path: Path) -> None:
    room = _room(tmp_path, VariantPolicy("publish"))
    from contracts.units import Unit

    patient = Identity("ward", "LAB-77001", kind="fhir")
    room.work.vault.remember_identities(Unit("ehr/0000000000000000", "ehr", "fhir"), [patient])
    rows = _process(room)[2]
    assert rows[0]["person_id"] is not None and rows[1]["person_id"] is None


def test_the_choice_is_part_of_the_recipe() -> None:
    from contracts.privacy import Profile

    held = components("vcf", "3", Profile.EXPERT, "k", variants=VariantPolicy("hold"))
    published = components("vcf", "3", Profile.EXPERT, "k", variants=VariantPolicy("publish"))
    assert changed_components(held, published) == ["untied"]
    with pytest.raises(Fatal, match=r"genomics\.untied"):
        VariantPolicy("drop")  # type: ignore[arg-type]
