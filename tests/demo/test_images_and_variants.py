"""The image archive and the laboratory's files, read with the libraries that the connectors use."""

from __future__ import annotations

import csv
import warnings
from pathlib import Path
from typing import Any

import pytest

from nightrounds.demo.hospital import Hospital


def _read(path: Path, **options: Any) -> Any:
    import pydicom

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pydicom.dcmread(path, **options)


def _where(hospital: Hospital, kind: str, source: str = "pacs") -> list[Path]:
    entries = (e for e in hospital.truth["planted"] if (e["kind"], e["source"]) == (kind, source))
    return [hospital.root / f"night-{e['night']}" / source / e["where"] for e in entries]


def _sound(hospital: Hospital, night: int) -> list[Path]:
    """All generated files of a night that are neither planted dirt nor shipped."""
    pacs = hospital.root / f"night-{night}" / "pacs"
    return [
        p for p in sorted(pacs.rglob("*.dcm")) if p.relative_to(pacs).parts[0] not in ("incoming", "shipped")
    ]


@pytest.mark.parametrize(("night", "instances"), [(1, 82), (2, 4)])
def test_sound_files_read_with_pixels(hospital: Hospital, night: int, instances: int) -> None:
    paths = _sound(hospital, night)
    assert len(paths) == instances
    seen = set()
    for path in paths:
        image = _read(path)
        pixels = image.pixel_array
        assert pixels.shape == (image.Rows, image.Columns)
        assert pixels.std() > 10, "a drawing has contrast"
        seen.add(image.SOPInstanceUID)
    assert len(seen) == len(paths)


def test_studies_carry_who_when_and_accession_as_truth_says(hospital: Hospital) -> None:
    told = {
        entry["id"]: (entry["date"].replace("-", ""), person)
        for person in hospital.truth["persons"]
        for entry in person["timeline"]
        if entry["what"] == "study"
    }
    found = set()
    for night in (1, 2):
        for path in _sound(hospital, night):
            image = _read(path, stop_before_pixels=True)
            day, person = told[image.StudyInstanceUID]
            found.add(image.StudyInstanceUID)
            assert image.StudyDate == day
            assert ["radiology", image.PatientID, "image"] in person["identities"]
            assert image.AccessionNumber in hospital.truth["identifiers_by_kind"]["accession"]
            assert str(image.PatientName).split("^")[0] in person["identifiers"]
    assert found == set(told)


def test_accented_names_survive_both_character_sets(hospital: Hospital) -> None:
    person = hospital.person("jose-garcia-nunez")
    number = next(identifier for _, identifier, kind in person["identities"] if kind == "image")
    images = [_read(p, stop_before_pixels=True) for p in _sound(hospital, 1)]
    own = [image for image in images if image.PatientID == number]
    assert {image.SpecificCharacterSet for image in own} == {"ISO_IR 100"}
    assert {str(image.PatientName) for image in own} == {"García-Núñez^José^Luis"}


def test_private_tags_repeat_the_patient(hospital: Hospital) -> None:
    for path in _sound(hospital, 1):
        image = _read(path, stop_before_pixels=True)
        block = image.private_block(0x0011, "ELSEWHERE PACS 1.0")
        assert block[0x02].value in hospital.truth["identifiers_by_kind"]["mrn"]
        inner = block[0x04].value[0].private_block(0x0011, "ELSEWHERE PACS 1.0")
        assert inner[0x03].value in hospital.truth["identifiers_by_kind"]["ssn"]


def test_every_ultrasound_has_its_patient_drawn_into_it(hospital: Hospital) -> None:
    import numpy as np

    folders = set(_where(hospital, "phi_burned_into_pixels"))
    paths = [p for night in (1, 2) for p in _sound(hospital, night)]
    scans = [p for p in paths if _read(p, stop_before_pixels=True).Modality == "US"]
    assert {path.parent for path in scans} == folders and len(folders) > 1
    for path in scans:
        image = _read(path).pixel_array
        assert np.count_nonzero(image[:45] > 200) > 300, "two lines of text"
        assert np.count_nonzero(image[:46, :8]) == 0, "which begin inside"


def test_a_person_can_read_the_name_in_an_ultrasound(hospital: Hospital) -> None:
    from tasks.dicom.burned_in.reading import reader

    hero = hospital.person(hospital.hero)
    number = next(identifier for _, identifier, kind in hero["identities"] if kind == "image")
    scans = [_read(path) for path in _sound(hospital, 1) if "_US_" in path.parent.name]
    text = " ".join(
        line.text for line in reader().read(next(i for i in scans if i.PatientID == number).pixel_array)
    )
    assert "THOMPSON" in text.upper() and "1961" in text, "by her married name"


def test_a_head_of_slices_is_enough_for_a_face(hospital: Hospital) -> None:
    slices = [image for path in _sound(hospital, 1) if (image := _read(path)).Modality == "MR"]
    assert len(slices) == 12 and len({image.SeriesInstanceUID for image in slices}) == 1
    assert sorted(float(image.ImagePositionPatient[2]) for image in slices) == [5.0 * n for n in range(12)]


