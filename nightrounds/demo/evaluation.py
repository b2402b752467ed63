"""How well the demo's persons are told apart, and what a late link changed: measured on the releases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

from connectors.fhir.references import identifier_key
from contracts.identity import Identity
from contracts.keys import Key
from contracts.schemas import LAKE
from nightrounds.demo.fhir_export import FUTURE_PATIENT
from nightrounds.demo.fhir_resources import mrn_system
from nightrounds.demo.people import RADIOLOGY
from retrieval.reader import Reader

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

    from contracts.protocols import Encoder

_OWN = frozenset({"_source", "_owner", "_recipe", "_bucket"})
_MOST_VECTORS = 100_000

Cluster = list[tuple[str, str, str]]
"""The identities of one person: (authority, system, identifier)."""


@dataclass(frozen=True)
class Linkage:
    """Who is one person, against the truth: pairs of identities, counted once each.

    Attributes:
        release: number of the release that was measured.
        identities: how many identities the truth and the release both know.
        unknown: identities of the release that the truth does not know.
        persons: how many persons the release makes of them.
        true_pairs: pairs that are one person.
        found_pairs: pairs that the release says are one person.
        right_pairs: pairs of both.
        known_pairs: pairs that the exports of that night state, a late link and a merge only once they have come.
    """

    release: int
    identities: int
    unknown: int
    persons: int
    true_pairs: int
    found_pairs: int
    right_pairs: int
    known_pairs: int = 0

    @property
    def precision(self) -> float:
        """Share of the found pairs that are right; 1 where none was found."""
        return self.right_pairs / self.found_pairs if self.found_pairs else 1.0

    @property
    def recall(self) -> float:
        """Share of the true pairs that were found; 1 where there are none."""
        return self.right_pairs / self.true_pairs if self.true_pairs else 1.0


@dataclass(frozen=True)
class Moved:
    """What a changed link did to one table.

    Attributes:
        table: of the lake, or `vectors: notes` and the like.
        rows: rows of the earlier release whose person is another one now.
        dates: how many of these have another date now.
    """

    table: str
    rows: int
    dates: int


@dataclass(frozen=True)
class Restored:
    """Whether a table's rows of the persons concerned are what they were before the late link."""

    table: str
    rows: int
    same: bool


def true_clusters(truth: Mapping[str, Any], *, late: bool = True, merged: bool = True) -> list[Cluster]:
    """The identities of each true person, and those of nobody's record one by one.

    Args:
        truth: of the hospital.
        late: whether the link that comes a night late is there.
        merged: whether the number that was merged a night later is its person's yet.
    """
    clusters: list[Cluster] = []
    for person in truth["persons"]:
        cluster = [(authority, "", identifier) for authority, identifier, _ in person["identities"]]
        cluster += [
            _searched(authority, number)
            for authority, number, kind in person["identities"]
            if kind == "record"
        ]
        cluster += [(authority, "fhir", number) for authority, number in person["resource_ids"]]
        cluster += [(authority, system, number) for authority, system, number in person.get("aliases", ())]
        apart = [identity for identity in cluster if not late and _is_late(person, identity)]
        temporary = [
            (authority, space, number)
            for key, authority, number, system, _ in truth.get("merges", ())
            for space in ("", system)
            if key == person["key"]
        ]
        clusters.append([i for i in cluster if i not in apart] + (temporary if merged else []))
        clusters += [part for part in (apart, [] if merged else temporary) if part]
    unborn = FUTURE_PATIENT.home  # held back for her birth date, but known to be one person all the same
    known = [(unborn.authority, "", unborn.mrn), (unborn.authority, "fhir", unborn.resource_id)]
    clusters.append([*known, _searched(unborn.authority, unborn.mrn)])
    return clusters + [[(authority, "", identifier)] for authority, identifier in truth["unlinked"]]


def _is_late(person: Mapping[str, Any], identity: tuple[str, str, str]) -> bool:
    return "late_link" in person["labels"] and identity[0] == RADIOLOGY


def _searched(authority: str, mrn: str) -> tuple[str, str, str]:
    """The identity by which `Patient?identifier=system|value` names who has a record number."""
    return authority, "fhir", identifier_key(mrn_system(authority), mrn)


def measure_linkage(reader: Reader, key: Key, truth: Mapping[str, Any], night: int = 2) -> Linkage:
    """Compare the persons of a release with the true ones, pair by pair of identities.

    Args:
        reader: the release.
        key: of the home.
        truth: of the hospital.
        night: whose exports the release knows: on night 3 the late link is withdrawn.
    """
    from stores.vault_identities import identity_id_of

    rows = reader.rows("SELECT identity_id, person_id FROM linkage.person")
    found = {row["identity_id"]: row["person_id"] for row in rows}

    def groups(clusters: list[Cluster]) -> dict[int, int]:
        ids = {
            identity_id_of(key, Identity(authority, identifier, system)): number
            for number, cluster in enumerate(clusters)
            for authority, system, identifier in cluster
        }
        return {identity: number for identity, number in ids.items() if identity in found}

    true = groups(true_clusters(truth))
    known = groups(true_clusters(truth, late=night == 2, merged=night > 1))
    true_pairs, found_pairs = _pairs(true), _pairs({i: found[i] for i in true})
    return Linkage(
        release=reader.release.number,
        identities=len(true),
        unknown=len(found) - len(true),
        persons=len({found[i] for i in true}),
        true_pairs=len(true_pairs),
        found_pairs=len(found_pairs),
        right_pairs=len(true_pairs & found_pairs),
        known_pairs=len(_pairs(known)),
    )


