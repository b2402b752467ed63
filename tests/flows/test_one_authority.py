"""Several sources of one authority: a record that two of them tell is one, and the newest statement of it stands."""

from __future__ import annotations

from typing import Any

import pytest

from tests.flows.exports import encounter, note, patient, write_records
from tests.flows.house import House

OWN = ["linkage.history", "records.ledger"]


def _patient(version: str, city: str = "Springfield") -> dict[str, Any]:
    told = patient(1)
    return {
        **told,
        "meta": {"lastUpdated": version},
        "address": [{"city": city, "state": "IL", "postalCode": "62701"}],
    }


def _visit(version: str, hour: str) -> dict[str, Any]:
    told = encounter("v", 1)
    period = {**told["period"], "end": f"{told['period']['start'][:10]}T{hour}:00:00+00:00"}
    return {**told, "meta": {"lastUpdated": version}, "period": period}


def _hours(house: House) -> list[int]:
    return sorted(moment.hour for moment in house.rows("omop.visit_occurrence")["visit_end_datetime"])


@pytest.mark.parametrize("newer", ["archive", "warehouse"])
def test_of_two_sources_the_newest_statement_stands_until_it_is_withdrawn(house: House, newer: str) -> None:
    older = "warehouse" if newer == "archive" else "archive"
    folders = {name: house.add(name, snapshot=True, authority="mercy") for name in ("archive", "warehouse")}
    old, new = "2024-03-01T10:00:00Z", "2024-03-02T10:00:00Z"
    text = note("n", 1, "v", "Seen for a cough.")
    write_records(folders[older] / "a.ndjson", [_patient(old), _visit(old, "21"), text])
    write_records(folders[newer] / "b.ndjson", [_patient(new), _visit(new, "23"), text])
    first = house.night()
    assert first.summary["release"], "two sources of one authority are no fault"
    assert _hours(house) == [23]
    for table in ("records.patient", "omop.visit_occurrence", "omop.note"):
        assert house.rows(table).height == 1, table
    fates = {name: first.fates(name) for name in folders}
    # sources are published one after another: what the first told stands until the second told it newer
    assert fates["archive"] == {"accepted": 3}
    assert fates["warehouse"] == ({"merged": 3} if newer == "archive" else {"accepted": 2, "merged": 1})

    again = house.night()
    assert not again.summary["changed"], "each source alone restates nothing"

    (folders[newer] / "b.ndjson").unlink()
    write_records(folders[newer] / "c.ndjson", [_patient(new)])
    house.night()
    house.night()  # the file that tells it now is read again
    assert _hours(house) == [21]
    assert house.rows("omop.note").height == 1


def test_a_file_in_two_sources_is_there_once(house: House) -> None:
    from tests.flows.exports import write_image

    for name in ("pacs", "archive"):
        write_image(house.add(name, "dicom", authority="mercy") / f"{name}.dcm", "P-100001", 1)
    night = house.night()
    assert night.summary["release"] and house.rows("imaging.instance").height == 1
    assert sorted((night.fates("pacs"), night.fates("archive")), key=str) == [{"accepted": 1}, {"merged": 1}]
