"""Vocabularies: what a download says is what a look-up finds, however it is packed."""

from __future__ import annotations

import csv
import io
import stat
import zipfile
from collections import defaultdict
from pathlib import Path

import pyarrow as pa
import pytest

from contracts.errors import Fatal
from stores.vocabulary import Known, Target, Vocabularies
from stores.vocabulary_codes import code_keys, key_column
from stores.vocabulary_load import load_vocabulary
from stores.vocabulary_site import (
    COLUMNS,
    NAME,
    adopt_site_map,
    adopted_site_map,
    adopted_stamp,
    read_site_map,
)
from tasks.deriving import VOCABULARY
from tests.stores.downloads import CONCEPTS, SITE, concept, write_athena, write_omop


@pytest.fixture(scope="module")
def athena(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_athena(tmp_path_factory.mktemp("athena") / "download")


@pytest.fixture
def loaded(tmp_path: Path, athena: Path) -> Vocabularies:
    return load_vocabulary(tmp_path / "vocabulary", athena)


def _targets(loaded: Vocabularies, vocabulary: str, code: str) -> list[tuple[int, bool]]:
    known = loaded.find(vocabulary, [code])[code]
    found = loaded.targets([known.concept_id]).get(known.concept_id, [])
    return [(target.concept_id - SITE, target.is_value) for target in found]


def test_names_with_quotes_and_tabs_are_read(loaded: Vocabularies) -> None:
    described = loaded.describe([SITE + 1, SITE + 2])
    assert described[SITE + 1]["name"] == 'Diabetes "type 2" without the closing quote"'
    assert described[SITE + 2]["name"] == "a name with a tab"
    assert described[SITE + 2]["domain"] == "Condition" and described[SITE + 2]["valid_from"] == 19700101
    status = loaded.status()
    assert status["concepts"] == len(CONCEPTS) and status["lines_left_out"] == 0
    assert status["release"] == "v5.0 01-JAN-26"
    assert {v["vocabulary"]: v["version"] for v in status["vocabularies"]}["SNOMED"] == "2025-09-01"


def test_a_code_is_found_as_sources_write_it(loaded: Vocabularies) -> None:
    own = Known(SITE + 10, "Condition", False)
    assert loaded.find("ICD10CM", ["E11.9", "e119", " E119 ", "E11"]) == {
        "E11.9": own,
        "e119": own,
        " E119 ": own,
    }
    assert set(loaded.find("NDC", ["0069-0150-01", "00069-0150-01", "00069015001", "69-0150-01"])) == {
        "0069-0150-01", "00069-0150-01", "00069015001"
    }  # fmt: skip
    assert loaded.find("SNOMED", ["44054006"]) == {"44054006": Known(SITE + 1, "Condition", True)}
    assert loaded.find("NO SUCH", ["1"]) == {} and loaded.find("SNOMED", ["0"]) == {}


def test_units_tell_capitals_apart(loaded: Vocabularies) -> None:
    found = loaded.find("UCUM", ["mg/dL", "MG/DL", "mg/dl"])
    assert {unit: known.concept_id - SITE for unit, known in found.items()} == {"mg/dL": 30, "MG/DL": 31}


def test_of_a_code_used_again_the_valid_concept_counts(loaded: Vocabularies) -> None:
    assert loaded.find("HCPCS", ["A0001"])["A0001"].concept_id == SITE + 41


@pytest.mark.parametrize(
    ("vocabulary", "code", "targets"),
    [
        ("ICD10CM", "E11.9", [(1, False)]),  # the invalid relationship does not count
        ("ICD10CM", "I15.0", [(1, False), (4, False)]),
        ("ICD10CM", "Z86.7", [(3, False), (1, True)]),
        ("ICD10CM", "R99", []),  # to a concept of a vocabulary that was not chosen
        ("ICD10CM", "Q00", []),
        ("SNOMED", "44054006", []),  # a standard concept is itself
        ("SNOMED", "444", [(2, False)]),  # replaced
        ("SNOMED", "555", [(2, False)]),  # replaced by one that was replaced
        ("SNOMED", "666", []),
    ],
)
def test_mappings(loaded: Vocabularies, vocabulary: str, code: str, targets: list[tuple[int, bool]]) -> None:
    assert _targets(loaded, vocabulary, code) == targets
    assert loaded.status()["mappings_elsewhere"] == 1


def test_the_digest_is_of_the_content_not_of_the_packing(loaded: Vocabularies, tmp_path: Path) -> None:
    other = load_vocabulary(tmp_path / "other", write_omop(tmp_path / "omop"))
    assert other.digest == loaded.digest
    assert _targets(other, "ICD10CM", "I15.0") == _targets(loaded, "ICD10CM", "I15.0")
    renamed = [(*row[:1], "another name", *row[2:]) for row in CONCEPTS]
    assert (
        load_vocabulary(tmp_path / "third", write_athena(tmp_path / "named", renamed)).digest == loaded.digest
    )
    moved = [concept(1, "SNOMED", "44054006", "Observation"), *CONCEPTS[1:]]
    assert (
        load_vocabulary(tmp_path / "fourth", write_athena(tmp_path / "moved", moved)).digest != loaded.digest
    )


def test_a_damaged_download_leaves_what_is_there(loaded: Vocabularies, tmp_path: Path) -> None:
    folder = tmp_path / "vocabulary"
    damaged = tmp_path / "damaged.zip"
    data = bytearray(write_omop(tmp_path / "omop").read_bytes())
    middle = data.index(b"vocabulary/concept.csv") + 60
    data[middle : middle + 20] = bytes(20)
    damaged.write_bytes(bytes(data))
    empty, half = tmp_path / "empty", tmp_path / "half"
    empty.mkdir()
    (write_athena(half) / "CONCEPT_RELATIONSHIP.csv").unlink()
    for wrong in (damaged, empty, half, tmp_path / "nothing"):
        with pytest.raises(Fatal):
            load_vocabulary(folder, wrong)
    assert sorted(p.name for p in folder.iterdir()) == [Vocabularies.FILE]
    kept = Vocabularies.open(folder)
    assert kept is not None and kept.digest == loaded.digest


@pytest.mark.parametrize(
    "rows", [[*CONCEPTS, CONCEPTS[0]], [("x", *CONCEPTS[0][1:])], []], ids=["twice", "no number", "none"]
)
def test_a_wrong_table_is_refused(tmp_path: Path, rows: list[tuple[str, ...]]) -> None:
    with pytest.raises(Fatal):
        load_vocabulary(tmp_path / "vocabulary", write_athena(tmp_path / "download", rows))


def test_lines_that_cannot_be_read_are_counted(tmp_path: Path) -> None:
    folder = write_athena(tmp_path / "download")
    with (folder / "CONCEPT.csv").open("a") as file:
        file.write("2000000900\tcut off\n")
    assert load_vocabulary(tmp_path / "vocabulary", folder).status()["lines_left_out"] == 1


def test_progress_ends_at_the_whole(tmp_path: Path, athena: Path) -> None:
    told: list[tuple[int, int]] = []
    load_vocabulary(tmp_path / "vocabulary", athena, lambda done, total: told.append((done, total)))
    assert told[-1][0] == told[-1][1] > 0 and told == sorted(told)
    assert stat.S_IMODE((tmp_path / "vocabulary" / Vocabularies.FILE).stat().st_mode) == 0o600


def test_keys_of_a_download_are_those_that_codes_are_looked_up_by() -> None:
    pairs = [("ICD10CM", "e11.9"), ("ICD9CM", "V10.1"), ("NDC", "12345-6789-01"), ("UCUM", "m[Hg].x"), ("Read", "a.B"),
             ("LOINC", "la6576-8")]  # fmt: skip
    columns = [pa.array(cells) for cells in zip(*pairs, strict=True)]
    assert key_column(*columns).to_pylist() == [code_keys(*pair)[0] for pair in pairs]


def test_an_ndc_of_ten_digits_has_three_readings() -> None:
    assert code_keys("NDC", "1234567890") == ("01234567890", "12345067890", "12345678900")
    assert code_keys("NDC", "1234-5678-9") == ("01234567809",)
    assert code_keys("NDC", "12345-678") == ("123450678",)


def _site(folder: Path, *rows: tuple[object, ...], columns: tuple[str, ...] = COLUMNS) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / NAME).open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([columns, *rows])
    return folder


