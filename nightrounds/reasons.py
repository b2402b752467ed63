"""What reason codes mean, and what to do about them: read from `reasons.toml`, and from the rules of VCF."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path


@dataclass(frozen=True)
class Reason:
    """A reason code explained.

    Attributes:
        code: lower-case words joined by hyphens.
        meaning: what is the case, a sentence.
        remedy: what to do, a sentence.
    """

    code: str
    meaning: str
    remedy: str


@lru_cache(maxsize=1)
def load_reasons() -> dict[str, Reason]:
    """All codes of ours, in the order of the file; then those of the rules of VCF, which say it themselves."""
    from connectors.vcf.validity.rules import RULES

    table = tomllib.loads(Path(__file__).with_name("reasons.toml").read_text(encoding="utf-8"))
    stated = {code: Reason(code, entry["meaning"], entry["remedy"]) for code, entry in table.items()}
    ruled = {
        code: Reason(code, f"VCF: {rule.wrong}.", f"What is legal: {rule.legal}.")
        for code, rule in RULES.items()
    }
    return ruled | stated


def explain_reason(code: str) -> Reason:
    """A code explained. `parent-blocked:omop.visit_occurrence` names the table; a site's own code is told as it is."""
    head, _, tail = code.partition(":")
    known = load_reasons().get(head)
    if known is None:
        meaning = (
            f"{head.replace('-', ' ').capitalize()}: a rule of this site's own, or of an installed connector."
        )
        return Reason(code, meaning, "Ask who wrote the suite or the connector.")
    return Reason(code, f"{known.meaning} ({tail})" if tail else known.meaning, known.remedy)
