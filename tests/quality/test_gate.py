"""The gate rejects what is wrong, with the right reason, and nothing else; and its results hold no value."""

from __future__ import annotations

import json
import threading
from collections import Counter
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.errors import Fatal
from quality.gate import RowVerdict, judge_rows, judge_table, merge_verdicts
from quality.suites import OVERLAY_VARIABLE, Suite
from tests.quality.rows import GOOD, LARGE, TODAY, make_rows

FAR, EARLY = date(2027, 3, 3), date(1849, 12, 31)
BAD: list[tuple[str, dict[str, Any], str]] = [
    ("records.patient", {"person_id": None}, "no-person"),
    ("records.patient", {"birth_date": FAR, "death_date": None}, "impossible-birth-date"),
    ("records.patient", {"birth_date": date(1, 1, 1)}, "impossible-birth-date"),
    ("records.patient", {"year_of_birth": 2027}, "impossible-year-of-birth"),
    ("records.patient", {"death_date": FAR}, "impossible-death-date"),
    ("records.patient", {"zip3": "02138"}, "zip-too-precise"),
    ("records.patient", {"state": "Cambridge"}, "state-not-a-code"),
    ("omop.visit_occurrence", {"visit_occurrence_id": None}, "no-id"),
    ("omop.visit_occurrence", {"person_id": None}, "no-person"),
    ("omop.visit_occurrence", {"visit_start_date": None}, "missing-visit-start"),
    ("omop.visit_occurrence", {"visit_start_date": EARLY}, "impossible-visit-start"),
    ("omop.visit_occurrence", {"visit_end_date": date(9999, 12, 31)}, "impossible-visit-end"),
    ("omop.visit_occurrence", {"visit_end_date": date(2019, 12, 31)}, "visit-ends-before-start"),
    ("omop.visit_occurrence", {"visit_end_datetime": datetime(2020, 1, 1, 6, 59)}, "visit-ends-before-start"),
    ("records.patient", {"death_date": date(1978, 12, 31)}, "death-before-birth"),
    ("omop.condition_occurrence", {"condition_end_date": date(2018, 12, 30)}, "condition-ends-before-start"),
    ("omop.condition_occurrence", {"condition_start_date": None}, "missing-condition-start"),
    ("omop.condition_occurrence", {"condition_start_date": EARLY}, "impossible-condition-start"),
    ("omop.visit_detail", {"visit_occurrence_id": None}, "no-visit"),
    ("omop.visit_detail", {"visit_detail_end_date": date(2019, 12, 31)}, "visit-detail-ends-before-start"),
    ("omop.drug_exposure", {"drug_exposure_end_date": date(2018, 12, 30)}, "drug-ends-before-start"),
    ("omop.drug_exposure", {"drug_exposure_end_date": date(2038, 1, 1)}, "impossible-drug-end"),
    ("omop.drug_exposure", {"quantity": -1.0}, "negative-quantity"),
    ("omop.drug_exposure", {"days_supply": -30}, "negative-days-supply"),
    ("omop.drug_exposure", {"refills": -1}, "negative-refills"),
    (
        "omop.procedure_occurrence",
        {"procedure_date": EARLY, "procedure_end_date": None},
        "impossible-procedure-date",
    ),
    ("omop.procedure_occurrence", {"procedure_end_date": date(2018, 12, 30)}, "procedure-ends-before-start"),
    ("omop.device_exposure", {"quantity": -1}, "negative-quantity"),
    ("omop.device_exposure", {"device_exposure_end_date": date(9999, 1, 1)}, "impossible-device-end"),
    ("omop.measurement", {"value_as_number": float("inf")}, "impossible-value"),
    ("omop.measurement", {"measurement_concept_id": None}, "no-concept"),
    ("omop.observation", {"observation_date": FAR}, "impossible-observation-date"),
    ("omop.specimen", {"quantity": -0.5}, "negative-quantity"),
    ("omop.payer_plan_period", {"payer_plan_period_end_date": date(2019, 1, 1)}, "plan-ends-before-start"),
    ("omop.cost", {"total_charge": float("inf")}, "impossible-amount"),
    ("omop.episode", {"episode_end_date": date(2018, 1, 1)}, "episode-ends-before-start"),
    ("records.place", {"kind": "house"}, "unknown-place-kind"),
    ("records.place", {"zip3": "02138"}, "zip-too-precise"),
    ("records.place", {"state": "02138"}, "state-not-a-name"),
    ("records.provider", {"preferred": None}, "no-statement-on-preference"),
    ("records.observation_period", {"end_date": date(2019, 12, 31)}, "period-ends-before-start"),
    ("omop.note", {"note_text": None}, "missing-text"),
    ("omop.note", {"note_text": " \n\t"}, "blank-text"),
    ("omop.note", {"note_date": FAR}, "impossible-note-date"),
    ("records.unmapped", {"resource": "Peter Smith"}, "malformed-content"),
    ("records.unmapped", {"record_type": "peter smith"}, "malformed-record-type"),
    ("imaging.instance", {"sop_instance_uid": None}, "no-uid"),
    ("imaging.instance", {"sop_instance_uid": "SMITH.1"}, "malformed-uid"),
    ("genomics.file", {"number_of_samples": -1}, "impossible-number-of-samples"),
    ("genomics.sample", {"sample_index": -1}, "impossible-sample-index"),
    ("genomics.variant", {"position": -1}, "impossible-position"),
    ("genomics.variant", {"reference": "Q"}, "impossible-reference"),
    ("genomics.variant", {"contig": "chr 1"}, "malformed-contig"),
    ("genomics.variant", {"alternates": None}, "no-alternates"),
    ("genomics.call", {"record_id": None}, "no-id"),
]
ODD: list[tuple[str, dict[str, Any], str]] = [
    ("records.patient", {"death_date": date(1980, 1, 1)}, "death-day-before-birth"),
    ("omop.visit_occurrence", {"visit_concept_id": 0}, "unmapped-visit-class"),
    ("omop.condition_occurrence", {"condition_end_date": date(2019, 1, 1)}, "condition-end-day-before-start"),
    ("omop.visit_detail", {"visit_detail_concept_id": 0}, "unmapped-visit-class"),
    ("omop.drug_exposure", {"drug_exposure_end_date": date(2019, 12, 1)}, "drug-end-day-before-start"),
    ("omop.drug_exposure", {"drug_exposure_end_date": date(2028, 6, 1)}, "drug-end-ahead"),
    ("omop.drug_exposure", {"verbatim_end_date": date(2019, 12, 1)}, "drug-stated-end-before-start"),
    ("omop.drug_exposure", {"quantity": 0.0}, "zero-quantity"),
    ("omop.drug_exposure", {"days_supply": 371}, "implausible-days-supply"),
    ("omop.drug_exposure", {"refills": 25}, "implausible-refills"),
    ("omop.procedure_occurrence", {"quantity": 0}, "zero-quantity"),
    (
        "omop.procedure_occurrence",
        {"procedure_end_datetime": datetime(2020, 1, 1)},
        "procedure-end-time-before-start",
    ),
    ("omop.device_exposure", {"device_exposure_end_date": date(2050, 1, 1)}, "device-end-ahead"),
    ("omop.measurement", {"value_as_number": -999.0, "unit_source_value": None}, "placeholder-value"),
    ("omop.measurement", {"range_low": 20.0}, "range-low-above-high"),
    ("omop.measurement", {"measurement_date": date(1949, 12, 31)}, "before-1950"),
    ("omop.measurement", {"measurement_source_value": None}, "no-source-value"),
    ("omop.observation", {"value_as_string": "x" * 10_001}, "very-long-value"),
    ("omop.payer_plan_period", {"payer_plan_period_end_date": date(9999, 12, 31)}, "plan-end-ahead"),
    ("omop.cost", {"total_paid": -5.0}, "negative-amount"),
    ("omop.episode", {"episode_number": 0}, "implausible-episode-number"),
    ("records.place", {"state": "Massachusetts"}, "state-not-a-code"),
    ("records.provider", {"year_of_birth": 2015}, "implausible-year-of-birth"),
    ("omop.note", {"visit_occurrence_id": None}, "note-without-visit"),
    ("imaging.instance", {"person_id": None}, "image-without-person"),
    ("imaging.instance", {"pixel_spacing_mm": [0.5]}, "malformed-pixel-spacing"),
    ("imaging.instance", {"bits_stored": 32}, "more-bits-stored-than-allocated"),
    ("genomics.variant", {"reference": "R"}, "ambiguous-reference"),
    ("genomics.variant", {"position": 0}, "telomere-position"),
    ("genomics.variant", {"end_position": 9}, "end-before-position"),
    ("genomics.call", {"genotype": []}, "empty-genotype"),
]


