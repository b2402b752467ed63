from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.errors import Fatal, Rejected
from contracts.identity import Identity, Link
from contracts.keys import Key
from contracts.schemas.linkage import HISTORY, PERSON
from contracts.units import Unit
from stores.home import Home, open_home
from stores.vault import Resolution, Vault
from stores.vault_identities import identity_id_of

ANNA = Identity(
    "hospital-a",
    "pat-anna",
    "fhir",
    "fhir",
    aliases=(Identity("hospital-a", "MRN-100200"),),
    traits={"name": ("Anna", "Quiverton"), "birth_date": ("1971-03-04",), "phone": ("555-867-5309",)},
)
ANNA_DICOM = Identity("pacs-a", "P-100200", kind="dicom", traits={"name": ("QUIVERTON^ANNA",)})
ANNA_VCF = Identity("lab-a", "SAMPLE-ANNA-01", kind="vcf")
MRN = Identity("hospital-a", "MRN-100200")


@pytest.fixture
def vault(home: Home, key: Key) -> Iterator[Vault]:
    with Vault.open(home, key) as opened:
        yield opened


def unit_of(vault: Vault, source: str, path: str, kind: str = "fhir") -> Unit:
    return Unit(f"{source}/{vault.remember_places(source, [path])[0]}", source, kind)


def remember(vault: Vault, unit: str, *identities: Identity) -> Unit:
    made = Unit(unit, unit.split("/")[0], "any")
    vault.remember_identities(made, identities)
    return made


def persons_of(vault: Vault) -> dict[int, int]:
    rows = vault.linkage_person().to_pylist()
    return {row["identity_id"]: row["person_id"] for row in rows}


def test_places_have_stable_tokens_and_are_revealed_to_the_key_holder(vault: Vault) -> None:
    tokens = vault.remember_places("s", ["Doe, Jane/a.dcm", "b\udcff.dcm", "c.dcm"])
    assert vault.remember_places("s", ["c.dcm", "Doe, Jane/a.dcm"]) == [tokens[2], tokens[0]]
    assert vault.remember_places("other", ["c.dcm"]) != [tokens[2]]
    assert all(len(token) == 16 and set(token) <= set("0123456789abcdef") for token in tokens)
    assert vault.path_of(Unit(f"s/{tokens[1]}", "s", "dicom")) == "b\udcff.dcm"
    assert vault.reveal(tokens[0]) == "Doe, Jane/a.dcm"
    with pytest.raises(Fatal, match="knows no object"):
        vault.reveal("0" * 16)


def test_people_come_with_every_subject_and_all_traits_of_the_cluster(vault: Vault) -> None:
    fhir, dicom = remember(vault, "ehr/1", ANNA), remember(vault, "pacs/1", ANNA_DICOM)
    vault.set_links("crosswalk", [Link(ANNA_DICOM, MRN)])
    assert vault.resolve(1) == Resolution(identities=3, persons=1, allotted=3)
    people = vault.people(fhir)
    assert set(people) == {ANNA.subject, MRN.subject}
    anna = people[ANNA.subject]
    assert people[MRN.subject] == anna == vault.people(dicom)[ANNA_DICOM.subject]
    assert anna.traits == {
        "birth_date": ("1971-03-04",),
        "name": ("Anna", "QUIVERTON^ANNA", "Quiverton"),
        "phone": ("555-867-5309",),
    }
    assert anna.person_id > 0 and 1 <= abs(anna.shift_days) <= 365


def test_remembering_and_resolving_again_writes_nothing(vault: Vault, home: Home) -> None:
    assert vault.remember_identities(Unit("ehr/1", "ehr", "fhir"), [ANNA])
    vault.set_links("crosswalk", [Link(ANNA_DICOM, MRN)])
    vault.resolve(1)
    before = (home.vault / "vault.db-wal").read_bytes()
    assert not vault.remember_identities(Unit("ehr/1", "ehr", "fhir"), [ANNA, ANNA])
    assert not vault.set_links("crosswalk", [Link(MRN, ANNA_DICOM)])
    assert vault.resolve(2) == Resolution(identities=2, persons=1)
    assert (home.vault / "vault.db-wal").read_bytes() == before


