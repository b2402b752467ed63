"""Names, places, numbers and ages of people whom the vault does not know; and the clinical words that must stay."""

from __future__ import annotations

import csv
from importlib.resources import files

import pytest

from contracts.identity import Person
from contracts.privacy import Profile
from tasks.deidentification.text import scrub
from tasks.deidentification.words import word_lists
from tests.tasks.deidentification.people import TODAY

NOBODY_KNOWN = Person(9, 40, {})


def expert(text: str) -> str:
    return scrub(text, NOBODY_KNOWN, Profile.EXPERT, TODAY)


def safe(text: str) -> str:
    return scrub(text, NOBODY_KNOWN, Profile.SAFE_HARBOR, TODAY)


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("Seen by Dr. Young today.", "Seen by Dr. [NAME] today."),
        ("Mrs. Hope Price reports pain.", "Mrs. [NAME] reports pain."),
        ("Electronically signed by Priya K. Raghunathan, MD", "Electronically signed by [NAME], MD"),
        ("PATIENT: SMITH, JOHN A\nDOB", "PATIENT: [NAME]\nDOB"),
        ("Name: West, Marquis  DOB", "Name: [NAME]  DOB"),
        ("cc: Thanh Nguyen; Dr. van der Berg", "cc: [NAME]; Dr. [NAME]"),
        ("her daughter April came", "her daughter [NAME] came"),
        ("nurse April called", "nurse [NAME] called"),
        ("Discussed with O'Brien, RN", "Discussed with [NAME], RN"),
        ("ATTENDING: MARY O'BRIEN, M.D.", "ATTENDING: [NAME], M.D."),
        ("by Hyun-woo Park, DO", "by [NAME], DO"),
        ("Will Munoz was transferred", "[NAME] was transferred"),
        ("Larue605 is here", "[NAME] is here"),
    ],
)
def test_names_of_strangers(text: str, scrubbed: str) -> None:
    assert expert(text) == scrubbed


@pytest.mark.parametrize(
    "text",
    [
        "Parkinson's disease, Crohn's flare, Foley removed, Apgar 8 and 9, Glasgow Coma Scale 15.",
        "Allen test normal; Jackson-Pratt drain; Lund and Browder chart; Wolff-Parkinson-White.",
        "Babinski negative, Romberg negative, Murphy's sign absent, Bell's palsy.",
        "Lisinopril 10 mg, Tylenol 650 mg, Humira 40 mg q2weeks, Ozempic 0.5 mg weekly.",
        "Take 3-5 mg; may repeat. You may use 1-2 puffs. May 3-5 mg nightly. March in place.",
        "BP 128/76, pain 5/10, strength 5/5, visual acuity 20/40, ratio 2/3, GCS 14/15.",
        "Na 138, K 4.2 (3.5-5.1), WBC 7.8, Plt 250,000, A1c 7.2%, 98.6 F.",
        "Physical Therapy and Wound Care consulted. Eye Clinic. Heart Failure Clinic. Primary Care.",
        "Born in Ohio, moved to New Zealand and North Carolina.",
        "She is from Mexico and speaks Spanish. Medicare. A Black man; a White female.",
        "young adult, brown discharge, will follow, hope for recovery, price of the drug",
        "# Chief Complaint\n- Hunger\n- Thirst\n\n# Social History\nPatient is married.",
        "head of bed 30 degrees, room air, case 3, stage 2, day 5",
        "a 67-year-old man, temp 98F, sats in the 90s",
    ],
)
def test_clinical_words_stay(text: str) -> None:
    assert expert(text) == text
    assert safe(text) == text


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        (
            "lives at 12 Oak Hill Rd, Apt 4, Springfield, OH 45501",
            "lives at [ADDRESS], [PLACE], OH [ADDRESS]",
        ),
        ("mail to P.O. Box 123", "mail to [ADDRESS]"),
        ("lives in Ypsilanti with family", "lives in [PLACE] with family"),
        ("lives in Reading alone", "lives in [PLACE] alone"),
        ("transferred from Mercy General Hospital today", "transferred from [PLACE] today"),
        ("St. Luke's Medical Center", "[PLACE]"),
        ("University of Vermont Medical Center", "[PLACE]"),
        ("works at Costco", "works at [PLACE]"),
        ("zip code 02139", "zip code [ADDRESS]"),
    ],
)
def test_places(text: str, scrubbed: str) -> None:
    assert expert(text) == scrubbed


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("MR#: 726-58-68", "MR#: [ID]"),
        ("Account # AB-123456", "Account # [ID]"),
        ("license plate 6ALH965", "license plate [ID]"),
        ("VIN 1HGCM82633A004352 seen", "VIN [ID] seen"),
        ("pacemaker serial number 7302554", "pacemaker serial number [ID]"),
        ("DEA BN1234563", "DEA [ID]"),
        ("fingerprint id FP-99812", "fingerprint id [ID]"),
        ("in Room 412B, bed 3", "in Room [ID], bed [ID]"),
        ("pager 4567", "pager [PHONE]"),
        ("fax (555) 123-4567 x12", "fax [PHONE]"),
        ("record 80123456 found", "record [ID] found"),
        ("portal.example.org/p/9", "[ID]"),
    ],
)
def test_numbers_with_their_labels(text: str, scrubbed: str) -> None:
    assert expert(text) == scrubbed


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("in her nineties", "in her 90+"),
        ("a 94F with cough", "a 90+F with cough"),
        ("a nonagenarian", "a 90+"),
        ("92 y/o man", "90+ y/o man"),
        ("her 95th birthday", "her 90+ birthday"),
        ("ninety-two years old", "90+ years old"),
        ("in April she fell", "in [DATE] she fell"),
        ("on Tuesday", "on [DATE]"),
        ("in summer of 2019", "in 2019"),
        ("since Thanksgiving", "since [DATE]"),
        ("03MAY12 note", "2012 note"),
        ("seen 5/3 and again 09/07", "seen [DATE] and again [DATE]"),
    ],
)
def test_what_safe_harbor_adds(text: str, scrubbed: str) -> None:
    assert safe(text) == scrubbed


def test_names_misspelt_by_one_letter_go_unless_they_are_words() -> None:
    person = Person(4, 3, {"name": ("Quixotina", "Weaver")})
    texts = ["qixotina", "quixottina", "quixotian", "quixotino", "quixot", "weaker", "cleaver"]
    found = [scrub(f"saw {text} now", person, Profile.EXPERT, TODAY) for text in texts]
    assert found == ["saw [NAME] now"] * 4 + [f"saw {text} now" for text in texts[4:]]


def test_every_kept_word_has_a_reason() -> None:
    text = (files("tasks.deidentification") / "kept_words.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
    assert all(row["kind"] and row["words"] and row["reason"] and None not in row for row in rows)
    lists = word_lists()
    assert len(lists.ordinary) > 190_000 and len(lists.given) > 90_000 and len(lists.family) > 150_000
    assert "new york" in lists.regions and "new" not in lists.regions