def _judge(table: str, *changes: dict[str, Any]) -> RowVerdict:
    return judge_rows(table, make_rows(table, *changes), today=TODAY)


@pytest.mark.parametrize("table", sorted(GOOD))
def test_good_rows_pass_without_a_warning(table: str) -> None:
    verdict = _judge(table, {}, {}, {})
    assert (verdict.rejected, dict(verdict.warnings), verdict.rows) == ([], {}, 3)


@pytest.mark.parametrize(("table", "change", "reason"), BAD)
def test_a_bad_row_alone_is_rejected(table: str, change: dict[str, Any], reason: str) -> None:
    assert _judge(table, {}, change, {}).rejected == [(1, reason)]
    assert _judge(table, change).rejected == [(0, reason)]


@pytest.mark.parametrize(("table", "change", "reason"), ODD)
def test_an_odd_row_is_counted_and_passes(table: str, change: dict[str, Any], reason: str) -> None:
    verdict = _judge(table, {}, change)
    assert (verdict.rejected, dict(verdict.warnings)) == ([], {reason: 1})


def test_days_shifted_into_the_future_pass_to_the_day() -> None:
    last, beyond = date(2027, 3, 2), date(2027, 3, 3)
    verdict = _judge("omop.note", {"note_date": last}, {"note_date": date(1850, 1, 1)}, {"note_date": beyond})
    assert verdict.rejected == [(2, "impossible-note-date")]


