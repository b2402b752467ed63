"""Newest wins: which of a source's records stand, when several units hold the same one.

Judged by `meta.lastUpdated` (else the export's transaction time), then by the content's digest; never by arrival. So
any order and any split of the same files gives the same lake. That a record is no more (deleted), or should never have
been (retracted: entered in error), is a version of it like any other: where it is the newest, nothing stands, and the
ledger remembers it, so that an older statement sent again does not come back, and a newer one does.

A statement may be made within a document that has versions: its version then ends in U+001F and the document's owner.
Only what the document's newest version states stands; where that was taken back, nothing of it does.

A record may come by several sources of one authority: it is one record all the same, and what the sources state of it
competes alike. The source that tells the newest has its rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import polars as pl
import pyarrow as pa

from contracts.schemas import PRESENCE
from stores.staging import Manifest
from tasks.processing import NO_OWNER

LEDGER_COLUMNS = ["_owner", "unit", "record_type", "version", "digest", "fate", "_recipe"]
_STANDING = ("accepted", "unmapped")
_ENDING = ("deleted", "retracted")
_STATED = (*_STANDING, *_ENDING)
RESIGNED = "resigned"
"""The fate of a record that its source tells no more, but whose rows stay until another source's are made."""
WITHIN = "\x1f"
"""Parts the order of a statement from the owner of the document that it is made within."""
_SOURCE = pl.col("unit").str.extract("^([^/]*)")
"""A unit's source: of what two sources tell alike at one instant, the earlier name's stands, whichever came first."""
_NUMBERS = frozenset({"_owner", "digest"})
_ORDER = ["version", "ends", "digest"]
"""What is newest comes last. Of one instant, that a record is no more outweighs what it says: an export in which both
stand was made while it was deleted, and what is deleted by mistake is stated anew, with a later instant."""


@dataclass(frozen=True)
class Merge:
    """The outcome for one source and round.

    Attributes:
        touched: every owner whose presences change.
        rewritten: those of them whose rows are made anew from what is staged, or removed. An owner whose newest
            statement stands in a unit not read this round keeps the rows that it has.
        winners: frame of (_owner, unit): the staged unit that each touched owner's rows come from.
        ledger: the ledger's rows of the touched owners after this round (columns of records.LEDGER and _owner).
        merged: records by (unit, fate before) that lost to another presence of the same record.
        unchanged: records by (unit, fate before) that the ledger already held with the same content and recipe.
        removed: owners that stood before and stand no more, but for those whose deletion is a record of its own.
        dirty: units that hold a record's newest version but were not read this round; read them next.
        ceded: by another source, the rewritten owners of which it told too: it has rows of them no more.
    """

    touched: list[int]
    rewritten: list[int]
    winners: pl.DataFrame
    ledger: pl.DataFrame
    merged: dict[tuple[str, str], int]
    unchanged: dict[tuple[str, str], int]
    removed: list[int]
    dirty: list[str]
    ceded: dict[str, list[int]] = field(default_factory=dict)


def presences(manifest: Manifest) -> pl.DataFrame:
    """The records that stand in a staged unit, with the unit's name and recipe."""
    return pl.concat([no_presences(), *presence_frames(manifest)])


def presence_frames(manifest: Manifest) -> Iterator[pl.DataFrame]:
    """`presences`, a batch at a time."""
    records = manifest.account["fates"]["accepted"] if manifest.ownership == "file" else 1
    for batch in _presence_batches(manifest):
        yield _polars(pa.Table.from_batches([batch], schema=PRESENCE)).with_columns(
            unit=pl.lit(manifest.unit.unit), recipe=pl.lit(manifest.recipe), weight=pl.lit(records, pl.Int64)
        )


