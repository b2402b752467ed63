"""Institutions of no list, initials that sign, streets and plates; names of things that stay."""

from __future__ import annotations

from datetime import date

import pytest

from contracts.privacy import Profile
from tasks.deidentification.text import scrub


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("works at Hampton Inn on nights", "works at [PLACE] on nights"),
        ("moved to Ypsilanti Falls", "moved to [PLACE]"),
        ("Facility: Holy Redeemer\nPlan", "Facility: [PLACE]\nPlan"),
        ("seen at Hickory Oaks Family Medicine today", "seen at [PLACE] today"),
        ("Seen at St. Luke's Medical Center today.", "Seen at [PLACE] today."),
        ("RN, Holy Redeemer called", "RN, [PLACE] called"),
        ("RN: BQ   MD: KZ", "RN: [NAME]   MD: [NAME]"),
        ("verified by BQ and KZ", "verified by [NAME]"),
        ("12 Calle Real", "[ADDRESS]"),
        ("tag 3ABC680", "tag [ID]"),
        ("SSN 123-45-6789.", "SSN [ID]."),
        ("Salter-Harris fracture", "Salter-Harris fracture"),
        ("moved to North Carolina.", "moved to North Carolina."),
    ],
)
def test_what_no_list_knows(text: str, scrubbed: str) -> None:
    assert scrub(text, None, Profile.EXPERT, date(2026, 11, 24)) == scrubbed
