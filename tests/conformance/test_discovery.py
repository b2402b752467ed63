"""What every connector's `discover` and `identities` owe."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from contracts.privacy import Action
from contracts.protocols import Reading
from contracts.units import Unit
from tests.conformance.reading import RESERVED, Sample, read_unit

_watches: list[tuple[str, list[str]]] = []


def _on_audit(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open":
        for folder, opened in _watches:
            if str(arguments[0]).startswith(folder):
                opened.append(str(arguments[0]))


sys.addaudithook(_on_audit)


@contextmanager
def watched(folder: Path) -> Iterator[list[str]]:
    """The files in `folder` that Python opens inside the block."""
    opened: list[str] = []
    _watches.append((str(folder), opened))
    try:
        yield opened
    finally:
        _watches.pop()


def test_it_says_what_it_is(sample: Sample) -> None:
    one = sample.connector
    assert one.kind == sample.kind
    assert one.version and one.ownership in {"file", "record"}
    assert one.tables and not RESERVED & set(one.tables)
    assert all(name.partition(".")[2] for name in one.tables), "tables are named <kind>.<table>"


def test_units_and_readings_travel(sample: Sample) -> None:
    for one in sample.readings():
        assert pickle.loads(pickle.dumps(one.unit)) == one.unit
        for text in (repr(one), repr(one.unit), repr(one.source)):
            assert not any(canary in text for canary in sample.canaries)
            assert str(sample.folder) not in text
    assert isinstance(pickle.loads(pickle.dumps(Unit("a/b", "a", sample.kind))), Unit)


def test_discovery_is_sorted_and_the_same_again(sample: Sample) -> None:
    first = sample.connector.discover(sample.source, "")
    assert first.listed
    paths = [item.path for item in first.listed]
    assert paths == sorted(set(paths))
    assert sample.connector.discover(sample.source, first.checkpoint).listed == first.listed
    assert all(item.stamp.size > 0 for item in first.listed)


def test_discovery_lists_and_opens_nothing(sample: Sample) -> None:
    with watched(sample.folder) as opened:
        sample.connector.discover(sample.source, "")
    assert opened == []
    with watched(sample.folder) as opened:
        read_unit(sample.connector, sample.readings()[0])
    assert opened, "the watch itself must see what is opened"


def test_identities_are_those_of_the_rows(sample: Sample) -> None:
    """Every subject that `read` emits was announced, so that the vault knows each row's person."""
    announced: set[str] = set()
    for one in sample.readings():
        for identity in sample.connector.identities(one):
            assert identity.kind == sample.kind
            assert identity.authority and identity.identifier
            announced |= {identity.subject, *(alias.subject for alias in identity.aliases)}
            assert not any(canary in repr(identity) for canary in sample.canaries)
    assert announced, "the sample must speak of somebody"
    emitted = {subject for one in sample.readings() for subject in _subjects(sample, one)}
    assert emitted <= announced


def test_identities_are_the_same_again(sample: Sample) -> None:
    for one in sample.readings():
        assert list(sample.connector.identities(one)) == list(sample.connector.identities(one))


def _subjects(sample: Sample, one: Reading) -> set[str]:
    found = read_unit(sample.connector, one)
    subjects = set()
    for table, schema in sample.connector.tables.items():
        named = [f.name for f in schema if (f.metadata or {}).get(b"action") == Action.SUBJECT.value.encode()]
        subjects |= {row[name] for row in found.rows(table) for name in named if row[name] is not None}
    return subjects
