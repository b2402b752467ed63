"""`docs/lake.md` describes the lake as it is: every table, every column, every key, and nothing that is not there."""

from __future__ import annotations

import re

import pytest

from contracts.schemas import LAKE
from contracts.schemas.lake import OWN_COLUMNS
from stores.vectors_search import vector_schema
from tests.conftest import ROOT

_TEXT = (ROOT / "docs" / "lake.md").read_text(encoding="utf-8")
_NAME = re.compile(r"`(_?[a-z][a-z0-9_]*)`")
_NO_COLUMNS = {"000"}

SECTIONS = dict(re.findall(r"(?ms)^### (\S+)\n(.+?)(?=^##|\Z)", _TEXT))


def test_every_table_has_its_section() -> None:
    from contracts.schemas.lake import _TABLES

    assert sorted(SECTIONS) == sorted(table.name for table in _TABLES)


@pytest.mark.parametrize("name", sorted(SECTIONS))
def test_every_column_is_described(name: str) -> None:
    named = set(_NAME.findall(SECTIONS[name])) - _NO_COLUMNS
    columns = {*LAKE[name].schema.names, *(field.name for field in OWN_COLUMNS)}
    assert set(LAKE[name].schema.names) - named == set()
    assert named - columns == set(), "the page names a column that the table lacks"


@pytest.mark.parametrize("name", sorted(SECTIONS))
def test_keys_and_origin_are_as_told(name: str) -> None:
    told = re.search(r"Key:\s+((?:`\w+`(?:,\s+)?)+)", SECTIONS[name])
    assert told is not None
    assert tuple(_NAME.findall(told[1])) == LAKE[name].key
    assert ("*derived" in SECTIONS[name]) == LAKE[name].derived


def test_vector_tables_are_described() -> None:
    section = _TEXT.partition("\n## Vectors\n")[2]
    assert set(vector_schema(3).names) - set(_NAME.findall(section)) == set()
