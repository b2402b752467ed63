"""Map the units of a source over the workers."""

from __future__ import annotations

from collections.abc import Callable

from flows.executor import Failure
from flows.rounds import Round
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
        for number, done in enumerate(current.executor.map(process_unit, jobs), 1):
            if done.result is not None:
                processed.append(done.result)
            else:
                outcome.failures[done.item.unit.unit] = done.failure or Failure("unknown")
            if progress:
                progress(number, len(jobs))
    return processed
