"""Bring the home's MEDS data set to the release that readers see."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from contracts.errors import NightroundsError
from flows.rounds import Round
from tasks.meds.home import exporter_of, store_of


def wants_meds(current: Round) -> bool:
    """Whether the round exports: where it is asked for, and where an export lies in the home already.

    What was removed from the lake must not stay in a copy of it that the home holds.
    """
    return (
        current.settings.meds.enabled or store_of(current.home, current.home.meds, current.room.key).exists()
    )


def export_meds(current: Round) -> dict[str, Any]:
    """Export the current release under the home's `meds/`; a quiet night finds all of it there.

    An export that fails is a problem of its own: the release stands, and the next night tries again.
    """
    release = current.releases.current()
    if release is None:
        return {}
    with current.timed("export meds"):
        store = store_of(current.home, current.home.meds, current.room.key)
        exporter = exporter_of(current.home, current.lake, current.room.key, current.settings.meds.options())
        try:
            current.exported = exporter.export(release, store).to_json()
        except NightroundsError as error:
            current.exported = {"problem": f"meds: {error}"}
        except (OSError, pa.ArrowException) as error:  # a full disk, a damaged file; the text may name a path
            current.exported = {"problem": f"meds: {type(error).__name__}"}
    return current.exported
