"""One request to a web server that is not trusted: a limit on everything, no redirects, no proxies, nothing but http and https.

`http.client` follows no redirects and knows no proxies by itself; what is added are the limits.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from contextlib import suppress
import http.client
import ssl
import time
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from ...config.secret import Secret
from ...errors import UsageError
from ...limits import RESPONSE_BYTES_MAX
from ..backoff import retry_after
from .base import Refused, Retry
from .deadline import TimeLimit, connect, problem_of

PORTS = {"http": 80, "https": 443}
RETRIED = {408, 429}
"""Statuses below 500 after which the same request may do."""


class Endpoint(NamedTuple):
    """Where to send: `path` includes the query; `headers` are complete, with what they hold of secrets."""

    scheme: str
    host: str
    port: int
    path: str
    headers: Mapping[str, Secret | str] = {}
    ca_file: str | None = None
    hides_path: bool = False

    @property
    def authority(self) -> str:
        """`host` or `host:port`, where the port is not the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        """For people; the path of an address that is a secret is one too."""
        return f"{self.scheme}://{self.authority}{'/<secret>' if self.hides_path else self.path}"


def endpoint(url: str, headers: Mapping[str, Secret | str] | None = None, ca_file: str | None = None) -> Endpoint:
    """The endpoint at `url`, all of which is hidden if it is a secret; a `UsageError`, which does not show it, if it is none."""
    text = url.reveal() if isinstance(url, Secret) else url
    if not text.isascii() or not text.isprintable() or " " in text:
        raise UsageError("must be ASCII without spaces and control characters")
    try:
        parts: SplitResult = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise UsageError("is no URL") from None
    if parts.scheme not in PORTS or not host:
        raise UsageError("must begin with http:// or https:// and have a host")
    if parts.username is not None:
        raise UsageError("must not hold a password: give user and password_file or password_env")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Endpoint(parts.scheme, host, port or PORTS[parts.scheme], path, headers or {}, ca_file, isinstance(url, Secret))


def basic_authorization(user: str, password: Secret) -> Secret:
    """The value of the header `Authorization`."""
    return Secret("Basic " + base64.b64encode(f"{user}:{password.reveal()}".encode()).decode())


def post(to: Endpoint, body: bytes, headers: Mapping[str, str], timeout: float, tls: ssl.SSLContext | None = None) -> None:
    """Send `body`; return when the server has said that it took it, in `timeout` seconds, or raise `Retry` or `Refused`.

    An endpoint of https needs `tls`.
    """
    connection = http.client.HTTPConnection(to.host, to.port)
    limit = TimeLimit(timeout, lambda: connection.sock)
    with limit:
        try:
            status, after = _exchange(connection, to, body, headers, limit, tls)
        except OSError as error:
            raise Retry("timed out" if limit.is_over else problem_of(error)) from None
        except http.client.HTTPException:
            raise Retry("timed out" if limit.is_over else "no valid answer") from None
        finally:
            connection.close()
    if 200 <= status < 300:
        return
    if status >= 500 or status in RETRIED:
        raise Retry(f"HTTP {status}", retry_after(after, time.time()))
    raise Refused(f"HTTP {status}, a redirect" if 300 <= status < 400 else f"HTTP {status}")


def _exchange(
    connection: http.client.HTTPConnection,
    to: Endpoint,
    body: bytes,
    headers: Mapping[str, str],
    limit: TimeLimit,
    tls: ssl.SSLContext | None,
) -> tuple[int, str | None]:
    """The status of the answer, and its `Retry-After`."""
    connection.sock = connect(to.host, to.port, limit)
    if to.scheme == "https":
        assert tls is not None
        connection.sock.settimeout(limit.left)
        connection.sock = tls.wrap_socket(connection.sock, server_hostname=to.host)
    connection.sock.settimeout(limit.left)
    own = {name: value.reveal() if isinstance(value, Secret) else value for name, value in to.headers.items()}
    sent = {"Host": to.authority, "User-Agent": "LogsMonitor2000", "Connection": "close", **headers, **own}
    connection.request("POST", to.path, body, sent)
    with connection.getresponse() as response:
        if limit.is_over:  # headers that were cut short look like complete ones
            raise TimeoutError
        with suppress(OSError, http.client.HTTPException):  # the status is the answer; a server read to its end is content
            response.read(RESPONSE_BYTES_MAX)
        return response.status, response.getheader("Retry-After")
