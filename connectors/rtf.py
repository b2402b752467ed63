"""RTF as plain text (Rich Text Format Specification 1.9.1): every code page, Unicode, text boxes and footnotes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

START = "{\\rtf"

_TOKEN = re.compile(
    r"\\(?P<word>[a-zA-Z]{1,32})(?P<number>-?\d{1,10})? ?|\\'(?P<hex>[0-9a-fA-F]{2})|\\(?P<sign>[^a-zA-Z])"
    r"|(?P<brace>[{}])|[\r\n\0]+|(?P<text>[^\\{}\r\n\0]+)|\\",
    re.DOTALL,
)
_CHARSETS = dict(
    pair.split(":")
    for pair in (
        "0:cp1252 2:cp1252 77:mac_roman 78:shift_jis 79:big5 80:euc_kr 81:mac_arabic 83:mac_greek 84:mac_cyrillic "
        "85:gb2312 86:mac_romanian 87:mac_turkish 89:mac_latin2 128:cp932 129:cp949 130:johab 134:gbk 136:cp950 "
        "161:cp1253 162:cp1254 163:cp1258 177:cp1255 178:cp1256 186:cp1257 204:cp1251 222:cp874 238:cp1250 "
        "254:cp437 255:cp850"
    ).split()
)
"""Code pages of `\\fcharset`; 1 is the document's own."""
_DEFAULTS = {"ansi": "cp1252", "mac": "mac_roman", "pc": "cp437", "pca": "cp850"}
_PAGES = {"65001": "utf-8", "10000": "mac_roman", "708": "iso8859_6", "819": "latin_1", "936": "gbk"}
_SILENT = frozenset(
    """fonttbl colortbl stylesheet info pict objdata objclass objname fldinst listtable listoverridetable revtbl
    rsidtbl generator themedata colorschememapping latentstyles datastore xmlnstbl filetbl bkmkstart bkmkend pntxta
    pntxtb sp sn sv panose falt fname template operator author company category keywords mmathPr pgptbl userprops
    atnid atnref atntime atnparent do private xe tc""".split()
)
"""Destinations that hold no words of the document."""
_SPOKEN = frozenset(
    "shptxt footnote annotation header headerl headerr headerf footer footerl footerr footerf".split()
)
"""Destinations with words, though they may be marked as optional."""
_SIGNS = {
    "par": "\n", "line": "\n", "sect": "\n\n", "page": "\n\n", "row": "\n", "nestrow": "\n", "tab": "\t",
    "cell": " | ", "nestcell": " | ", "emdash": "\u2014", "endash": "\u2013", "bullet": "\u2022", "lquote": "\u2018",
    "rquote": "\u2019", "ldblquote": "\u201c", "rdblquote": "\u201d", "emspace": " ", "enspace": " ", "qmspace": " ",
}  # fmt: skip
_MARKS = {"~": " ", "_": "-", "\n": "\n", "\r": "\n", "{": "{", "}": "}", "\\": "\\"}


@dataclass(frozen=True)
class _Group:
    """What a group inherits: its font, how many characters stand for one of Unicode, whether it is silent."""

    font: str = ""
    fallback: int = 1
    silent: bool = False
    fonts: bool = False


@dataclass
class _Reader:
    """Reads tokens in order; text comes as bytes of a code page, which may need two for one character."""

    page: str = "cp1252"
    charsets: dict[str, str] = field(default_factory=dict)
    default: str = ""
    group: _Group = field(default_factory=_Group)
    outer: list[_Group] = field(default_factory=list)
    skip: int = 0
    optional: bool = False
    out: list[str] = field(default_factory=list)
    held: bytearray = field(default_factory=bytearray)

    def say(self, text: str) -> None:
        if not self.group.silent:
            self.flush()
            self.out.append(text)

    def flush(self) -> None:
        if self.held:
            self.out.append(self.held.decode(self.charsets.get(self.group.font or self.default) or self.page))
            self.held.clear()

    def hold(self, text: str) -> None:
        """Characters of the code page; those that no byte has were decoded already."""
        text, self.skip = text[self.skip :], max(0, self.skip - len(text))
        if self.group.silent:
            return
        for run in re.findall(r"[\x00-\xff]+|[^\x00-\xff]+", text):
            if run[0] <= "\xff":
                self.held += run.encode("latin-1")
            else:
                self.say(run)

    def brace(self, sign: str) -> None:
        self.flush()
        self.skip = 0
        if sign == "{":
            self.outer.append(self.group)
        elif self.outer:
            self.group = self.outer.pop()

    def word(self, word: str, number: str | None) -> None:
        if self.skip:
            self.skip -= 1
        elif word == "u" and number:
            self.say(chr(int(number) & 0xFFFF))
            self.skip = self.group.fallback
        elif word in _SILENT or (self.optional and word not in _SPOKEN):
            self.flush()
            self.group = replace(self.group, silent=True, fonts=word == "fonttbl" or self.group.fonts)
        elif word in _SPOKEN:
            self.flush()
            self.group = replace(self.group, silent=False)
            self.out.append("\n")
        elif word in _SIGNS:
            self.say(_SIGNS[word])
        else:
            self.set(word, number or "")

    def set(self, word: str, number: str) -> None:
        """What changes how the text is read."""
        if word == "f" or (word == "plain" and self.default):
            self.flush()
            self.group = replace(self.group, font=number if word == "f" else self.default)
        elif word == "fcharset" and self.group.fonts and number != "1":
            self.charsets[self.group.font] = _CHARSETS.get(number, f"charset {number}")
        elif word == "cpg" and self.group.fonts:
            self.charsets[self.group.font] = _PAGES.get(number, f"cp{number}")
        elif word == "ansicpg" and number not in ("", "0"):
            self.page = _PAGES.get(number, f"cp{number}")
        elif word in _DEFAULTS:
            self.page = _DEFAULTS[word]
        elif word == "deff":
            self.default = number
        elif word == "uc":
            self.group = replace(self.group, fallback=int(number or 1))


def is_rtf(text: str) -> bool:
    """Whether a text is a document in RTF."""
    return text[:64].lstrip("\ufeff \t\r\n").startswith(START)


def read_rtf(text: str) -> str:
    """The words of a document, a line for each paragraph and table row.

    Args:
        text: the document; bytes are to be given as Latin-1, so that each is one character.

    Raises:
        UnicodeError, LookupError: characters that their code page lacks, or an unknown code page.
    """
    reader, place = _Reader(), 0
    while found := _TOKEN.match(text, place):
        place = found.end()
        kind, value = found.lastgroup, found.group()
        if kind in ("word", "number"):
            if found["word"] == "bin":  # raw bytes follow
                place += max(0, int(found["number"] or 0))
            else:
                reader.word(found["word"], found["number"])
            reader.optional = False
        elif kind == "hex":
            reader.hold(chr(int(found["hex"], 16)))
        elif kind == "sign":
            _mark(reader, found["sign"])
        elif kind == "brace":
            reader.brace(value)
        elif kind == "text":
            reader.hold(value)
    reader.flush()
    whole = "".join(reader.out).encode("utf-16", "surrogatepass").decode("utf-16")
    lines = (" ".join(line.split(" ")).rstrip(" |") for line in whole.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _mark(reader: _Reader, sign: str) -> None:
    if sign == "*":
        reader.optional = True
    elif reader.skip:
        reader.skip -= 1
    elif sign in _MARKS:
        reader.say(_MARKS[sign])
