"""What OMOP concepts are called: `VOCABULARY//CODE` and their name, as far as a vocabulary is at hand."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from stores.vocabulary import Vocabularies

_FILE = "concepts.csv"


class Naming:
    """Names concepts by the vocabularies that the home has loaded, else by the few that need none.

    Args:
        vocabularies: those of the home; None where it has none.
    """

    def __init__(self, vocabularies: Vocabularies | None) -> None:
        self._vocabularies = vocabularies
        known = vocabularies.digest if vocabularies else ""
        self.digest = hashlib.sha256(f"{known}\n{_text()}".encode()).hexdigest()[:32]

    def table(self, ids: Iterable[int]) -> pa.Table:
        """Of the concepts that are known: `id`, `named` (`VOCABULARY//CODE`) and `name`."""
        wanted = sorted(set(ids))
        found = {concept: _few()[concept] for concept in wanted if concept in _few()}
        if self._vocabularies is not None:
            for concept, told in self._vocabularies.describe(wanted).items():
                found[concept] = (f"{told['vocabulary']}//{told['code']}", str(told["name"]))
        return pa.table(
            {
                "id": pa.array(list(found), pa.int64()),
                "named": pa.array([named for named, _ in found.values()], pa.string()),
                "name": pa.array([name for _, name in found.values()], pa.string()),
            }
        )


def _text() -> str:
    return (files(__package__) / _FILE).read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def _few() -> dict[int, tuple[str, str]]:
    lines = (line for line in _text().splitlines() if not line.startswith("# "))
    return {
        int(row["concept_id"]): (f"{row['vocabulary_id']}//{row['concept_code']}", row["concept_name"])
        for row in csv.DictReader(lines)
    }
