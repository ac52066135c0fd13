"""One request to a web server that is not trusted: a limit on everything, no redirects, no proxies, only http and https.

`http.client` follows no redirects and uses no proxies by itself; this module adds the limits.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from contextlib import suppress
import http.client
import ssl
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from ...config.secret import Secret
from ...config.table import Table
from ...errors import UsageError
from ...limits import RESPONSE_BYTES_MAX
from ...runtime.clock import Clock
from ..backoff import retry_after
from ..options import header_value
from .base import Refused, Retry
from .deadline import TimeLimit, connect, problem_of, tls_context

PORTS = {"http": 80, "https": 443}
RETRIED = {408, 429}
"""Statuses below 500 after which the same request may succeed."""


class Endpoint(NamedTuple):
    """Where to send: `path` includes the query, and is a `Secret` where knowing the URL is all it takes to post; `headers` are
    those of the configuration, authorization included."""

    scheme: str
    host: str
    port: int
    path: str | Secret
    headers: Mapping[str, Secret | str] = {}
    ca_file: str | None = None

    @property
    def authority(self) -> str:
        """`host` or `host:port`, where the port is not the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        """For the user; a path that is a secret is not shown."""
        return f"{self.scheme}://{self.authority}{'/' if isinstance(self.path, Secret) else ''}{self.path}"


def read_endpoint(table: Table, *, is_secret: bool = False) -> Endpoint:
    """The keys of what is reached by HTTP: URL, user and password or token, CA file."""
    table.knows("url")
    url: str | Secret = table.text("url") if "url" in table and not is_secret else table.secret("url")
    headers: dict[str, Secret | str] = {}
    user, password, token = table.text("user", None), table.secret("password", None), table.secret("token", None)
    if (user is None) != (password is None):
        raise table.error("user", "and password_file or password_env go together")
    if user is not None and token is not None:
        raise table.error("token", "and user cannot both be given")
    if user is not None:
        headers["Authorization"] = basic_authorization(user, password)
    if token is not None:
        headers["Authorization"] = Secret(f"Bearer {header_value(table, 'token', token.reveal())}")
    try:
        return endpoint(url, headers, table.path("ca_file", None))
    except UsageError as error:
        raise table.error("url", str(error)) from None


def endpoint(url: str | Secret, headers: Mapping[str, Secret | str] | None = None, ca_file: str | None = None) -> Endpoint:
    """The endpoint at `url`; a `UsageError`, which does not show it, if it is not a URL."""
    text = url.reveal() if isinstance(url, Secret) else url
    if not text.isascii() or not text.isprintable() or " " in text:
        raise UsageError("must be ASCII without spaces and control characters")
    try:
        parts: SplitResult = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise UsageError("is not a URL") from None
    if parts.scheme not in PORTS or not host:
        raise UsageError("must begin with http:// or https:// and have a host")
    if parts.username is not None:
        raise UsageError("must not hold a password: give user and password_file or password_env")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    shown = Secret(path) if isinstance(url, Secret) else path
    return Endpoint(parts.scheme, host, port or PORTS[parts.scheme], shown, headers or {}, ca_file)


def basic_authorization(user: str, password: Secret) -> Secret:
    """The value of the header `Authorization`."""
    return Secret("Basic " + base64.b64encode(f"{user}:{password.reveal()}".encode()).decode())


class HttpClient:
    """Posts to one endpoint. A CA file that cannot be used is an `InputError`."""

    def __init__(self, to: Endpoint, clock: Clock) -> None:
        self._to = to
        self._clock = clock
        self._tls = tls_context(to.ca_file) if to.scheme == "https" else None

    def post(self, body: bytes, headers: Mapping[str, str], timeout: float) -> None:
        """Send `body`; return once the server has accepted it, within `timeout` seconds, or raise `Retry` or `Refused`."""
        connection = http.client.HTTPConnection(self._to.host, self._to.port)
        limit = TimeLimit(timeout, lambda: connection.sock, self._clock)
        with limit:
            try:
                status, after = self._exchange(connection, body, headers, limit)
            except OSError as error:
                raise Retry("timed out" if limit.is_over else problem_of(error)) from None
            except http.client.HTTPException:
                raise Retry("timed out" if limit.is_over else "no valid answer") from None
            finally:
                connection.close()
        if 200 <= status < 300:
            return
        if status >= 500 or status in RETRIED:
            raise Retry(f"HTTP {status}", retry_after(after, self._clock.now()))
        raise Refused(f"HTTP {status}, a redirect" if 300 <= status < 400 else f"HTTP {status}")

    def _exchange(
        self, connection: http.client.HTTPConnection, body: bytes, headers: Mapping[str, str], limit: TimeLimit
    ) -> tuple[int, str | None]:
        """The status of the answer, and its `Retry-After`."""
        to = self._to
        connection.sock = connect(to.host, to.port, limit)
        if self._tls is not None:
            connection.sock.settimeout(limit.left)
            connection.sock = self._tls.wrap_socket(connection.sock, server_hostname=to.host)
        connection.sock.settimeout(limit.left)
        own = {name: _revealed(value) for name, value in to.headers.items()}
        sent = {"Host": to.authority, "User-Agent": "LogsMonitor2000", "Connection": "close", **headers, **own}
        connection.request("POST", _revealed(to.path), body, sent)
        with connection.getresponse() as response:
            if limit.is_over:  # headers that were cut short look like complete ones
                raise TimeoutError
            with suppress(OSError, http.client.HTTPException):  # the status is the answer; reading on only pleases the server
                response.read(RESPONSE_BYTES_MAX)
            return response.status, response.getheader("Retry-After")


def _revealed(value: Secret | str) -> str:
    return value.reveal() if isinstance(value, Secret) else value
