"""Move the one pointer that readers see, at the end of the round or not at all."""

from __future__ import annotations

from flows.rounds import Round


def release_round(current: Round) -> int | None:
    """Publish a release of the lake's and the vectors' versions, when they differ from the current one's."""
    with current.timed("release"):
        versions = {t: v for t, v in current.lake.versions().items()}
        released = current.releases.publish(
            current.run_id, current.number, versions, current.vectors.versions(), current.started.isoformat()
        )
    current.release = released.number
    return current.release