def test_dirt_is_what_it_is_said_to_be(hospital: Hospital) -> None:
    from pydicom.errors import InvalidDicomError

    sound = {path.read_bytes() for path in _sound(hospital, 1)}
    uids = {_read(path, stop_before_pixels=True).SOPInstanceUID for path in _sound(hospital, 1)}
    assert all(path.read_bytes() in sound for path in _where(hospital, "same_file_twice"))
    for path in _where(hospital, "same_uid_other_content"):
        assert path.read_bytes() not in sound
        assert _read(path).SOPInstanceUID in uids
    assert len(_where(hospital, "no_patient_id")) == 4
    for path in _where(hospital, "no_patient_id"):
        image = _read(path, force=True)
        assert not image.get("PatientID")
        assert image.SOPInstanceUID
    for path in _where(hospital, "no_uids"):
        image = _read(path, force=True)
        assert not any(name in image for name in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"))
    for path in _where(hospital, "truncated_dicom"):
        assert "StudyInstanceUID" not in _read(path)
        assert "PixelData" not in _read(path)
    for path in _where(hospital, "text_file") + _where(hospital, "pdf_file"):
        with pytest.raises(InvalidDicomError):
            _read(path)


def test_shipped_files_are_what_truth_says(hospital: Hospital) -> None:
    shipped = hospital.root / "night-1" / "pacs" / "shipped"
    unlinked = {
        identifier for authority, identifier in hospital.truth["unlinked"] if authority == "radiology"
    }
    images = [_read(path, force=True) for path in sorted(shipped.iterdir())]
    assert all(path.stat().st_size < 1_000_000 for path in shipped.iterdir())
    assert {image.PatientID for image in images if image.get("PatientID")} == unlinked


def test_counts_of_images_equal_truth(hospital: Hospital) -> None:
    for night in (1, 2):
        counts = hospital.truth["counts"][f"night-{night}"]["pacs"]
        files = sum(path.is_file() for path in (hospital.root / f"night-{night}" / "pacs").rglob("*"))
        assert counts["read"] + counts["ignored"] == files


@pytest.mark.parametrize(("name", "samples"), [("cohort.vcf", 22), ("single.vcf.gz", 1)])
def test_good_variant_files_read(hospital: Hospital, name: str, samples: int) -> None:
    import pysam

    before = pysam.set_verbosity(0)  # no index beside the file is no error
    try:
        with pysam.VariantFile(str(hospital.root / "night-1" / "lab" / name)) as file:
            known = set(hospital.truth["identifiers_by_kind"]["sample"])
            assert len(set(file.header.samples)) == samples
            assert set(file.header.samples) - known <= {"CTRL-HD200"}
            for record in file:
                _check_record(record)
    finally:
        pysam.set_verbosity(before)


def _check_record(record: Any) -> None:
    """AC and AN agree with the genotypes, depths with their sum, and lengths with the number of alleles."""
    calls = [allele for sample in record.samples.values() for allele in sample["GT"] if allele is not None]
    assert record.info["AN"] == len(calls)
    assert list(record.info["AC"]) == [calls.count(n) for n in range(1, len(record.alleles))]
    assert record.ref not in record.alts
    for sample in record.samples.values():
        if sample["DP"] is not None:
            assert sum(sample["AD"]) == sample["DP"]


def test_variant_counts_and_files_equal_truth(hospital: Hospital) -> None:
    import gzip

    import pysam

    lab = hospital.root / "night-1" / "lab"
    counts = hospital.truth["counts"]["night-1"]["lab"]
    cohort = sum(not line.startswith("#") for line in (lab / "cohort.vcf").read_text().splitlines())
    single = sum(
        not line.startswith(b"#")
        for line in gzip.decompress((lab / "single.vcf.gz").read_bytes()).splitlines()
    )
    assert (counts["accepted"], counts["merged"]) == (cohort + single, cohort)
    assert all(
        p.read_bytes() == (lab / "cohort.vcf").read_bytes() for p in _where(hospital, "same_vcf_twice", "lab")
    )
    before = pysam.set_verbosity(0)
    try:
        for path in _where(hospital, "broken_header", "lab"):
            with pytest.raises(ValueError, match="valid header"):
                pysam.VariantFile(str(path))
    finally:
        pysam.set_verbosity(before)


def test_the_hero_s_three_numbers_agree_in_files_and_crosswalk(hospital: Hospital) -> None:
    hero = hospital.person(hospital.hero)
    ids = {(authority, identifier) for authority, identifier, _ in hero["identities"]}
    images = [_read(p, stop_before_pixels=True) for p in _sound(hospital, 1)]
    mrns = {
        (i.OtherPatientIDs, i.PatientID)
        for i in images
        if str(i.PatientName).startswith(("Garcia", "Thompson"))
    }
    assert {number for _, number in mrns} <= {
        identifier for authority, identifier in ids if authority == "radiology"
    }
    with (hospital.root / "night-1" / "crosswalk.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    linked = {
        pair
        for row in rows
        for pair in ((row["authority_a"], row["identifier_a"]), (row["authority_b"], row["identifier_b"]))
        if {(row["authority_a"], row["identifier_a"]), (row["authority_b"], row["identifier_b"])} & ids
    }
    assert linked == ids


def test_the_carrier_in_the_notes_carries_the_variant(hospital: Hospital) -> None:
    import pysam

    with pysam.VariantFile(str(hospital.root / "night-1" / "lab" / "cohort.vcf")) as file:
        found = [record for record in file if record.id == "rs80357914"]
        assert [sorted(r.samples["GARCIA_MARIA"]["GT"]) for r in found] == [[0, 1]]
        assert [sorted(r.samples["YOUNG_LORETTA"]["GT"]) for r in found] == [[0, 0]]
