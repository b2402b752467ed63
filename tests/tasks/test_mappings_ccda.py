"""C-CDA documents all the way to rows of the lake: cleaned, de-identified, mapped, merged."""

from __future__ import annotations

import itertools
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from contracts.privacy import Profile
from stores import staging
from stores.staging import Manifest
from tasks.merging import LEDGER_COLUMNS, Merge, merge_presences
from tasks.processing import Processed
from tasks.publishing import account_source
from tasks.versions import open_versions
from tests.conformance import ccda_sample as c
from tests.tasks.rooms import Room, make_room

Rows = dict[str, list[dict[str, Any]]]
_SCHEMA = dict.fromkeys(LEDGER_COLUMNS, pl.String) | {"_owner": pl.Int64, "digest": pl.Int64}
NOTHING = pl.DataFrame(schema=_SCHEMA)


def merge(
    room: Room, manifests: list[Manifest], ledger: pl.DataFrame = NOTHING, gone: list[str] | None = None
) -> Merge:
    """What one night makes of these units, after the nights of the ledger."""
    return merge_presences(
        manifests, ledger, gone or [], lambda frame: open_versions(frame, room.work.key), incremental=True
    )


def standing(room: Room, manifests: list[Manifest], merged: Merge) -> Rows:
    """The rows that stand, without what only staging needs."""
    won = {(unit, record) for _, unit, record in merged.winners.iter_rows()}
    found: Rows = {}
    for manifest in manifests:
        for table in manifest.tables:
            for batch in manifest.batches(table):
                rows = [row for row in batch.to_pylist() if (manifest.unit.unit, row["_record"]) in won]
                found.setdefault(table, []).extend({k: v for k, v in r.items() if k[0] != "_"} for r in rows)
    account, _ = account_source(manifests, merged, [], len(merged.removed))
    assert account.balanced
    return found


def night(room: Room, *documents: str) -> tuple[Rows, list[Processed]]:
    """The rows that stand after one night of these documents, and what became of each."""
    for number, document in enumerate(documents):
        (room.folder / f"{number}.xml").write_text(document)
    done = room.process()
    manifests = staging.manifests(room.work.home.staging, room.source.name)
    return standing(room, manifests, merge(room, manifests)), done


def test_a_document_as_a_clinician_reads_it(tmp_path: Path) -> None:
    found, done = night(make_room(tmp_path, "ccda"), c.everything(c.ZEBEDIAH))
    assert done[0].reason == "" and done[0].account["fates"]["quarantined"] == 0
    stay, seen = sorted(found["omop.visit_occurrence"], key=lambda row: row["visit_concept_id"])
    assert (stay["visit_concept_id"], stay["discharged_to_source_value"]) == (9201, "01")
    assert (stay["visit_end_datetime"] - stay["visit_start_datetime"]).total_seconds() == (
        2 * 24 + 3.5
    ) * 3600
    assert (seen["visit_concept_id"], seen["visit_source_value"], seen["source_vocabulary"]) == (
        9202,
        "99213",
        "CPT4",
    )
    (problem,) = found["omop.condition_occurrence"]
    assert (problem["condition_source_value"], problem["visit_occurrence_id"]) == (
        "38341003",
        stay["visit_occurrence_id"],
    )
    panel, glucose = sorted(
        found["omop.measurement"], key=lambda row: row["measurement_source_value"], reverse=True
    )
    panel, glucose = (panel, glucose) if panel["value_as_number"] is None else (glucose, panel)
    assert (glucose["value_as_number"], glucose["unit_source_value"]) == (182, "mg/dL")
    assert glucose["measurement_event_id"] == panel["measurement_id"]
    kinds = {(row["drug_source_value"], row["drug_type_concept_id"]) for row in found["omop.drug_exposure"]}
    assert kinds == {("860975", 32830), ("140", 32818)}
    told = {
        (row["observation_source_value"], row["value_source_value"], row["qualifier_source_value"])
        for row in found["omop.observation"]
    }
    assert told == {("419511003", "7980", "247472004"), ("72166-2", "8517006", None)}
    assert found["omop.procedure_occurrence"][0]["modifier_source_value"] == "66754008"
    assert found["omop.device_exposure"][0]["device_source_value"] == "72506001"
    (patient,) = found["records.patient"]
    assert (patient["zip3"], patient["state"], patient["gender_source_value"]) == ("021", "MA", "F")
    assert {row["record_type"] for row in found["records.unmapped"]} == {
        "ClinicalDocument",
        "CDA_family_organizer",
    }
    places = {row["place_id"] for row in found["records.place"] if row["kind"] == "care_site"}
    assert stay["care_site_id"] in places and patient["care_site_id"] in places


