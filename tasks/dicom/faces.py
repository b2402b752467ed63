"""Series from which a face can be rebuilt: CT, MR or PET of a head with enough slices (DICOM PS3.15 E.3.2 note)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

MODALITIES = ("CT", "MR", "PT")
SLICES = 10
"""With fewer slices a surface has no shape."""
_BRAIN_OF_MM = (120.0, 360.0)
"""The longer side of a field of view that fits a head, and no more."""
_HEAD = re.compile(
    r"HEAD|BRAIN|SKULL|CRANI|CEREB|NEURO|FACE|FACIAL|MAXILL|MANDIB|SINUS|ORBIT|EYE|NECK|C.?SPINE|CSPINE|CERVICAL|"
    r"TEMPORAL|PETROUS|PITUIT|SELLA|EAR\b|IAC\b|TMJ|DENTAL|JAW|NASO|CIRCLE OF WILLIS|COW\b|KOPF|SCH(AE|Ä|A)DEL|"
    r"HIRN|GEHIRN|CRANE|TETE|TÊTE|ENCEPHAL|CERVEAU|CABEZA|TESTA|CRANIO|WHOLE.?BODY|WHOLEBODY|TOTAL.?BODY",
    re.IGNORECASE,
)
_ELSEWHERE = re.compile(
    r"ABDO|PELV|CHEST|THORA|LUNG|LIVER|KIDNEY|RENAL|PANCREA|SPLEEN|BOWEL|COLON|PROSTAT|UTER|BREAST|HEART|CARD|CORON|"
    r"AORT|L.?SPINE|LSPINE|LUMB|T.?SPINE|TSPINE|SACR|HIP|KNEE|ANKLE|FOOT|TOE|LEG|THIGH|FEMUR|TIBIA|SHOULDER|ELBOW|"
    r"WRIST|HAND|FINGER|ARM\b|HUMER|EXTREM|BLADDER|HEPAT|PHANTOM|WATER|LEBER|BAUCH|BECKEN|KNIE|FUSS|HERZ|LWS|BWS",
    re.IGNORECASE,
)
_MASKS = ("1.2.840.10008.5.1.4.1.1.66", "1.2.840.10008.5.1.4.1.1.30", "1.2.840.10008.5.1.4.1.1.481")
_TEXTS = (
    "body_part_examined",
    "body_part_code_meaning",
    "protocol_name",
    "series_description",
    "study_description",
)


def facing_series(index: pl.DataFrame) -> set[int]:
    """The series of an index in which a face can be seen once a surface is rendered.

    A series counts as of a head when its body part or a description says so; when nothing says where it was taken and
    its field of view fits a head, too. Series of one study and frame of reference are judged each by itself.

    Args:
        index: rows of `imaging.instance`; the columns of `tasks.imaging.INDEX_COLUMNS`.
    """
    import polars as pl

    frames = pl.col("number_of_frames").fill_null(1).clip(1)
    slices = pl.max_horizontal(frames, pl.col("frame_positions_mm").list.n_unique().fill_null(1))
    spacing = pl.col("pixel_spacing_mm").list.first()
    shown = index.filter(
        pl.col("has_pixels")
        & pl.col("modality").is_in(MODALITIES)
        & ~pl.any_horizontal(*(pl.col("sop_class_uid").fill_null("").str.starts_with(m) for m in _MASKS))
    )
    text = pl.concat_str([pl.col(name).fill_null("") for name in _TEXTS], separator="\n")
    series = shown.group_by("series_id").agg(
        slices=slices.sum(),
        text=text.unique().sort().str.join("\n"),
        field=(pl.max_horizontal("rows", "columns") * spacing).max(),
    )
    enough = series.filter(pl.col("slices") >= SLICES)
    return {
        s for s, text, field in enough.select("series_id", "text", "field").iter_rows() if _shows(text, field)
    }


def _shows(text: str, field: float | None) -> bool:
    if _HEAD.search(text):
        return True
    if _ELSEWHERE.search(text):
        return False
    return field is None or _BRAIN_OF_MM[0] <= field <= _BRAIN_OF_MM[1]
