"""A quiet night: when nothing was published and the last round ended whole, what follows from the lake is there."""

from __future__ import annotations

import hashlib
from typing import Any

from flows.rounds import Round
from quality.cross import checks_digest
from tasks.concepts import open_drugs
from tasks.deriving import DERIVED
from tasks.mappings import mappings
from tasks.recipe import policy_digest
from tasks.standardising import SHARED
from tasks.visit_parts import RESOLVED

_ENDED_WHOLE = ("published", "quarantine", "blocked")


def recipe_of_whole(current: Round) -> str:
    """Digest over what decides the derived tables, the checks and the vectors, beside the lake's own rows."""
    made = (*mappings(DERIVED).items(), *mappings(RESOLVED).items(), *mappings(SHARED).items())
    parts = [f"{name}={mapping.digest}" for name, mapping in sorted(made, key=lambda item: item[0])]
    parts += [f"{name}={value}" for name, value in sorted(current.vocabulary.items())]
    drugs = open_drugs(current.home)
    parts.append(f"drugs={drugs.digest if drugs else ''}")
    parts += [checks_digest(), current.settings.encoders.text, current.settings.encoders.image]
    parts += [f"{name}={policy_digest(name)}" for name in ("dicom", "deidentification")]
    parts.append(current.settings.imaging.model_dump_json())
    parts += [current.settings.genomics.model_dump_json(), current.settings.genomics.suppression().digest()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def settle(current: Round) -> bool:
    """Whether derived tables, checks, vectors and graph are those of the lake as it stands; if so, take over what
    the last round found of them.

    True when this round published nothing and resolved no new link, and the last round ended whole, under the same
    recipe, with the versions that the stores now hold.
    """
    last = _last_summary(current)
    if current.changed or current.linkage_changed or last is None:
        return False
    if last.get("recipe_of_whole") != recipe_of_whole(current) or last.get("problems_after"):
        return False
    held = {"lake": current.lake.versions(), "vectors": current.vectors.versions()}
    if last.get("versions") != held:
        return False
    if last.get("objects", {}).get("left"):
        return False
    current.objects = {**last.get("objects", {}), "made": 0, "removed": 0}
    current.derived, current.checks = dict(last["derived"]), list(last["checks"])
    for kind, found in last["embedded"].items():
        current.embedded[kind] = {**found, "added": 0, "removed": 0, "changed": False}
    return True


def _last_summary(current: Round) -> dict[str, Any] | None:
    """The summary of the round before this one, when that one ended whole."""
    for row in current.catalog.rounds(limit=5):
        if row.round_no < current.number:
            return dict(row.summary) if row.summary and row.state in _ENDED_WHOLE else None
    return None