@pytest.mark.parametrize("profile", list(Profile))
def test_nothing_that_names_the_person_is_left(tmp_path: Path, profile: Profile) -> None:
    text = "".join(f"<tr><td>{canary}</td><td>no fever</td></tr>" for canary in c.ZEBEDIAH.canaries)
    note = c.section("8648-8", "Course", f"<table><tbody>{text}</tbody></table>")
    plan = c.section(
        "18776-5", f"Plan for {c.ZEBEDIAH.given}", "",
        c.result("o", c.GLUCOSE, f'<value xsi:type="ST">ask {c.ZEBEDIAH.contact} of {c.ZEBEDIAH.family}</value>'),
    )  # fmt: skip
    found, _ = night(make_room(tmp_path, "ccda", profile), c.document(note, plan), c.everything(c.ZEBEDIAH))
    told = repr(found).lower()
    assert not [canary for canary in c.ZEBEDIAH.canaries if canary.lower() in told]
    assert sum("no fever" in row["note_text"] for row in found["omop.note"]) == 1
    if profile is Profile.SAFE_HARBOR:
        assert all(
            (day.month, day.day) == (1, 1) for rows in found.values() for row in rows for day in _dates(row)
        )


def _dates(row: dict[str, Any]) -> list[date]:
    return [value for value in row.values() if isinstance(value, date)]


def test_a_refusal_is_an_observation_and_no_exposure(tmp_path: Path) -> None:
    refused = c.medication("i", c.INFLUENZA, negated=True)
    found, _ = night(
        make_room(tmp_path, "ccda"), c.document(c.section("11369-6", "Immunizations", "", refused))
    )
    assert not found.get("omop.drug_exposure")
    (row,) = found["omop.observation"]
    assert (row["observation_source_value"], row["value_source_value"]) == ("not given", "140")


def test_impossible_statements_are_held_back_alone(tmp_path: Path) -> None:
    section = c.section(
        "11450-4", "Problems", "",
        c.problem("a", c.HYPERTENSION, low="20230231"), c.problem("b", c.HYPERTENSION, low="20230504", high="2022"),
        c.problem("c", c.HYPERTENSION),
    )  # fmt: skip
    found, done = night(make_room(tmp_path, "ccda"), c.document(section))
    assert done[0].account["reasons"] == {"impossible-date": 1, "condition-ends-before-start": 1}
    assert len(found["omop.condition_occurrence"]) == 1


# documents that follow one another

DIABETES = c.code("44054006", c.SNOMED, "Diabetes", "value", kind="CD")


def problems(*numbers: str, value: str = c.HYPERTENSION, **more: Any) -> str:
    """A document that lists these problems."""
    listed = [c.problem(number, value) for number in numbers]
    text = f"<paragraph>{', '.join(numbers)}</paragraph>"
    return c.document(c.section("11450-4", "Problems", text, *listed), **more)


