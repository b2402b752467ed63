"""A small FHIR server with Bulk Data `$export` and SMART Backend Services, over real sockets, that can be told to fail.

It follows https://hl7.org/fhir/uv/bulkdata/ and https://hl7.org/fhir/smart-app-launch/backend-services.html as far as a
client can see. Assertions are verified for real: signature, audience, expiry, and that a `jti` is used once.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt

SCOPES = ("system/*.rs",)
OUTCOME = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}


@dataclass
class Stored:
    """A resource as the server holds it: its line, its file in exports, when it changed, and whether it is there."""

    record_type: str
    line: bytes
    file: str
    changed: datetime


@dataclass
class Faults:
    """What goes wrong. Numbers count down as they happen; names are of files, as in `File.name`."""

    polls: int = 1
    retry_after: str | None = "0"
    progress: str = "50% at https://server/secret/path"
    poll_failures: int = 0
    outcome: dict[str, Any] | None = None
    outcome_status: int = 500
    kick_off_status: int = 0
    throttled: dict[str, int] = field(default_factory=dict)
    broken: dict[str, int] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)
    cuts: dict[str, list[int]] = field(default_factory=dict)
    counts: dict[str, int | None] = field(default_factory=dict)
    slow: dict[str, float] = field(default_factory=dict)
    ranges: bool = True
    etags: bool = True
    compress: bool = True
    needs_token: bool = True
    token_seconds: int = 300
    token_uses: int | None = None
    die_after_files: int | None = None
    pages: set[str] = field(default_factory=set)
    shuffle: bool = False
    signed: bool = False


@dataclass
class File:
    """A file of an export, as it is served."""

    name: str
    record_type: str
    data: bytes

    @property
    def count(self) -> int:
        return sum(bool(line.strip()) for line in self.data.splitlines())


@dataclass
class Export:
    """An export that was asked for."""

    time: datetime
    since: str
    types: str
    polls_left: int
    files: dict[str, list[File]]


class BulkServer:
    """The server. `start` and `stop` as often as wanted: it comes back at the same port with what it held."""

    def __init__(self) -> None:
        self.faults = Faults()
        self.clients: dict[str, list[dict[str, Any]]] = {}
        self.stored: list[Stored] = []
        self.gone: list[tuple[str, str, datetime]] = []
        self.errors: list[dict[str, Any]] = []
        self.exports: dict[str, Export] = {}
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.now = datetime(2026, 3, 1, 1, tzinfo=UTC)
        self.tokens: dict[str, list[float]] = {}
        self.lock = threading.Lock()
        self._port = 0
        self._http: ThreadingHTTPServer | None = None
        self._assertions: set[str] = set()
        self.served = 0

    # what the hospital does

    def load(self, folder: Path) -> None:
        """Hold the resources of a folder of NDJSON files; a full export gives the files as they are."""
        for path in sorted(folder.glob("*.ndjson")):
            if path.name != "log.ndjson":
                for line in path.read_bytes().splitlines(keepends=True):
                    self.stored.append(Stored(json.loads(line)["resourceType"], line, path.stem, self.now))

    def put(self, *resources: dict[str, Any], file: str = "") -> None:
        """Create or change resources."""
        for resource in resources:
            kind = resource["resourceType"]
            self.stored = [s for s in self.stored if (s.record_type, _id(s)) != (kind, resource["id"])]
            line = json.dumps(resource).encode() + b"\n"
            self.stored.append(Stored(kind, line, file or kind, self.now))

    def delete(self, kind: str, identifier: str) -> None:
        """Delete a resource; exports since before tell so."""
        self.stored = [s for s in self.stored if (s.record_type, _id(s)) != (kind, identifier)]
        self.gone.append((kind, identifier, self.now))

    def pass_time(self, hours: float = 24) -> None:
        self.now += timedelta(hours=hours)

    # the machine

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def base(self) -> str:
        return f"{self.origin}/fhir"

    @property
    def token_url(self) -> str:
        return f"{self.origin}/auth/token"

    def start(self) -> BulkServer:
        server = self

        class Handler(_Handler):
            bulk = server

        self._http = _Server(("127.0.0.1", self._port), Handler)
        self._port = self._http.server_address[1]
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def stop(self) -> None:
        """As a power cut: connections break, and new ones are refused."""
        http, self._http = self._http, None
        if http is not None:
            http.shutdown()
            http.server_close()
            http.break_connections()  # type: ignore[attr-defined]

    def sent(self, method: str, part: str) -> list[tuple[str, dict[str, str]]]:
        """The requests of a method whose path holds `part`: path and headers."""
        return [(path, headers) for m, path, headers in list(self.requests) if m == method and part in path]

    # what requests come to

    def ask(self, since: str, types: str) -> str:
        """Begin an export; returns its id."""
        wanted = set(types.split(",")) if types else set()
        after = datetime.fromisoformat(since) if since else None
        chosen: dict[tuple[str, str], list[bytes]] = {}
        for one in self.stored:
            if (not wanted or one.record_type in wanted) and (after is None or one.changed > after):
                chosen.setdefault((one.file, one.record_type), []).append(one.line)
        files = [File(f"{name}.ndjson", kind, b"".join(lines)) for (name, kind), lines in chosen.items()]
        deleted = [
            _bundle(*g[:2]) for g in self.gone if after and g[2] > after and (not wanted or g[0] in wanted)
        ]
        kinds = {"output": files, "deleted": [], "error": []}
        if deleted:
            kinds["deleted"] = [File("deleted.ndjson", "Bundle", b"".join(deleted))]
        if self.errors:
            lines = b"".join(json.dumps(error).encode() + b"\n" for error in self.errors)
            kinds["error"] = [File("errors.ndjson", "OperationOutcome", lines)]
        identifier = secrets.token_hex(8)
        self.exports[identifier] = Export(self.now, since, types, self.faults.polls, kinds)
        return identifier

    def manifest(self, identifier: str) -> dict[str, Any]:
        export, faults = self.exports[identifier], self.faults
        content: dict[str, Any] = {
            "transactionTime": export.time.isoformat().replace("+00:00", "Z"),
            "request": f"{self.base}/$export",
            "requiresAccessToken": faults.needs_token,
        }
        for kind, files in export.files.items():
            entries = [self._entry(identifier, kind, file) for file in files]
            content[kind] = entries[::-1] if faults.shuffle else entries
        return content

    def _entry(self, identifier: str, kind: str, file: File) -> dict[str, Any]:
        url = f"{self.origin}/files/{identifier}/{kind}/{file.name}"
        if self.faults.signed:
            url += f"?X-Amz-Signature={secrets.token_hex(8)}"
        entry = {"type": file.record_type, "url": url, "count": self.faults.counts.get(file.name, file.count)}
        return {name: value for name, value in entry.items() if value is not None}

    def file(self, identifier: str, kind: str, name: str) -> File | None:
        export = self.exports.get(identifier)
        return next((f for f in export.files[kind] if f.name == name), None) if export else None

    def grant(self, form: dict[str, list[str]]) -> tuple[int, dict[str, Any]]:
        """https://hl7.org/fhir/smart-app-launch/backend-services.html#issue-access-token"""
        expected = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        if form.get("grant_type") != ["client_credentials"] or form.get("client_assertion_type") != [
            expected
        ]:
            return 400, {"error": "invalid_request"}
        try:
            self._verify(form.get("client_assertion", [""])[0])
        except (jwt.PyJWTError, KeyError, ValueError) as error:
            return 400, {"error": "invalid_client", "error_description": f"not valid: {error}"}
        if not set(form.get("scope", [""])[0].split()) <= set(SCOPES):
            return 400, {"error": "invalid_scope"}
        token, faults = secrets.token_urlsafe(24), self.faults
        uses = float("inf") if faults.token_uses is None else faults.token_uses
        self.tokens[token] = [time.monotonic() + faults.token_seconds, uses]
        return 200, {"access_token": token, "token_type": "bearer", "expires_in": faults.token_seconds}

    def _verify(self, assertion: str) -> None:
        header = jwt.get_unverified_header(assertion)
        client = jwt.decode(assertion, options={"verify_signature": False})["iss"]
        keys = [key for key in self.clients[client] if key["kid"] == header["kid"]]
        if len(keys) != 1 or header["alg"] != keys[0]["alg"] or header.get("typ") != "JWT":
            raise ValueError("no such key")
        claims = jwt.decode(
            assertion, jwt.PyJWK(keys[0]).key, ["RS384", "ES384"],
            audience=self.token_url, options={"require": ["iss", "sub", "aud", "exp", "jti"]},
        )  # fmt: skip
        if claims["sub"] != client or claims["exp"] > time.time() + 300 or claims["jti"] in self._assertions:
            raise ValueError("claims")
        self._assertions.add(claims["jti"])

    def admits(self, header: str | None) -> bool:
        """Whether a request's token is one of ours and has not ended."""
        if not self.clients:
            return True
        with self.lock:
            left = self.tokens.get((header or "").removeprefix("Bearer "))
            if left is None or left[0] < time.monotonic() or left[1] <= 0:
                return False
            left[1] -= 1
            return True

    def note_served(self) -> bool:
        """Count a file served; whether the server is to die now."""
        with self.lock:
            self.served += 1
            return self.faults.die_after_files is not None and self.served > self.faults.die_after_files


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, *arguments: Any) -> None:
        self._open: set[socket.socket] = set()
        super().__init__(*arguments)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self._open.add(connection)
        return connection, address

    def break_connections(self) -> None:
        for connection in list(self._open):
            _break(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # a client that was killed, or a connection that we broke


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    bulk: BulkServer

    def log_message(self, format: str, *arguments: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._note()
        path = urlsplit(self.path).path
        if path == "/fhir/.well-known/smart-configuration":
            self._json(200, {"token_endpoint": self.bulk.token_url, "capabilities": ["permission-v2"]})
        elif path == "/fhir/metadata":
            self._json(200, {"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1"})
        elif path.endswith("/$export"):
            query = parse_qs(urlsplit(self.path).query)
            self._kick_off({name: values[0] for name, values in query.items()})
        elif path.startswith("/status/"):
            self._poll(path.rpartition("/")[2])
        elif path.startswith("/files/"):
            self._file(*path.split("/")[2:])
        else:
            self._json(404, OUTCOME)

    def do_POST(self) -> None:
        self._note()
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/auth/token":
            self._json(*self.bulk.grant(parse_qs(body.decode())))
        elif self.path.endswith("/$export"):
            values = [
                (p["name"], p.get("valueString", p.get("valueInstant")))
                for p in json.loads(body)["parameter"]
            ]
            self._kick_off(dict(values))
        else:
            self._json(404, OUTCOME)

    def do_DELETE(self) -> None:
        self._note()
        known = self.bulk.exports.pop(self.path.rpartition("/")[2], None) if self._admitted() else None
        self._json(202 if known else 404, {} if known else OUTCOME)

    def _note(self) -> None:
        self.bulk.requests.append((self.command, self.path, dict(self.headers)))

    def _admitted(self) -> bool:
        return self.bulk.admits(self.headers.get("Authorization"))

    def _kick_off(self, wanted: dict[str, str]) -> None:
        faults, prefer = self.bulk.faults, self.headers.get("Prefer", "")
        path = urlsplit(self.path).path.removeprefix("/fhir/").removesuffix("$export")
        if not self._admitted():
            self._json(401, OUTCOME)
        elif faults.kick_off_status:
            self._json(faults.kick_off_status, OUTCOME)
        elif path not in ("", "Patient/", "Group/ward-7/"):
            self._json(404, OUTCOME)
        elif "respond-async" not in prefer or self.headers.get("Accept") != "application/fhir+json":
            self._json(400, OUTCOME)
        elif wanted.get("_outputFormat") != "application/fhir+ndjson":
            self._json(400, {"resourceType": "OperationOutcome", "issue": [{"code": "not-supported"}]})
        else:
            export = self.bulk.ask(wanted.get("_since", ""), wanted.get("_type", ""))
            self._send(
                202, b"", {"Content-Location": f"{self.bulk.origin}/status/{export}", "Retry-After": "0"}
            )

    def _poll(self, identifier: str) -> None:
        faults, export = self.bulk.faults, self.bulk.exports.get(identifier)
        if not self._admitted():
            self._json(401, OUTCOME)
        elif export is None:
            self._json(404, OUTCOME)
        elif faults.outcome is not None:
            self._json(faults.outcome_status, faults.outcome)
        elif faults.poll_failures:
            faults.poll_failures -= 1
            self._send(503, b"", {"Retry-After": "0"})
        elif export.polls_left:
            export.polls_left -= 1
            waits = {} if faults.retry_after is None else {"Retry-After": faults.retry_after}
            self._send(202, b"", {"X-Progress": faults.progress, **waits})
        else:
            self._json(200, self.bulk.manifest(identifier))

    def _file(self, identifier: str, kind: str, name: str) -> None:
        faults, file = self.bulk.faults, self.bulk.file(identifier, kind, name)
        if faults.needs_token and not self._admitted():
            self._json(401, OUTCOME)
        elif file is None or name in faults.missing:
            self._json(404, OUTCOME)
        elif name in faults.pages:
            self._send(200, b"<html>please log in</html>", {"Content-Type": "text/html; charset=utf-8"})
        elif faults.throttled.get(name):
            faults.throttled[name] -= 1
            self._send(429, b"", {"Retry-After": "0"})
        elif faults.broken.get(name):
            faults.broken[name] -= 1
            self._send(503, b"", {})
        else:
            dying = self.bulk.note_served()
            if dying:
                faults.cuts[name] = [len(file.data) // 2]
                faults.compress = False
            self._give(file)
            if dying:
                threading.Thread(target=self.bulk.stop, daemon=True).start()

    def _give(self, file: File) -> None:
        """RFC 9110: an ETag for each encoding; ranges of the plain bytes, while `If-Range` holds."""
        faults, data, status = self.bulk.faults, file.data, 200
        wanted = self.headers.get("Range")
        packed = faults.compress and "gzip" in self.headers.get("Accept-Encoding", "") and not wanted
        headers = {"Content-Type": "application/fhir+ndjson"}
        tag = f'"{hashlib.sha256(data).hexdigest()[:16]}{"-gzip" if packed else ""}"'
        if faults.etags:
            headers["ETag"] = tag
        if packed:
            data = gzip.compress(data, 1)
            headers["Content-Encoding"] = "gzip"
        if wanted and faults.ranges and self.headers.get("If-Range") in (None, tag):
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
            status, data = 206, data[start:]
        cuts = faults.cuts.get(file.name)
        pieces = _paced(data, faults.slow.get(file.name, 0))
        self._send(status, data, headers, cut=cuts.pop(0) if cuts else None, pieces=pieces)

    def _json(self, status: int, content: dict[str, Any]) -> None:
        self._send(status, json.dumps(content).encode(), {"Content-Type": "application/json"})

    def _send(
        self,
        status: int,
        data: bytes,
        headers: dict[str, str],
        cut: int | None = None,
        pieces: Iterator[bytes] | None = None,
    ) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        if cut is not None:
            self.wfile.write(data[:cut])
            self.wfile.flush()
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_WR)
            return
        for piece in pieces or [data]:
            self.wfile.write(piece)
            self.wfile.flush()


def _paced(data: bytes, seconds: float) -> Iterator[bytes]:
    """The data in pieces of a quarter of a MiB, with a pause after each."""
    step = 1 << 18 if seconds else max(1, len(data))
    for start in range(0, len(data), step):
        yield data[start : start + step]
        time.sleep(seconds)


def _break(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it was closed before


def _id(stored: Stored) -> str:
    return str(json.loads(stored.line)["id"])


def _bundle(kind: str, identifier: str) -> bytes:
    """https://hl7.org/fhir/uv/bulkdata/export.html: a transaction Bundle with the deletes."""
    entry = {"request": {"method": "DELETE", "url": f"{kind}/{identifier}"}}
    return json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": [entry]}).encode() + b"\n"


def make_client(
    server: BulkServer, folder: Path, algorithm: str = "ES384", name: str = "night-client"
) -> str:
    """Register a client with the server; its private key as a JWK file in `folder`. Returns the file's path."""
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from jwt.algorithms import ECAlgorithm, RSAAlgorithm

    kid, marks = secrets.token_hex(4), {"alg": algorithm, "use": "sig"}
    if algorithm == "RS384":
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        private, public = (
            RSAAlgorithm.to_jwk(key, as_dict=True),
            RSAAlgorithm.to_jwk(key.public_key(), as_dict=True),
        )
    else:
        pair = ec.generate_private_key(ec.SECP384R1())
        private, public = (
            ECAlgorithm.to_jwk(pair, as_dict=True),
            ECAlgorithm.to_jwk(pair.public_key(), as_dict=True),
        )
    server.clients.setdefault(name, []).append({**public, **marks, "kid": kid})
    path = folder / f"{name}-{kid}.jwk"
    path.write_text(json.dumps({**private, **marks, "kid": kid}))
    path.chmod(0o600)
    return str(path)
