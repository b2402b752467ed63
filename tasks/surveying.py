"""Survey a unit: digest its bytes and learn who is in it. Cheap, and before anything is read in full."""

from __future__ import annotations

from dataclasses import dataclass, replace

from contracts.errors import Rejected
from contracts.keys import Key
from contracts.protocols import Place
from contracts.units import Unit
from tasks.workroom import Job, open_workroom

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Surveyed:
    """The unit with its digest, and the reason code when its identities could not be read."""

    unit: Unit
    reason: str = ""


def digest_content(place: Place, key: Key) -> str:
    """Keyed digest of a unit's bytes, read in chunks of 1 MiB."""
    hasher = key.hasher("content")
    with place.open() as file:
        while chunk := file.read(_CHUNK):
            hasher.update(chunk)
    return hasher.hexdigest()


def survey_unit(job: Job) -> Surveyed:
    """Acquire the unit if it is remote, digest it and put its identities into the vault.

    A unit whose identities cannot be read is surveyed without any: reading it will quarantine it, with the reason.
    """
    room = open_workroom(job.home)
    room.acquire(job.unit, job.listed)
    reading = room.reading(job.unit)
    try:
        digest, size = digest_content(reading.place, room.key), reading.place.size
    except Rejected as rejected:  # a damaged archive shows while it is read
        digest = room.key.digest("unreadable", rejected.reason, repr(job.listed))
        room.vault.remember_identities(job.unit, [])
        return Surveyed(replace(job.unit, digest=digest), rejected.reason)
    unit = replace(job.unit, digest=digest, size=size)
    try:
        identities = list(room.connector(unit.kind).identities(replace(reading, unit=unit)))
    except Rejected as rejected:
        room.vault.remember_identities(unit, [])
        return Surveyed(unit, rejected.reason)
    room.vault.remember_identities(unit, identities)
    return Surveyed(unit)
