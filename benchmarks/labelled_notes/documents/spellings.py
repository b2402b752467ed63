# ruff: noqa: E501 - tables are easier to read on long lines
"""How identifiers are written in whole documents: each function draws one spelling."""

from __future__ import annotations

import string
from collections.abc import Callable
from datetime import date, timedelta
from random import Random

_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"
_DAYS = (
    "%m/%d/%Y", "%m/%d/%y", "%-m/%-d/%y", "%-m/%-d/%Y", "%Y-%m-%d", "%B %-d, %Y", "%b %-d, %Y", "%-d %b %Y", "%d %B %Y",
    "%d-%b-%Y", "%d-%b-%y", "%m-%d-%Y", "%m.%d.%Y", "%-m.%-d.%y", "%d%b%Y", "%Y%m%d", "%b %d %Y", "%a %b %-d, %Y",
    "%A, %B %-d, %Y", "%B %-dth, %Y", "%-dth of %B %Y", "%b. %-d, %Y", "%Y/%m/%d", "%d-%B-%Y", "%b-%d-%Y",
)  # fmt: skip
_SHORT = (
    "%-m/%-d",
    "%m/%d",
    "%B %-d",
    "%b %-d",
    "%-d %b",
    "%-dth of %B",
    "%B %-dth",
    "%a %-m/%-d",
    "%-m/%-d",
)
_MONTHS = ("%B %Y", "%b %Y", "%m/%Y", "%B of %Y", "%b '%y")
_HOLIDAYS = (
    "Thanksgiving", "Christmas", "Christmas Eve", "New Year's Eve", "New Year's Day", "Labor Day", "Memorial Day", "Easter",
    "Fourth of July", "July 4th", "Halloween", "Mother's Day", "Father's Day", "Valentine's Day", "Passover", "Ramadan",
    "Veterans Day", "St. Patrick's Day", "Yom Kippur", "Diwali", "Ash Wednesday", "Good Friday", "MLK Day", "Hanukkah",
)  # fmt: skip


def digits(rng: Random, count: int) -> str:
    return str(rng.randrange(1, 10)) + "".join(str(rng.randrange(10)) for _ in range(count - 1))


def letters(rng: Random, count: int) -> str:
    return "".join(rng.choice(_LETTERS) for _ in range(count))


def a_day(rng: Random) -> date:
    return date(2005, 1, 1) + timedelta(days=rng.randrange(7_500))


def spell_day(rng: Random, day: date) -> str:
    """With the right ending: the 1st, 2nd, 3rd, 21st."""
    ending = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd", 31: "st"}.get(day.day, "th")
    return day.strftime(rng.choice(_DAYS).replace("%-dth", f"%-d{ending}"))


def full_day(rng: Random) -> str:
    return spell_day(rng, a_day(rng))


def short_day(rng: Random) -> str:
    day = a_day(rng)
    ending = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd", 31: "st"}.get(day.day, "th")
    return day.strftime(rng.choice(_SHORT).replace("%-dth", f"%-d{ending}"))


def any_date(rng: Random) -> str:
    kind = rng.randrange(10)
    return (
        full_day(rng)
        if kind < 7
        else a_day(rng).strftime(rng.choice(_MONTHS))
        if kind < 9
        else short_day(rng)
    )


def timestamp(rng: Random) -> str:
    """The day of it: its time of day is the template's."""
    return a_day(rng).strftime(rng.choice(("%m/%d/%Y", "%m/%d/%y", "%Y-%m-%d", "%d %b %Y", "%d-%b-%Y")))


def month(rng: Random) -> str:
    return a_day(rng).strftime(rng.choice(("%B", "%B", "%b")))


def month_year(rng: Random) -> str:
    return a_day(rng).strftime(rng.choice(("%B %Y", "%B of %Y", "%b %Y")))


def weekday(rng: Random) -> str:
    return a_day(rng).strftime("%A")


def season(rng: Random) -> str:
    return f"{rng.choice(('summer', 'fall', 'winter', 'spring', 'autumn'))} {rng.choice(('', 'of '))}{rng.randrange(2004, 2025)}"


def phone(rng: Random) -> str:
    a, b, c = digits(rng, 3), digits(rng, 3), digits(rng, 4)
    forms = (
        f"({a}) {b}-{c}", f"{a}-{b}-{c}", f"{a}.{b}.{c}", f"{a} {b} {c}", f"+1 {a} {b} {c}", f"1-{a}-{b}-{c}", f"({a}){b}-{c}",
        f"{a}-{b}-{c} x{digits(rng, 3)}", f"{a}/{b}-{c}", f"+1 ({a}) {b}-{c}", f"{a}{b}{c}", f"{a}-{b}-{c} ext. {digits(rng, 4)}",
    )  # fmt: skip
    return rng.choice(forms)


