"""Versions in the ledger are sealed, equal for equal, and opened only where they belong."""

from __future__ import annotations

import polars as pl
import pytest

from contracts.errors import Fatal
from contracts.keys import Key
from tasks.versions import open_versions, seal_versions

_KEY = Key("test", bytes(range(32)))
_LEDGER = pl.DataFrame({"_owner": [1, 2, 3], "version": ["2024-03-12T08:00:00Z", "", "2024-03-12T08:00:00Z"]})


def test_sealed_versions_open_again_and_show_no_date() -> None:
    sealed = seal_versions(_LEDGER, _KEY)
    assert open_versions(sealed, _KEY).equals(_LEDGER)
    assert "2024" not in "".join(sealed["version"])
    assert sealed["version"][1] == ""


def test_sealing_again_gives_the_same_and_another_record_another() -> None:
    sealed = seal_versions(_LEDGER, _KEY)
    assert sealed.equals(seal_versions(_LEDGER, _KEY)), "an unchanged ledger stays equal"
    assert sealed["version"][0] != sealed["version"][2]


@pytest.mark.parametrize("change", ["key", "owner", "text"])
def test_what_does_not_belong_is_refused(change: str) -> None:
    sealed = seal_versions(_LEDGER, _KEY)
    key = Key("other", bytes(32)) if change == "key" else _KEY
    if change == "owner":
        sealed = sealed.with_columns(_owner=pl.col("_owner") + 1)
    if change == "text":
        sealed = sealed.with_columns(version=pl.lit("not base64!"))
    with pytest.raises(Fatal, match="cannot be opened"):
        open_versions(sealed, key)


def test_no_versions_are_no_trouble() -> None:
    empty = _LEDGER.clear()
    assert open_versions(seal_versions(empty, _KEY), _KEY).equals(empty)
