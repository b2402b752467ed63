"""One message: its character set, delimiters, segments and fields (HL7 v2.9, chapter 2).

`hl7` (python-hl7) parses fields into repetitions, components and subcomponents; each distinct field once, since
codes, units and patients recur. Escapes are resolved here: the library logs values that it cannot resolve, and takes
hexadecimal ones for Latin-1 whatever the message's character set.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from contracts.errors import Rejected

FIELD_LIMIT = 1 << 16
"""Characters of a structured field beyond which its message is rejected; texts may be as long as the message."""
_CACHED = 512
_NULL = '""'
_TEXTS = {"OBX": 5, "NTE": 3}
"""Segments with a text that some systems break into lines, and its field."""
_NAME = re.compile(r"[A-Z][A-Z0-9]{2}")
_LINE = re.compile(r"[^\r\n]+")
_REPEATABLE = {".br": "\n", ".sp": "\n", ".sk": " "}
_LAYOUT = re.compile(r"(\.br|\.sp|\.sk|\.in|\.ti|\.fi|\.nf|\.ce)[+-]?(\d{0,3})")

_CODECS = {
    "": "utf-8",
    "ASCII": "ascii",
    "8859/1": "iso8859-1",
    "8859/2": "iso8859-2",
    "8859/3": "iso8859-3",
    "8859/4": "iso8859-4",
    "8859/5": "iso8859-5",
    "8859/6": "iso8859-6",
    "8859/7": "iso8859-7",
    "8859/8": "iso8859-8",
    "8859/9": "iso8859-9",
    "8859/15": "iso8859-15",
    "UNICODE UTF-8": "utf-8",
    "UNICODE": "utf-8",
    "UTF-8": "utf-8",
    "GB 18030-2000": "gb18030",
    "GB18030": "gb18030",
    "BIG-5": "big5",
    "KS X 1001": "euc_kr",
    "ISO IR6": "ascii",
    "ISO IR14": "iso2022_jp",
    "ISO IR87": "iso2022_jp",
    "ISO IR159": "iso2022_jp_1",
    "SHIFT-JIS": "shift_jis",
    "SHIFT_JIS": "shift_jis",
}
"""Character sets of MSH-18 (HL7 table 0211) and the ways they are misspelt. `UNICODE` alone is deprecated; what
interface engines write under it is UTF-8, and anything else fails to decode."""

Components = tuple[tuple[str, ...], ...]
Repetitions = tuple[Components, ...]


@dataclass(frozen=True)
class Delimiters:
    """The characters of MSH-1 and MSH-2."""

    field: str
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"

    @property
    def header(self) -> str:
        """The beginning of a header segment that states these."""
        return f"MSH{self.field}{self.component}{self.repetition}{self.escape}{self.subcomponent}"


class Segment:
    """One segment: its name, place, and fields as they stand between the delimiters (1-based, as HL7 counts)."""

    __slots__ = ("_fields", "_message", "name", "number", "offset")

    def __init__(self, message: Message, name: str, offset: int, number: int, fields: list[str]) -> None:
        self._message = message
        self.name = name
        self.offset = offset
        self.number = number
        self._fields = fields

    def raw(self, number: int) -> str:
        """The field as it stands; empty where it is absent or HL7's null."""
        fields = self._fields
        value = fields[number] if number < len(fields) else ""
        return "" if value == _NULL else value

    def is_null(self, number: int) -> bool:
        """Whether the field says that its value is to be deleted (`""`)."""
        return number < len(self._fields) and self._fields[number] == _NULL

    def repetitions(self, number: int) -> Repetitions:
        """The field's repetitions, each a tuple of components, each a tuple of subcomponents, escapes resolved."""
        value = self.raw(number)
        return self._message.parse(value) if value else ()

    def first(self, number: int) -> Components:
        """The field's first repetition."""
        found = self.repetitions(number)
        return found[0] if found else ()

    def value(self, number: int, component: int = 1) -> str:
        """The first subcomponent of a component of the first repetition, without surrounding blanks."""
        value = self.raw(number)
        if value.isalnum():  # nearly all are
            return value if component == 1 else ""
        if not value:
            return ""
        if component == 1 and not self._message.is_structured(value):
            return value.strip()
        return part(self._message.parse(value)[0], component)

    def text(self, number: int) -> str:
        """The field as text: repetitions are lines, escapes are resolved, no other delimiter has a meaning."""
        value, marks = self.raw(number), self._message.delimiters
        return self._message.unescape(value.replace(marks.repetition, "\n"))

    def pieces(self, number: int) -> list[str]:
        """The field's components as they stand: of values too long to be parsed, such as binary data."""
        return self.raw(number).split(self._message.delimiters.component)

    @property
    def is_open(self) -> bool:
        """Whether it ends within the text that it is there for, so that a next line may go on with it."""
        return len(self._fields) - 1 == _TEXTS.get(self.name)

    def grown(self, lines: list[str], fields: Sequence[str] = ()) -> Segment:
        """Go on with the last field by `lines`, then with further `fields`."""
        if lines:
            self._fields[-1] = "\n".join([self._fields[-1], *lines])
        self._fields += fields
        return self

    @property
    def line(self) -> str:
        """The segment as it stood."""
        return self._message.delimiters.field.join(self._fields)


