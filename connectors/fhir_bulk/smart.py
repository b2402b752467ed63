"""SMART Backend Services (https://hl7.org/fhir/smart-app-launch/backend-services.html): a token for a signed JWT.

The private key is read where the settings point, when a token is asked for, and by the process that needs it: it is in
no setting, argument, log or error.
"""

from __future__ import annotations

import os
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import orjson

from connectors.fhir_bulk.http import Wire, content_of, told_codes
from contracts.errors import Fatal

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

SECRETS_VARIABLE = "NIGHTROUNDS_SECRETS"
"""Where `secret:NAME` is a file; by default where Docker and Kubernetes mount secrets."""
_SECRETS = "/run/secrets"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_SECONDS = 240  # at most five minutes
_EARLY_SECONDS = 20  # a token this near its end is not used any more
_KEY_FIX = "a private RSA or P-384 key as PEM or JWK, in a file, variable or secret that this user may read"


@dataclass(frozen=True)
class SigningKey:
    """A private key with its id and algorithm: RS384 or ES384, which every server must take."""

    key: RSAPrivateKey | EllipticCurvePrivateKey = field(repr=False)
    kid: str
    algorithm: str


def load_signing_key(reference: str, kid: str, name: str) -> SigningKey:
    """The key that a reference (`file:`, `env:`, `secret:`) points to: PEM, a JWK, or a JWK set with one private key.

    Raises:
        Fatal: it is not there, or no private RSA or P-384 key. Nothing of it is told.
    """
    text = _secret(reference, name)
    if text.lstrip().startswith("{"):
        return _from_jwk(text, kid, name)
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key: Any = load_pem_private_key(text.encode(), None)
    except (ValueError, TypeError):
        raise _bad_key(name) from None
    return SigningKey(key, kid, _algorithm(key, name))


def _from_jwk(text: str, kid: str, name: str) -> SigningKey:
    from jwt import PyJWK
    from jwt.exceptions import PyJWTError

    try:
        content = orjson.loads(text)
        keys = [k for k in content.get("keys", [content]) if "d" in k and (not kid or k.get("kid") == kid)]
        if len(keys) != 1:
            raise _bad_key(name)
        curve = "RS384" if keys[0].get("kty") == "RSA" else "ES384"
        key = PyJWK(keys[0], algorithm=curve).key
    except (orjson.JSONDecodeError, PyJWTError, AttributeError, TypeError, ValueError):
        raise _bad_key(name) from None
    return SigningKey(key, kid or str(keys[0].get("kid", "")), _algorithm(key, name))


def _algorithm(key: Any, name: str) -> str:
    from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    if isinstance(key, RSAPrivateKey) and key.key_size >= 2048:
        return "RS384"
    if isinstance(key, EllipticCurvePrivateKey) and isinstance(key.curve, SECP384R1):
        return "ES384"
    raise _bad_key(name)


def _secret(reference: str, name: str) -> str:
    scheme, _, rest = reference.partition(":")
    if scheme == "env":
        text = os.environ.get(rest, "")
    else:
        folder = Path(os.environ.get(SECRETS_VARIABLE, _SECRETS))
        path = Path(rest).expanduser() if scheme == "file" else folder / Path(rest).name
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            text = ""
    if not text.strip():
        raise Fatal("the client's private key is not there", f"source {name}: private_key", _KEY_FIX)
    return text


def _bad_key(name: str) -> Fatal:
    return Fatal("the client's private key cannot be used", f"source {name}: private_key", _KEY_FIX)


