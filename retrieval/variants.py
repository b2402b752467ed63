"""A person's variants: what differs from the reference, those with a gene or a name first.

Calls are lists with one entry a sample, in the order of `genomics.sample.sample_index`. What an export says of a
variant beyond the fixed columns lies in columns `info_*`, other ones in each home: genes are looked for where
common annotators put them (VEP's CSQ, SnpEff's ANN, dbSNP's GENEINFO, or a field named after genes).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from retrieval.reader import Reader
from stores.lake_sql import quote
from tasks.vcf.annotations.genes import GENE_COLUMN

_NEEDED = ("genomics.sample", "genomics.variant", "genomics.call")
_CSQ_FORMAT = re.compile(r'##INFO=<ID=CSQ,[^\n]*Format: *([^">\n]+)', re.IGNORECASE)
_ANN_GENE = 3
"""Gene_Name is the fourth subfield of ANN (variant annotations in VCF format 1.0)."""


@dataclass(frozen=True)
class Variant:
    """One variant that one sample of the person carries.

    Attributes:
        record_id: of the row in `genomics.variant`.
        contig: chromosome.
        position: 1-based.
        reference: reference allele.
        alternates: the alternate alleles.
        genotype: as in VCF: `0/1`, `1|1`; `.` for a missing allele.
        genes: genes that the export names.
        identifiers: names (dbSNP).
        passed: whether no filter speaks against it; None where filters were not applied.
    """

    record_id: int
    contig: str
    position: int
    reference: str
    alternates: tuple[str, ...]
    genotype: str
    genes: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()
    passed: bool | None = None


@dataclass(frozen=True)
class VariantSummary:
    """A person's variants.

    Attributes:
        samples: how many samples are the person's.
        calls: how many records have a call of one of them.
        total: how many of these differ from the reference, a record and sample counted once.
        listed: those with a gene or a name first, else in order of contig and position.
    """

    samples: int = 0
    calls: int = 0
    total: int = 0
    listed: tuple[Variant, ...] = field(default=(), repr=False)


def summarise_variants(reader: Reader, person_id: int, most: int | None = 20) -> VariantSummary:
    """The person's variants, at most `most` of them listed (all for None)."""
    if not reader.has(_NEEDED[0]):
        return VariantSummary()
    samples = reader.rows(
        "SELECT count(DISTINCT sample_id) AS n FROM genomics.sample WHERE person_id = ?", [person_id]
    )
    if not samples[0]["n"] or not reader.has(*_NEEDED):
        return VariantSummary(samples[0]["n"])
    counted = reader.rows(
        f"{_MINE} SELECT count(*) AS calls, count(*) FILTER (WHERE differs) AS total FROM mine", [person_id]
    )
    summary = VariantSummary(samples[0]["n"], counted[0]["calls"], counted[0]["total"])
    if not summary.total:
        return summary
    columns = [name for name in reader.columns("genomics.variant") if GENE_COLUMN.fullmatch(name)]
    listed = tuple(
        _variant(row, columns, _csq_places(reader)) for row in _carried(reader, person_id, columns, most)
    )
    return VariantSummary(summary.samples, summary.calls, summary.total, listed)


_MINE = """
    WITH mine AS (
        SELECT c.record_id, c.file_id,
            c.genotype[s.sample_index + 1] AS alleles,
            c.phased[s.sample_index + 1] AS phased,
            coalesce(list_max(c.genotype[s.sample_index + 1]) > 0, false) AS differs
        FROM genomics.call AS c
        JOIN (SELECT DISTINCT file_id, sample_index FROM genomics.sample WHERE person_id = ?) AS s USING (file_id)
        WHERE c.genotype[s.sample_index + 1] IS NOT NULL
    )"""


def _carried(reader: Reader, person_id: int, genes: list[str], most: int | None) -> list[dict[str, Any]]:
    named = " OR ".join([f"v.{quote(g)} IS NOT NULL" for g in genes] + ["len(v.identifiers) > 0"])
    extra = "".join(f", v.{quote(g)}" for g in genes)
    query = f"""{_MINE}
        SELECT v.record_id, v.file_id, v.contig, v.position, v.reference, v.alternates, v.identifiers, v.filters,
            m.alleles, m.phased{extra}
        FROM mine AS m JOIN genomics.variant AS v USING (record_id)
        WHERE m.differs
        ORDER BY coalesce({named}, false) DESC, length(regexp_replace(v.contig, '^chr', '')), v.contig, v.position,
            v.record_id"""
    return reader.rows(query if most is None else f"{query} LIMIT {int(most)}", [person_id])


def _variant(row: dict[str, Any], genes: list[str], csq: dict[int, int]) -> Variant:
    found = [gene for column in genes for gene in _genes(column, row[column], csq.get(row["file_id"]))]
    return Variant(
        record_id=row["record_id"],
        contig=row["contig"],
        position=row["position"],
        reference=row["reference"],
        alternates=tuple(row["alternates"]),
        genotype=("|" if row["phased"] else "/").join("." if a is None else str(a) for a in row["alleles"]),
        genes=tuple(dict.fromkeys(found)),
        identifiers=tuple(row["identifiers"] or ()),
        passed=None if row["filters"] is None else not row["filters"],
    )


def _genes(column: str, value: Any, csq: int | None) -> list[str]:
    """The genes that one field names."""
    texts = [str(v) for v in (value if isinstance(value, list) else [value]) if v is not None]
    kind = column.lower().removeprefix("info_").split("_")[0]
    if kind == "geneinfo":  # SYMBOL:entrez|SYMBOL:entrez
        parts = [piece.partition(":")[0] for text in texts for piece in text.split("|")]
    elif kind in {"csq", "ann"}:
        place = _ANN_GENE if kind == "ann" else csq
        split = [text.split("|") for text in texts]
        parts = [] if place is None else [fields[place] for fields in split if len(fields) > place]
    else:
        parts = [piece for text in texts for piece in re.split(r"[,|&]", text)]
    return [part.strip() for part in parts if part.strip() not in {"", "."}]


def _csq_places(reader: Reader) -> dict[int, int]:
    """Where CSQ holds the gene's symbol, by file: its header says so."""
    places = {}
    if reader.has("genomics.file"):
        for row in reader.rows("SELECT file_id, header FROM genomics.file"):
            match = _CSQ_FORMAT.search(row["header"])
            names = [name.strip().upper() for name in match.group(1).split("|")] if match else []
            if "SYMBOL" in names:
                places[row["file_id"]] = names.index("SYMBOL")
    return places
