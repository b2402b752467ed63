"""Free text: each kind of identifier in the spellings that notes have, and what must stay."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from contracts.identity import Person
from contracts.privacy import Profile
from tasks.deidentification.text import Scrubber, scrub
from tests.tasks.deidentification.people import MARIA, OLD, SYNTHEA, TODAY, YOUNG

EXPERT, SAFE = Profile.EXPERT, Profile.SAFE_HARBOR


def expert(text: str, person: Person | None = MARIA) -> str:
    return scrub(text, person, EXPERT, TODAY)


def safe(text: str, person: Person | None = MARIA) -> str:
    return scrub(text, person, SAFE, TODAY)


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("María came.", "[NAME] came."),
        ("MARIA LUISA GARCIA-LORCA came.", "[NAME] came."),
        ("GARCIA LORCA, MARIA", "[NAME]"),
        ("Garcia^Maria^Luisa", "[NAME]"),
        ("Ms. García's pain", "Ms. [NAME]'s pain"),
        ("M. L. Garcia and P. Lorca", "[NAME]"),
        ("Lorca, M.", "[NAME]"),
        ("Garci\u0301a (combining accent)", "[NAME] (combining accent)"),
        ("report_Garcia_Maria.txt", "report_[NAME].txt"),
        ("GarciaLorca", "[NAME]"),
        ("mariana's marianas", "mariana's marianas"),
        ("her brother Pedro", "her brother [NAME]"),
        ("Maria L. Garcia-Lorca", "[NAME]"),
        ("María P. Lorca", "[NAME]"),
    ],
)
def test_names_in_any_order_and_case(text: str, scrubbed: str) -> None:
    assert expert(text) == scrubbed


QUIXOTINA = Person(6, 9, {"name": ("Quixotina", "Hope", "Ann")})


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("Quixotinas home", "[NAME] home"),
        ("Quixotina's home", "[NAME]'s home"),
        ("Quixotina\u015b home", "[NAME] home"),
        ("seen: Quixo-\ntina today", "seen: [NAME] today"),
        ("seen: Quixo-\r\n  tinas today", "seen: [NAME] today"),
        ("Quixo\u00adtina today", "[NAME] today"),
        ("post-\nQuixotina", "post-\n[NAME]"),
        ("Mrs. Quixotina-Smith came", "Mrs. [NAME] came"),
        ("Smith-Quixotina came", "[NAME] came"),
        ("quixotina-smith came", "[NAME] came"),
        ("Quixotina-related pain", "[NAME]-related pain"),
        ("Mrs. Hope-Smith came", "Mrs. [NAME] came"),
        ("she hopes; anns", "she hopes; anns"),
        ("Quixotinax home", "[NAME] home"),
    ],
)
def test_forms_of_a_name(text: str, scrubbed: str) -> None:
    assert expert(text, QUIXOTINA) == scrubbed


def test_apostrophes_hyphens_and_umlauts() -> None:
    person = Person(5, 9, {"name": ("O'Brien-Müller", "Jean-Luc")})
    names = ["obrien", "O’BRIEN", "O Brien", "MUELLER, JEANLUC", "Jean Luc O'Brien-Mueller", "J L Müller"]
    assert [expert(name, person) for name in names] == ["[NAME]"] * len(names)


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("21 de mayo de 1927", "[DATE]"),
        ("21. Mai 1927", "[DATE]"),
        ("1927 05 21", "[DATE]"),
        ("21.5.27", "[DATE]"),
        ("Fri May 21 10:00:00 1927", "[DATE] 10:00:00 1927"),
        ("22 de mayo de 1927", "22 de mayo de 1927"),
    ],
)
def test_the_date_of_birth_in_odd_spellings(text: str, scrubbed: str) -> None:
    assert expert(text) == scrubbed


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("Sumiko254 Larue605 is", "[NAME] is"),
        ("Sumiko Larue is", "[NAME] is"),
        ("SUMIKO254_MEDHURST46", "[NAME]"),
        ("sumikoland", "sumikoland"),
    ],
)
def test_digits_of_generated_names(text: str, scrubbed: str) -> None:
    assert expert(text, SYNTHEA) == scrubbed


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("a young woman may hope to improve", "a young woman may hope to improve"),
        ("Mrs. Young may improve", "Mrs. [NAME] may improve"),
        ("May Young came", "[NAME] came"),
        ("may young came", "may young came"),
        ("seen by YOUNG, MAY", "seen by [NAME]"),
    ],
)
def test_names_that_are_ordinary_words(text: str, scrubbed: str) -> None:
    assert expert(text, YOUNG) == scrubbed


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("0042137", "[ID]"),
        ("MRN-0042137", "[ID]"),
        ("999945397", "[ID]"),
        ("999 94 5397", "[ID]"),
        ("129C6AC7-8D06-89DE-AD63-0204A93E76C3", "[ID]"),
        ("(555) 810-7203", "([PHONE]"),
        ("555.810.7203", "[PHONE]"),
        ("+1 555 810 7203", "[PHONE]"),
        ("810-7203", "[PHONE]"),
        ("Maria.Garcia@Example.org", "[EMAIL]"),
        ("633 Abernathy St., Apt. 4", "[ADDRESS]"),
        ("633 abernathy", "[ADDRESS]"),
        ("EMPORIA", "[ADDRESS]"),
        ("66801", "[ADDRESS]"),
        ("05211927", "[DATE]"),
        ("21051927", "[DATE]"),
    ],
)
def test_identifiers_of_the_person(text: str, tag: str) -> None:
    scrubbed = expert(f"see {text} there")
    assert text not in scrubbed
    assert tag.strip("(+") in scrubbed
    assert scrubbed.startswith("see ")
    assert scrubbed.endswith(" there")


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("SSN 123-45-6789.", "SSN [ID]."),
        ("call 212-555-0199 now", "call [PHONE] now"),
        ("phone: 5550199", "phone: [PHONE]"),
        ("write to x.y@z.example", "write to [EMAIL]"),
        ("see https://x.example/a?b=c now", "see [ID] now"),
        ("from 10.1.2.3 today", "from [ID] today"),
        ("MRN: 123456", "MRN: [ID]"),
        ("Accession number AB-1234", "Accession number [ID]"),
        (
            "platelets 250000, BP 120/80, pain 5/10, 1.5.2 mg",
            "platelets 250000, BP 120/80, pain 5/10, 1.5.2 mg",
        ),
        ("patient number of visits 3", "patient number of visits 3"),
    ],
)
def test_what_looks_like_an_identifier_of_anyone(text: str, scrubbed: str) -> None:
    assert expert(text, None) == scrubbed


SPELLINGS = [
    "%Y-%m-%d",
    "%Y%m%d",
    "%Y/%m/%d",
    "%m/%d/%Y",
    "%m-%d-%Y",
    "%m/%d/%y",
    "%d.%m.%Y",
    "%B %d, %Y",
    "%b %d %Y",
    "%d %B %Y",
    "%d-%b-%Y",
    "%Y-%m-%dT10:20:00",
    "%Y-%b-%d",
    "%Y%m%d1020",
]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_dates_are_shifted_in_their_own_spelling(spelling: str) -> None:
    day = date(2012, 3, 25)
    moved = day + timedelta(days=MARIA.shift_days)
    assert expert(f"seen {day.strftime(spelling)}, well") == f"seen {moved.strftime(spelling)}, well"


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_dates_are_cut_to_the_year(spelling: str) -> None:
    assert safe(f"seen {date(1988, 3, 14).strftime(spelling)}, well") == "seen 1988, well"


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("the 21st of May, 1927", "the 10th of February, 1927"),
        ("MAY 21ST, 1927", "FEBRUARY 10TH, 1927"),
        ("Saturday, May 21, 1927", "Thursday, February 10, 1927"),
        ("5/9/88", "1/30/88"),
        ("21/5/1927", "10/2/1927"),
        ("5/21/1927-5/22/1927", "2/10/1927-2/11/1927"),
        ("in May 1927", "in January 1927"),
        ("05/1927", "01/1927"),
        ("in 1927", "in 1927"),
        ("on May 21", "on [DATE]"),
        ("on 5/21", "on [DATE]"),
        ("5/21-5/23/2012", "[DATE]-2/13/2012"),
        ("1927-05-21T10:00:00-05:00", "1927-02-10T10:00:00"),
        ("02/30/2012", "[DATE]"),
        ("DOB1927-05-21", "DOB1927-02-10"),
    ],
)
def test_dates_in_words_and_ranges(text: str, scrubbed: str) -> None:
    assert expert(text) == scrubbed


def test_dates_of_nobody_cannot_be_shifted() -> None:
    assert expert("seen 2012-03-14", None) == "seen [DATE]"
    assert safe("seen 2012-03-14", None) == "seen 2012"


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("a 91 year-old woman", "a 90+ year-old woman"),
        ("a 91-year-old woman", "a 90+-year-old woman"),
        ("aged 95", "aged 90+"),
        ("age: 93", "age: 90+"),
        ("ninety-one years old", "90+ years old"),
        ("a 60 year-old woman, 95 kg", "a 60 year-old woman, 95 kg"),
    ],
)
def test_ages_over_89_are_grouped_under_safe_harbor_alone(text: str, scrubbed: str) -> None:
    assert safe(text) == scrubbed
    assert expert(text) == text


def test_years_that_tell_an_age_over_89_go() -> None:
    assert safe("born January 2, 1930", OLD) == "born [DATE]"
    assert safe("born in 1930, moved in 1950", OLD) == "born in [DATE], moved in 1950"
    assert safe("born May 21, 1927", MARIA) == "born 1927"  # who died at 61 never was 90


def test_tags_stay_as_they_are() -> None:
    person = Person(1, 5, {"name": ("Date", "Name", "Id")})
    assert expert("[NAME] [DATE] [ID]", person) == "[NAME] [DATE] [ID]"


def test_a_scrubber_keeps_persons_apart() -> None:
    scrubber = Scrubber(EXPERT, TODAY)
    texts = ["sumiko and maria", None, "sumiko and maria"]
    import pyarrow as pa

    column = scrubber.scrub_column(pa.array(texts), [SYNTHEA, MARIA, MARIA])
    assert column.to_pylist() == ["[NAME] and maria", None, "sumiko and [NAME]"]
