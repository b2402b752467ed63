"""Search variants by region, gene or name, consequence and frequency, sample or person.

Regions are compared on harmonised contig names; files are told apart by assembly. Lake files carry the least and the
most of each column, so that a region opens those alone that may hold it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from contracts.errors import Fatal, Usage
from retrieval.reader import Reader
from stores.lake_sql import quote
from tasks.vcf.annotations.genes import GENE_COLUMN, gene_pattern
from tasks.vcf.contigs import harmonise_contig

_REGION = re.compile(r"([\w.\-*]+):([\d,]+)(?:-([\d,]+))?")
_CONTIG = re.compile(r"(?:chr)?(?:[1-9]|1\d|2[0-2]|X|Y|M|MT)", re.IGNORECASE)
_NAME = re.compile(r"(?:rs|ss|esv|nsv|COSV|COSM|CA)\d+|RCV\d+|VCV\d+", re.IGNORECASE)
IMPACTS = ("HIGH", "MODERATE", "LOW", "MODIFIER")


@dataclass(frozen=True)
class VariantQuery:
    """What is looked for; all that is given must hold.

    Attributes:
        contig: harmonised; with `start` and `end`, 1-based, both included: records that overlap.
        gene: symbol or id, as an annotator or the export's own field has it.
        identifier: a name such as dbSNP's.
        consequence: a term of the Sequence Ontology ("missense_variant") or an impact ("HIGH").
        max_frequency: at most so frequent in the population that an annotator looked up, else in the files' samples.
        person_ids: carried by one of them.
        sample_ids: carried by one of them.
        assembly: called against it.
    """

    contig: str | None = None
    start: int = 0
    end: int = 1 << 62
    gene: str | None = None
    identifier: str | None = None
    consequence: str | None = None
    max_frequency: float | None = None
    person_ids: Sequence[int] = ()
    sample_ids: Sequence[int] = ()
    assembly: str | None = None


@dataclass(frozen=True)
class Carrier:
    """A sample that carries a variant: its id, whose it is, and its genotype as VCF writes it."""

    sample_id: int
    person_id: int | None
    genotype: str


@dataclass(frozen=True)
class FoundVariant:
    """One variant that was found: the same place and alleles, in however many files.

    Attributes:
        variant_id: the same in every file.
        record_ids: of the rows in `genomics.variant`.
        assembly: what positions refer to; None where it is unknown.
        contig: harmonised.
        position: 1-based.
        end_position: 1-based, included; tells symbolic alleles of one place apart.
        reference: reference allele.
        alternates: the others.
        identifiers: names.
        genes: symbols, of annotations.
        consequences: terms, of annotations.
        impact: the gravest.
        proteins: changes of proteins, as HGVS has them, of annotations.
        frequency: the rarest carried alternate's, of the population or else of the files; None where neither is known.
        frequency_of: "population" or "files"; None without one.
        carriers: samples that carry an alternate; none where the release holds no genotypes.
    """

    variant_id: int
    record_ids: tuple[int, ...]
    assembly: str | None
    contig: str
    position: int
    end_position: int
    reference: str
    alternates: tuple[str, ...]
    identifiers: tuple[str, ...]
    genes: tuple[str, ...]
    consequences: tuple[str, ...]
    impact: str | None
    proteins: tuple[str, ...]
    frequency: float | None
    frequency_of: str | None
    carriers: tuple[Carrier, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def read_query(text: str, **others: Any) -> VariantQuery:
    """From words to a query: `chr17:43044295-43125364`, `17:43124027`, `chr21`, `rs6025`, or a gene.

    Args:
        text: the words; empty where the other criteria are enough.
        others: further attributes of `VariantQuery`.

    Raises:
        Usage: a region that ends before it begins.
    """
    text = text.strip()
    if not text:
        return VariantQuery(**others)
    if match := _REGION.fullmatch(text):
        start = int(match[2].replace(",", ""))
        end = int(match[3].replace(",", "")) if match[3] else start
        if end < start:
            raise Usage("the region ends before it begins", text, "chr17:43044295-43125364")
        return VariantQuery(harmonise_contig(match[1]), start, end, **others)
    if _CONTIG.fullmatch(text):
        return VariantQuery(harmonise_contig(text), **others)
    if _NAME.fullmatch(text):
        return VariantQuery(identifier=text, **others)
    return VariantQuery(gene=text, **others)


def search_variants(reader: Reader, query: VariantQuery, most: int = 20) -> list[FoundVariant]:
    """The variants that fit, in order of assembly, contig and position; each once, whatever files it is in.

    Raises:
        Fatal: the release holds no variants, or no genotypes where persons or samples are asked for.
    """
    if not reader.has("genomics.variant"):
        raise Fatal(
            "the release holds no variants", reader.place, "read VCF, or see setting genomics.release"
        )
    if (query.person_ids or query.sample_ids) and not reader.has("genomics.call", "genomics.sample"):
        raise Fatal("the release holds no genotypes", reader.place, "see setting genomics.release")
    conditions, parameters = _conditions(reader, query)
    population, counted = _frequencies(reader)
    rare = [] if query.max_frequency is None else [query.max_frequency]
    rows = reader.rows(
        f"""SELECT v.variant_id, v.assembly, v.contig, v.position, v.end_position, v.reference, v.alternates,
            list(v.record_id ORDER BY v.record_id) AS records,
            list_sort(list_distinct(flatten(list(coalesce(v.identifiers, []))))) AS identifiers,
            {population} AS population, {counted} AS counted
        FROM genomics.variant AS v {_joins(reader)}
        WHERE {" AND ".join(conditions) or "true"}
        GROUP BY v.variant_id, v.assembly, v.contig, v.position, v.end_position, v.reference, v.alternates
        HAVING {"coalesce(population, counted) <= ?" if rare else "true"}
        ORDER BY v.assembly, length(v.contig), v.contig, v.position, v.variant_id LIMIT {int(most)}""",
        [*parameters, *rare],
    )
    of_record = {record: row["records"][0] for row in rows for record in row["records"]}
    told, carriers = _annotations(reader, of_record), _carriers(reader, of_record, query)
    return [_found(row, told.get(row["records"][0], []), carriers.get(row["records"][0], ())) for row in rows]


_QUALITY, _CONSEQUENCE = "genomics.variant_quality", "genomics.consequence"
_NO_ALLELES = "('<NON_REF>', '<*>', '*', '.')"
"""Alternates that are nobody's (VCF 4.5, sections 1.6.1 and 5.5)."""
_CARRIES = """v.record_id IN (
    SELECT c.record_id FROM genomics.call AS c JOIN genomics.sample AS s USING (file_id)
    WHERE s.{column} IN (SELECT unnest(?)) AND list_max(c.genotype[s.sample_index + 1]) > 0)"""


