"""Tell Prefect of rounds that were killed: it believes them to be running for ever (prefect issue 16746)."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.exceptions import ObjectNotFound
from prefect.states import Crashed


def tell_interrupted(flow_runs: Sequence[str]) -> None:
    """Set the flow runs, and the subflows and tasks they left running, to Crashed."""
    if not flow_runs:
        return
    with get_client(sync_client=True) as client:
        for name in flow_runs:
            try:
                run = client.read_flow_run(UUID(name))
            except ObjectNotFound:
                continue  # another server's run
            if run.state is not None and not run.state.is_final():
                message = "the round was killed; the next one repaired what it left"
                client.set_flow_run_state(run.id, Crashed(message=message), force=True)
