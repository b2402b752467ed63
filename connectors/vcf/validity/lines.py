"""Taking a structured meta-information line apart: `<Key=value,Key="quoted, text",Key=[a, b]>` (VCF 4.3, 1.4)."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ITEM = re.compile(r'([^=,"<>\s]+)=("(?:[^"\\]|\\.)*"|\[[^\]]*\]|[^",\[][^,]*|)(?=,|$)')


@dataclass(frozen=True)
class Line:
    """A structured line.

    Attributes:
        kind: INFO, FORMAT, ...
        items: each key's value as it stands, quotation marks included; of a repeated key the first.
        closed: whether it stands between < and >.
        broken: whether something in it could not be taken apart.
    """

    kind: str
    items: dict[str, str]
    closed: bool
    broken: bool

    @property
    def keys(self) -> list[str]:
        """The keys, in their order."""
        return list(self.items)

    def has(self, key: str) -> bool:
        """Whether the key is there."""
        return key in self.items

    def get(self, key: str) -> str:
        """The key's value without quotation marks; "" where it is absent."""
        value = self.items.get(key, "")
        return value[1:-1] if value.startswith('"') else value

    def is_quoted(self, key: str) -> bool:
        """Whether its value is in quotation marks."""
        return self.items.get(key, "").startswith('"')


def parse_line(kind: str, value: str) -> Line:
    """Take a line's value apart; what cannot be, is left out and told."""
    closed = value.startswith("<") and value.rstrip().endswith(">")
    body = value.strip().removeprefix("<").removesuffix(">")
    items: dict[str, str] = {}
    broken, at = False, 0
    while at < len(body):
        found = _ITEM.match(body, at)
        if found is None:
            broken = True
            at = body.find(",", at) + 1 or len(body)
            continue
        items.setdefault(found[1], found[2])
        at = found.end() + 1
    return Line(kind, items, closed, broken)
