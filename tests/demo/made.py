"""The demo as a user runs it: made once for all tests that look at it."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from tests.conftest import ROOT


@dataclass(frozen=True)
class Made:
    """A finished demo: its folder, exit code and what it printed."""

    out: Path
    code: int
    printed: str = field(repr=False)

    @property
    def page(self) -> str:
        return (self.out / "demo.html").read_text(encoding="utf-8")

    @property
    def truth(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.out / "exports" / "truth.json").read_text(encoding="utf-8"))
        return found


def run_demo(*options: str) -> subprocess.CompletedProcess[str]:
    """`nightrounds demo` in a process of its own, without a cluster; its key lies in the demo's own folder."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "DASK_", "NIGHTROUNDS_"))}
    environment = kept | {k: v for k, v in os.environ.items() if k == "NIGHTROUNDS_CACHE"}
    environment |= {"NIGHTROUNDS_DASK__MODE": "sync", "TZ": "Pacific/Auckland"}
    command = [sys.executable, "-m", "nightrounds", "demo", *options]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=580
    )


@cache
def make_demo() -> Made:
    """Three nights: the late link comes in the second and is withdrawn in the third."""
    out = Path(tempfile.mkdtemp(prefix="nightrounds-demo-"))
    atexit.register(shutil.rmtree, out, ignore_errors=True)
    done = run_demo("--out", str(out), "--unlink")
    assert (out / "demo.html").is_file(), done.stdout[-2000:] + done.stderr[-4000:]
    return Made(out, done.returncode, done.stdout)
