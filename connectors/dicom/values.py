"""Values of single elements as plain Python, or nothing where the file holds nonsense."""

from __future__ import annotations

import math
import re
from collections.abc import MutableSequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias, Union

from connectors.dicom.library import CONVERSION_ERRORS
from connectors.dicom.plain import PlainHeader

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

Header: TypeAlias = Union["Dataset", PlainHeader]
"""A header as either reader gives it."""

_CODE = re.compile(r"[A-Z0-9_ ]{1,16}")
_DATE = re.compile(r"(\d{4})[.\-]?(\d{2})[.\-]?(\d{2})")
_TIME = re.compile(r"(\d{2}):?(?:(\d{2}):?(?:(\d{2})(\.\d{1,6})?)?)?")
_DATETIME = re.compile(r"(\d{4})(\d{2})(\d{2})(\d{2})(?:(\d{2})(?:(\d{2})(\.\d{1,6})?)?)?")
_INT32 = 1 << 31


def value_of(dataset: Dataset, tag: int) -> Any:
    """The value of an element; None where it is absent, empty, or not what its VR promises."""
    if tag not in dataset:
        return None
    try:
        value = dataset[tag].value
    except CONVERSION_ERRORS:
        return None
    return None if value is None or value == "" else value


def values_of(header: Header, tag: int) -> list[Any]:
    """The values of an element of any multiplicity."""
    if isinstance(header, PlainHeader):
        return header.values(tag)
    value = value_of(header, tag)
    if value is None:
        return []
    return list(value) if isinstance(value, MutableSequence) else [value]  # a name is iterable, but one value


def items_of(header: Header, tag: int) -> list[Header]:
    """The items of a sequence; none where the element is none."""
    if isinstance(header, PlainHeader):
        return list(header.items.get(tag, ()))
    from pydicom.sequence import Sequence

    items = value_of(header, tag)
    return list(items) if isinstance(items, Sequence) else []


def first_item(header: Header, tag: int) -> Header | None:
    """The first item of a sequence."""
    items = items_of(header, tag)
    return items[0] if items else None


def text_of(header: Header, tag: int) -> str | None:
    """Text without padding; backslashes stay where a value of one was given several."""
    words = [str(v) for v in values_of(header, tag) if not isinstance(v, bytes)]
    return "\\".join(words).strip(" \x00\t\r\n") or None


def texts_of(header: Header, tag: int) -> list[str]:
    """The non-empty texts of an element."""
    found = [str(v).strip(" \x00\t\r\n") for v in values_of(header, tag) if not isinstance(v, bytes)]
    return [text for text in found if text]


def code_of(header: Header, tag: int) -> str | None:
    """A code string (VR CS); None where the value has not the shape of one, so that no text slips through."""
    codes = codes_of(header, tag)
    return codes[0] if codes else None


def codes_of(header: Header, tag: int) -> list[str]:
    """Code strings by position; "" in place of what has not the shape of one."""
    found = [str(v).strip(" \x00").upper() for v in values_of(header, tag)]
    codes = [word if _CODE.fullmatch(word) else "" for word in found]
    return codes if any(codes) else []


def whole_of(header: Header, tag: int) -> int | None:
    """A whole number that fits 32 bits."""
    number = number_of(header, tag)
    return int(number) if number is not None and -_INT32 <= number < _INT32 else None


def number_of(header: Header, tag: int) -> float | None:
    """The first number of an element, if it is finite."""
    numbers = numbers_of(header, tag)
    return numbers[0] if numbers else None


def numbers_of(header: Header, tag: int) -> list[float]:
    """All numbers of an element; none where one of them is no finite number."""
    try:
        numbers = [float(v) for v in values_of(header, tag)]
    except CONVERSION_ERRORS:
        return []
    return numbers if all(math.isfinite(n) for n in numbers) else []


def uid_of(header: Header, tag: int) -> str | None:
    """A UID as it stands, valid or not."""
    return text_of(header, tag)


def date_of(header: Header, tag: int) -> str | None:
    """A date (DA, or the `YYYY.MM.DD` of ACR-NEMA) in ISO 8601."""
    found = _DATE.match(text_of(header, tag) or "")
    return "-".join(found.groups()) if found else None


def moment_of(header: Header, date_tag: int, time_tag: int) -> str | None:
    """A date and a time of day in ISO 8601, in local wall time; None where either is missing."""
    day = date_of(header, date_tag)
    return join_moment(day, text_of(header, time_tag)) if day else None


@lru_cache(maxsize=4096)
def join_moment(day: str, time: str | None) -> str | None:
    """A day and a time of day (TM, or the `HH:MM:SS` of ACR-NEMA) in ISO 8601."""
    found = _TIME.match(time or "")
    if not found:
        return None
    hour, minute, second, fraction = found.groups()
    return f"{day}T{hour}:{minute or '00'}:{second or '00'}{fraction or ''}"


def moment_in(header: Header, tag: int) -> str | None:
    """A date-time of one attribute (DT) in ISO 8601, in the wall time that it states; None without a time of day."""
    found = _DATETIME.match(text_of(header, tag) or "")
    if not found:
        return None
    year, month, day, hour, minute, second, fraction = found.groups()
    return f"{year}-{month}-{day}T{hour}:{minute or '00'}:{second or '00'}{fraction or ''}"