def _row(
    code: str, vocabulary: str, target: object, own: object = 0, invalid: str = ""
) -> tuple[object, ...]:
    return (code, own, vocabulary, "words", target, "", "1970-01-01", "2099-12-31", invalid)


def test_a_site_maps_codes_and_leaves_others_to_be_filled_in(tmp_path: Path) -> None:
    url = "http://hospital/codes"
    folder = _site(
        tmp_path / "home", _row("GLU", url, 5, 9), _row("GLU", url, 6), _row("GLU", url, 5), _row("K", url, ""),
        _row("L", url, 0), _row("M", url, 7, invalid="D"), _row("e119", "ICD10CM", 8),
    )  # fmt: skip
    found = read_site_map(folder)
    glucose = found.find(url, "GLU")
    assert glucose is not None and (glucose.targets, glucose.source_concept_id) == ((5, 6), 9)
    assert len(found) == 2 and found.find(url, "K") is None and found.find("ICD10CM", "E11.9") is not None
    overlay = _site(tmp_path / "site" / "vocabulary", _row("GLU", url, 77))
    both = read_site_map(folder, overlay.parent).find(url, "GLU")
    assert both is not None and both.targets == (77,)


def test_each_vocabulary_of_the_site_has_its_digest(tmp_path: Path) -> None:
    first = read_site_map(_site(tmp_path, _row("a", "one", 1), _row("b", "two", 2))).digests
    again = read_site_map(_site(tmp_path, _row("b", "two", 2), _row("a", "one", 1))).digests
    other = read_site_map(_site(tmp_path, _row("a", "one", 1), _row("b", "two", 3))).digests
    assert first == again and first["one"] == other["one"] and first["two"] != other["two"]


