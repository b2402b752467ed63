"""Search: notes by meaning and by words, series of images by what their headers say."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from contracts.errors import Fatal
from retrieval.modalities import names_of
from retrieval.passages import snippet_of, words_of
from retrieval.reader import Reader

if TYPE_CHECKING:
    from contracts.protocols import Encoder

KINDS = ("note", "image")
_CHUNKS_A_NOTE = 4
_MOST_CHUNKS = 20_000


@dataclass(frozen=True)
class Hit:
    """One note or series that was found.

    Attributes:
        kind: "note" or "image".
        id: note_id or series_id.
        person_id: whose it is; None for an image that belongs to nobody.
        date: as the profile keeps it.
        score: the higher, the better; comparable within one search only.
        title: the note's title, or modality and body part.
        snippet: the best passage of the note, or the size of the series.
    """

    kind: str
    id: int
    person_id: int | None
    date: dt.date | None
    score: float
    title: str
    snippet: str

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


@dataclass(frozen=True)
class Filters:
    """What must hold of every hit: exact, and before ranking.

    Attributes:
        person_ids: only these persons; None for all.
        date_from: this date or later.
        date_to: this date or earlier.
    """

    person_ids: Sequence[int] | None = None
    date_from: dt.date | None = None
    date_to: dt.date | None = None


def search_notes(
    reader: Reader,
    query: str,
    encoder: Encoder,
    filters: Filters = Filters(),
    k: int = 10,
) -> list[Hit]:
    """The `k` best notes, best first: nearest vectors and full text, fused by reciprocal rank (RRF).

    Several chunks of one note count once, by the best of them, which gives the snippet.

    Args:
        reader: an open release.
        query: words or a question.
        encoder: the text encoder whose vectors the release holds.
        filters: persons and dates.
        k: how many notes, 1 or more.

    Raises:
        Fatal: an empty query, a wrong `k`, or no vectors by this encoder in the release.
    """
    _check(query, k)
    vector = encoder.encode([query])[0]
    depth = k * _CHUNKS_A_NOTE
    while True:
        chunks = reader.search(
            "note",
            encoder,
            vector,
            query,
            persons=filters.person_ids,
            date_from=filters.date_from,
            date_to=filters.date_to,
            k=depth,
        ).to_pylist()
        best: dict[int, dict[str, Any]] = {}
        for chunk in chunks:
            best.setdefault(chunk["source_id"], chunk)
        if len(best) >= k or len(chunks) < depth or depth >= _MOST_CHUNKS:
            return [_note_hit(chunk, query) for chunk in list(best.values())[:k]]
        depth *= 4  # a few long notes took all places: look further down


def search_images(
    reader: Reader,
    query: str,
    filters: Filters = Filters(),
    k: int = 10,
) -> list[Hit]:
    """The `k` series whose modality, body part, maker or type say most of the query's words.

    Score: the share of the query's words that the series' headers say. A series without any is no hit.

    Raises:
        Fatal: an empty query or a wrong `k`.
    """
    _check(query, k)
    if not reader.has("imaging.instance"):
        return []
    wanted = words_of(query)
    hits = []
    for row in reader.rows(*_series_query(filters)):
        said = words_of(" ".join(str(v) for v in (*names_of(row["modality"]), row["says"]) if v))
        score = len(wanted & said) / len(wanted)
        if score:
            hits.append(_image_hit(row, score))
    hits.sort(key=lambda h: (-h.score, -(h.date or dt.date.min).toordinal(), h.id))
    return hits[:k]


def _series_query(filters: Filters) -> tuple[str, list[Any]]:
    where, parameters = ["true"], list[Any]()
    if filters.person_ids is not None:
        where.append("list_contains(?, person_id)")
        parameters.append(list(filters.person_ids))
    for value, operator in ((filters.date_from, ">="), (filters.date_to, "<=")):
        if value is not None:
            where.append(f"study_date {operator} ?")
            parameters.append(value)
    query = f"""
        SELECT series_id, person_id, min(study_date) AS study_date, any_value(modality) AS modality,
            any_value(body_part_examined) AS body_part, count(*) AS instances,
            sum(coalesce(number_of_frames, 1)) AS frames,
            any_value(concat_ws(' ', modality, body_part_examined, laterality, manufacturer,
                manufacturer_model_name, array_to_string(image_type, ' '))) AS says
        FROM imaging.instance WHERE {" AND ".join(where)} GROUP BY series_id, person_id"""
    return query, parameters


def _check(query: str, k: int) -> None:
    if not words_of(query):
        raise Fatal("there is nothing to search for", "query", "one word or more")
    if k < 1:
        raise Fatal(f"{k} results were asked for", "k", "1 or more")


def _note_hit(chunk: dict[str, Any], query: str) -> Hit:
    return Hit(
        kind="note",
        id=chunk["source_id"],
        person_id=chunk["person_id"],
        date=chunk["date"],
        score=round(float(chunk["score"]), 6),
        title=chunk["title"] or "",
        snippet=snippet_of(chunk["text"] or "", query),
    )


def _image_hit(row: dict[str, Any], score: float) -> Hit:
    return Hit(
        kind="image",
        id=row["series_id"],
        person_id=row["person_id"],
        date=row["study_date"],
        score=round(score, 6),
        title=" ".join(word for word in (row["modality"], row["body_part"]) if word),
        snippet=f"{_counted(row['instances'], 'instance')}, {_counted(int(row['frames']), 'frame')}",
    )


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' * (count != 1)}"
