"""Documents of text as plain text: HTML, XHTML, XML and RTF, in the character set that they declare.

De-identification looks for names as they are read. Inside markup they are not: `<b>G</b>arc&iacute;a` and
`Garc\\'eda` are the same name.
"""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser

from connectors.rtf import START, is_rtf, read_rtf

_MARKED = frozenset(
    "text/html text/xml text/rtf text/richtext application/xhtml+xml application/xml application/rtf "
    "application/x-rtf application/hl7-v3+xml application/hl7-sdwg+xml application/hl7-cda+xml".split()
)
_BLOCKS = frozenset(
    """address article aside blockquote body br caption center dd div dl dt fieldset figure footer form h1 h2 h3 h4 h5
    h6 head header hr html item legend li list main nav ol option p paragraph pre section table tbody text tfoot thead
    title tr ul""".split()
)
_BREAKS = frozenset({"br", "hr"})
_EDGE = "\x1e"
"""Where a block begins or ends: several of them are one end of a line."""
_EDGES = re.compile(r"[ \t\n|]{0,9}\x1e[ \t\n\x1e]*")
_CELLS = frozenset({"td", "th"})
_SILENT = frozenset({"script", "style", "template"})
_INLINE = "b|i|u|a|em|strong|font|span|small|big|sup|sub|td|th|center|content|code|s|strike|mark|o:p"
_TAGS = "|".join([*sorted(_BLOCKS - {"text", "item", "list", "form", "main", "option", "title"}), _INLINE])
_SIGNS = re.compile(
    rf"</(?:{_TAGS}|item|list|text|title)\s*>|<(?:br|hr|wbr|p|div)(?:\s[^<>]*)?/?>|<!doctype\s+html|<html[\s>]|<\?xml\s",
    re.IGNORECASE,
)
_REFERENCE = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_DECLARED = re.compile(
    rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:-]{1,40})|<meta[^>]{0,400}?charset\s*=\s*["']?\s*([\w.:-]{1,40})""",
    re.IGNORECASE,
)
_HEAD = 2048
_DEPTH = 4
"""How often a text may be escaped: `&amp;eacute;` is twice."""
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def is_marked(kind: str | None) -> bool:
    """Whether a media type is one of text with markup."""
    return kind in _MARKED


def read_document(data: bytes, kind: str | None, charset: str | None) -> str | None:
    """The plain text of a document; None where it cannot be decoded.

    Args:
        data: the document.
        kind: its media type in lower case; None where it is not stated.
        charset: its declared character set. Without one it is what its first bytes say, and else UTF-8: never
            guessed, since a wrong one garbles names past recognition, and so past de-identification.
    """
    try:
        if is_rtf(data[:64].decode("latin-1")):
            return read_rtf(data.decode("latin-1"))
        text = data.decode(charset or _told(data, kind))
        if "\0" in text:
            return None
        text = text.removeprefix("\ufeff")
        return plain_text(_read_marked(text) if is_marked(kind) else text)
    except (UnicodeError, LookupError, ValueError):
        return None


def _told(data: bytes, kind: str | None) -> str:
    """The character set that a document's first bytes tell."""
    for mark, charset in _BOMS:
        if data.startswith(mark):
            return charset
    found = _DECLARED.search(data[:_HEAD]) if is_marked(kind) else None
    return (found[1] or found[2]).decode("ascii") if found else "utf-8"


def plain_text(text: str) -> str:
    """A text without markup, where it has any: whole documents, and tags and character references strewn in.

    Raises:
        UnicodeError, LookupError: RTF that cannot be decoded.
    """
    for _ in range(_DEPTH):
        if "{\\rtf" in text:
            before, _, after = text.partition(START)
            text = before + read_rtf(START + after)
        elif "<" in text and _SIGNS.search(text):
            text = _read_marked(text)
        elif "&" in text and (found := _REFERENCE.sub(lambda m: unescape(m.group()), text)) != text:
            text = found
        else:
            break
    return text


def _read_marked(text: str) -> str:
    reader = _Words()
    reader.feed(text)
    reader.close()
    return reader.text()


class _Words(HTMLParser):
    """The words of a document: a line for each block and table row, cells parted by ` | `."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._out: list[str] = []
        self._silent = 0
        self._kept = 0
        self._cells = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        name = tag.rpartition(":")[2]
        self._silent += name in _SILENT
        self._kept += name == "pre"
        if name in ("tr", "table"):
            self._cells = 0
        self._edge(name)
        self._cells += name in _CELLS
        if name == "li":
            self._out.append("- ")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._edge(tag.rpartition(":")[2])

    def handle_endtag(self, tag: str) -> None:
        name = tag.rpartition(":")[2]
        self._silent = max(0, self._silent - (name in _SILENT))
        self._kept = max(0, self._kept - (name == "pre"))
        if name in _CELLS:
            self._cells = max(0, self._cells - 1)
            self._out.append(" | ")
        elif name not in _BREAKS:
            self._edge(name)

    def _edge(self, name: str) -> None:
        """Where a block begins or ends; within a cell it ends no line, so that a row of a table is one."""
        if name in _BLOCKS:
            self._out.append(" " if self._cells else "\n" if name in _BREAKS else _EDGE)

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._out.append(data if self._kept else re.sub(r"[ \t\r\n\f]+", " ", data))

    def unknown_decl(self, data: str) -> None:
        if data.upper().startswith("CDATA["):
            self.handle_data(data[6:])

    def text(self) -> str:
        whole = _EDGES.sub(lambda m: "\n" * max(1, m.group().count("\n")), "".join(self._out))
        whole = re.sub(r"\| +", "| ", whole)
        lines = (re.sub(r"[ \t]*\|\s*$", "", line).strip(" \t") for line in whole.split("\n"))
        return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
