"""HL7 v2 messages all the way to rows of the lake: cleaned, de-identified, mapped, merged."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from contracts.privacy import Profile
from contracts.schemas import LAKE
from stores import staging
from tasks.merging import LEDGER_COLUMNS, merge_presences
from tasks.processing import Processed
from tasks.publishing import account_source
from tasks.versions import open_versions
from tests import hl7v2_messages as m
from tests.tasks.rooms import Room, make_room

Rows = dict[str, list[dict[str, Any]]]


def night(room: Room, *files: Sequence[str]) -> tuple[Rows, list[Processed]]:
    """The rows that stand after one night of these files, and what became of each."""
    for number, messages in enumerate(files):
        (room.folder / f"{number}.hl7").write_bytes(m.mllp(*messages))
    done = room.process()
    manifests = staging.manifests(room.work.home.staging, room.source.name)
    schema = dict.fromkeys(LEDGER_COLUMNS, pl.String) | {"_owner": pl.Int64, "digest": pl.Int64}
    merge = merge_presences(
        manifests, pl.DataFrame(schema=schema), [], lambda frame: open_versions(frame, room.work.key)
    )
    won = {(unit, record) for _, unit, record in merge.winners.iter_rows()}
    found: Rows = {}
    for manifest in manifests:
        for table in manifest.tables:
            for batch in manifest.batches(table):
                rows = [row for row in batch.to_pylist() if (manifest.unit.unit, row["_record"]) in won]
                found.setdefault(table, []).extend({k: v for k, v in r.items() if k[0] != "_"} for r in rows)
    account, _ = account_source(manifests, merge, [], len(merge.removed))
    assert account.balanced
    return found, done


def test_a_stay_as_a_clinician_reads_it(tmp_path: Path) -> None:
    found, done = night(make_room(tmp_path, "hl7v2"), m.everything())
    assert [one.reason for one in done] == [""] and done[0].account["fates"]["quarantined"] == 0
    (visit,) = found["omop.visit_occurrence"]
    assert (visit["visit_concept_id"], visit["discharged_to_source_value"]) == (9201, "01")
    assert visit["visit_end_datetime"] - visit["visit_start_datetime"] == timedelta(
        days=2, hours=3, minutes=30
    )
    glucose = next(r for r in found["omop.measurement"] if r["measurement_source_value"] == "2345-7")
    told = (
        "value_as_number",
        "unit_source_value",
        "range_low",
        "range_high",
        "source_vocabulary",
        "visit_occurrence_id",
    )
    assert [glucose[n] for n in told] == [182.0, "mg/dL", 70.0, 99.0, "LOINC", visit["visit_occurrence_id"]]
    assert glucose["measurement_datetime"] - visit["visit_start_datetime"] == timedelta(hours=1, minutes=5)
    limits = {r["measurement_source_value"]: r["operator_concept_id"] for r in found["omop.measurement"]}
    assert (limits["33914-3"], limits["718-7"], limits["2345-7"]) == (4172704, 4171756, None)
    due = next(r for r in found["omop.measurement"] if r["measurement_source_value"] == "11778-8")
    assert due["value_source_value"] not in ("2023-11-24", None)
    assert {r["condition_source_value"] for r in found["omop.condition_occurrence"]} == {"I21.4", "E11.9"}
    assert {(r["drug_source_value"], r["drug_type_concept_id"]) for r in found["omop.drug_exposure"]} == {
        ("140", 32818),
        ("860975", 32838),
    }
    stated = {
        (r["source_vocabulary"], r["observation_source_value"], r["value_source_value"])
        for r in found["omop.observation"]
    }
    assert {("HL70127", "DA", "7980"), ("HL70127", "FA", "Peanuts"), ("NIP002", "00", "21")} <= stated
    assert {r["procedure_source_value"] for r in found["omop.procedure_occurrence"]} == {"92928"}
    assert Counter(r["record_type"] for r in found["records.unmapped"]) == {"PV2": 1, "NTE": 1, "SIU_S12": 1}
    assert len(found["records.patient"]) == 2 and len(found["records.provider"]) == 4


@pytest.mark.parametrize("profile", list(Profile))
def test_nothing_by_which_a_person_could_be_told_comes_out(profile: Profile, tmp_path: Path) -> None:
    found, _ = night(make_room(tmp_path, "hl7v2", profile), m.everything())
    text = str(found).lower()
    assert [c for p in (m.ZEBEDIAH, m.OTTOLINE) for c in p.canaries if c and c.lower() in text] == []
    if profile is Profile.SAFE_HARBOR:
        days = {v for t in found.values() for r in t for k, v in r.items() if k.endswith("_date") and v}
        assert {(d.month, d.day) for d in days if hasattr(d, "month")} == {(1, 1)}
        assert '"date":"2023"' in found["records.unmapped"][-1]["resource"]


def result(value: str, status: str, sent: str) -> str:
    return m.message(
        m.msh("ORU^R01", sent=sent), m.pid(), m.obr(), m.obx(1, "NM", m.GLUCOSE, value, status=status)
    )


STORY = [
    m.admission(),
    result("181", "P", "20230504110000-0400"),
    result("182", "F", "20230504120000-0400"),
    result("128", "C", "20230504130000-0400"),
    m.discharge(),
    m.document(),
    m.document("T10", "DOC-4411", parent="DOC-4410", sent="20230507070000-0400"),
]


@pytest.mark.parametrize("seed", range(3))
def test_the_newest_message_wins_in_any_order_and_any_split(seed: int, tmp_path: Path) -> None:
    chance, messages = random.Random(seed), list(STORY)
    chance.shuffle(messages)
    cut = chance.randrange(1, len(messages))
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    plain, _ = night(make_room(tmp_path / "a", "hl7v2"), STORY)
    mixed, _ = night(make_room(tmp_path / "b", "hl7v2"), messages[:cut], messages[cut:])
    assert _content(mixed) == _content(plain)
    assert [r["value_as_number"] for r in plain["omop.measurement"]] == [128.0]
    assert len(plain["omop.note"]) == len(plain["omop.visit_occurrence"]) == 1


def _content(found: Rows) -> dict[str, list[str]]:
    return {t: sorted(map(str, rows)) for t, rows in found.items() if rows and t in LAKE}


def test_what_is_cancelled_is_gone(tmp_path: Path) -> None:
    cancelled = m.message(m.msh("ADT^A11", sent="20230508"), m.evn("A11"), m.pid(), m.pv1())
    wrong = result("128", "W", "20230509120000-0400")
    gone = m.document("T11", "DOC-4411", sent="20230510070000-0400")
    found, done = night(make_room(tmp_path, "hl7v2"), [*STORY, cancelled, wrong, gone])
    assert all(not found.get(t) for t in ("omop.visit_occurrence", "omop.measurement", "omop.note"))
    assert done[0].account["fates"]["removed"] == 4  # visit, result, note, and the note that another replaced


def test_merged_numbers_are_one_person(tmp_path: Path) -> None:
    old = m.Patient(number="MRN-OLD7")
    separate = [m.admission(), m.admission(old, "V0990")]
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    found, _ = night(make_room(tmp_path / "a", "hl7v2"), separate)
    assert len({r["person_id"] for r in found["omop.visit_occurrence"]}) == 2
    found, _ = night(make_room(tmp_path / "b", "hl7v2"), separate, [m.merge("MRN-8801277", "MRN-OLD7")])
    assert len(found["omop.visit_occurrence"]) == 2
    assert len({r["person_id"] for t in found.values() for r in t if "person_id" in r}) == 1


def test_impossible_statements_are_held_back_alone(tmp_path: Path) -> None:
    odd = m.message(
        m.msh("ORU^R01"),
        m.pid(m.Patient(birth="29990101")),
        m.obr(),
        m.obx(1, "NM", m.GLUCOSE, "1", when="20230231"),
        m.obx(2, "NM", "718-7^Hemoglobin^LN", "13"),
    )
    late = m.message(m.msh("ADT^A03"), m.evn("A03"), m.pid(), m.pv1("V2", discharged="20230101"))
    undated = m.message(m.msh("ADT^A08"), m.pid(), m.pv1("V3", admitted=""))
    found, done = night(make_room(tmp_path, "hl7v2"), [odd, late, undated])
    assert done[0].account["reasons"] == {
        "birth-in-future": 1,
        "impossible-date": 1,
        "missing-start-date": 1,
        "visit-ends-before-start": 1,
    }
    assert [r["measurement_source_value"] for r in found["omop.measurement"]] == ["718-7"]
