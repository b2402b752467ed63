"""Wait for the exports that servers make when asked, fetch their files side by side, and conclude them.

The checkpoint is sealed after each step, so that a round that was killed goes on with the same export.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contracts.errors import NightroundsError, Retriable, Unreachable
from contracts.protocols import Exporter, Fetchable
from contracts.units import Discovery, Source, Stamp, Unit
from stores.landing import Landing
from tasks.workroom import Workroom, load_checkpoint, save_checkpoint

if TYPE_CHECKING:
    from contracts.protocols import Place

Tell = Callable[[str], None]
ATTEMPTS = 3
"""How often a file is tried without a byte more of it."""
_PAUSE_SECONDS = 1.0
_SLICE_SECONDS = 5.0


@dataclass(frozen=True)
class Unfetched:
    """A unit that could not be fetched, and why."""

    unit: str
    error: NightroundsError


def await_export(
    room: Workroom,
    source: Source,
    one: Exporter,
    *,
    afresh: bool = False,
    tell: Tell | None = None,
    late: Callable[[], bool] = lambda: False,
    sleep: Callable[[float], None] = time.sleep,
) -> Discovery:
    """Go on with the source's export, or ask for one, and wait until it is done.

    Args:
        room: the workroom of the home, in whose vault the checkpoint is kept.
        source: the source.
        one: its connector.
        afresh: ask for everything, whatever was exported before.
        tell: is told how far the export is: figures alone.
        late: whether the round's deadline has passed.
        sleep: waits.

    Returns:
        What the export holds; or, with a `problem`, why there is nothing tonight.

    Raises:
        Fatal: the server refuses the export. Retriable: it does not answer.
    """
    checkpoint = load_checkpoint(room.vault, source.name)
    if afresh:
        checkpoint = one.afresh(source, checkpoint)
    checkpoint = one.discard(source, checkpoint)
    save_checkpoint(room.vault, source.name, checkpoint)
    waited, patience, told = 0.0, one.patience_seconds(source), ""
    while True:
        found = one.discover(source, checkpoint)
        checkpoint = found.checkpoint
        save_checkpoint(room.vault, source.name, checkpoint)
        if tell and found.progress not in ("", told):
            told = found.progress
            tell(f"{source.name}: export {told}")
        if found.wait_seconds is None:
            return found
        if late() or waited + found.wait_seconds > patience:
            problem = "the export was not ready in time; the next round goes on with the same one"
            return Discovery((), checkpoint, problem=problem)
        waited += _rest(found.wait_seconds, sleep, late)


def _rest(seconds: float, sleep: Callable[[float], None], late: Callable[[], bool]) -> float:
    """Wait in slices, so that a deadline is seen; returns for how long."""
    passed = 0.0
    while passed < seconds and not late():
        piece = min(seconds - passed, _SLICE_SECONDS)
        sleep(piece)
        passed += piece
    return passed


def conclude_export(room: Workroom, source: Source, one: Exporter) -> None:
    """All of the export is published: the next one begins where it ends, and the server may let it go.

    That is noted before the server is told, so that nothing is lost in between.
    """
    checkpoint = one.conclude(source, load_checkpoint(room.vault, source.name))
    save_checkpoint(room.vault, source.name, checkpoint)
    save_checkpoint(room.vault, source.name, one.discard(source, checkpoint))


def fetch_units(
    room: Workroom,
    units: Mapping[str, Stamp],
    source: Source,
    one: Exporter,
    *,
    late: Callable[[], bool] = lambda: False,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Unfetched | str]:
    """Bring the units into the landing area, some at a time; what fails concerns its own unit alone.

    Where one after the other fails because the server does not answer, the rest is not tried any more in this round.

    Yields:
        The name of each unit that has landed, or why it has not, as they end.
    """
    limit = one.downloads(source)
    waiting = [
        (name, Unit(name, source.name, source.kind), room.place(Unit(name, source.name, source.kind)), stamp)
        for name, stamp in units.items()
    ]
    landing, silent = Landing(room.home, room.key), 0
    with ThreadPoolExecutor(limit, thread_name_prefix="fetch") as threads:
        running: dict[Future[None], str] = {}
        while waiting or running:
            while waiting and len(running) < limit and silent < 2 * limit + 2 and not late():
                name, unit, place, stamp = waiting.pop(0)
                running[threads.submit(_land, landing, unit, place, stamp, sleep)] = name
            if not running:
                break
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                name, error = running.pop(future), future.exception()
                if error is None:
                    silent = 0
                    yield name
                elif isinstance(error, NightroundsError):
                    silent += isinstance(error, Unreachable)
                    yield Unfetched(name, error)
                else:
                    raise error
    for name, *_ in waiting:
        what = "not fetched before the deadline" if late() else "not tried: the server does not answer"
        yield Unfetched(name, Retriable(what, f"source {source.name}", "the next round goes on here"))


def _land(landing: Landing, unit: Unit, place: Place, stamp: Stamp, sleep: Callable[[float], None]) -> None:
    """Land one unit; a copy that was cut off is gone on with as long as it grows."""
    assert isinstance(place, Fetchable)
    tries = 0
    while True:
        before = landing.pending(unit)
        try:
            landing.land(unit, place, stamp)
            return
        except Unreachable:
            raise
        except Retriable:
            tries = 0 if landing.pending(unit) > before else tries + 1
            if tries >= ATTEMPTS:
                raise
        sleep(_PAUSE_SECONDS * tries)
