"""Processing a unit: every record has a fate, nothing of a patient is staged, and work done once is found again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from contracts.accounting import Account
from stores import staging
from stores.staging import StagingWriter
from tasks.processing import NO_OWNER, process_unit
from tests.flows.exports import condition, encounter, mrn, note, patient, write_image
from tests.tasks.rooms import Room, make_room

_PLANTED = ("Quillfeather1", "Aurelia", mrn(1), "1951-04-05", "patient-1")


def _dirty_unit(room: Room) -> None:
    """Six records: three that stand, one without a table, one that the gate and one that cleaning rejects."""
    room.write(
        "a.ndjson",
        [
            patient(1),
            encounter("v", 1),
            note("n", 1, "v", "Aurelia Quillfeather1 (MRN-770001), born 1951-04-05, is short of breath."),
            {"resourceType": "Goal", "id": "o", "subject": {"reference": "Patient/patient-1"}},
            encounter("too-early", 1, "1700-01-01"),
            condition("no-date", 1, "v", "2023-02-30"),
            "{not json",
        ],
    )


def test_every_record_has_one_fate(tmp_path: Path) -> None:
    room = make_room(tmp_path)
    _dirty_unit(room)
    (processed,) = room.process()
    account = Account.from_json(processed.account)
    assert account.balanced and account.read == 7
    assert {f: n for f, n in account.fates.items() if n} == {"accepted": 3, "unmapped": 1, "quarantined": 3}
    assert account.reasons == {"impossible-visit-start": 1, "impossible-date": 1, "invalid-json": 1}
    expected = {"records.patient": 1, "omop.visit_occurrence": 1, "omop.note": 1, "records.unmapped": 1}
    assert {t: n for t, n in processed.rows.items() if n} == expected


def test_what_is_rejected_is_in_quarantine_as_it_was(tmp_path: Path) -> None:
    room = make_room(tmp_path)
    _dirty_unit(room)
    (processed,) = room.process()
    held = room.work.quarantine.reveal(processed.unit.token).to_pylist()
    assert {row["reason"] for row in held} == {"impossible-visit-start", "impossible-date", "invalid-json"}
    (gate,) = [row for row in held if row["reason"] == "impossible-visit-start"]
    assert b"1700-01-01" in gate["payload"]
    assert gate["where"].startswith(("record ", "line "))


def test_nothing_of_a_patient_is_staged_or_comes_back(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    room = make_room(tmp_path)
    _dirty_unit(room)
    (processed,) = room.process()
    texts = [repr(processed), json.dumps(processed.account)]
    files = [p for p in room.work.home.staging.rglob("*") if p.is_file()]
    assert any(p.suffix == ".parquet" for p in files)
    for path in files:
        texts.append(path.read_bytes().decode("latin-1"))
        if path.suffix == ".parquet":
            texts.append(json.dumps(pq.read_table(path).to_pylist(), default=str))
    for value in _PLANTED:
        assert not [t for t in texts if value in t], value


def test_work_done_once_is_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    room = make_room(tmp_path)
    _dirty_unit(room)
    (first,) = room.process()
    monkeypatch.setattr("tasks.processing.Treatment.run", lambda _: pytest.fail("it was read again"))
    again = process_unit(room.job(first.unit))
    assert again.reused
    assert (again.account, again.rows) == (first.account, first.rows)


def test_a_unit_cut_off_while_staging_leaves_nothing_and_is_staged_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = make_room(tmp_path)
    _dirty_unit(room)
    (surveyed,) = room.survey()
    job = room.job(surveyed.unit)

    def stop(*_: object, **__: object) -> None:
        raise OSError("cut off")

    with monkeypatch.context() as patch:
        patch.setattr(StagingWriter, "write_presence", stop)
        with pytest.raises(OSError, match="cut off"):
            process_unit(job)
    assert staging.find(room.work.home.staging, "ward", job.unit.token, job.fingerprint) is None
    assert process_unit(job).account["read"] == 7


def test_a_file_that_is_bad_as_a_whole_is_one_quarantined_record(tmp_path: Path) -> None:
    room = make_room(tmp_path, "vcf")
    (room.folder / "broken.vcf").write_text("##fileformat=VCFv4.2\nnot a header\n")
    (processed,) = room.process()
    assert processed.reason
    assert processed.account["fates"]["quarantined"] == processed.account["read"] == 1
    assert not any(processed.rows.values())
    job = room.job(processed.unit)
    manifest = staging.find(room.work.home.staging, "ward", job.unit.token, job.fingerprint)
    assert manifest is not None and manifest.owner == NO_OWNER


def test_equal_files_have_one_owner_and_others_another(tmp_path: Path) -> None:
    room = make_room(tmp_path, "dicom")
    for name, number in (("a", 1), ("b", 1), ("c", 2)):
        write_image(room.folder / f"{name}.dcm", "P-100001", number)
    owners = []
    for processed in room.process():
        job = room.job(processed.unit)
        manifest = staging.find(room.work.home.staging, "ward", job.unit.token, job.fingerprint)
        assert manifest is not None
        owners.append(manifest.owner)
    a, b, c = owners
    assert a == b != c
    assert NO_OWNER not in owners


def test_other_people_or_another_recipe_are_another_fingerprint(tmp_path: Path) -> None:
    from dataclasses import replace

    room = make_room(tmp_path)
    _dirty_unit(room)
    (surveyed,) = room.survey()
    job = room.job(surveyed.unit)
    others = [replace(job, context="another"), replace(job, unit=replace(job.unit, recipe="another"))]
    assert len({job.fingerprint, *(other.fingerprint for other in others)}) == 3
    assert len({job.stamp, *(other.stamp for other in others)}) == 3
