"""Hospital A's interface engine: messages of admissions, results and documents, with merges and cancellations.

A visit for blood samples some days after each first visit, whose results the health record's own export does not have.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from nightrounds.demo import hl7v2_messages as hl7
from nightrounds.demo.care import Commission, Guest, Happened, later, number, test_of
from nightrounds.demo.chart import CLINICIANS, NIGHTS, Visit
from nightrounds.demo.ledger import Statements
from nightrounds.demo.people import HOSPITAL_A

SOURCE = "interface"
GUESTS = (
    "maria-garcia", "jose-garcia-nunez", "loretta-young", "theresa-may", "walter-abernathy", "marcus-washington",
    "eleanor-fitzgerald", "robert-sullivan", "dana-kowalski",
)  # fmt: skip
MERGED = "kevin-tran"
"""Brought in unconscious, registered under a temporary number, and known the next day."""
_PANEL = "24323-8^Laboratory panel^LN"
_CANCELLED, _WITHDRAWN, _CORRECTED = (
    "theresa-may",
    ("loretta-young", "2951-2"),
    ("jose-garcia-nunez", "2823-3"),
)


@dataclass
class Feed:
    """What one night's messages are made from: files by name, the statements counted, and numbers by person."""

    seed: int
    told: Statements
    files: dict[str, list[str]] = field(default_factory=dict)
    happened: list[Happened] = field(default_factory=list)
    numbers: set[str] = field(default_factory=set)
    doctors: set[tuple[str, str]] = field(default_factory=set)

    def add(self, file: str, *segments: str) -> None:
        """Append a message."""
        self.files.setdefault(file, []).append(hl7.message(*segments))

    def say_doctor(self, file: str, clinician: str) -> None:
        """Count the statement that somebody is in charge: one a file, however often it names him."""
        if (file, clinician) not in self.doctors:
            self.doctors.add((file, clinician))
            self.told.say("provider", clinician)


@dataclass(frozen=True)
class Told:
    """What the feed says of the people beside the records' own truth.

    Attributes:
        happened: entries of the true timelines.
        numbers: of visits, orders and documents: identifiers that must not come out.
        temporary: the number under which `MERGED` was first registered.
    """

    happened: tuple[Happened, ...]
    numbers: frozenset[str]
    temporary: str


def export_messages(commission: Commission) -> Told:
    """Write `night-N/interface` under the root and book what was written."""
    found = commission.guests(HOSPITAL_A, GUESTS)
    merged = commission.guests(HOSPITAL_A, [MERGED])[0]
    feeds = []
    for night in range(1, commission.nights + 1):
        feed = Feed(commission.seed, Statements(commission.ledger, night, SOURCE))
        if night == 1:
            _first_night(feed, found, merged)
        else:
            _second_night(feed, found, merged)
            _add_tonight(feed, [v for v in commission.visits if v.night == night and v.person.is_a("hero")])
        _write(commission.folder(night, SOURCE), feed, NIGHTS[night - 1])
        feeds.append(feed)
    happened = tuple(entry for feed in feeds for entry in feed.happened)
    numbers = frozenset(value for feed in feeds for value in feed.numbers)
    return Told(happened, numbers, temporary_number(commission.seed))


def temporary_number(seed: int) -> str:
    """The record number of the one who could not say his name."""
    return number(Random(f"{seed}:temporary"), "TMP", 7)


def numbers_of(guest: Guest, seed: int) -> tuple[str, str, str]:
    """Visit, order and document number of a guest's visit for samples."""
    rng = Random(f"{seed}:interface:{guest.person.key}")
    return number(rng, "OP"), number(rng, "L"), number(rng, "DOC")


def _first_night(feed: Feed, found: list[Guest], merged: Guest) -> None:
    for guest in found:
        _add_visit(feed, guest)
        _add_results(feed, guest)
        _add_letter(feed, guest)
    _add_unknown(feed, merged)
    _plant_dirt(feed, found)


def _taken(guest: Guest) -> datetime:
    return later(guest.first, 5)


def _doctor(visit: Visit) -> str:
    return hl7.doctor_of(visit.clinician, CLINICIANS.index(visit.clinician))


def _say_patient(feed: Feed, guest: Guest) -> str:
    feed.told.say("patient", guest.registration.mrn)
    return hl7.patient(guest.person, guest.registration.mrn)


