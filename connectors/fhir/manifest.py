"""The manifest of a Bulk Data export (https://hl7.org/fhir/uv/bulkdata/export.html#response---complete-status).

A client leaves it beside the files: any `*manifest*.json` in their folder or one above, inside the source. Its
`transactionTime` is the version of every record of the export that states none of its own. A manifest is read with each
file: one that comes later than its files dates them when they are read again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import orjson

from connectors.fhir.bundles import instant
from connectors.listing import locate

if TYPE_CHECKING:
    from contracts.protocols import Reading

MANIFEST_LIMIT = 16 << 20
KINDS = ("output", "deleted", "error")


@dataclass(frozen=True)
class Listed:
    """A file that a manifest lists: under `kind` (output, deleted, error), of `record_type`, `count` where stated."""

    kind: str
    record_type: str
    name: str = field(repr=False)
    count: int | None = None


@dataclass(frozen=True)
class Manifest:
    """What an export says of itself. `exported` is its `transactionTime` as versions are written."""

    exported: str
    files: tuple[Listed, ...] = field(repr=False)
    needs_token: bool = False


def is_manifest(data: bytes) -> bool:
    """Whether a JSON text is a manifest."""
    return b'"transactionTime"' in data and read_manifest(data) is not None


def read_manifest(data: bytes) -> Manifest | None:
    """The manifest in a JSON text; None where it is none."""
    try:
        content = orjson.loads(data.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError:
        return None
    if not isinstance(content, dict) or "transactionTime" not in content or "output" not in content:
        return None
    files = tuple(one for kind in KINDS for one in _listed(kind, content.get(kind)))
    return Manifest(instant(content["transactionTime"]), files, content.get("requiresAccessToken") is True)


def _listed(kind: str, entries: Any) -> Iterator[Listed]:
    for entry in entries if isinstance(entries, list) else []:
        if not isinstance(entry, dict) or not isinstance(entry.get("url"), str):
            continue
        name = unquote(urlsplit(entry["url"]).path).rpartition("/")[2]
        record_type, count = entry.get("type"), entry.get("count")
        yield Listed(
            kind,
            record_type if isinstance(record_type, str) and record_type.isalpha() else "",
            name,
            count if isinstance(count, int) else None,
        )


def exported_at(reading: Reading) -> str:
    """When the export was made that a unit is part of, by the nearest manifest; empty where there is none.

    A manifest dates the files that it lists. Where none of those lies beside it, the client gave them other names, and
    it dates whatever lies there and below: unless there are several manifests.
    """
    folder, _, name = reading.path.rpartition("/")
    while reading.path:
        found, beside = _look_into(reading.source.location, folder)
        listing = [one.exported for one in found if any(item.name == name for item in one.files)]
        if listing:
            return max(listing)
        if found or not folder:
            renamed = len(found) == 1 and not any(item.name in beside for item in found[0].files)
            return found[0].exported if renamed else ""
        folder = folder.rpartition("/")[0]
    return ""


def _look_into(location: str, folder: str) -> tuple[list[Manifest], set[str]]:
    """The manifests in a folder, and the names of all that lies there."""
    system, path = locate(location, folder)
    if not system.isdir(path):
        return [], set()
    names = {
        str(name).rstrip("/").rpartition("/")[2]: name
        for name in system.ls(path.rstrip("/") or "/", detail=False)
    }
    found = []
    for name in sorted(names):
        if "manifest" in name.lower() and name.lower().endswith(".json") and not name.startswith("."):
            with system.open(names[name], "rb") as file:
                found.append(read_manifest(file.read(MANIFEST_LIMIT)))
    return [one for one in found if one is not None], set(names)
