"""Counting findings by rule and field, in memory that does not grow with the file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from connectors.vcf.validity.rules import RULES, Found, Verdict

_LINES = 5


@dataclass
class Group:
    """Findings of one rule in one field.

    Attributes:
        rule: the rule's id.
        field: see `Found`.
        count: how many records or header lines; what is only advised about a name is told once.
        lines: the first few lines.
    """

    rule: str
    field: str
    count: int
    lines: list[int]

    @property
    def verdict(self) -> Verdict:
        """The rule's verdict."""
        return RULES[self.rule].verdict


class Tally:
    """Findings, grouped."""

    def __init__(self) -> None:
        self._groups: dict[tuple[str, str], Group] = {}

    def add(self, findings: Iterable[Found]) -> None:
        """Count findings one by one."""
        for found in findings:
            self.add_many(found.rule, found.field, 1, [found.line])

    def add_many(self, rule: str, field: str, count: int, lines: list[int]) -> None:
        """Count findings of one rule in one field; `lines` are the first of them, in order."""
        group = self._groups.setdefault((rule, field), Group(rule, field, 0, []))
        group.count = 1 if rule.startswith("undeclared-") else group.count + count
        if rule.startswith("undeclared-") and group.lines:
            return
        group.lines.extend(lines[: _LINES - len(group.lines)])

    def groups(self) -> list[Group]:
        """The groups: gravest first, then by their first line."""
        return sorted(self._groups.values(), key=lambda g: (-g.verdict, g.lines, g.rule, g.field))
