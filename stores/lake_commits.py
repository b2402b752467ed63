"""What a table's commits say of themselves: which one last changed rows, and from what a derived table was made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deltalake import DeltaTable

COMPACTED = "compacted"
"""Carried by commits that join files: no row differs."""
_FIRST_LOOK = 4


def content_version(delta: DeltaTable) -> str:
    """Tells contents of a table apart: the table's own id, and the last version that changed its rows or columns.

    Compaction, and commits that only say something (`replace_rows`), leave it as it is. Where the log has been erased,
    the oldest version known.
    """
    version = delta.version()
    for commit in _newest_first(delta):
        version = int(commit["version"])
        if COMPACTED not in commit and not _changed_nothing(commit):
            break
    return f"{delta.metadata().id}:{version}"


def last_fact(delta: DeltaTable, name: str) -> str | None:
    """What the last commit that was no compaction says under `name`; None where it says nothing."""
    for commit in _newest_first(delta):
        if COMPACTED not in commit:
            found = commit.get(name)
            return None if found is None else str(found)
    return None


def _changed_nothing(commit: dict[str, Any]) -> bool:
    return commit.get("rows_written") == commit.get("rows_removed") == "0"


def _newest_first(delta: DeltaTable) -> Iterator[dict[str, Any]]:
    """Commits from the newest, the log read in growing pieces: what is asked for is nearly always at its end."""
    seen, limit = 0, _FIRST_LOOK
    while True:
        commits = delta.history(limit=limit)
        yield from commits[seen:]
        if len(commits) < limit:
            return
        seen, limit = limit, limit * 4