@dataclass
class Tokens:
    """The access token of a source, asked for when needed and again when it ends. Threads may share it."""

    wire: Wire
    _token: str = field(default="", init=False, repr=False)
    _until: float = field(default=0.0, init=False)
    _endpoint: tuple[str, str] | None = field(default=None, init=False, repr=False)
    _lock: Lock = field(default_factory=Lock, init=False, repr=False)

    def header(self) -> dict[str, str]:
        """`Authorization`, or nothing where the source names no client.

        Raises:
            Fatal: the server refuses the client. Retriable: it does not answer.
        """
        if not self.wire.request.client_id:
            return {}
        with self._lock:
            if not self._token or time.monotonic() > self._until:
                self._renew()
            return {"Authorization": f"Bearer {self._token}"}

    def refuse(self, header: dict[str, str]) -> None:
        """Let go of a token that the server took no more; one that another thread renewed since stays."""
        with self._lock:
            if header.get("Authorization") == f"Bearer {self._token}":
                self._token = ""

    def _renew(self) -> None:
        request, name = self.wire.request, self.wire.name
        url, scope = self._endpoint or self._discover()
        self._endpoint = (url, scope)
        key = load_signing_key(request.key, request.kid, name)

        def exchange() -> Any:
            form = {
                "grant_type": "client_credentials",
                "scope": scope,
                "client_assertion_type": ASSERTION,
                "client_assertion": self._assert(key, url),  # anew for each try: a `jti` is taken once
            }
            headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
            return self.wire.send("POST", url, headers, urlencode(form).encode())

        answer = self.wire.insist(exchange)
        content = content_of(answer)
        token = content.get("access_token") if isinstance(content, dict) else None
        if (
            answer.status != 200
            or not isinstance(token, str)
            or not token.isprintable()
            or not token.isascii()
        ):
            why = ", ".join(told_codes(answer)) or f"HTTP {answer.status}"
            fix = "client_id, private_key and kid as registered with the server, and scopes that it allows"
            raise Fatal(f"the server gives no access token ({why})", f"source {name}", fix)
        seconds = content.get("expires_in")
        life = float(seconds) if isinstance(seconds, (int, float)) else 300.0
        self._token, self._until = token, time.monotonic() + max(life - _EARLY_SECONDS, life / 2)

    def _assert(self, key: SigningKey, audience: str) -> str:
        """A signed assertion (https://hl7.org/fhir/smart-app-launch/client-confidential-asymmetric.html)."""
        import jwt

        client = self.wire.request.client_id
        claims = {
            "iss": client,
            "sub": client,
            "aud": audience,
            "exp": int(time.time()) + ASSERTION_SECONDS,
            "jti": uuid.uuid4().hex,
        }
        headers = {"typ": "JWT", **({"kid": key.kid} if key.kid else {})}
        if self.wire.request.jwks_url:
            headers["jku"] = self.wire.request.jwks_url
        return jwt.encode(claims, key.key, key.algorithm, headers)

    def _discover(self) -> tuple[str, str]:
        """Token endpoint and scope, by the server's `.well-known/smart-configuration` unless the settings say."""
        request, name = self.wire.request, self.wire.name
        content: Any = {}
        if not (request.token_url and request.scope):
            url = f"{request.base}/.well-known/smart-configuration"
            answer = self.wire.insist(lambda: self.wire.send("GET", url, {"Accept": "application/json"}))
            content = content_of(answer) if answer.status == 200 else {}
        found = content if isinstance(content, dict) else {}
        endpoint = request.token_url or found.get("token_endpoint")
        if not isinstance(endpoint, str) or not endpoint:
            fix = (
                "location is the server's FHIR base URL; else name its token endpoint by the option token_url"
            )
            raise Fatal("the server does not say where tokens are given", f"source {name}", fix)
        return endpoint, request.scope or _scope(found)


def _scope(configuration: dict[str, Any]) -> str:
    """SMART v2 scopes where the server has them, else those of v1."""
    capabilities, scopes = configuration.get("capabilities"), configuration.get("scopes_supported")
    told = [
        *(capabilities if isinstance(capabilities, list) else []),
        *(scopes if isinstance(scopes, list) else []),
    ]
    first = any(one == "permission-v1" or one == "system/*.read" for one in told)
    second = any(
        isinstance(one, str) and (one == "permission-v2" or one.endswith((".rs", ".cruds"))) for one in told
    )
    return "system/*.read" if first and not second else "system/*.rs"
