"""A Bundle of one line, as long as a hospital's export: read with the memory of a short one, nothing of it lost."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

MEASURE = textwrap.dedent("""
    import sys
    from dataclasses import replace
    from pathlib import Path
    from connectors.fhir import FhirConnector
    from contracts.units import WHOLE
    from stores.places import LocalPlace
    from tests.accounts import accounted
    from tests.connectors.fhir_files import reading
    of = replace(reading(b""), place=LocalPlace(Path(sys.argv[1])))
    rows = {}
    for table, batch in accounted(FhirConnector().read(of, WHOLE)):
        rows[table] = rows.get(table, 0) + batch.num_rows
    peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]
    print(rows.get("fhir.observation", 0), sum(rows.values()), int(peak) >> 10)
""")
PEAK_MIB = 480
"""Of a process that reads 20 MB, libraries included: about 350 were seen."""
GROWN_MIB = 64
"""How much higher the peak of ten times as much may be."""

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is read from /proc")


def _write(path: Path, megabytes: int) -> int:
    """A searchset Bundle without a line break; how many Observations are in it."""
    number, size = 0, 0
    with path.open("w") as file:
        file.write('{"resourceType":"Bundle","type":"searchset","entry":[')
        while size < megabytes * 1_000_000:
            resource = {
                "resourceType": "Observation",
                "id": f"o{number}",
                "status": "final",
                "subject": {"reference": f"Patient/p{number % 97}"},
                "code": {
                    "coding": [{"system": "http://loinc.org", "code": "8867-4", "display": "Heart rate"}]
                },
                "effectiveDateTime": "2023-05-04T08:30:00Z",
                "valueQuantity": {"value": 60 + number % 40, "unit": "/min", "code": "/min"},
                "note": [{"text": "as told " * 100}],
            }
            size += file.write(("," if number else "") + json.dumps({"resource": resource}))
            number += 1
        file.write("]}")
    return number


def _measure(path: Path) -> tuple[int, int, int]:
    """Observations, all records, and the peak in MiB of a process that reads the file."""
    told = subprocess.run(
        [sys.executable, "-c", MEASURE, str(path)], capture_output=True, text=True, check=True, timeout=900
    )
    observations, records, peak = map(int, told.stdout.split())
    return observations, records, peak


def _read(folder: Path, megabytes: int) -> int:
    """The peak in MiB of reading a Bundle of this size, all of whose entries come out."""
    path = folder / f"{megabytes}.json"
    number = _write(path, megabytes)
    observations, records, peak = _measure(path)
    assert observations == records == number
    path.unlink()
    return peak


def test_a_bundle_of_20_mb_in_one_line(tmp_path: Path) -> None:
    assert _read(tmp_path, 20) < PEAK_MIB


@pytest.mark.soak
def test_a_bundle_of_200_mb_in_one_line(tmp_path: Path) -> None:
    assert _read(tmp_path, 200) < _read(tmp_path, 20) + GROWN_MIB
