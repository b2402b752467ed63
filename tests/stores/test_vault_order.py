"""The outcome of linkage follows from what there is, not from the order in which it came."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.identity import Identity, Link
from contracts.keys import Key
from contracts.units import Unit
from stores.home import Home
from stores.vault import Vault

KINDS = ("fhir", "csv", "dicom", "vcf")
POOL = [Identity("a", str(i), kind=KINDS[i % 4]) for i in range(8)]
numbers = st.integers(0, len(POOL) - 1)


def _states() -> st.SearchStrategy[tuple[list[list[int]], list[tuple[int, int, int, str]]]]:
    """Units, as numbers of identities of which the first has the others as aliases; links of two crosswalks."""
    units = st.lists(st.lists(numbers, min_size=1, max_size=3), min_size=1, max_size=5)
    links = st.lists(
        st.tuples(st.integers(0, 1), numbers, numbers, st.sampled_from(["link", "unlink"])), max_size=6
    )
    return st.tuples(units, links)


def _outcome(
    home: Home, key: Key, steps: list[tuple[str, int]], units: list[list[int]], links: list[Link]
) -> object:
    """Play the steps in a vault of their own, resolving after each, and return who is whom."""
    folder = Path(tempfile.mkdtemp(dir=home.path))
    try:
        with Vault.open(Home(folder, home.profile, home.key_id, home.buckets, home.seed), key) as vault:
            for round_no, (what, number) in enumerate(steps):
                if what == "unit":
                    first, *others = (POOL[i] for i in units[number])
                    identity = Identity(
                        first.authority,
                        first.identifier,
                        kind=first.kind,
                        aliases=tuple(others),
                        traits={"name": (str(number),)},
                    )
                    vault.remember_identities(Unit(f"s/{number}", "s", "any"), [identity])
                elif what == "links":
                    vault.set_links(
                        f"crosswalk {number}", [link for n, link in enumerate(links) if n % 2 == number]
                    )
                else:
                    vault.forget_unit(f"s/{number}")
                vault.resolve(round_no)
            names = [f"s/{number}" for number in range(len(units))]
            people = [sorted(vault.people(Unit(n, "s", "any")).items()) for n in names]
            return vault.linkage_person().to_pylist(), people, vault.contexts(names)
    finally:
        shutil.rmtree(folder)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), state=_states())
def test_any_order_gives_the_same_people(
    home: Home, key: Key, data: st.DataObject, state: tuple[list[list[int]], list[tuple[int, int, int, str]]]
) -> None:
    units, raw = state
    links = [Link(POOL[a], POOL[b], "link" if action == "link" else "unlink") for _, a, b, action in raw]
    steps = [("unit", number) for number in range(len(units))] + [("links", 0), ("links", 1)]
    straight = _outcome(home, key, steps, units, links)
    shuffled = list(data.draw(st.permutations(steps)))
    forgotten = data.draw(st.integers(0, len(units) - 1))
    detour = [*shuffled, ("forget", forgotten), ("unit", forgotten)]
    assert _outcome(home, key, shuffled, units, links) == straight
    assert _outcome(home, key, detour, units, links) == straight
