"""Map the units of a source over the workers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from contracts.units import Unit
from flows.executor import Failure, guarded
from flows.rounds import Round
from tasks.bundling import MOST_UNITS, is_single, process_units
from tasks.limited import LimitedJob, end_limited, process_limited
from tasks.processing import Processed, process_unit
from tasks.workroom import Job

Progress = Callable[[int, int], None]


def process_source(current: Round, name: str, progress: Progress | None = None) -> list[Processed]:
    """Process the units that the plan says must be read; failures are noted by unit and stop nothing else."""
    outcome = current.sources[name]
    if current.late and outcome.to_read:
        outcome.problem = "not begun before the deadline; the next round goes on here"
        return []
    with current.timed(f"process {name}"):
        contexts = current.room.vault.contexts([u.unit for u in outcome.to_read], current.today)
        home, today = str(current.home.path), current.today.isoformat()
        jobs = [Job(home, unit, today, contexts.get(unit.unit, "")) for unit in outcome.to_read]
        jobs.sort(
            key=lambda job: -job.unit.size
        )  # the long ones first, so that no worker ends the night alone
        processed = []
        for number, (job, result, failure) in enumerate(_outcomes(current, name, jobs), 1):
            if result is not None:
                processed.append(result)
            else:
                outcome.failures[job.unit.unit] = failure or Failure("unknown")
            if progress:
                progress(number, len(jobs))
    return processed


@dataclass(frozen=True)
class Bundle:
    """Small units that one worker processes at once."""

    jobs: tuple[Job, ...]

    @property
    def unit(self) -> Unit:
        """The first unit: it stands for the bundle in a worker's task."""
        return self.jobs[0].unit


_Outcome = tuple[Job, Processed | None, Failure | None]


def process_bundle(bundle: Bundle) -> list[Processed | None]:
    """Process the units of a bundle; None for those that cannot be done together: no unit fails for another."""
    together, _ = guarded(process_units, bundle.jobs)
    return list(together) if together is not None else [None] * len(bundle.jobs)


def _outcomes(current: Round, name: str, jobs: Sequence[Job]) -> Iterator[_Outcome]:
    """Each unit's outcome as it comes. What cannot be done with others, or had a worker die, is processed alone and
    within limits."""
    if not is_single(current.room.connector(current.sources[name].kind)):
        for done in current.executor.map(process_unit, jobs):
            yield done.item, done.result, done.failure
        return
    alone: list[LimitedJob] = []
    limits = current.settings.imaging.limits()
    for bundle in current.executor.map(process_bundle, _bundles(jobs)):
        results = bundle.result or [None] * len(bundle.item.jobs)
        for job, result in zip(bundle.item.jobs, results, strict=True):
            if result is None:
                alone.append(LimitedJob(job, limits))
            else:
                yield job, result, None
    for single in current.executor.map(process_limited, alone):
        yield single.item.job, single.result, single.failure
    end_limited()


def _bundles(jobs: Sequence[Job]) -> list[Bundle]:
    return [Bundle(tuple(jobs[i : i + MOST_UNITS])) for i in range(0, len(jobs), MOST_UNITS)]
