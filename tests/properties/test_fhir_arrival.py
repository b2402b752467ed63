"""However the same FHIR statements arrive, as lines or Bundles, in whatever files and order, the lake is the same."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path
from typing import Any
from uuid import uuid4

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.accounting import Account
from contracts.units import Source
from tests.properties.exports import Statement, state, statements
from tests.properties.nights import FEW, Night, lake_of, make_home, make_night

NPI = "http://hl7.org/fhir/sid/us-npi"


def _source(folder: Path) -> Source:
    return Source("ehr", "fhir", str(folder), authority="st-elsewhere")


def _dense(one: Statement) -> str:
    """A statement as servers write lines: without white space, which a Bundle's indentation is brought to."""
    return json.dumps(json.loads(one.line), separators=(",", ":"))


def _bundle(lines: list[str], style: str) -> bytes:
    """Statements as a Bundle: one line, indented, its entries before its type, or inside another."""
    made: dict[str, Any] = {
        "resourceType": "Bundle", "type": "collection", "entry": [{"resource": json.loads(line)} for line in lines]
    }  # fmt: skip
    if style == "nested":
        made = {"resourceType": "Bundle", "type": "batch", "entry": [{"resource": made}]}
    if style == "late":
        made = {"entry": made["entry"], "type": "collection", "resourceType": "Bundle"}
    text = json.dumps(made, indent=None if style == "line" else 2)
    return gzip.compress(text.encode(), mtime=0) if style == "gzip" else text.encode()


@st.composite
def arrivals(draw: st.DrawFn, said: list[Statement]) -> list[tuple[str, bytes]]:
    """The statements in any order in one to three files, some of lines and some of Bundles."""
    order = draw(st.permutations(said))
    files: list[list[str]] = [[] for _ in range(draw(st.integers(1, 3)))]
    for one in order:
        files[draw(st.integers(0, len(files) - 1))].append(_dense(one))
    written = []
    for number, lines in enumerate(files):
        style = draw(st.sampled_from(["lines", "line", "indented", "nested", "late", "gzip"]))
        data = "".join(line + "\n" for line in lines).encode() if style == "lines" else _bundle(lines, style)
        written.append((f"export-{number}.{'ndjson' if style == 'lines' else 'json'}", data))
    return written


