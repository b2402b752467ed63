"""Keep the lake in shape: few files a bucket, and none that no release can read."""

from __future__ import annotations

from connectors.crosswalk import KIND as CROSSWALK
from flows.rounds import Round
from stores.landing import Landing

FILES_PER_BUCKET = 8
"""Above this many files a bucket, on average, a table is compacted: nights append a file a bucket each."""


KEPT_RELEASES = 30
"""Older releases go, unless they are pinned or readers see them."""


def keep_up_lake(current: Round) -> dict[str, int]:
    """Compact the tables that have grown many files, and vacuum those; returns files removed by table.

    Versions that a release names stay readable; nothing else of the past is kept. Raw data in landing and quarantine
    goes when its time to live is over.
    """
    current.releases.prune(KEPT_RELEASES)
    kept: dict[str, set[int]] = {}
    for release in current.releases.list():
        for table, version in release.tables.items():
            kept.setdefault(table, set()).add(version)
    removed = {}
    with current.timed("upkeep"):
        for table in current.lake.tables():
            if current.lake.files(table) > FILES_PER_BUCKET * current.lake.buckets:
                current.lake.compact(table)
                removed[table] = current.lake.vacuum(table, sorted(kept.get(table, ())))
        landing_days = current.settings.stores.landing_days
        kept_days = {
            name: max(landing_days, current.source(name).kept_days)
            for name in current.sources
            if current.source(name).kind != CROSSWALK and current.room.is_kept(current.source(name))
        }
        Landing(current.home, current.room.key).purge(landing_days, kept_days)
        current.room.quarantine.purge(current.settings.stores.quarantine_days)
    return removed
