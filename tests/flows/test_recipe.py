"""A mapping changed: the plan names the rows, the round reads only those units, readers can be moved back."""

from __future__ import annotations

import os
from pathlib import Path
from unittest import mock

import tasks.mappings
from flows.planning import plan_round
from tests.flows.exports import condition, encounter, patient, write_records
from tests.flows.house import House

_TARGET = "omop.condition_occurrence"


def _overlay(folder: Path) -> Path:
    """A site's own mapping of conditions: another status concept."""
    ours = Path(tasks.mappings.__file__).parent / "events" / f"{_TARGET}.sql"
    name = "::BIGINT AS condition_status_concept_id"
    changed = ours.read_text().replace(f"0{name}", f"32902{name}")
    assert f"32902{name}" in changed
    target = folder / "mappings" / "events" / f"{_TARGET}.sql"
    target.parent.mkdir(parents=True)
    target.write_text(changed)
    return folder


def test_a_changed_mapping_is_planned_and_touches_only_its_units(house: House, tmp_path: Path) -> None:
    ward = house.add("ward")
    write_records(ward / "a.ndjson", [patient(1), encounter("v", 1)])
    write_records(ward / "b.ndjson", [condition("c", 1, "v"), condition("d", 1, "v")])
    house.night()
    visits = house.lake.version("omop.visit_occurrence")
    first = house.releases.current()
    assert first is not None

    environment = {"NIGHTROUNDS_OVERLAY": str(_overlay(tmp_path / "site"))}
    with mock.patch.dict(os.environ, environment):
        plan = plan_round(house.home.path, None)
    assert plan["rows"] == [{"source": "ward", "table": _TARGET, "rows": 2, "why": f"mapping:{_TARGET}"}]
    (planned,) = plan["sources"]
    assert (planned["to read"], planned["unchanged"]) == (1, 1)

    night = house.night(environment=environment)
    assert night.summary["sources"]["ward"]["read"] == 1
    assert night.fates("ward") == {"accepted": 2, "unchanged": 2}
    assert house.rows(_TARGET)["condition_status_concept_id"].to_list() == [32902, 32902]
    assert house.lake.version("omop.visit_occurrence") == visits
    second = house.releases.current()
    assert second is not None and second.number > first.number

    house.releases.move_to(first.number)
    quiet = house.night(environment=environment)
    assert quiet.summary["changed"] is False
    pointer = house.releases.current()
    assert pointer is not None and pointer.number == first.number, (
        "a quiet night leaves readers where they were put"
    )

    write_records(ward / "c.ndjson", [condition("e", 1, "v")])
    house.night(environment=environment)
    latest = house.releases.current()
    assert latest is not None and latest.number > second.number


def test_asked_to_reprocess_it_reads_all_and_changes_nothing(house: House) -> None:
    ward = house.add("ward")
    write_records(ward / "a.ndjson", [patient(1), encounter("v", 1)])
    house.night()
    before = house.versions()
    night = house.night(reprocess=True)
    assert night.summary["sources"]["ward"]["read"] == 1
    assert night.fates("ward") == {"unchanged": 2}
    assert house.versions() == before


def test_verify_digests_again_and_finds_what_the_time_of_change_hides(house: House) -> None:
    ward = house.add("ward")
    path = write_records(ward / "a.ndjson", [patient(1), encounter("v", 1, "2023-05-06")])
    house.night()
    stat = path.stat()
    write_records(path, [patient(1), encounter("v", 1, "2023-05-07")])
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert house.night().fates("ward") == {"unchanged": 2}
    assert house.night(verify=True).fates("ward") == {"unchanged": 1, "accepted": 1}
