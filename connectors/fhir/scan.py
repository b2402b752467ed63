"""Cutting a JSON document of any size into the elements of its top-level `entry` array, a block at a time.

Only quotes, escapes and brackets are looked at, as array work (numpy), so that a document on one line of hundreds of
megabytes is read in the memory of a block and its longest entry. What is between the brackets is judged by whoever
parses it. UTF-8 needs no care: no byte of a longer character is one of those looked at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import numpy as np
import orjson

from connectors.fhir.lines import CHUNK_BYTES, LINE_LIMIT, PAYLOAD_LIMIT, read_block
from contracts.errors import Rejected

_ENTRY = re.compile(rb'"entry"\s*:\s*$')
_RESOURCE = re.compile(rb'"resource"\s*:\s*$')
_KEY_BYTES = 256
_DEEPEST = 4  # 1 the object, 2 its entries, 3 an entry, 4 its resource
_QUOTE, _BACKSLASH, _BRACE, _BRACKET = 0x22, 0x5C, 0x7B, 0x5B
_BLANK = b" \t\r\n"
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Entry:
    """An element of the `entry` array.

    Attributes:
        number: 1-based place in the array.
        offset: where it begins in the (decompressed) file.
        data: its bytes; the head of them where it is `overlong`.
        resource: where its `resource` lies in `data`; None where it has none.
    """

    number: int
    offset: int
    data: bytes = field(repr=False)
    resource: tuple[int, int] | None = None
    overlong: bool = False

    @property
    def resource_bytes(self) -> bytes:
        """The resource, as the source writes it; empty where there is none."""
        return self.data[slice(*self.resource)] if self.resource else b""

    @property
    def rest(self) -> Any:
        """All but the resource, parsed; None where it is no JSON."""
        data = self.data
        if self.resource:
            data = data[: self.resource[0]] + b"null" + data[self.resource[1] :]
        try:
            return orjson.loads(data)
        except orjson.JSONDecodeError:
            return None


@dataclass(frozen=True)
class Document:
    """The end of a JSON object: where it lies, and what it says beside its entries, of which each stands as `{}`."""

    offset: int
    end: int
    entries: int
    content: dict[str, Any] = field(repr=False)
    data: bytes = field(repr=False)


@dataclass
class _Block:
    """Brackets of a block that matter, in order: positions, whether they open, and the depth before each."""

    positions: list[int]
    opening: list[bool]
    depths: list[int]


class _Structure:
    """Finds brackets outside strings, remembering between blocks what was open."""

    def __init__(self) -> None:
        self.inside = False  # a string
        self.escaped = False
        self.depth = 0

    def read(self, block: bytes) -> _Block:
        """The brackets of a block that lead into or out of depths 0 to 3."""
        data = np.frombuffer(block, np.uint8)
        quotes, self.escaped = _find_quotes(data, self.escaped)
        parity = np.bitwise_xor.accumulate(quotes.view(np.uint8))
        folded = data | 0x20  # brackets and braces differ in this bit alone
        places = np.flatnonzero((folded == 0x7B) | (folded == 0x7D))
        places = places[parity[places] == self.inside]
        if len(block):
            self.inside ^= bool(parity[-1])
        opens = (folded[places]) == 0x7B
        after = np.cumsum(np.where(opens, 1, -1)) + self.depth
        before = after - np.where(opens, 1, -1)
        if len(after):
            self.depth = int(after[-1])
        chosen = np.minimum(before, after) < _DEEPEST
        return _Block(places[chosen].tolist(), opens[chosen].tolist(), before[chosen].tolist())


def _find_quotes(data: np.ndarray, escaped: bool = False) -> tuple[np.ndarray, bool]:
    """Which bytes are quotes that no backslash escapes, and whether the byte after the last is escaped.

    Args:
        data: bytes of JSON, (n,) uint8.
        escaped: whether the first byte is.
    """
    quotes = data == _QUOTE
    slashes = np.flatnonzero(data == _BACKSLASH)
    if escaped and len(data):
        quotes[0] = False
        slashes = slashes[slashes > 0]
    if not len(slashes):
        return quotes, escaped and not len(data)
    first = np.flatnonzero(np.diff(slashes, prepend=-2) != 1)
    lengths = np.diff(first, append=len(slashes))
    after = (slashes[first] + lengths)[
        lengths % 2 == 1
    ]  # a backslash escapes the next, so odd runs leave one over
    quotes[after[after < len(data)]] = False
    return quotes, bool(len(after)) and int(after[-1]) == len(data)


def compact(data: bytes, bounds: np.ndarray) -> tuple[bytes, np.ndarray]:
    """JSON values without the white space between their tokens, so that however they are laid out they are the same.

    Args:
        data: values one after the other, each whole and not empty.
        bounds: where each begins, and the end (n + 1 values).
    """
    raw = np.frombuffer(data, np.uint8)
    outside = np.bitwise_xor.accumulate(_find_quotes(raw)[0].view(np.uint8)) == 0
    kept = ~(outside & ((raw == 0x20) | ((raw >= 0x09) & (raw <= 0x0D))))
    lengths = np.add.reduceat(kept.view(np.uint8), bounds[:-1], dtype=np.int64)
    return raw[kept].tobytes(), np.concatenate(([0], np.cumsum(lengths))).astype(np.int32)


def find_word(data: bytes, word: bytes, rare: int) -> list[int]:
    """Where `word` stands in `data`, ascending: looked for by its byte at `rare`, which few other words hold.

    Several times as fast as `bytes.find` for words that begin and end as all JSON strings do.
    """
    raw = np.frombuffer(data, np.uint8)
    places = np.flatnonzero(raw == word[rare]) - rare
    places = places[(places >= 0) & (places <= len(raw) - len(word))]
    for index in (*range(rare + 1, len(word)), *range(rare)):
        places = places[raw[places + index] == word[index]]
    found: list[int] = places.tolist()
    return found


def scan(
    stream: BinaryIO,
    offset: int = 0,
    *,
    split: Callable[[int], bool] = lambda number: True,
    size: int = CHUNK_BYTES,
    limit: int = LINE_LIMIT,
) -> Iterator[Entry | Document]:
    """The entries of each JSON object in a stream, and after them the object itself.

    Args:
        stream: one object, or several with white space between them.
        offset: where the stream begins in its file.
        split: whether the `entry` array of the n-th object (from 0) is cut up; else it is a part of the object.

    Raises:
        Rejected: `truncated-json` where the stream ends inside an object, `invalid-json` where there is something
            else between objects or the object is none without its entries, `line-too-long` where it is too long
            even so; `corrupt-gzip`.
    """
    scanner = _Scanner(offset, split, limit)
    while block := read_block(stream, size):
        yield from scanner.take(block)
    scanner.finish()


class _Scanner:
    """The state between blocks. `held` begins at `base` in the file; what lies before `given` is given away."""

    def __init__(self, offset: int, split: Callable[[int], bool], limit: int) -> None:
        self.structure = _Structure()
        self.split, self.limit = split, limit
        self.held, self.base, self.given = b"", offset, offset
        self.around = bytearray()  # the object without its entries
        self.start = self.entry_start = self.resource_start = -1
        self.resource: tuple[int, int] | None = None
        self.listing = False
        self.number = self.documents = 0
        self.head: bytes | None = None  # of an overlong entry, of which no more is kept

    def take(self, block: bytes) -> Iterator[Entry | Document]:
        """Work through a block."""
        shift = self.base + len(self.held)
        self.held += block
        found = self.structure.read(block)
        for place, opens, depth in zip(found.positions, found.opening, found.depths, strict=True):
            if opens:
                self._open(shift + place, depth)
            elif (done := self._close(shift + place, depth)) is not None:
                yield done
        self._settle()

    def finish(self) -> None:
        """Raise where something is open still, or follows the last object."""
        end = self.base + len(self.held)
        if self.start >= 0:
            raise Rejected("truncated-json", f"byte {end}", "a whole file; export it again")
        self._require_blank(end)

    def _open(self, place: int, depth: int) -> None:
        byte = self.held[place - self.base]
        if depth == 0:
            self._require_blank(place)
            if byte != _BRACE:
                raise Rejected("invalid-json", f"byte {place}", "a JSON object")
            self.start = place
        elif depth == 1 and byte == _BRACKET:
            self._give(place)
            self.listing = bool(_ENTRY.search(self.around[-_KEY_BYTES:])) and self.split(self.documents)
        elif depth == 2 and self.listing and byte == _BRACE:
            self._give(place)
            self.entry_start, self.resource, self.resource_start = place, None, -1
        elif depth == 3 and self.entry_start >= 0 and self.head is None:
            first = max(self.entry_start, place - _KEY_BYTES) - self.base
            if _RESOURCE.search(self.held[first : place - self.base]):
                self.resource_start = place

    def _close(self, place: int, depth: int) -> Entry | Document | None:
        if depth == 4 and self.resource_start >= 0:
            self.resource = (self.resource_start - self.entry_start, place + 1 - self.entry_start)
            self.resource_start = -1
        elif depth == 3 and self.entry_start >= 0:
            return self._end_entry(place + 1)
        elif depth == 2:
            self.listing = False
        elif depth == 1:
            return self._end_document(place + 1)
        elif depth <= 0:
            raise Rejected("invalid-json", f"byte {place}", "a JSON object")
        return None

    def _end_entry(self, end: int) -> Entry:
        self.number += 1
        if self.head is None:
            data = self.held[self.entry_start - self.base : end - self.base]
            entry = Entry(self.number, self.entry_start, data, self.resource)
        else:
            entry = Entry(self.number, self.entry_start, self.head, overlong=True)
        self.given = end
        self.around += b"{}"
        self.entry_start, self.head = -1, None
        return entry

    def _end_document(self, end: int) -> Document:
        self._give(end)
        try:
            content = orjson.loads(self.around)
        except orjson.JSONDecodeError:
            raise Rejected("invalid-json", f"byte {self.start}", "a JSON object") from None
        found = Document(self.start, end, self.number, content, bytes(self.around))
        self.around.clear()
        self.documents += 1
        self.start, self.number, self.listing = -1, 0, False
        return found

    def _require_blank(self, place: int) -> None:
        """Nothing but white space stands before and after an object (and a byte order mark before the first)."""
        self._give(place)
        if bytes(self.around).removeprefix(_BOM).strip(_BLANK):
            raise Rejected("invalid-json", f"byte {place}", "JSON objects and nothing between them")
        self.around.clear()

    def _give(self, place: int) -> None:
        """Move what comes before `place` to the object's own bytes."""
        self.around += self.held[self.given - self.base : place - self.base]
        self.given = place

    def _settle(self) -> None:
        """At a block's end: keep the open entry, or the head of it where it is too long; give the rest away."""
        end = self.base + len(self.held)
        if self.entry_start < 0:
            self._give(end)
            if len(self.around) > self.limit:
                raise Rejected("line-too-long", f"byte {max(self.start, 0)}", f"up to {self.limit >> 20} MiB")
            self.held, self.base = b"", end
        elif self.head is not None or end - self.entry_start > self.limit:
            first = self.entry_start - self.base
            self.head = self.head if self.head is not None else self.held[first : first + PAYLOAD_LIMIT]
            self.held, self.base = b"", end
        else:
            self.held, self.base = self.held[self.entry_start - self.base :], self.entry_start
