"""Of what a record states of who is whom, only the newest statement holds, whichever came first."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import permutations

import pytest

from contracts.identity import Identity
from contracts.keys import Key
from contracts.units import Unit
from stores.home import Home
from stores.vault import Vault

A, B = Identity("h", "A", "fhir", "fhir"), Identity("h", "B", "fhir", "fhir")


@pytest.fixture
def vault(home: Home, key: Key) -> Iterator[Vault]:
    with Vault.open(home, key) as opened:
        yield opened


def stated(
    day: str, *aliases: Identity, record: str = "Patient/A", retracted: bool = False, tie: int = 0
) -> Identity:
    traits = {} if retracted else {"name": ("Quiverton",)}
    return Identity("h", "A", "fhir", "fhir", aliases, traits, record, day, tie, retracted)


def remember(vault: Vault, unit: str, *identities: Identity) -> bool:
    return vault.remember_identities(Unit(unit, unit.split("/")[0], "fhir"), identities)


def persons(vault: Vault) -> int:
    vault.resolve(1)
    return len({row["person_id"] for row in vault.linkage_person().to_pylist()})


NIGHTS: dict[str, list[tuple[str, tuple[Identity, ...] | None]]] = {
    "linked": [("2024-01-01", (A,)), ("2024-01-02", (B,))],
    "unlinked": [("2024-01-01", ()), ("2024-01-02", (B,)), ("2024-01-03", ())],
    "deleted": [("2024-01-01", ()), ("2024-01-02", (B,)), ("2024-01-03", None)],
    "stated anew": [("2024-01-01", (B,)), ("2024-01-02", None), ("2024-01-03", (B,))],
}


@pytest.mark.parametrize("name", NIGHTS)
def test_only_the_newest_statement_of_a_record_joins(vault: Vault, name: str) -> None:
    nights = NIGHTS[name]
    remember(vault, "s/0", A, B)
    for order in permutations(nights):
        for number, (day, aliases) in enumerate(order):
            remember(vault, f"s/u{number}", stated(day, *aliases or (), retracted=aliases is None))
        assert persons(vault) == (1 if name in ("linked", "stated anew") else 2), order


def test_of_several_statements_in_one_unit_the_newest_holds_across_batches(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stores.vault_identities.BATCH", 1)
    for order in permutations([stated("2024-01-01"), stated("2024-01-03"), stated("2024-01-02", B)]):
        remember(vault, "s/1", B, *order)
        assert persons(vault) == 2
    remember(vault, "s/1", B, stated("2024-01-04", B), stated("2024-01-03"))
    assert persons(vault) == 1
    c = Identity("h", "C", "fhir", "fhir")
    remember(vault, "s/1", stated("2024-01-04", B), stated("2024-01-04", c))
    assert persons(vault) == 1 and len(vault.linkage_person()) == 3


def test_of_one_instant_the_deletion_holds_and_else_the_tie(vault: Vault) -> None:
    remember(vault, "s/0", A, B)
    remember(vault, "s/1", stated("2024-01-02", B, tie=9))
    remember(vault, "s/2", stated("2024-01-02", tie=10))
    assert persons(vault) == 2
    remember(vault, "s/2", stated("2024-01-02", tie=8))
    assert persons(vault) == 1
    remember(vault, "s/2", stated("2024-01-02", retracted=True))
    assert persons(vault) == 2


def test_what_another_record_states_stays_and_a_forgotten_unit_states_nothing(vault: Vault) -> None:
    remember(vault, "s/1", stated("2024-01-02", B))
    remember(vault, "s/2", stated("2023-01-01", A, record="Patient/B"))
    remember(vault, "s/3", stated("2024-01-03"))
    assert persons(vault) == 2
    vault.forget_unit("s/3")
    assert persons(vault) == 1
    remember(vault, "t/1", stated("2024-01-05", retracted=True))
    assert persons(vault) == 2
    remember(vault, "s/4", Identity("h", "A", "fhir", "fhir", (B,)))
    assert persons(vault) == 1, "what is stated without a record holds while its unit is there"


def test_remembering_again_writes_nothing_and_the_dates_are_sealed(vault: Vault, home: Home) -> None:
    several = [stated("2024-01-02T03:04:05", B), stated("2024-01-03T03:04:05", B, record="other")]
    assert remember(vault, "s/1", *several)
    assert not remember(vault, "s/1", *reversed(several))
    assert remember(vault, "s/1", stated("2024-01-09", B), several[1])
    held = b"".join(path.read_bytes() for path in home.vault.iterdir())
    assert b"2024-01-0" not in held and b"Patient/A" not in held


def test_a_vault_of_the_format_before_is_brought_on(home: Home, key: Key) -> None:
    with Vault.open(home, key) as before:
        remember(before, "s/1", Identity("h", "A", "fhir", "fhir", (B,)))
    database = sqlite3.connect(home.vault / "vault.db")
    database.executescript("DROP TABLE statement; DROP TABLE stated; PRAGMA user_version=1;")
    database.close()
    with Vault.open(home, key) as opened:
        assert persons(opened) == 1
        remember(opened, "s/2", stated("2024-01-02"))
        assert persons(opened) == 1
