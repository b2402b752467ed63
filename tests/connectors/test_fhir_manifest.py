"""The manifest beside a Bulk Data export: what it dates, and what the preflight says of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from connectors.fhir import FhirConnector
from connectors.fhir.manifest import is_manifest, read_manifest
from contracts.protocols import Reading
from contracts.units import WHOLE, Source, Unit
from stores.places import LocalPlace
from tests.accounts import accounted
from tests.connectors.fhir_files import KEY, PATIENT, lines, read

OUTCOME = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "diagnostics": "Roe"}]}


def manifest(*output: str, at: str = "2024-03-01T10:00:00Z", more: Any = None) -> dict[str, Any]:
    listed = [{"type": name.partition(".")[0], "url": f"https://h.org/files/{name}?t=1"} for name in output]
    return {
        "transactionTime": at, "request": "https://h.org/$export", "requiresAccessToken": True, "output": listed,
        "error": [], **(more or {}),
    }  # fmt: skip


def written(folder: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def versions(folder: Path) -> dict[str, str]:
    """The version of each file's records, by path."""
    fhir, found = FhirConnector(), {}
    source = Source("s", "fhir", str(folder), "hospital-a")
    for listed in fhir.discover(source, "").listed:
        of = Reading(Unit("s/t", "s", "fhir"), source, LocalPlace(folder / listed.path), KEY, listed.path)
        for table, batch in accounted(fhir.read(of, WHOLE)):
            if table not in {"ignored", "rejected"}:
                found[listed.path] = batch["_version"][0].as_py()
    return found


@pytest.mark.parametrize("indent", [None, 2])
def test_a_manifest_is_counted_and_nothing_else(indent: int | None) -> None:
    data = json.dumps(manifest("Patient.000.ndjson"), indent=indent).encode()
    assert is_manifest(data)
    assert [row["type"] for row in read(data).pop("ignored")] == ["bulk-manifest"]
    assert not is_manifest(json.dumps(PATIENT).encode())
    assert not is_manifest(b'{"eventDetail": {"transactionTime": "2024-08-06T18:12:57Z"}}')


def test_what_a_manifest_lists() -> None:
    more = {
        "deleted": [{"type": "Bundle", "url": "https://h.org/del%20eted.ndjson", "count": 3}, {"url": 5}, 7]
    }
    found = read_manifest(json.dumps(manifest("Patient.000.ndjson", more=more)).encode())
    assert found is not None
    assert (found.exported, found.needs_token) == ("2024-03-01T10:00:00.000000", True)
    assert [(one.kind, one.record_type, one.name, one.count) for one in found.files] == [
        ("output", "Patient", "Patient.000.ndjson", None),
        ("deleted", "Bundle", "del eted.ndjson", 3),
    ]


def test_its_time_dates_what_has_none(tmp_path: Path) -> None:
    own = {**PATIENT, "id": "p2", "meta": {"lastUpdated": "2020-01-01T00:00:00Z"}}
    gone = {"resourceType": "Bundle", "entry": [{"request": {"method": "DELETE", "url": "Patient/p1"}}]}
    deleted = [{"type": "Bundle", "url": "https://h.org/files/gone.ndjson"}]
    first = manifest("Patient.ndjson", "own.ndjson", more={"deleted": deleted})
    written(
        tmp_path,
        {
            "one/manifest.json": json.dumps(first, indent=1).encode(),
            "one/older.ndjson": lines(PATIENT),
            "one/Patient.ndjson": lines(PATIENT),
            "one/own.ndjson": lines(own),
            "one/deleted/gone.ndjson": lines(gone),
            "two/export-manifest.json": json.dumps(manifest(at="2024-04-01T12:00:00+02:00")).encode(),
            "two/Patient.ndjson": lines(PATIENT),
            "Patient.ndjson": lines(PATIENT),
        },
    )
    march, april = "2024-03-01T10:00:00.000000", "2024-04-01T10:00:00.000000"
    assert versions(tmp_path) == {
        "Patient.ndjson": "",
        "one/Patient.ndjson": march,
        "one/deleted/gone.ndjson": march,
        "one/older.ndjson": "",
        "one/own.ndjson": "2020-01-01T00:00:00.000000",
        "two/Patient.ndjson": april,
    }


def test_of_several_manifests_the_one_that_lists_the_file(tmp_path: Path) -> None:
    written(
        tmp_path,
        {
            "a-manifest.json": json.dumps(manifest("a.ndjson", at="2024-01-01T00:00:00Z")).encode(),
            "b-manifest.json": json.dumps(manifest("b.ndjson", at="2024-02-01T00:00:00Z")).encode(),
            **{f"{name}.ndjson": lines(PATIENT) for name in "abc"},
        },
    )
    assert versions(tmp_path) == {
        "a.ndjson": "2024-01-01T00:00:00.000000",
        "b.ndjson": "2024-02-01T00:00:00.000000",
        "c.ndjson": "",
    }


def test_errors_of_the_server_are_counted() -> None:
    found = read(lines(OUTCOME, OUTCOME, {**OUTCOME, "id": "o1"}))
    assert {table: len(rows) for table, rows in found.items()} == {"ignored": 3}
    assert {row["type"] for row in found["ignored"]} == {"operation-outcome"}


def test_check_misses_files_and_tells_no_names(tmp_path: Path) -> None:
    more = {"error": [{"type": "OperationOutcome", "url": "https://h.org/Roe-errors.ndjson"}]}
    written(
        tmp_path,
        {
            "manifest.json": json.dumps(
                manifest("Roe-Patient.ndjson", "Roe.ndjson", more=more), indent=2
            ).encode(),
            "Roe.ndjson": lines(PATIENT),
        },
    )
    findings = list(FhirConnector().check(LocalPlace(tmp_path / "manifest.json")))
    assert [(f.severity, f.rule, f.where) for f in findings] == [
        ("warning", "export-errors", ""),
        ("warning", "missing-file", "file 1"),
        ("warning", "missing-file", "file 3"),
        ("info", "count", ""),
    ]
    assert not [f for f in findings if "Roe" in f.message]
