"""Objects over nights: written once, replaced, removed, made another person's and back; repaired after a crash."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from stores.objects import preview_key
from tasks.encoders import load_encoder
from tests.dicom_files import image
from tests.flows.exports import mrn, patient, write_image, write_links, write_records
from tests.flows.house import House
from tests.imaging.nights import EMBED, contents, image_night, stamps, written
from tests.imaging.pictures import save, uids


def _objects(house: House) -> pl.DataFrame:
    return house.rows("imaging.object").sort("instance_id")


def _vectors(house: House) -> dict[int, tuple[int | None, Any, str]]:
    held = house.vectors.digests("image", load_encoder("efficientnet-lite0")).to_pylist()
    return {row["id"]: (row["person_id"], row["date"], row["digest"]) for row in held}


def _links_and_images(house: House) -> tuple[Path, Path]:
    ward, pacs = house.add("ward"), house.add("pacs", "dicom", snapshot=True)
    links = house.add("links", "crosswalk", snapshot=True) / "links.csv"
    write_records(ward / "a.ndjson", [patient(1)])
    for number, one in enumerate(("P-100001", "P-100002", "P-100003"), 1):
        write_image(pacs / f"{number}.dcm", one, number)
    write_links(links, [])
    return pacs, links


def test_objects_follow_their_files_and_persons(house: House) -> None:
    pacs, links = _links_and_images(house)
    first = image_night(house, **EMBED)
    assert first.objects["status"] == {"written": 3} and first.objects["made"] == 3
    before, files, vectors = _objects(house), contents(house), _vectors(house)
    assert len(files) == 6 and len(vectors) == 3, "a preview beside each, a vector of each"

    # a second night writes nothing again
    was = stamps(house)
    assert image_night(house, **EMBED).objects["made"] == 0
    assert stamps(house) == was and _objects(house).equals(before)

    # one file is withdrawn, one is sent again with other pixels and study, one's person is linked late
    (pacs / "2.dcm").unlink()
    write_image(pacs / "3.dcm", "P-100003", 33)
    write_links(links, [("ward", mrn(1), "pacs", "P-100001")])
    night = image_night(house, **EMBED)
    assert (night.objects["made"], night.objects["removed"]) == (2, 2)
    after = _objects(house)
    kept = before.join(after, on="instance_id", suffix="_now")
    assert kept.height == 1 and after.height == 2
    (row,) = kept.to_dicts()
    assert row["object_key"] == row["object_key_now"] and row["made_from"] != row["made_from_now"]
    gone = set(files) - set(contents(house))
    assert gone == {
        name
        for key in before.filter(pl.col("instance_id") != row["instance_id"])["object_key"]
        for name in (key, preview_key(key))
    }
    assert set(_vectors(house)) == set(after["instance_id"])

    # the linked one is the EHR person's in header, row and vector, moved by that person's days
    (person,) = house.rows("records.patient")["person_id"].to_list()
    made = {str(d.PatientID): d for d in written(house)}
    assert row["person_id_now"] == person != row["person_id"] and str(person) in made
    index = house.rows("imaging.instance").filter(pl.col("instance_id") == row["instance_id"])
    (day,) = index["study_date"].to_list()
    assert made[str(person)].StudyDate == day.strftime("%Y%m%d")
    assert _vectors(house)[row["instance_id"]] == (person, day, row["shown_digest"])
    assert day != vectors[row["instance_id"]][1]

    # the unlink brings it back, to the byte
    write_links(links, [])
    assert image_night(house, **EMBED).objects["made"] == 1
    now = contents(house)
    assert now[row["object_key"]] == files[row["object_key"]]
    assert _vectors(house)[row["instance_id"]] == vectors[row["instance_id"]]
    columns = [c for c in before.columns if c != "_recipe"]
    one = pl.col("instance_id") == row["instance_id"]
    assert _objects(house).filter(one).select(columns).equals(before.filter(one).select(columns))


def test_a_name_typed_as_a_code_reaches_no_column(house: House) -> None:
    pacs = house.add("pacs", "dicom", snapshot=True)
    typed = {
        "PatientName": "Knestjerne^Ida",
        "BodyPartExamined": "KNESTJERNE",
        "ImageType": ["ORIGINAL", "PRIMARY", "IDA KNESTJERNE"],
        "Laterality": "L",
        "PatientPosition": "HFS",
    }
    save(pacs / "typed.dcm", image(**uids(1), **typed))
    save(pacs / "plain.dcm", image(**uids(2), BodyPartExamined="CHEST"))
    image_night(house)
    columns = ("body_part_examined", "image_type", "laterality", "patient_position")
    rows = house.rows("imaging.instance", *columns).rows()
    assert (None, ["ORIGINAL", "PRIMARY", None], "L", "HFS") in rows
    assert "CHEST" in [row[0] for row in rows]
    for table in ("imaging.instance", "imaging.series", "imaging.study"):
        assert "KNESTJERNE" not in str(house.rows(table).to_dicts()).upper()
