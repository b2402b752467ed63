"""What OMOP's vocabularies tell of drugs: ingredients (CONCEPT_ANCESTOR), strengths (DRUG_STRENGTH), and of all
concepts other names (CONCEPT_SYNONYM). An Athena download has them beside the concepts; an OMOP export often has not.

CONCEPT_ANCESTOR has some 80 million rows, of which those from an ingredient to a drug are kept. Of a table, one block
at a time is in memory.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stores.vocabulary_csv import Download

TABLES = ("concept_ancestor", "concept_synonym", "drug_strength")
INGREDIENT = "vocabulary.ingredient"
STRENGTH = "vocabulary.strength"
NONE = "none"
"""The digest of no such table."""
SCHEMA = """
CREATE TABLE ingredient (drug_concept_id INTEGER NOT NULL, ingredient_concept_id INTEGER NOT NULL);
CREATE TABLE strength (
    drug_concept_id INTEGER NOT NULL,
    ingredient_concept_id INTEGER NOT NULL,
    amount_value REAL,
    amount_unit_concept_id INTEGER,
    numerator_value REAL,
    numerator_unit_concept_id INTEGER,
    denominator_value REAL,
    denominator_unit_concept_id INTEGER
);
CREATE TABLE synonym (concept_id INTEGER NOT NULL, name TEXT NOT NULL);
"""
_INDEXES = """
CREATE INDEX ingredient_by_drug ON ingredient (drug_concept_id, ingredient_concept_id);
CREATE INDEX strength_by_drug ON strength (drug_concept_id);
CREATE INDEX synonym_by_concept ON synonym (concept_id);
"""
_STRENGTH = (
    "drug_concept_id", "ingredient_concept_id", "amount_value", "amount_unit_concept_id", "numerator_value",
    "numerator_unit_concept_id", "denominator_value", "denominator_unit_concept_id",
)  # fmt: skip
_COLUMNS = {INGREDIENT: ("drug_concept_id", "ingredient_concept_id"), STRENGTH: _STRENGTH}
_CHUNK = 500
_Ids = npt.NDArray[np.int64]


def take_drugs(
    db: sqlite3.Connection, download: Download, concepts: _Ids, ingredients: _Ids
) -> dict[str, str]:
    """Fill the tables of `SCHEMA` from a download; returns what `status` tells of them: counts, and a digest.

    Args:
        concepts: all concepts of the download, ascending.
        ingredients: those that are standard ingredients, ascending.
    """
    if "concept_ancestor" in download:
        _take_ingredients(db, download, concepts, ingredients)
    if "drug_strength" in download:
        _take_strengths(db, download, concepts)
    if "concept_synonym" in download:
        _take_synonyms(db, download, concepts)
    db.executescript(_INDEXES)
    counts = {
        name: str(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
        for name, table in (("ingredients", "ingredient"), ("strengths", "strength"), ("synonyms", "synonym"))
    }
    return {**counts, "drugs_digest": _digest(db)}


def _take_ingredients(db: sqlite3.Connection, download: Download, concepts: _Ids, ingredients: _Ids) -> None:
    """From each ingredient to the drugs that have it, the ingredient itself among them."""
    for batch in download.batches("concept_ancestor", ("ancestor_concept_id", "descendant_concept_id")):
        ancestors, descendants = (column.cast(pa.int64()).to_numpy() for column in batch.columns)
        kept = _among(ancestors, ingredients)
        kept[kept] = _among(descendants[kept], concepts)
        rows = zip(descendants[kept].tolist(), ancestors[kept].tolist(), strict=True)
        db.executemany("INSERT INTO ingredient VALUES (?, ?)", rows)


def _take_strengths(db: sqlite3.Connection, download: Download, concepts: _Ids) -> None:
    marks = ", ".join("?" * len(_STRENGTH))
    for batch in download.batches("drug_strength", (*_STRENGTH, "invalid_reason")):
        rows = batch.filter(pc.equal(batch["invalid_reason"], ""))
        columns = [
            _numbers(rows[name], pa.float64() if name.endswith("_value") else pa.int64())
            for name in _STRENGTH
        ]
        drugs = columns[0].to_numpy(zero_copy_only=False)
        known = pa.table(columns, names=list(_STRENGTH)).filter(pa.array(_among(drugs, concepts)))
        db.executemany(
            f"INSERT INTO strength VALUES ({marks})",
            zip(*(column.to_pylist() for column in known.columns), strict=True),
        )


def _take_synonyms(db: sqlite3.Connection, download: Download, concepts: _Ids) -> None:
    for batch in download.batches("concept_synonym", ("concept_id", "concept_synonym_name")):
        ids = batch["concept_id"].cast(pa.int64()).to_numpy()
        rows = batch.filter(pa.array(_among(ids, concepts)))
        columns = (rows["concept_id"].cast(pa.int64()).to_pylist(), rows["concept_synonym_name"].to_pylist())
        db.executemany("INSERT INTO synonym VALUES (?, ?)", zip(*columns, strict=True))


def _numbers(texts: pa.Array, kind: pa.DataType) -> pa.Array:
    """Numbers; null where there is none. Ids may be written as `8576.0`, as tables do that know no empty integers."""
    texts = pc.if_else(pc.equal(texts, ""), None, texts)
    return texts.cast(pa.float64()).cast(kind)


def _among(ids: _Ids, known: _Ids) -> npt.NDArray[np.bool_]:
    if not len(known):
        return np.zeros(len(ids), np.bool_)
    at = np.minimum(np.searchsorted(known, ids), len(known) - 1)
    return np.asarray(known[at] == ids)


def _digest(db: sqlite3.Connection) -> str:
    """Over ingredients and strengths, in whatever order they stood; names say nothing there."""
    digest, rows = hashlib.sha256(), 0
    for table in ("ingredient", "strength"):
        cursor = db.execute(f"SELECT * FROM {table} ORDER BY 1, 2, 3" if table == "strength" else
                            f"SELECT * FROM {table} ORDER BY 1, 2")  # fmt: skip
        while found := cursor.fetchmany(10_000):
            rows += len(found)
            digest.update(repr(found).encode())
    return digest.hexdigest()[:32] if rows else NONE


class Drugs:
    """What the loaded vocabularies tell of drugs; `tasks.deriving` asks it."""

    def __init__(self, db: sqlite3.Connection, digest: str) -> None:
        self._db, self.digest = db, digest

    def relation(self, name: str, drugs: Iterable[int]) -> pa.Table:
        """Rows of `INGREDIENT` or `STRENGTH` about these drugs."""
        columns, table = _COLUMNS[name], name.partition(".")[2]
        wanted, found = sorted(set(drugs)), []
        for start in range(0, len(wanted), _CHUNK):
            chunk = wanted[start : start + _CHUNK]
            marks = ", ".join("?" * len(chunk))
            query = f"SELECT DISTINCT {', '.join(columns)} FROM {table} WHERE drug_concept_id IN ({marks})"
            found += self._db.execute(query, chunk).fetchall()
        arrays = [
            pa.array([row[place] for row in found], pa.float64() if column.endswith("_value") else pa.int64())
            for place, column in enumerate(columns)
        ]
        return pa.table(arrays, names=list(columns))

    def synonyms(self, ids: Iterable[int]) -> dict[int, list[str]]:
        """Other names of concepts, in the order of the alphabet."""
        found: dict[int, list[str]] = {}
        query = "SELECT DISTINCT name FROM synonym WHERE concept_id = ? ORDER BY name"
        for concept in set(ids):
            if names := [str(row[0]) for row in self._db.execute(query, (concept,))]:
                found[concept] = names
        return found


def status_of(meta: dict[str, Any]) -> dict[str, Any]:
    """What `status` tells of these tables."""
    return {name: int(meta[name]) for name in ("ingredients", "strengths", "synonyms")}
