"""Preflight of a file: what would be rejected and why, message by message, without a value of a patient."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from connectors.hl7v2.chart import Unit
from connectors.hl7v2.identities import Scope
from connectors.hl7v2.reading import read_file
from connectors.hl7v2.stream import Block, open_messages, read_blocks
from contracts.errors import Rejected
from contracts.keys import KEY_BYTES, Key

if TYPE_CHECKING:
    from contracts.protocols import Finding, Place

MAX_FINDINGS = 1_000
"""Findings told one by one; beyond, they are only counted."""


def check_file(place: Place) -> Iterator[Finding]:
    """Findings for one file: errors by place, then counts of messages, statements and what is passed over.

    Rules: the reason codes of `connectors.hl7v2.reading`; `no-character-set` (information: messages that state none
    are read as UTF-8), `several-authorities` (warning) and `count` (information).
    """
    from contracts.protocols import Finding

    counts: Counter[str] = Counter()
    told, seen = 0, _Seen()
    unit = Unit(Scope("check"), Key("check", bytes(KEY_BYTES)))
    try:
        with open_messages(place) as stream:
            for table, row in read_file(seen.watch(read_blocks(stream)), unit):
                counts[_name(table, row)] += 1
                if table == "rejected":
                    told += 1
                    if told <= MAX_FINDINGS:
                        yield Finding("error", row["reason"], "this would be quarantined", row["where"])
    except Rejected as rejected:
        yield Finding("error", rejected.reason, rejected.legal, rejected.place)
        return
    if told > MAX_FINDINGS:
        yield Finding("error", "more", f"{told - MAX_FINDINGS} more would be quarantined")
    yield from seen.findings()
    for name, count in sorted(counts.items()):
        yield Finding("info", "count", f"{name}: {count}")


def _name(table: str, row: dict[str, Any]) -> str:
    if table == "ignored":
        return f"passed over, {row['type']}"
    return table if table in ("rejected", "deleted") else f"statements, {table.partition('.')[2]}"


class _Seen:
    """What is told of the messages beside their statements."""

    def __init__(self) -> None:
        self.messages = 0
        self.undeclared = 0
        self.authorities: set[bytes] = set()

    def watch(self, blocks: Iterator[Block]) -> Iterator[Block]:
        for block in blocks:
            if block.kind == "MSH":
                self._look(block.data)
            yield block

    def _look(self, data: bytes) -> None:
        self.messages += 1
        mark, sign = data[3:4], data[4:5]
        header = data.partition(b"\r")[0].partition(b"\n")[0].split(mark) if mark else []
        self.undeclared += len(header) < 18 or not header[17].strip()
        for begin in (b"\rPID", b"\nPID"):
            line = data.partition(begin)[2].partition(b"\r")[0].partition(b"\n")[0]
            fields = line.split(mark) if mark and line else []
            for number in fields[3].split(data[5:6]) if len(fields) > 3 and sign and data[5:6] else []:
                parts = number.split(sign)
                if len(parts) > 4 and parts[4] == b"MR":
                    self.authorities.add(parts[3])

    def findings(self) -> Iterator[Finding]:
        from contracts.protocols import Finding

        yield Finding("info", "count", f"messages: {self.messages}")
        if self.undeclared:
            message = f"{self.undeclared} messages state no character set in MSH-18: they are read as UTF-8"
            yield Finding("info", "no-character-set", message)
        if len(self.authorities) > 1:
            message = (
                f"medical record numbers come from {len(self.authorities)} assigning authorities: "
                "they stay apart; name the source's own in its option mrn_authority"
            )
            yield Finding("warning", "several-authorities", message, "PID-3")
