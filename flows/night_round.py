"""The night round: what happens, in which order.

`night_round` surveys every source, since who is who must be known before anything is read; then it refreshes records,
images and variants as subflows, derives, embeds, links, releases and reports. Each refresh flow also runs on its own:
it is then a round over the sources of its kinds.
"""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
from prefect.states import Completed, Failed

from connectors.crosswalk import KIND as CROSSWALK
from contracts.errors import NightroundsError
from flows import work
from flows.discretion import discreet
from flows.interrupted import tell_interrupted
from flows.rounds import Options, Round, SourceOutcome, open_round, round_by
from flows.stages.settling import settle
from tasks.workroom import load_sources

_MODALITY = {"dicom": "images", "vcf": "variants"}


def modality_of(kind: str) -> str:
    """Which refresh flow a source's kind belongs to; every other kind brings records."""
    return _MODALITY.get(kind, "records")


def _today() -> date:
    """The round's date; `NIGHTROUNDS_TODAY` sets it for the demo and for tests."""
    day = os.environ.get("NIGHTROUNDS_TODAY")
    return date.fromisoformat(day) if day else datetime.now(UTC).date()


@flow(name="night_round", flow_run_name=lambda: f"night of {_today()}", persist_result=False)
def night_round(
    sources: list[str] | None = None, reprocess: bool = False, verify: bool = False, sync: bool = False
) -> State[Any]:
    """Make the round over the home's sources, or over those named.

    Args:
        sources: names of sources; all where empty.
        reprocess: read every unit again, changed or not.
        verify: digest every unit again, whatever its size and time say.
        sync: work in this process, without a Dask cluster.
    """
    return _make_round(sources, None, Options(reprocess, verify), sync)


@flow(name="refresh_records", flow_run_name=lambda: f"records of {_today()}", persist_result=False)
def refresh_records(run_id: str | None = None, sources: list[str] | None = None) -> State[Any]:
    """Bring the records (EHR exports and tables) up to date; on its own, or as part of a round."""
    return _refresh(run_id, sources, "records")


@flow(name="refresh_images", flow_run_name=lambda: f"images of {_today()}", persist_result=False)
def refresh_images(run_id: str | None = None, sources: list[str] | None = None) -> State[Any]:
    """Bring the imaging index up to date; on its own, or as part of a round."""
    return _refresh(run_id, sources, "images")


@flow(name="refresh_variants", flow_run_name=lambda: f"variants of {_today()}", persist_result=False)
def refresh_variants(run_id: str | None = None, sources: list[str] | None = None) -> State[Any]:
    """Bring the variants up to date; on its own, or as part of a round."""
    return _refresh(run_id, sources, "variants")


_REFRESH = (("records", refresh_records), ("images", refresh_images), ("variants", refresh_variants))


def _refresh(run_id: str | None, sources: list[str] | None, modality: str) -> State[Any]:
    if run_id is None:
        return _make_round(sources, modality, Options(), False)
    current = round_by(run_id)
    for name in sources or []:
        _refresh_source(current, name)
    chosen = [current.sources[name] for name in sources or []]
    return _state(
        failed=sum(len(o.failures) + bool(o.problem) for o in chosen),
        stopped=[
            f"{p.source} {p.table} {p.state}" for o in chosen for p in o.publications if p.state in _STOPPED
        ],
        held=sum(o.account.fates["quarantined"] for o in chosen if o.account),
    )


def _refresh_source(current: Round, name: str) -> None:
    """Process and publish one source. A stage that breaks is the source's own problem: the others go on."""
    outcome = current.sources[name]
    try:
        work.process(current.run_id, name)
        outcome.publishing = True
        work.publish(current.run_id, name)
        outcome.publishing = False
    except NightroundsError as error:
        outcome.problem = str(error)


_STOPPED = ("blocked", "held")


def _survey_source(current: Round, name: str, kind: str) -> None:
    try:
        work.survey(current.run_id, name)
    except NightroundsError as error:
        current.sources.setdefault(name, SourceOutcome(kind)).problem = str(error)


def _note_ending(current: Round, group: str, names: list[str], state: State[Any]) -> None:
    """A refresh flow that ended badly for a reason that no source tells of must not pass for a success."""
    outcomes = [current.sources[name] for name in names]
    if not state.is_completed() and not any(o.problem or o.failures for o in outcomes):
        for outcome in outcomes:
            outcome.problem = f"refresh of {group} ended as {state.name}"


@discreet("night round")
def _make_round(sources: list[str] | None, modality: str | None, options: Options, sync: bool) -> State[Any]:
    with open_round(options, sync=sync, today=_today(), flow_run_id=str(flow_run.get_id() or "")) as current:
        tell_interrupted(current.interrupted)
        kinds = _chosen_kinds(current, sources, modality)
        for name, kind in kinds.items():
            _survey_source(current, name, kind)
        work.resolve(current.run_id, list(kinds))
        for group, refresh in _REFRESH:
            names = [n for n, kind in kinds.items() if kind != CROSSWALK and modality_of(kind) == group]
            if names:
                # The round's own flow run beats for all: each more would be waited for, about a second, at its end.
                with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
                    state = refresh(run_id=current.run_id, sources=names, return_state=True)
                _note_ending(current, group, names, state)
        if not settle(current):
            work.derive(current.run_id)
            work.embed_new_notes(current.run_id)
            work.embed_new_images(current.run_id)
            work.link_graph(current.run_id)
            work.keep_up(current.run_id)
        work.release(current.run_id)
        work.export(current.run_id)
        work.report(current.run_id)
        stopped = [f"{p.source} {p.table} {p.state}" for p in current.blocked]
        held = current.held_back - len(stopped)
        stopped += [f"release held by {check}" for check in current.critical]
        return _state(current.failed, stopped, held)


def _chosen_kinds(current: Round, sources: list[str] | None, modality: str | None) -> dict[str, str]:
    """The round's sources with their kinds: crosswalks always, since they say who is who."""
    known = load_sources(current.room.vault)
    if sources:
        current.settings.chosen([s for s in sources if s not in known])
    return {
        name: source.kind
        for name, source in sorted(known.items())
        if source.kind == CROSSWALK
        or ((not sources or name in sources) and (modality is None or modality_of(source.kind) == modality))
    }


def _state(failed: int, stopped: list[str], held: int) -> State[Any]:
    """How a flow run ends: what was stopped or held back shows in its state."""
    if failed:
        return Failed(message=f"{failed} units or sources ended in an error; the rest is published")
    if stopped:
        return Completed(name="Completed with blocked tables", message="; ".join(stopped))
    if held:
        return Completed(name="Completed with quarantine", message=f"{held} records are held back")
    return Completed(message="all published")
