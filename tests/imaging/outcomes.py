"""What a night makes of images, file by file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath

import polars as pl

from contracts.units import Unit
from tasks.workroom import open_workroom
from tests.flows.house import House

_DIGESTS = ("pixel_digest", "shown_digest", "object_key")


@dataclass(frozen=True)
class Outcome:
    """What a night made of one file.

    Attributes:
        index: `indexed`, or the reason for which it is held back.
        object: `written`, or the reason for which none is; empty where nothing was indexed.
        decoded: digest of the pixels; empty where they were not decoded.
        shown: digest of the pixels that the object was written with.
        key: of the object.
    """

    index: str
    object: str = ""
    decoded: str = ""
    shown: str = ""
    key: str = ""


def outcomes_of(house: House) -> dict[str, Outcome]:
    """What became of each file of the source `pacs`, by its name without ending."""
    room = open_workroom(str(house.home.path))
    index = house.rows("imaging.instance", "instance_id", "_owner")
    objects = {row["instance_id"]: row for row in house.rows("imaging.object").iter_rows(named=True)}
    held = {f"pacs/{entry.token}": entry.reason for entry in room.quarantine.list("pacs")}
    found: dict[str, Outcome] = {}
    for row in house.catalog.units("pacs").values():
        name = PurePath(room.vault.path_of(Unit(row.unit, "pacs", "dicom"))).stem
        assert name not in found
        instances = index.filter(pl.col("_owner") == row.owner)["instance_id"].to_list()
        assert len(instances) + (row.unit in held) == 1, name
        if not instances:
            found[name] = Outcome(held[row.unit])
            continue
        made = objects[instances[0]]
        told = (made["reason"] or made["status"], *(made[c] or "" for c in _DIGESTS))
        found[name] = Outcome("indexed", *told)
    return found
