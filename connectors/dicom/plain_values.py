"""Values of plainly written elements: by VR, from bytes to Python values and to the DICOM JSON model, without pydicom.

What is given here is what pydicom gives for the same bytes. Whatever is not plainly written (an escape sequence, a
number with an underscore, a length that does not fit) is declined, and pydicom reads the file.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import orjson


class Declined(Exception):
    """This is not plainly written."""


Values = Callable[[bytes, str], list[Any]]
"""From an element's bytes and the character encoding to its values: none where it is empty."""

_LATIN = "latin-1"
_WHOLE = re.compile(rb" *[+-]?[0-9]{1,10} *")
_DECIMAL = re.compile(rb" *[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})? *")
_LUT_DESCRIPTORS = frozenset({0x00281101, 0x00281102, 0x00281103, 0x00283002})


def _split(text: str) -> list[str]:
    return [text] if "\\" not in text else text.split("\\")


def _string(raw: bytes, _encoding: str) -> list[str]:
    """AS, CS, DA, DT, TM: never in another character set."""
    text = raw.decode(_LATIN).rstrip(" \x00")
    return _split(text) if text else []


def _uid(raw: bytes, _encoding: str) -> list[str]:
    text = raw.decode(_LATIN).rstrip(" \x00")
    if not text:
        return []
    found = [word.strip() for word in text.split("\\")]
    return found if len(found) > 1 or found[0] else []


def _entity(raw: bytes, _encoding: str) -> list[str]:
    found = [word.strip() for word in raw.decode(_LATIN).split("\\")]
    return found if len(found) > 1 or found[0] else []


def _link(raw: bytes, _encoding: str) -> list[str]:
    text = raw.decode(_LATIN).rstrip()
    return [text] if text else []


def _decode(raw: bytes, encoding: str) -> str:
    if b"\x1b" in raw:
        raise Declined
    try:
        return raw.decode(encoding)
    except (UnicodeError, LookupError):
        raise Declined from None


def _text(raw: bytes, encoding: str) -> list[str]:
    """LO, SH, UC."""
    found = [word.rstrip("\x00 ") for word in _decode(raw, encoding).split("\\")]
    return found if len(found) > 1 or found[0] else []


def _long_text(raw: bytes, encoding: str) -> list[str]:
    """LT, ST, UT: one value, backslashes and all."""
    text = _decode(raw, encoding).rstrip("\x00 ")
    return [text] if text else []


def _name(raw: bytes, encoding: str) -> list[str]:
    text = _decode(raw.rstrip(b"\x00 "), encoding)
    if "=" in text or "\\" in text:
        raise Declined
    return [text] if text else []


def _wholes(raw: bytes, _encoding: str) -> list[int]:
    if not raw.rstrip(b" \x00"):
        return []
    words = raw.rstrip(b" \x00").split(b"\\")
    if not all(map(_WHOLE.fullmatch, words)):
        raise Declined
    return [int(word) for word in words]


def _decimals(raw: bytes, _encoding: str) -> list[float]:
    text = raw.strip().rstrip(b" \x00")
    if not text:
        return []
    words = text.split(b"\\")
    if not all(map(_DECIMAL.fullmatch, words)):
        raise Declined
    found = [float(word) for word in words]
    if not all(map(math.isfinite, found)):
        raise Declined
    return found


def _numbers(code: str) -> Values:
    size = struct.calcsize("<" + code)

    def unpack(raw: bytes, _encoding: str) -> list[Any]:
        count, rest = divmod(len(raw), size)
        if rest:
            raise Declined
        return list(struct.unpack(f"<{count}{code}", raw))

    return unpack


def _tags(raw: bytes, _encoding: str) -> list[str]:
    if len(raw) % 4:
        raise Declined
    words = struct.unpack(f"<{len(raw) // 2}H", raw)
    return [f"{words[i]:04X}{words[i + 1]:04X}" for i in range(0, len(words), 2)]


VALUES: dict[str, Values] = {
    **dict.fromkeys(("AS", "CS", "DA", "DT", "TM"), _string),
    **dict.fromkeys(("LO", "SH", "UC"), _text),
    **dict.fromkeys(("LT", "ST", "UT"), _long_text),
    "AE": _entity,
    "AT": _tags,
    "DS": _decimals,
    "IS": _wholes,
    "PN": _name,
    "UI": _uid,
    "UR": _link,
    "FD": _numbers("d"),
    "FL": _numbers("f"),
    "SL": _numbers("l"),
    "SS": _numbers("h"),
    "SV": _numbers("q"),
    "UL": _numbers("L"),
    "US": _numbers("H"),
    "UV": _numbers("Q"),
}
"""By VR, how its values are read."""


def model_element(tag: int, vr: str, raw: bytes, encoding: str) -> str:
    """One element as it stands in the DICOM JSON model of a header (PS3.18 F.2).

    Raises:
        Declined: it is not plainly written.
    """
    if vr == "SS" and tag in _LUT_DESCRIPTORS:
        raise Declined  # pydicom knows better than the VR
    values = VALUES[vr](raw, encoding)
    if not values:
        return f'"{tag:08X}":{{"vr":"{vr}"}}'
    if vr == "PN":
        values = [{"Alphabetic": values[0]}]
    try:
        return f'"{tag:08X}":{{"vr":"{vr}","Value":{orjson.dumps(values).decode()}}}'
    except orjson.JSONEncodeError:
        raise Declined from None


@lru_cache(maxsize=256)
def encoding_of(raw: bytes) -> str:
    """The Python codec of the texts of a data set, by its Specific Character Set (0008,0005).

    Of several sets the first holds until an escape sequence (PS3.5 6.1.2.5), which is declined where it stands.
    """
    from pydicom.charset import STAND_ALONE_ENCODINGS, python_encoding

    names = _string(raw, "")
    if not names:
        return _LATIN
    names[0] = names[0] or "ISO_IR 6"
    if any(name not in python_encoding for name in names):
        raise Declined
    if len(names) > 1 and any(name in STAND_ALONE_ENCODINGS for name in names):
        raise Declined
    return python_encoding[names[0]]
