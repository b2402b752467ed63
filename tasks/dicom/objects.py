"""One DICOM file becomes an object: de-identified, its burned-in text hidden, verified; or it is held, with a reason.

What is not known to be clean is never written: pixels are looked at first, and the file is written with what is hidden
already hidden.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from contracts.archives import MemberPlace
from contracts.errors import Rejected
from contracts.privacy import Profile
from contracts.units import Unit
from stores.objects import Draft, Objects, object_key, preview_key
from stores.places import LocalPlace
from tasks.deidentification.policy import TextPolicy
from tasks.dicom.burned_in.looking import Looked, look_at
from tasks.dicom.burned_in.risk import facts_of, judge_risk
from tasks.dicom.deidentify import Cleaned, FileCleaner, Told
from tasks.dicom.frames import Pixels, decode_frame, find_pixels, holds_unused_bits, undecodable
from tasks.dicom.pixels import PixelDigest, render
from tasks.dicom.policy import ImagePolicy
from tasks.dicom.preview import preview_png
from tasks.dicom.redraw import redraw
from tasks.workroom import Workroom, load_image_policy, load_text_policy, open_workroom

if TYPE_CHECKING:
    from contracts.identity import Person
    from contracts.protocols import Place, Reading

WRITTEN, HELD = "written", "held"
_ATTEMPTS = 3
"""How often a file is written: what reading it again finds is hidden, too."""
NO_FACE, FACE = "no", "possible"


@dataclass(frozen=True)
class ObjectTask:
    """Make one instance's object. Holds ids and verdicts, nothing of a patient.

    Attributes:
        instance_id, study_id, series_id: keyed ids.
        unit: the file.
        made_from: digest of all that makes the object what it is.
        face: whether a face can be rebuilt from its series.
        closely: its frames are looked at even where the rules would spare them.
        sampled: it is looked at where the rules sample.
    """

    instance_id: int
    study_id: int
    series_id: int
    unit: Unit
    made_from: str
    face: bool = False
    closely: bool = False
    sampled: bool = False


@dataclass(frozen=True)
class ObjectJob:
    """One task in one home on one day."""

    home: str
    today: str
    task: ObjectTask


@dataclass
class _Making:
    """One object on its way."""

    room: Workroom
    policy: ImagePolicy
    task: ObjectTask
    reading: Reading = field(repr=False)
    person: Person | None = field(repr=False)
    row: dict[str, Any]


def make_object(job: ObjectJob) -> dict[str, Any]:
    """Make or hold one object; returns its row of `imaging.object`.

    Raises:
        Retriable: the file is out of reach. Fatal: the home is not as it should be.
    """
    room = open_workroom(job.home)
    task = job.task
    reading = room.reading(task.unit)
    person = person_of(room, reading)
    row = blank_row(task) | {"person_id": person.person_id if person else None}
    making = _Making(room, load_image_policy(room.vault), task, reading, person, row)
    try:
        texts = load_text_policy(room.vault).to_bytes()
        with _at_hand(making):
            _make(making, _cleaner(job.home, job.today, making.policy.to_bytes(), texts))
    except Rejected as rejected:
        row.update(status=HELD, reason=rejected.reason)
    return row


@contextmanager
def _at_hand(making: _Making) -> Iterator[None]:
    """A packed member of an archive is unpacked once: frames and passes would each cost all that lies before them."""
    place = making.reading.place
    if not isinstance(place, MemberPlace) or not place.packed:
        yield
        return
    with place.local() as path:
        making.reading = replace(making.reading, place=LocalPlace(path, making.reading.source.name))
        yield


def blank_row(task: ObjectTask) -> dict[str, Any]:
    """The row of an instance of which nothing is known yet but what was asked."""
    return {
        "instance_id": task.instance_id,
        "person_id": None,
        "study_id": task.study_id,
        "series_id": task.series_id,
        "status": HELD,
        "reason": None,
        "object_key": None,
        "has_preview": False,
        "face": FACE if task.face else NO_FACE,
        "made_from": task.made_from,
    }


def person_of(room: Workroom, reading: Reading) -> Person | None:
    """Whose image it is, as the vault knows; None where the header names nobody."""
    people = room.vault.people(reading.unit)
    identities = room.connector(reading.unit.kind).identities(reading) if people else ()
    return next((people[i.subject] for i in identities if i.subject in people), None)


@lru_cache(maxsize=2)
def _cleaner(home: str, today: str, policy: bytes, texts: bytes) -> FileCleaner:
    room = open_workroom(home)
    profile = Profile(room.home.profile)
    options = ImagePolicy.from_bytes(policy).ps315(profile)
    return FileCleaner(room.key, profile, date.fromisoformat(today), options, TextPolicy.from_bytes(texts))


def _make(making: _Making, cleaner: FileCleaner) -> None:
    place = making.reading.place
    cleaned = cleaner.clean(place, making.person)
    making.row["flags"] = sorted(cleaned.flags) or None
    if "encapsulated-document" in cleaned.flags:
        raise Rejected("encapsulated-document", "tag 00420011", "a document's text is not cleaned")
    pixels = _pixels_of(place)
    if pixels is None:
        _write(making, cleaned, None, None)
        return
    with undecodable():
        looked = _look(making, place, pixels)
    if making.task.face and making.policy.faces == "hold":
        raise Rejected("face", "series", 'the setting faces = "release"')
    if looked.reason:
        raise Rejected(looked.reason)
    if "overlay" in cleaned.flags:
        if cleaner.options.clean_graphics:
            raise Rejected("overlay-not-read", "group 6000", "overlays that the options remove")
        looked.masked = holds_unused_bits(pixels)
    told = looked.told()
    if told != Told():
        cleaned = cleaner.clean(place, making.person, told)
    _write(making, cleaned, pixels, looked)


def _pixels_of(place: Place) -> Pixels | None:
    """Where the pixels are; None for an instance without any."""
    try:
        return find_pixels(place)
    except Rejected as rejected:
        if rejected.reason == "no-pixels":
            return None
        raise


def _look(making: _Making, place: Place, pixels: Pixels) -> Looked:
    """Decode every frame once: digest it, and look for text where it may be."""
    facts = facts_of(place, pixels)
    risk = judge_risk(facts, making.policy.burned_in, making.task.closely)
    digest = PixelDigest(making.room.key)
    looked = look_at(pixels, risk, making.policy, making.person, digest.add, making.task.sampled)
    if risk.hold:
        looked.reason = risk.rule
    making.row.update(pixel_digest=digest.hexdigest(), shown_digest=digest.hexdigest(), **looked.counts())
    return looked


def _write(making: _Making, cleaned: Cleaned, pixels: Pixels | None, looked: Looked | None) -> None:
    """Write the file, read it again, and keep it if it shows what it should; text that was left is hidden, too."""
    task, row = making.task, making.row
    objects = Objects(making.room.home.objects)
    key = object_key(task.study_id, cleaned.sop_instance_uid, task.instance_id)
    for _ in range(_ATTEMPTS):
        with objects.draft(key) as draft:
            row["transfer_syntax_uid"] = _fill(draft, cleaned, pixels, looked)
            row["size_bytes"] = draft.file.tell()
            if pixels is not None and looked is not None:
                if _text_left(making, pixels, looked, draft):
                    continue
                objects.write(preview_key(key), _preview(draft))
            draft.keep()
            row.update(status=WRITTEN, object_key=key, has_preview=pixels is not None)
            return
    raise Rejected("text-left", "tag 7FE00010", "frames in which nothing can be read")


def _fill(draft: Draft, cleaned: Cleaned, pixels: Pixels | None, looked: Looked | None) -> str:
    """Write the file into its draft; returns its transfer syntax."""
    if pixels is not None and looked is not None and looked.changed:
        with undecodable():
            return redraw(cleaned, pixels, looked.shown(pixels), draft.file)
    cleaned.write(draft.file)
    return cleaned.transfer_syntax_uid


def _text_left(making: _Making, pixels: Pixels, looked: Looked, draft: Draft) -> bool:
    """Read the file again: its frames must be those of the source, but for what was hidden; whether text is left.

    Raises:
        Rejected: `pixels-lost`.
    """
    with undecodable():
        written = find_pixels(draft.place())
        if (written.frames, written.samples) != (pixels.frames, pixels.samples):
            raise Rejected("pixels-lost", "tag 7FE00010", "as many pixels as were read")
        if not looked.changed:
            if written.element.end - written.element.value != pixels.element.end - pixels.element.value:
                raise Rejected("pixels-lost", "tag 7FE00010", "as many bytes as were read")
            return False
        expected, found = PixelDigest(making.room.key), PixelDigest(making.room.key)
        shown = looked.shown(pixels)
        for index in range(pixels.frames):
            expected.add(shown(index)[0])
            found.add(decode_frame(written, index)[0])
        if expected.hexdigest() != found.hexdigest():
            raise Rejected("pixels-lost", "tag 7FE00010", "the pixels that were written")
        making.row["shown_digest"] = found.hexdigest()
        left = looked.reads_again(written)
    making.row.update(looked.counts())
    return left


def _preview(draft: Draft) -> bytes:
    with undecodable():
        pixels = find_pixels(draft.place())
        stored, photometric = decode_frame(pixels, pixels.frames // 2)
        stored = stored.astype(stored.dtype.newbyteorder("="), copy=False)
        return preview_png(render(stored, photometric, pixels.header))
