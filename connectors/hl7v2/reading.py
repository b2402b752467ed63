"""From the blocks of a file to statements, rejected and ignored pieces: each told of once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from connectors.hl7v2 import care, people
from connectors.hl7v2.chart import Chart, Unit
from connectors.hl7v2.documents import CANCELLING, WITH_TEXT, Document
from connectors.hl7v2.drugs import KINDS as DRUGS
from connectors.hl7v2.drugs import Drug
from connectors.hl7v2.identities import PARTINGS, partings
from connectors.hl7v2.message import Message, Segment
from connectors.hl7v2.other import has_elements, keep, type_of
from connectors.hl7v2.results import Results
from connectors.hl7v2.stream import Block, is_blank
from contracts.errors import Rejected

PAYLOAD_LIMIT = 1 << 20
Told = tuple[str, dict[str, Any]]

ADT_EVENTS = frozenset(
    "A01 A02 A03 A04 A05 A06 A07 A08 A11 A12 A13 A17 A18 A21 A22 A23 A24 A28 A30 A31 A34 A35 A36 A37 A38 A39 A40 A41 "
    "A42 A43 A46 A47 A52 A53 A54 A55 A60".split()
)
"""Events of ADT that are mapped; the others stay whole, as unmapped, and so do A37 and A43 that name one side alone."""
TYPES = frozenset({"ORU", "OUL", "ORA", "VXU", "ORM", "OMG", "OML", "OMP", "RDE", "RDS", "RAS"})
"""Types of message that are mapped whatever triggers them; of MDM those with a text, and cancellations."""
_REPLIES = frozenset({"ACK", "ORR", "RSP", "NAK"})
_CONTEXT = frozenset({"MSH", "EVN", "MRG", "PD1", "ORC", "TQ1", "TQ2", "RXR", "ROL", "PRT", "SFT", "MSA"})
"""Segments that say of others when, why and by whom, and state nothing by themselves."""
_ORDERS = frozenset({"ORM", "OMG", "OML"})


@dataclass
class Envelope:
    """Batches of a file: what its headers and trailers say (HL7 v2.9, 2.10.3)."""

    file: bool = False
    batch: int = -1
    batches: int = 0
    messages: int = 0
    problems: list[Told] = field(default_factory=list)

    def take(self, block: Block) -> None:
        """A header or trailer."""
        if block.kind in ("BHS", "FHS"):
            self._close(block)
        if block.kind == "FHS":
            self.file, self.batches = True, 0
        elif block.kind == "BHS":
            self.batch, self.messages = block.offset, 0
            self.batches += 1
        elif block.kind == "BTS":
            self._compare(block, self.messages, "batch-count-mismatch")
            self.batch = -1
        elif block.kind == "FTS":
            self._close(block)
            self._compare(block, self.batches, "file-count-mismatch")
            self.file = False

    def finish(self, end: int) -> None:
        """The file ends: a trailer that is missing means that something may be missing with it."""
        if self.batch >= 0 or self.file:
            self._problem(end, "missing-trailer", b"")

    def _close(self, block: Block) -> None:
        if self.batch >= 0:
            self._problem(block.offset, "missing-trailer", b"")
            self.batch = -1

    def _compare(self, block: Block, count: int, reason: str) -> None:
        mark = block.data[3:4]
        stated = block.data.split(mark)[1].strip() if mark.strip() and block.data.count(mark) else b""
        if stated.isdigit() and int(stated[:18]) != count:
            self._problem(block.offset, reason, block.data)

    def _problem(self, offset: int, reason: str, data: bytes) -> None:
        self.problems.append(_rejected(offset, reason, f"byte {offset}", data))


def read_file(blocks: Iterable[Block], unit: Unit) -> Iterator[Told]:
    """What a file tells, in order.

    Raises:
        Rejected: `not-hl7v2`: there is no message in it.
    """
    envelope, end, found = Envelope(), 0, False
    stray: list[Told] = []  # what comes before the first header: told once it is known that there is one
    for block in blocks:
        end = block.offset + len(block.data)
        found = found or bool(block.kind)
        if block.kind == "MSH":
            envelope.messages += 1
            yield from read_block(block, unit)
        elif block.kind:
            envelope.take(block)
        elif not is_blank(block.data):
            stray.append(_ignored(block.offset, "garbage"))
        if block.rest:  # it begins behind the frame's end, a byte of its own
            stray.append(_ignored(end, "garbage"))
        if found:
            yield from stray
            stray.clear()
        yield from envelope.problems
        envelope.problems.clear()
    if stray:
        raise Rejected("not-hl7v2", "file", "messages that begin with MSH")
    envelope.finish(end + 1)
    yield from envelope.problems


def read_block(block: Block, unit: Unit) -> Iterator[Told]:
    """One message: its statements, or its rejection."""
    try:
        if block.overlong:
            raise Rejected("message-too-long", f"byte {block.offset}", "32 MiB")
        if not block.ended:
            raise Rejected(
                "truncated-message", f"byte {block.offset}", "a message whose last segment is ended"
            )
        message = Message(block.data, block.offset, block.codec)
        chart = Chart(message, unit)
        _require(message, chart)
    except Rejected as rejected:
        yield _rejected(block.offset, rejected.reason, rejected.place, block.data)
        return
    yield from _read_message(message, chart)


def _require(message: Message, chart: Chart) -> None:
    """What a message must have as a whole, before anything of it is told.

    Raises:
        Rejected: `missing-message-type`, `test-message`, `missing-patient-id`, `missing-document`, `overlong-field`.
    """
    if not chart.kind:
        raise Rejected("missing-message-type", "MSH-9", "a message type of HL7")
    if message.header.value(11) in ("T", "D"):
        raise Rejected("test-message", "MSH-11", "P: production")
    named, documents = 0, 0
    for segment in message.named(("PID", "TXA")):
        if segment.name == "PID":
            chart.turn_to(segment)
            named += 1
            if chart.subject is None and is_mapped(chart):
                raise Rejected("missing-patient-id", f"segment {segment.number}", "PID-3")
        documents += segment.name == "TXA"
    chart.subject = None
    if is_mapped(chart):
        if not named:
            raise Rejected("missing-patient-id", f"byte {message.offset}", "a PID segment")
        if chart.type == "MDM" and not documents:
            raise Rejected("missing-document", f"byte {message.offset}", "a TXA segment")


def is_mapped(chart: Chart) -> bool:
    """Whether its statements have tables of their own."""
    if chart.type == "ADT":
        return chart.trigger in ADT_EVENTS
    if chart.type == "MDM":
        return chart.trigger in WITH_TEXT or chart.trigger == CANCELLING
    return chart.type in TYPES


def _read_message(message: Message, chart: Chart) -> Iterator[Told]:
    if chart.type in _REPLIES:
        yield _ignored(message.offset, chart.type)
    elif is_mapped(chart) and (
        chart.trigger not in PARTINGS or chart.type != "ADT" or partings(message, chart.unit.scope)
    ):
        yield from Reader(chart).read(message)
    else:
        yield from _keep_whole(message, chart)
    if message.garbage:
        # lines that are no segments; counted once a message, at its last byte but one
        yield _ignored(message.offset + 1, "garbage")


def _keep_whole(message: Message, chart: Chart) -> Iterator[Told]:
    held: list[Segment] = []
    for segment in message.segments():
        if segment.name == "PID" and chart.subject is None:
            chart.turn_to(segment)
        if has_elements(segment):
            held.append(segment)
    try:
        keep(chart, chart.kind, message.header, held)
        yield from chart.rows
    except Rejected as rejected:
        yield _rejected(message.offset, rejected.reason, rejected.place, message.text.encode())


class Reader:
    """Reads the segments of a mapped message in their order."""

    def __init__(self, chart: Chart) -> None:
        self.chart = chart
        self.patient: Segment | None = None
        self.results = Results(chart)
        self.drug: Drug | None = None
        self.drug_segment: Segment | None = None
        self.document: Document | None = None
        self.comments: list[Segment] = []

    def read(self, message: Message) -> Iterator[Told]:
        """Everything that the message tells."""
        last = message.header
        for segment in message.segments():
            yield from self._guarded(segment)
            last = segment
        yield from self._guarded(last, end=True)

    def _guarded(self, segment: Segment, *, end: bool = False) -> Iterator[Told]:
        """One segment's statements; a field that cannot be read rejects that segment's."""
        try:
            ignored = list(self._end()) if end else list(self._take(segment))
        except Rejected as rejected:
            kept = [told for told in self.chart.rows if told[0] == "hl7v2.provider"]
            yield from kept
            self.chart.unit.count -= len(self.chart.rows) - len(kept)  # the rejected segment stands for them
            self.chart.rows = []
            yield _rejected(
                segment.offset, rejected.reason, f"segment {segment.number}", segment.line.encode()
            )
            return
        yield from self.chart.rows
        self.chart.rows = []
        yield from ignored

    def _end(self) -> Iterator[Told]:
        yield from self._end_drug()
        self._end_comments()
        self.results.finish()
        if self.document:
            self.document.finish()
            self.document = None

    def _take(self, segment: Segment) -> Iterator[Told]:
        chart, name = self.chart, segment.name
        if name != "NTE":
            self._end_comments()
        if name in ("PID", "ORC", "OBR", *DRUGS):
            yield from self._end_drug()
        if name in ("PID", "ORC", "OBR", "TXA"):
            self.results.finish()
        if name in _CONTEXT:
            self._take_context(segment)
        elif name == "PID":
            self._end_document()
            chart.turn_to(segment)
            self.patient = segment
            people.state_patient(chart, segment)
        elif name == "PV1":
            chart.visit = people.visit_number(chart, segment, self.patient)
            people.state_visit(chart, segment)
        elif name == "TXA":
            self._end_document()
            self.document = Document(chart, segment) if chart.type == "MDM" else None
        elif name in DRUGS:
            self.drug, self.drug_segment = Drug(chart, segment), segment
        elif name == "NTE":
            self.comments.append(segment)
        elif name == "OBR" and chart.type not in _ORDERS:
            chart.request = segment
        else:
            yield from self._take_statement(segment)

    def _take_context(self, segment: Segment) -> None:
        chart = self.chart
        if segment.name == "EVN":
            chart.begin(segment)
        elif segment.name == "ORC":
            chart.order, chart.request = segment, None
        elif segment.name == "RXR" and self.drug:
            self.drug.take(segment)
        elif segment.name in ("PD1", "ROL", "PRT"):
            care.state_role(chart, segment, 5 if segment.name == "PRT" else 4)

    def _take_statement(self, segment: Segment) -> Iterator[Told]:
        chart, name = self.chart, segment.name
        if name == "OBX":
            reason = self.document.take(segment) if self.document else self.results.take(segment)
            if reason:
                yield _ignored(segment.offset, reason)
            return
        if name == "OBR":
            chart.request = segment
        state = {
            "DG1": care.state_diagnosis,
            "AL1": care.state_allergy,
            "IAM": care.state_allergy,
            "PR1": care.state_procedure,
            "OBR": care.state_ordered,
        }.get(name)
        if state and state(chart, segment):
            return
        if has_elements(segment):
            keep(chart, name, segment, [segment])
        else:
            yield _ignored(segment.offset, type_of(segment))

    def _end_drug(self) -> Iterator[Told]:
        drug, segment = self.drug, self.drug_segment
        self.drug = self.drug_segment = None
        if drug and segment and not drug.finish():
            yield _ignored(segment.offset, f"{segment.name}-without-drug")

    def _end_document(self) -> None:
        if self.document:
            self.document.finish()
            self.document = None

    def _end_comments(self) -> None:
        if self.comments:
            first, held = self.comments[0], self.comments
            self.comments = []
            keep(self.chart, "NTE", first, held)


def _ignored(record: int, kind: str) -> Told:
    return "ignored", {"_record": record, "type": kind}


def _rejected(record: int, reason: str, where: str, payload: bytes) -> Told:
    return "rejected", {
        "_record": record,
        "reason": reason,
        "where": where,
        "payload": payload[:PAYLOAD_LIMIT],
    }
