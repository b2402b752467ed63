"""The names and places one half of the documents draws from."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True)
class Names:
    """Lists by kind; the `word_` ones are ordinary words too, `rare_` ones stand in few lists of names."""

    common_given: tuple[str, ...]
    common_family: tuple[str, ...]
    word_given: tuple[str, ...]
    word_family: tuple[str, ...]
    rare_given: tuple[str, ...]
    rare_family: tuple[str, ...]
    compound_family: tuple[str, ...]
    nicknames: tuple[str, ...]
    cities: tuple[str, ...]
    streets: tuple[str, ...]
    hospitals: tuple[str, ...]
    short_hospitals: tuple[str, ...]
    employers: tuple[str, ...]

    def given(self, rng: Random) -> str:
        """One in ten an ordinary word, one in eight rare."""
        kind = rng.randrange(40)
        return rng.choice(self.word_given if kind < 4 else self.rare_given if kind < 9 else self.common_given)

    def family(self, rng: Random) -> str:
        """One in eight an ordinary word, one in eight rare, one in eight hyphenated or of several words."""
        kind = rng.randrange(40)
        if kind < 2:
            return f"{rng.choice(self.common_family)}-{rng.choice(self.common_family)}"
        lists = (self.word_family, self.rare_family, self.compound_family, self.common_family)
        return rng.choice(lists[0 if kind < 7 else 1 if kind < 12 else 2 if kind < 15 else 3])


def words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def lines(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(";"))
