"""What the page's sections on images say: a name that is gone, thumbnails, variants beside image and note."""

from __future__ import annotations

import base64
import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from nightrounds.demo.images import Picture, study_pictures, thumbnail
from nightrounds.demo.marking import mark_text
from nightrounds.demo.showing import Showing
from nightrounds.reasons import explain_reason

_NOTES, _VARIANTS, _LETTERS, _LOOKED_THROUGH = 2, 8, 2_000, 10_000
_NEAR_DAYS = 60
"""A note that names a gene and is no further from a study than this tells of the same matter."""
_SILENT = frozenset({"intron_variant", "synonymous_variant", "3_prime_UTR_variant", "5_prime_UTR_variant"})


def gather_images(showing: Showing) -> dict[str, Any] | None:
    """The ultrasound before and after, a picture of each series, and what is held."""
    imaged = showing.imaged
    if imaged is None or not (imaged.pictures or imaged.held):
        return None
    burned = imaged.burned
    return {
        "invented": showing.hospital is not None,
        "published": imaged.published,
        "changed": imaged.changed,
        "held": [(r, explain_reason(r).meaning, count) for r, count in sorted(imaged.held.items())],
        "burned": burned,
        "before": _link(burned.before) if burned else "",
        "after": _link(burned.after) if burned else "",
        "thumbnails": [
            {"link": _link(thumbnail(p.preview)), "name": _name(p), "images": p.images, "boxes": p.boxes}
            for p in imaged.pictures
        ],
        "more": imaged.series - len(imaged.pictures),
        "searched": imaged.searched,
        "leaky": imaged.leaky,
        "identifiers": len(showing.hospital.truth["identifiers"]) if showing.hospital else 0,
    }


def _link(png: bytes) -> str:
    """A PNG as a link that holds it: the page loads nothing."""
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")


def _name(picture: Picture) -> str:
    return " ".join(word for word in (picture.modality, picture.body) if word) or "image"


def gather_beside(showing: Showing) -> dict[str, Any] | None:
    """The shown person's variants, with the study and the notes of the same matter; None without all three."""
    if showing.hero is None or not showing.reader.has("imaging.study", "omop.note", "genomics.variant"):
        return None
    variants = _variants(showing, showing.hero)
    genes = {gene for variant in variants for gene in variant["genes"]}
    chosen = _choose(showing, showing.hero, genes)
    if not variants or chosen is None:
        return None
    study, pictures, notes = chosen
    named = {gene for note in notes for gene in note["genes"]}
    variants.sort(key=lambda v: (named.isdisjoint(v["genes"]), not v["protein"], not v["names"]))
    return {
        "person": showing.hero,
        "study": {
            "name": _name(pictures[0]),
            "date": showing.reader.show_date(study["study_date"]) if study["study_date"] else "",
            "first": _link(pictures[0].preview),
            "others": [_link(thumbnail(p.preview)) for p in pictures[1:]],
            "hidden": pictures[0].boxes,
        },
        "notes": [
            {
                "title": note["note_title"] or "note",
                "date": showing.reader.show_date(note["note_date"]),
                "belongs": _belongs(note["days"], exact=showing.home.profile.value == "expert"),
                "pieces": mark_text(note["note_text"][:_LETTERS], note["genes"]),
            }
            for note in notes
        ],
        "variants": [{**v, "told": not named.isdisjoint(v["genes"])} for v in variants[:_VARIANTS]],
        "more": len(variants) - len(variants[:_VARIANTS]),
        "named": sorted(named),
    }


