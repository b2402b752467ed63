"""How identifiers are written: each function draws one spelling."""

from __future__ import annotations

import string
from collections.abc import Callable
from datetime import date, timedelta
from random import Random

_LETTERS = string.ascii_uppercase.replace("I", "").replace("O", "").replace("Q", "")
_DATES = (
    "%m/%d/%Y", "%m/%d/%y", "%-m/%-d/%Y", "%-m/%-d/%y", "%Y-%m-%d", "%B %-d, %Y", "%b %-d, %Y", "%-d %B %Y",
    "%d-%b-%Y", "%m-%d-%Y", "%B %-d %Y",
    "%b. %-d, %Y", "%A, %B %-d, %Y", "%d%b%Y", "%Y%m%d", "%-m-%-d-%y", "%B %Y", "%b %Y", "%m/%Y",
)  # fmt: skip
_HOLIDAYS = ("Thanksgiving", "Christmas", "New Year's Eve", "Labor Day", "Memorial Day", "Fourth of July")


def digits(rng: Random, count: int) -> str:
    return str(rng.randrange(1, 10)) + "".join(str(rng.randrange(10)) for _ in range(count - 1))


def some_day(rng: Random) -> date:
    return date(2008, 1, 1) + timedelta(days=rng.randrange(6_000))


def date_text(rng: Random) -> str:
    return some_day(rng).strftime(rng.choice(_DATES))


def full_date(rng: Random) -> str:
    return some_day(rng).strftime(rng.choice(_DATES[:-3]))


def short_date(rng: Random) -> str:
    """A day without its year."""
    return some_day(rng).strftime(rng.choice(("%-m/%-d", "%m/%d", "%B %-d", "%b %-d")))


def month_alone(rng: Random) -> str:
    return some_day(rng).strftime("%B")


def weekday(rng: Random) -> str:
    return some_day(rng).strftime("%A")


def season(rng: Random) -> str:
    return f"{rng.choice(('summer', 'fall', 'winter', 'spring'))} {rng.choice(('', 'of '))}{rng.randrange(2005, 2024)}"


def holiday(rng: Random) -> str:
    return rng.choice(_HOLIDAYS)


def great_age(rng: Random) -> str:
    return str(rng.randrange(90, 104))


def age_unit(rng: Random) -> str:
    """What follows an age."""
    return rng.choice(("-year-old", " year old", " y/o", "yo", " yo", " years old"))


def phone(rng: Random) -> str:
    a, b, c = digits(rng, 3), digits(rng, 3), digits(rng, 4)
    forms = (
        f"({a}) {b}-{c}",
        f"{a}-{b}-{c}",
        f"{a}.{b}.{c}",
        f"{a} {b} {c}",
        f"+1 {a} {b} {c}",
        f"1-{a}-{b}-{c}",
    )
    return rng.choice(forms)


def pager(rng: Random) -> str:
    return digits(rng, rng.choice((4, 5)))


def ssn(rng: Random) -> str:
    return rng.choice((f"{digits(rng, 3)}-{digits(rng, 2)}-{digits(rng, 4)}", digits(rng, 9)))


def mrn(rng: Random) -> str:
    return rng.choice(
        (
            digits(rng, 7),
            digits(rng, 8),
            f"{digits(rng, 3)}-{digits(rng, 2)}-{digits(rng, 2)}",
            f"E{digits(rng, 8)}",
        )
    )


def coded(rng: Random) -> str:
    """A number with letters: accounts, policies, devices."""
    a, b = "".join(rng.choice(_LETTERS) for _ in range(2)), digits(rng, rng.choice((6, 7, 8)))
    return rng.choice((f"{a}{b}", f"{a}-{b}", b, f"{b[:4]}-{b[4:]}{a[0]}"))


def plate(rng: Random) -> str:
    letters = "".join(rng.choice(_LETTERS) for _ in range(3))
    return f"{digits(rng, 1)}{letters}{rng.choice(('', '-'))}{digits(rng, 3)}"


def vin(rng: Random) -> str:
    return digits(rng, 1) + "".join(rng.choice(_LETTERS + string.digits) for _ in range(10)) + digits(rng, 6)


def email(rng: Random) -> str:
    name = f"{rng.choice(('j', 'm.', 'dr'))}{rng.choice(('alvar', 'nowak', 'reese'))}{rng.randrange(99)}"
    return f"{name}@{rng.choice(('gmail.com', 'example.org', 'mail.hosp.edu'))}"


def url(rng: Random) -> str:
    scheme, domain = rng.choice(("https://", "http://", "www.")), rng.choice(("org", "com"))
    return f"{scheme}portal.example.{domain}/p/{digits(rng, 5)}"


def ip_address(rng: Random) -> str:
    return ".".join(str(rng.randrange(1, 255)) for _ in range(4))


def zip_code(rng: Random) -> str:
    return digits(rng, 5) + rng.choice(("", "", f"-{digits(rng, 4)}"))


def room(rng: Random) -> str:
    return f"{rng.randrange(100, 999)}{rng.choice(('', 'A', 'B', ''))}"


def misspelt(rng: Random, name: str) -> str:
    """The name with one letter wrong, left out, doubled or swapped, where it has six or more."""
    if len(name) < 6 or not name.isalpha():
        return name
    i = rng.randrange(1, len(name) - 2)
    forms = (
        name[:i] + name[i + 1 :], name[:i] + name[i] + name[i:], name[:i] + name[i + 1] + name[i] + name[i + 2 :],
        name[:i] + rng.choice("aeiourst") + name[i + 1 :],
    )  # fmt: skip
    return rng.choice(forms)


DRAWN: dict[str, tuple[str, Callable[[Random], str]]] = {
    "date": ("DATE", date_text), "day": ("DATE", full_date), "shortdate": ("DATE", short_date),
    "month": ("DATE_WORD", month_alone), "weekday": ("DATE_WORD", weekday), "season": ("DATE_WORD", season),
    "holiday": ("DATE", holiday), "age90": ("AGE", great_age), "phone": ("PHONE", phone), "pager": ("PHONE", pager),
    "ssn": ("ID", ssn), "mrn": ("ID", mrn), "id": ("ID", coded), "plate": ("ID", plate), "vin": ("ID", vin),
    "email": ("EMAIL", email), "url": ("URL", url), "ip": ("URL", ip_address), "zip": ("ADDRESS", zip_code),
    "room": ("ID", room),
}  # fmt: skip
"""By name in a template, the label and what draws a spelling."""
