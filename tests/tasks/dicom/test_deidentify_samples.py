"""Real files de-identified: pixels to the byte, the index's header to the element, nothing newly invalid."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from connectors.dicom.dataset import is_metadata, load_elements, survey_elements
from connectors.dicom.model import dump_header
from connectors.dicom.recognise import recognise
from contracts.errors import Rejected
from contracts.identity import Person
from contracts.privacy import Profile
from contracts.protocols import Place
from stores.places import LocalPlace
from tasks.deidentification.header import HeaderCleaner
from tasks.deidentification.text import Scrubber
from tasks.dicom.deidentify import FileCleaner, Options
from tasks.dicom.pixels import pixel_digest
from tests.tasks.deidentification.people import KEY, MARIA, TODAY

_BYTES = {"OB", "OD", "OF", "OL", "OV", "OW", "UN"}
_FEW = """
    bad_sequence emri_small emri_small_big_endian explicit_VR-UN JPEG-LL liver_deflate MR-SIEMENS-DICOM-WithOverlays
    OBXXXX1A_rle_2frame OT-PAL-8-face parametric_map_float
""".split()


@pytest.fixture(scope="module")
def places(shared_dicom: Path) -> list[LocalPlace]:
    return [LocalPlace(path, "pacs") for path in sorted(shared_dicom.glob("*.dcm"))]


@pytest.fixture(scope="module")
def shared_dicom(shared: Path) -> Path:
    return shared / "data/dicom/pydicom-data"


def _header(place: Place) -> dict[str, Any]:
    opening = recognise(place)
    assert opening is not None
    survey = survey_elements(place, opening)
    dataset = load_elements(place, opening, survey.elements, is_metadata)
    parsed: dict[str, Any] = json.loads(dump_header(dataset))
    return parsed


def _without_bytes(header: dict[str, Any]) -> dict[str, Any]:
    """The header without values that no index holds, and with one spelling of an empty element."""
    found = {}
    for tag, element in header.items():
        if element["vr"] in _BYTES:
            continue
        values = [
            _without_bytes(v) if isinstance(v, dict) and element["vr"] == "SQ" else v
            for v in element.get("Value") or []
        ]
        found[tag] = (element["vr"], values)
    return found


class _Bytes:
    name = ""

    def __init__(self, data: bytes) -> None:
        self._data, self.size = data, len(data)

    def open(self) -> io.BytesIO:
        return io.BytesIO(self._data)


@pytest.mark.parametrize(
    ("profile", "options", "person"),
    [
        (Profile.EXPERT, None, MARIA),
        (Profile.SAFE_HARBOR, None, None),
        (Profile.EXPERT, Options(retain_uids=True, retain_full_dates=True, clean_descriptors=True), MARIA),
    ],
)
def test_the_index_and_the_file_get_the_same_verdict_element_by_element(
    places: list[LocalPlace], profile: Profile, options: Options | None, person: Person | None
) -> None:
    files = FileCleaner(KEY, profile, TODAY, options)
    headers = HeaderCleaner(KEY, profile, TODAY, Scrubber(profile, TODAY), options)
    refused: list[str] = []
    for place in places:
        try:
            cleaned = _Bytes(files.clean(place, person).to_bytes())
        except Rejected as rejected:
            refused.append(rejected.reason)
            continue
        of_file = _without_bytes(_header(cleaned))  # type: ignore[arg-type]
        assert of_file == _without_bytes(headers.clean(_header(place), person)), place.name
    assert sorted(refused) == ["no-uids"] * 4 + ["truncated-file"] and len(places) == 69


@pytest.mark.parametrize("name", _FEW)
def test_pixels_stay_and_nothing_becomes_invalid(shared_dicom: Path, tmp_path: Path, name: str) -> None:
    source, made = shared_dicom / f"{name}.dcm", tmp_path / "made.dcm"
    with made.open("wb") as file:
        FileCleaner(KEY, Profile.EXPERT, TODAY).clean(LocalPlace(source, "pacs"), MARIA).write(file)
    assert _pixels(made) == _pixels(source)
    if shutil.which("dciodvfy"):
        assert _violations(made) - _violations(source) == set()


def _pixels(path: Path) -> str:
    try:
        return pixel_digest(LocalPlace(path, "pacs"))
    except Rejected as rejected:
        return str(rejected)


def _violations(path: Path) -> set[str]:
    """Errors that dciodvfy tells, without values and item numbers."""
    done = subprocess.run(
        ["dciodvfy", "-new", str(path)], capture_output=True, check=False, timeout=60, encoding="latin-1"
    )
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("Error")]
    return {re.sub(r" = <.*", "", re.sub(r"\[\d+\]", "", line)) for line in lines}