def test_the_first_critical_reason_wins() -> None:
    change = {"person_id": None, "visit_start_date": None, "visit_end_date": EARLY}
    assert _judge("omop.visit_occurrence", {}, change).rejected == [(1, "no-person")]


def test_the_hour_that_clocks_go_back_is_no_fault() -> None:
    times = {
        "visit_start_datetime": datetime(2022, 11, 6, 1, 52),
        "visit_end_datetime": datetime(2022, 11, 6, 0, 52),
    }
    assert _judge("omop.visit_occurrence", times).rejected == []


def test_pairs_with_a_null_pass() -> None:
    verdict = _judge("omop.visit_occurrence", {"visit_end_datetime": None}, {"visit_start_datetime": None})
    assert verdict.rejected == []


def test_a_batch_is_not_judged_by_the_one_before() -> None:
    first = _judge("omop.note", {}, {"person_id": None})
    second = _judge("omop.note", {"note_text": ""}, {})
    third = _judge("omop.note", {}, {})
    assert [first.rejected, second.rejected, third.rejected] == [[(1, "no-person")], [(0, "blank-text")], []]


def test_empty_batches_and_empty_columns() -> None:
    empty = judge_rows("omop.note", make_rows("omop.note", {}).slice(0, 0), today=TODAY)
    assert (empty.rows, empty.rejected) == (0, [])
    nothing = dict.fromkeys(GOOD["omop.note"])
    assert _judge("omop.note", nothing, nothing).rejected == [(0, "no-id"), (1, "no-id")]
    assert (
        _judge("imaging.instance", {"study_date": None, "rows": None, "pixel_spacing_mm": None}).rejected
        == []
    )


def test_columns_of_nulls_without_a_type() -> None:
    rows = make_rows("omop.note", {}, {})
    rows = rows.set_column(rows.schema.get_field_index("note_text"), "note_text", pa.nulls(2))
    assert judge_rows("omop.note", rows, today=TODAY).rejected == [(0, "missing-text"), (1, "missing-text")]


def test_chunks_are_one_batch() -> None:
    rows = pa.concat_tables([make_rows("omop.note", {}), make_rows("omop.note", {"note_text": None})])
    assert judge_rows("omop.note", rows, today=TODAY).rejected == [(1, "missing-text")]


