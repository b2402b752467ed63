"""What the demo must come to: each expectation with whether it was met."""

from __future__ import annotations

from nightrounds.demo.showing import Showing

_FINE = frozenset({"published", "quarantine"})


def judge(showing: Showing) -> list[tuple[str, bool]]:
    """Expectations in words, and whether they hold. Dirt in quarantine is expected; an error or a loss is not."""
    summaries = [night.summary for night in showing.nights]
    found = [
        (
            "every round ended without an error or a blocked table",
            all(s["state"] in _FINE for s in summaries),
        ),
        (
            "every record has one fate",
            all(src["balanced"] for s in summaries for src in s["sources"].values()),
        ),
    ]
    return found if showing.hospital is None else [*found, *_judge_against_truth(showing)]


def _judge_against_truth(showing: Showing) -> list[tuple[str, bool]]:
    """What only an invented hospital can say."""
    from retrieval.patient import patient_record

    assert showing.hospital is not None
    counts = patient_record(showing.reader, showing.hero).counts if showing.hero is not None else {}
    whole = ("visits", "notes", "studies", "samples", "variants")
    after = showing.linkage[1 if len(showing.linkage) > 1 else 0]
    found = [
        ("the planted dirt is held back, and nothing else", _quarantined(showing) == _planted(showing)),
        ("one person's records, images and variants are one record", all(counts.get(what) for what in whole)),
        ("persons are the true ones once every link is there", after.precision == after.recall == 1),
        (
            "no note holds an identifier",
            showing.leaked is not None and showing.leaked[0] == 0 < showing.leaked[1],
        ),
    ]
    if len(showing.nights) > 1:
        tables = {moved.table for moved in showing.moved if moved.dates}
        late = {"imaging.instance", "vectors: images"} <= tables
        found.append(("the late link rewrote the earlier night's rows, dates and vectors", late))
    if len(showing.nights) > 2:
        restored = bool(showing.restored) and all(row.same for row in showing.restored)
        found.append(
            ("unlinking restored them", restored and showing.linkage[2].recall == showing.linkage[0].recall)
        )
    return found


def _quarantined(showing: Showing) -> dict[str, int]:
    sources = showing.nights[0].summary["sources"]
    return {name: source["account"]["fates"]["quarantined"] for name, source in sources.items()}


def _planted(showing: Showing) -> dict[str, int]:
    assert showing.hospital is not None
    counts = showing.hospital.truth["counts"]["night-1"]
    return {name: count["quarantined"] for name, count in counts.items()}
