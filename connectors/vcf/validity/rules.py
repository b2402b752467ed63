"""The rules: each with its place, its verdict, and what it says. A table of data (rules.csv).

Names and sections are those of the Variant Call Format specification (VCFv4.0 to VCFv4.5; sections of 4.3 where no
other is named).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path


class Verdict(IntEnum):
    """How far a finding goes.

    Attributes:
        ADVICE: the specification encourages something else; every mode publishes.
        NONCONFORMANT: the specification frowns, real callers do it; published and counted, quarantined in strict mode.
        INVALID: cannot be trusted; the record, or for the header the file, is quarantined.
    """

    ADVICE = 0
    NONCONFORMANT = 1
    INVALID = 2


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes:
        rule_id: its name: the reason code of a rejection.
        place: "file", "header" or "record".
        verdict: how far it goes.
        wrong: what is wrong, without a value.
        legal: what would be legal.
    """

    rule_id: str
    place: str
    verdict: Verdict
    wrong: str
    legal: str

    @property
    def sentence(self) -> str:
        """What a sequencing core is told."""
        return f"{self.wrong}; legal: {self.legal}"


def _read_rules() -> dict[str, Rule]:
    with Path(__file__).with_name("rules.csv").open(encoding="utf-8", newline="") as file:
        return {
            row["rule"]: Rule(
                row["rule"], row["place"], Verdict[row["verdict"].upper()], row["wrong"], row["legal"]
            )
            for row in csv.DictReader(file)
        }


RULES: dict[str, Rule] = _read_rules()
"""All rules by id: the rows of rules.csv."""


@dataclass(frozen=True)
class Found:
    """One finding: nothing of a value.

    Attributes:
        rule: the rule's id.
        line: the line, from 1 (for BCF the record); 0 for the file as a whole.
        field: a column, `INFO/key`, `FORMAT/key`, or the kind of a header line (`##INFO`); keys only where they are
            declared or reserved.
    """

    rule: str
    line: int
    field: str = ""

    @property
    def verdict(self) -> Verdict:
        """The rule's verdict."""
        return RULES[self.rule].verdict
