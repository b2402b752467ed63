"""The night round over the demo hospital: how it ends, what it leaves in Prefect, and that it can be made again."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from nightrounds.demo.hospital import Hospital, make_hospital
from nightrounds.demo.night import DAYS, Folder, deliver_night
from tests.flows.exports import encounter, patient, write_records
from tests.flows.harness import Server
from tests.flows.house import House, Night, make_house
from tests.leaks.findings import Finding
from tests.leaks.identifiers import Identifiers, collect
from tests.leaks.scanner import scan

_ROUND = {
    "survey ehr", "survey crosswalk", "resolve persons", "process ehr", "publish ehr", "process pacs", "publish lab",
    "derive", "embed notes", "embed images", "link graph", "release", "report",
}  # fmt: skip


@dataclass
class Nights:
    """Both nights of the demo hospital in one home, and what stood after each."""

    hospital: Hospital
    house: House
    nights: list[Night]
    digests: list[dict[str, str]]


def deliver(hospital: Hospital, house: House, night: int) -> None:
    """Let a night's exports arrive beside the earlier ones."""
    house.sources = {s.name: s for s in deliver_night(hospital, Folder(house.root), night)}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, server: Server) -> Nights:
    root = tmp_path_factory.mktemp("nights")
    made = Nights(make_hospital(root / "hospital"), make_house(root, seed="7"), [], [])
    for number in (1, 2):
        deliver(made.hospital, made.house, number)
        made.nights.append(made.house.night(day=DAYS[number], sync=True))
        made.digests.append(made.house.digests())
    return made


def test_both_nights_end_with_what_is_held_back(demo: Nights) -> None:
    for night in demo.nights:
        assert night.state.name == "Completed with quarantine"
        assert night.exit_code == 3
        assert all(source["balanced"] for source in night.summary["sources"].values())
        assert not any(
            source["problem"] or source["failures"] for source in night.summary["sources"].values()
        )
    assert [night.summary["release"] for night in demo.nights] == [1, 2]


def test_the_round_leaves_its_summary_and_accounting_in_prefect(demo: Nights) -> None:
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId

    night = demo.nights[1]
    wanted = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[night.state.state_details.flow_run_id]))
    with get_client(sync_client=True) as client:
        found = {a.key: a for a in client.read_artifacts(artifact_filter=wanted)}
    assert {"night-round", "accounting", "units"} <= found.keys()
    text = str(found["night-round"].data)
    assert "# Night round 2" in text and "## Accounting" in text and "## Seconds" in text
    rows = found["accounting"].data
    assert isinstance(rows, str)
    for source in demo.house.sources:
        assert f'"{source}"' in rows


def test_every_stage_is_a_task_of_the_round(demo: Nights) -> None:
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId, FlowRunFilterParentFlowRunId

    run = demo.nights[0].state.state_details.flow_run_id
    with get_client(sync_client=True) as client:
        children = client.read_flow_runs(
            flow_run_filter=FlowRunFilter(parent_flow_run_id=FlowRunFilterParentFlowRunId(any_=[run]))
        )
        wanted = FlowRunFilter(id=FlowRunFilterId(any_=[run, *(child.id for child in children)]))
        names = {t.name.rsplit("-", 1)[0] for t in client.read_task_runs(flow_run_filter=wanted)}
    assert len(children) == 3
    assert names >= _ROUND


def _identifiers(hospital: Hospital) -> Identifiers:
    """Every identifier of the exports, and those that the truth about them lists."""
    places: dict[str, list[str | Path]] = {"fhir": [], "dicom": [], "vcf": []}
    for source in hospital.sources:
        if source["kind"] in places:
            places[source["kind"]] += list(source["location"].values())
    found = collect(places)
    listed = set(hospital.truth["identifiers"])
    for kind, values in hospital.truth["identifiers_by_kind"].items():
        for value in listed.intersection(values):
            found.add(kind, value)
    # what test images that ship with pydicom call their patient and operator, and a report its observers
    found.ordinary.update({"first", "operator", "observer", "verifying", "enter", "text"})
    return found.settle()


def test_no_identifier_is_in_the_home_or_in_prefects_database(demo: Nights, server: Server) -> None:
    copy = demo.house.home.prefect / "server.db"
    server.copy_database(copy)
    import sqlite3

    with sqlite3.connect(copy) as connection:
        assert connection.execute("SELECT count(*) FROM log").fetchone()[0] > 20
        assert connection.execute("SELECT count(*) FROM artifact").fetchone()[0] >= 6
    leaks = [f for f in scan(demo.house.home.path, _identifiers(demo.hospital)) if f.certain]
    copy.unlink()
    assert [finding for finding in leaks if not _stays(finding)] == []


def _stays(finding: Finding) -> bool:
    """Clinicians and institutions are not looked for in the text of notes: `docs/privacy.md` says so."""
    in_a_note = finding.file.startswith(("lake/omop/note/", "vectors/note_"))
    return in_a_note and finding.kind in {"dicom_staff_name", "dicom_staff_name_full", "institution"}


def test_the_same_night_again_changes_nothing(demo: Nights) -> None:
    before = demo.house.versions()
    again = demo.house.night(day=DAYS[2])
    assert demo.house.versions() == before
    assert again.summary["changed"] is False
    assert again.state.name == "Completed with quarantine", "what is held back stays so"
    for name, source in again.summary["sources"].items():
        assert source["read"] == 0, name
        assert set(again.fates(name)) <= {"unchanged", "quarantined"}


def test_images_can_be_refreshed_alone(demo: Nights) -> None:
    from flows.night_round import refresh_images

    before = demo.house.versions()
    night = demo.house.night(day=DAYS[2], flow=refresh_images)
    assert night.state.name == "Completed with quarantine"
    assert set(night.summary["sources"]) == {"crosswalk", "pacs"}
    assert demo.house.versions() == before


def test_a_round_on_two_worker_processes_gives_the_same_lake(demo: Nights, tmp_path: Path) -> None:
    """Another home of the same seed, on a Dask cluster, to the row."""
    house = make_house(tmp_path, seed="7")
    deliver(demo.hospital, house, 1)
    night = house.night(
        day=DAYS[1], environment={"NIGHTROUNDS_DASK__MODE": "local", "NIGHTROUNDS_DASK__WORKERS": "2"}
    )
    assert night.state.name == "Completed with quarantine"
    for name, source in demo.nights[0].summary["sources"].items():
        assert night.summary["sources"][name]["account"] == source["account"], name
    assert house.digests() == demo.digests[0]


def test_a_clean_night_is_completed_and_judges_by_its_own_date(house: House) -> None:
    """The machine's zone is half a day from UTC; the round's date is the one that it is told."""
    assert time.strftime("%Z") == "IST"
    ward = house.add("ward")
    write_records(ward / "a.ndjson", [patient(1), encounter("v", 1, "2024-03-13")])
    night = house.night(day="2024-03-12")
    assert (night.state.name, night.exit_code) == ("Completed", 0)
    account: dict[str, Any] = night.summary["sources"]["ward"]["account"]
    assert account["warnings"] == {"visit-starts-in-future": 1}
    assert date.fromisoformat(night.summary["started"][:10]) <= date.fromisoformat(
        night.summary["ended"][:10]
    )
    again = house.night(day="2024-03-14", reprocess=True)
    assert again.summary["sources"]["ward"]["account"]["warnings"] == {}
