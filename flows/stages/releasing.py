"""Move the one pointer that readers see, at the end of the round or not at all."""

from __future__ import annotations

from flows.rounds import Round
from flows.stages.repairing import cut_off_sources
from stores.lake import Lake
from stores.lake_sql import HIDDEN
from tasks.vcf.release.policy import Suppression
from tasks.vcf.release.suppressing import is_up_to_date


def release_round(current: Round) -> int | None:
    """Publish a release of the lake's and the vectors' versions, when they differ from the current one's.

    A critical check between tables that fails keeps readers where they are, and so does a publication that broke off
    in the middle: what belongs together does not yet.
    """
    with current.timed("release"):
        genomics = current.settings.genomics
        versions = released_tables(current.lake.versions(), genomics.release)
        versions = without_suppressed(current.lake, versions, genomics.suppression())
        vectors = current.vectors.versions()
        broken = any(outcome.publishing for outcome in current.sources.values()) or cut_off_sources(current)
        if current.critical or broken or _moved_back(current, versions, vectors):
            known = current.releases.current()
            current.release = known.number if known else None
            return current.release
        created = current.started.isoformat()
        released = current.releases.publish(current.run_id, current.number, versions, vectors, created)
    current.release = released.number
    return current.release


GENOTYPES = frozenset(
    ["genomics.call", "genomics.reference_block", "genomics.variant_quality", "genomics.sample_quality"]
)
"""Tables that say who has which allele, or how many do."""


def released_tables(versions: dict[str, int], policy: str) -> dict[str, int]:
    """The tables that readers may see.

    Args:
        versions: of all tables of the lake.
        policy: setting `genomics.release`: all, no-genotypes, or none.
    """
    if policy == "none":
        return {name: version for name, version in versions.items() if not name.startswith("genomics.")}
    if policy == "no-genotypes":
        return {name: version for name, version in versions.items() if name not in GENOTYPES}
    return versions


def without_suppressed(lake: Lake, versions: dict[str, int], policy: Suppression) -> dict[str, int]:
    """The tables that readers may see, with the one by which records are hidden if, and only if, some are to be.

    Where that one does not tell of the lake as it stands, no genomics table is released.
    """
    if not policy.is_asked or "genomics.variant" not in versions:
        return {name: version for name, version in versions.items() if name != HIDDEN}
    if HIDDEN in versions and is_up_to_date(lake, policy):
        return versions
    return {name: version for name, version in versions.items() if not name.startswith("genomics.")}


def _moved_back(current: Round, versions: dict[str, int], vectors: dict[str, int]) -> bool:
    """Whether a person moved readers back from the release of what the stores hold: a quiet night leaves that be.

    A round that reported the newest release had moved the pointer to it; if the pointer is elsewhere now, someone
    moved it. A round that was cut off before its report had not.
    """
    releases = current.releases.list()
    pointer = current.releases.current()
    if not releases or pointer is None or pointer.number == releases[-1].number:
        return False
    newest = releases[-1]
    reported = [r.summary.get("release") for r in current.catalog.rounds(limit=50) if r.summary]
    return (newest.tables, newest.vectors) == (versions, vectors) and newest.number in reported
