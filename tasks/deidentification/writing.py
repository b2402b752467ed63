"""A text as it is read: without markup, escapes and characters that do not show, one character for a letter.

Names are looked for in what this gives, and this is what is kept. So the same name is found however it is stored.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote

from connectors.markup import plain_text

_SIGNS = re.compile(r"[<&]|\{\\rtf|%[0-9a-fA-F]{2}|=[0-9A-F]{2}")
_PERCENT = re.compile(r"(?<=[^\W\d_])(?:%[0-9a-fA-F]{2})+(?=[^\W\d_])")
_QUOTED = re.compile(r"(?:=[C-F][0-9A-F](?:=[89AB][0-9A-F]){1,3})+|(?<=[a-zA-Z])=[C-F][0-9A-F](?=[a-z=])")
_SOFT_END = re.compile(r"=\r?\n")
_BROKEN = re.compile("\u00ad[ \\t]*\\r?\\n[ \\t]*")
_UNSEEN = re.compile(
    "[\u00ad\u034f\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\ufe00-\ufe0e]"
    "|(?<=[\u0020-\u058f])[\u200c\u200d]"
)
"""Characters that do not show. Joiners stay in scripts that need them."""
_SPACES = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_WIDE = re.compile("[\ufb00-\ufb06\uff01-\uff5e\U0001d400-\U0001d7ff\u24b6-\u24e9]+")
"""Ligatures of printing, full-width and mathematical letters: the same as plain ones."""

LOOKALIKES = dict(
    zip(
        "авекмнорстухіјѕԁɡһԛԝАВЕКМНОРСТУХІЈЅԌԚԜαβεικνορτυχΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
        "abekmhopctyxijsdghqwabekmhopctyxijsgqwaßeikvoptuxabezhikmnoptyx".replace("ß", "b"),
        strict=True,
    )
)
"""Letters of Cyrillic and Greek that look like those of Latin."""


def compose(text: str) -> str:
    """The text as it is read, with composed accents (NFC), so that folding sees one character for a letter.

    Texts that are plain already stay as they are, at the cost of a look.
    """
    if ("<" in text or "&" in text or "%" in text or "=" in text or "\\rtf" in text) and _SIGNS.search(text):
        text = _decode(text)
    if text.isascii():
        return text
    text = _UNSEEN.sub("", _BROKEN.sub("", text))
    text = _SPACES.sub(" ", text)
    text = _WIDE.sub(lambda m: unicodedata.normalize("NFKC", m.group()), text)
    return unicodedata.normalize("NFC", text)


def _decode(text: str) -> str:
    """What is written in markup or escapes; RTF that cannot be decoded is no text."""
    try:
        text = plain_text(text)
    except (UnicodeError, LookupError):
        return ""
    if "%" in text:
        text = _PERCENT.sub(lambda m: unquote(m.group(), errors="ignore"), text)
    if _QUOTED.search(text):
        text = _QUOTED.sub(_unquoted, _SOFT_END.sub("", text))
    return text


def _unquoted(found: re.Match[str]) -> str:
    """Characters of quoted-printable: UTF-8, or a single byte of Latin-1."""
    data = bytes.fromhex(found.group().replace("=", ""))
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")
