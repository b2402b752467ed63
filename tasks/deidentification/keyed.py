"""Surrogates for what identifies below the person: DICOM UIDs and the logical ids of resources."""

from __future__ import annotations

from contracts.keys import Key

STANDARD_UIDS = "1.2.840.10008."
"""The root under which DICOM registers what is no instance: SOP classes, transfer syntaxes, frames of
reference."""


def surrogate_uid(key: Key, uid: str) -> str:
    """`2.25.` and a keyed 128-bit number in decimal (PS3.5 B.2); UIDs of the standard stay."""
    uid = uid.strip().rstrip("\x00")
    if uid.startswith(STANDARD_UIDS):
        return uid
    return f"2.25.{int(key.digest('uid', uid), 16)}"


def surrogate_id(key: Key, kind: str, value: str) -> str:
    """The keyed id of a record (`kind` is its resource type), as `Action.ID` gives it, in decimal."""
    return str(key.id63(kind, value))