def _conditions(reader: Reader, query: VariantQuery) -> tuple[list[str], list[Any]]:
    """What must hold of `v`, and the values of its placeholders."""
    found: list[tuple[str, list[Any]]] = []
    if query.contig is not None:
        place = "v.contig = ? AND v.position <= ? AND v.end_position >= ?"
        found.append((place, [query.contig, query.end, query.start]))
    if query.assembly is not None:
        found.append(("v.assembly = ?", [query.assembly]))
    if query.identifier is not None:
        names = "list_contains(list_transform(v.identifiers, lambda name: lower(name)), ?)"
        found.append((names, [query.identifier.lower()]))
    if query.gene is not None:
        found.append(_names_gene(reader, query.gene))
    if query.consequence is not None:
        found.append(_has_consequence(reader, query.consequence))
    for column, ids in (("person_id", query.person_ids), ("sample_id", query.sample_ids)):
        if ids:
            found.append((_CARRIES.format(column=column), [list(ids)]))
    return [text for text, _ in found], [value for _, values in found for value in values]


def _names_gene(reader: Reader, gene: str) -> tuple[str, list[Any]]:
    """By annotations, and by fields of the export that name genes."""
    texts, values = ["false"], list[Any]()
    if reader.has(_CONSEQUENCE):
        texts.append(
            "v.record_id IN (SELECT record_id FROM genomics.consequence WHERE lower(gene_symbol) = ? "
            "OR split_part(lower(gene_id), '.', 1) = ?)"
        )
        values += [gene.lower(), gene.lower().split(".")[0]]
    pattern = gene_pattern([gene])
    for column in reader.columns("genomics.variant"):
        if (match := GENE_COLUMN.fullmatch(column)) and match[1].lower() not in {"csq", "ann"}:
            texts.append(f"regexp_matches(v.{quote(column)}::VARCHAR, ?)")
            values.append(pattern)
    return f"coalesce({' OR '.join(texts)}, false)", values


def _has_consequence(reader: Reader, consequence: str) -> tuple[str, list[Any]]:
    if not reader.has(_CONSEQUENCE):
        fix = "annotate the export with VEP, SnpEff or bcftools csq"
        raise Fatal("the release holds no consequences", reader.place, fix)
    if consequence.upper() in IMPACTS:
        text, value = "impact = ?", consequence.upper()
    else:
        text, value = "list_contains(consequences, ?)", consequence
    return f"v.record_id IN (SELECT record_id FROM genomics.consequence WHERE {text})", [value]


