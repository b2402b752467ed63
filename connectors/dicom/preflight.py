"""Preflight: what of a file would stop or surprise a night, told before one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from connectors.dicom.dataset import is_metadata, judging_errors, load_elements, survey_elements
from connectors.dicom.identities import PATIENT_ID
from connectors.dicom.instance import DIRECTORY_RECORDS, UIDS, require_pixels
from connectors.dicom.recognise import DIRECTORY_CLASS, Opening, recognise
from connectors.dicom.values import code_of, text_of, uid_of
from contracts.archives import is_archive, member_places
from contracts.errors import Rejected
from contracts.protocols import Finding

if TYPE_CHECKING:
    from connectors.dicom.dataset import Survey
    from contracts.protocols import Place

_UID = re.compile(r"(0|[1-9]\d*)(\.(0|[1-9]\d*))+")
_LOOKED_AT = 50
_MESSAGES = {
    "truncated-file": "the file ends before what its header declares",
    "no-uids": "the image has no SOP Instance UID: it is quarantined",
    "nested-too-deep": "sequences nest deeper than any image needs",
    "unreadable": "the data set cannot be parsed",
    "too-many-elements": "the data set holds more elements than any image needs",
    "too-large": "the deflated data set is too large",
}


def is_export(place: Place) -> bool:
    """Whether one of the first files of an archive is an image."""
    try:
        members = member_places(place, lenient=True) if is_archive(place.name) else ()
        return any(_is_image(member) for member, _ in zip(members, range(_LOOKED_AT), strict=False))
    except Rejected:
        return False


def _is_image(place: Place) -> bool:
    try:
        return place.size > 0 and recognise(place) is not None
    except Rejected:
        return False


def check_place(place: Place) -> Iterator[Finding]:
    """Findings about a file; of an archive those about its members, each told once with how many it is of."""
    if not is_archive(place.name):
        yield from check_file(place)
        return
    counts: Counter[tuple[str, str, str]] = Counter()
    members = 0
    try:
        for member in member_places(place, lenient=True):
            members += 1
            counts.update((f.severity, f.rule, f.message) for f in check_file(member))
    except Rejected as rejected:
        yield Finding("error", rejected.reason, rejected.legal, rejected.place)
        return
    yield Finding("info", "count", f"{members:,} files", count=members)
    for (severity, rule, message), count in sorted(counts.items()):
        yield Finding(severity, rule, f"{message} ({count:,} files)", count=count)


def check_file(place: Place) -> Iterator[Finding]:
    """Findings about one file, errors first: what would be ignored, quarantined, or indexed with a gap."""
    try:
        with judging_errors():
            empty = place.size == 0
            findings = [] if empty else list(_check(place))
    except Rejected as rejected:
        message = _MESSAGES.get(rejected.reason, "the file is quarantined")
        yield Finding("error", rejected.reason, message, rejected.place)
        return
    if empty:
        yield Finding("info", "empty-file", "the file is empty: it is ignored")
    yield from findings


def _check(place: Place) -> Iterator[Finding]:
    opening = recognise(place)
    if opening is None:
        yield Finding("info", "not-dicom", "this is no DICOM file: it is ignored")
        return
    survey = survey_elements(place, opening)
    records = any(element.tag == DIRECTORY_RECORDS for element in survey.elements)
    if opening.media_class == DIRECTORY_CLASS or records:
        yield Finding(
            "info", "directory", "a directory of a medium: it is ignored, its images are found without it"
        )
        return
    yield from _check_values(place, opening, survey)
    yield from _check_form(opening, survey)


def _check_values(place: Place, opening: Opening, survey: Survey) -> Iterator[Finding]:
    dataset = load_elements(place, opening, survey.elements, is_metadata)
    pixels = (survey.pixels.tag, survey.pixels.length) if survey.pixels else None
    require_pixels(dataset, pixels, opening.transfer_syntax)
    for name, tag in UIDS.items():
        uid = uid_of(dataset, tag)
        if uid is None and name == "sop_instance_uid":
            yield Finding("error", "no-uids", _MESSAGES["no-uids"], f"tag {tag:08X}")
        elif uid is None:
            message = "the image will be alone in its series or study"
            yield Finding("warning", "missing-uid", message, f"tag {tag:08X}")
        elif len(uid) > 64 or not _UID.fullmatch(uid):
            message = "a UID is malformed (PS3.5 9.1): it is taken as it is"
            yield Finding("warning", "invalid-uid", message, f"tag {tag:08X}")
    if text_of(dataset, PATIENT_ID) is None:
        yield Finding(
            "warning", "no-patient-id", "no PatientID: the image will belong to nobody", "tag 00100020"
        )
    if code_of(dataset, 0x00280301) == "YES":
        yield Finding("warning", "burned-in-annotation", "the pixels are said to show text", "tag 00280301")


def _check_form(opening: Opening, survey: Survey) -> Iterator[Finding]:
    if not opening.preamble:
        yield Finding("warning", "no-preamble", "no preamble (PS3.10 7.1): read all the same", "byte 0")
    if not opening.transfer_syntax:
        yield Finding(
            "warning", "no-transfer-syntax", "no transfer syntax is stated: guessed", "tag 00020010"
        )
    if survey.trailing:
        yield Finding("info", "trailing-bytes", "bytes behind the data set are left out")
    if survey.pixels is None:
        yield Finding("info", "no-pixels", "no pixel data: indexed, not embedded", "tag 7FE00010")