def ssn(rng: Random) -> str:
    return rng.choice(("{}-{}-{}", "{}-{}-{}", "{} {} {}", "{}{}{}")).format(
        digits(rng, 3), digits(rng, 2), digits(rng, 4)
    )


def mrn(rng: Random) -> str:
    return rng.choice(
        (
            digits(rng, 6),
            digits(rng, 7),
            digits(rng, 8),
            f"00{digits(rng, 6)}",
            f"{digits(rng, 2)}-{digits(rng, 2)}-{digits(rng, 2)}",
            f"M{digits(rng, 7)}",
            f"{digits(rng, 3)} {digits(rng, 3)} {digits(rng, 2)}",
        )
    )


def coded(rng: Random) -> str:
    """Accounts, policies, devices, accessions: numbers with letters."""
    two, six = letters(rng, 2), digits(rng, rng.choice((6, 7, 8, 9)))
    return rng.choice(
        (
            f"{two}{six}",
            f"{two}-{six}",
            six,
            f"{six[:3]}-{six[3:]}",
            f"{two}{six[:3]}-{six[3:]}",
            f"{six}{two[0]}",
        )
    )


def accession(rng: Random) -> str:
    year = rng.randrange(5, 25)
    return rng.choice(
        (
            f"S{year:02d}-{digits(rng, 5)}",
            f"{letters(rng, 2)}-{year:02d}-{digits(rng, 4)}",
            f"{letters(rng, 3)}{digits(rng, 7)}",
        )
    )


def plate(rng: Random) -> str:
    return rng.choice(
        (
            f"{letters(rng, 3)} {digits(rng, 4)}",
            f"{digits(rng, 1)}{letters(rng, 3)}{digits(rng, 3)}",
            f"{letters(rng, 3)}-{digits(rng, 3)}",
        )
    )


def vin(rng: Random) -> str:
    return (
        f"{digits(rng, 1)}{letters(rng, 1)}"
        + "".join(rng.choice(_LETTERS + string.digits) for _ in range(9))
        + digits(rng, 6)
    )


def user(rng: Random) -> str:
    return rng.choice(("t.{}", "{}84", "{}_rn", "the{}s", "{}.home")).format(
        rng.choice(("bluebird", "maddox", "okeefe", "sunny", "perezfam", "nguyen"))
    )


def email(rng: Random) -> str:
    return f"{user(rng)}@{rng.choice(('gmail.com', 'yahoo.com', 'aol.com', 'stlukes-health.org', 'county.k12.oh.us'))}"


def url(rng: Random) -> str:
    place = rng.choice(
        ("mychart.valleyhealth.org", "www.caringbridge.org", "portal.lakesidemed.com", "facebook.com")
    )
    return (
        rng.choice(("https://", "http://", ""))
        + f"{place}/{rng.choice(('visit', 'u', 'pt'))}/{digits(rng, 6)}"
    )


def ip_address(rng: Random) -> str:
    return rng.choice(("10.{}.{}.{}", "192.168.{}.{}", "172.{}.{}.{}")).format(
        *(rng.randrange(1, 250) for _ in range(3))
    )


def zip_code(rng: Random) -> str:
    return digits(rng, 5) + rng.choice(("", "", "", f"-{digits(rng, 4)}"))


def room(rng: Random) -> str:
    return f"{rng.randrange(1, 12)}{rng.randrange(1, 60):02d}{rng.choice(('', '', 'A', 'B', '-1', '-2'))}"


def great_age(rng: Random) -> str:
    return str(rng.randrange(90, 106))


def great_age_words(rng: Random) -> str:
    return rng.choice(
        ("ninety-one", "ninety-four", "ninety-seven", "ninety", "one hundred and one", "ninety three")
    )


DRAWN: dict[str, tuple[str, Callable[[Random], str]]] = {
    "date": ("DATE", any_date), "day": ("DATE", full_day), "shortdate": ("DATE", short_day),
    "stamp": ("DATE", timestamp), "monthyear": ("DATE", month_year), "month": ("DATE_WORD", month), "weekday": ("DATE_WORD", weekday), "season": ("DATE_WORD", season),
    "holiday": ("DATE", lambda rng: rng.choice(_HOLIDAYS)), "age90": ("AGE", great_age), "agewords": ("AGE", great_age_words),
    "phone": ("PHONE", phone), "fax": ("PHONE", phone), "pager": ("PHONE", lambda rng: digits(rng, rng.choice((4, 5)))),
    "id": ("ID", coded), "acc": ("ID", accession), "plate": ("ID", plate), "vin": ("ID", vin), "room": ("ID", room),
    "npi": ("ID", lambda rng: digits(rng, 10)), "dea": ("ID", lambda rng: letters(rng, 2) + digits(rng, 7)),
    "email": ("EMAIL", email), "url": ("URL", url), "ip": ("URL", ip_address), "zip": ("ADDRESS", zip_code),
}  # fmt: skip
"""By name in a template, the label and what draws a spelling."""
