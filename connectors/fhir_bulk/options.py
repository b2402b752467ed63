"""What a source's settings say of its server and of the export to ask for."""

from __future__ import annotations

import hashlib
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from connectors import accessions
from contracts.errors import Fatal
from contracts.units import Source

NDJSON = "application/fhir+ndjson"
OPTIONS = accessions.OPTIONS | frozenset(
    "group level types type_filter output_format lenient kick_off client_id private_key kid token_url scope jwks_url "
    "plain_http ca_file counts downloads patience_minutes timeout_seconds retry_seconds mrn_system base_url".split()
)
_YES, _NO = frozenset({"true", "yes", "1"}), frozenset({"", "false", "no", "0"})
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")  # https://hl7.org/fhir/R4/datatypes.html#id
_TYPES = re.compile(r"[A-Z][A-Za-z]*(,[A-Z][A-Za-z]*)*")


@dataclass(frozen=True)
class Request:
    """What is asked for, from which server, and as whom. Addresses and references to keys: never shown.

    Attributes:
        base: the server's FHIR base URL, without a slash at its end.
        path: what stands before `$export` below it: "", "Patient/" or "Group/<id>/".
        types, type_filter, output_format: `_type`, `_typeFilter` and `_outputFormat`.
        key: where the private key is (`file:`, `env:` or `secret:`), never the key itself.
        trust_counts: whether a file whose lines differ from the manifest's count is a failure.
    """

    base: str = field(repr=False)
    path: str = field(repr=False)
    types: str = ""
    type_filter: str = field(default="", repr=False)
    output_format: str = NDJSON
    lenient: bool = False
    post: bool = False
    client_id: str = field(default="", repr=False)
    key: str = field(default="", repr=False)
    kid: str = field(default="", repr=False)
    token_url: str = field(default="", repr=False)
    scope: str = ""
    jwks_url: str = field(default="", repr=False)
    plain_http: bool = False
    ca_file: str = field(default="", repr=False)
    trust_counts: bool = True
    downloads: int = 4
    patience_minutes: float = 240
    timeout_seconds: float = 60
    retry_seconds: float = 1

    @property
    def digest(self) -> str:
        """Tells one request from another: an export of other types or of another group begins anew."""
        parts = (self.base, self.path, self.types, self.type_filter)
        return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]


def request_of(source: Source) -> Request:
    """The request that a source's location and options ask for.

    Raises:
        Fatal: an option is unknown or wrong; the message names it, never its value.
    """
    options = source.options
    for name in sorted(set(options) - OPTIONS):
        raise _wrong(source, name, f"one of {', '.join(sorted(OPTIONS))}", "there is no such option")
    request = Request(
        base=source.location.rstrip("/"),
        path=_path(source, options),
        types=_types(source, options.get("types", "")),
        type_filter=options.get("type_filter", ""),
        output_format=options.get("output_format", NDJSON),
        lenient=_flag(source, "lenient"),
        post=_choice(source, "kick_off", ("get", "post")) == "post",
        client_id=options.get("client_id", ""),
        key=options.get("private_key", ""),
        kid=options.get("kid", ""),
        token_url=options.get("token_url", ""),
        scope=options.get("scope", ""),
        jwks_url=options.get("jwks_url", ""),
        plain_http=_flag(source, "plain_http"),
        ca_file=options.get("ca_file", ""),
        trust_counts=_choice(source, "counts", ("strict", "ignore")) == "strict",
        downloads=int(_number(source, "downloads", 4, 1, 64)),
        patience_minutes=_number(source, "patience_minutes", 240, 0, 10_080),
        timeout_seconds=_number(source, "timeout_seconds", 60, 0.01, 3600),
        retry_seconds=_number(source, "retry_seconds", 1, 0.001, 600),
    )
    _check_client(source, request)
    require_safe(request.base, request)
    return request


def require_safe(url: str, request: Request) -> None:
    """Raise `Fatal` unless a URL is https, or http to this machine, or plain http was allowed by the source."""
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname:
        return
    if parts.scheme == "http" and parts.hostname and (request.plain_http or _is_loopback(parts.hostname)):
        return
    fix = "https://…; http only to this machine, or with the option plain_http where the network is the hospital's own"
    raise Fatal("a FHIR server's address is not https", "location", fix)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _check_client(source: Source, request: Request) -> None:
    if bool(request.client_id) != bool(request.key):
        raise _wrong(source, "client_id", "client_id and private_key, or neither for a server that is open")
    if request.key and not request.key.startswith(("file:", "env:", "secret:")):
        fix = "file:PATH, env:VARIABLE or secret:NAME: the key itself has no place in the settings"
        raise _wrong(source, "private_key", fix)


def _path(source: Source, options: Mapping[str, str]) -> str:
    """Before `$export` (https://hl7.org/fhir/uv/bulkdata/export.html#endpoints)."""
    group = options.get("group", "")
    level = _choice(source, "level", ("group",) if group else ("system", "patient", "group"))
    if level == "group":
        if not _ID.fullmatch(group):
            raise _wrong(source, "group", "the id of a Group on the server")
        return f"Group/{group}/"
    return "Patient/" if level == "patient" else ""


def _types(source: Source, text: str) -> str:
    types = "".join(text.split())
    if types and not _TYPES.fullmatch(types):
        raise _wrong(source, "types", "resource types joined by commas: Patient,Condition")
    return ",".join(sorted(set(types.split(",")))) if types else ""


def _choice(source: Source, name: str, legal: tuple[str, ...]) -> str:
    value = source.options.get(name, legal[0]).strip().lower()
    if value not in legal:
        raise _wrong(source, name, f"one of {', '.join(legal)}")
    return value


def _flag(source: Source, name: str) -> bool:
    value = source.options.get(name, "").strip().lower()
    if value not in _YES | _NO:
        raise _wrong(source, name, "true or false")
    return value in _YES


def _number(source: Source, name: str, default: float, low: float, high: float) -> float:
    try:
        value = float(source.options.get(name, default))
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise _wrong(source, name, f"a number from {low:g} to {high:g}")
    return value


def _wrong(source: Source, name: str, legal: str, what: str = "an option cannot be used") -> Fatal:
    shown = name if name in OPTIONS else "options"
    return Fatal(what, f"source {source.name}: {shown}", legal)
