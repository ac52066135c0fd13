"""Who may ask: the name by which the server was called, the token, and pages of other origins.

A web page of a stranger, open in an operator's browser, can send requests to this machine. Cross-origin rules keep it from reading the
answers, unless a name of its own domain is made to resolve to 127.0.0.1 (DNS rebinding). So `Host` must be an address, or a name that
is meant. Beyond this machine there is also a token, by `Bearer` or as the password of `Basic`, which browsers ask for.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection
import ipaddress

from ..config.secret import Secret
from .http import Request, Response
from .router import failure

METHODS = "GET, HEAD, OPTIONS"
OPEN_PATHS = ("/healthz",)
"""Paths that need no token: probes have none, and learn nothing from them."""


class Access:
    """`host` is what the server listens on, `names` are further names by which it may be called, `cors` the origins that may read."""

    def __init__(self, host: str, names: Collection[str] = (), token: Secret | None = None, cors: Collection[str] = ()) -> None:
        self._names = {name.lower() for name in (host, "localhost", *names)}
        self._token = token
        self._cors = frozenset(cors)

    def check(self, request: Request) -> Response | None:
        """The answer to a request that is refused, or that is answered without asking further; None for all others."""
        if not self._is_meant(request.headers.get("host")):
            name = request.headers.get("host", "")[:100]
            return failure(421, f'this server is not called {name!r}; allow the name with hosts = ["…"] in [http]')
        if request.method == "OPTIONS":
            return Response(204, headers=(("Allow", METHODS), *self._preflight(request)))
        if request.method not in ("GET", "HEAD"):
            return failure(405, "only GET, HEAD and OPTIONS are allowed").with_headers(("Allow", METHODS))
        if self._token is not None and request.path not in OPEN_PATHS and self._token != _token_of(request):
            challenge = ("WWW-Authenticate", 'Basic realm="LogsMonitor2000", charset="UTF-8"')
            return failure(401, "a token is needed, as Bearer or as the password of Basic").with_headers(challenge)
        return None

    def headers(self, request: Request) -> tuple[tuple[str, str], ...]:
        """What an answer to `request` says besides, for pages of other origins."""
        origin = request.headers.get("origin", "")
        if not self._cors:
            return ()
        if "*" not in self._cors and origin not in self._cors:
            return (("Vary", "Origin"),)
        return (("Access-Control-Allow-Origin", "*" if "*" in self._cors else origin), ("Vary", "Origin"))

    def _preflight(self, request: Request) -> tuple[tuple[str, str], ...]:
        headers = self.headers(request)
        if "access-control-request-method" not in request.headers or len(headers) < 2:
            return headers
        return (
            *headers,
            ("Access-Control-Allow-Methods", METHODS),
            ("Access-Control-Allow-Headers", "Authorization, Last-Event-ID"),
            ("Access-Control-Max-Age", "600"),
        )

    def _is_meant(self, host: str | None) -> bool:
        """Whether `Host` is an address, or a name of this server. The port does not matter: tunnels and proxies change it."""
        if host is None:  # HTTP/1.0, which no browser speaks
            return True
        name = host.lower()
        if name.startswith("["):
            name = name[1:].partition("]")[0]
        elif name.count(":") <= 1:
            name = name.partition(":")[0]
        if name.rstrip(".") in self._names:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True


def _token_of(request: Request) -> Secret:
    scheme, _, value = request.headers.get("authorization", "").strip().partition(" ")
    value = value.strip()
    if scheme.lower() == "bearer":
        return Secret(value)
    if scheme.lower() == "basic":
        try:
            return Secret(base64.b64decode(value, validate=True).decode("utf-8", "replace").partition(":")[2])
        except (binascii.Error, ValueError):
            pass
    return Secret("")
