"""Texts of a data set between bytes and Unicode, by its Specific Character Set (PS3.3 C.12.1.1.2, PS3.5 6.1)."""

from __future__ import annotations

import re
from functools import lru_cache

from connectors.dicom.library import CONVERSION_ERRORS

_ESCAPE = b"\x1b"
_DELIMITERS = {0x09, 0x0A, 0x0C, 0x0D}
"""Behind them the first character set holds again. Others may be half of a character of two bytes."""
_TERM = re.compile(r"(?:ISO[_ ]?(?:IR|2022)[-_ ]?(?:IR[ _]?)?\d{1,3}|GB18030|GBK)?")
_PLAIN = ("iso8859", "ascii")


class Charset:
    """One value of (0008,0005).

    Args:
        declared: the element's bytes; empty where there is none.
    """

    def __init__(self, declared: bytes) -> None:
        from pydicom.charset import convert_encodings, default_encoding

        terms = [term.strip(" \x00") for term in declared.decode("latin-1").split("\\")]
        self.known = all(map(_TERM.fullmatch, terms))
        try:
            found = convert_encodings(terms if len(terms) > 1 else terms[0])
        except CONVERSION_ERRORS:
            found, self.known = [default_encoding], False
        self._encodings: list[str] = list(found)
        self._codec = "latin-1" if self._encodings[0] in _PLAIN else self._encodings[0]

    @property
    def is_unicode(self) -> bool:
        """Whether texts are in UTF-8."""
        return self._codec in ("utf8", "utf_8", "utf-8")

    def decode(self, raw: bytes) -> str | None:
        """The text; None where the bytes are none in this character set."""
        if raw.isascii() and _ESCAPE not in raw:
            return raw.decode("ascii")
        if not self.known:
            return None
        try:
            if _ESCAPE in raw:
                from pydicom.charset import decode_bytes

                return str(decode_bytes(raw, self._encodings, _DELIMITERS))
            return raw.decode(self._codec)
        except CONVERSION_ERRORS:
            return None

    def encode(self, text: str) -> bytes:
        """The bytes; letters that the character set lacks become question marks."""
        if text.isascii():
            return text.encode("ascii")
        if len(self._encodings) > 1:
            from pydicom.charset import encode_string

            try:
                return bytes(encode_string(text, self._encodings))
            except CONVERSION_ERRORS:
                pass  # below: what can't be spelled becomes a question mark
        return text.encode(self._codec, "replace")


@lru_cache(maxsize=64)
def charset_of(declared: bytes) -> Charset:
    """The character set that a value of (0008,0005) declares."""
    return Charset(declared)


def hidden_text(raw: bytes, charset: Charset) -> str | None:
    """The text in UTF-8, where a file that declares something else holds such bytes; None where it does not."""
    if charset.is_unicode or raw.isascii():
        return None
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return None