def _presence_batches(manifest: Manifest) -> Iterator[pa.RecordBatch]:
    if manifest.ownership == "record":
        yield from manifest.presence_batches()
    elif manifest.owner not in (None, NO_OWNER):
        values = [manifest.owner, 0, manifest.unit.kind, "", manifest.owner, "accepted"]
        rows = pa.table({n: [v] for n, v in zip(PRESENCE.names, values, strict=True)}, schema=PRESENCE)
        yield from rows.to_batches()


def is_rejected(manifest: Manifest) -> bool:
    """Whether the unit was quarantined as a whole."""
    return bool(manifest.context.get("rejected"))


def _polars(table: pa.Table) -> pl.DataFrame:
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame


def merge_presences(
    manifests: Sequence[Manifest],
    ledger: pl.DataFrame,
    gone: Sequence[str],
    opened: Callable[[pl.DataFrame], pl.DataFrame] = lambda frame: frame,
    *,
    incremental: bool = False,
    others: pl.DataFrame | None = None,
) -> Merge:
    """Judge the records of the staged units against each other and against the ledger.

    Args:
        manifests: the source's staged units.
        ledger: the source's rows of `records.ledger`, with `_owner` and `_recipe`, versions opened.
        gone: units of a snapshot source that are there no more.
        opened: opens the versions of staged presences, which are sealed.
        incremental: each export adds to the last, so a record that a file no longer holds stands as it was last
            stated; bulk servers use the same file names every night. A file that owns its rows is replaced whole.
        others: the ledger's rows of other sources that may state the same records, versions still sealed.
    """
    found = opened(pl.concat([presences(m) for m in manifests])) if manifests else no_presences()
    beside = empty_ledger() if others is None else opened(others.select(LEDGER_COLUMNS))
    return merge_found(found, ledger, beside, manifests, gone, incremental=incremental)


def merge_found(
    found: pl.DataFrame,
    ledger: pl.DataFrame,
    others: pl.DataFrame,
    manifests: Sequence[Manifest],
    gone: Sequence[str],
    *,
    incremental: bool,
) -> Merge:
    """`merge_presences` of what the manifests were found to hold, or of a part of it by owner; versions opened."""
    staged = found.filter(pl.col("fate").is_in(_STATED))
    old = ledger.select(LEDGER_COLUMNS)
    # a file that cannot be read says nothing of what it held: that stays, as the earlier version
    replaced = pl.Series([m.unit.unit for m in manifests if not is_rejected(m)] + list(gone), dtype=pl.String)
    leaving = old.filter(pl.col("unit").is_in(replaced.implode()))
    if incremental:
        records = [m.unit.unit for m in manifests if m.ownership == "record"]
        stays = pl.col("unit").is_in(records) & ~pl.col("unit").is_in(list(gone))
        unmentioned = leaving.filter(stays).join(staged, on=["_owner", "unit"], how="anti")
        leaving = leaving.join(unmentioned, on=["_owner", "unit"], how="anti")
    else:
        # nor does a record in quarantine: it is there, and was not restated in a way that can be believed
        held_back = found.filter(pl.col("fate") == "quarantined")
        unmentioned = leaving.join(held_back, on="_owner", how="semi").join(staged, on="_owner", how="anti")
        leaving = leaving.join(unmentioned, on=["_owner", "unit"], how="anti")
    touched = pl.concat([staged["_owner"], leaving["_owner"]]).unique()
    touched = pl.concat([touched, _within(old, touched)["_owner"]]).unique().sort()
    elsewhere = old.filter(~pl.col("unit").is_in(replaced.implode()))
    kept = pl.concat([elsewhere, unmentioned]).filter(pl.col("_owner").is_in(touched.implode()))
    shared = others.filter(pl.col("_owner").is_in(touched.implode()))  # what else is told of what changes
    unread = pl.concat([kept, shared]).rename({"_recipe": "recipe"})
    standing = pl.concat([_competing(staged, staged=True), _competing(unread, staged=False)])
    standing = _without_replaced(standing, [staged, elsewhere, unmentioned, shared])
    ranked = _rank(standing, ["staged", "unit", "_record"])
    winning = ranked.group_by("_owner", maintain_order=True).last()
    resting = winning.filter(~pl.col("staged") & ~pl.col("ends"))["_owner"]  # keep the rows that they have
    won = winning.filter(pl.col("staged") & ~pl.col("ends"))
    fresh, same = _split_unchanged(staged, winning, old)
    known = pl.concat([old, shared])
    published = _newest(_without_replaced(known, [known]))
    dirty = _dirty(winning, published)
    resigned = _resigned(old, published, winning)
    after = pl.concat([resigned, kept.select(LEDGER_COLUMNS), _ledger_rows(staged)]).unique(
        ["_owner", "unit"], keep="last"
    )
    before = published.filter(pl.col("_owner").is_in(touched.implode()) & ~pl.col("ends"))["_owner"]
    told = winning.filter(pl.col("staged") & (pl.col("fate") == "deleted"))["_owner"]
    over = before.filter(~before.is_in(winning.filter(~pl.col("ends"))["_owner"].implode()))
    rewritten = touched.filter(~touched.is_in(resting.implode()))
    return Merge(
        touched=touched.to_list(),
        rewritten=rewritten.to_list(),
        winners=won.select("_owner", "unit", "_record"),
        ledger=after,
        merged=_weights(fresh.join(winning.filter("staged"), on=["_owner", "unit", "_record"], how="anti")),
        unchanged=_weights(same),
        removed=over.filter(~over.is_in(told.implode())).sort().to_list(),
        dirty=dirty,
        ceded=_ceded(shared, rewritten),
    )


