"""The leak test over a home of records of every kind, and its readers against what the exports' makers planted."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests import hl7v2_messages
from tests.conformance import ccda_sample, csv_samples, omop_sample
from tests.flows.harness import prefect_server
from tests.flows.house import House, make_house
from tests.leaks.cli import main
from tests.leaks.identifiers import collect
from tests.leaks.scanner import scan

MAKERS: dict[str, Callable[[Path, int], Sequence[str]]] = {
    "synthea": csv_samples.synthea_export,
    "omop": omop_sample.omop_export,
    "hl7v2": hl7v2_messages.conformance_export,
    "ccda": ccda_sample.ccda_export,
    "csv": csv_samples.csv_export,
}
_NOT_IDENTIFIERS = {"Wexcombe", "Quillhaven", "Wobblethorpe", "Netherpuddle", "02139", "2023-05-04"}
"""Cities, a ZIP and a visit's date, which the makers plant too: the leak test looks for what names one person."""
_WITHIN = {"SER9920", "ENC-77120391"}
"""A part of a device's identifier, which stands with the rest, and a visit's label."""


@pytest.fixture(scope="module")
def home(own_environment: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> House:
    """One home of five sources, after a night over them."""
    house = make_house(tmp_path_factory.mktemp("records"))
    for kind, make in MAKERS.items():
        make(house.add(kind, kind), 1)
    with prefect_server() as server:
        night = house.night(
            environment={"NIGHTROUNDS_ENCODERS__TEXT": "none", "NIGHTROUNDS_MEDS__ENABLED": "true"}
        )
        server.copy_database(house.home.path / "prefect.db")
    assert night.summary["release"] is not None, night.summary
    for kind in MAKERS:
        assert night.fates(kind).get("accepted", 0) > 0, kind
    return house


def _options(house: House) -> list[str]:
    return [part for kind in MAKERS for part in (f"--{kind}", str(house.exports / kind))]


def test_no_identifier_of_any_record_is_in_the_home(home: House, capsys: pytest.CaptureFixture[str]) -> None:
    options = [part for kind in MAKERS for part in (f"--{kind}", str(home.exports / kind))]
    assert main(["--home", str(home.home.path), *options, "--strict"]) == 0
    told = capsys.readouterr().out
    assert "0 leaks, 0 not certain" in told and "could not be read" not in told
    assert {"lake", "meds", "reports", "catalog.db", "prefect.db"} <= set(told.split())


@pytest.mark.parametrize("kind", sorted(MAKERS))
def test_a_canary_of_each_kind_is_found(kind: str, tmp_path: Path) -> None:
    """What a source's maker planted, written where a round writes: each value of it is found."""
    export = tmp_path / "export"
    export.mkdir()
    planted = MAKERS[kind](export, 1)
    raw = "".join(path.read_text(errors="replace") for path in export.iterdir())
    values = sorted({v for v in planted if v in raw} - _NOT_IDENTIFIERS - _WITHIN)
    assert len(values) > 5
    for number, value in enumerate(values):
        place = tmp_path / "home" / "reports" / f"{number}.json"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(json.dumps({"birth": value}))
    hits = {finding.file for finding in scan(tmp_path / "home", collect({kind: [export]})) if finding.certain}
    assert [value for number, value in enumerate(values) if f"reports/{number}.json" not in hits] == []
    assert main(["--home", str(tmp_path / "home"), f"--{kind}", str(export)]) == 1


def test_records_of_nobody_stop_nothing(tmp_path: Path) -> None:
    """A subject without a reference, and one that is no object."""
    export = tmp_path / "export"
    export.mkdir()
    rows: list[dict[str, Any]] = [
        {"resourceType": "Condition", "id": f"c{n}", "subject": s}
        for n, s in enumerate(({"display": "x"}, "y", None))
    ]
    rows.append({"resourceType": "Patient", "id": "p", "name": [{"family": "Quillfeather"}]})
    (export / "a.ndjson").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "home" / "lake" / "omop" / "person").mkdir(parents=True)
    import pyarrow as pa
    from deltalake import write_deltalake

    person = pa.table(
        {"person_id": pa.array([1], pa.int64()), "gender_concept_id": pa.array([0], pa.int64())}
    )
    write_deltalake(str(tmp_path / "home" / "lake" / "omop" / "person"), person)
    assert main(["--home", str(tmp_path / "home"), "--fhir", str(export)]) == 0


def test_another_persons_date_is_no_certain_leak(tmp_path: Path) -> None:
    """In rows of nobody known a birth date is chance, unless it is said to be one."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    found = collect({})
    found.add("birth_date", "1927-05-21", "fhir/a")
    found.settle()
    (tmp_path / "lake").mkdir()
    for number, text in enumerate(("seen 1927-05-21", "DOB: 1927-05-21")):
        table = pa.table({"person_id": pa.array([9], pa.int64()), "note_text": [text]})
        pq.write_table(
            table, tmp_path / "lake" / f"{number}.parquet", write_statistics=False, compression="zstd"
        )
    certain = {f.file: f.certain for f in scan(tmp_path, found, persons={1: "fhir/a"})}
    assert certain == {"lake/0.parquet": False, "lake/1.parquet": True}
