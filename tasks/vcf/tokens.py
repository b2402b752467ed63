"""Tokens of people inside strings of a VCF: sample names, identifiers and names, wherever a tool wrote them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from contracts.identity import Person, decode_subject
from contracts.keys import Key
from tasks.vcf.shapes import decoded, encoded, scrub_shapes

_WORDS = re.compile(r"[^\W_]+")
_START, _END = r"(?<![^\W_])", r"(?![^\W_])"
_DATES = re.compile(r"(?<!\d)(?:19|20)\d\d([-/.])(?:0[1-9]|1[0-2])\1(?:0[1-9]|[12]\d|3[01])(?!\d)")
_PATHS = re.compile(
    r"(?:file:|https?:|ftp:)//[^\s\"<>]+|(?<![\w)\]])/(?:[\w.\-]+/)+[\w.\-]*|[\w.+\-]+@[\w\-]+(?:\.[\w\-]+)+"
)
_VOCABULARY = frozenset(
    "del dup ins inv cnv bnd snp snv indel mnp pass ref alt chr true false sym low high".split()
)
_SHORTEST = 3


class Knowing(Protocol):
    """What is needed of a de-identifier."""

    @property
    def key(self) -> Key: ...
    @property
    def people(self) -> Mapping[str, Person]: ...
    @property
    def source_authority(self) -> str: ...


class Tokens:
    """Replaces the tokens of a unit's people. A string is looked at closely only where it shares a word with one.

    Args:
        people: the unit's persons by subject.
        samples: names beyond those of `people`, such as samples that the vault doesn't know.
    """

    def __init__(self, people: Mapping[str, Person], samples: Iterable[str] = ()) -> None:
        tags = dict.fromkeys(samples, "[ID]")
        for subject, person in people.items():
            tags[decode_subject(subject)[1]] = "[ID]"
            tags |= dict.fromkeys(person.traits.get("identifier", ()), "[ID]")
            for name in person.traits.get("name", ()):
                for part in _WORDS.findall(name):
                    if part.isalpha() and part.lower() not in _VOCABULARY:
                        tags.setdefault(part, "[NAME]")
        self._patterns: dict[str, list[tuple[re.Pattern[str], str]]] = defaultdict(list)
        for token in sorted(tags, key=len, reverse=True):
            words = _WORDS.findall(token.lower())
            if words and _is_telling(token):
                pattern = re.compile(_START + re.escape(token) + _END, re.IGNORECASE)
                self._patterns[words[0]].append((pattern, tags[token]))

    def scrub(self, text: str) -> str:
        """The text with tokens, dates and what looks like an identifier replaced; escapes of VCF are looked beneath."""
        try:
            plain = decoded(text)
        except UnicodeDecodeError:
            plain = text
        clean = self._clean(plain)
        if clean == plain:
            return text
        return clean if plain == text else encoded(clean)

    def _clean(self, text: str) -> str:
        found = [p for word in set(_WORDS.findall(text.lower())) for p in self._patterns.get(word, ())]
        for pattern, tag in sorted(found, key=lambda p: len(p[0].pattern), reverse=True):
            text = pattern.sub(tag, text)
        return _DATES.sub("[DATE]", scrub_shapes(text))

    def scrub_prose(self, text: str) -> str:
        """The same for descriptions, whose paths, addresses and e-mails go too."""
        return self.scrub(_PATHS.sub("[ID]", text))

    def scrub_column(self, column: pa.Array) -> pa.Array:
        """A column of strings, or of lists of them at any depth, each distinct value once."""
        leaf = column.type
        while pa.types.is_list(leaf):
            leaf = leaf.value_type
        if not pa.types.is_string(leaf) or column.null_count == len(column):
            return column
        if pa.types.is_list(column.type):
            inner = self.scrub_column(pc.list_flatten(column))
            lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False)
            offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
            mask = pc.is_null(column) if column.null_count else None
            return pa.ListArray.from_arrays(pa.array(offsets), inner, mask=mask)
        coded = column.dictionary_encode()
        scrubbed = [value if value is None else self.scrub(value) for value in coded.dictionary.to_pylist()]
        return pa.array(scrubbed, pa.string()).take(coded.indices)


def _is_telling(token: str) -> bool:
    """Long enough to be somebody's; of two characters only with letter and digit ("S1")."""
    if len(token) >= _SHORTEST:
        return True
    return len(token) == 2 and token.isalnum() and not token.isalpha() and not token.isdigit()