def _add_visit(feed: Feed, guest: Guest) -> None:
    """A04 and A03 of the visit for samples, with its diagnosis; the second message says of the first visit more."""
    person, at, doctor = guest.person, _taken(guest), _doctor(guest.first)
    stay, order, letter = numbers_of(guest, feed.seed)
    feed.numbers |= {stay, order, letter}
    scene, end = guest.first.scene, at + timedelta(minutes=40)
    kin = hl7.next_of_kin(person)
    diagnosis = f"DG1|1||{scene['icd10']}^{scene['display'].split(' (')[0]}^I10C||{at:%Y%m%d%H%M%S}|W"
    feed.add(
        "adt.hl7", hl7.header("ADT^A04", f"A{stay}", at), hl7.event("A04", at), _say_patient(feed, guest), *kin,
        hl7.visit(stay, "O", doctor, at), diagnosis,
    )  # fmt: skip
    feed.add(
        "adt.hl7", hl7.header("ADT^A03", f"D{stay}", end), hl7.event("A03", end), _say_patient(feed, guest),
        hl7.visit(stay, "O", doctor, at, end),
    )  # fmt: skip
    feed.told.note("NK1", "ignored", len(kin))
    for _ in range(2):
        feed.told.say("visit", stay)
    feed.told.say("diagnosis", stay)
    feed.say_doctor("adt.hl7", guest.first.clinician)
    feed.happened.append(Happened(person.key, SOURCE, "encounter", at, "Visit for blood samples"))


def _add_results(feed: Feed, guest: Guest) -> None:
    at, (stay, order, _) = _taken(guest), numbers_of(guest, feed.seed)
    results = guest.results("ward")
    reported = at + timedelta(hours=2)
    lines = [hl7.result(n, test, value, f"{at:%Y%m%d%H%M%S}") for n, (test, value) in enumerate(results, 1)]
    feed.add(
        "results.hl7", hl7.header("ORU^R01", f"R{order}", reported), _say_patient(feed, guest),
        hl7.visit(stay, "O", _doctor(guest.first)), hl7.request(order, _PANEL, at, reported), *lines,
    )  # fmt: skip
    for test, _ in results:
        feed.told.say("result", order, test.code)


def _add_letter(feed: Feed, guest: Guest) -> None:
    """MDM: how the patient was told of the results, with the name in the text."""
    person, (stay, _, letter) = guest.person, numbers_of(guest, feed.seed)
    at = _taken(guest) + timedelta(hours=6)
    results = "; ".join(
        f"{test.name.split(' [')[0]} {value:g} {test.unit}" for test, value in guest.results("ward")
    )
    text = (
        f"{person.given} {guest.registration.family} (MRN {guest.registration.mrn}) was telephoned at {person.phone}.\n"
        f"Results of today: {results}.\n"
        "No change of treatment is needed before the next visit. Questions were answered."
    )
    doctor = _doctor(guest.first)
    feed.add(
        "documents.hl7", hl7.header("MDM^T02", f"M{letter}", at), hl7.event("T02", at), _say_patient(feed, guest),
        hl7.visit(stay, "O", doctor), *hl7.document(letter, at, doctor, text),
    )  # fmt: skip
    feed.told.say("note", letter)
    feed.say_doctor("documents.hl7", guest.first.clinician)
    kinds = ("full_name", "mrn", "phone")
    for kind in kinds:
        feed.told.plant(f"phi_in_note:{kind}", "accepted", "documents.hl7", person=person.key)


def _add_unknown(feed: Feed, merged: Guest) -> None:
    """The emergency visit of somebody who could not say his name, with the results of the night."""
    mrn, at = temporary_number(feed.seed), NIGHTS[0] - timedelta(hours=4)
    rng = Random(f"{feed.seed}:interface:unknown")
    stay, order = number(rng, "ER"), number(rng, "L")
    feed.numbers |= {stay, order}
    pid, doctor = hl7.unknown_patient(mrn, merged.person.sex), _doctor(merged.first)
    feed.add(
        "adt.hl7", hl7.header("ADT^A04", f"A{stay}", at), hl7.event("A04", at), pid,
        hl7.visit(stay, "E", doctor, at),
    )  # fmt: skip
    results = merged.results("ward")
    taken = at + timedelta(minutes=20)
    lines = [
        hl7.result(n, test, value, f"{taken:%Y%m%d%H%M%S}") for n, (test, value) in enumerate(results, 1)
    ]
    feed.add(
        "results.hl7", hl7.header("ORU^R01", f"R{order}", taken), pid, hl7.visit(stay, "E", doctor),
        hl7.request(order, _PANEL, taken, taken + timedelta(hours=1)), *lines,
    )  # fmt: skip
    for _ in range(2):
        feed.told.say("patient", mrn)
    feed.told.say("visit", stay)
    feed.say_doctor("adt.hl7", merged.first.clinician)
    for test, _ in results:
        feed.told.say("result", order, test.code)
    feed.happened.append(Happened(merged.person.key, SOURCE, "encounter", at, "Brought in unconscious"))


