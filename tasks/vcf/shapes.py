"""What looks like somebody's in a string of a VCF, whoever's: numbers, addresses, and what a label says is a person's.

Values are short and hold coordinates, HGVS and counts, so only shapes that none of these has are taken.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

_BEFORE, _AFTER = r"(?<![A-Za-z0-9])", r"(?![A-Za-z0-9])"
_MAIL = re.compile(r"[\w.+\-]+@[\w\-]+(?:\.[\w\-]+)+")
_NUMBER = re.compile(
    r"(?<![A-Za-z0-9.\-])(?:\d{3}-\d{2}-\d{4}|(?:\+?1[-. ]?)?(?:\(\d{3}\) ?|\d{3}[-. ])\d{3}[-. ]\d{4})"
    r"(?![A-Za-z0-9\-])"
)
"""Social security numbers and North American phone numbers."""
_LABELLED = re.compile(
    rf"{_BEFORE}(?P<label>mrn|ssn|dob|born|birth[ _]?date|date[ _]of[ _]birth|phone|tel|fax|medical[ _]record)"
    r"(?P<link>[ _]*[:=#.]?[ _]*)(?P<value>[(+]?[a-z]{0,3}-?\d[\d\-/.() ]{2,}\d[a-z0-9]*)",
    re.IGNORECASE,
)
_NAME = r"[^\W\d_][^\W\d_'\-]*(?:[ _]+[A-Z][^\W\d_'\-]*){0,2}"
_ROLES = (
    r"(?i:patient|physician|doctor|clinician|operator|technician|reviewed[ _]by|signed[ _]by)[ _]*[:=][ _]*"
)
_PERSON = re.compile(
    rf"{_BEFORE}(?P<label>{_ROLES}|(?:Dr|Mr|Mrs|Ms|Prof)\b\.?[ _]+)(?P<value>{_NAME}){_AFTER}"
)
_RESERVED = re.compile(r"[%:;=,\r\n\t]")
"""What VCF 4.3 (section 1.2) writes with a percent sign."""


def scrub_shapes(text: str) -> str:
    """The text without e-mail addresses, phone and social security numbers, and what labels say is a person's."""
    text = _PERSON.sub(lambda found: f"{found['label']}[NAME]", text)
    text = _LABELLED.sub(lambda found: f"{found['label']}{found['link']}[ID]", text)
    return _NUMBER.sub("[ID]", _MAIL.sub("[ID]", text)) if "@" in text else _NUMBER.sub("[ID]", text)


def decoded(text: str) -> str:
    """Without the escapes of VCF 4.3, beneath which no word is found."""
    return unquote(text, errors="strict") if "%" in text else text


def encoded(text: str) -> str:
    """The inverse, for what VCF reserves."""
    return _RESERVED.sub(lambda found: f"%{ord(found[0]):02X}", text)
