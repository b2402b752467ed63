"""From annotations as they stand in INFO to rows of `genomics.consequence`, by DuckDB, a batch at a time."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

from contracts.schemas.genomics import CONSEQUENCE
from stores.lake_sql import literal, quote
from tasks.vcf.annotations.formats import read_formats, terms

if TYPE_CHECKING:
    import duckdb

_BATCH_ROWS = 20_000
_COLUMN = re.compile(r"info_(CSQ|ANN|BCSQ|LOF|NMD)_string(_list)?")


def parse_annotations(
    connection: duckdb.DuckDBPyConnection, headers: Mapping[int, str], columns: Sequence[str]
) -> Iterator[pa.RecordBatch]:
    """Rows of `genomics.consequence` with `_owner`, which is the file.

    Args:
        connection: with `genomics.variant`.
        headers: the files' headers by id.
        columns: of `genomics.variant`.
    """
    for column in columns:
        match = _COLUMN.fullmatch(column)
        if match is None:
            continue
        by_layout: dict[tuple[tuple[str, int], ...], list[int]] = defaultdict(list)
        for file_id, header in headers.items():
            if places := read_formats(header).get(match[1]):
                by_layout[tuple(sorted(places.items()))].append(file_id)
        for layout, file_ids in by_layout.items():
            sql = _query(column, match[1], bool(match[2]), dict(layout))
            reader = connection.sql(sql, params=[file_ids]).to_arrow_reader(_BATCH_ROWS)
            schema = pa.schema([*CONSEQUENCE, pa.field("_owner", pa.int64())])
            for batch in reader:
                table = pa.Table.from_batches([batch])
                yield from table.select(schema.names).cast(schema).to_batches()


def _query(column: str, annotator: str, listed: bool, places: Mapping[str, int]) -> str:
    """One row for each annotation of each record; parts that are empty or `.` are null.

    `@position` of bcftools csq is none: the compound change is told at the record that stands there.
    """
    texts = quote(column) if listed else f"string_split({quote(column)}, ',')"
    parts = {name: f"nullif(nullif(trim(parts[{place}]), ''), '.')" for name, place in places.items()}
    made = {
        "allele": parts.get("allele"),
        "allele_index": _allele_index(parts),
        "consequences": _terms(parts.get("consequences"))
        if annotator == "BCSQ"
        else _split(parts.get("consequences")),
        "frequency": _cast(parts.get("frequency"), "DOUBLE"),
        "is_canonical": parts["is_canonical"] + " = 'YES'" if "is_canonical" in parts else None,
        "hgvs_coding": _decoded(parts.get("hgvs_coding")),
        "hgvs_protein": _decoded(parts.get("hgvs_protein")),
    }
    fixed = {"record_id", "annotated_by", "consequence_index", "file_id", "variant_id"}
    columns = [
        f"{made.get(field.name, parts.get(field.name)) or 'NULL'} AS {quote(field.name)}"
        for field in CONSEQUENCE
        if field.name not in fixed
    ]
    return f"""
        SELECT record_id, {literal(annotator)} AS annotated_by, (place - 1)::INTEGER AS consequence_index, file_id,
            variant_id, {", ".join(columns)}, file_id AS _owner
        FROM (
            SELECT record_id, file_id, variant_id, reference, alternates, place,
                string_split(regexp_replace(texts[place], '^\\(|\\)$', '', 'g'), '|') AS parts
            FROM (
                SELECT record_id, file_id, variant_id, reference, alternates, texts,
                    unnest(generate_series(1, len(texts))) AS place
                FROM (
                    SELECT record_id, file_id, variant_id, reference, alternates, {texts} AS texts
                    FROM genomics.variant
                    WHERE file_id IN (SELECT unnest(?)) AND {quote(column)} IS NOT NULL
                )
            )
            WHERE texts[place] IS NOT NULL AND NOT starts_with(texts[place], '@')
        )"""


def _allele_index(parts: Mapping[str, str]) -> str | None:
    """Which alternate an annotation is of.

    VEP says so (ALLELE_NUM) or writes alleles without the base that all of the record's share where one is of another
    length than the reference, `-` where nothing is left; SnpEff writes them as they are.
    """
    found = [_cast(parts["allele_number"], "INTEGER")] if "allele_number" in parts else []
    if "allele" in parts:
        found.append(f"nullif(list_position(alternates, {parts['allele']}), 0)")
        found.append(f"""CASE WHEN len(list_filter(alternates, lambda a: a[1] <> reference[1])) = 0
            AND len(list_filter(alternates, lambda a: len(a) <> len(reference))) > 0
            THEN nullif(list_position(
                list_transform(alternates, lambda a: coalesce(nullif(a[2:], ''), '-')), {parts["allele"]}
            ), 0) END""")
    return f"coalesce({', '.join(str(one) for one in found)})" if found else None


def _split(part: str | None) -> str | None:
    return part and f"string_split({part}, '&')"


def _terms(part: str | None) -> str | None:
    """What bcftools csq writes, in the words of the Sequence Ontology; its `*` (behind a stop) goes."""
    cases = " ".join(f"WHEN {literal(written)} THEN {literal(term)}" for written, term in terms().items())
    return (
        part
        and f"""list_transform(string_split(ltrim({part}, '*'), '&'),
        lambda word: CASE word {cases} ELSE word END)"""
    )


def _cast(part: str | None, kind: str) -> str | None:
    return part and f"try_cast({part} AS {kind})"


def _decoded(part: str | None) -> str | None:
    """Percent-encoded characters (VCF 4.3, section 1.2) as they were: HGVS has many `=`."""
    return part and f"url_decode({part})"
