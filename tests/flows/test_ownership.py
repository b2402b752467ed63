"""Who owns a row, what is newest, and what becomes of what is gone."""

from __future__ import annotations

from tests.flows.exports import encounter, patient, write_image, write_records
from tests.flows.house import House


def test_newest_wins_whatever_arrives_last(house: House) -> None:
    """A renamed export with an older statement changes nothing; a newer one in an older file is found again."""
    ward = house.add("ward", snapshot=True)
    write_records(ward / "patients.ndjson", [patient(1)])
    write_records(
        ward / "a.ndjson", [encounter("v", 1, "2023-05-08", "2024-02-02T00:00:00Z"), encounter("w", 1)]
    )
    first = house.night()
    assert first.fates("ward") == {"accepted": 3}
    stated = house.rows("omop.visit_occurrence").drop("_recipe")

    older = encounter("v", 1, "2023-05-01", "2024-01-15T00:00:00Z")
    write_records(ward / "b.ndjson", [older, encounter("w", 1)])
    second = house.night()
    assert second.fates("ward") == {"unchanged": 3 + 1, "merged": 1}
    assert house.rows("omop.visit_occurrence").drop("_recipe").sort("_owner").equals(stated.sort("_owner"))

    newest = encounter("v", 1, "2023-05-20", "2024-02-20T00:00:00Z")
    write_records(ward / "c.ndjson", [newest])
    third = house.night()
    assert third.fates("ward") == {"unchanged": 5, "accepted": 1}
    moved = house.rows("omop.visit_occurrence")
    assert moved.height == 2
    both = stated.join(moved, on="visit_occurrence_id", suffix="_now")
    shifts = (both["visit_start_date_now"] - both["visit_start_date"]).dt.total_days()
    assert sorted(shifts.to_list()) == [0, 12]

    write_records(ward / "c.ndjson", [encounter("x", 1)])  # the newest statement is taken back
    house.night()
    house.night()  # the unit that holds what is newest now is read the next night
    back = house.rows("omop.visit_occurrence").drop("_recipe").sort("_owner")
    assert back.height == 3
    assert back.filter(back["_owner"].is_in(stated["_owner"].implode())).equals(stated.sort("_owner"))


def test_a_snapshot_loses_what_its_export_holds_no_more(house: House) -> None:
    ward, pacs = house.add("ward", snapshot=True), house.add("pacs", "dicom", snapshot=True)
    write_records(ward / "a.ndjson", [patient(1), encounter("v", 1), encounter("w", 1)])
    write_records(ward / "b.ndjson", [encounter("x", 1)])
    write_image(pacs / "one.dcm", "P-100001", 1)
    write_image(pacs / "two.dcm", "P-100001", 2)
    assert house.night().exit_code == 0
    assert house.rows("imaging.instance").height == 2

    write_records(ward / "a.ndjson", [patient(1), encounter("v", 1)])
    (ward / "b.ndjson").unlink()
    (pacs / "two.dcm").unlink()
    gone = house.night()
    assert gone.exit_code == 0
    assert gone.fates("ward") == {"unchanged": 2, "removed": 2}
    assert gone.fates("pacs") == {"unchanged": 1, "removed": 1}
    assert house.rows("omop.visit_occurrence").height == 1
    assert house.rows("imaging.instance").height == 1
    assert gone.summary["embedded"]["image"]["removed"] == 1
    quiet = house.versions()
    after = house.night()
    assert house.versions() == quiet
    assert after.fates("pacs") == {"unchanged": 1}


def test_an_incremental_source_keeps_what_is_absent(house: House) -> None:
    ward = house.add("ward")
    write_records(ward / "monday.ndjson", [patient(1), encounter("v", 1)])
    house.night()
    (ward / "monday.ndjson").unlink()
    write_records(ward / "tuesday.ndjson", [encounter("w", 1)])
    night = house.night()
    assert night.fates("ward") == {"accepted": 1}
    write_records(ward / "tuesday.ndjson", [encounter("x", 1)])  # the name is used again
    assert house.night().fates("ward") == {"accepted": 1}
    assert house.rows("omop.visit_occurrence").height == 3
    assert house.rows("omop.person").height == 1
