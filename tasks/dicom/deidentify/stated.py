"""What a header itself states of its patient and of staff, gathered before its texts are cleaned."""

from __future__ import annotations

import re
import struct
from functools import lru_cache

from connectors.dicom.recognise import Encoding
from tasks.deidentification.elements import NAMES, NUMBERS_OF_PATIENT
from tasks.dicom.deidentify.charset import charset_of
from tasks.dicom.deidentify.encode import tag_bytes

_LONGEST = 1024
_CHARSET, _SOP_CLASS, _PIXELS = 0x00080005, 0x00080016, 0x7FE00010


@lru_cache(maxsize=4)
def _pattern(encoding: Encoding) -> re.Pattern[bytes]:
    tags = sorted(NAMES | NUMBERS_OF_PATIENT | {_CHARSET})
    named = b"|".join(re.escape(tag_bytes(tag, encoding.little)) for tag in tags)
    length = b"(.{4})" if encoding.implicit else rb"(?:(?:PN|LO|SH|CS)(.{2})|UN\x00\x00(.{4}))"
    return re.compile(b"(" + named + b")" + length, re.DOTALL)


def stated_in(head: bytes, encoding: Encoding) -> dict[int, list[str]]:
    """Names and numbers of the patient in the first bytes of a data set, at whatever depth, by tag.

    Found by their bytes, without parsing: what only looks like an element adds a text that is hidden for nothing.
    """
    order = "<" if encoding.little else ">"
    pixels = head.find(tag_bytes(_PIXELS, encoding.little))
    end = len(head) if pixels < 0 else pixels
    declared = b""
    found: dict[int, list[str]] = {}
    for match in _pattern(encoding).finditer(head, 0, end):
        group, element = struct.unpack(f"{order}HH", match[1])
        tag = group << 16 | element
        length = int.from_bytes(match[match.lastindex or 2], "little" if encoding.little else "big")
        if not 0 < length <= min(_LONGEST, end - match.end()):
            continue
        raw = head[match.end() : match.end() + length]
        if tag == _CHARSET:
            declared = raw
            continue
        text = charset_of(declared).decode(raw)
        if text is None or b"\x00" in raw.rstrip(b"\x00"):
            continue
        found.setdefault(tag, []).extend(v.strip(" \x00") for v in text.split("\\"))
    return found


def class_in(head: bytes, encoding: Encoding) -> str:
    """The SOP Class UID that a data set states in its first bytes; empty where it states none."""
    little = encoding.little
    mark = tag_bytes(_SOP_CLASS, little) + (b"" if encoding.implicit else b"UI")
    at = head.find(mark)
    if at < 0:
        return ""
    value = at + 8
    length = int.from_bytes(head[at + len(mark) : value], "little" if little else "big")
    return head[value : value + min(length, 64)].decode("ascii", "replace").strip(" \x00")
