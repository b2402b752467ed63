"""Small units go to the workers in bundles; none of them fails for another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from contracts.errors import Fatal
from contracts.privacy import Profile
from contracts.units import Source
from flows.stages import processing
from stores.home import create_home
from tasks.workroom import open_workroom
from tests.dicom_files import image, write
from tests.pacs.night import Ward


def test_what_fails_together_is_done_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "export").mkdir()
    home = create_home(tmp_path / "home", Profile.EXPERT, seed="bundles")
    ward = Ward(open_workroom(str(home.path)), Source("ward", "dicom", str(tmp_path / "export")))
    for number in range(3):
        write(tmp_path / "export" / f"{number}.dcm", image(SOPInstanceUID=f"1.2.3.{number}"))
    tried = 0

    def fail(_: Any) -> Any:
        nonlocal tried
        tried += 1
        raise Fatal("a fault of one", "unit")

    monkeypatch.setattr(processing, "process_units", fail)
    night = ward.night()
    assert tried == 1 and not night.failures and len(night.to_read) == 3
    assert len(ward.rows()) == 3
