"""The coarse Prefect tasks of a round, one for each source and stage.

A task is told the round's id and a source's name; what passes between tasks lies in the stores. Nothing of a patient
is a parameter, a result, a log line or an artifact.
"""

from __future__ import annotations

from typing import Any

from prefect import get_run_logger, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE

from connectors.crosswalk import KIND as CROSSWALK
from contracts.errors import Retriable
from flows.discretion import discreet
from flows.observing import shown_progress
from flows.rounds import round_by
from flows.stages.deriving import check_lake, derive_all
from flows.stages.embedding import embed_images, embed_notes
from flows.stages.exporting import export_meds, wants_meds
from flows.stages.linking import link_source, resolve_persons
from flows.stages.processing import process_source
from flows.stages.publishing import publish_source
from flows.stages.releasing import release_round
from flows.stages.reporting import accounting_rows, markdown_summary, summarise, unit_rows, write_report
from flows.stages.surveying import plan_source, survey_source
from flows.stages.upkeep import keep_up_lake


def _worth_retrying(_task: Any, _run: Any, state: Any) -> bool:
    try:
        state.result(raise_on_failure=True)
    except Retriable:
        return True
    except Exception:  # noqa: BLE001 - whatever else it is, trying again changes nothing
        return False
    return False


_COARSE: dict[str, Any] = {
    "retries": 2,
    "retry_delay_seconds": [5, 30],
    "retry_condition_fn": _worth_retrying,
    "cache_policy": NO_CACHE,
    "persist_result": False,
}


@task(name="survey", task_run_name="survey {source}", tags=["nightrounds"], **_COARSE)
@discreet("survey")
def survey(run_id: str, source: str) -> int:
    """List a source and learn who is in it; returns how many units it holds."""
    current = round_by(run_id)
    if current.source(source).kind == CROSSWALK:
        outcome = link_source(current, source)
    else:
        outcome = survey_source(current, source, shown_progress(f"survey {source}"), get_run_logger().info)
    if outcome.problem:
        get_run_logger().error("source %s could not be listed: %s", source, outcome.problem)
    get_run_logger().info("%s: %d units listed", source, outcome.listed)
    return outcome.listed


@task(name="resolve persons", tags=["nightrounds"], **_COARSE)
@discreet("resolve persons")
def resolve(run_id: str, sources: list[str]) -> dict[str, int]:
    """Join identities to persons, then decide which units must be read."""
    current = round_by(run_id)
    found = resolve_persons(current)
    for name in sources:
        if current.sources[name].kind != CROSSWALK:
            plan_source(current, name)
    get_run_logger().info("%s", ", ".join(f"{count} {what}" for what, count in found.items()))
    return found


@task(name="process", task_run_name="process {source}", tags=["nightrounds"], **_COARSE)
@discreet("process")
def process(run_id: str, source: str) -> int:
    """Read, clean, de-identify, standardise, judge and stage the units that must be read."""
    current = round_by(run_id)
    processed = process_source(current, source, shown_progress(f"process {source}"))
    outcome = current.sources[source]
    for unit, failure in sorted(outcome.failures.items())[:20]:
        get_run_logger().error("%s failed: %s %s", unit, failure.error, failure.message)
    get_run_logger().info("%s: %d units read, %d unchanged", source, len(processed), len(outcome.unread))
    return len(processed)


@task(name="publish", task_run_name="publish {source}", tags=["nightrounds"], **_COARSE)
@discreet("publish")
def publish(run_id: str, source: str) -> dict[str, str]:
    """Publish the source's tables behind the gate; returns the state of each."""
    outcome = publish_source(round_by(run_id), source)
    for publication in outcome.publications:
        level = "warning" if publication.state in {"blocked", "held"} else "info"
        getattr(get_run_logger(), level)("%s %s: %s", source, publication.table, publication.state)
    return {p.table: p.state for p in outcome.publications}


@task(name="derive", tags=["nightrounds"], **_COARSE)
@discreet("derive")
def derive(run_id: str) -> dict[str, int]:
    """Derive tables over the whole lake and check what holds between tables."""
    current = round_by(run_id)
    found = derive_all(current, graph=False)
    for result in check_lake(current):
        if result["failing"]:
            level = "info" if result["severity"] == "info" else "warning"
            getattr(get_run_logger(), level)("%(check)s: %(failing)s of %(total)s (%(severity)s)", result)
    return found


@task(name="embed notes", tags=["nightrounds"], **_COARSE)
@discreet("embed notes")
def embed_new_notes(run_id: str) -> dict[str, Any]:
    """Embed the notes that have no vector of this encoder."""
    return embed_notes(round_by(run_id), shown_progress("embed notes"))


@task(name="embed images", tags=["nightrounds"], **_COARSE)
@discreet("embed images")
def embed_new_images(run_id: str) -> dict[str, Any]:
    """Embed the images that have no vector of this encoder."""
    return embed_images(round_by(run_id), shown_progress("embed images"))


@task(name="link graph", tags=["nightrounds"], **_COARSE)
@discreet("link graph")
def link_graph(run_id: str) -> dict[str, int]:
    """Derive the patient graph."""
    return derive_all(round_by(run_id), graph=True)


@task(name="upkeep", tags=["nightrounds"], **_COARSE)
@discreet("upkeep")
def keep_up(run_id: str) -> dict[str, int]:
    """Join small files and remove those that no release needs, so that no night costs more than the one before."""
    return keep_up_lake(round_by(run_id))


@task(name="release", tags=["nightrounds"], **_COARSE)
@discreet("release")
def release(run_id: str) -> int | None:
    """Move the readers' pointer to what this round published."""
    return release_round(round_by(run_id))


@task(name="export meds", tags=["nightrounds"], **_COARSE)
@discreet("export meds")
def _export(run_id: str) -> dict[str, Any]:
    found = export_meds(round_by(run_id))
    if found.get("problem"):
        get_run_logger().error("%(problem)s", found)
    return found


def export(run_id: str) -> None:
    """Bring the home's MEDS data set to the release, where the home has one; else not even a task is run."""
    if wants_meds(round_by(run_id)):
        _export(run_id)


@task(name="report", tags=["nightrounds"], **_COARSE)
@discreet("report")
def report(run_id: str) -> str:
    """Write the report and leave the summary, the accounting and the units' fates as artifacts."""
    current = round_by(run_id)
    path = write_report(current)
    summary = summarise(current)
    create_markdown_artifact(markdown_summary(summary), key="night-round", description="What the round did")
    create_table_artifact(accounting_rows(summary), key="accounting", description="Every record has one fate")
    if rows := unit_rows(current):
        create_table_artifact(rows, key="units", description="Units read, failures first")
    return path.name
