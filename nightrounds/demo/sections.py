"""What each section of the demo's page says: read from the release, the rounds' summaries and the quarantine."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Container, Mapping, Sequence
from typing import Any

from nightrounds.demo.disguises import read_disguises
from nightrounds.demo.feeds import Origins
from nightrounds.demo.marking import mark_text
from nightrounds.demo.showing import Showing
from nightrounds.demo.timeline import Stop, lay_out
from nightrounds.reasons import explain_reason

_ANSWERS, _OWN_ANSWERS, _VARIANTS, _DAYS, _STOPS, _A_DAY = 5, 3, 6, 12, 12, 12
_SILENT = frozenset({"intron_variant", "synonymous_variant", "3_prime_UTR_variant", "5_prime_UTR_variant"})
_STATES = {
    "published": "all published",
    "quarantine": "published, with records held back",
    "blocked": "some tables were blocked by the gate",
    "failed": "some units ended in an error",
}
_KINDS = {"visit": "visit", "condition": "diagnosis", "note": "note", "study": "images", "death": "death"}


def gather_head(showing: Showing) -> dict[str, Any]:
    """The page's head: figures of the whole."""
    accounts = [source["account"] for night in showing.nights for source in night.summary["sources"].values()]
    last = showing.nights[-1].summary
    return {
        "invented": showing.hospital is not None,
        "nights": len(showing.nights),
        "release": showing.reader.release.number,
        "digest": showing.reader.release.digest[:12],
        "profile": showing.home.profile.value,
        "figures": [
            (
                "records read",
                sum(a["read"] for a in accounts if a),
                f"in {_counted(len(showing.nights), 'rounds')}, each with one fate",
            ),
            ("persons", last["linkage"]["persons"], f"from {last['linkage']['identities']:,} identities"),
            ("held back", sum(_held(showing.nights[-1].summary).values()), "records, each with its reason"),
            _searched(showing),
        ],
    }


def _searched(showing: Showing) -> tuple[str, int, str]:
    """The fourth figure: notes with an identifier where the truth is known, else how many notes can be searched."""
    if showing.leaked is None or showing.hospital is None:
        return "notes", showing.reader.count("omop.note"), "de-identified, and searchable"
    held, notes = showing.leaked.leaky, showing.leaked.notes
    looked_for = len(showing.hospital.truth["identifiers"])
    return "notes with an identifier", held, f"of {notes:,} notes; {looked_for:,} identifiers looked for"


def gather_person(showing: Showing) -> dict[str, Any] | None:
    """The hero's disguises (in the demo) and her record."""
    if showing.hero is None:
        return None
    from retrieval.patient import patient_record

    record = patient_record(showing.reader, showing.hero, most_variants=None)
    texts = _texts(showing)
    kinds = {name: source["kind"] for name, source in showing.nights[-1].summary["sources"].items()}
    origins = Origins(showing.reader, showing.hero, kinds)
    days = _by_day(record.events)
    dated = {day: [e.kind for e in events] for day, events in days.items()}
    stops = (
        lay_out(dated, _true_dates(showing))
        if record.profile == "expert" and 0 < len(dated) <= _STOPS
        else []
    )
    shown = sorted(days)[-_DAYS:]
    variants, more = _telling(showing, record.variants.listed)
    return {
        "disguises": read_disguises(showing.hospital) if showing.hospital else [],
        "counts": _arrived(showing),
        "record": record,
        "rows": [_counted(count, what) for what, count in record.counts.items() if count],
        "first_note": next((e.id for day in shown for e in days[day] if e.kind == "note"), None),
        "days": [
            (
                showing.reader.show_date(day),
                [_event(e, texts, origins) for e in sorted(days[day], key=_untimed_last)[:_A_DAY]],
                max(len(days[day]) - _A_DAY, 0),
            )
            for day in shown
        ],
        "earlier_days": len(days) - len(shown),
        "stops": stops,
        "line": _line(stops),
        "true_known": bool(stops) and stops[0].true is not None,
        "intact": all(stop.intact for stop in stops),
        "variants": variants,
        "more_variants": more,
    }


def _by_day(events: Sequence[Any]) -> dict[dt.date, list[Any]]:
    days: dict[dt.date, list[Any]] = {}
    for event in events:
        if event.date is not None:
            days.setdefault(event.date, []).append(event)
    return days


def _untimed_last(event: Any) -> tuple[bool, dt.time]:
    return event.time is None, event.time or dt.time.min


def _event(event: Any, texts: Mapping[int, str], origins: Origins) -> dict[str, Any]:
    text = texts.get(event.id, "") if event.kind == "note" else ""
    return {
        "anchor": f"{event.kind}-{event.id}",
        "kind": event.kind,
        "label": _KINDS.get(event.kind, event.kind),
        "time": event.time.strftime("%H:%M") if event.time else "",
        "title": event.title,
        "detail": event.detail if event.kind != "note" else "",
        "text": mark_text(text),
        "origin": origins.of(event.kind, event.id, event.date),
    }


