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
    profile: Profile, values: list[Any], action: Action, kind: pa.DataType | None = None, **more: Any
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


def test_years_go_with_the_dates_and_are_grouped_when_they_tell_a_great_age() -> None:
    # Maria died at 61: her year of birth tells no age over 89. The others' does.
    values = ["1927-05-21", "1930-01-02", "1930", "1990"]
    assert one(Profile.SAFE_HARBOR, values, Action.YEAR) == [1927, 1936, 1936, 1990]
    # Under expert they are shifted, and nobody's are none.
    shifted = ["1927-02-10", "1990-01-02", "1990", "1990"]
    assert one(Profile.EXPERT, values, Action.YEAR) == [1927, 1936, None, None]
    assert one(Profile.EXPERT, shifted, Action.YEAR) == [1926, 1989, None, None]


def test_years_of_those_who_are_no_patients_stay() -> None:
    schema = pa.schema([field("c", pa.string(), Action.YEAR)])
    rows = pa.table([pa.array(["1970-01-02"])], schema=schema)
    for profile in Profile:
        assert deid(profile).apply(rows, schema)["c"].to_pylist() == [1970]


def _born(profile: Profile, subject: str, born: str, precision: str) -> tuple[Any, Any, Any]:
    schema = pa.schema(
        [
            field("s", pa.string(), Action.SUBJECT),
            field("born", pa.string(), Action.DATE, birth=True),
            field("precise", pa.string(), Action.PRECISION, of="born"),
            field("year", pa.string(), Action.YEAR),
        ]
    )
    rows = pa.table([[subject], [born], [precision], [born]], schema=schema)
    found = deid(profile).apply(rows, schema).to_pylist()[0]
    return found["born"], found["precise"], found["year"]


def test_births_are_told_as_far_as_the_profile_and_the_age_allow() -> None:
    expert, safe = Profile.EXPERT, Profile.SAFE_HARBOR
    assert _born(expert, TWO, "1990-05-06", "day") == (date(1990, 4, 29), "day", 1990)
    assert _born(expert, TWO, "1990", "year") == (date(1989, 1, 1), "year", 1989)
    # of who is 90 or over nothing finer than the group stays beside it, on the boundary too
    assert _born(expert, TWO, "1936-12-31", "day") == (date(1936, 1, 1), "year", 1936)
    assert _born(expert, TWO, "1930-01-02", "month") == (date(1936, 1, 1), "year", 1936)
    assert _born(safe, TWO, "1990-05-06", "day") == (date(1990, 1, 1), "year", 1990)
    assert _born(safe, TWO, "1930-01-02", "day") == (date(1936, 1, 1), "year", 1936)
    assert _born(expert, GHOST, "1990-05-06", "day") == (None, None, None)


@pytest.mark.parametrize("days", [-365, -166, -29, -1, 1, 27, 135, 364, 365])
def test_partial_dates_do_not_tell_the_shift(days: int) -> None:
    """All years of a person are moved by one number, all months by one: that of the days cannot be read off them."""
    person = {ONE: Person(5, days)}
    schema = pa.schema([field("s", pa.string(), Action.SUBJECT), field("c", pa.string(), Action.DATE)])
    years = [f"{year}" for year in range(1960, 2030)]
    months = [f"{year}-{month:02d}" for year in range(1999, 2002) for month in range(1, 13)]
    whole = [f"{year}-01-01" for year in range(1960, 2030)] + [f"{month}-01" for month in months]
    values = [*years, *months, *[m.replace("-", "") for m in months], *whole]
    rows = pa.table([[ONE] * len(values), values], schema=schema)
    safe = Deidentifier(KEY, Profile.EXPERT, person, today=TODAY, source_authority="a").apply(rows, schema)
    found = safe["c"].to_pylist()
    by_year, by_month = found[:70], found[70:106]
    first = found[142:]
    assert {day.year - int(year) for day, year in zip(by_year, years, strict=True)} in ({0}, {-1})
    assert all((day.month, day.day) == (1, 1) for day in by_year) and all(day.day == 1 for day in by_month)
    moved = [
        day.year * 12 + day.month - int(m[:4]) * 12 - int(m[5:])
        for day, m in zip(by_month, months, strict=True)
    ]
    assert len(set(moved)) == 1 and abs(moved[0] * 30.44 - days) < 45
    assert found[106:142] == by_month  # HL7's and DICOM's spelling
    # a birth of a year lies after nothing that happened in that year
    assert all(told <= day for told, day in zip([*by_year, *by_month], first, strict=True))
    for text, day in zip(values[:106], found, strict=False):
        assert shift_text(text, person[ONE], years_only=False, today=TODAY) == day.isoformat()[: len(text)]


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