def test_an_identity_that_occurs_often_is_merged_across_batches(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stores.vault_identities.BATCH", 2)
    unit = remember(
        vault,
        "pacs/1",
        *[Identity("pacs-a", f"P{i % 3}", kind="dicom", traits={"name": (f"N{i}", "")}) for i in range(12)],
    )
    vault.resolve(1)
    names = {s: p.traits["name"] for s, p in vault.people(unit).items()}
    assert names[Identity("pacs-a", "P1").subject] == ("N1", "N10", "N4", "N7")


def test_badly_encoded_names_are_kept_as_they_are(vault: Vault) -> None:
    odd = Identity("pacs-a", "P\udcff", kind="dicom", traits={"name": ("M\udce9ller",)})
    unit = remember(vault, "pacs/1", odd)
    vault.resolve(1)
    assert vault.people(unit)[odd.subject].traits == {"name": ("M\udce9ller",)}


def test_the_same_number_under_two_authorities_is_two_people(vault: Vault) -> None:
    unit = remember(
        vault, "pacs/1", Identity("a", "12345", kind="dicom"), Identity("b", "12345", kind="dicom")
    )
    assert vault.resolve(1).persons == 2
    assert len({p.person_id for p in vault.people(unit).values()}) == 2


def test_twins_stay_two_people(vault: Vault) -> None:
    traits = {"name": ("Quiverton",), "birth_date": ("1971-03-04",), "address": ("1 Elm St",)}
    twins = [Identity("a", number, "fhir", "fhir", traits=traits) for number in ("t1", "t2")]
    unit = remember(vault, "ehr/1", *twins)
    assert vault.resolve(1).persons == 2
    one, other = (vault.people(unit)[twin.subject] for twin in twins)
    assert one.person_id != other.person_id and one.traits == other.traits


def test_a_name_change_keeps_the_person_and_hides_both_names(vault: Vault) -> None:
    unit = remember(vault, "ehr/1", ANNA)
    elsewhere = remember(vault, "ehr/2", Identity("hospital-a", "pat-other", "fhir", "fhir"))
    vault.resolve(1)
    before, contexts = vault.people(unit)[ANNA.subject], vault.contexts(["ehr/1", "ehr/2"])
    married = Identity("hospital-a", "pat-anna", "fhir", "fhir", traits={"name": ("Anna", "Merriweather")})
    later = remember(vault, "ehr/3", married)
    assert vault.resolve(2) == Resolution(identities=3, persons=2)
    after = vault.people(later)[ANNA.subject]
    assert (after.person_id, after.shift_days) == (before.person_id, before.shift_days)
    assert after.traits["name"] == ("Anna", "Merriweather", "Quiverton")
    changed = vault.contexts(["ehr/1", "ehr/2"])
    assert changed["ehr/1"] != contexts["ehr/1"] and changed["ehr/2"] == contexts[elsewhere.unit]


def test_the_same_export_under_a_new_name_changes_no_context(vault: Vault) -> None:
    remember(vault, "ehr/1", ANNA)
    vault.resolve(1)
    before = vault.contexts(["ehr/1"])
    remember(vault, "ehr/2", ANNA)
    vault.resolve(2)
    assert vault.contexts(["ehr/1"]) == before
    assert vault.contexts(["ehr/2"]) == {"ehr/2": before["ehr/1"]}


def test_a_late_link_changes_only_its_own_units_and_unlinking_restores_everything(vault: Vault) -> None:
    bob = Identity("hospital-a", "pat-bob", "fhir", "fhir", traits={"name": ("Bob",)})
    units = [
        remember(vault, *pair).unit for pair in (("ehr/1", ANNA), ("pacs/1", ANNA_DICOM), ("ehr/2", bob))
    ]
    units.append(remember(vault, "lab/1", ANNA_VCF).unit)
    assert vault.resolve(1) == Resolution(identities=5, persons=4, allotted=5)
    persons, contexts = persons_of(vault), vault.contexts(units)

    vault.set_links("crosswalk", [Link(MRN, ANNA_DICOM)])
    assert vault.resolve(2) == Resolution(identities=5, persons=3, joined=1)
    linked = vault.contexts(units)
    assert [u for u in units if linked[u] != contexts[u]] == ["ehr/1", "pacs/1"]
    before = vault.people(Unit("ehr/1", "ehr", "fhir"))[ANNA.subject].person_id
    assert vault.people(Unit("pacs/1", "pacs", "dicom"))[ANNA_DICOM.subject].person_id == before

    vault.set_links("corrections", [Link(ANNA_DICOM, MRN, "unlink")])
    assert vault.resolve(3) == Resolution(identities=5, persons=4, parted=1)
    assert persons_of(vault) == persons and vault.contexts(units) == contexts

    vault.set_links("corrections", [])
    assert vault.resolve(4).joined == 1 and vault.contexts(units) == linked
    vault.set_links("crosswalk", [])
    vault.resolve(5)
    assert persons_of(vault) == persons

    history = vault.linkage_history()
    assert history.schema == HISTORY
    events = [(e["round"], e["action"]) for e in history.to_pylist()]
    assert events == [(1, "allotted")] * 5 + [(2, "joined"), (3, "parted"), (4, "joined"), (5, "parted")]
    dicom = history.slice(5).to_pylist()
    assert {e["identity_id"] for e in dicom} == {vault_id(vault, ANNA_DICOM)}
    assert dicom[0]["person_before"] == dicom[1]["person_id"] == persons[vault_id(vault, ANNA_DICOM)]


def vault_id(vault: Vault, identity: Identity) -> int:
    return identity_id_of(vault._key, identity)


def test_an_unlink_wins_over_a_patient_link_of_the_records_themselves(vault: Vault) -> None:
    unit = remember(vault, "ehr/1", ANNA)
    vault.set_links("corrections", [Link(MRN, ANNA, "unlink"), Link(ANNA, MRN, "link")])
    assert vault.resolve(1).persons == 2
    assert len({p.person_id for p in vault.people(unit).values()}) == 2


def test_records_name_the_person_before_images_and_images_before_variants(vault: Vault) -> None:
    vault.set_links("crosswalk", [Link(MRN, ANNA_DICOM), Link(MRN, ANNA_VCF)])
    lab = remember(vault, "lab/1", ANNA_VCF)
    vault.resolve(1)
    alone = vault.people(lab)[ANNA_VCF.subject].person_id
    pacs = remember(vault, "pacs/1", ANNA_DICOM)
    vault.resolve(2)
    with_images = vault.people(lab)[ANNA_VCF.subject].person_id
    ehr = remember(vault, "ehr/1", ANNA)
    vault.resolve(3)
    with_records = vault.people(lab)[ANNA_VCF.subject].person_id
    assert len({alone, with_images, with_records}) == 3
    for unit in ("ehr/1", "pacs/1"):
        vault.forget_unit(unit)
    vault.resolve(4)
    assert vault.people(lab)[ANNA_VCF.subject].person_id == alone
    remember(vault, ehr.unit, ANNA)
    assert vault.resolve(5).persons == 1
    assert vault.people(lab)[ANNA_VCF.subject].person_id == with_records
    assert pacs.unit not in vault.contexts([]) and vault.people(pacs) == {}


def test_the_best_record_that_is_there_names_the_person(vault: Vault) -> None:
    kinds = ("fhir", "csv", "dicom", "vcf")
    people = [[Identity(kind, str(n), kind=kind) for kind in kinds] for n in range(8)]
    for column, kind in enumerate(kinds):
        remember(vault, f"{kind}/1", *[person[column] for person in people])
    vault.resolve(1)
    own = persons_of(vault)
    links = [Link(person[0], other) for person in people for other in person[1:]]
    vault.set_links(
        "crosswalk", [*links, *[Link(p[1], p[2]) for p in people], *[Link(p[2], p[3]) for p in people]]
    )
    for gone, kind in enumerate(kinds):
        assert vault.resolve(2 + gone).persons == len(people)
        now = persons_of(vault)
        for person in people:
            ids = [identity_id_of(vault._key, identity) for identity in person[gone:]]
            assert [now[i] for i in ids] == [own[ids[0]]] * len(ids)
        vault.forget_unit(f"{kind}/1")


def test_linkage_holds_present_identities_with_their_kind(vault: Vault, key: Key) -> None:
    remember(vault, "ehr/1", ANNA)
    remember(vault, "pacs/1", Identity("hospital-a", "MRN-100200", kind="dicom"))
    vault.set_links("crosswalk", [Link(Identity("x", "nowhere"), MRN)])
    vault.resolve(1)
    table = vault.linkage_person()
    assert table.schema == PERSON
    rows = table.to_pylist()
    assert [row["kind"] for row in rows] == ["fhir", "fhir"]
    assert {row["authority_id"] for row in rows} == {key.id63("authority", "hospital-a")}


def test_people_before_resolving_is_refused(vault: Vault) -> None:
    unit = remember(vault, "ehr/1", ANNA)
    for call in (lambda: vault.people(unit), lambda: vault.contexts([unit.unit]), vault.linkage_person):
        with pytest.raises(Fatal, match="resolve the vault"):
            call()


def test_a_failing_export_leaves_what_was_known(vault: Vault) -> None:
    unit = remember(vault, "ehr/1", ANNA)
    vault.resolve(1)

    def broken() -> Iterator[Identity]:
        yield ANNA_DICOM
        raise Rejected("truncated", unit.token)

    with pytest.raises(Rejected):
        vault.remember_identities(unit, broken())
    assert set(vault.people(unit)) == {ANNA.subject, MRN.subject}
    assert not vault.remember_identities(unit, [ANNA])


def test_person_ids_that_collide_are_drawn_again(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    draws = iter([(7, 1), (7, 2), (7, 3), (9, 4)])
    monkeypatch.setattr("stores.vault_resolve._draw", lambda seed, identity_id, attempt: next(draws))
    unit = remember(vault, "pacs/1", ANNA_DICOM, ANNA_VCF)
    vault.resolve(1)
    assert {(p.person_id, p.shift_days) for p in vault.people(unit).values()} == {(7, 1), (9, 4)}


def test_identity_ids_that_collide_are_fatal(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stores.vault_identities.identity_id_of", lambda key, identity: 5)
    remember(vault, "pacs/1", ANNA_DICOM)
    with pytest.raises(Fatal, match="same keyed id"):
        remember(vault, "lab/1", ANNA_VCF)


def test_two_identities_of_one_batch_that_collide_are_fatal(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stores.vault_identities.identity_id_of", lambda key, identity: 5)
    with pytest.raises(Fatal, match="same keyed id"):
        remember(vault, "pacs/1", ANNA_DICOM, ANNA_VCF)


def test_without_a_seed_allotments_are_random(tmp_path: Path) -> None:
    from contracts.privacy import Profile
    from stores.home import create_home

    found = []
    for name in "ab":
        home = create_home(tmp_path / name, Profile.EXPERT)
        with Vault.open(home, home.load_key()) as vault:
            unit = remember(vault, "ehr/1", *[Identity("a", str(i), kind="fhir") for i in range(300)])
            vault.resolve(1)
            people = vault.people(unit).values()
            assert all(1 <= abs(p.shift_days) <= 365 and 0 < p.person_id < 2**63 for p in people)
            found.append({(p.person_id, p.shift_days) for p in people})
    assert len(found[0]) == len(found[1]) == 300 and not found[0] & found[1]


def test_settings_are_sealed(vault: Vault, home: Home) -> None:
    assert vault.get_sealed("sources") is None
    vault.put_sealed("sources", b"/exports/Quiverton")
    vault.put_sealed("sources", b"/exports/Quiverton 2")
    assert vault.get_sealed("sources") == b"/exports/Quiverton 2"
    assert vault.get_sealed("other") is None


def test_nothing_of_a_patient_lies_in_the_clear(vault: Vault, home: Home) -> None:
    unit = unit_of(vault, "ehr", "Quiverton, Anna/export.ndjson")
    vault.remember_identities(unit, [ANNA, ANNA_DICOM, ANNA_VCF])
    vault.set_links("crosswalk", [Link(ANNA_DICOM, MRN)])
    vault.put_sealed("sources", b"/exports/Quiverton")
    vault.resolve(1)
    shift = vault.people(unit)[ANNA.subject].shift_days
    raw = b"".join(path.read_bytes() for path in sorted(home.vault.iterdir()))
    assert unit.token.encode() in raw  # the search would find something
    for secret in (
        "Quiverton",
        "QUIVERTON",
        "pat-anna",
        "100200",
        "SAMPLE-ANNA",
        "1971",
        "867-5309",
        "hospital-a",
    ):
        assert secret.encode() not in raw, secret
    for row in sqlite3.connect(home.vault / "vault.db").execute("SELECT * FROM identity"):
        assert shift not in row and str(shift) not in row
    for path in home.vault.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name


def test_a_changed_or_moved_blob_is_noticed(vault: Vault, home: Home) -> None:
    unit = remember(vault, "ehr/1", ANNA)
    other = remember(vault, "pacs/1", ANNA_DICOM)
    vault.resolve(1)
    with sqlite3.connect(home.vault / "vault.db") as database:
        traits = database.execute(
            "SELECT traits FROM member WHERE unit = 'ehr/1' AND traits NOT NULL"
        ).fetchone()[0]
        database.execute("UPDATE member SET traits = ? WHERE unit = 'pacs/1'", (traits,))
    with pytest.raises(Fatal, match="changed, cut"):
        vault.people(other)
    with sqlite3.connect(home.vault / "vault.db") as database:
        database.execute("UPDATE identity SET shift = zeroblob(60)")
    with pytest.raises(Fatal, match="changed, cut"):
        vault.people(unit)


def test_another_key_or_a_broken_file_is_refused(home: Home, key: Key) -> None:
    with pytest.raises(Fatal, match="not the key"):
        Vault.open(home, Key(key.key_id, bytes(32)))
    (home.vault / "vault.db").write_bytes(b"no database at all, but long enough to be read as one" * 40)
    with pytest.raises(Fatal, match="SQLite code"):
        Vault.open(home, key)


def _remember_many(path: str, worker: int) -> None:
    home = open_home(path)
    with Vault.open(home, home.load_key()) as vault:
        for number in range(5):
            shared = [
                Identity("a", f"shared-{i}", "fhir", "fhir", (Identity("a", f"m{i}"),)) for i in range(20)
            ]
            own = [Identity("a", f"own-{worker}-{number}-{i}", "fhir", "fhir") for i in range(20)]
            remember(vault, f"ehr/{worker}-{number}", *shared, *own)
            vault.remember_places("ehr", [f"{worker}-{number}.ndjson", "shared.ndjson"])


def test_four_processes_remember_at_once(home: Home, key: Key) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_remember_many, args=(str(home.path), n)) for n in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    assert [worker.exitcode for worker in workers] == [0] * 4
    with Vault.open(home, key) as vault:
        assert vault.resolve(1) == Resolution(identities=40 + 400, persons=420, allotted=440)
        for number in range(4):
            assert len(vault.people(Unit(f"ehr/{number}-4", "ehr", "fhir"))) == 60


_ENDLESS = """
import sys
from contracts.identity import Identity
from contracts.units import Unit
from stores.home import open_home
from stores.vault import Vault
home = open_home(sys.argv[1])
vault = Vault.open(home, home.load_key())
night = 0
while True:
    night += 1
    for unit in range(3):
        vault.remember_identities(
            Unit(f"ehr/{unit}", "ehr", "fhir"),
            [Identity("a", f"{unit}-{i}", "fhir", "fhir", traits={"name": (f"night {night}",)}) for i in range(200)],
        )
    vault.resolve(night)
    print(night, flush=True)
"""


@pytest.mark.parametrize("pause_ms", [3, 17, 41])
def test_a_vault_survives_kill_9(home: Home, key: Key, pause_ms: int) -> None:
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    command = [sys.executable, "-c", _ENDLESS, str(home.path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, cwd=root) as process:
        assert process.stdout is not None and process.stdout.readline() == b"1\n"
        time.sleep(pause_ms / 1000)
        process.send_signal(signal.SIGKILL)
    with Vault.open(home, key) as vault:
        with sqlite3.connect(home.vault / "vault.db") as database:
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        for number in range(3):
            unit = Unit(f"ehr/{number}", "ehr", "fhir")
            people = vault.people(unit)
            assert len(people) == 200
            assert len({person.traits["name"] for person in people.values()}) == 1  # one night's, whole
        assert vault.resolve(1_000) == Resolution(identities=600, persons=600)
