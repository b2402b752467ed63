"""Contexts follow the calendar: who turns 90 is judged anew, though no source record changed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from contracts.identity import Identity
from contracts.keys import Key
from contracts.privacy import Profile
from contracts.units import Unit
from stores.home import create_home
from stores.vault import Vault
from stores.vault_ages import birth_marks

BIRTHS = {"old": "1934-11-30", "partial": "1934", "young": "1990-05-06", "unknown": ""}


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    home = create_home(tmp_path / "home", Profile.SAFE_HARBOR, seed="ages")
    with Vault.open(home, home.load_key()) as opened:
        for name, born in BIRTHS.items():
            _remember(opened, name, {"birth_date": (born,), "name": (name,)})
        _remember(opened, "dead", {"birth_date": ("19300101",), "death_date": ("2021-03-04",)})
        _remember(opened, "dead-before-90", {"birth_date": ("1930-01-01",), "death_date": ("2001-03-04",)})
        opened.resolve(1)
        yield opened


def _remember(vault: Vault, name: str, traits: dict[str, tuple[str, ...]]) -> None:
    vault.remember_identities(Unit(f"ehr/{name}", "ehr", "fhir"), [Identity("ward", name, traits=traits)])


def contexts(vault: Vault, day: date | None) -> dict[str, str]:
    names = [*BIRTHS, "dead", "dead-before-90"]
    found = vault.contexts([f"ehr/{name}" for name in names], day)
    return {name: found[f"ehr/{name}"] for name in names}


def changed(vault: Vault, before: date, after: date) -> set[str]:
    first, second = contexts(vault, before), contexts(vault, after)
    return {name for name in first if first[name] != second[name]}


def test_who_turns_90_between_two_nights_is_judged_anew(vault: Vault) -> None:
    assert changed(vault, date(2023, 12, 31), date(2024, 1, 1)) == {"old", "partial"}


def test_whose_group_moves_with_the_calendar_is_judged_anew_each_year(vault: Vault) -> None:
    assert changed(vault, date(2025, 6, 1), date(2025, 12, 31)) == set()
    assert changed(vault, date(2025, 12, 31), date(2026, 1, 1)) == {"old", "partial"}


def test_the_dead_grow_no_older(vault: Vault) -> None:
    assert {"dead", "dead-before-90"}.isdisjoint(changed(vault, date(2022, 1, 1), date(2040, 1, 1)))


def test_nothing_else_changes_a_context(vault: Vault) -> None:
    plain, dated = contexts(vault, None), contexts(vault, date(2024, 1, 1))
    assert {name for name in plain if plain[name] == dated[name]} == {"young", "unknown"}
    assert contexts(vault, date(2024, 1, 1)) == dated


def test_marks_are_those_of_everyone_over_89() -> None:
    key = Key("test", bytes(range(32)))
    older, younger = birth_marks(key, 2024), birth_marks(key, 2023)
    assert younger < older
    assert len(older) - len(younger) == 365 * 2 + 12 * 2 + 1  # 1934 in its spellings


def test_rows_of_who_turns_90_lose_the_year_of_birth(tmp_path: Path) -> None:
    from stores.staging import find
    from tasks.processing import process_unit
    from tasks.workroom import Job
    from tests.tasks.rooms import make_room

    room = make_room(tmp_path, profile=Profile.SAFE_HARBOR)
    room.write("Patient.ndjson", [{"resourceType": "Patient", "id": "p", "birthDate": "1934-11-30"}])
    (surveyed,) = room.survey()
    years = []
    for day in (date(2023, 12, 31), date(2024, 1, 1), date(2026, 1, 1)):
        context = room.work.vault.contexts([surveyed.unit.unit], day)[surveyed.unit.unit]
        job = Job(str(room.work.home.path), surveyed.unit, day.isoformat(), context)
        process_unit(job)
        manifest = find(room.work.home.staging, "ward", surveyed.unit.token, job.fingerprint)
        assert manifest is not None
        years.append(_birth_years(manifest.folder))
    assert years == [{1934}, {1934}, {1936}]  # in 2024 it stands for "1934 or before" already


def _birth_years(folder: Path) -> set[int]:
    import duckdb

    path = next(iter(sorted(folder.rglob("records.patient*.parquet"))))
    rows = duckdb.execute("SELECT year(birth_date) FROM read_parquet(?)", [str(path)]).fetchall()
    return {year for (year,) in rows}
