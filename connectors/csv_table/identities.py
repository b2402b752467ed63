"""Who is in a file: the patients that its rows are about, with what the mapping's `[hide]` says is known of them."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.csv_table.mapping import FileMapping
from connectors.csv_table.records import Columns
from connectors.tabular.moments import Reader
from connectors.tabular.rows import Batch
from contracts.identity import Identity

KIND = "csv"
_DATES = frozenset(("birth_date", "death_date"))


def find_identities(
    batch: Batch, mapping: FileMapping, authority: str, read: Reader, seen: set[int]
) -> Iterator[Identity]:
    """The identities of a batch's rows, each with the same traits once for each `seen`."""
    columns = Columns(batch, mapping)
    patients = columns.value(mapping.patient).to_pylist()
    wanted = _traits(mapping)
    told = {name: columns.value(name).to_pylist() for where in wanted.values() for name in where}
    for row, patient in enumerate(patients):
        if patient is None:
            continue
        traits = {}
        for trait, where in wanted.items():
            values = [value for name in where if (value := told[name][row])]
            if trait in _DATES:
                values = [(read(value) or (None,))[0] or value for value in values]
            if values:
                traits[trait] = tuple(dict.fromkeys(values))
        mark = hash(
            (patient, tuple(traits.items()))
        )  # a number, so that a million patients take little memory
        if mark not in seen:
            seen.add(mark)
            yield Identity(authority, patient, kind=KIND, traits=traits)


def _traits(mapping: FileMapping) -> dict[str, tuple[str, ...]]:
    """What is known of a patient: what `[hide]` names, the number itself, and the birth, death and ZIP of a
    `[[patient]]` block, which nobody should have to say twice."""
    found = {trait: list(names) for trait, names in mapping.hide.items()}
    found.setdefault("identifier", []).append(mapping.patient)
    for block in mapping.blocks:
        for trait in ("birth_date", "death_date", "zip") if block.target == "patient" else ():
            cell = block.cells.get(trait)
            found.setdefault(trait, []).extend(cell.columns if cell else ())
    return {trait: tuple(dict.fromkeys(names)) for trait, names in found.items() if names}
