"""How many vectors a release holds."""

from __future__ import annotations

from stores.home import Home


def count_vectors(home: Home, table: str, version: int) -> int:
    """Rows of a vector table at a version; 0 where the table is gone."""
    import lancedb

    if not (home.vectors / f"{table}.lance").is_dir():
        return 0
    opened = lancedb.connect(str(home.vectors)).open_table(table)
    opened.checkout(version)
    return int(opened.count_rows())