def test_a_round_keeps_the_map_that_it_began_with(tmp_path: Path) -> None:
    assert adopt_site_map(tmp_path) == adopted_site_map(tmp_path) and adopted_stamp(tmp_path) == 0
    found = adopt_site_map(_site(tmp_path, _row("a", "one", 1)))
    _site(tmp_path, _row("a", "one", 2))
    assert adopted_site_map(tmp_path) == found != read_site_map(tmp_path)
    stamp = adopted_stamp(tmp_path)
    adopt_site_map(_site(tmp_path, _row("a", "one", 1)))
    assert adopted_stamp(tmp_path) == stamp, "the same map is not written again"
    (tmp_path / NAME).unlink()
    assert adopt_site_map(tmp_path) == adopted_site_map(tmp_path) == read_site_map(tmp_path)


def test_a_wrong_map_is_named_by_line_and_column_not_by_value(tmp_path: Path) -> None:
    with pytest.raises(Fatal, match=r"line 3, target_concept_id") as error:
        read_site_map(_site(tmp_path, _row("a", "one", 1), _row("Jane Doe", "one", "secret")))
    assert "secret" not in str(error.value) and "Jane" not in str(error.value)
    with pytest.raises(Fatal, match="no column target_concept_id"):
        read_site_map(_site(tmp_path, columns=COLUMNS[:3]))
    (tmp_path / NAME).write_bytes(b"source_code,source_vocabulary_id,target_concept_id\n\xff,x,1\n")
    with pytest.raises(Fatal, match="UTF-8"):
        read_site_map(tmp_path)


