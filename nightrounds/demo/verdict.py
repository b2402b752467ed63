"""What the demo must come to: each expectation with whether it was met."""

from __future__ import annotations

from nightrounds.demo.feeds import RECORDS
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
    whole = ("visits", "conditions", "drugs", "measurements", "notes", "studies", "samples", "variants")
    after = showing.linkage[1 if len(showing.linkage) > 1 else 0]
    found = [
        ("the planted dirt is held back, and nothing else", _held_back(showing) == _planted(showing)),
        ("every record planted met the fate that it should", _fates(showing) == _true_fates(showing)),
        ("one person's records, images and variants are one record", all(counts.get(what) for what in whole)),
        ("all five kinds of records tell of that person", _kinds_of_hero(showing) == RECORDS),
        ("persons are the true ones once every link is there", after.precision == after.recall == 1),
        (
            "no note holds an identifier",
            showing.leaked is not None and showing.leaked.leaky == 0 < showing.leaked.notes,
        ),
        (
            "no text of any table holds one",
            showing.leaked is not None and showing.leaked.held == 0 < showing.leaked.texts,
        ),
    ]
    found += _judge_images(showing)
    if len(showing.nights) > 1:
        taken = bool(showing.taken_back) and all(one.gone for one in showing.taken_back)
        tables = {moved.table for moved in showing.moved if moved.dates}
        late = {"imaging.instance", "omop.measurement", "vectors: images"} <= tables
        found.append(("what the second night took back is gone", taken))
        found.append(
            ("the merged number is its person's", showing.merge is not None and showing.merge.followed)
        )
        found.append(
            ("the late link and the merge rewrote the earlier night's rows, dates and vectors", late)
        )
    if len(showing.nights) > 2:
        restored = bool(showing.restored) and all(row.same for row in showing.restored)
        apart = (
            showing.linkage[2].found_pairs == showing.linkage[2].known_pairs < showing.linkage[1].found_pairs
        )
        found.append(("unlinking restored them", restored and apart))
    return found


def _judge_images(showing: Showing) -> list[tuple[str, bool]]:
    """What became of the images."""
    imaged = showing.imaged
    return [
        (
            "the name burned into an ultrasound is gone",
            imaged is not None and imaged.burned is not None and imaged.burned.gone,
        ),
        (
            "no header or preview of a published image holds an identifier",
            imaged is not None and imaged.leaky == 0 < imaged.searched,
        ),
        ("a head that shows a face is held", imaged is not None and imaged.held.get("face", 0) > 0),
    ]


def _held_back(showing: Showing) -> dict[str, int]:
    sources = showing.nights[0].summary["sources"]
    return {name: source["account"]["fates"]["quarantined"] for name, source in sources.items()}


def _fates(showing: Showing) -> dict[str, dict[str, int]]:
    """Night 1: records of each source by fate."""
    sources = showing.nights[0].summary["sources"]
    return {
        name: {fate: count for fate, count in source["account"]["fates"].items() if count}
        for name, source in sources.items()
    }


def _true_fates(showing: Showing) -> dict[str, dict[str, int]]:
    """The same by the truth, where what is counted and not read is unmapped."""
    assert showing.hospital is not None
    counts = showing.hospital.truth["counts"]["night-1"]
    told = {
        name: {fate: count[fate] for fate in ("accepted", "quarantined", "merged")}
        | {"unmapped": count["unmapped"] + count["ignored"]}
        for name, count in counts.items()
    }
    return {name: {fate: number for fate, number in fates.items() if number} for name, fates in told.items()}


def _kinds_of_hero(showing: Showing) -> frozenset[str]:
    """The kinds of records from which the shown person has rows."""
    return frozenset(found.kind for found in showing.feeds if found.rows)


def _planted(showing: Showing) -> dict[str, int]:
    assert showing.hospital is not None
    counts = showing.hospital.truth["counts"]["night-1"]
    return {name: count["quarantined"] for name, count in counts.items()}
