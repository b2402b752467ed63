"""Write the golden outputs anew."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from contracts.privacy import Profile
from tests.golden.render import CASES, WRITERS, render_case

with tempfile.TemporaryDirectory() as folder:
    os.environ["NIGHTROUNDS_KEY_DIR"] = f"{folder}/keys"
    for name in WRITERS:
        for profile in Profile:
            text = render_case(name, profile, Path(folder) / name / profile.value)
            (CASES / name / f"{profile.value}.txt").write_text(text)