def test_tables_without_a_suite_pass_everything() -> None:
    verdict = judge_rows("omop.person", pa.table({"person_id": [None, None]}), today=TODAY)
    assert (verdict.rejected, verdict.rows, verdict.suite) == ([], 2, "")
    whole = judge_table("omop.person", [verdict.to_json()], today=TODAY)
    assert whole.passed
    assert json.loads(json.dumps(whole.to_json()))["counts"]["rows"] == 2


def test_a_column_left_out_is_the_programs_fault_unless_it_is_set_later() -> None:
    rows = make_rows("genomics.variant", {})
    assert (
        judge_rows("genomics.variant", rows.drop_columns(["record_id", "file_id"]), today=TODAY).rejected
        == []
    )
    with pytest.raises(Fatal, match="no column position"):
        judge_rows("genomics.variant", rows.drop_columns(["position"]), today=TODAY)


def test_what_cannot_be_computed_is_told_without_values() -> None:
    rows = make_rows("omop.note", {})
    broken = rows.set_column(rows.schema.get_field_index("note_date"), "note_date", pa.array(["Zebedee"]))
    with pytest.raises(Fatal) as caught:
        judge_rows("omop.note", broken, today=TODAY)
    assert "impossible-note-date" in str(caught.value)
    assert "Zebedee" not in str(caught.value)


@pytest.fixture
def overlay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "suites").mkdir()
    monkeypatch.setenv(OVERLAY_VARIABLE, str(tmp_path))
    return tmp_path / "suites" / "omop.note.toml"


def test_ids_beyond_2_53_are_kept_apart(overlay: Path) -> None:
    overlay.write_text(_rule("expect_column_values_to_be_unique", 'column = "person_id"'))
    near: list[dict[str, Any]] = [{"person_id": LARGE - 1}, {"person_id": LARGE}, {"person_id": None}]
    assert _judge("omop.note", *near[:2]).rejected == []
    assert _judge("omop.note", *near).rejected == []
    assert _judge("omop.note", *near, {"person_id": LARGE}).rejected == [(1, "broken"), (3, "broken")]
    overlay.write_text(
        _rule("expect_column_values_to_be_between", f'column = "person_id"\nmax_value = {2**53}')
    )
    assert _judge("omop.note", *near).rejected == [(1, "broken")]


def test_an_expectation_that_blocks(overlay: Path) -> None:
    rule = _rule("expect_column_values_to_not_be_null", 'column = "note_title"\nmostly = 0.5')
    overlay.write_text(rule.replace("quarantine", "block"))
    verdict = _judge("omop.note", {"note_title": "a"}, {"note_title": None})
    assert verdict.rejected == []
    assert judge_table("omop.note", [verdict.to_json()], today=TODAY).passed
    worse = _judge("omop.note", {"note_title": None}, {"note_title": None})
    whole = judge_table("omop.note", [verdict.to_json(), worse.to_json()], today=TODAY)
    assert (whole.passed, whole.reasons) == (False, {"broken": 3})


def test_too_few_rows_block(overlay: Path) -> None:
    overlay.write_text(
        "[table]\nmin_rows = 3\n" + _rule("expect_column_values_to_not_be_null", 'column = "note_id"')
    )
    verdicts = [_judge("omop.note", {}, {}).to_json()]
    assert judge_table("omop.note", verdicts, today=TODAY).reasons == {"too-few-rows": 2}
    assert judge_table("omop.note", verdicts * 2, today=TODAY).passed


def _rule(kind: str, arguments: str) -> str:
    settings = 'severity = "critical"\non_failure = "quarantine"\nreason = "broken"\n'
    return f'[[expectation]]\ntype = "{kind}"\n{arguments}\n{settings}'


@pytest.mark.parametrize(
    ("bad", "good", "passed"), [(4, 16, True), (5, 15, False), (4, 15, True), (19, 0, True)]
)
def test_a_share_over_the_limit_blocks_once_enough_rows_were_judged(
    bad: int, good: int, passed: bool
) -> None:
    verdict = _judge("omop.note", *[{"note_text": None}] * bad, *[{}] * good)
    whole = judge_table("omop.note", [verdict.to_json()], today=TODAY)
    assert whole.passed is passed
    assert whole.reasons == ({} if passed else {"too-many-quarantined": bad, "missing-text": bad})


