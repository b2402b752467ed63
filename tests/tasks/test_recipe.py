"""The recipe: a change touches what it concerns, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.privacy import Profile
from tasks.mappings import mappings
from tasks.recipe import changed_components, components, digest_recipe, touching


def _parts(
    kind: str = "fhir", version: str = "1", profile: Profile = Profile.EXPERT, key: str = "k"
) -> dict[str, str]:
    return components(kind, version, profile, key)


def test_the_recipe_names_all_that_decides_what_rows_look_like() -> None:
    parts = _parts()
    assert {"connector", "profile", "key", "policy:deidentification", "policy:cleaning"} < parts.keys()
    for target in mappings("fhir") | mappings("events"):
        assert parts[f"mapping:{target}"]
        assert (f"suite:{target}" in parts) != target.startswith("events.")
    assert parts["vocabulary"] == "none"
    assert "policy:vcf" in _parts("vcf") and "policy:dicom" in _parts("dicom")
    assert "policy:vcf" not in parts


def test_the_digest_depends_on_names_and_values_alone() -> None:
    parts = _parts()
    assert digest_recipe(parts) == digest_recipe(dict(reversed(parts.items())))
    for changed in (_parts(version="2"), _parts(profile=Profile.SAFE_HARBOR), _parts(key="another")):
        assert digest_recipe(changed) != digest_recipe(parts)
        assert len(changed_components(parts, changed)) == 1


def test_a_component_that_comes_or_goes_has_changed() -> None:
    assert changed_components({"a": "1", "b": "1"}, {"b": "1", "c": "1"}) == ["a", "c"]
    assert changed_components({}, {}) == []


def test_a_mapping_concerns_units_with_records_of_its_source_tables_only() -> None:
    changed = ["mapping:omop.visit_occurrence", "suite:omop.note"]
    assert touching(changed, "fhir", {"fhir.encounter"}) == ["mapping:omop.visit_occurrence"]
    assert touching(changed, "fhir", {"fhir.document_reference"}) == ["suite:omop.note"]
    assert touching(changed, "fhir", {"fhir.patient"}) == []


@pytest.mark.parametrize("component", ["connector", "profile", "key", "policy:cleaning"])
def test_everything_else_concerns_every_unit(component: str) -> None:
    assert touching([component], "fhir", set()) == [component]


def test_a_sites_own_mapping_changes_its_component(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = _parts()
    ours = mappings("fhir")["omop.note"].sql
    (tmp_path / "fhir").mkdir()
    (tmp_path / "fhir" / "omop.note.sql").write_text(ours + "\n-- the site's own\n")
    monkeypatch.setenv("NIGHTROUNDS_MAPPINGS", str(tmp_path))
    assert changed_components(before, _parts()) == ["mapping:omop.note"]


def test_a_mapping_that_no_longer_exists_concerns_every_unit() -> None:
    """Which units it fed is not known any more: all are read again."""
    assert touching(["mapping:omop.gone"], "fhir", {"fhir.patient"}) == ["mapping:omop.gone"]


_VOCABULARY = {"vocabulary": "v1", "codes:SNOMED": "a", "codes:http://hospital/codes": "b"}


def test_the_vocabulary_and_what_the_site_maps_are_parts_of_kinds_with_events() -> None:
    parts = components("fhir", "1", Profile.EXPERT, "k", _VOCABULARY)
    assert _VOCABULARY.items() <= parts.items()
    assert changed_components(_parts(), parts) == sorted(_VOCABULARY)
    assert not _VOCABULARY.keys() & components("dicom", "1", Profile.EXPERT, "k", _VOCABULARY).keys()


def test_a_new_vocabulary_concerns_the_units_with_events() -> None:
    assert touching(["vocabulary"], "fhir", {"fhir.condition"}) == ["vocabulary"]
    assert touching(["vocabulary"], "fhir", {"fhir.encounter", "fhir.patient"}) == []


def test_what_a_site_maps_concerns_the_units_with_codes_of_that_terminology() -> None:
    changed = sorted(_VOCABULARY.keys() - {"vocabulary"})
    assert touching(changed, "fhir", {"fhir.condition"}, ["SNOMED", "LOINC"]) == ["codes:SNOMED"]
    assert touching(changed, "fhir", {"fhir.condition"}, ["http://hospital/codes"]) == [
        "codes:http://hospital/codes"
    ]
    assert touching(changed, "fhir", {"fhir.condition"}, []) == []
    assert touching(changed, "fhir", {"fhir.condition"}) == changed, "which codes it has was not noted"
    assert touching(changed, "fhir", {"fhir.encounter"}, ["SNOMED"]) == []


def test_units_routing_and_names_concern_what_has_events() -> None:
    changed = ["names", "policy:routing", "policy:units"]
    assert set(changed) <= _parts().keys()
    assert touching(changed, "fhir", {"fhir.condition"}, ["ICD10CM"]) == changed
    assert touching(changed, "fhir", {"fhir.condition"}, ["SNOMED"]) == changed[1:]
    assert touching(changed, "fhir", {"fhir.patient"}, ["ICD10CM"]) == []
