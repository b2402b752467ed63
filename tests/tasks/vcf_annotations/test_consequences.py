"""What annotators wrote becomes rows that say of which alternate they are."""

from __future__ import annotations

from typing import Any

import pytest

from tasks.vcf.annotations.formats import read_formats
from tasks.vcf.quality.deriving import derive_variants
from tests.tasks.vcf_annotations.files import write_annotated
from tests.tasks.vcf_export.lakes import fill_lake


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """By position, in the annotator's order."""
    folder = tmp_path_factory.mktemp("annotated")
    lake = fill_lake(folder / "lake", write_annotated(folder))
    derive_variants(lake, None, 1)
    with lake.connect() as connection:
        table = connection.sql(
            "SELECT v.position, c.* FROM genomics.consequence AS c JOIN "
            "(SELECT record_id, position FROM genomics.variant) AS v USING (record_id) "
            "ORDER BY file_id, position, annotated_by, consequence_index"
        ).arrow()
    return list(table.read_all().to_pylist())


def _told(rows: list[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in rows]


def test_each_annotation_is_a_row_of_its_alternate(rows: list[dict[str, Any]]) -> None:
    assert _told(rows, "position", "annotated_by", "allele", "allele_index", "gene_symbol", "impact") == [
        (100, "CSQ", "G", 1, "BRCA1", "MODERATE"),
        (100, "CSQ", "T", 2, "BRCA1", "HIGH"),
        (200, "CSQ", "-", 1, "TP53", "HIGH"),  # VEP leaves the shared base out
        (300, "CSQ", "T", 1, "NF1", "MODIFIER"),
        (200, "ANN", "C", 1, "TP53", "HIGH"),  # SnpEff leaves it in
        (200, "ANN", "C", 1, "WRAP53", "MODIFIER"),
        (200, "LOF", None, None, "TP53", None),
        (200, "NMD", None, None, "TP53", None),
        (600, "BCSQ", None, None, "BRCA2", None),
    ]


def test_parts_are_columns_of_their_types(rows: list[dict[str, Any]]) -> None:
    first, second = rows[0], rows[1]
    assert first["consequences"] == ["missense_variant", "splice_region_variant"]
    assert (first["hgvs_coding"], first["hgvs_protein"]) == ("ENST1:c.5A>G", "ENSP1:p.Lys2Arg")
    assert (first["sift"], first["polyphen"], first["exon"]) == (
        "deleterious(0.01)",
        "probably_damaging(0.99)",
        "3/24",
    )
    assert (first["frequency"], second["frequency"], rows[2]["frequency"]) == (0.0001, 0.3, None)
    assert (first["is_canonical"], second["is_canonical"]) == (True, None)
    assert rows[2]["hgvs_protein"] == "ENSP2:p.Lys9=", "percent-encoded characters are as they were"


def test_loss_of_function_of_loftee_and_snpeff(rows: list[dict[str, Any]]) -> None:
    told = [one for one in _told(rows, "annotated_by", "loss_of_function") if one[1]]
    assert told == [("CSQ", "HC"), ("CSQ", "LC"), ("LOF", "0.94"), ("NMD", "0.50")]


def test_bcftools_words_are_terms_of_the_ontology(rows: list[dict[str, Any]]) -> None:
    (csq,) = [row for row in rows if row["annotated_by"] == "BCSQ"]
    assert csq["consequences"] == ["missense_variant", "splice_region_variant"]


@pytest.mark.parametrize(
    "header",
    ['##INFO=<ID=CSQ,Number=.,Type=String,Description="Consequences">', "##INFO=<ID=CSQ,Number=.>", ""],
)
def test_without_a_layout_nothing_is_guessed(header: str) -> None:
    assert read_formats(header) == {}
