from __future__ import annotations

import gzip
import json
import zipfile
from pathlib import Path

import pytest

from nightrounds.demo.hospital import Hospital
from nightrounds.preflight import check_path, kind_of, list_exports
from stores.places import LocalPlace
from tests.nightrounds.conftest import Call
from tests.retrieval.homes import DemoHome

PATIENT = json.dumps({"resourceType": "Patient", "id": "p1", "birthDate": "1970-01-01"}) + "\n"
VCF = "##fileformat=VCFv4.2\n##contig=<ID=1>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n1\t5\t.\tA\tC\t.\t.\t.\n"


@pytest.fixture
def hospital(demo: DemoHome) -> Hospital:
    return demo.hospital


def _write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("no-name-says-it", PATIENT, "fhir"),
        ("zipped", gzip.compress(PATIENT.encode(), mtime=0), "fhir"),
        ("marked", b"\xef\xbb\xbf" + PATIENT.encode(), "fhir"),
        ("calls.txt", VCF, "vcf"),
        ("calls.gz", gzip.compress(VCF.encode(), mtime=0), "vcf"),
        ("headless.vcf", "", "vcf"),
        ("links.csv", "authority_a,identifier_a,authority_b,identifier_b\n", "crosswalk"),
        ("links-without-one.csv", "Authority_A,identifier_a,authority_b\n", "crosswalk"),
        ("image", bytes(128) + b"DICM" + bytes(20), "dicom"),
        ("messages", "MSH|^~\\&|A|B\r".encode("utf-16"), "hl7v2"),
        ("letter.txt", "Dear colleague,\n", "not known"),
        ("picture.png", b"\x89PNG\r\n\x1a\n" + bytes(40), "not known"),
        ("table.csv", "name,age\nx,1\n", "not known"),
        ("nothing", "", "not known"),
    ],
)
def test_the_kind_is_told_from_the_content(
    tmp_path: Path, name: str, content: str | bytes, kind: str
) -> None:
    assert kind_of(LocalPlace(_write(tmp_path / name, content))) == kind


def test_dicom_without_preamble_is_dicom(tmp_path: Path, hospital: Hospital) -> None:
    image = next(p for p in (hospital.root / "night-1" / "pacs").rglob("*") if p.name == "rtstruct.dcm")
    assert image.read_bytes()[128:132] != b"DICM"
    assert kind_of(LocalPlace(_write(tmp_path / "noname", image.read_bytes()))) == "dicom"


def test_a_valid_export_ends_with_0(call: Call, tmp_path: Path) -> None:
    path = _write(tmp_path / "Patient.ndjson", PATIENT)
    said = call("check", path)
    assert said.code == 0, said.out
    assert "fhir" in said.out and "valid" in said.err


def test_the_demo_hospitals_dirt_is_found(call: Call, hospital: Hospital) -> None:
    said = call("check", hospital.root / "night-1")
    assert said.code == 3
    errors = [line for line in said.out.splitlines() if " error " in line]
    for rule in ("invalid-json", "invalid-utf8", "impossible-date", "truncated-file", "malformed-header"):
        assert any(f" error {rule} " in line for line in errors), rule
    bad = next(line for line in errors if " invalid-json " in line)
    path, _, rest = bad.partition(":")
    assert Path(path).is_file() and rest.startswith("line 3 error invalid-json ")


def test_json_holds_the_same(call: Call, hospital: Hospital) -> None:
    said = call("check", hospital.root / "night-1", "--json")
    files, summary = said.json["files"], said.json["summary"]
    assert said.code == 3 and len(files) == sum(row["files"] for row in summary)
    by_kind = {row["kind"]: row for row in summary}
    assert {"fhir", "dicom", "vcf", "crosswalk", "not known"} <= set(by_kind)
    for kind, row in by_kind.items():
        found = [f for file in files if file["kind"] == kind for f in file["findings"]]
        assert row["errors"] == sum(f["severity"] == "error" for f in found)


def test_what_is_not_there_ends_with_1(call: Call, tmp_path: Path) -> None:
    said = call("check", tmp_path / "absent.vcf")
    assert said.code == 1 and "unreachable" in said.out
    (tmp_path / "empty").mkdir()
    nothing = call("check", tmp_path / "empty")
    assert nothing.code == 1 and "no files" in nothing.err


def test_quiet_leaves_out_information(call: Call, tmp_path: Path) -> None:
    path = _write(tmp_path / "Patient.ndjson", PATIENT)
    assert " info count 1 Patient" in call("check", path).out
    assert " info " not in call("check", path, "-q").out


def test_hidden_and_index_files_are_left_out(tmp_path: Path) -> None:
    for name in ("b.vcf.gz", "b.vcf.gz.tbi", ".hidden", "a.vcf"):
        _write(tmp_path / name, "")
    assert [path.name for path in list_exports([tmp_path])] == ["a.vcf", "b.vcf.gz"]
    assert list_exports([tmp_path / ".hidden"]) == [tmp_path / ".hidden"], "what is named is checked"


def test_a_damaged_gzip_is_an_error(tmp_path: Path) -> None:
    path = _write(tmp_path / "Patient.ndjson.gz", gzip.compress(PATIENT.encode() * 500)[:-20])
    checked = check_path(path)
    assert checked.kind == "fhir" and checked.errors


def test_what_a_night_would_hold_back_is_an_error(call: Call, tmp_path: Path) -> None:
    """A visit that ends before it begins can be read; the night's own rules hold it back, and so does the check."""
    visit = {
        "resourceType": "Encounter",
        "id": "e1",
        "status": "finished",
        "subject": {"reference": "Patient/p1"},
    }
    period = {"start": "2023-05-04T08:00:00Z", "end": "2023-05-03T08:00:00Z"}
    rows = [{**visit, "period": {"start": "2023-05-04"}}, {**visit, "id": "e2", "period": period}]
    path = _write(tmp_path / "Encounter.ndjson", "".join(json.dumps(row) + "\n" for row in rows))
    said = call("check", path)
    assert said.code == 3
    assert f"{path}:line 2 error visit-ends-before-start held back: encounter.period." in said.out


def test_a_harmful_archive_is_named(call: Call, tmp_path: Path) -> None:
    """An archive that no connector opens is told by what is wrong with it, as a night tells it."""
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.xml", b"\0" * (65 << 20))
    said = call("check", path)
    assert said.code == 3 and " error archive-bomb nothing of the archive is read" in said.out
    path.write_bytes(b"PK\x03\x04 broken")
    assert " error corrupt-archive " in call("check", path).out
