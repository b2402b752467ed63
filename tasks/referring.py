"""Events about a thing told elsewhere: their codes come from the record of the Medication or Device that they name.

Such an event is published as it stands (`records.referring`), since the thing's own record may come in any file of any
night, or change, or go. OMOP's rows follow from both, under a source of their own (`tasks.visit_parts.RESOLVED`): by
the thing's code, and as long as none is known under the thing's id.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from contracts.privacy import Profile
from contracts.protocols import Receipt
from contracts.schemas import table_named
from contracts.schemas.events import EVENT
from contracts.schemas.omop import EVENT_TABLES
from contracts.schemas.vocabularies import is_standard, vocabulary_of
from stores.lake import Lake
from tasks.concepts import Vocabulary
from tasks.mappings import mappings
from tasks.names import names_version
from tasks.standardising import REFERRING, SHARED, map_events
from tasks.units import units_digest
from tasks.visit_parts import DETAIL, RESOLVED, Parts, read_parts

THING = "records.thing"
_BASIS = "resolved_from"
_Coding = tuple[str, str, str | None]


@dataclass(frozen=True)
class Resolver:
    """What events that refer are resolved with.

    Attributes:
        vocabulary: looks codes up.
        vocabulary_parts: what tells its content apart, the site's own map included.
        profile: the home's.
    """

    vocabulary: Vocabulary
    vocabulary_parts: Mapping[str, str]
    profile: Profile

    @property
    def digest(self) -> str:
        """Tells apart what would resolve otherwise."""
        shared = {name: mapping.digest for name, mapping in mappings(SHARED).items()}
        parts = {**shared, **self.vocabulary_parts, "profile": self.profile.value}
        parts |= {"units": units_digest(), "names": names_version()}
        return hashlib.sha256(repr(sorted(parts.items())).encode()).hexdigest()[:32]


def resolve_referring(lake: Lake, resolver: Resolver, round_no: int) -> list[Receipt]:
    """Make the rows of all events that refer to things; `records.thing` and the visits' parts are up to date.

    Nothing is done where everything that they follow from is as it was.
    """
    if lake.version(REFERRING) is None:
        return []
    read = (REFERRING, THING, DETAIL)
    parts = [resolver.digest, *(f"{name}={lake.content_version(name)}" for name in read)]
    basis = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
    if lake.last_fact(REFERRING, _BASIS) == basis:
        return []
    codings, visits = _codings(lake), read_parts(lake)
    receipts = []
    for target in _targets(lake, codings, resolver):
        rows = _rows(lake, target, codings, visits, resolver)
        publish = lake.next_publication(target, f"{RESOLVED}:{target}", round_no)
        receipts.append(lake.replace(target, RESOLVED, [], rows, publish=publish, whole_source=True))
    publish = lake.next_publication(REFERRING, f"{RESOLVED}:{REFERRING}", round_no)
    lake.replace(REFERRING, RESOLVED, [], [], publish=publish, facts={_BASIS: basis})
    return receipts


def _codings(lake: Lake) -> dict[tuple[str, str], _Coding]:
    """By type and id: the thing's coding in a vocabulary that OMOP has standard concepts in, else its first."""
    if lake.version(THING) is None:
        return {}
    best: dict[tuple[str, str], tuple[tuple[bool, int], _Coding]] = {}
    for batch in lake.batches(THING):
        for row in batch.to_pylist():
            system = row["system"] or ""
            vocabulary = vocabulary_of(system) or system
            rank = (not is_standard(vocabulary), row["place"])
            key = (row["kind"], str(row["thing_id"]))
            if key not in best or rank < best[key][0]:
                best[key] = rank, (vocabulary, row["code"], row["display"])
    return {key: coding for key, (_, coding) in best.items()}


def _targets(lake: Lake, codings: Mapping[tuple[str, str], _Coding], resolver: Resolver) -> list[str]:
    """The tables that the events go to, and those that hold some from before."""
    targets = {target for rows in _routed(lake, codings, resolver) for target in rows}
    for table in EVENT_TABLES:
        name = f"omop.{table}"
        if name not in targets and lake.version(name) is not None and len(lake.owners(name, RESOLVED)):
            targets.add(name)
    return sorted(targets)


def _rows(
    lake: Lake,
    target: str,
    codings: Mapping[tuple[str, str], _Coding],
    visits: Parts,
    resolver: Resolver,
) -> Iterator[pa.RecordBatch]:
    names = [*table_named(target).schema.names, "_owner"]
    for rows in _routed(lake, codings, resolver):
        if target in rows:
            made = rows[target].select(names)
            if "visit_detail_id" in made.schema.names:
                made = visits.settle(target, made)
            recipe = pa.array([resolver.digest] * made.num_rows, pa.string())
            yield from made.append_column("_recipe", recipe).to_batches()


def _routed(
    lake: Lake, codings: Mapping[tuple[str, str], _Coding], resolver: Resolver
) -> Iterator[dict[str, pa.Table]]:
    """Rows of OMOP's tables, a batch of events at a time."""
    for batch in lake.batches(REFERRING, columns=[*EVENT.names, "_owner"]):
        events = _coded(pa.Table.from_batches([batch]), codings)
        for name, value in (("_record", 0), ("_version", ""), ("_digest", 0)):  # mappings pass them on
            events = events.append_column(name, pa.array([value] * events.num_rows))
        yield map_events(events, resolver.profile, resolver.vocabulary)


def _coded(events: pa.Table, codings: Mapping[tuple[str, str], _Coding]) -> pa.Table:
    """The events with the codes of their things, as far as these are known; words of their own stay where the code has
    none."""
    keys = zip(events["vocabulary"].to_pylist(), events["code"].to_pylist(), strict=True)
    found = [codings.get(key) or (*key, None) for key in keys]
    vocabularies, codes, words = (pa.array(column, pa.string()) for column in zip(*found, strict=True))
    words = pc.coalesce(words, events["display"].combine_chunks())
    for name, values in (("vocabulary", vocabularies), ("code", codes), ("display", words)):
        events = events.set_column(events.schema.get_field_index(name), events.schema.field(name), values)
    return events
