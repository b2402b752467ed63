"""Derive `genomics.suppressed`: the records that readers and exports do not see, by a home's choice.

It is made over the whole lake, since an allele stops being one person's alone when another carrier comes, and becomes
it when the last but one goes. Whoever opens the lake at the versions of a release that names this table sees the others
alone (`stores/lake_sql.py`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pyarrow as pa

from contracts.protocols import Receipt
from contracts.schemas.genomics import SUPPRESSED
from stores.lake import Lake
from stores.lake_sql import HIDDEN, quote
from tasks.deriving import Derived, write_derived
from tasks.vcf.annotations.genes import TOLD_COLUMN, gene_pattern
from tasks.vcf.contigs import harmonise_contig
from tasks.vcf.release.policy import Suppression

if TYPE_CHECKING:
    import duckdb

VERSION = 1
"""A change of the rules works everything out again."""
_MADE_FROM = "made_from"
_BATCH_ROWS = 20_000
_INPUTS = (
    "genomics.file",
    "genomics.sample",
    "genomics.variant",
    "genomics.call",
    "genomics.reference_block",
    "genomics.variant_quality",
    "genomics.consequence",
)
_MATE = re.compile(r"[\[\]](.+):(\d+)[\[\]]")
_MOST_COPIES = 8
"""No genome has more copies of a place, but for what is not told by genotypes."""


def derive_suppressed(lake: Lake, policy: Suppression, round_no: int) -> Derived | None:
    """Bring the table up to date; None where nothing is hidden, or there is nothing to hide.

    Raises:
        Fatal: a BED file of the policy is not there, or wrong.
    """
    if not policy.is_asked or "genomics.variant" not in lake.tables():
        return None
    basis = _basis(lake, policy)
    if lake.last_fact(HIDDEN, _MADE_FROM) == basis:
        return Derived(HIDDEN, lake.rows(HIDDEN), Receipt(HIDDEN, lake.version(HIDDEN) or 0, False))
    with lake.connect() as connection:
        receipt = write_derived(lake, HIDDEN, _rows(connection, lake, policy), round_no, basis)
    return Derived(HIDDEN, lake.rows(HIDDEN), receipt)


def is_up_to_date(lake: Lake, policy: Suppression) -> bool:
    """Whether the table says of the lake, as it stands, what the policy hides."""
    return lake.last_fact(HIDDEN, _MADE_FROM) == _basis(lake, policy)


def _basis(lake: Lake, policy: Suppression) -> str:
    versions = [f"{name}={lake.content_version(name)}" for name in _INPUTS]
    return hashlib.sha256("\n".join([str(VERSION), policy.digest(), *versions]).encode()).hexdigest()[:32]


def _rows(connection: duckdb.DuckDBPyConnection, lake: Lake, policy: Suppression) -> Iterator[pa.RecordBatch]:
    """Rows of `SUPPRESSED`; a record has one for each reason."""
    present = set(lake.tables())
    blocks = "genomics.reference_block" in present
    queries = []
    if policy.singletons and {"genomics.call", "genomics.sample", "genomics.variant_quality"} <= present:
        queries.append(_SINGLETONS)
    if policy.by_place:
        connection.register("hidden_region", policy.read_regions())
        connection.register(
            "hidden_assembly", pa.table({"assembly": pa.array(sorted(policy.regions), pa.string())})
        )
        connection.register("hidden_mate", _mates(connection))
        _find_told(connection, lake, policy, "genomics.consequence" in present)
        queries += [_REGIONS, "SELECT record_id, file_id, 'gene' FROM in_gene", _NOT_TOLD]
    connection.execute(f"CREATE TEMP VIEW record AS {_RECORDS}{_BLOCKS if blocks else ''}")
    if not queries:
        return
    names = ", ".join(SUPPRESSED.names)
    for query in queries:
        reader = connection.sql(f"SELECT * FROM ({query}) AS found({names})").to_arrow_reader(_BATCH_ROWS)
        for batch in reader:
            yield from pa.Table.from_batches([batch]).cast(SUPPRESSED).to_batches()


_RECORDS = """
    SELECT record_id, file_id, assembly, contig,
        least(position, coalesce(list_min(allele_positions), position)) AS first,
        greatest(position, end_position) AS last
    FROM genomics.variant"""
_BLOCKS = """
    UNION ALL
    SELECT record_id, file_id, assembly, contig, position, greatest(position, end_position)
    FROM genomics.reference_block"""

_SINGLETONS = f"""
    WITH carriers AS (
        SELECT file_id, list(coalesce(person_id, sample_id) ORDER BY sample_index) AS whose
        FROM genomics.sample GROUP BY file_id
    ),
    most AS (
        SELECT {_MOST_COPIES} * coalesce(max(samples), 1) AS copies FROM (
            SELECT count(*) AS samples FROM genomics.sample GROUP BY file_id, coalesce(person_id, sample_id)
        )
    ),
    allele AS (
        -- of symbolic alleles the length is not in their id
        SELECT v.record_id, v.file_id, v.allele_ids[place] AS allele_id,
            CASE WHEN starts_with(v.alternates[place], '<') THEN v.end_position END AS reach,
            -- what so many copies are of has several carriers: who they are need not be looked up
            CASE WHEN q.allele_counts[place] > most.copies THEN [0, 1]
            ELSE list_distinct(list_filter(list_transform(c.genotype,
                lambda call, sample: CASE WHEN list_contains(call, place::SMALLINT) THEN w.whose[sample] END
            ), lambda one: one IS NOT NULL)) END AS who
        FROM (
            SELECT record_id, file_id, allele_ids, alternates, end_position,
                unnest(generate_series(1, len(allele_ids))) AS place
            FROM genomics.variant
        ) AS v
        JOIN genomics.variant_quality AS q USING (record_id)
        JOIN genomics.call AS c USING (record_id)
        JOIN carriers AS w ON w.file_id = v.file_id
        CROSS JOIN most
        WHERE q.allele_counts[place] > 0
    )
    SELECT DISTINCT record_id, file_id, 'singleton' FROM allele SEMI JOIN (
        SELECT allele_id, coalesce(reach, 0) AS reach FROM allele WHERE len(who) > 0
        GROUP BY allele_id, coalesce(reach, 0) HAVING max(len(who)) = 1 AND min(who[1]) = max(who[1])
    ) AS lone ON lone.allele_id = allele.allele_id AND lone.reach = coalesce(allele.reach, 0)"""

_REGIONS = """
    SELECT DISTINCT r.record_id, r.file_id, 'region' FROM (
        SELECT * FROM record
        UNION ALL
        SELECT m.record_id, m.file_id, m.assembly, m.contig, m.position, m.position FROM hidden_mate AS m
    ) AS r
    JOIN hidden_region AS h
        ON h.assembly = r.assembly AND h.contig = r.contig AND h.first <= r.last AND h.last >= r.first"""

_NOT_TOLD = """
    SELECT record_id, file_id, 'not-told' FROM record
    WHERE (assembly IS NULL OR assembly NOT IN (SELECT assembly FROM hidden_assembly))
        AND file_id NOT IN (SELECT file_id FROM tells_genes)"""
"""Records of files of which neither regions (of their assembly) nor genes (by annotations) can say where they are."""


def _mates(connection: duckdb.DuckDBPyConnection) -> pa.Table:
    """Where the mates of breakends are (VCF 4.5, section 5.4)."""
    found = connection.execute(
        """SELECT record_id, file_id, assembly, unnest(alternates) AS alternate FROM genomics.variant
        WHERE len(list_filter(alternates, lambda a: contains(a, '[') OR contains(a, ']'))) > 0"""
    ).fetchall()
    rows = [
        {
            "record_id": record,
            "file_id": file,
            "assembly": assembly,
            "contig": harmonise_contig(match[1].strip("<>")),
            "position": int(match[2]),
        }
        for record, file, assembly, alternate in found
        if (match := _MATE.search(alternate))
    ]
    kinds = {"record_id": pa.int64(), "file_id": pa.int64(), "assembly": pa.string(), "contig": pa.string()}
    return pa.Table.from_pylist(rows, pa.schema({**kinds, "position": pa.int64()}))


def _find_told(
    connection: duckdb.DuckDBPyConnection, lake: Lake, policy: Suppression, annotated: bool
) -> None:
    """Make `tells_genes`, the files that say which genes their records are in, and `in_gene`, the records of the
    policy's genes. Without a list of genes no file tells any."""
    told, inside = (
        ["SELECT NULL::BIGINT AS file_id WHERE false"],
        ["SELECT NULL::BIGINT AS record_id, NULL::BIGINT AS file_id WHERE false"],
    )
    columns = [name for name in lake.schema("genomics.variant").names if TOLD_COLUMN.fullmatch(name)]
    if policy.genes:
        names = [gene.lower() for gene in policy.genes]
        connection.register("hidden_gene", pa.table({"name": pa.array(names, pa.string())}))
        connection.register("hidden_pattern", pa.table({"pattern": [gene_pattern(names)]}))
        for column in columns:
            told.append(f"SELECT file_id FROM genomics.variant WHERE {quote(column)} IS NOT NULL")
            inside.append(
                f"SELECT record_id, file_id FROM genomics.variant, hidden_pattern AS p "
                f"WHERE regexp_matches({quote(column)}::VARCHAR, p.pattern)"
            )
        if annotated:
            told.append(
                "SELECT file_id FROM genomics.consequence WHERE coalesce(gene_symbol, gene_id) IS NOT NULL"
            )
            inside.append(_ANNOTATED)
    connection.execute(f"CREATE TEMP TABLE tells_genes AS {' UNION '.join(told)}")
    connection.execute(f"CREATE TEMP TABLE in_gene AS {' UNION '.join(inside)}")


_ANNOTATED = """
    SELECT record_id, file_id FROM genomics.consequence
    WHERE lower(gene_symbol) IN (SELECT name FROM hidden_gene) OR lower(gene_id) IN (SELECT name FROM hidden_gene)
        OR split_part(lower(gene_id), '.', 1) IN (SELECT name FROM hidden_gene)"""
