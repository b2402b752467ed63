"""Concepts with several codings: which one is taken. Vectorised."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.fhir import columns as c
from connectors.fhir.engine import query
from contracts.schemas.vocabularies import is_standard

_ENTRIES = """
SELECT row, json_extract_string(entry, ['$.system', '$.code', '$.display']) AS v FROM (
    SELECT row, unnest(json_extract(line, '$[*]')) AS entry FROM lines WHERE line IS NOT NULL
)
"""
Coding = tuple[pa.Array, pa.Array, pa.Array]


def coding_of(systems: pa.Array, codes: pa.Array, displays: pa.Array, several: pa.Array) -> Coding:
    """Vocabulary, code and display of each concept: of several codings the one in a vocabulary that OMOP has standard
    concepts in, else the first that has a code.

    Args:
        systems, codes, displays: of the first coding.
        several: all codings as JSON, where there is more than one.
    """
    kept = c.code_of(codes)
    found = (c.vocabulary(systems), kept, c.display_of(displays, kept))
    if several.null_count == len(several):
        return found
    rows, best = _best(several)
    vocabularies, kept, shown = (_placed(a, rows, b) for a, b in zip(found, best, strict=True))
    return vocabularies, kept, shown


def _best(several: pa.Array) -> tuple[np.ndarray, Coding]:
    """The rows with several codings, and what is taken of each."""
    lines = pa.table({"line": several, "row": pa.array(np.arange(len(several)), pa.int64())})
    listed = query(_ENTRIES, lines)
    rows = listed["row"].to_numpy()
    parts = [pc.list_element(listed["v"].combine_chunks(), i) for i in range(3)]
    vocabularies, codes = c.vocabulary(parts[0]), c.code_of(parts[1])
    named = vocabularies.dictionary_encode()
    standard = np.array([*map(is_standard, named.dictionary.to_pylist()), False], bool)
    is_best = standard[pc.fill_null(named.indices, len(standard) - 1).to_numpy(zero_copy_only=False)]
    coded = pc.is_valid(codes).to_numpy(zero_copy_only=False)
    rank = np.where(coded, np.where(is_best, 0, 1), 2)
    order = np.lexsort((np.arange(len(rows)), rank, rows))
    chosen, first = np.unique(rows[order], return_index=True)
    taken = pa.array(order[first])
    kept = codes.take(taken)
    return chosen, (vocabularies.take(taken), kept, c.display_of(parts[2].take(taken), kept))


def _placed(column: pa.Array, rows: np.ndarray, values: pa.Array) -> pa.Array:
    """The column with `values` at `rows`."""
    mask = np.zeros(len(column), bool)
    mask[rows] = True
    return pc.replace_with_mask(column, pa.array(mask), values)


_CONCEPT = """
SELECT v[1] AS system, v[2] AS code, v[3] AS display, v[5] AS text,
    CASE WHEN v[4] IS NOT NULL THEN json_extract_string(line, '$.coding') END AS several
FROM (SELECT line, json_extract_string(line, ['$.coding[0].system', '$.coding[0].code', '$.coding[0].display',
    '$.coding[1].code', '$.text']) AS v FROM lines)
"""


def concept_of(concepts: pa.Array) -> tuple[pa.Array, pa.Array, pa.Array, pa.Array]:
    """Vocabulary, code, display and text (where there is no code) of concepts as JSON."""
    found = query(_CONCEPT, pa.table({"line": concepts}))
    at = {name: found[name].combine_chunks() for name in found.column_names}
    vocabularies, codes, displays = coding_of(at["system"], at["code"], at["display"], at["several"])
    return vocabularies, codes, displays, c.text_of(at["text"], codes)
