"""Which connectors there are. They are imported when asked for, since some bring heavy libraries."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

from contracts.errors import Fatal
from contracts.plugins import declared_connectors, load_plugins

if TYPE_CHECKING:
    from contracts.protocols import Connector
    from contracts.units import Source

_TARGETS: dict[str, str] = {
    "fhir": "connectors.fhir:FhirConnector",
    "fhir_bulk": "connectors.fhir_bulk:FhirBulkConnector",
    "dicom": "connectors.dicom:DicomConnector",
    "vcf": "connectors.vcf:VcfConnector",
    "hl7v2": "connectors.hl7v2:Hl7v2Connector",
    "omop": "connectors.omop:OmopConnector",
    "synthea": "connectors.synthea:SyntheaConnector",
    "ccda": "connectors.ccda:CcdaConnector",
    "csv": "connectors.csv_table:CsvConnector",
}

_READ_AS = {"fhir_bulk": "fhir"}
"""Kinds that differ from another in how their exports come, and in nothing else."""


def read_as(kind: str) -> str:
    """The kind whose tables, cleaning and mappings are those of `kind`: itself, for most."""
    return _READ_AS.get(kind, kind)


def register(kind: str, target: str) -> None:
    """Add a connector under `kind`; `target` is `module:Class`.

    Raises:
        Fatal: the kind is taken by another target, or the target is malformed.
    """
    module, _, name = target.partition(":")
    if not module or not name:
        raise Fatal("a connector's target is malformed", f"connector {kind}", "module:Class")
    if _targets().get(kind, target) != target:
        raise Fatal("this kind is taken by another connector", f"connector {kind}", "choose another kind")
    _TARGETS[kind] = target


def kinds() -> tuple[str, ...]:
    """The kinds of export that can be read, sorted."""
    return tuple(sorted(_targets()))


def connector(kind: str) -> Connector:
    """The connector for `kind`, made anew.

    Raises:
        Fatal: there is none, or it cannot be imported; the message lists the kinds there are.
    """
    targets = _targets()
    if kind not in targets:
        raise Fatal(
            "no connector reads this kind of export", f"kind {kind!r}", f"one of {', '.join(sorted(targets))}"
        )
    module, _, name = targets[kind].partition(":")
    try:
        made = getattr(import_module(module), name)()
    except (ImportError, AttributeError) as error:
        missing = f"{type(error).__name__} in {module}"
        raise Fatal(
            f"the connector cannot be loaded: {missing}", f"kind {kind!r}", "install what it needs"
        ) from error
    return cast("Connector", made)


def source_components(source: Source) -> dict[str, str]:
    """What besides its connector's version decides how a source is read, by name, each with its digest: part of the
    source's recipe. A connector that reads by files of the site tells it by a method `components(source)`."""
    told = getattr(connector(source.kind), "components", None)
    return dict(told(source)) if told else {}


def _targets() -> dict[str, str]:
    """Our own targets and those of plugins (see `contracts.plugins`); a plugin's never replaces ours."""
    load_plugins()
    declared = {point.name: point.value for point in declared_connectors()}
    return {**declared, **_TARGETS}
