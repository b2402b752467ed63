"""DICOM headers by the Basic Profile."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.identity import Person
from contracts.privacy import Profile
from tasks.deidentification.header import HeaderCleaner
from tasks.deidentification.keyed import surrogate_uid
from tasks.deidentification.make_ps315 import keyword, pattern
from tasks.deidentification.ps315 import profile_table
from tasks.deidentification.text import Scrubber
from tests.tasks.deidentification.people import KEY, MARIA, TODAY

STATEMENT = ("00120062", "00120063", "00120064", "00280303")


def clean(
    header: dict[str, Any], profile: Profile = Profile.EXPERT, person: Person | None = MARIA
) -> dict[str, Any]:
    return HeaderCleaner(KEY, profile, TODAY, Scrubber(profile, TODAY)).clean(header, person)


def only(
    tag: str, vr: str, *values: Any, profile: Profile = Profile.EXPERT, person: Person | None = MARIA
) -> Any:
    """What becomes of one element: None where it is removed."""
    return clean({tag: {"vr": vr, "Value": list(values)}}, profile, person).get(tag)


def test_the_table_has_every_row_of_the_standard() -> None:
    table = profile_table()
    assert len(table) == 621
    assert sum("retain_modified_dates" in rule.options for rule in table.values()) == 165
    assert {"50xxxxxx", "60xx3000", "60xx4000", "odd"} <= table.keys()


@pytest.mark.parametrize(
    ("tag", "vr", "value", "kept"),
    [
        ("00100010", "PN", {"Alphabetic": "García^María"}, {"vr": "PN"}),  # Z
        ("00100020", "LO", "MRN-0042137", {"vr": "LO", "Value": ["4711"]}),  # Z/D: the row's pseudonym
        ("00100030", "DA", "19270521", {"vr": "DA"}),  # Z, and no option concerns a date of birth
        ("00080050", "SH", "A1", {"vr": "SH"}),  # Z
        ("00081030", "LO", "chest of María", {"vr": "LO", "Value": ["chest of [NAME]"]}),  # X, but C
        ("00081010", "SH", "CT1", {"vr": "SH", "Value": ["REMOVED"]}),  # X/Z/D
        ("00080018", "UI", "1.2.3", {"vr": "UI", "Value": [surrogate_uid(KEY, "1.2.3")]}),  # U
        ("00080016", "UI", "1.2.840.10008.5.1.4.1.1.2", {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.2"]}),
        ("00080016", "UI", "1.3.12.2.1107.5.9.1", {"vr": "UI", "Value": ["1.3.12.2.1107.5.9.1"]}),
        ("00080060", "CS", "CT", {"vr": "CS", "Value": ["CT"]}),
        ("00080060", "CS", "María", None),
        ("00280010", "US", 512, {"vr": "US", "Value": [512]}),
        ("00180050", "DS", "1.25", {"vr": "DS", "Value": ["1.25"]}),
        ("00180050", "DS", "García", None),
        ("00080070", "LO", "Acme", {"vr": "LO", "Value": ["Acme"]}),
        ("00080070", "LO", "of Garcia", {"vr": "LO", "Value": ["of [NAME]"]}),
        ("00200010", "SH", "1234", {"vr": "SH"}),  # Study ID: Z
        ("00204000", "LT", "Maria", {"vr": "LT", "Value": ["[NAME]"]}),
        ("00091001", "LO", "private", None),
        ("00291010", "OB", "x", None),
        ("60003000", "OW", "x", None),
        ("50003000", "OW", "x", None),
        ("7FE00010", "OW", "x", None),
        ("00080020", "DA", "20000111", {"vr": "DA", "Value": ["19991003"]}),
        ("0008002A", "DT", "20000111101500.5+0100", {"vr": "DT", "Value": ["19991003101500.5"]}),
        ("00080030", "TM", "101500", {"vr": "TM", "Value": ["101500"]}),
    ],
)
def test_actions_under_expert(tag: str, vr: str, value: Any, kept: Any) -> None:
    assert only(tag, vr, value) == kept


@pytest.mark.parametrize("person", [MARIA, None])
def test_no_date_stays_under_safe_harbor_nor_for_nobody(person: Person | None) -> None:
    profile = Profile.SAFE_HARBOR if person else Profile.EXPERT
    assert only("00080020", "DA", "20000111", profile=profile, person=person) == {"vr": "DA"}
    assert only("00080021", "DA", "20000111", profile=profile, person=person) == {
        "vr": "DA",
        "Value": ["19000101"],
    }
    assert only("00080030", "TM", "101500", profile=profile, person=person) == {"vr": "TM"}
    assert only("00189999", "DA", "20000111", profile=profile, person=person) is None


def test_nested_sequences_bulk_data_and_bad_elements() -> None:
    item: dict[str, Any] = {
        "00081150": {"vr": "UI", "Value": ["1.2.840.10008.1"]},
        "00081155": {"vr": "UI", "Value": ["1.2.3"]},
    }
    item["00100010"] = {"vr": "PN", "Value": [{"Alphabetic": "María"}]}
    found = clean(
        {
            "00081140": {"vr": "SQ", "Value": [item]},
            "00089215": {"vr": "SQ", "Value": [item]},
            "00281101": {"vr": "US", "BulkDataURI": "file:///maria"},
            "00281201": {"vr": "OW", "InlineBinary": "TWFyaWE="},
            "nonsense": {"vr": "LO", "Value": ["María"]},
            "00080005": "María",
        }
    )
    cleaned = {
        "00081150": {"vr": "UI", "Value": ["1.2.840.10008.1"]},
        "00081155": {"vr": "UI", "Value": [surrogate_uid(KEY, "1.2.3")]},
        "00100010": {"vr": "PN"},
    }
    assert found["00081140"] == found["00089215"] == {"vr": "SQ", "Value": [cleaned]}
    assert found["00281101"] == {"vr": "US"}
    assert sorted(found.keys() - STATEMENT) == ["00081140", "00089215", "00281101"]


@pytest.mark.parametrize(
    ("profile", "person", "codes", "temporal"),
    [
        (Profile.EXPERT, MARIA, ["113100", "113104", "113105", "113107", "113108", "113111"], "MODIFIED"),
        (Profile.EXPERT, None, ["113100", "113104", "113105", "113108", "113111"], "REMOVED"),
        (Profile.SAFE_HARBOR, MARIA, ["113100", "113104", "113105", "113108", "113111"], "REMOVED"),
    ],
)
def test_the_header_says_what_was_done(
    profile: Profile, person: Person | None, codes: list[str], temporal: str
) -> None:
    found = clean({"00120063": {"vr": "LO", "Value": ["by María"]}}, profile, person)
    assert found["00120062"]["Value"] == ["YES"]
    assert "María" not in json.dumps(found, ensure_ascii=False)
    assert [item["00080100"]["Value"][0] for item in found["00120064"]["Value"]] == codes
    assert found["00280303"]["Value"] == [temporal]


VRS = "AE AS AT CS DA DS DT FD IS LO LT PN SH SQ ST TM UC UI UN UR US UT".split()


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(
        [t for t in profile_table() if t.isalnum() and len(t) == 8 and "x" not in t]
        + ["00181020", "00091001"]
    ),
    st.sampled_from(VRS),
    st.sampled_from(["García", "MRN-0042137", "19270521", "1927-05-21", "5558107203"]),
)
def test_no_trait_passes_whatever_its_element(tag: str, vr: str, value: str) -> None:
    for profile in Profile:
        cleaned = only(tag, vr, value, profile=profile)
        assert value not in json.dumps(cleaned, ensure_ascii=False)


def test_the_table_is_made_from_the_standard(shared: Path) -> None:
    """The committed file says what the reference table says; the script turns the one into the other."""
    rows = json.loads((shared / "reference/dicom_ps3.15_confidentiality_profile_attributes.json").read_text())
    table = profile_table()
    assert {pattern(row["tag"]) for row in rows} == table.keys()
    simple = {row["basicProfile"]: pattern(row["tag"]) for row in rows if len(row["basicProfile"]) == 1}
    assert all(table[tag].action == action for action, tag in simple.items())
    assert keyword("Patient's Name") == "PatientName"
    assert keyword("Physician(s) of Record") == "PhysiciansOfRecord"