def _plant_dirt(feed: Feed, found: list[Guest]) -> None:
    """A result of a day that no calendar has, a message of the test system, an appointment, one message cut off."""
    guest = found[0]
    at, test, order = _taken(guest), test_of("2345-7"), f"{numbers_of(guest, feed.seed)[1]}9"
    feed.numbers.add(order)
    name, pid = "results.hl7", hl7.patient(guest.person, guest.registration.mrn)
    impossible = hl7.result(1, test, 96, "20230230081500")
    feed.add(
        name, hl7.header("ORU^R01", f"R{order}", at), _say_patient(feed, guest),
        hl7.request(order, _PANEL, at, at), impossible,
    )  # fmt: skip
    feed.told.note("result", "quarantined")
    feed.told.plant("impossible_date", "quarantined", name, person=guest.person.key)
    feed.add(name, hl7.header("ORU^R01", "TEST1", at, "T"), pid, hl7.request("L0", _PANEL, at, at))
    feed.told.note("?", "quarantined")
    feed.told.plant("test_message", "quarantined", name, person=guest.person.key)
    feed.add(
        "adt.hl7", hl7.header("SIU^S12", "S1", at), "SCH|1|||||CHECKUP^Check-up^L|||30|min", pid,
    )  # fmt: skip
    feed.told.say("SIU_S12", "S1", fate="unmapped")
    cut = hl7.message(hl7.header("ORU^R01", "CUT1", at), pid)[:-40]
    feed.files[name].append(cut)
    feed.told.note("?", "quarantined")
    feed.told.plant("truncated_message", "quarantined", name, person=guest.person.key)


def _second_night(feed: Feed, found: list[Guest], merged: Guest) -> None:
    """Who the unknown one is; a visit that never was; a result of somebody else's blood; one that was measured anew."""
    at = NIGHTS[1] - timedelta(hours=6)
    temporary, name = temporary_number(feed.seed), "adt.hl7"
    feed.add(
        name, hl7.header("ADT^A40", "MERGE1", at), hl7.event("A40", at), _say_patient(feed, merged),
        f"MRG|{temporary}^^^{hl7.ASSIGNER}^MR",
    )  # fmt: skip
    feed.told.plant("merge", "accepted", name, person=merged.person.key)
    by_key = {guest.person.key: guest for guest in found}
    guest = by_key[_CANCELLED]
    stay = numbers_of(guest, feed.seed)[0]
    feed.add(
        name, hl7.header("ADT^A11", f"C{stay}", at), hl7.event("A11", at), _say_patient(feed, guest),
        hl7.visit(stay, "O", _doctor(guest.first), _taken(guest)),
    )  # fmt: skip
    feed.told.note("visit", "removed")
    feed.say_doctor(name, guest.first.clinician)
    feed.told.plant(
        "cancelled_visit", "removed", name, person=guest.person.key, table="omop.visit_occurrence",
        before=_taken(guest).date().isoformat(),
    )  # fmt: skip
    _send_again(feed, by_key[_WITHDRAWN[0]], _WITHDRAWN[1], "W", at)
    _send_again(feed, by_key[_CORRECTED[0]], _CORRECTED[1], "C", at)


def _send_again(feed: Feed, guest: Guest, code: str, status: str, sent: datetime) -> None:
    """A result of the night before: withdrawn (W), or corrected to another value (C)."""
    taken, (stay, order, _) = _taken(guest), numbers_of(guest, feed.seed)
    test = test_of(code)
    line = hl7.result(1, test, test.high - 0.2, f"{taken:%Y%m%d%H%M%S}", status)
    feed.add(
        "results.hl7", hl7.header("ORU^R01", f"{status}{order}", sent), _say_patient(feed, guest),
        hl7.visit(stay, "O", _doctor(guest.first)), hl7.request(order, _PANEL, taken, sent), line,
    )  # fmt: skip
    if status == "C":
        feed.told.say("result", order, code)
        feed.told.plant("corrected_result", "accepted", "results.hl7", person=guest.person.key)
        return
    feed.told.note("result", "removed")
    feed.told.plant(
        "withdrawn_result",
        "removed",
        "results.hl7",
        person=guest.person.key,
        table="omop.measurement",
        code=code,
    )


def _add_tonight(feed: Feed, visits: list[Visit]) -> None:
    """Results of the visits of the day between the two nights."""
    for visit in visits:
        guest = Guest(visit.person, visit.registration, (visit,))
        rng = Random(f"{feed.seed}:interface:tonight:{visit.encounter_id}")
        order, taken = number(rng, "L"), visit.start + timedelta(minutes=15)
        feed.numbers.add(order)
        results = guest.results("ward")
        lines = [
            hl7.result(n, test, value, f"{taken:%Y%m%d%H%M%S}") for n, (test, value) in enumerate(results, 1)
        ]
        feed.add(
            "results.hl7", hl7.header("ORU^R01", f"R{order}", taken + timedelta(hours=2)),
            _say_patient(feed, guest), hl7.request(order, _PANEL, taken, taken + timedelta(hours=2)), *lines,
        )  # fmt: skip
        for test, _ in results:
            feed.told.say("result", order, test.code)


def _write(folder: Path, feed: Feed, made: datetime) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, messages in sorted(feed.files.items()):
        text = hl7.batch(messages, made) if name == "adt.hl7" else "".join(messages)
        (folder / name).write_bytes(text.encode())
    feed.told.ledger.count_file(feed.told.night, SOURCE, len(feed.files))