def _joins(reader: Reader) -> str:
    joins = []
    if reader.has(_QUALITY):
        joins.append(f"LEFT JOIN {_QUALITY} AS q USING (record_id)")
    if reader.has(_CONSEQUENCE):
        told = f"SELECT record_id, min(frequency) AS frequency FROM {_CONSEQUENCE} GROUP BY record_id"
        joins.append(f"LEFT JOIN ({told}) AS a USING (record_id)")
    return " ".join(joins)


def _frequencies(reader: Reader) -> tuple[str, str]:
    """Over the records of one variant: the rarest that annotations looked up, and what is counted in all files."""
    population = "min(a.frequency)" if reader.has(_CONSEQUENCE) else "NULL::DOUBLE"
    if not reader.has(_QUALITY):
        return population, "NULL::DOUBLE"
    added = """list_reduce(list(q.allele_counts) FILTER (q.allele_counts IS NOT NULL),
        lambda one, other: list_transform(list_zip(one, other), lambda two: two[1] + two[2]))"""
    carried = f"list_filter(list_zip({added}, v.alternates), lambda two: two[1] > 0 AND two[2] NOT IN {_NO_ALLELES})"
    fewest = f"coalesce(list_min(list_transform({carried}, lambda two: two[1])), 0)"
    return population, f"CASE WHEN sum(q.allele_number) > 0 THEN {fewest} / sum(q.allele_number) END"


def _annotations(reader: Reader, of_record: Mapping[int, int]) -> dict[int, list[dict[str, Any]]]:
    """By the first record of each variant, those of all its records."""
    found: dict[int, list[dict[str, Any]]] = {}
    if of_record and reader.has(_CONSEQUENCE):
        query = """SELECT record_id, gene_symbol, consequences, hgvs_protein, impact FROM genomics.consequence
            WHERE record_id IN (SELECT unnest(?)) ORDER BY record_id, annotated_by, consequence_index"""
        for row in reader.rows(query, [list(of_record)]):
            found.setdefault(of_record[row["record_id"]], []).append(row)
    return found


def _carriers(
    reader: Reader, of_record: Mapping[int, int], query: VariantQuery
) -> dict[int, tuple[Carrier, ...]]:
    """Who carries each variant, by its first record; where persons or samples were asked for, these alone."""
    if not of_record or not reader.has("genomics.call", "genomics.sample"):
        return {}
    rows = reader.rows(
        """SELECT c.record_id, s.sample_id, s.person_id, c.genotype[s.sample_index + 1] AS alleles,
            c.phased[s.sample_index + 1] AS phased
        FROM genomics.call AS c JOIN genomics.sample AS s USING (file_id)
        WHERE c.record_id IN (SELECT unnest(?)) AND list_max(c.genotype[s.sample_index + 1]) > 0
        ORDER BY c.record_id, s.sample_index""",
        [list(of_record)],
    )
    found: dict[int, dict[int, Carrier]] = {}
    for row in rows:
        asked = not query.person_ids or row["person_id"] in query.person_ids
        if asked and (not query.sample_ids or row["sample_id"] in query.sample_ids):
            told = ("|" if row["phased"] else "/").join("." if a is None else str(a) for a in row["alleles"])
            carrier = Carrier(row["sample_id"], row["person_id"], told)
            found.setdefault(of_record[row["record_id"]], {})[row["sample_id"]] = carrier
    return {variant: tuple(carriers.values()) for variant, carriers in found.items()}


def _found(
    row: dict[str, Any], told: Sequence[Mapping[str, Any]], carriers: tuple[Carrier, ...]
) -> FoundVariant:
    impacts = {one["impact"] for one in told}
    frequency, told_by = row["population"], "population"
    if frequency is None:
        frequency, told_by = row["counted"], "files"
    return FoundVariant(
        variant_id=row["variant_id"],
        record_ids=tuple(row["records"]),
        assembly=row["assembly"],
        contig=row["contig"],
        position=row["position"],
        end_position=row["end_position"],
        reference=row["reference"],
        alternates=tuple(row["alternates"]),
        identifiers=tuple(row["identifiers"] or ()),
        genes=_distinct(one["gene_symbol"] for one in told),
        consequences=_distinct(term for one in told for term in one["consequences"] or ()),
        impact=next((impact for impact in IMPACTS if impact in impacts), None),
        proteins=_distinct(one["hgvs_protein"] for one in told),
        frequency=frequency,
        frequency_of=None if frequency is None else told_by,
        carriers=carriers,
    )


def _distinct(values: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(sorted({value for value in values if value}))
