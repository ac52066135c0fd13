"""URLs of queues: `amqp://user@host:5672/vhost?queue=logs`, or `amqps:` for TLS. The password is never in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import os
from urllib.parse import parse_qsl, unquote, urlsplit

from ..config.secret import Secret, read_secret
from ..errors import UsageError

EXAMPLE = "amqp://user@host:5672/vhost?queue=logs"
PASSWORD = "AMQP_PASSWORD"
PORTS = {"amqp": 5672, "amqps": 5671}


@dataclass(frozen=True)
class QueueUrl:
    """A queue, and how to get there; `name` is what messages call it."""

    host: str
    port: int
    user: str
    password: Secret
    vhost: str
    queue: str
    is_tls: bool
    ca_file: str | None = None

    @property
    def name(self) -> str:
        scheme = "amqps" if self.is_tls else "amqp"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}/{self.vhost.lstrip('/')}?queue={self.queue}"

    @property
    def dead_letters(self) -> str:
        """The queue to which messages go that cannot be read."""
        return f"{self.queue}.dead"


def read_url(text: str, environment: Mapping[str, str] = os.environ) -> QueueUrl:
    """What `text` names. Raises `UsageError`, which shows nothing that could be a password."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
        given = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=True)) if parts.query else {}
    except ValueError:
        raise UsageError(f"the URL of the queue cannot be read; it must be like {EXAMPLE}") from None
    if parts.scheme not in PORTS or not host:
        raise UsageError(f"the URL of the queue must be like {EXAMPLE}")
    if parts.password is not None:
        raise UsageError(f"a password in a URL is seen by every user of the machine: set {PASSWORD}, or ?password_file=PATH")
    unknown = sorted(set(given) - {"queue", "password_file", "ca_file"})
    if unknown or not given.get("queue") or parts.fragment:
        what = f"{unknown[0]!r} is not known" if unknown else "no queue is named"
        raise UsageError(f"the URL of the queue: {what}; it must be like {EXAMPLE}, with password_file and ca_file if need be")
    if len(given["queue"].encode()) > 250:
        raise UsageError("the URL of the queue: its name is longer than 250 bytes")
    return QueueUrl(
        host=host,
        port=port or PORTS[parts.scheme],
        user=unquote(parts.username or "guest"),
        password=_password(given.get("password_file"), environment),
        vhost=unquote(parts.path[1:]) or "/",
        queue=given["queue"],
        is_tls=parts.scheme == "amqps",
        ca_file=given.get("ca_file"),
    )


def _password(path: str | None, environment: Mapping[str, str]) -> Secret:
    if path is None:
        return Secret(environment.get(PASSWORD, "guest"))
    try:
        return read_secret(path)
    except ValueError as error:
        raise UsageError(f"password_file {path}: {error}") from None
