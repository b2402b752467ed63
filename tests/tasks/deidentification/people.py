"""Invented persons that the tests share."""

from __future__ import annotations

from datetime import date

from contracts.identity import Person
from contracts.keys import Key

KEY = Key("test", bytes(range(32)))
TODAY = date(2026, 11, 24)

MARIA = Person(
    4711,
    -100,
    {
        "name": ("García-Lorca", "María Luisa", "Mrs. María Luisa García-Lorca"),
        "identifier": ("MRN-0042137", "999-94-5397", "129c6ac7-8d06-89de-ad63-0204a93e76c3"),
        "phone": ("+1 555-810-7203",),
        "email": ("maria.garcia@example.org",),
        "address": ("633 Abernathy Street Apt 4", "Emporia"),
        "zip": ("66801-1234",),
        "birth_date": ("1927-05-21",),
        "death_date": ("1989-05-09",),
        "contact": ("Pedro Lorca", "555-000-1111"),
    },
)
YOUNG = Person(42, 31, {"name": ("Young", "May", "Hope"), "birth_date": ("1980-02-29",)})
OLD = Person(43, -7, {"name": ("Methuselah",), "birth_date": ("1930-01-02",)})
SYNTHEA = Person(44, 10, {"name": ("Medhurst46", "Sumiko254", "Larue605")})
