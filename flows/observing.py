"""How a stage's progress reaches the Prefect UI: one progress artifact a stage, updated every two seconds at most."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from flows.progress import Observer, progress_of

_EVERY = 2.0


class _Artifact:
    """A progress artifact made when a stage takes longer than two seconds, and kept up to date."""

    def __init__(self) -> None:
        self._id: object | None = None
        self._last = monotonic()

    def __call__(self, stage: str, done: int, total: int) -> None:
        from prefect.artifacts import create_progress_artifact, update_progress_artifact

        if total < 2 or (monotonic() - self._last < _EVERY and not (done == total and self._id)):
            return
        self._last = monotonic()
        share = 100.0 * done / total
        if self._id is None:
            self._id = create_progress_artifact(share, description=f"{stage}: units done, per cent")
        else:
            update_progress_artifact(self._id, share)  # type: ignore[arg-type]


def shown_progress(stage: str) -> Callable[[int, int], None]:
    """A callback (done, total) that tells the terminal's observers and the Prefect UI."""
    artifact: Observer = _Artifact()
    return progress_of(stage, artifact)
