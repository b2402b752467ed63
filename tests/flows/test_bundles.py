"""Small units go to the workers in bundles; none of them fails for another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from contracts.errors import Fatal
from flows.stages import processing
from flows.stages.processing import Bundle, process_bundle
from tests.dicom_files import image, write
from tests.tasks.rooms import make_room


def test_what_fails_together_is_done_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    room = make_room(tmp_path, "dicom")
    for number in range(3):
        write(room.folder / f"{number}.dcm", image(SOPInstanceUID=f"1.2.3.{number}"))
    bundle = Bundle(tuple(room.job(surveyed.unit) for surveyed in room.survey()))

    def fail(_: Any) -> Any:
        raise Fatal("a fault of one", "unit")

    monkeypatch.setattr(processing, "process_units", fail)
    outcomes = process_bundle(bundle)
    assert [done.account["fates"]["accepted"] for done, _ in outcomes if done] == [1, 1, 1]
    monkeypatch.undo()
    again = process_bundle(bundle)
    assert [(done.reused if done else None, failure) for done, failure in again] == [(True, None)] * 3