def _texts(showing: Showing) -> dict[int, str]:
    if not showing.reader.has("omop.note"):
        return {}
    rows = showing.reader.rows("SELECT note_id, note_text FROM omop.note WHERE person_id = ?", [showing.hero])
    return {row["note_id"]: row["note_text"] for row in rows}


def _true_dates(showing: Showing) -> list[dt.date]:
    """The days that the invented person lived through, up to the last night shown."""
    if showing.hospital is None:
        return []
    timeline = showing.hospital.person(showing.hospital.hero)["timeline"]
    return [
        dt.date.fromisoformat(entry["date"]) for entry in timeline if entry["night"] <= len(showing.nights)
    ]


def _line(stops: Sequence[Stop]) -> dict[str, Any]:
    """Where the stops lie in the two drawings: across for wide screens, down for narrow ones."""
    left, width, top, row = 48, 904, 40, 74
    across = [round(left + width * stop.position, 1) for stop in stops]
    down = [top + row * number for number in range(len(stops))]
    return {"across": across, "down": down, "height": top * 2 + row * max(len(stops) - 1, 0)}


def _telling(showing: Showing, listed: Sequence[Any]) -> tuple[list[dict[str, Any]], int]:
    """The variants that change a protein by the export's own annotation, rarest kinds of change first."""
    effects = _effects(showing, [v.record_id for v in listed])
    seen: dict[tuple[Any, ...], dict[str, Any]] = {}
    for variant in listed:
        effect = effects.get(variant.record_id, "")
        if variant.passed is False or effect in _SILENT:
            continue
        place = (variant.contig, variant.position, variant.reference, variant.alternates)
        seen.setdefault(place, {"variant": variant, "effect": effect.replace("_", " ")})
    order = Counter(v["effect"] for v in seen.values())
    named = sorted(
        seen.values(), key=lambda v: (not v["effect"], order[v["effect"]], not v["variant"].identifiers)
    )
    return named[:_VARIANTS], len({(v.contig, v.position, v.reference, v.alternates) for v in listed}) - len(
        named[:_VARIANTS]
    )


def _effects(showing: Showing, records: Sequence[int]) -> dict[int, str]:
    """Consequence (the second field of CSQ) by record, where the export has been annotated."""
    columns = [c for c in showing.reader.columns("genomics.variant") if c.lower().startswith("info_csq")]
    if not columns or not records:
        return {}
    from stores.lake_sql import quote

    query = f"SELECT record_id, {quote(columns[0])} AS csq FROM genomics.variant WHERE list_contains(?, record_id)"
    found = {}
    for row in showing.reader.rows(query, [list(records)]):
        first = row["csq"][0] if isinstance(row["csq"], list) and row["csq"] else row["csq"]
        found[row["record_id"]] = [*str(first or "").split("|"), ""][1]
    return found


def _counted(count: int, what: str) -> str:
    singular = {"studies": "study", "series": "series"}.get(what, what.removesuffix("s"))
    return f"{count:,} {what if count != 1 else singular}"


def _arrived(showing: Showing) -> list[tuple[str, int, int]]:
    """What each source sent: name, objects, records."""
    last = showing.nights[-1].summary["sources"]
    return [(f"{name} ({s['kind']})", s["units"], s["account"]["read"]) for name, s in sorted(last.items())]


def gather_answer(showing: Showing) -> dict[str, Any] | None:
    """The question asked of everybody's notes, and of the hero's alone."""
    if (
        "note" not in showing.encoders
        or not showing.reader.has("omop.note")
        or not showing.reader.count("omop.note")
    ):
        return None
    from retrieval.search import Filters, search_notes

    encoder = showing.encoders["note"]
    everyone = search_notes(showing.reader, showing.question, encoder, k=_ANSWERS)
    linked = _shown_notes(showing)
    own = []
    if showing.hero is not None:
        filters = Filters(person_ids=[showing.hero])
        own = search_notes(showing.reader, showing.question, encoder, filters, k=_OWN_ANSWERS)
    return {
        "question": showing.question,
        "encoder": encoder.name,
        "hero": showing.hero,
        "notes": showing.reader.count("omop.note"),
        "lists": [("Asked of all notes", [_hit(showing, h, linked) for h in everyone])]
        + ([("Asked of this person's notes alone", [_hit(showing, h, linked) for h in own])] if own else []),
    }


def _shown_notes(showing: Showing) -> set[int]:
    """The notes that the hero's record on the page shows: those that an answer can point to."""
    if showing.hero is None:
        return set()
    from retrieval.patient import patient_record

    days = _by_day(patient_record(showing.reader, showing.hero, most_variants=0).events)
    shown = [
        event for day in sorted(days)[-_DAYS:] for event in sorted(days[day], key=_untimed_last)[:_A_DAY]
    ]
    return {event.id for event in shown if event.kind == "note"}


