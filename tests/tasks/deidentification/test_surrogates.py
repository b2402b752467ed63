"""Invented stand-ins: the same for the same person, of like shape, and never the person's own."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from contracts.errors import Fatal
from contracts.identity import Person
from contracts.privacy import Profile
from tasks.deidentification.policy import TextPolicy
from tasks.deidentification.text import Scrubber
from tests.tasks.deidentification.people import KEY, MARIA, SYNTHEA, TODAY

PLAIN = TextPolicy("surrogates")
NOTE = "Dr. Thanh Nguyen saw Maria Garcia-Lorca. Call (555) 810-7203, MRN 0042137. NGUYEN, THANH; T. Nguyen; maria."


def scrubbed(text: str, person: Person | None = MARIA, profile: Profile = Profile.EXPERT) -> str:
    return Scrubber(profile, TODAY, PLAIN, KEY).scrub(text, person)


def test_the_same_name_becomes_the_same_invented_name() -> None:
    out = scrubbed(NOTE)
    found = re.fullmatch(
        r"Dr\. (\w+) (\w+) saw (\w+) (\w+)-(\w+)\. Call \((\d{3})\) (\d{3})-(\d{4}), MRN 0(\d{6})\. "
        r"(\w+), (\w+); (\w)\. (\w+); (\w+)\.",
        out,
    )
    assert found, out
    given, family, maria = found[1], found[2], found[3]
    assert (found[10], found[11]) == (family.upper(), given.upper())
    assert (found[13], found[14]) == (family, maria.lower())
    assert not {"maria", "garcia", "lorca", "nguyen", "thanh"} & set(out.lower().replace("-", " ").split())
    assert "0042137" not in out and "810-7203" not in out
    assert out == scrubbed(NOTE)


def test_initials_follow_the_names_they_stand_for() -> None:
    out = scrubbed("Maria Garcia; M. Garcia")
    whole, initial = out.split("; ")
    assert initial[0] == whole[0]


def test_two_persons_have_different_stand_ins() -> None:
    other = Person(MARIA.person_id + 1, 5, MARIA.traits)
    assert scrubbed(NOTE) != scrubbed(NOTE, other)


def test_dates_are_shifted_and_ages_grouped_as_with_tags() -> None:
    assert "2012-07-20" not in scrubbed("on 2012-07-20") and scrubbed("on 2012-07-20") == "on 2012-04-11"
    assert scrubbed("on 2012-07-20, a 93-year-old", MARIA, Profile.SAFE_HARBOR) == "on 2012, a 90+-year-old"


def test_places_keep_their_kind_and_generated_digits_go() -> None:
    out = scrubbed("Mercy General Hospital, 12 Oak Hill Rd, Apt 4; Sumiko254 Larue605", SYNTHEA)
    found = re.fullmatch(r"(\w+) General Hospital, (\d\d) (\w+) Rd, Apt \d; [A-Z][a-z]+ [A-Z][a-z]+", out)
    assert found, out
    assert found[1] != "Mercy" and found[3] != "Oak"


def test_addresses_of_machines_belong_to_nobody() -> None:
    out = scrubbed("x.y@z.example https://a.example/b 10.1.2.3", None)
    assert re.fullmatch(r"\w+@example\.org https://example\.org/[0-9a-f]{6} 192\.0\.2\.\d+", out), out


def test_a_policy_is_kept_and_named_in_the_recipe() -> None:
    assert TextPolicy.from_bytes(PLAIN.to_bytes()) == PLAIN
    assert TextPolicy.from_bytes(None) == TextPolicy()
    plain, tags = PLAIN.versions(), TextPolicy().versions()
    assert {name for name in tags if tags[name] != plain[name]} == {"text"}
    assert TextPolicy(recogniser="spacy").versions()["text:recogniser"].startswith("spacy 3.")
    with pytest.raises(Fatal, match="no such way"):
        TextPolicy("bogus")  # type: ignore[arg-type]


def test_the_model_finds_what_context_and_lists_do_not() -> None:
    import pyarrow as pa

    text = "Labs were stable.\nHope and her cousin went to Boston together. Foley draining, Lasix held."
    person = Person(3, 7, {})
    plain = Scrubber(Profile.EXPERT, TODAY).scrub_column(pa.array([text, None]), [person, person])
    asked = Scrubber(Profile.EXPERT, TODAY, TextPolicy(recogniser="spacy")).scrub_column(
        pa.array([text, None]), [person, person]
    )
    assert plain[0].as_py().count("[") <= asked[0].as_py().count("[")
    assert "Foley draining, Lasix held." in asked[0].as_py()
    assert asked[1].as_py() is None


def test_workers_treat_notes_as_the_home_asks(tmp_path: Path) -> None:
    from stores.staging import find
    from tasks.processing import process_unit
    from tasks.workroom import save_text_policy
    from tests.tasks.rooms import make_room

    note = base64.b64encode(b"Quixotina was seen by Dr. Thanh Nguyen.").decode()
    document = {
        "resourceType": "DocumentReference",
        "id": "d",
        "status": "current",
        "subject": {"reference": "Patient/p"},
        "date": "2020-01-02",
        "content": [{"attachment": {"contentType": "text/plain", "data": note}}],
    }
    patient = {"resourceType": "Patient", "id": "p", "name": [{"given": ["Quixotina"]}], "birthDate": "1980"}
    room = make_room(tmp_path)
    room.write("all.ndjson", [patient, document])
    save_text_policy(room.work.vault, PLAIN)
    (surveyed,) = room.survey()
    job = room.job(surveyed.unit)
    process_unit(job)
    manifest = find(room.work.home.staging, "ward", surveyed.unit.token, job.fingerprint)
    assert manifest is not None
    (path,) = manifest.folder.rglob("omop.note*.parquet")
    (text,) = pq.read_table(path)["note_text"].to_pylist()
    found = re.fullmatch(r"(\w+) was seen by Dr\. (\w+) (\w+)\.", text)
    assert found, text
    assert not {"Quixotina", "Thanh", "Nguyen"} & set(found.groups())
