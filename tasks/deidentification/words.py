"""Words that are no names, and names: what tells a name in the notes of people whom the vault does not know.

The lists are those of Philter (Norgeot et al., npj Digit. Med. 3, 57, 2020; BSD-3-Clause) as the package
`philter-lite` ships them: 195,253 words of English and of medicine, 97,014 given names and 161,470 family names. Of
the package only this file is read. `kept_words.csv` adds what the lists lack, each row with its reason.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

import orjson

from contracts.errors import Fatal

_LISTS = ("nonames", "firstnames", "lastnames")
_SHORTEST = 2
_CITIES = ("us_cities.csv", "towns.csv")


@dataclass(frozen=True)
class WordLists:
    """Folded words by what they can be.

    Attributes:
        ordinary: words of English and of medicine, drugs and brands; some are names as well.
        given: given names.
        family: family names.
        kept: words that look like names and are none (months, languages, insurers), unless the place says so.
        eponyms: names that stand for a thing by themselves ("Foley", "Apgar").
        named_things: names that stand for a thing beside its noun alone ("Allen" test).
        nouns: the nouns that make a thing of a name before them ("disease", "sign", "catheter").
        thing_nouns: the same, of `named_things` and `eponyms` alone ("fever", "boots").
        regions: states and countries, which may stay (45 CFR 164.514(b)(2)(i)(B) asks for what is smaller).
        cities: cities, many of which are words or names too.
        institution: words by which a name of a hospital, school or firm ends.
        acronyms: hospitals that are known by their letters.
        faiths: faiths that hospitals are named after ("Methodist Hospital").
        region_words: the words of states and countries of two words.
        places: large firms and shops, hospitals that are named without the word, towns of 1,000 people and more,
            by their first word; of one word only those that are no other word.
        generic: words that make no name of a hospital ("Eye" Clinic).
    """

    ordinary: frozenset[str]
    given: frozenset[str]
    family: frozenset[str]
    kept: frozenset[str]
    eponyms: frozenset[str]
    named_things: frozenset[str]
    nouns: frozenset[str]
    thing_nouns: frozenset[str]
    regions: frozenset[str]
    cities: frozenset[str]
    institution: frozenset[str]
    generic: frozenset[str]
    acronyms: frozenset[str]
    faiths: frozenset[str]
    region_words: frozenset[str]
    places: Mapping[str, frozenset[str]]

    def is_name(self, word: str) -> bool:
        """Whether the folded word is some name and no ordinary word."""
        return (word in self.given or word in self.family) and not self.is_ordinary(word)

    def is_ordinary(self, word: str) -> bool:
        """Whether the folded word is an ordinary one, be it a name as well."""
        return word in self.ordinary or word in self.kept or word in self.regions

    def may_name(self, word: str) -> bool:
        """Whether the folded word is some name, be it an ordinary word as well."""
        return word in self.given or word in self.family


def lists_file() -> Path:
    """The file of the lists in the installed package.

    Raises:
        Fatal: the package is not installed as it should be.
    """
    found = find_spec("philter_lite")  # found, not imported: its code and its taggers are not used
    if found is None or not found.origin:
        raise Fatal("the lists of names are missing", "package philter-lite", "pip install philter-lite")
    return Path(found.origin).parent / "filters" / "set.toml"


@lru_cache(maxsize=1)
def lists_digest() -> str:
    """Digest of the lists: part of the recipe of every source."""
    digest = hashlib.sha256(lists_file().read_bytes())
    for name in ("kept_words.csv", *_CITIES):
        digest.update((files(__package__) / name).read_bytes())
    return digest.hexdigest()[:16]


@lru_cache(maxsize=1)
def word_lists() -> WordLists:
    """The lists, read once a process (about 0.15 CPU-s and 60 MB)."""
    named = _read_lists(lists_file())
    kept: dict[str, set[str]] = {}
    text = (files(__package__) / "kept_words.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(line for line in text.splitlines() if not line.startswith("#")):
        kept.setdefault(row["kind"], set()).update(w.replace("_", " ") for w in row["words"].split())
    of = {kind: frozenset(words) for kind, words in kept.items()}
    wrong = of["never_names"]
    return WordLists(
        ordinary=frozenset((named["nonames"] | of["word"]) - of["always_names"] - of["always_family"]),
        given=frozenset((named["firstnames"] | of["always_names"]) - wrong) | of["also_given"],
        family=frozenset(named["lastnames"] - wrong) | of["also_family"] | of["always_family"],
        kept=of["kept"],
        eponyms=of["eponym"],
        named_things=of["named_thing"],
        nouns=of["noun"],
        thing_nouns=of["thing_noun"],
        regions=of["region"],
        cities=of["city"],
        institution=of["institution"],
        generic=of["generic"],
        acronyms=of["acronym"],
        faiths=of["faith"],
        region_words=frozenset(w for name in of["region"] if " " in name for w in name.split()),
        places=_by_first((_read_cities() - of["city_word"]) | of["employer"] | of["saintly"]),
    )


def _read_cities() -> frozenset[str]:
    texts = ((files(__package__) / name).read_text(encoding="utf-8") for name in _CITIES)
    lines = (line for text in texts for line in text.splitlines())
    listed = [line for line in lines if not line.startswith("#") and line != "cities"]
    names = {name.replace("_", " ").replace("-", " ") for line in listed for name in line.split()}
    short = {"saint ": "st ", "mount ": "mt ", "fort ": "ft "}
    return frozenset(
        names | {s + n.removeprefix(w) for n in names for w, s in short.items() if n.startswith(w)}
    )


def _by_first(names: frozenset[str]) -> Mapping[str, frozenset[str]]:
    """Names by their first word without its genitive, with spaces for hyphens."""
    found: dict[str, list[str]] = {}
    for name in names:
        plain = name.replace("-", " ")
        found.setdefault(plain.partition(" ")[0].removesuffix("'s"), []).append(plain)
    return {first: frozenset(some) for first, some in found.items()}


def _read_lists(path: Path) -> dict[str, frozenset[str]]:
    """Each line of the file is a list whose TOML is JSON too, which is read ten times faster."""
    found: dict[str, frozenset[str]] = {}
    for line in path.read_bytes().splitlines():
        name, equals, values = line.partition(b" = ")
        if equals:
            words = orjson.loads(values.strip().removesuffix(b"]").rstrip(b", ") + b"]")
            found[name.decode()] = frozenset(w for w in words if len(w) >= _SHORTEST)
    if missing := set(_LISTS) - found.keys():
        raise Fatal("a list of names is missing", f"philter-lite: {min(missing)}", "philter-lite 0.6.0")
    return found