def _variants(showing: Showing, person: int) -> list[dict[str, Any]]:
    """The person's variants that change a protein by the export's annotation, and that no filter speaks against."""
    from retrieval.variant_search import VariantQuery, search_variants

    if not showing.reader.has("genomics.call", "genomics.sample"):
        return []
    carried = search_variants(showing.reader, VariantQuery(person_ids=[person]), most=_LOOKED_THROUGH)
    records = [record for found in carried for record in found.record_ids]
    among = "record_id IN (SELECT unnest(?))"
    bad = f"SELECT record_id FROM genomics.variant WHERE len(filters) > 0 AND {among}"
    filtered = {row["record_id"] for row in showing.reader.rows(bad, [records])}
    changes = _changes(showing, records)
    told = []
    for found in carried:
        effects = [e for e in found.consequences if e not in _SILENT]
        if not effects or not filtered.isdisjoint(found.record_ids):
            continue
        told.append(
            {
                "genes": found.genes,
                "effect": ", ".join(effects).replace("_", " "),
                "coding": next((changes[r] for r in found.record_ids if r in changes), ""),
                "protein": ", ".join(found.proteins),
                "place": f"{found.contig}:{found.position}",
                "alleles": f"{found.reference}>{','.join(found.alternates)}",
                "names": ", ".join(found.identifiers),
                "genotype": next((c.genotype for c in found.carriers if c.person_id == person), ""),
            }
        )
    return told


def _changes(showing: Showing, records: Sequence[int]) -> dict[int, str]:
    """What records change in the coding sequence, as HGVS has it, where the export was annotated so."""
    if not showing.reader.has("genomics.consequence"):
        return {}
    rows = showing.reader.rows(
        "SELECT record_id, min(hgvs_coding) AS change FROM genomics.consequence "
        "WHERE hgvs_coding <> '' AND record_id IN (SELECT unnest(?)) GROUP BY 1",
        [list(records)],
    )
    return {row["record_id"]: row["change"] for row in rows}


def _choose(
    showing: Showing, person: int, genes: Iterable[str]
) -> tuple[Mapping[str, Any], tuple[Picture, ...], list[dict[str, Any]]] | None:
    """The study with pictures that has the best notes: those that name a gene of the person's, then the nearest."""
    asked = "SELECT study_id, study_date FROM imaging.study WHERE person_id = ? ORDER BY study_date, study_id"
    best: tuple[Any, ...] | None = None
    for study in showing.reader.rows(asked, [person]):
        notes = _notes_of(showing, person, study, genes)
        pictures = study_pictures(showing.reader, study["study_id"]) if notes else ()
        if not notes or not pictures:
            continue
        rank = (-sum(bool(note["genes"]) for note in notes), min(abs(note["days"]) for note in notes))
        if best is None or rank < best[0]:
            best = rank, study, pictures, notes
    return (best[1], best[2], best[3]) if best else None


def _notes_of(
    showing: Showing, person: int, study: Mapping[str, Any], genes: Iterable[str]
) -> list[dict[str, Any]]:
    """The nearest notes around a study that name one of the genes, else the note that is nearest to it."""
    if study["study_date"] is None:
        return []
    columns = "note_id, note_date, note_title, note_text"
    rows = showing.reader.rows(
        f"SELECT {columns} FROM omop.note WHERE person_id = ? AND note_text <> '' ORDER BY note_id", [person]
    )
    for row in rows:
        row["days"] = _days(row["note_date"], study["study_date"])
        row["genes"] = sorted(g for g in genes if re.search(rf"\b{re.escape(g)}\b", row["note_text"]))
    rows.sort(key=lambda row: abs(row["days"]))
    telling = [row for row in rows if row["genes"] and abs(row["days"]) <= _NEAR_DAYS]
    chosen: Sequence[dict[str, Any]] = telling[:_NOTES] or rows[:1]
    return sorted(chosen, key=lambda row: row["note_date"])


def _days(note: dt.date, study: dt.date) -> int:
    return (note - study).days


def _belongs(days: int, *, exact: bool) -> str:
    """How far a note is from the study; nothing where dates are years."""
    if not exact:
        return ""
    if days == 0:
        return "on the day of the images"
    return f"{abs(days):,} day{'s' * (abs(days) != 1)} {'after' if days > 0 else 'before'} the images"
