"""Telling a file of JSON documents from one of lines by its beginning."""

from __future__ import annotations

import re
from typing import BinaryIO

from connectors.fhir.lines import CHUNK_BYTES, read_block

_BOM = b"\xef\xbb\xbf"
_HEAD_BYTES = 1 << 16


def is_document(stream: BinaryIO) -> bool:
    """Whether the stream is one JSON object (or several) rather than one a line.

    An object may lie on one line of any length, or on many: then its first line breaks off where a printer breaks
    lines, and the next one does not begin a resource.
    """
    head = b""
    while len(head) < CHUNK_BYTES:
        block = read_block(stream, max(len(head), _HEAD_BYTES))
        head += block
        text = head.removeprefix(_BOM).lstrip()
        first, newline, rest = text.partition(b"\n")
        if not block or (newline and rest.lstrip()):
            return text.startswith(b"{") and bool(rest.strip()) and _goes_on(first, rest.lstrip())
    return head.removeprefix(_BOM).lstrip().startswith(b"{")


def is_array(data: bytes) -> bool:
    """Whether a file's first line opens an array and says no more."""
    return data[:64].split(b"\n", 1)[0].strip(b" \t\r\xef\xbb\xbf") == b"["


def _goes_on(first: bytes, rest: bytes) -> bool:
    """Whether a line's object goes on in the next line."""
    if rest[:1] in b",]}:":
        return True
    return first.rstrip()[-1:] in b"{[,:" and not re.match(rb'\{\s*"resourceType"', rest)