def test_small_units_are_judged_together() -> None:
    verdicts = [_judge("omop.note", {"note_text": None if n % 2 else "x"}).to_json() for n in range(2)]
    assert judge_table("omop.note", verdicts * 9, today=TODAY).passed
    assert not judge_table("omop.note", verdicts * 10, today=TODAY).passed


def test_nothing_judged_passes() -> None:
    assert judge_table("omop.note", [], today=TODAY).passed
    assert merge_verdicts([]) == {}


def test_verdicts_of_two_suites_do_not_add_up() -> None:
    one = _judge("omop.note", {}).to_json()
    with pytest.raises(Fatal, match="different suites"):
        merge_verdicts([one, {**one, "suite": "other"}])


def test_the_form_is_that_of_great_expectations_and_holds_counts_only() -> None:
    canary = "Sumiko254 Larue605"
    changes = [
        {"note_text": canary, "note_title": canary, "note_id": 987654321, "note_date": date(1801, 7, 9)}
    ] * 7
    verdict = _judge("omop.note", *changes)
    assert len(verdict.rejected) == 7
    whole = judge_table("omop.note", [verdict.to_json()], today=TODAY).to_json()
    text = json.dumps([verdict.to_json(), whole])
    for value in (canary, "Sumiko254", "987654321", "1801", "-61539"):
        assert value not in text
    failed = [r for r in whole["results"] if not r["success"]]
    assert [r["expectation_config"]["meta"]["name"].rpartition(":")[2] for r in failed] == [
        "impossible-note-date"
    ]
    assert failed[0]["result"]["unexpected_count"] == 7
    assert failed[0]["result"].keys() == {"element_count", "unexpected_count", "unexpected_percent"}
    assert failed[0]["expectation_config"]["kwargs"]["max_value"] == "2027-03-02"
    assert whole["statistics"]["evaluated_expectations"] == len(whole["results"])


def test_threads_take_turns() -> None:
    found: dict[int, list[tuple[int, str]]] = {}

    def judge(number: int) -> None:
        rows = [{"note_text": None} if n == number else {} for n in range(6)]
        found[number] = _judge("omop.note", *rows).rejected

    threads = [threading.Thread(target=judge, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {n: [(n, "missing-text")] for n in range(6)}


_CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "person_id": st.none() | st.integers(1, 2**63 - 1),
        "note_text": st.none() | st.sampled_from(["", " ", "text", "\u00a0", "a\nb"]),
        "note_date": st.none() | st.dates(),
        "visit_occurrence_id": st.none() | st.integers(1, 2**63 - 1),
    },
)


@settings(max_examples=25)
@given(st.lists(_CHANGES, min_size=1, max_size=8))
def test_accepted_and_rejected_add_up_and_agree_with_a_plain_reading(changes: list[dict[str, Any]]) -> None:
    verdict = _judge("omop.note", *changes)
    rows = [{**GOOD["omop.note"], **change} for change in changes]
    expected = [(n, reason) for n, row in enumerate(rows) if (reason := _plain(row))]
    assert verdict.rejected == expected
    counts = verdict.to_json()
    assert counts["rows"] == len(changes)
    assert counts["rejected"] == len(expected) == sum(counts["reasons"].values())
    assert counts["reasons"] == dict(Counter(reason for _, reason in expected))


def _plain(row: dict[str, Any]) -> str:
    """The suite of notes, read by a person."""
    if row["person_id"] is None:
        return "no-person"
    if row["note_date"] is None:
        return "missing-note-date"
    if row["note_text"] is None:
        return "missing-text"
    if not row["note_text"].strip():
        return "blank-text"
    return "" if date(1850, 1, 1) <= row["note_date"] <= date(2027, 3, 2) else "impossible-note-date"


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=6))
def test_a_table_is_judged_by_the_sum_of_its_units(units: list[tuple[int, int]]) -> None:
    from quality.suites import suite

    found = suite("omop.note")
    assert isinstance(found, Suite)
    verdicts = [
        RowVerdict("omop.note", found.digest, good + bad, [(n, "missing-text") for n in range(bad)]).to_json()
        for good, bad in units
    ]
    rows, bad = sum(g + b for g, b in units), sum(b for _, b in units)
    assert judge_table("omop.note", verdicts, today=TODAY).passed == (rows < 20 or bad <= 0.2 * rows)