def empty_ledger() -> pl.DataFrame:
    """The ledger of a source that was never published."""
    kinds = [pl.Int64 if name in _NUMBERS else pl.String for name in LEDGER_COLUMNS]
    return pl.DataFrame(schema=dict(zip(LEDGER_COLUMNS, kinds, strict=True)))


def _resigned(old: pl.DataFrame, published: pl.DataFrame, winning: pl.DataFrame) -> pl.DataFrame:
    """Records that this source told and another tells now: the rows stay until that one is read, and the ledger says
    whose they are."""
    theirs = winning.filter(~pl.col("staged") & ~pl.col("ends"))
    theirs = theirs.join(old, on=["_owner", "unit"], how="anti")
    told = published.filter(~pl.col("ends")).join(theirs, on="_owner", how="semi")
    mine = old.join(told, on=["_owner", "unit"], how="semi")
    return mine.with_columns(fate=pl.lit(RESIGNED)).select(LEDGER_COLUMNS)


def _ceded(shared: pl.DataFrame, rewritten: pl.Series) -> dict[str, list[int]]:
    theirs = shared.filter(pl.col("_owner").is_in(rewritten.implode()))
    grouped = theirs.group_by(_SOURCE.alias("source")).agg(pl.col("_owner").unique().sort())
    return dict(grouped.sort("source").iter_rows())


def no_presences() -> pl.DataFrame:
    """What stands where nothing is staged."""
    return _polars(PRESENCE.empty_table()).with_columns(
        unit=pl.lit("", pl.String), recipe=pl.lit("", pl.String), weight=pl.lit(0, pl.Int64)
    )


def _competing(frame: pl.DataFrame, *, staged: bool) -> pl.DataFrame:
    """Presences that compete for a record; what is staged wins over an equal one that is not."""
    record = pl.col("_record") if staged else pl.lit(-1, pl.Int64)
    return frame.filter(pl.col("fate").is_in(_STATED)).select(
        "_owner",
        "unit",
        "version",
        "digest",
        "recipe",
        "fate",
        pl.col("fate").is_in(_ENDING).alias("ends"),
        record.alias("_record"),
        pl.lit(staged).alias("staged"),
    )


