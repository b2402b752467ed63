"""Names that no word of a text is, and texts that are not written as they are read."""

from __future__ import annotations

import base64

import pytest

from contracts.identity import Person
from contracts.privacy import Profile
from tasks.deidentification.lexicon import fold
from tasks.deidentification.text import scrub
from tasks.deidentification.writing import compose
from tests.tasks.deidentification.people import TODAY

THEODOSIA = Person(
    8,
    135,
    {"name": ("Zwickelbrunner", "Theodosia", "Jos\u00e9 N\u00fa\u00f1ez"), "birth_date": ("1930-05-04",)},
)


def safe(text: str) -> str:
    return scrub(text, THEODOSIA, Profile.SAFE_HARBOR, TODAY)


@pytest.mark.parametrize(
    "text",
    [
        "Jos&eacute; N&uacute;&ntilde;ez",
        "Jos&amp;#233; N&#250;&#xF1;ez",
        "&#84;heodosia",
        "<b>Z</b>wickelbrunner",
        "Zwickel&shy;brunner",
        "Zwickel\u00adbrunner Theo\u200bdosia",
        "Zwickel\u00ad\n  brunner",
        "{\\rtf1\\ansi N\\'fa\\'f1ez Theo\\b dosia}",
        "Theodosia%20Zwickelbrunner",
        "N=C3=BA=C3=B1ez",
        "N=FA=F1ez",
        "Zwickel=\nbrunner=C3=A9",
        "Nu\u0301n\u0303ez",
        "Theodosia\u00a0Zwickelbrunner",
        "\u0422\u04bb\u0435\u043e\u0501\u043e\u0455\u0456\u0430",
        "\uff34heodosia",
        "T h e o d o s i a",
        "T.h.e.o.d.o.s.i.a",
        "Z W I C K E L B R U N N E R",
        "Zwickel\nbrunner",
        "TheodosiaZwickelbrunner",
        "THEODOSIAZWICKELBRUNNER",
        "TheodosiaQuillfeather",
        "JosephSmith",
    ],
)
def test_names_are_found_however_they_are_written(text: str) -> None:
    assert safe(f"Seen: {text} today.") == "Seen: [NAME] today."


@pytest.mark.parametrize(
    "text",
    [
        "p.o. b.i.d. q.h.s.",
        "a b c d e",
        "NovoLog FlexPen",
        "HyperTension",
        "WBC <4 & >2, HR=80 O2=95%, R&D;",
        "immunohistochemistry",
        "pH 7.412 / 7.561",
        "wt 12.35 ; 78.12",
    ],
)
def test_what_is_no_name_stays(text: str) -> None:
    assert safe(text) == text


def test_base64_is_hidden() -> None:
    inside = base64.b64encode(b"Theodosia").decode()
    assert safe(f"x {inside} y") == "x [ID] y"
    assert safe(f"x {base64.b64encode(bytes(range(60))).decode()} y") == "x [ID] y"


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("at 42.3601,-71.0589.", "at [PLACE]."),
        ("lat 42.36 lon -71.05", "lat [PLACE] lon [PLACE]"),
        ("GPS: 42.36, -71.06", "GPS: [PLACE]"),
        ("42.3601\u00b0 N, 71.0589\u00b0 W", "[PLACE]"),
        ("42\u00b021'36\"N 71\u00b03'32\"W", "[PLACE]"),
    ],
)
def test_positions_go(text: str, scrubbed: str) -> None:
    assert safe(text) == scrubbed


@pytest.mark.parametrize(
    "age",
    """she is {ninety-three}|age: {093}|Age {93.5}|{93}-yo|{93} y.o. F|a {nonagenarian}|in her {nineties}|{centenarian}|
    age={97}|Age (years): {96}|Age/Sex: {94}/F|seen {94}/F today|at {95} years|lived to {94}|died at {94}|
    {ninety-six} year old|a {93.5}-year-old|aged {ninety three}|Age > {90}""".replace("\n    ", "").split(
        "|"
    ),
)
def test_great_ages_are_grouped_in_any_spelling(age: str) -> None:
    text = age.replace("{", "").replace("}", "")
    assert safe(text) == age[: age.index("{")] + "90+" + age[age.index("}") + 1 :]
    assert scrub(text, THEODOSIA, Profile.EXPERT, TODAY) == text


@pytest.mark.parametrize(
    "text", ["HR 95, BP 120/95", "O2 95%", "dose 95 mg", "95th percentile", "age 89.5", "age 9"]
)
def test_what_is_no_great_age_stays(text: str) -> None:
    assert safe(text) == text


def test_texts_in_plain_letters_stay_the_same() -> None:
    for text in ("plain", "caf\u00e9", "\u0645\u06cc\u200c\u062e", "100% & <5"):
        assert compose(text) == text
    assert fold(compose("\ufb01brosis")) == "fibrosis"
