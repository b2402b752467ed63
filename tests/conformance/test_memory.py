"""Memory is bounded by what is being read, not by the file: measured in processes of their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conformance.conftest import KINDS
from tests.conformance.reading import make_sample
from tests.conftest import ROOT

TIMES = 20
ALLOWED = 1.3
BASE_BYTES = {"fhir": 9 << 20, "dicom": 100 << 10, "omop": 24 << 20}
"""A base that fills a part or a batch, or a longer input would only look as if it took more (OMOP's other
tables are most of the bytes of its smallest sample, and reading in blocks levels out after some 60,000 rows)."""
_DEFAULT_BASE = 1 << 20

_READ = """
import sys
from pathlib import Path
from tests.conformance.reading import Sample
one = Sample(sys.argv[1], Path(sys.argv[2]), ())
records = 0
for reading in one.readings():
    for identity in one.connector.identities(reading):
        pass
    for part in one.connector.parts(reading):
        for table, batch in one.connector.read(reading, part):
            records += batch.num_rows if table != "counted" else 0
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(records, int(peak.split()[1]))
"""


@pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="needs Linux to tell a process's peak memory"
)
@pytest.mark.parametrize("kind", KINDS)
def test_memory_does_not_grow_with_the_input(kind: str, tmp_path: Path) -> None:
    once = _bytes(tmp_path / "once", kind, 1)
    base = max(1, BASE_BYTES.get(kind, _DEFAULT_BASE) // once)
    records, peak = _measure(tmp_path / "base", kind, base)
    more, peak_of_more = _measure(tmp_path / "more", kind, base * TIMES)
    assert more >= records * (TIMES - 1)
    assert peak_of_more <= peak * ALLOWED, f"{peak} KiB for {records} records, {peak_of_more} KiB for {more}"


def _bytes(folder: Path, kind: str, times: int) -> int:
    make_sample(kind, folder, times)
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _measure(folder: Path, kind: str, times: int) -> tuple[int, int]:
    """Records read, and the reading process's peak memory in KiB."""
    make_sample(kind, folder, times)
    command = [sys.executable, "-c", _READ, kind, str(folder)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert ran.returncode == 0, ran.stderr[-2000:]
    records, peak = ran.stdout.split()
    for path in sorted(folder.rglob("*"), reverse=True):
        path.unlink()
    return int(records), int(peak)
