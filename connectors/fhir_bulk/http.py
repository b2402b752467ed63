"""Asking a server: time-outs, redirects, waiting as it says, and errors that tell no address.

A library's error text holds URLs, and those of a hospital may hold names and tokens: what fails is told by its class
and by the status alone.
"""

from __future__ import annotations

import email.utils
import logging
import random
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import orjson

from connectors.fhir_bulk.options import Request, require_safe
from contracts.errors import Fatal, Retriable, Unreachable

if TYPE_CHECKING:
    import urllib3

    Response = urllib3.BaseHTTPResponse

BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses after which the same may be asked again."""
LONGEST_PAUSE = 60.0
LONGEST_RETRY_AFTER = 900.0
BODY_LIMIT = 64 << 20
_ATTEMPTS = 5
_REDIRECTS = 5


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds to wait by `Retry-After` (RFC 9110, 10.2.3: seconds or a date), None where it says nothing of use."""
    text = (headers.get("Retry-After") or "").strip()
    if text.isdigit():
        return min(float(text), LONGEST_RETRY_AFTER)
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max(0.0, (moment - (now or datetime.now(UTC))).total_seconds()), LONGEST_RETRY_AFTER)


def pause(attempt: int, first: float) -> float:
    """Seconds before the try after `attempt` (0-based): doubled each time, with jitter, at most a minute."""
    return min(first * 2.0 ** min(attempt, 16), LONGEST_PAUSE) * random.uniform(0.5, 1.0)


@dataclass
class Wire:
    """Connections to the hosts of one source. Threads may share it."""

    request: Request = field(repr=False)
    name: str
    sleep: Callable[[float], None] = time.sleep
    _pool: urllib3.PoolManager | None = field(default=None, init=False, repr=False)
    _lock: Lock = field(default_factory=Lock, init=False, repr=False)

    def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        *,
        stream: bool = False,
    ) -> Response:
        """One exchange, redirects followed; whatever status it ends with. A token never follows to another host.

        Raises:
            Retriable: no answer. Fatal: an address that is not allowed.
        """
        import urllib3

        sent = dict(headers or {})
        for _ in range(_REDIRECTS + 1):
            require_safe(url, self.request)
            try:
                answer = self._connect().request(
                    method,
                    url,
                    headers=sent,
                    body=body,
                    redirect=False,
                    retries=False,
                    preload_content=not stream,
                )
            except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
                raise self.unanswered(error) from None
            target = answer.headers.get("Location")
            if answer.status not in (301, 302, 303, 307, 308) or not target or method not in ("GET", "HEAD"):
                return answer
            answer.drain_conn()
            answer.release_conn()
            following = urljoin(url, target)
            if _origin(following) != _origin(url):
                sent.pop("Authorization", None)
            url = following
        raise Fatal("the server sends from one address to the next without end", f"source {self.name}")

    def insist(self, exchange: Callable[[], Response]) -> Response:
        """An exchange, made again while the server is busy or does not answer, as long and as often as is fair.

        Raises:
            Unreachable: it stayed so.
        """
        for attempt in range(_ATTEMPTS):
            seconds: float | None = None
            try:
                answer = exchange()
                if answer.status not in BUSY:
                    return answer
                answer.drain_conn()
                answer.release_conn()
                seconds, what = retry_after(answer.headers), f"the server is busy (HTTP {answer.status})"
            except Retriable as error:
                what = error.message
            if attempt < _ATTEMPTS - 1:
                self.sleep(pause(attempt, self.request.retry_seconds) if seconds is None else seconds)
        raise Unreachable(what, f"source {self.name}", _LATER)

    def unanswered(self, error: BaseException) -> Retriable:
        """The error for what a library raised while it sent or read."""
        return Retriable(
            f"the server does not answer ({type(error).__name__})", f"source {self.name}", _LATER
        )

    def _connect(self) -> urllib3.PoolManager:
        import urllib3

        with self._lock:
            if self._pool is None:
                logging.getLogger("urllib3").setLevel(logging.ERROR)  # its other messages hold URLs
                options: dict[str, Any] = {
                    "maxsize": self.request.downloads + 1,
                    "timeout": urllib3.Timeout(
                        connect=min(10.0, self.request.timeout_seconds), read=self.request.timeout_seconds
                    ),
                    "ca_certs": self.request.ca_file or None,
                }
                proxy = _proxy(self.request.base)
                self._pool = (
                    urllib3.ProxyManager(proxy, **options) if proxy else urllib3.PoolManager(**options)
                )
            return self._pool


_LATER = "try again when it is up: the next round goes on where this one ended"


def content_of(answer: Response) -> Any:
    """The JSON of a small answer, None where it is none."""
    try:
        return orjson.loads(answer.data[:BODY_LIMIT])
    except orjson.JSONDecodeError:
        return None


def told_codes(answer: Response) -> Iterator[str]:
    """Codes of an OperationOutcome's issues (https://hl7.org/fhir/R4/valueset-issue-type.html), or of an OAuth error.

    Codes alone: diagnostics are free text, and may quote a patient.
    """
    content = content_of(answer)
    if not isinstance(content, dict):
        return
    issues = content.get("issue")
    codes = (
        [issue.get("code") for issue in issues if isinstance(issue, dict)] if isinstance(issues, list) else []
    )
    for code in dict.fromkeys([*codes, content.get("error")]):
        if code in _ISSUES or code in _OAUTH:
            yield str(code)


_ISSUES = frozenset(
    "invalid structure required value invariant security login unknown expired forbidden suppressed processing "
    "not-supported duplicate multiple-matches not-found deleted too-long code-invalid extension too-costly "
    "business-rule conflict transient lock-error no-store exception timeout incomplete throttled "
    "informational".split()
)
_OAUTH = frozenset(
    "invalid_request invalid_client invalid_grant unauthorized_client unsupported_grant_type invalid_scope "
    "access_denied server_error temporarily_unavailable".split()
)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"https": 443, "http": 80}.get(parts.scheme)


def _proxy(url: str) -> str:
    """The proxy that the environment names for a URL (`HTTPS_PROXY`, `NO_PROXY`), empty where there is none."""
    parts = urlsplit(url)
    if not parts.hostname or urllib.request.proxy_bypass(parts.hostname):
        return ""
    return urllib.request.getproxies().get(parts.scheme, "")