def _newest(ledger: pl.DataFrame) -> pl.DataFrame:
    """The newest statement of each record of the ledger: (_owner, unit, digest, ends)."""
    stated = ledger.filter(pl.col("fate").is_in(_STATED)).with_columns(ends=pl.col("fate").is_in(_ENDING))
    ranked = _rank(stated, ["unit"]).group_by("_owner", maintain_order=True).last()
    return ranked.select("_owner", "unit", "digest", "ends")


def _rank(stated: pl.DataFrame, alike: Sequence[str]) -> pl.DataFrame:
    """Statements by record, the newest last; `alike` orders those that are alike in all else."""
    by = ["_owner", *_ORDER, _SOURCE, *alike]
    return stated.sort(by, descending=[one is _SOURCE for one in by])


def _split_unchanged(
    staged: pl.DataFrame, winning: pl.DataFrame, old: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Split tonight's statements into those that are new or changed and those the ledger held alike."""
    held = old.filter(pl.col("fate").is_in(_STATED)).select("_owner", "digest", recipe="_recipe").unique()
    winners = winning.filter("staged").select("_owner", "unit", "_record")
    same = staged.join(winners, on=["_owner", "unit", "_record"], how="semi").join(
        held, on=["_owner", "digest", "recipe"], how="semi"
    )
    fresh = staged.join(same, on=["_owner", "unit", "_record"], how="anti")
    return fresh, same


def _dirty(winning: pl.DataFrame, published: pl.DataFrame) -> list[str]:
    """Units not read tonight that hold the newest version of a record whose published version was another, or none."""
    stale = (
        winning.filter(~pl.col("staged") & ~pl.col("ends"))
        .join(published.select("_owner", was="digest"), on="_owner", how="left")
        .filter(pl.col("was").is_null() | (pl.col("digest") != pl.col("was")))
    )
    return sorted(stale["unit"].unique().to_list())


def _within(frame: pl.DataFrame, documents: pl.Series | None = None) -> pl.DataFrame:
    """The statements made within documents, or within these, with the document's owner as `within`."""
    inside = frame.filter(pl.col("version").str.contains(WITHIN, literal=True)).with_columns(
        within=pl.col("version").str.extract(r"\x1f(\d+)$").cast(pl.Int64)
    )
    return inside if documents is None else inside.filter(pl.col("within").is_in(documents.implode()))


def _without_replaced(frame: pl.DataFrame, all_stated: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """The statements but for those within a document whose newest version stands in another unit.

    Args:
        frame: statements.
        all_stated: where the documents' own statements are.
    """
    inside = _within(frame)
    if inside.is_empty():
        return frame
    owners = inside["within"].unique().implode()
    columns = ["_owner", "unit", "version", "digest", "fate"]
    documents = pl.concat([one.select(columns) for one in all_stated]).filter(
        pl.col("_owner").is_in(owners) & pl.col("fate").is_in(_STATED)
    )
    newest = _newest(documents)
    holders = documents.join(newest, on=["_owner", "digest"], how="semi").select("unit", within="_owner")
    others = inside.join(newest, left_on="within", right_on="_owner", how="semi")
    replaced = others.join(holders, on=["within", "unit"], how="anti").select(
        "_owner", "unit", "version", "digest"
    )
    return frame.join(replaced, on=["_owner", "unit", "version", "digest"], how="anti")


def _ledger_rows(staged: pl.DataFrame) -> pl.DataFrame:
    """Of a record that a unit holds twice, the newest comes last: it is the one that the ledger keeps."""
    newest_last = staged.with_columns(ends=pl.col("fate").is_in(_ENDING)).sort([*_ORDER, "_record"])
    return newest_last.rename({"recipe": "_recipe"}).select(LEDGER_COLUMNS)


def _weights(frame: pl.DataFrame) -> dict[tuple[str, str], int]:
    counted = frame.group_by("unit", "fate").agg(pl.col("weight").sum())
    return {
        (unit, fate): weight for unit, fate, weight in counted.select("unit", "fate", "weight").iter_rows()
    }
