"""Whether an identifier of the invented people stands anywhere in the release: in notes, in any text of any table."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from retrieval.reader import Reader

NOTES = "omop.note"


@dataclass(frozen=True)
class Searched:
    """What was looked through, and what was found.

    Attributes:
        notes: how many notes there are.
        leaky: how many of them hold an identifier.
        texts: how many distinct texts the columns of all tables hold.
        held: how many of them hold an identifier.
        where: the columns in which they stand.
    """

    notes: int
    leaky: int
    texts: int
    held: int
    where: tuple[str, ...] = ()


def identifier_pattern(identifiers: Iterable[str]) -> re.Pattern[str] | None:
    """Finds any of them as a whole token in case-folded text; None where there are none."""
    words = sorted({text.casefold() for text in identifiers if text}, key=len, reverse=True)
    return re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, words)) + r")(?!\w)") if words else None


def search_identifiers(reader: Reader, identifiers: Iterable[str]) -> Searched:
    """Look for identifiers as whole tokens, case-folded, in every text of the release's tables."""
    pattern = identifier_pattern(identifiers)

    def found(text: str) -> bool:
        return pattern is not None and pattern.search(text.casefold()) is not None

    notes = (
        [row["note_text"] for row in reader.rows("SELECT note_text FROM omop.note")]
        if reader.has(NOTES)
        else []
    )
    texts = held = 0
    where = []
    for table in sorted(reader.release.tables):
        for column in _text_columns(reader, table):
            values = reader.rows(
                f'SELECT DISTINCT "{column}"::VARCHAR AS text FROM {table} WHERE "{column}" IS NOT NULL'
            )
            hits = sum(found(row["text"]) for row in values)
            texts, held = texts + len(values), held + hits
            where += [f"{table}.{column}"] if hits else []
    return Searched(len(notes), sum(map(found, notes)), texts, held, tuple(where))


def _text_columns(reader: Reader, table: str) -> list[str]:
    """Columns of text, and of lists of texts."""
    schema = reader.lake.schema(table, reader.release.tables[table])
    return [field.name for field in schema if "string" in str(field.type) and field.name[0] != "_"]
