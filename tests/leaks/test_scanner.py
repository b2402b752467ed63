"""The leak test's own test: every canary sings, and a clean home is silent."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.leaks import canary
from tests.leaks.cli import main
from tests.leaks.identifiers import Identifiers, collect
from tests.leaks.matcher import Matcher, fold_text
from tests.leaks.scanner import scan, survey
from tests.leaks.spellings import spell


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    home = tmp_path_factory.mktemp("home")
    return home, canary.plant_canaries(home)


@pytest.fixture(scope="module")
def found_in(planted: tuple[Path, dict[str, str]]) -> dict[str, set[str]]:
    report = survey(planted[0], canary.canary_identifiers())
    places: dict[str, set[str]] = {}
    for finding in report.findings:
        assert finding.certain, finding
        places.setdefault(finding.file, set()).add(finding.where)
    return places


@pytest.mark.parametrize("name", sorted(canary._PLACES))
def test_every_canary_is_found(
    name: str, planted: tuple[Path, dict[str, str]], found_in: dict[str, set[str]]
) -> None:
    where = planted[1][name]
    assert [file for file in found_in if file == where or file.startswith(f"{where}/")], name


def test_other_identifiers_are_not_found(planted: tuple[Path, dict[str, str]]) -> None:
    """Identifiers of the same shapes, one character away: the same stores are silent."""
    others = Identifiers()
    for kind, value in (
        ("given_name", "Kanarienvogel732"),
        ("family_name", "Piepq"),
        ("uid", "1.2.276.0.7230010.99.731.2718281829"),
        ("phone", "555-731-2719"),
        ("birth_date", "1931-07-18"),
    ):
        others.add(kind, value)
    assert scan(planted[0], others.settle()) == []


def test_excluded_paths_are_not_read(planted: tuple[Path, dict[str, str]]) -> None:
    kept = scan(
        planted[0], canary.canary_identifiers(), exclude=["lake", "staging", "vectors", "objects/canary.zip"]
    )
    assert {f.store for f in kept} == {
        "catalog-canary.db",
        "objects",
        "prefect",
        "quarantine",
        "releases",
        "reports",
        "vault",
    }
    assert not [f for f in kept if f.file == "objects/canary.zip"]


def test_decoded_columns_are_named(found_in: dict[str, set[str]]) -> None:
    rows = {
        where for file, places in found_in.items() if file.startswith("lake/canary/rows") for where in places
    }
    assert {"text", "nested[].deep[]", "statistics of text"} <= rows
    assert "result.data" in found_in["prefect/canary-blob.db"]
    assert "raw bytes" in found_in["prefect/canary-freed.db"]
    assert any("version 1" in where for where in found_in["vectors/canary.lance"])


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("Sumiko254 is well", {"given_name"}),
        ("SUMIKO254", {"given_name"}),
        ("“Sumiko254” said", {"given_name"}),
        ("xSumiko254", set()),
        ("Sumiko2541", set()),
        ("a young woman", set()),
        ("Grace Young came", {"name_full"}),
        ("YOUNG^GRACE", {"name_full"}),
        ("999-94-5397 and 999945397", {"ssn"}),
        ("1999945397", set()),
        ("(555) 810-7203", {"phone"}),
        ("born 5/21/1927", {"birth_date"}),
        ("1927-05-21T08:00", {"birth_date"}),
        ("21 May 1927", {"birth_date"}),
        ("1927-05-22", set()),
        ("1.2.276.0.99.1234567", {"uid"}),
        ("1.2.276.0.99.1234567.1", set()),
        ("9.1.2.276.0.99.1234567", set()),
        ("GODÍNEZ202", {"family_name"}),
        ("Godinez202", {"family_name"}),
        ("Godi\u0301nez202", {"family_name"}),
    ],
)
def test_tokens_in_text(text: str, kinds: set[str]) -> None:
    found = _few()
    assert {hit.identifier.kind for hit in Matcher(found).find(fold_text(text))} == kinds


def _few() -> Identifiers:
    found = Identifiers(ordinary={"grace"})
    for kind, value in (
        ("given_name", "Sumiko254"),
        ("given_name", "Grace"),
        ("family_name", "Young"),
        ("name_full", "Young^Grace"),
        ("ssn", "999-94-5397"),
        ("phone", "555-810-7203"),
        ("birth_date", "1927-05-21"),
        ("uid", "1.2.276.0.99.1234567"),
        ("family_name", "Godínez202"),
    ):
        found.add(kind, value, "fhir/1")
    return found.settle()


def test_matcher_agrees_with_plain_search() -> None:
    """Against a loop of `bytes.find` on random bytes with identifiers strewn in, at every alignment."""
    rng = np.random.default_rng(5)
    found = Identifiers()
    values = [f"{'abcdefgh'[n % 8]}{n:04x}q{n % 7}z"[: 5 + n % 4] + "w" * (n % 3) for n in range(300)]
    for value in values:
        found.add("mrn", value)
    matcher = Matcher(found.settle(), raw=False)
    data = b" ".join(values[int(i)].encode() for i in rng.integers(0, 300, 2000)) + bytes(
        rng.integers(0, 9, 5000).tolist()
    )
    hits = sorted((h.start, h.identifier.value) for h in matcher.find(data))
    words, expected, at = data.split(b" "), [], 0
    for word in words:
        token = word.split(bytes([0]))[0] if b"\0" in word else word
        token = bytes(c for c in token if c > 32)
        if token.decode("latin-1") in set(values):
            expected.append((at, token.decode()))
        at += len(word) + 1
    assert hits == sorted(expected)


def test_birth_dates_are_judged_by_person(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    found = Identifiers()
    found.add("birth_date", "1927-05-21", "fhir/a")
    found.settle()
    (tmp_path / "lake").mkdir()
    for person, text in ((1, "on 1927-05-21 seen"), (2, "nothing")):
        table = pa.table({"person_id": pa.array([person], pa.int64()), "note_text": [text]})
        pq.write_table(
            table, tmp_path / "lake" / f"{person}.parquet", write_statistics=False, compression="zstd"
        )
    own = scan(tmp_path, found, persons={1: "fhir/a", 2: "fhir/b"})
    assert [(f.where, f.count) for f in own if f.certain] == [("note_text", 1)]
    report = survey(tmp_path, found, persons={1: "fhir/b", 2: "fhir/a"})
    assert not [f for f in report.findings if f.certain]
    assert report.coincidences == 1


def test_spellings_of_a_date() -> None:
    spelled = spell("birth_date", "1927-05-21")
    assert {
        "1927-05-21",
        "19270521",
        "05/21/1927",
        "5/21/1927",
        "21.05.1927",
        "may 21, 1927",
        "21 may 1927",
    } <= spelled


def test_collect_from_the_sample_exports(shared: Path) -> None:
    data = shared / "data"
    found = collect(
        {
            "fhir": [data / "fhir" / "bulk-10-patients"],
            "dicom": [data / "dicom"],
            "vcf": [data / "vcf" / "real"],
        }
    )
    kinds = {kind: matched for kind, (matched, _) in found.by_kind().items()}
    assert found.sources == {"fhir": 14, "dicom": 69, "vcf": 13}
    assert {k: kinds[k] for k in ("mrn", "ssn", "phone", "sample_name")} == {
        "mrn": 13, "ssn": 13, "phone": 13, "sample_name": 101,
    }  # fmt: skip
    assert kinds["uid"] > 100
    assert kinds["resource_id"] >= 13 + 1215 + 1215 + 555
    values = {i.value for i in found.items}
    assert {"Sumiko254", "Cummerata161", "Harold594", "633 Abernathy Landing", "Citizen", "HG00096"} <= values
    assert all(i.ambiguous for i in found.items if i.value in ("liver", "empty", "OFFIS", "Anonymized"))


def test_command(
    planted: tuple[Path, dict[str, str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truth = tmp_path / "truth.json"
    truth.write_text(json.dumps([{"kind": "given_name", "value": canary.CANARY}]))
    clean = tmp_path / "home"
    clean.mkdir()
    (clean / "x.json").write_text('{"a": "nothing"}')
    assert main(["--home", str(planted[0]), "--identifiers", str(truth)]) == 1
    assert canary.CANARY not in capsys.readouterr().out
    assert main(["--home", str(clean), "--identifiers", str(truth)]) == 0
    assert main(["--home", str(clean / "none")]) == 2
