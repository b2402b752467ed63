"""Nights over a real Orthanc: every instance arrives exactly once, whatever dies in between."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from threading import Event, Thread

import pytest

from flows.rounds import SourceOutcome
from tests.pacs.night import Ward, make_ward
from tests.pacs.orthanc import Orthanc
from tests.pacs.studies import instance, studies

ALL = 500


def kill_when(orthanc: Orthanc, ward: Ward, landed: int, over: Event) -> Thread:
    """Kill Orthanc as soon as so many instances have landed."""

    def watch() -> None:
        while not over.is_set() and sum(1 for _ in ward.room.home.landing.glob("*/*.sealed")) < landed:
            time.sleep(0.01)
        orthanc.kill()

    thread = Thread(target=watch)
    thread.start()
    return thread


@pytest.mark.parametrize("kind", ["dicomweb", "dimse"])
def test_every_instance_arrives_once_though_the_pacs_is_killed(
    kind: str, orthanc: Orthanc, quick: Path
) -> None:
    made = list(studies())
    orthanc.store(made)
    assert orthanc.instances == ALL
    ward, over = make_ward(quick / "home", orthanc, kind, associations="4"), Event()

    watcher = kill_when(orthanc, ward, 100, over)
    struck = ward.night()
    over.set()
    watcher.join()
    arrived = ALL - len(struck.failures)
    assert struck.listed == ALL and 100 <= arrived < ALL
    assert {failure.error for failure in struck.failures.values()} <= {"Unreachable", "Retriable"}
    assert len(ward.rows()) == arrived, "what had come is published all the same"

    orthanc.start()
    healed = ward.night()
    assert not healed.failures and not healed.problem
    assert healed.listed == ALL and read_as_new(healed) == ALL - arrived, "what has come is not fetched again"
    assert_all_once(ward, ALL)

    quiet = ward.night()
    assert quiet.listed == 0 and not quiet.to_read and not quiet.failures
    assert "500" not in ward.told[-1] and "0 instances to compare" in ward.told[-1]
    assert_all_once(ward, ALL)

    # the study grows: images that came late in one series, and a series that was not there
    orthanc.store([instance(1, 1, 1, number, day="20260227") for number in (11, 12, 13)])
    orthanc.store([instance(1, 1, 6, number, day="20260227") for number in (1, 2)])
    grown = ward.night()
    assert read_as_new(grown) == 5 and not grown.failures
    assert grown.listed == 13 + 2, "only series that grew are asked for their instances"
    assert "1 grown" in ward.told[-1]
    assert_all_once(ward, ALL + 5)


def read_as_new(outcome: SourceOutcome) -> int:
    """How many were fetched; others are read again where more became known of their person."""
    return sum("new" in why for why in outcome.reasons.values())


def assert_all_once(ward: Ward, expected: int) -> None:
    rows = ward.rows("instance_id", "series_id", "study_id", "person_id")
    assert len(rows) == expected
    assert len({row["instance_id"] for row in rows}) == expected
    assert len({row["study_id"] for row in rows}) == 10 and len({row["person_id"] for row in rows}) == 5
    by_person = Counter(row["person_id"] for row in rows)
    assert sorted(by_person.values())[:4] == [100] * 4