def _hit(showing: Showing, hit: Any, linked: Container[int]) -> dict[str, Any]:
    return {
        "anchor": f"note-{hit.id}" if hit.id in linked else "",
        "person": hit.person_id,
        "date": showing.reader.show_date(hit.date),
        "score": hit.score,
        "title": hit.title,
        "snippet": hit.snippet,
    }


def _held(summary: Mapping[str, Any]) -> dict[tuple[str, str], int]:
    return {
        (name, reason): count
        for name, source in summary["sources"].items()
        for reason, count in source["account"].get("reasons", {}).items()
    }


def gather_held(showing: Showing) -> dict[str, Any]:
    """Quarantine by reason over the nights, gate states, and what checks between tables warn of."""
    by_night = [_held(night.summary) for night in showing.nights]
    keys = sorted({key for held in by_night for key in held})
    checks = [c for c in showing.nights[-1].summary["checks"] if c["failing"]]
    states = Counter(
        table["state"]
        for night in showing.nights
        for source in night.summary["sources"].values()
        for table in source["tables"]
    )
    names = [night.name for night in showing.nights]
    warnings = {
        (name, reason): count
        for name, source in showing.nights[-1].summary["sources"].items()
        for reason, count in source["account"].get("warnings", {}).items()
    }
    return {
        "nights": names,
        "held": [
            (s, r, explain_reason(r).meaning, [held.get((s, r), 0) for held in by_night]) for s, r in keys
        ],
        "totals": [sum(held.values()) for held in by_night],
        "states": sorted(states.items()),
        "checks": [
            (c["check"], c["severity"], explain_reason(c["reason"]).meaning, c["failing"], c["total"])
            for c in checks
        ],
        "passed": sum(not c["failing"] for c in showing.nights[-1].summary["checks"]),
        "warnings": [(s, r, explain_reason(r).meaning, count) for (s, r), count in sorted(warnings.items())],
        "home": showing.relative(showing.home.path),
    }


def gather_account(showing: Showing) -> dict[str, Any]:
    """The accounting of every night: each source's records by fate, with the sums."""
    from flows.stages.reporting import accounting_rows

    nights = []
    for night in showing.nights:
        rows = accounting_rows(night.summary)
        sums = (
            {name: sum(row[name] for row in rows) for name in rows[0] if isinstance(rows[0][name], int)}
            if rows
            else {}
        )
        nights.append(
            {
                "name": night.name,
                "rows": rows,
                "sums": sums,
                "state": night.summary["state"],
                "seconds": night.seconds,
            }
        )
    tables = [(name, showing.reader.count(name)) for name in sorted(showing.reader.release.tables)]
    return {"nights": nights, "tables": [(name, rows) for name, rows in tables if rows]}


def gather_linkage(showing: Showing) -> dict[str, Any] | None:
    """Persons against truth after each night, and what the late link and its undoing changed."""
    if not showing.linkage:
        return None
    assert showing.hospital is not None
    return {
        "measured": list(zip([n.name for n in showing.nights], showing.linkage, strict=True)),
        "moved": showing.moved,
        "restored": showing.restored,
        "leaked": showing.leaked,
        "identifiers": len(showing.hospital.truth["identifiers"]),
    }


def gather_places(showing: Showing) -> dict[str, Any]:
    """What lies where under the home, and the commands to go on with."""
    home, person = showing.relative(showing.home.path), showing.hero
    commands = [
        (f"nightrounds status --home {home}", "how the last rounds went"),
        (f'nightrounds search "{showing.question}" --home {home}', "the same answers in the terminal"),
        (
            f"nightrounds explain {showing.nights[-1].summary['round']} --home {home}",
            "what happened, and what to do next",
        ),
        (f"nightrounds serve --home {home}", "the Prefect UI with every round, and the nightly schedule"),
    ]
    if person is not None:
        commands.insert(
            2, (f"nightrounds patient {person} --home {home}", "this person's record in time order")
        )
    places = (
        ("lake", "Delta tables: OMOP, imaging, genomics, linkage, graph"), ("vectors", "LanceDB: notes and images"),
        ("objects", "image files and previews, de-identified"),
        ("releases", "which versions belong together; readers follow one pointer"),
        ("catalog.db", "rounds, units, publications: counts and tokens alone"),
        ("vault", "who is who: sealed"), ("quarantine", "rejected records: sealed"),
        ("reports", "one report for each round"), ("prefect", "Prefect's database and settings"),
    )  # fmt: skip
    return {
        "home": home,
        "keys": showing.relative(showing.folder.keys),
        "places": [(name, what) for name, what in places if (showing.home.path / name).exists()],
        "commands": commands,
    }
