"""The privacy profiles and the actions that a schema's columns declare."""

from __future__ import annotations

from enum import StrEnum

OLDEST_AGE = 90
"""Ages of 90 and over form one group (45 CFR 164.514(b)(2)(i)(C))."""


class Profile(StrEnum):
    """How a home de-identifies. Chosen at `init`; there is no silent default."""

    SAFE_HARBOR = "safe_harbor"
    """45 CFR 164.514(b)(2): years only, ages over 89 grouped, 3-digit ZIP by population."""
    EXPERT = "expert"
    """45 CFR 164.514(b)(1): dates shifted by person, intervals kept; needs an expert's determination."""


class Action(StrEnum):
    """What de-identification does with a column. A column without an action is dropped."""

    KEEP = "keep"
    """Carried over as it is; the field's `reason` says why that is safe."""
    SUBJECT = "subject"
    """An encoded identity -> `person_id` (int64, null where there is no person)."""
    ID = "id"
    """A string -> keyed 63-bit id (int64) in the name space that the field's `space` names."""
    UID = "uid"
    """A DICOM UID -> keyed surrogate `2.25.<decimal>`; UIDs of the standard (1.2.840.10008.) stay."""
    DATE = "date"
    """ISO date or date-time string (or date32) -> date32, shifted or cut to the year (January 1). A partial date is
    moved by whole months or years and takes their first day. A date of birth (the field's `birth`) that tells an age
    over 89 is cut to January 1 of the youngest year of that group under both profiles."""
    DATETIME = "datetime"
    """ISO date-time string -> timestamp[us] in local wall time, shifted, or null under safe_harbor."""
    YEAR = "year"
    """Date string -> int32, the year of what `DATE` makes of it; grouped when it tells an age over 89."""
    PRECISION = "precision"
    """`day`, `month` or `year`, of the date in the column that the field's `of` names -> the same, or `year` where
    `DATE` leaves no more of that date."""
    TERM = "term"
    """A terminology's code or words (the field's `term` says which): kept unless it holds a trait of the row's person
    or, where there is no person, anything but a value shaped like a code, or a display beside one; else null."""
    TEXT = "text"
    """Free text -> the person's identifiers and dates replaced."""
    ZIP = "zip"
    """Postal code -> its first three digits, or 000 where the profile says so."""
    HEADER = "header"
    """DICOM JSON model of a header -> the same, by the PS3.15 Basic Profile."""
    RESOURCE = "resource"
    """FHIR resource as JSON -> the same, by the allow-list."""
    DROP = "drop"
    """Removed; the field's `reason` says why."""