def part(components: Components, number: int, sub: int = 1) -> str:
    """A subcomponent, without surrounding blanks; empty where it is absent or HL7's null."""
    if number > len(components) or sub > len(components[number - 1]):
        return ""
    value = components[number - 1][sub - 1].strip()
    return "" if value == _NULL else value


class Message:
    """A message, decoded.

    Args:
        data: its bytes, without framing.
        offset: of its first byte in the file.
        codec: the Python codec of its bytes, where that is known; else MSH-18 says it.

    Raises:
        Rejected: `malformed-header`, `unknown-character-set` or `undecodable-text`.
    """

    def __init__(self, data: bytes, offset: int = 0, codec: str = "") -> None:
        self.offset = offset
        self.codec = codec or _codec_of(data)
        try:
            self.text = data.decode(self.codec)
        except UnicodeDecodeError:
            legal = "the character set that MSH-18 states, UTF-8 where it states none"
            raise Rejected("undecodable-text", f"byte {offset}", legal) from None
        self.delimiters = delimiters_of(self.text, offset)
        marks = self.delimiters
        self._parse = _parser(marks, self.codec)
        self._structured = re.compile(
            f"[{re.escape(marks.component + marks.repetition + marks.subcomponent)}]"
        )
        self.garbage = 0
        self.header = next(self.segments())

    def segments(self) -> Iterator[Segment]:
        """The segments in order. `garbage` is how many lines are none.

        A line that is no segment goes on with the text of an OBX-5 or NTE-3 before it that is not yet ended: some
        systems break lines there. `Segment.offset` is a number of characters, so never more than its bytes.
        """
        self.garbage = 0
        mark = self.delimiters.field
        waiting: Segment | None = None
        tail: list[str] = []  # joined at once: a text may go on for a hundred thousand lines
        for number, found in enumerate(_LINE.finditer(self.text), 1):
            line = found[0]
            if _NAME.match(line) and line[3:4] in (mark, ""):
                if waiting:
                    yield waiting.grown(tail)
                fields = line.split(mark)
                if number == 1:
                    fields.insert(1, mark)
                waiting, tail = Segment(self, line[:3], self.offset + found.start(), number, fields), []
            elif waiting and waiting.is_open:
                last, *others = line.split(mark)
                tail.append(last)
                if others:
                    waiting.grown(tail, others)
                    tail = []
            elif line.strip():
                self.garbage += 1
        if waiting:
            yield waiting.grown(tail)

    def named(self, names: tuple[str, ...]) -> Iterator[Segment]:
        """The segments of these names alone, without what their texts go on with: quicker, to look for a few."""
        mark = self.delimiters.field
        for number, found in enumerate(_LINE.finditer(self.text), 1):
            line = found[0]
            if line.startswith(names) and line[3:4] in (mark, ""):
                yield Segment(self, line[:3], self.offset + found.start(), number, line.split(mark))

    def is_structured(self, value: str) -> bool:
        """Whether the value holds a delimiter below the field's, or an escape."""
        return self.delimiters.escape in value or self._structured.search(value) is not None

    def parse(self, value: str) -> Repetitions:
        """A field's repetitions, components and subcomponents.

        Raises:
            Rejected: `overlong-field`.
        """
        if len(value) <= _CACHED:
            return self._parse(value)
        if len(value) > FIELD_LIMIT:
            raise Rejected("overlong-field", f"byte {self.offset}", f"{FIELD_LIMIT} characters")
        return _parse(self.delimiters, self.codec, value)

    def unescape(self, value: str) -> str:
        """The text with its escapes resolved; those that mean nothing here stay as they are."""
        return unescape(value, self.delimiters, self.codec)