def _pairs(group_of: Mapping[int, int]) -> set[tuple[int, int]]:
    groups: dict[int, list[int]] = {}
    for member, group in group_of.items():
        groups.setdefault(group, []).append(member)
    return {pair for members in groups.values() for pair in combinations(sorted(members), 2)}


def person_of(reader: Reader, key: Key, authority: str, identifier: str) -> int | None:
    """The person whom a release knows by an authority's own number; None for nobody."""
    from stores.vault_identities import identity_id_of

    wanted = identity_id_of(key, Identity(authority, identifier))
    rows = reader.rows("SELECT person_id FROM linkage.person WHERE identity_id = ?", [wanted])
    return int(rows[0]["person_id"]) if rows else None


def moved_persons(before: Reader, after: Reader) -> dict[int, int]:
    """Persons of the earlier release of whom an identity is another person's in the later one: old id to new."""
    old = {
        r["identity_id"]: r["person_id"]
        for r in before.rows("SELECT identity_id, person_id FROM linkage.person")
    }
    new = {
        r["identity_id"]: r["person_id"]
        for r in after.rows("SELECT identity_id, person_id FROM linkage.person")
    }
    return {old[i]: new[i] for i in old if i in new and old[i] != new[i]}


def measure_moved(before: Reader, after: Reader, encoders: Mapping[str, Encoder]) -> list[Moved]:
    """What a link that changed between two releases did to the earlier one's rows, dates and vectors."""
    import polars as pl

    persons = sorted(moved_persons(before, after))
    results = []
    for table in _personal_tables(before, after):
        spec = LAKE[table]
        columns = list(dict.fromkeys([*spec.key, "person_id", *([spec.date] if spec.date else [])]))
        old = _frame(
            before.lake.read(table, before.release.tables[table], columns, pl.col("person_id").is_in(persons))
        )
        new = _frame(after.lake.read(table, after.release.tables[table], columns))
        results.append(_compare(table, old, new, list(spec.key), spec.date))
    for kind, encoder in encoders.items():
        old, new = (_vectors(reader, kind, encoder) for reader in (before, after))
        results.append(
            _compare(f"vectors: {kind}s", old.filter(pl.col("person_id").is_in(persons)), new, ["id"], "date")
        )
    return [moved for moved in results if moved.rows]


def _compare(table: str, old: pl.DataFrame, new: pl.DataFrame, key: list[str], date: str) -> Moved:
    """Rows of `old` that `new` holds under another person, and how many of them have another date there."""
    import polars as pl

    both = old.join(new, on=key, how="inner", suffix="_after", nulls_equal=True)
    moved = both.filter(pl.col("person_id").ne_missing(pl.col("person_id_after")))
    dates = moved.filter(pl.col(date).ne_missing(pl.col(f"{date}_after"))).height if date else 0
    return Moved(table, moved.height, dates)


def measure_restored(
    first: Reader, last: Reader, persons: Sequence[int], encoders: Mapping[str, Encoder]
) -> list[Restored]:
    """Whether the rows and vectors that `persons` had in the first release are the same in the last.

    Compared by the digest of all columns but the own ones. What the persons have got since is left out.
    """
    import polars as pl

    from stores.lake_digest import digest_rows

    results = []
    theirs = pl.col("person_id").is_in(list(persons))
    for table in _personal_tables(first, last):
        key = list(LAKE[table].key)
        old = _frame(first.lake.read(table, first.release.tables[table], where=theirs))
        if not old.height:
            continue
        now = _frame(last.lake.read(table, last.release.tables[table]))
        now = now.join(old.select(key), on=key, how="semi", nulls_equal=True)
        digests = [
            digest_rows(
                f.drop(_OWN, strict=False).to_arrow(compat_level=pl.CompatLevel.oldest()).to_batches()
            )
            for f in (old, now)
        ]
        results.append(Restored(table, old.height, digests[0] == digests[1]))
    for kind, encoder in encoders.items():
        old, now = (_vectors(reader, kind, encoder) for reader in (first, last))
        old = old.filter(theirs)
        now = now.join(old.select("id"), on="id", how="semi")
        if old.height:
            results.append(Restored(f"vectors: {kind}s", old.height, old.sort("id").equals(now.sort("id"))))
    return results


def _personal_tables(*readers: Reader) -> list[str]:
    """Tables with a person in each row that units own; derived ones follow from them."""
    return [
        name
        for name, table in LAKE.items()
        if not table.derived and "person_id" in table.schema.names and all(r.has(name) for r in readers)
    ]


def _vectors(reader: Reader, kind: str, encoder: Encoder) -> pl.DataFrame:
    """All vectors of a kind in a release: id, digest, person_id, date."""
    import numpy as np

    direction = np.zeros(encoder.dimension, dtype=np.float32)
    direction[0] = 1.0
    found = reader.search(kind, encoder, direction, None, k=_MOST_VECTORS)
    return _frame(found.select(["id", "digest", "person_id", "date"]))


def _frame(table: pa.Table) -> pl.DataFrame:
    import polars as pl

    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame
