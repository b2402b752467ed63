"""Which of OMOP's vocabularies a terminology is: by its URL, OID or name, from `vocabularies.csv`.

Shared by all formats, so that one code has one vocabulary wherever it comes from.
"""

from __future__ import annotations

import csv
from functools import lru_cache
from importlib.resources import files

_PREFIXES = ("urn:oid:", "oid:")
UCUM = "UCUM"


@lru_cache(maxsize=1)
def _rows() -> tuple[dict[str, str], frozenset[str]]:
    """Vocabulary ids by folded system, and the ids that have standard concepts."""
    text = (files(__package__) / "vocabularies.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
    known = {_folded(row["system"]): row["vocabulary_id"] for row in rows}
    return known, frozenset(row["vocabulary_id"] for row in rows if row["standard"] == "yes")


def _folded(system: str) -> str:
    text = system.strip().lower().rstrip("/").replace("https://", "http://", 1)
    for prefix in _PREFIXES:
        text = text.removeprefix(prefix)
    return text.partition("|")[0]  # a canonical URL may name a version


def vocabulary_of(system: str) -> str:
    """OMOP's vocabulary id of a terminology; the empty string where it is none of OMOP's.

    Args:
        system: its URL (a version after `|` is passed over), its OID with or without `urn:oid:`, or its name in
            HL7 v2 (table 0396) and in OMOP.
    """
    return _rows()[0].get(_folded(system), "")


def is_standard(vocabulary_id: str) -> bool:
    """Whether OMOP has standard concepts in this vocabulary: of several codings of a concept, such a one is taken."""
    return vocabulary_id in _rows()[1]
