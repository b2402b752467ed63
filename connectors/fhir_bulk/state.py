"""Where an export stands, from one step to the next: the checkpoint. It holds addresses, so it is kept sealed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import orjson

from connectors.fhir.bundles import instant
from connectors.fhir.manifest import KINDS
from contracts.errors import Fatal
from contracts.units import Listed, Stamp

KEPT_LEFT = 10
"""How many concluded exports are remembered that the server could not be told to let go of."""
_VOLATILE = frozenset(
    "signature sig se st spr sv sr sp skoid sktid skt ske sks skv expires policy key-pair-id awsaccesskeyid "
    "googleaccessid".split()
)
_VOLATILE_PREFIXES = ("x-amz-", "x-goog-")


@dataclass(frozen=True)
class File:
    """A file of an export: of `record_type`, under `kind` (output, deleted, error), of `count` lines where stated."""

    kind: str
    record_type: str
    number: int
    url: str = field(repr=False)
    count: int | None = None

    @property
    def mark(self) -> str:
        """Tells this file from another under its place in the manifest; a URL signed anew is the same file's."""
        parts = urlsplit(self.url)
        kept = [
            pair
            for pair in parse_qsl(parts.query, keep_blank_values=True)
            if pair[0].lower() not in _VOLATILE and not pair[0].lower().startswith(_VOLATILE_PREFIXES)
        ]
        return sha256(repr((parts.netloc, parts.path, kept)).encode()).hexdigest()[:24]


@dataclass(frozen=True)
class Manifest:
    """A complete export (https://hl7.org/fhir/uv/bulkdata/export.html#response---complete-status).

    `time` is its `transactionTime` as the server wrote it: the `_since` of the next one.
    """

    time: str
    needs_token: bool
    files: tuple[File, ...] = field(repr=False)

    @property
    def exported(self) -> str:
        """`time` as versions are written."""
        return instant(self.time)

    def path(self, file: File) -> str:
        """The path of a file inside its source: made by us, since a server's URLs change from poll to poll."""
        return f"{self.exported}/{file.kind}/{file.record_type or 'any'}.{file.number:05d}.ndjson"

    def listed(self) -> tuple[Listed, ...]:
        """The files as objects of the source. How long they are is known when they have landed."""
        found = [Listed(self.path(file), Stamp(0, self.time, file.mark)) for file in self.files]
        return tuple(sorted(found, key=lambda item: item.path))


@dataclass(frozen=True)
class Export:
    """An export that was asked for: where to ask how far it is, what it is of, and its manifest once it is done."""

    status: str = field(repr=False)
    since: str
    started: float
    polls: int = 0
    errors: int = 0
    manifest: Manifest | None = None


@dataclass(frozen=True)
class State:
    """A checkpoint.

    Attributes:
        since: `transactionTime` of the last export all of which is published; empty before the first.
        request: digest of what was asked for: `since` holds for the same request alone.
        export: the export under way, or done and not yet published.
        left: status URLs of concluded exports that the server may still hold.
    """

    since: str = ""
    request: str = ""
    export: Export | None = None
    left: tuple[str, ...] = field(default=(), repr=False)

    def dump(self) -> str:
        """As a checkpoint."""
        return orjson.dumps(asdict(self)).decode()

    def without_export(self) -> State:
        """The export is over; the server is to be told so."""
        if self.export is None:
            return self
        return replace(self, export=None, left=(*self.left, self.export.status)[-KEPT_LEFT:])


@lru_cache(maxsize=4)
def read_state(checkpoint: str) -> State:
    """The inverse of `State.dump`.

    Raises:
        Fatal: the text is no checkpoint of this connector.
    """
    if not checkpoint:
        return State()
    try:
        content = orjson.loads(checkpoint)
        export = content["export"]
        if export is not None:
            manifest = export["manifest"]
            if manifest is not None:
                files = tuple(File(**file) for file in manifest["files"])
                manifest = Manifest(manifest["time"], manifest["needs_token"], files)
            export = Export(**{**export, "manifest": manifest})
        return State(content["since"], content["request"], export, tuple(content["left"]))
    except (orjson.JSONDecodeError, KeyError, TypeError):
        raise Fatal(
            "a checkpoint cannot be read", "fhir_bulk", "a source under another name begins anew"
        ) from None


def read_manifest(pages: Sequence[Any], base: str) -> Manifest | None:
    """The manifest in the JSON of its pages; None where they are none. A URL that is relative is of `base`."""
    first = pages[0] if pages else None
    if not isinstance(first, dict) or not instant(first.get("transactionTime")):
        return None
    if not all(isinstance(page, dict) and isinstance(page.get("output", []), list) for page in pages):
        return None
    numbers: Counter[tuple[str, str]] = Counter()
    files: dict[tuple[str, str], File] = {}
    for kind in KINDS:
        for record_type, url, count in (entry for page in pages for entry in _entries(page.get(kind))):
            where = urljoin(base, url)
            if (kind, where) not in files:
                files[kind, where] = File(kind, record_type, numbers[kind, record_type], where, count)
                numbers[kind, record_type] += 1
    return Manifest(
        str(first["transactionTime"]), first.get("requiresAccessToken") is True, tuple(files.values())
    )


def next_page(page: Any, base: str) -> str:
    """Where a manifest goes on (`link` of relation `next`), empty where it does not."""
    links = page.get("link") if isinstance(page, dict) else None
    for link in links if isinstance(links, list) else []:
        if isinstance(link, dict) and link.get("relation") == "next" and isinstance(link.get("url"), str):
            return urljoin(base, str(link["url"]))
    return ""


def _entries(entries: Any) -> Iterator[tuple[str, str, int | None]]:
    """Type, URL and count of a manifest's entries."""
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, dict) and isinstance(entry.get("url"), str):
            record_type, count = entry.get("type"), entry.get("count")
            named = isinstance(record_type, str) and record_type.isascii() and record_type.isalpha()
            counted = isinstance(count, int) and not isinstance(count, bool) and count >= 0
            yield str(record_type) if named else "", entry["url"], count if counted else None
