"""Numbers of HL7 v2 under who assigned them, and what messages say of whose they are."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from pathlib import Path

import pytest

from connectors.hl7v2 import Hl7v2Connector
from contracts.identity import Identity, encode_subject
from contracts.keys import Key
from contracts.protocols import Reading
from contracts.units import Source, Unit
from stores.home import Home, create_home
from stores.places import place_of
from stores.vault import Vault
from tests import hl7v2_messages as m
from tests.connectors.test_hl7v2 import read, who

KEY = Key("test", b"\x02" * 32)


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Vault]:
    from contracts.keys import load_key
    from contracts.privacy import Profile

    monkeypatch.setenv("NIGHTROUNDS_KEY_DIR", str(tmp_path / "keys"))
    home: Home = create_home(tmp_path / "home", Profile.EXPERT, seed="numbers")
    with Vault.open(home, load_key(home.key_id)) as opened:
        yield opened


def remember(vault: Vault, folder: Path, name: str, data: str, **options: str) -> None:
    path = folder / f"{name}.hl7"
    path.write_bytes(data.encode())
    source = Source("feed", "hl7v2", str(folder), "mercy", "UTC", options=options)
    unit = Unit(f"feed/{name}", "feed", "hl7v2")
    vault.remember_identities(
        unit, Hl7v2Connector().identities(Reading(unit, source, place_of(source, path.name), KEY))
    )


def persons(vault: Vault) -> int:
    vault.resolve(1)
    return len({row["person_id"] for row in vault.linkage_person().to_pylist()})


def seen(numbers: str, sent: str = "20230101") -> str:
    return m.message(m.msh("ADT^A08", sent=sent), m.evn("A08", sent), m.pid(numbers=numbers), m.pv1())


def apart(first: str, second: str, sent: str) -> str:
    """A37: two persons whose numbers were linked."""
    pids = (m.pid(numbers=first), m.pid(numbers=second))
    return m.message(m.msh("ADT^A37", sent=sent), m.evn("A37", sent), *pids)


def pairs(found: list[Identity]) -> set[tuple[str, ...]]:
    return {(one.subject, *(a.subject for a in one.aliases)) for one in found if one.record}


def test_the_same_number_of_two_authorities_is_two_people(vault: Vault, tmp_path: Path) -> None:
    data = seen("A1^^^MERCY^MR") + seen("A1^^^CLINIC^MR")
    remember(vault, tmp_path, "a", data)
    assert persons(vault) == 2
    own = encode_subject("mercy", "A1")
    assert own in {one.subject for one in who(data, tmp_path)}, "the authority of the source's own name"
    assert own in {one.subject for one in who(seen("A1^^^MAIN^MR"), tmp_path, mrn_authority="MAIN")}
    assert own not in {one.subject for one in who(data, tmp_path, mrn_authority="MAIN")}
    assert own in {one.subject for one in who(seen("A1^^^^MR"), tmp_path)}, "none is stated"
    remember(vault, tmp_path, "a", data, mrn_authority="CLINIC")
    assert persons(vault) == 2


def test_numbers_of_one_person_are_joined_and_shared_ones_join_nobody(vault: Vault, tmp_path: Path) -> None:
    remember(vault, tmp_path, "a", seen("1^^^A^MR~1^^^B^MR~77^^^A^SS") + seen("2^^^A^MR~77^^^A^SS"))
    assert persons(vault) == 2
    found = who(seen("1^^^A^MR~1^^^B^MR"), tmp_path, mrn_authority="B")
    (first,) = [one for one in found if not one.system and not one.record]
    assert first.identifier == "1" and {a.system for a in first.aliases} == {"hl7v2:B"}


MERGED = m.merge("N2", "N1", sent="20230102")
UNLINKED = apart("N2^^^MERCY^MR", "N1^^^MERCY^MR", "20230103")
MOVED = m.merge("N2", "N1", trigger="A43", sent="20230103")
AGAIN = m.merge("N2", "N1", sent="20230104")
LINKED = m.message(
    m.msh("ADT^A24", sent="20230102"),
    m.evn("A24", "20230102"),
    m.pid(numbers="N1^^^MERCY^MR"),
    m.pv1(),
    m.pid(numbers="N2^^^MERCY^MR"),
    m.pv1(),
)


@pytest.mark.parametrize(
    ("messages", "count"),
    [
        ((MERGED,), 1),
        ((LINKED,), 1),
        ((MERGED, UNLINKED), 2),
        ((LINKED, UNLINKED), 2),
        ((MERGED, MOVED), 2),
        ((MERGED, UNLINKED, AGAIN), 1),
    ],
)
@pytest.mark.parametrize("options", [{}, {"mrn_authority": "MERCY"}, {"mrn_authority": "OTHER"}])
def test_the_newest_message_says_whose_two_numbers_are(
    messages: tuple[str, ...], count: int, options: dict[str, str], vault: Vault, tmp_path: Path
) -> None:
    for order in permutations(messages):
        for number, data in enumerate(order):
            remember(vault, tmp_path, f"u{number}", data, **options)
        assert persons(vault) == count, order
    for number in range(1, len(messages)):
        remember(vault, tmp_path, f"u{number}", seen("N9^^^MERCY^MR"), **options)
    remember(vault, tmp_path, "u0", "".join(reversed(messages)), **options)
    assert persons(vault) == count + (len(messages) > 1), "in one file, and somebody else"


def test_a_number_that_was_with_the_wrong_person_moves(vault: Vault, tmp_path: Path) -> None:
    remember(vault, tmp_path, "1", seen("M1^^^MERCY^MR~X1^^^MPI^PI") + seen("X2^^^MPI^PI"))
    assert persons(vault) == 2
    moved = m.message(
        m.msh("ADT^A43", sent="20230105"),
        m.evn("A43", "20230105"),
        m.pid(numbers="M1^^^MERCY^MR~X2^^^MPI^PI"),
        "MRG|M1^^^MERCY^MR~X1^^^MPI^PI",
    )
    remember(vault, tmp_path, "2", moved)
    assert persons(vault) == 2
    vault.resolve(2)
    people = vault.people(Unit("feed/2", "feed", "hl7v2"))
    of = {
        system: encode_subject("mercy", number, system)
        for number, system in (("M1", ""), ("X2", "hl7v2:MPI"))
    }
    assert people[of[""]].person_id == people[of["hl7v2:MPI"]].person_id


def test_what_names_one_side_alone_takes_nothing_back_and_stays(tmp_path: Path) -> None:
    one = m.message(m.msh("ADT^A37"), m.evn("A37"), m.pid(numbers="N1^^^MERCY^MR"))
    assert not pairs(who(one, tmp_path))
    assert read(one, tmp_path)["hl7v2.other"][0]["record_type"] == "ADT_A37"
    assert "hl7v2.other" not in read(UNLINKED, tmp_path)
    assert len(read(UNLINKED, tmp_path)["hl7v2.patient"]) == 2


def sent_by(facility: str, *segments: str, kind: str = "ADT^A01") -> str:
    header = m.msh(kind).replace("|MERCY|", f"|{facility}|", 1)
    return m.message(header, *segments)


def admitted(visit: str, facility: str = "ENGINE", doctor: str = "") -> str:
    pv1 = ["PV1", "1", "I", *[""] * 4, doctor, *[""] * 11, visit, *[""] * 24, "20230101120000"]
    return sent_by(facility, m.evn("A01"), m.pid(numbers="A1^^^MERCY^MR"), "|".join(pv1))


def ids(found: dict[str, list[dict[str, object]]], table: str) -> set[object]:
    return {row["id"] for row in found[table]}


@pytest.mark.parametrize(
    ("first", "second", "count"),
    [
        (("V1^^^MERCY",), ("V1^^^CLINIC",), 2),
        (("V1^^^&1.2.3&ISO",), ("V1^^^&1.2.4&ISO",), 2),
        (("V1", "MERCY"), ("V1", "CLINIC"), 2),
        (("V1^^^CLINIC", "LAB"), ("V1", "CLINIC"), 1),
        (("V1^^^MERCY",), ("V1", "MERCY"), 1),
        (("V1", ""), ("V1^^^MERCY", "LAB"), 1),
    ],
)
def test_visits_are_under_who_numbered_them(
    first: tuple[str, ...], second: tuple[str, ...], count: int, tmp_path: Path
) -> None:
    found = read(admitted(*first) + admitted(*second), tmp_path)
    assert len(ids(found, "hl7v2.visit")) == len({row["_owner"] for row in found["hl7v2.visit"]}) == count


def test_accounts_orders_documents_and_practitioners_are_too(tmp_path: Path) -> None:
    def told(place: str) -> str:
        person = m.pid(numbers="A1^^^MERCY^MR").replace("|ACCT-5512097|", f"|ACCT-1^^^{place}|")
        txa = f"TXA|1|DS|TX|20230505||||||||DOC-1^{place}||||||AU"
        return (
            m.message(m.msh("ADT^A01"), m.evn("A01"), person, "PV1|1|I")
            + m.message(
                m.msh("ORU^R01"), person, f"OBR|1||F-100^{place}|2345-7^G^LN", m.obx(1, "NM", m.GLUCOSE, "5")
            )
            + m.message(m.msh("MDM^T02"), person, txa, m.obx(1, "TX", "18842-5^D^LN", "He is well."))
            + admitted("V1^^^MERCY", doctor=f"D1^Vane^^^^^^^{place}")
        )

    for places, count in ((("MERCY", "CLINIC"), 2), (("MERCY", "MERCY"), 1)):
        found = read("".join(map(told, places)), tmp_path)
        for table in ("hl7v2.result", "hl7v2.note", "hl7v2.provider"):
            assert len(ids(found, table)) == count, table
        assert len(ids(found, "hl7v2.visit")) == count + 1, "by the account"


def test_a_national_number_is_one_practitioners_everywhere(tmp_path: Path) -> None:
    numbers = [f"1234567893^Vane^^^^^^^{place}^^^^NPI" for place in ("MERCY", "CLINIC")]
    found = read("".join(admitted("V1", doctor=number) for number in numbers), tmp_path)
    assert len(ids(found, "hl7v2.provider")) == 1


def test_a_value_that_is_to_be_deleted_is_none(tmp_path: Path) -> None:
    def result(value: str, sent: str) -> str:
        order = m.obr()
        return m.message(m.msh("ORU^R01", sent=sent), m.pid(), order, m.obx(1, "NM", m.GLUCOSE, value))

    found = read(result("5", "20230101") + result('""', "20230102"), tmp_path)
    (row,), (gone,) = found["hl7v2.result"], found["deleted"]
    assert gone["_owner"] == row["_owner"] and gone["_version"] > row["_version"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
@pytest.mark.parametrize("charset", ["", "UNICODE", "8859/1", "UNICODE UTF-16"])
def test_files_of_utf16_are_read_by_their_bom(encoding: str, charset: str, tmp_path: Path) -> None:
    text = m.message(
        m.msh("ADT^A08", charset=charset), m.evn("A08"), m.pid(m.Patient(family="Müßiggänger")), m.pv1()
    )
    bom = "\ufeff" if encoding == "utf-16-be" else ""
    data = (bom + text).encode(encoding)
    assert any("Müßiggänger" in one.traits.get("name", ()) for one in who(data, tmp_path))
    assert len(read(data, tmp_path)["hl7v2.patient"]) == 1
    from contracts.errors import Rejected

    with pytest.raises(Rejected, match="undecodable-text"):
        read(data[:-1], tmp_path)
