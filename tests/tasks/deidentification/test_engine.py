"""The engine: every action under both profiles, rows of nobody, and what it refuses."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pytest

from contracts.errors import Fatal
from contracts.identity import Person, encode_subject
from contracts.privacy import Action, Profile
from contracts.schemas import field
from tasks.deidentification.dates import parse_date, parse_dates, parse_datetimes, shift_text
from tasks.deidentification.engine import Deidentifier, restricted_areas
from tests.tasks.deidentification.people import KEY, MARIA, OLD, TODAY

ONE, TWO, GHOST = (encode_subject("a", n) for n in ("1", "2", "3"))
PEOPLE = {ONE: MARIA, TWO: OLD}


def deid(profile: Profile) -> Deidentifier:
    return Deidentifier(KEY, profile, PEOPLE, today=TODAY, source_authority="a")


def one(
    profile: Profile, values: list[Any], action: Action, kind: pa.DataType | None = None, **more: str
) -> list[Any]:
    """Values of one column for the persons ONE, TWO, GHOST, nobody in turn, de-identified."""
    kind = kind or pa.string()
    schema = pa.schema([field("s", pa.string(), Action.SUBJECT), field("c", kind, action, **more)])
    subjects = ([ONE, TWO, GHOST, None] * len(values))[: len(values)]
    rows = pa.table([pa.array(subjects), pa.array(values, kind)], schema=schema)
    found: list[Any] = deid(profile).apply(rows, schema)["c"].to_pylist()
    return found


def test_subjects_become_persons_and_strangers_nobody() -> None:
    schema = pa.schema([field("subject", pa.string(), Action.SUBJECT, output="person_id")])
    rows = pa.table([[ONE, GHOST, None, TWO, ONE, ""]], schema=schema)
    safe = deid(Profile.EXPERT).apply(rows, schema)
    assert safe["person_id"].to_pylist() == [4711, None, None, 43, 4711, None]
    assert safe["person_id"].type == pa.int64()


def test_what_declares_no_action_is_dropped_and_reserved_columns_pass() -> None:
    schema = pa.schema(
        [
            pa.field("_record", pa.int64()),
            field("kept", pa.string(), Action.KEEP, output="renamed"),
            field("gone", pa.string(), Action.DROP),
            pa.field("silent", pa.string()),
        ]
    )
    rows = pa.table(
        {"_record": [5], "kept": ["k"], "gone": ["g"], "silent": ["s"], "undeclared": ["u"], "_digest": [7]}
    )
    safe = deid(Profile.EXPERT).apply(rows, schema)
    assert safe.to_pydict() == {"renamed": ["k"], "_record": [5], "_digest": [7]}


def test_open_tables_are_judged_by_their_own_metadata() -> None:
    extra = field("info_AF", pa.float32(), Action.KEEP)
    rows = pa.table([[0.5]], schema=pa.schema([extra]))
    assert deid(Profile.EXPERT).apply(rows, pa.schema([])).to_pydict() == {"info_AF": [0.5]}


def test_an_unknown_action_is_fatal() -> None:
    wrong = pa.schema([pa.field("c", pa.string(), metadata={"action": "guess"})])
    with pytest.raises(Fatal, match="unknown action"):
        deid(Profile.EXPERT).apply(pa.table([["x"]], schema=wrong), wrong)


def test_a_missing_column_and_a_double_output_are_fatal() -> None:
    schema = pa.schema(
        [field("c", pa.string(), Action.KEEP), field("d", pa.string(), Action.KEEP, output="c")]
    )
    with pytest.raises(Fatal, match="missing"):
        deid(Profile.EXPERT).apply(pa.table({"c": ["x"]}), schema)
    with pytest.raises(Fatal, match="one output name"):
        deid(Profile.EXPERT).apply(pa.table({"c": ["x"], "d": ["y"]}), schema)


def test_ids_are_keyed_by_space_and_value() -> None:
    values = ["a\x1f1", "a\x1f1", "", None]
    expected = KEY.id63("Encounter", "a\x1f1")
    assert one(Profile.EXPERT, values, Action.ID, space="Encounter") == [expected, expected, None, None]
    assert one(Profile.EXPERT, values[:1], Action.ID, space="Condition") != [expected]
    with pytest.raises(Fatal, match="names no space"):
        one(Profile.EXPERT, values, Action.ID)


def test_uids_are_keyed_and_those_of_the_standard_stay() -> None:
    found = one(Profile.EXPERT, ["1.2.3", "1.2.840.10008.1.2", "1.2.3", ""], Action.UID)
    assert found[0] == found[2] == f"2.25.{int(KEY.digest('uid', '1.2.3'), 16)}"
    assert found[1:2] == ["1.2.840.10008.1.2"]
    assert found[3] is None
    assert len(found[0]) <= 64


def test_lists_are_treated_element_by_element() -> None:
    kind = pa.list_(pa.string())
    found = one(Profile.EXPERT, [["2000-01-11", None], [], None, ["x"]], Action.DATE, kind)
    assert found == [[date(1999, 10, 3), None], [], None, [None]]


def test_dates_under_expert_are_shifted_and_those_of_nobody_are_null() -> None:
    values = ["2000-01-11T10:00:00Z", "20000111", "2000-01-11", "2000-01-11"]
    assert one(Profile.EXPERT, values, Action.DATE) == [date(1999, 10, 3), date(2000, 1, 4), None, None]
    assert one(Profile.EXPERT, [date(2000, 1, 11)], Action.DATE, pa.date32()) == [date(1999, 10, 3)]


def test_dates_under_safe_harbor_are_years_and_old_ones_grouped() -> None:
    values = ["1927-05-21", "1930-01-02", "2000-05", "2000"]
    first = [date(1927, 1, 1), date(1936, 1, 1), date(2000, 1, 1), date(2000, 1, 1)]
    assert one(Profile.SAFE_HARBOR, values, Action.DATE) == first


def test_years_are_true_and_grouped_when_they_tell_a_great_age() -> None:
    for profile in Profile:
        # Maria died at 61: her year of birth tells no age over 89. The others' does.
        assert one(profile, ["1927-05-21", "1930-01-02", "1930", "1990"], Action.YEAR) == [
            1927,
            1936,
            1936,
            1990,
        ]


def test_datetimes_keep_the_time_of_day_or_are_null() -> None:
    values = ["2000-01-11T10:20:30.5-05:00", "2000-01-11", "2000-01-11T10:00:00", None]
    assert one(Profile.EXPERT, values, Action.DATETIME) == [
        datetime(1999, 10, 3, 10, 20, 30, 500000),
        None,
        None,
        None,
    ]
    assert one(Profile.SAFE_HARBOR, values, Action.DATETIME) == [None] * 4


def test_postal_codes() -> None:
    values = ["66801", "66801-1234", "03601", "668011234", "1234", "SW1A 1AA", None, " 20500 "]
    for profile in Profile:
        assert one(profile, values, Action.ZIP) == ["668", "668", "000", "668", None, None, None, "000"]
    assert len(restricted_areas()) >= 17


def test_text_headers_and_resources_go_by_the_rows_person() -> None:
    texts = ["Maria on 2000-01-11", "methuselah and maria", "maria", None]
    assert one(Profile.EXPERT, texts, Action.TEXT) == [
        "[NAME] on 1999-10-03",
        "[NAME] and maria",
        "maria",
        None,
    ]
    assert one(Profile.EXPERT, ['{"resourceType":"Basic","name":"Maria"}', "[]"], Action.RESOURCE) == [
        '{"resourceType":"Basic"}',
        None,
    ]
    found = one(Profile.EXPERT, ['{"00080020":{"vr":"DA","Value":["20000111"]}}'], Action.HEADER)
    assert '"00080020":{"vr":"DA","Value":["19991003"]}' in found[0]


@pytest.mark.parametrize("rows", [0, 1])
def test_batches_and_empty_tables(rows: int) -> None:
    schema = pa.schema(
        [field("s", pa.string(), Action.SUBJECT)]
        + [
            field(a.value, pa.string(), a, space="x")
            for a in Action
            if a not in {Action.SUBJECT, Action.DROP}
        ]
    )
    batch = pa.RecordBatch.from_arrays([pa.nulls(rows, pa.string())] * len(schema), schema=schema)
    assert deid(Profile.SAFE_HARBOR).apply(batch, schema).num_rows == rows


SPELLED = {
    "1998": date(1998, 1, 1),
    "1998-05": date(1998, 5, 1),
    "1998-05-02": date(1998, 5, 2),
    "1998-05-02T10:00:00.123-05:00": date(1998, 5, 2),
    "19980502": date(1998, 5, 2),
    "199805": date(1998, 5, 1),
    "19980502101500.12+0100": date(1998, 5, 2),
    "1996.10.29": date(1996, 10, 29),
    "1998-02-30": None,
    "1998-05-02T10:00 Maria": None,
    "soon": None,
    "": None,
}


def test_columns_and_single_strings_are_read_alike() -> None:
    assert parse_dates(pa.array(list(SPELLED))).to_pylist() == list(SPELLED.values())
    assert [parse_date(text) for text in SPELLED] == list(SPELLED.values())


def test_leap_seconds_and_dicom_times() -> None:
    found = parse_datetimes(
        pa.array(["2016-12-31T23:59:60Z", "20161231101500", "2016-12-31T25:00:00"])
    ).to_pylist()
    assert [t and t.isoformat() for t in found] == ["2016-12-31T23:59:59", "2016-12-31T10:15:00", None]


@pytest.mark.parametrize(
    ("text", "shifted"),
    [
        ("2000", "1999"),
        ("2000-01", "1999-09"),
        ("2000-01-11", "1999-10-03"),
        ("2000-01-11T10:00:00-05:00", "1999-10-03T10:00:00"),
        ("20000111", "19991003"),
        ("20000111101500.5+0100", "19991003101500.5"),
        ("soon", None),
    ],
)
def test_date_strings_keep_their_spelling(text: str, shifted: str | None) -> None:
    assert shift_text(text, MARIA, years_only=False, today=TODAY) == shifted
    assert shift_text(text, None, years_only=False, today=TODAY) is None


def test_a_shift_beyond_the_calendar_gives_null() -> None:
    person = Person(9, 200, {})
    found = Deidentifier(KEY, Profile.EXPERT, {ONE: person}, today=TODAY, source_authority="a")
    schema = pa.schema([field("s", pa.string(), Action.SUBJECT), field("c", pa.string(), Action.DATE)])
    assert found.apply(pa.table([[ONE], ["9999-12-31"]], schema=schema), schema)["c"].to_pylist() == [None]
