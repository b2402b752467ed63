"""The recipe of a source's kind: the versions of everything that decides what its rows look like.

A change of one component reprocesses the units that it touches, and only those: a mapping touches the units with
records of its source tables.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from functools import lru_cache
from pathlib import Path

from contracts.privacy import Profile
from contracts.schemas import LAKE
from contracts.units import Source
from quality.suites import digest as suite_digest
from tasks.concepts import NONE
from tasks.deidentification.policy import TextPolicy
from tasks.dicom.policy import ImagePolicy
from tasks.mappings import mappings
from tasks.names import NAMED, names_version
from tasks.standardising import EVENTS, SHARED
from tasks.units import units_digest
from tasks.vcf.policy import VariantPolicy

REFERENCE_OPTIONS = ("reference", "reference_grch37", "reference_grch38", "reference_t2t", "check_reference")
"""Options of a source of variants that name references, or say what is done where REF differs."""
_AFTERWARDS = frozenset(["annotations", "export", "quality", "release"])
"""Folders of code that works on rows of the lake."""
_OF_EVENTS = ("policy:units", "policy:routing")
"""Components that concern the units with events alone, like the vocabulary."""


@lru_cache(maxsize=8)
def policy_digest(folder: str) -> str:
    """Digest over the code and data files of a policy folder of `tasks/`; what exports or is counted afterwards decides
    no rows."""
    root = Path(__file__).parent / folder
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        if path.suffix in {".py", ".csv", ".toml", ".sql"} and path.parent.name not in _AFTERWARDS:
            digest.update(path.name.encode() + b"\x00" + path.read_bytes())
    return digest.hexdigest()[:16]


@lru_cache(maxsize=1)
def _routing_digest() -> str:
    """Digest over the code that gives events their concepts and tables."""
    folder = Path(__file__).parent
    code = b"".join(
        (folder / f"{name}.py").read_bytes() for name in ("concepts", "lexica", "names", "routing")
    )
    return hashlib.sha256(code).hexdigest()[:16]


def components(
    kind: str,
    connector_version: str,
    profile: Profile,
    key_id: str,
    vocabulary: Mapping[str, str] | None = None,
    text: TextPolicy | None = None,
    images: ImagePolicy | None = None,
    variants: VariantPolicy | None = None,
) -> dict[str, str]:
    """The components of a kind's recipe, by name, each with its digest or version.

    `vocabulary` is what `tasks.concepts.vocabulary_parts` says of the home; without it there is none.
    `text` is how free text is treated; without it as `TextPolicy` does unless told. `images` is how images are,
    `variants` how samples of nobody known are.
    """
    found = {
        "connector": f"{kind} {connector_version}",
        "profile": profile.value,
        "key": key_id,
        "policy:deidentification": policy_digest("deidentification"),
        "policy:cleaning": policy_digest("cleaning"),
        **(text or TextPolicy()).versions(),
    }
    if kind == "vcf":
        found |= {"policy:vcf": policy_digest("vcf"), **(variants or VariantPolicy()).versions()}
    if kind == "dicom":  # pixels are no part of the index: `tasks/dicom` is of the objects' recipe
        found |= (images or ImagePolicy()).versions()
    used = mappings(kind)
    if any(target.startswith(EVENTS) for target in used):
        used = {**mappings(SHARED), **used}
        found |= vocabulary or {"vocabulary": NONE}
        found |= {
            "policy:units": units_digest(),
            "policy:routing": _routing_digest(),
            "names": names_version(),
        }
    for target, mapping in used.items():
        found[f"mapping:{target}"] = mapping.digest
        if not target.startswith(EVENTS):
            found[f"suite:{target}"] = suite_digest(target)
    if kind == "vcf":  # which has a function for its mappings
        found |= {f"suite:{table}": suite_digest(table) for table in LAKE if table.startswith("genomics.")}
    return found


def reference_components(source: Source) -> dict[str, str]:
    """The references that a source of variants names, as a component of its recipe; nothing for other sources.

    Raises:
        Fatal: an option is wrong; see `tasks.vcf.normalise.reference`.
    """
    if source.kind != "vcf" or not any(name in source.options for name in REFERENCE_OPTIONS):
        return {}
    from tasks.vcf.normalise.reference import read_options

    return {"reference": read_options(source.options).version()}


def digest_recipe(parts: Mapping[str, str]) -> str:
    """One digest over a recipe's components: the `recipe` of a unit."""
    text = "\n".join(f"{name}={value}" for name, value in sorted(parts.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def changed_components(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Names of the components that differ between two recipes, in order."""
    return sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))


def touching(
    changed: list[str], kind: str, source_tables: set[str], vocabularies: Collection[str] | None = None
) -> list[str]:
    """Those of the changed components that concern a unit with records of `source_tables`.

    A mapping or suite concerns the units that hold records of a table that the mapping reads; any other component
    concerns every unit of the kind. A vocabulary concerns the units with events, what the site maps of a terminology
    (`codes:<vocabulary>`) those whose codes are of it; `vocabularies` is None where that was not noted.
    """
    reads = {target: set(mapping.source_tables) for target, mapping in mappings(kind).items()}
    events = set().union(*(tables for target, tables in reads.items() if target.startswith(EVENTS)))
    reads |= {target: reads.get(target, set()) | events for target in mappings(SHARED)} if events else {}
    concerned = []
    for name in changed:
        scope, _, target = name.partition(":")
        if scope in {"mapping", "suite"} and target in reads and not (reads[target] & source_tables):
            continue
        if (scope in {"vocabulary", "codes", "names"} or name in _OF_EVENTS) and not (events & source_tables):
            continue
        if scope == "names" and vocabularies is not None and NAMED.isdisjoint(vocabularies):
            continue
        if scope == "codes" and vocabularies is not None and target not in vocabularies:
            continue
        concerned.append(name)
    return concerned
