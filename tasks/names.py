"""Names of codes that a source states without words. Names only, from packages: they know nothing of OMOP's ids.

ICD-10-CM comes from `simple-icd-10-cm` (the extra `names`), which has the tabular list of the Centers for Disease
Control. Without it a bare code stays bare.
"""

from __future__ import annotations

import warnings
from functools import lru_cache
from importlib import import_module, metadata
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

NAMED = "ICD10CM"
_PACKAGE = "simple-icd-10-cm"


def name_codes(events: pa.Table) -> pa.Table:
    """Fill in `display` where an event has a code of ICD-10-CM and no words for it.

    Args:
        events: rows of `contracts.schemas.events.EVENT`.
    """
    bare = pc.and_(pc.equal(events["vocabulary"], NAMED), pc.is_null(events["display"]))
    bare = pc.fill_null(pc.and_(bare, pc.is_valid(events["code"])), False)
    if not pc.any(bare).as_py() or names_version() == "none":
        return events
    encoded = pc.if_else(bare, events["code"], None).combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks() if encoded.num_chunks != 1 else encoded.chunk(0)
    names = pa.array([_name(code) for code in encoded.dictionary.to_pylist()], pa.string())
    display = pc.coalesce(events["display"], names.take(encoded.indices))
    return events.set_column(
        events.schema.get_field_index("display"), events.schema.field("display"), display
    )


@lru_cache(maxsize=1)
def names_version() -> str:
    """Which names there are: part of the recipe of what has codes without words."""
    try:
        return f"{_PACKAGE} {metadata.version(_PACKAGE)}"
    except metadata.PackageNotFoundError:
        return "none"


@lru_cache(maxsize=20_000)
def _name(code: str) -> str | None:
    key, tabular = code.strip().upper(), _tabular()
    if not key or not (tabular.is_valid_item(key) and tabular.is_category_or_subcategory(key)):
        return None  # chapters and blocks (A00-A09) are no codes
    return str(tabular.get_description(key))


@lru_cache(maxsize=1)
def _tabular() -> Any:
    """The tabular list: about 2 s and 150 MB, for a process that meets a code without words."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # remarks on the list's own XML
        return import_module("simple_icd_10_cm")
