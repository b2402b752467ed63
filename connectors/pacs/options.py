"""What a source's settings say of its PACS, and how politely it is to be asked."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, time

from connectors import accessions
from contracts.errors import Fatal
from contracts.units import Source

_COMMON = accessions.OPTIONS | frozenset(
    "since look_back_days modalities hours associations instances_per_second most_instances recalls "
    "patience_minutes timeout_seconds retry_seconds".split()
)
_OPTIONS = {
    "dicomweb": _COMMON | frozenset("username password token plain_http ca_file qido wado".split()),
    "dimse": _COMMON
    | frozenset("called_aet calling_aet retrieve listen_port listen_host destination_aet max_pdu".split())
    | frozenset("tls ca_file certificate private_key".split()),
}
_TLS = frozenset({"ca_file", "certificate", "private_key"})
_YES, _NO = frozenset({"true", "yes", "1"}), frozenset({"", "false", "no", "0"})
_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")
_AET = re.compile(r"[!-\[\]-~](?:[ -\[\]-~]{0,14}[!-\[\]-~])?")
"""1 to 16 characters of the default repertoire without a backslash (PS3.5, 6.2: AE)."""
_MODALITY = re.compile(r"[A-Z][A-Z0-9_]{0,15}")


@dataclass(frozen=True)
class Hours:
    """The time of day in which a PACS may be asked; `start` may be later than `end`: over midnight."""

    start: time
    end: time

    def seconds_until(self, now: time) -> float:
        """0 inside the hours, else the seconds until they begin."""
        inside = (
            self.start <= now < self.end if self.start < self.end else now >= self.start or now < self.end
        )
        if inside or self.start == self.end:
            return 0.0
        return (_seconds(self.start) - _seconds(now)) % 86_400


def _seconds(moment: time) -> float:
    return moment.hour * 3600 + moment.minute * 60 + moment.second + moment.microsecond / 1e6


@dataclass(frozen=True)
class Manners:
    """How a PACS is asked.

    Attributes:
        since: studies of this day and later are taken on the first nights; None: of the window alone.
        look_back_days: the window of study dates that every night compares counts of.
        modalities: series of these alone; empty takes all.
        hours: when it may be asked; None: always.
        associations: connections at a time, for queries and for fetching together.
        instances_per_second: at most so many are asked for; 0: no limit.
        most_instances: a night stops listing further days once it has this many.
        recalls: studies on tape (NEARLINE) that one night may ask for.
    """

    since: date | None = None
    look_back_days: int = 14
    modalities: frozenset[str] = frozenset()
    hours: Hours | None = None
    associations: int = 2
    instances_per_second: float = 0
    most_instances: int = 100_000
    recalls: int = 20
    patience_minutes: float = 60
    timeout_seconds: float = 60
    retry_seconds: float = 1


def manners_of(source: Source) -> Manners:
    """The manners that a source's options ask for.

    Raises:
        Fatal: an option is unknown or wrong; the message names it, never its value.
    """
    for name in sorted(set(source.options) - _OPTIONS[source.kind]):
        raise wrong(
            source, name, f"one of {', '.join(sorted(_OPTIONS[source.kind]))}", "there is no such option"
        )
    if source.snapshot:
        fix = "snapshot = false: a night sees the studies of a window, and what lies outside it is not gone"
        raise wrong(source, "snapshot", fix)
    return Manners(
        since=_day(source, "since"),
        look_back_days=int(number(source, "look_back_days", 14, 0, 36_500)),
        modalities=_modalities(source),
        hours=_hours(source),
        associations=int(number(source, "associations", 2, 1, 32)),
        instances_per_second=number(source, "instances_per_second", 0, 0, 1e6),
        most_instances=int(number(source, "most_instances", 100_000, 1, 5e6)),
        recalls=int(number(source, "recalls", 20, 0, 1e6)),
        patience_minutes=number(source, "patience_minutes", 60, 0, 10_080),
        timeout_seconds=number(source, "timeout_seconds", 60, 0.01, 3600),
        retry_seconds=number(source, "retry_seconds", 1, 0.001, 600),
    )


@dataclass(frozen=True)
class WebOptions:
    """Where a DICOMweb service is, and as whom it is asked. `password` and `token` are references, never secrets."""

    base: str = field(repr=False)
    qido: str = field(repr=False)
    wado: str = field(repr=False)
    username: str = field(repr=False)
    password: str = field(repr=False)
    token: str = field(repr=False)
    plain_http: bool
    ca_file: str = field(repr=False)


def web_options_of(source: Source) -> WebOptions:
    """The DICOMweb service of a source: its location, and options for what differs from it."""
    options, base = source.options, source.location.rstrip("/")
    if bool(options.get("username")) != bool(options.get("password")):
        raise wrong(source, "username", "username and password, or neither")
    for name in ("password", "token"):
        if options.get(name) and not options[name].startswith(("file:", "env:", "secret:")):
            fix = "file:PATH, env:VARIABLE or secret:NAME: the secret itself has no place in the settings"
            raise wrong(source, name, fix)
    return WebOptions(
        base,
        f"{base}/{options['qido'].strip('/')}" if options.get("qido") else base,
        f"{base}/{options['wado'].strip('/')}" if options.get("wado") else base,
        options.get("username", ""),
        options.get("password", ""),
        options.get("token", ""),
        _flag(source, "plain_http"),
        options.get("ca_file", ""),
    )


@dataclass(frozen=True)
class DimseOptions:
    """A DICOM node and ourselves as it knows us.

    Attributes:
        host, port, called_aet: the PACS.
        calling_aet: our title; the PACS must know it, and for C-MOVE our address and `listen_port` under it.
        destination_aet: where C-MOVE sends, `calling_aet` unless told.
        retrieve: `move` or `get`.
        tls: whether associations go over TLS, those of the PACS to us too.
        ca_file, certificate, private_key: PEM files: who vouches for the PACS (the system's authorities where empty),
            and by what we show who we are.
    """

    host: str = field(repr=False)
    port: int
    called_aet: str = field(repr=False)
    calling_aet: str
    destination_aet: str
    retrieve: str
    listen_host: str = field(repr=False)
    listen_port: int
    max_pdu: int
    tls: bool = False
    ca_file: str = field(default="", repr=False)
    certificate: str = field(default="", repr=False)
    private_key: str = field(default="", repr=False)


def dimse_options_of(source: Source) -> DimseOptions:
    """The node that a source's location (`host:port`) and options name."""
    host, _, port = source.location.removeprefix("dicom://").rstrip("/").rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65_536:
        raise Fatal("a PACS has no address", f"source {source.name}: location", "host:port, such as pacs:104")
    calling = _aet(source, "calling_aet", "NIGHTROUNDS")
    retrieve = source.options.get("retrieve", "move").strip().lower()
    if retrieve not in ("move", "get"):
        raise wrong(source, "retrieve", "move or get")
    tls = _tls_of(source, retrieve)
    return DimseOptions(
        host=host.strip("[]"),
        port=int(port),
        called_aet=_aet(source, "called_aet", ""),
        calling_aet=calling,
        destination_aet=_aet(source, "destination_aet", calling),
        retrieve=retrieve,
        listen_host=source.options.get("listen_host", ""),
        listen_port=int(number(source, "listen_port", 11_112, 1, 65_535)),
        max_pdu=int(number(source, "max_pdu", 131_072, 4096, 1 << 24)),
        tls=tls,
        ca_file=source.options.get("ca_file", ""),
        certificate=source.options.get("certificate", ""),
        private_key=source.options.get("private_key", ""),
    )


def _tls_of(source: Source, retrieve: str) -> bool:
    """Whether a node is reached by TLS; what belongs to it must be there, and none of it where it is not."""
    tls, told = _flag(source, "tls"), {name for name in _TLS if source.options.get(name)}
    if told and not tls:
        raise wrong(source, min(told), "tls = true, or none of ca_file, certificate and private_key")
    if len(told & {"certificate", "private_key"}) == 1:
        raise wrong(source, "certificate", "certificate and private_key, or neither")
    if tls and retrieve == "move" and "certificate" not in told:
        raise wrong(source, "certificate", "certificate and private_key: the PACS sends to us over TLS, too")
    return tls


def _aet(source: Source, name: str, default: str) -> str:
    value = source.options.get(name, default).strip()
    if not _AET.fullmatch(value):
        raise wrong(source, name, "an AE title: 1 to 16 ASCII characters")
    return value


def _day(source: Source, name: str) -> date | None:
    text = source.options.get(name, "").strip()
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise wrong(source, name, "a day, as 2024-01-31") from None


def _hours(source: Source) -> Hours | None:
    text = source.options.get("hours", "").strip()
    if not text:
        return None
    match = _HOURS.fullmatch(text)
    if match is None:
        raise wrong(source, "hours", "from-to in the source's time zone, as 20:00-06:00")
    start, start_minute, end, end_minute = (int(part) for part in match.groups())
    return Hours(time(start, start_minute), time(end, end_minute))


def _modalities(source: Source) -> frozenset[str]:
    found = frozenset(part.strip().upper() for part in source.options.get("modalities", "").split(",")) - {""}
    if not all(map(_MODALITY.fullmatch, found)):
        raise wrong(source, "modalities", "codes joined by commas: CT,MR")
    return found


def _flag(source: Source, name: str) -> bool:
    value = source.options.get(name, "").strip().lower()
    if value not in _YES | _NO:
        raise wrong(source, name, "true or false")
    return value in _YES


def number(source: Source, name: str, default: float, low: float, high: float) -> float:
    """A number among the options, within its bounds."""
    try:
        value = float(source.options.get(name, default))
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise wrong(source, name, f"a number from {low:g} to {high:g}")
    return value


def wrong(source: Source, name: str, legal: str, what: str = "an option cannot be used") -> Fatal:
    """The error for an option; its value is not told."""
    shown = name if name in _OPTIONS[source.kind] or name == "snapshot" else "options"
    return Fatal(what, f"source {source.name}: {shown}", legal)
