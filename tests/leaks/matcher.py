"""Finds thousands of identifiers in bytes in one linear pass.

Rabin-Karp over numpy: each spelling is represented by one window of 8 bytes (5 for short ones), its rarest;
every window of the data is hashed and looked up in a bitmap, and the few that pass are compared byte by byte.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tests.leaks.identifiers import Identifier, Identifiers
from tests.leaks.spellings import spell

_LONG, _SHORT = 8, 5
_BITS = 22
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_MASKS = {_LONG: np.uint64(0xFFFFFFFFFFFFFFFF), _SHORT: np.uint64(0xFFFFFFFFFF)}
_WORD = frozenset(b"0123456789abcdefghijklmnopqrstuvwxyz") | frozenset(range(128, 256))
_DIGITS = frozenset(b"0123456789")
_DIGIT_BOUND = ("birth_date", "ssn", "phone")  # "1927-05-21T00:00" and "tel555..." hold the whole value
_UNWORDED = re.compile(r"[^\w\x00-\x7f]")
_RAW_DIGITS = 9
"""Shorter numbers are not looked for in raw bytes nor in numeric columns: chance would find them."""


@dataclass(frozen=True)
class Hit:
    """An identifier found, and where in the data it begins."""

    identifier: Identifier
    start: int
    length: int


@dataclass(frozen=True)
class _Pattern:
    identifier: Identifier
    data: bytes
    anchor: int
    whole: bool
    is_uid: bool
    quiet: bool
    word: frozenset[int]


class Matcher:
    """Looks for identifiers in folded text (`find`) or in raw bytes (a matcher made with `raw=True`).

    In text an identifier must stand as a whole token. In raw bytes strong ones (a digit and seven characters,
    or twelve characters) may touch their neighbours, since stores lay values end to end; the others must
    still stand alone, and numbers of fewer than nine digits are left to the decoded pass.
    """

    def __init__(self, identifiers: Identifiers, *, raw: bool = False) -> None:
        drafts = [d for i in _once(identifiers) for d in _spell_bytes(i, raw)]
        grams: dict[int, Counter[bytes]] = {_LONG: Counter(), _SHORT: Counter()}
        for _, data, _ in drafts:
            size = _size(data)
            grams[size].update({data[k : k + size] for k in range(len(data) - size + 1)})
        self._patterns: dict[int, dict[int, list[_Pattern]]] = {
            _LONG: defaultdict(list),
            _SHORT: defaultdict(list),
        }
        for identifier, data, whole in drafts:
            size = _size(data)
            anchor = min(range(len(data) - size, -1, -1), key=lambda k: grams[size][data[k : k + size]])
            code = int.from_bytes(data[anchor : anchor + size], "little")
            is_uid = identifier.kind == "uid" or data.replace(b".", b"").isdigit()
            word = _DIGITS if identifier.kind in _DIGIT_BOUND or (raw and data.isdigit()) else _WORD
            pattern = _Pattern(
                identifier, data, anchor, whole, is_uid, raw and whole and size == _SHORT, word
            )
            self._patterns[size][code].append(pattern)
        self._codes = {size: np.array(sorted(p), dtype=np.uint64) for size, p in self._patterns.items()}
        self._maps = {size: _bitmap(codes) for size, codes in self._codes.items()}
        self.spellings = len(drafts)

    def find(self, data: bytes) -> Iterator[Hit]:
        """All hits in `data`, which must be folded already (`fold_text`, or `bytes.lower` for raw bytes)."""
        for size, starts, codes in self._candidates(data):
            patterns = self._patterns[size]
            for start, code in zip(starts.tolist(), codes.tolist(), strict=True):
                for pattern in patterns[code]:
                    begin = start - pattern.anchor
                    if (
                        begin >= 0
                        and data.startswith(pattern.data, begin)
                        and _stands_alone(data, begin, pattern)
                    ):
                        yield Hit(pattern.identifier, begin, len(pattern.data))

    def _candidates(self, data: bytes) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
        padded = data + bytes(_LONG)
        for offset in range(_LONG):
            count = (len(padded) - offset) // _LONG
            windows = np.frombuffer(padded, dtype="<u8", count=count, offset=offset)
            for size in (_LONG, _SHORT):
                codes = self._codes[size]
                if not len(codes) or not count:
                    continue
                masked = windows & _MASKS[size] if size == _SHORT else windows
                index = np.flatnonzero(self._maps[size][(masked * _FACTOR) >> np.uint64(64 - _BITS)])
                values = masked[index]
                at = np.searchsorted(codes, values)
                at[at == len(codes)] = 0
                good = codes[at] == values
                yield size, index[good] * _LONG + offset, values[good]


def fold_text(text: str) -> bytes:
    """Case-folded UTF-8 of a text; quotes, dashes and spaces beyond ASCII become plain spaces."""
    if not text.isascii():
        text = _UNWORDED.sub(" ", unicodedata.normalize("NFC", text))
    return text.casefold().encode("utf-8", "surrogatepass")


def is_number(identifier: Identifier) -> bool:
    """Whether it is a plain number long enough to be told from chance in a numeric column."""
    digits = "".join(c for c in identifier.value if c not in "-() .+")
    return digits.isdigit() and len(digits) >= _RAW_DIGITS and identifier.kind != "uid"


def _once(identifiers: Identifiers) -> Iterator[Identifier]:
    """What is matched alone, one of each kind and value; birth dates for each person."""
    seen = set()
    for identifier in identifiers.items:
        mark = identifier.kind, identifier.value, identifier.person if identifier.kind == "birth_date" else ""
        if not identifier.ambiguous and mark not in seen:
            seen.add(mark)
            yield identifier


def _spell_bytes(identifier: Identifier, raw: bool) -> Iterator[tuple[Identifier, bytes, bool]]:
    for text in sorted(spell(identifier.kind, identifier.value)):
        data = text.encode()
        if not raw:
            yield identifier, data, True
            continue
        if text.isdigit() and len(text) < _RAW_DIGITS:
            continue
        strong = len(text) >= 12 or (len(text) >= 7 and any(c.isdigit() for c in text))
        whole = not strong or text.isdigit()  # inside a long number any short one turns up by chance
        yield identifier, data, whole
        yield identifier, text.encode("utf-16-le"), False
        if not text.isascii():
            yield identifier, text.encode("latin-1", "replace"), whole


def _size(data: bytes) -> int:
    return _LONG if len(data) >= _LONG else _SHORT


def _bitmap(codes: np.ndarray) -> np.ndarray:
    table = np.zeros(1 << _BITS, dtype=bool)
    table[(codes * _FACTOR) >> np.uint64(64 - _BITS)] = True
    return table


def _stands_alone(data: bytes, begin: int, pattern: _Pattern) -> bool:
    if not pattern.whole:
        return True
    end = begin + len(pattern.data)
    before, after = data[begin - 1 : begin], data[end : end + 1]
    if (before and before[0] in pattern.word) or (after and after[0] in pattern.word):
        return False
    if pattern.quiet and not (data[max(0, begin - 4) : begin] + data[end : end + 4]).isascii():
        return False  # five letters among compressed bytes are chance
    if pattern.is_uid:  # a longer dotted number is another number
        tail = data[end : end + 2]
        head = data[max(0, begin - 2) : begin]
        if len(tail) == 2 and tail[:1] == b"." and tail[1] in _DIGITS:
            return False
        if len(head) == 2 and head[1:] == b"." and head[0] in _DIGITS:
            return False
    return True
