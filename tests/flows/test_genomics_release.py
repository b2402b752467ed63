"""What of the genomics tables is released is a setting."""

from __future__ import annotations

from flows.stages.releasing import released_tables

VERSIONS = {"omop.person": 1, "genomics.file": 1, "genomics.variant": 2, "genomics.call": 3}


def test_policies() -> None:
    assert released_tables(VERSIONS, "all") == VERSIONS
    assert set(released_tables(VERSIONS, "no-genotypes")) == set(VERSIONS) - {"genomics.call"}
    assert set(released_tables(VERSIONS, "none")) == {"omop.person"}
