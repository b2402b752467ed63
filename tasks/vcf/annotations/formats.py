"""Which part of an annotation means what: the header's Format says it (`fields.csv` names the parts)."""

from __future__ import annotations

import csv
import re
from functools import lru_cache
from importlib.resources import files

_DECLARED = re.compile(r"##INFO=<ID=(CSQ|ANN|BCSQ|LOF|NMD),([^\n]*)")
_DESCRIPTION = re.compile(r'Description="((?:[^"\\]|\\.)*)"')
_NAMES = re.compile(
    r"(?:Format|Functional annotations):\s*['\[]?\s*((?:[\w.+\-/ *]+\|)+[\w.+\-/ *]+)", re.IGNORECASE
)


@lru_cache(maxsize=1)
def _fields() -> list[tuple[str, frozenset[str], tuple[str, ...]]]:
    text = (files(__package__) / "fields.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return [(row["column"], frozenset(row["annotator"].split()), tuple(row["names"].split())) for row in rows]


@lru_cache(maxsize=1)
def terms() -> dict[str, str]:
    """Terms of the Sequence Ontology by the words that bcftools csq writes, where these differ."""
    text = (files(__package__) / "terms.csv").read_text(encoding="utf-8")
    return {row["written"]: row["term"] for row in csv.DictReader(text.splitlines())}


def read_formats(header: str) -> dict[str, dict[str, int]]:
    """By INFO field: the place, from 1, of each column of `genomics.consequence` (and `allele_number`) in its parts.

    Args:
        header: a file's header lines.

    Returns:
        CSQ, ANN, BCSQ, LOF and NMD, where the header declares them and says how they are laid out.
    """
    found: dict[str, dict[str, int]] = {}
    for match in _DECLARED.finditer(header):
        described = _DESCRIPTION.search(match[2])
        names = _NAMES.search(described[1]) if described else None
        if names is not None and (places := _places(match[1], names[1])):
            found[match[1]] = places
    return found


def _places(annotator: str, layout: str) -> dict[str, int]:
    names = {name.strip().lower(): place for place, name in reversed(list(enumerate(layout.split("|"), 1)))}
    places: dict[str, int] = {}
    for column, annotators, wanted in _fields():
        known = [names[name.lower()] for name in wanted if name.lower() in names]
        if annotator in annotators and known:
            places.setdefault(column, known[0])
    return places
