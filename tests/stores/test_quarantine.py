from __future__ import annotations

import json
import os
import stat
import time
from pathlib import Path

import pyarrow as pa
import pytest

from contracts.errors import Fatal
from contracts.keys import Key
from contracts.schemas import REJECTED
from contracts.units import Unit
from stores.home import Home
from stores.quarantine import MOST_LISTED, Held, Quarantine

UNIT = Unit("ehr/00ff", "ehr", "fhir")


def rejected(*records: int, reason: str = "no-patient", payload: bytes = b"Anna Quiverton") -> pa.Table:
    rows = [{"_record": n, "reason": reason, "where": "Patient.id", "payload": payload} for n in records]
    return pa.Table.from_pylist(rows, schema=REJECTED)


@pytest.fixture
def quarantine(home: Home, key: Key) -> Quarantine:
    return Quarantine(home, key)


def files(home: Home) -> list[Path]:
    return sorted(path for path in home.quarantine.rglob("*") if path.is_file())


def test_records_are_listed_counted_and_revealed(quarantine: Quarantine) -> None:
    quarantine.put(UNIT, rejected(7, 3), "read")
    quarantine.put(Unit("pacs/aa", "pacs", "dicom"), rejected(0, reason="truncated"), "read")
    assert quarantine.list() == [
        Held("ehr", "00ff", 3, "no-patient", "Patient.id"),
        Held("ehr", "00ff", 7, "no-patient", "Patient.id"),
        Held("pacs", "aa", 0, "truncated", "Patient.id"),
    ]
    assert [held.token for held in quarantine.list("pacs")] == ["aa"]
    assert quarantine.totals() == {"ehr": {"no-patient": 2}, "pacs": {"truncated": 1}}
    shown = quarantine.reveal("00ff")
    assert shown.drop(["stage"]).schema == REJECTED
    assert (
        shown["payload"].to_pylist() == [b"Anna Quiverton"] * 2 and shown["stage"].to_pylist() == ["read"] * 2
    )


def test_putting_again_replaces_and_an_empty_table_clears(quarantine: Quarantine, home: Home) -> None:
    quarantine.put(UNIT, rejected(1, 2), "read")
    quarantine.put(UNIT, rejected(5, reason="impossible-date"), "gate")
    quarantine.put(UNIT, rejected(2), "read")
    assert [(h.record, h.reason) for h in quarantine.list()] == [(2, "no-patient"), (5, "impossible-date")]
    assert quarantine.reveal("00ff")["stage"].to_pylist() == ["gate", "read"]
    quarantine.put(UNIT, rejected(), "read")
    assert quarantine.totals() == {"ehr": {"impossible-date": 1}}
    quarantine.forget(UNIT)
    assert quarantine.list() == [] and files(home) == []
    with pytest.raises(Fatal, match="nothing is held"):
        quarantine.reveal("00ff")


def test_a_long_list_is_cut_but_counted(quarantine: Quarantine) -> None:
    quarantine.put(UNIT, rejected(*range(MOST_LISTED + 5)), "read")
    assert len(quarantine.list()) == MOST_LISTED
    assert quarantine.totals() == {"ehr": {"no-patient": MOST_LISTED + 5}}
    assert quarantine.reveal("00ff").num_rows == MOST_LISTED + 5


def test_nothing_of_a_patient_lies_in_the_clear(quarantine: Quarantine, home: Home) -> None:
    quarantine.put(UNIT, rejected(1, payload=b"Anna Quiverton " * 5), "read")
    assert len(files(home)) == 2
    for path in files(home):
        assert b"Quiverton" not in path.read_bytes()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    index = json.loads(next(path for path in files(home) if path.suffix == ".json").read_text())
    assert set(index) == {"source", "token", "stage", "counts", "records"}


def test_what_is_no_reason_code_or_another_schema_is_refused(quarantine: Quarantine, home: Home) -> None:
    with pytest.raises(Fatal, match="no code") as caught:
        quarantine.put(UNIT, rejected(1, reason="bad value 'Quiverton'"), "read")
    assert "Quiverton" not in str(caught.value)
    with pytest.raises(Fatal, match="another schema"):
        quarantine.put(UNIT, pa.table({"_record": [1]}), "read")
    with pytest.raises(Fatal, match="cannot name a file"):
        quarantine.put(Unit("../x/1", "../x", "fhir"), rejected(1), "read")
    assert files(home) == []


def test_tampering_is_noticed(quarantine: Quarantine, home: Home) -> None:
    quarantine.put(UNIT, rejected(1), "read")
    quarantine.put(Unit("ehr/01", "ehr", "fhir"), rejected(2), "read")
    one, other = (path for path in files(home) if path.suffix == ".sealed")
    one.write_bytes(other.read_bytes())
    with pytest.raises(Fatal, match="changed, cut"):
        quarantine.reveal("00ff")


def test_purge_removes_what_is_old(quarantine: Quarantine, home: Home) -> None:
    quarantine.put(UNIT, rejected(1), "read")
    for path in files(home):
        os.utime(path, (time.time() - 10 * 86_400,) * 2)
    quarantine.put(UNIT, rejected(2), "gate")
    assert quarantine.purge(30) == 0 and quarantine.purge(7) == 2
    assert [held.record for held in quarantine.list()] == [2]