SNAPSHOTS = (
    problems("p1", number="monday", made="20230506"),
    problems("p1", "p2", number="tuesday", made="20230507"),
    problems("p1", value=DIABETES, number="wednesday", made="20230508"),
)
VERSIONS = (
    problems("p1", "wrong", number="d1", made="20230506", versions=c.versioned("set", 1)),
    problems("p1", number="d2", made="20230507", versions=c.versioned("set", 2)),
    problems("p9", number="other", made="20230401"),
)
REPLACED = (
    problems("p1", "wrong", number="d1", made="20230506"),
    problems("p1", number="d2", made="20230507", related=c.replaces("d1")),
    problems("p2", number="d3", made="20230508", related=c.replaces("d2", "APND")),
)


def told_by(found: Rows) -> tuple[Counter[str], int]:
    """The conditions by code, and how many notes there are."""
    codes = Counter(row["condition_source_value"] for row in found["omop.condition_occurrence"])
    return codes, len(found["omop.note"])


@pytest.mark.parametrize(
    ("documents", "codes", "notes"),
    [
        (SNAPSHOTS, {"38341003": 1, "44054006": 1}, 3),  # p2 as on Tuesday, p1 as on Wednesday
        (
            VERSIONS,
            {"38341003": 2},
            2,
        ),  # what the second version leaves out is gone, and the first one's note
        (REPLACED, {"38341003": 2}, 2),  # an appendix stands beside what it is appended to
    ],
)
def test_the_newest_statement_stands_whatever_arrives_first(
    tmp_path: Path, documents: tuple[str, ...], codes: dict[str, int], notes: int
) -> None:
    seen = []
    for number, order in enumerate(itertools.permutations(documents)):
        (tmp_path / str(number)).mkdir()
        found, _ = night(make_room(tmp_path / str(number), "ccda"), *order)
        assert told_by(found) == (Counter(codes), notes)
        seen.append({table: sorted(map(repr, rows)) for table, rows in found.items() if rows})
    assert all(one == seen[0] for one in seen[1:])


@pytest.mark.parametrize("documents", [VERSIONS, REPLACED])
def test_a_new_version_in_another_night_takes_out_what_it_leaves_out(
    tmp_path: Path, documents: tuple[str, ...]
) -> None:
    for name, order in (("forwards", (0, 1)), ("backwards", (1, 0))):
        (tmp_path / name).mkdir()
        room = make_room(tmp_path / name, "ccda")
        for number, document in enumerate(documents[:2]):
            (room.folder / f"{number}.xml").write_text(document)
        room.process()
        old_first = sorted(
            staging.manifests(room.work.home.staging, room.source.name),
            key=lambda m: sum(1 for b in m.batches("omop.condition_occurrence") for _ in b.to_pylist()),
            reverse=True,
        )
        one, two = (old_first[index] for index in order)
        first = merge(room, [one])
        second = merge(room, [two], first.ledger)
        assert first.removed == [] and not second.dirty
        if (
            name == "forwards"
        ):  # the wrong problem, the first version's note and, where it was another, the document
            assert len(second.removed) >= 1
            gone = {row["_owner"] for b in one.batches("omop.condition_occurrence") for row in b.to_pylist()}
            stays = {row["_owner"] for b in two.batches("omop.condition_occurrence") for row in b.to_pylist()}
            assert gone - stays <= set(second.removed) <= set(second.rewritten)
        else:
            assert second.removed == [] and second.winners.is_empty()
        account, _ = account_source([two], second, [], len(second.removed))
        assert account.balanced


def test_a_version_that_goes_brings_back_the_one_before(tmp_path: Path) -> None:
    room = make_room(tmp_path, "ccda")
    for number, document in enumerate(VERSIONS[:2]):
        (room.folder / f"{number}.xml").write_text(document)
    room.process()
    manifests = staging.manifests(room.work.home.staging, room.source.name)
    first = merge(room, manifests)
    by_problems = sorted(manifests, key=lambda m: m.rows("omop.condition_occurrence"))
    newer, older = by_problems[0].unit.unit, by_problems[1].unit.unit
    after = merge(room, [], first.ledger, [newer])
    assert after.dirty == [older], "it holds what stands again, and is read anew"