def test_drugs_have_ingredients_strengths_and_other_names(loaded: Vocabularies) -> None:
    status = loaded.status()
    assert (status["ingredients"], status["strengths"], status["synonyms"]) == (2, 2, 2)
    drug, ingredient = SITE + 21, SITE + 22
    rows = loaded.drugs.relation("vocabulary.ingredient", [drug, ingredient, SITE + 998, 5]).to_pylist()
    assert {(r["drug_concept_id"], r["ingredient_concept_id"]) for r in rows} == {
        (drug, ingredient), (ingredient, ingredient)
    }  # fmt: skip
    strengths = loaded.drugs.relation("vocabulary.strength", [drug])
    assert strengths.schema.names == VOCABULARY["vocabulary.strength"].names
    first, second = sorted(strengths.to_pylist(), key=lambda row: row["amount_value"] is None)
    assert (first["amount_value"], first["amount_unit_concept_id"], first["numerator_value"]) == (
        81.0,
        8576,
        None,
    )
    assert (second["numerator_value"], second["denominator_unit_concept_id"]) == (0.5, 8505)
    assert loaded.drugs.synonyms([SITE + 1, drug]) == {SITE + 1: ['NIDDM, "adult onset', "type 2 with a tab"]}


def test_eras_follow_the_drug_tables_and_nothing_else_does(loaded: Vocabularies, tmp_path: Path) -> None:
    """Other ingredients derive eras anew, and are no reason to read any unit again."""
    folder = write_athena(tmp_path / "download")
    for name in ("CONCEPT_ANCESTOR", "DRUG_STRENGTH", "CONCEPT_SYNONYM"):
        (folder / f"{name}.csv").unlink()
    bare = load_vocabulary(tmp_path / "bare", folder)
    assert bare.digest == loaded.digest and bare.drugs.digest != loaded.drugs.digest
    assert (
        load_vocabulary(tmp_path / "omop", write_omop(tmp_path / "zip")).drugs.digest == loaded.drugs.digest
    )
    assert bare.drugs.relation("vocabulary.ingredient", [SITE + 21]).num_rows == 0


def test_an_omop_exports_own_vocabulary(shared: Path, tmp_path: Path) -> None:
    """Every concept and mapping of the sample is found as plain Python finds it."""
    (path,) = (shared / "data" / "omop-csv").glob("*.zip")
    loaded = load_vocabulary(tmp_path / "vocabulary", path)
    with zipfile.ZipFile(path) as archive:
        concepts, links = (
            list(csv.DictReader(io.TextIOWrapper(archive.open(name), encoding="utf-8")))
            for name in ("CONCEPT.csv", "CONCEPT_RELATIONSHIP.csv")
        )
    standard = {
        c["concept_id"]: c for c in concepts if c["standard_concept"] == "S" and not c["invalid_reason"]
    }
    others = {c["concept_id"] for c in concepts} - standard.keys()
    maps = defaultdict(set)
    for row in links:
        if (
            row["relationship_id"] == "Maps to"
            and row["concept_id_1"] in others
            and row["concept_id_2"] in standard
        ):
            maps[int(row["concept_id_1"])].add(int(row["concept_id_2"]))
    assert loaded.status()["concepts"] == len(concepts)
    for c in concepts:
        found = loaded.find(c["vocabulary_id"], [c["concept_code"]])[c["concept_code"]]
        known = Known(int(c["concept_id"]), c["domain_id"], c["concept_id"] in standard)
        assert (
            found == known or c["concept_id"] in others
        )  # two concepts may share a code: the valid one counts
        stated = {t.concept_id for t in loaded.targets([known.concept_id]).get(known.concept_id, [])}
        assert stated >= maps[known.concept_id] and (
            stated == maps[known.concept_id] or not maps[known.concept_id]
        )
    assert loaded.targets([40316773]).get(40316773, []) == [
        Target(t, standard[str(t)]["domain_id"], False) for t in sorted(maps[40316773])
    ]