def delimiters_of(text: str, offset: int = 0) -> Delimiters:
    """The delimiters that a header segment states; HL7's own for those that it leaves out.

    Raises:
        Rejected: `malformed-header`: they are letters, digits or blanks, or not all different.
    """
    mark = text[3:4]
    stated = text[4:9].split(mark, 1)[0] if mark else ""
    stated = re.split(r"[\r\n]", stated, maxsplit=1)[0]
    found = Delimiters(mark, *(stated[i : i + 1] or "^~\\&"[i] for i in range(4)))
    marks = found.header[3:]
    if len(set(marks)) < 5 or any(m.isalnum() or m.isspace() or ord(m) < 32 for m in marks) or not mark:
        raise Rejected("malformed-header", f"byte {offset}", "five different delimiters in MSH-1 and MSH-2")
    return found


def _codec_of(data: bytes) -> str:
    """The Python codec of MSH-18, whose own characters are ASCII."""
    line = re.split(rb"[\r\n]", data[:4096], maxsplit=1)[0]
    fields = line.split(line[3:4]) if len(line) > 3 else []
    stated = fields[17] if len(fields) > 17 else b""
    name = stated.decode("ascii", "replace").split("~")[0].strip().upper()
    codec = _CODECS.get("" if name == _NULL else name)
    if codec is None:
        legal = f"MSH-18 is one of {', '.join(n for n in _CODECS if n)}"
        raise Rejected("unknown-character-set", "MSH-18", legal)
    return codec


@lru_cache(maxsize=8)
def _parser(marks: Delimiters, codec: str) -> Callable[[str], Repetitions]:
    """What parses fields of messages with these delimiters, each distinct field once."""

    @lru_cache(maxsize=1 << 12)
    def parse(value: str) -> Repetitions:
        return _parse(marks, codec, value)

    return parse


def _parse(marks: Delimiters, codec: str, value: str) -> Repetitions:
    import hl7

    parsed = hl7.parse(f"{marks.header}\rZZZ{marks.field}{value}")
    field = parsed[1][1] if len(parsed[1]) > 1 else ()
    return tuple(
        tuple(tuple(unescape(s, marks, codec) for s in _texts(c)) for c in _parts(repetition))
        for repetition in _parts(field)
    )


def _parts(node: object) -> list[object]:
    """Children of a node of `hl7`; a text has itself alone, since the library leaves single values bare."""
    return [node] if isinstance(node, str) else list(node)  # type: ignore[call-overload]


def _texts(node: object) -> list[str]:
    return [str(child) for child in _parts(node)]


def unescape(value: str, marks: Delimiters, codec: str = "utf-8") -> str:
    """Resolve escapes (HL7 v2.9, 2.7): delimiters, hexadecimal bytes in the message's character set, line breaks."""
    sign = marks.escape
    if sign not in value:
        return value
    plain = {
        "F": marks.field,
        "S": marks.component,
        "T": marks.subcomponent,
        "R": marks.repetition,
        "E": sign,
        "H": "",
        "N": "",
        "P": "",
    }
    return _escapes(sign).sub(lambda match: _resolve(match, plain, codec), value)


@lru_cache(maxsize=8)
def _escapes(sign: str) -> re.Pattern[str]:
    mark = re.escape(sign)
    # neighbouring hexadecimal escapes are taken together: a character may have several bytes
    one = rf"{mark}X(?:[0-9A-Fa-f]{{2}})+{mark}"
    return re.compile(rf"(?P<hex>(?:{one})+)|{mark}(?P<name>[^{mark}\s]{{1,64}}){mark}")


def _resolve(found: re.Match[str], plain: dict[str, str], codec: str) -> str:
    if found["hex"]:
        digits = "".join(re.findall(r"X([0-9A-Fa-f]+)", found["hex"]))
        return bytes.fromhex(digits).decode(codec, "replace")
    name = found["name"]
    if name in plain:
        return plain[name]
    layout = _LAYOUT.fullmatch(name)
    if layout:
        return _REPEATABLE.get(layout[1], "") * int(layout[2] or 1) or ("\n" if layout[1] == ".ce" else "")
    return found[0]
