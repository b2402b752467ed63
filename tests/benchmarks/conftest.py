"""Benchmarks prepare this process's environment for a home of their own: the tests after them must not inherit it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True, scope="package")
def environment_as_before() -> Iterator[None]:
    """Put every variable back when the benchmarks' tests are done."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)
