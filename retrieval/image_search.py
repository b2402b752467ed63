"""Search by a picture: the series whose images look like it, and the reports that tell of them."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from contracts.errors import Fatal
from retrieval.passages import flatten
from retrieval.search import Filters

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from contracts.protocols import Encoder
    from retrieval.reader import Reader

_IMAGES_A_SERIES = 8
_MOST_IMAGES = 50_000
_SNIPPET = 160
_ALL = Filters()


@dataclass(frozen=True)
class Report:
    """A report that tells of a series, and by what it is thought to (`imaging.link`)."""

    note_id: int
    date: dt.date | None
    title: str
    snippet: str
    basis: str


@dataclass(frozen=True)
class Near:
    """The nearest image of one series.

    Attributes:
        instance_id, series_id, study_id: what was found.
        person_id: whose it is; None for an image that belongs to nobody.
        date: of the study, as the profile keeps it.
        score: cosine similarity, 1 for the same picture.
        modality, body_part, description: as the header says, cleaned.
        object_key: of its de-identified file under the home's objects.
        images: how many images the series has.
        visit_occurrence_id: the visit in which it was made, where it is known.
        reports: those that tell of the series.
    """

    instance_id: int
    series_id: int
    study_id: int
    person_id: int | None
    date: dt.date | None
    score: float
    modality: str | None
    body_part: str | None
    description: str | None
    object_key: str | None
    images: int
    visit_occurrence_id: int | None
    reports: tuple[Report, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def search_near(
    reader: Reader,
    picture: NDArray[Any],
    encoder: Encoder,
    filters: Filters = _ALL,
    modality: str | None = None,
    k: int = 10,
) -> list[Near]:
    """The `k` series with the images nearest to a picture, nearest first; of each its nearest image.

    Args:
        reader: an open release.
        picture: grey or RGB, as `retrieval.pictures.read_picture` returns it.
        encoder: the image encoder whose vectors the release holds.
        filters: persons and dates; exact, and before ranking.
        modality: only images of it, a code of DICOM.
        k: how many series, 1 or more.

    Raises:
        Fatal: a wrong `k` or modality, or no vectors by this encoder in the release.
    """
    if k < 1:
        raise Fatal(f"{k} results were asked for", "k", "1 or more")
    vector = encoder.encode([picture])[0]
    depth = k * _IMAGES_A_SERIES
    while True:
        found = reader.search(
            "image",
            encoder,
            vector,
            None,
            persons=filters.person_ids,
            date_from=filters.date_from,
            date_to=filters.date_to,
            modality=modality,
            k=depth,
        ).to_pylist()
        told = _told_of(reader, [row["source_id"] for row in found])
        best: dict[int, dict[str, Any]] = {}
        for row in found:
            if row["source_id"] in told:
                best.setdefault(told[row["source_id"]]["series_id"], row)
        if len(best) >= k or len(found) < depth or depth >= _MOST_IMAGES:
            break
        depth *= 4  # a few long series took all places: look further down
    chosen = list(best.values())[:k]
    reports = _reports_of(reader, [told[row["source_id"]]["series_id"] for row in chosen])
    return [_near(row, told[row["source_id"]], reports) for row in chosen]


def _told_of(reader: Reader, instances: list[int]) -> dict[int, dict[str, Any]]:
    """What the index says of instances, by id."""
    if not instances or not reader.has("imaging.instance", "imaging.series"):
        return {}
    objects, visits = reader.has("imaging.object"), reader.has("omop.image_occurrence")
    key = "o.object_key" if objects else "NULL"
    visit = "v.visit_occurrence_id" if visits else "NULL"
    rows = reader.rows(
        f"""
        SELECT i.instance_id, i.series_id, i.study_id, i.person_id, i.study_date, i.modality,
            i.body_part_examined AS body_part, coalesce(i.series_description, i.study_description) AS description,
            s.number_of_instances AS images, {key} AS object_key, {visit} AS visit_occurrence_id
        FROM imaging.instance AS i
        JOIN imaging.series AS s ON s.series_id = i.series_id AND s.person_id IS NOT DISTINCT FROM i.person_id
        {"LEFT JOIN imaging.object AS o ON o.instance_id = i.instance_id" if objects else ""}
        {
            "LEFT JOIN omop.image_occurrence AS v ON v.series_id = i.series_id AND v.person_id = i.person_id"
            if visits
            else ""
        }
        WHERE list_contains(?, i.instance_id)""",
        [instances],
    )
    return {row["instance_id"]: row for row in rows}


def _reports_of(reader: Reader, series: list[int]) -> dict[tuple[int, int], list[Report]]:
    """The reports by series and person."""
    if not series or not reader.has("imaging.report_image", "omop.note"):
        return {}
    rows = reader.rows(
        """
        SELECT r.series_id, r.person_id, r.basis, n.note_id, n.note_date, n.note_title, n.note_text
        FROM imaging.report_image AS r
        JOIN omop.note AS n ON n.note_id = r.note_id AND n.person_id = r.person_id
        WHERE list_contains(?, r.series_id)
        ORDER BY n.note_date, n.note_id""",
        [series],
    )
    found: dict[tuple[int, int], list[Report]] = {}
    for row in rows:
        text = flatten(row["note_text"] or "")
        short = text if len(text) <= _SNIPPET else text[:_SNIPPET].rsplit(" ", 1)[0] + " …"
        report = Report(row["note_id"], row["note_date"], row["note_title"] or "", short, row["basis"])
        found.setdefault((row["series_id"], row["person_id"]), []).append(report)
    return found


def _near(row: dict[str, Any], told: dict[str, Any], reports: dict[tuple[int, int], list[Report]]) -> Near:
    return Near(
        instance_id=told["instance_id"],
        series_id=told["series_id"],
        study_id=told["study_id"],
        person_id=told["person_id"],
        date=told["study_date"],
        score=round(float(row["score"]), 6),
        modality=told["modality"],
        body_part=told["body_part"],
        description=told["description"],
        object_key=told["object_key"],
        images=told["images"],
        visit_occurrence_id=told["visit_occurrence_id"],
        reports=tuple(reports.get((told["series_id"], told["person_id"]), ())),
    )