def _write(folder: Path, files: list[tuple[str, bytes]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files:
        (folder / name).write_bytes(data)


def _night(room: Path, files: list[tuple[str, bytes]]) -> Night:
    here = room / uuid4().hex
    _write(here / "export", files)
    try:
        return make_night(make_home(here / "home"), [_source(here / "export")])
    finally:
        shutil.rmtree(here)


def _read(account: Account) -> int:
    assert account.balanced
    assert not account.fates["quarantined"], dict(account.reasons)
    return account.read


@settings(FEW, max_examples=max(2, FEW.max_examples // 2))
@given(data=st.data())
def test_lines_and_bundles_in_any_split_make_one_lake(tmp_path: Path, data: st.DataObject) -> None:
    said = data.draw(statements())
    plain = _night(tmp_path, [("all.ndjson", _lines([_dense(one) for one in said]))])
    mixed = _night(tmp_path, data.draw(arrivals(said)))
    assert mixed.content == plain.content
    assert _read(mixed.accounts["ehr"]) == _read(plain.accounts["ehr"]) == len(said)


PEOPLE = [state("Patient", 0, "", 0, 0).line]
OLD, NEW = "2024-01-01T00:00:00Z", "2024-06-01T00:00:00Z"


def _condition(number: int, changed: str, **more: Any) -> dict[str, Any]:
    return {**json.loads(state("Condition", number, changed, number % 3, 0).line), **more}


def _deletion(target: str, when: str) -> str:
    gone = {
        "request": {"method": "DELETE", "url": target},
        "response": {"status": "204", "lastModified": when},
    }
    return json.dumps({"resourceType": "Bundle", "type": "history", "entry": [gone]})


ENTERED = {"verificationStatus": {"coding": [{"code": "entered-in-error"}]}}
FIRST = [*PEOPLE, *(json.dumps(_condition(number, OLD)) for number in range(10, 14))]
SECOND = [
    _deletion("Condition/c10", NEW),
    json.dumps(_condition(11, NEW, **ENTERED)),
    json.dumps(_condition(12, NEW)),
]
REVIVED = [
    json.dumps(_condition(10, "2024-07-01T00:00:00Z")),
    json.dumps(_condition(11, "2024-07-01T00:00:00Z")),
]


def _lines(lines: list[str]) -> bytes:
    return "".join(line + "\n" for line in lines).encode()


def _conditions(home: Any) -> int:
    return lake_of(home).rows("omop.condition_occurrence")


def test_deletes_and_errors_remove_what_was_published(tmp_path: Path) -> None:
    """Over nights: two of four conditions go, are not brought back by the old file, and return when stated anew."""
    home, source = make_home(tmp_path / "home"), _source(tmp_path / "export")
    _write(tmp_path / "export", [("first.ndjson", _lines(FIRST))])
    make_night(home, [source])
    assert _conditions(home) == 4
    _write(tmp_path / "export", [("second.ndjson", _lines(SECOND))])
    night = make_night(home, [source])
    account = night.accounts["ehr"]
    assert _conditions(home) == 2
    assert (account.fates["removed"], account.reasons["entered-in-error"]) == (2, 1)
    assert account.balanced
    _write(tmp_path / "export", [("again.ndjson", _lines(FIRST))])
    again = make_night(home, [source])
    assert again.content == night.content
    _write(tmp_path / "export", [("third.ndjson", _lines(REVIVED))])
    make_night(home, [source])
    assert _conditions(home) == 4


def test_the_order_of_deletes_and_statements_makes_no_difference(tmp_path: Path) -> None:
    whole = _night(tmp_path, [("all.ndjson", _lines([*SECOND, *FIRST]))])
    home, here = make_home(tmp_path / "home"), tmp_path / "export"
    last = None
    for name, lines in (("z", SECOND), ("y", FIRST)):
        _write(here, [(f"{name}.ndjson", _lines(lines))])
        last = make_night(home, [_source(here)])
    assert last is not None
    assert last.content == whole.content


def test_whoever_is_referred_to_may_come_later(tmp_path: Path) -> None:
    """Visits name patient and practitioner by number, logically and by id; those come in another file, any night."""
    number = {"type": {"coding": [{"code": "MR"}]}, "system": "urn:mrn", "value": "M-77"}
    patient = json.dumps({**json.loads(PEOPLE[0]), "identifier": [number]})
    patients = [
        {"reference": "Patient?identifier=urn:mrn|M-77"},
        {"identifier": {"system": "urn:mrn", "value": "M-77"}},
        {"reference": "urn:uuid:p0"},
    ]
    forms = [
        {"reference": f"Practitioner?identifier={NPI}|99"},
        {"identifier": {"system": NPI, "value": "99"}},
        {"reference": "Practitioner/7/_history/3"},
    ]
    visits = [
        json.dumps(
            {
                **json.loads(state("Encounter", n, "", 0, 0).line),
                "subject": patient_form,
                "participant": [{"individual": form}],
            }
        )
        for n, (patient_form, form) in enumerate(zip(patients, forms, strict=True))
    ]
    doctor = json.dumps(
        {"resourceType": "Practitioner", "id": "7", "identifier": [{"system": NPI, "value": "99"}]}
    )
    files = [("visits.ndjson", _lines(visits)), ("people.ndjson", _lines([doctor, patient]))]
    whole = _night(tmp_path, files)
    home, here = make_home(tmp_path / "home"), tmp_path / "export"
    last = None
    for file in files:
        _write(here, [file])
        last = make_night(home, [_source(here)])
    assert last is not None
    assert last.content == whole.content
    lake = lake_of(home)
    known = set(lake.read("records.provider").column("provider_id").to_pylist())
    named = lake.read("omop.visit_occurrence").column("provider_id").to_pylist()
    assert len(named) == 3
    assert set(named) <= known
    persons = lake.read("omop.visit_occurrence").column("person_id").to_pylist()
    assert persons == lake.read("omop.person").column("person_id").to_pylist() * 3
