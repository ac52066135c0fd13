"""`type = "syslog"`: alerts as messages of RFC 5424, by UDP, TCP (octet counting, RFC 6587) or a local socket.

`logging.handlers.SysLogHandler` knows neither structured data nor framing, and has no time-out.
"""

from __future__ import annotations

import os
import re
import socket
from typing import NamedTuple
from urllib.parse import urlsplit

from ...action.formatter import MessageFormatter
from ...config.table import Table
from ...errors import UsageError
from ...limits import SYSLOG_DATAGRAM_BYTES_MAX, SYSLOG_STREAM_BYTES_MAX
from ...runtime.clock import Clock
from ...text import printable
from ..message import Item, Message, labels_of
from ..options import EACH_ALERT, Receiver, delivery
from ..spec import ActionSpec, AlertFilter, Context
from .base import Channel, Retry
from .deadline import TimeLimit, connect, problem_of
from .fields import rfc3339

FACILITIES = {
    **{name: number for number, name in enumerate(("kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news"))},
    **{f"local{number}": 16 + number for number in range(8)},
}
LEVELS = {"critical": 2, "error": 3, "warning": 4, "info": 6}
NOTICE = 5
PORT = 514
ENTERPRISE = "32473"
"""The enterprise number that RFC 5612 reserves for examples."""


def read(table: Table, name: str, alerts: AlertFilter) -> ActionSpec:
    """`address` and `facility`."""
    facility = table.text("facility", "daemon", choices=tuple(FACILITIES))
    try:
        to = address_of(table.text("address", "unix:/dev/log"))
    except UsageError as error:
        raise table.error("address", str(error)) from None

    def channel(context: Context) -> Channel:
        return Syslog(to, context.formatter, facility, context.clock)

    receiver = Receiver(str(to), channel, EACH_ALERT, ("group_by", "group_interval"))
    return delivery(table, "syslog", name, alerts, receiver)


class Address(NamedTuple):
    """`scheme` is "udp", "tcp" or "unix"; `host` is a path for the latter."""

    scheme: str
    host: str
    port: int = 0

    def __str__(self) -> str:
        return f"unix:{self.host}" if self.scheme == "unix" else f"{self.scheme}://{self.host}:{self.port}"


def address_of(address: str) -> Address:
    """What `unix:/dev/log`, `udp://host:514` or `tcp://host:601` names; a `UsageError` for anything else."""
    if address.startswith("unix:/"):
        return Address("unix", address.removeprefix("unix:"))
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if host is None or parts.scheme not in ("udp", "tcp") or parts.path or parts.username is not None:
        raise UsageError(f"must be like unix:/dev/log, udp://host:514 or tcp://host:601, not {address!r}")
    return Address(parts.scheme, host, port or PORT)


class Syslog(Channel):
    """One syslog message for each alert."""

    def __init__(self, to: Address, formatter: MessageFormatter, facility: str = "daemon", clock: Clock | None = None) -> None:
        self._to = to
        self._formatter = formatter
        self._facility = FACILITIES[facility]
        self._clock = clock or Clock()
        self._host = _word(socket.gethostname())

    def send(self, message: Message, timeout: float) -> None:
        sock: socket.socket | None = None
        limit = TimeLimit(timeout, lambda: sock, self._clock)
        with limit:
            try:
                sock = self._connect(limit)
                sock.settimeout(limit.left)
                for item in message.items:
                    sock.sendall(self._framed(self.line(item)))
            except OSError as error:
                raise Retry("timed out" if limit.is_over else problem_of(error)) from None
            finally:
                if sock is not None:
                    sock.close()

    def line(self, item: Item) -> bytes:
        """`<28>1 2019-02-07T21:12:36Z host LogsMonitor2000 123 high_traffic [lm2000@32473 id="…" …] High traffic …`"""
        alert = item.alert
        level = LEVELS.get(alert.severity, LEVELS["warning"]) if item.is_firing else NOTICE
        data = {"id": item.id, "state": alert.state, "value": f"{alert.value:g}", **labels_of(alert)}
        pairs = " ".join(f'{_word(name)}="{_value(value)}"' for name, value in data.items())
        words = f"<{8 * self._facility + level}>1 {rfc3339(alert.time)} {self._host} LogsMonitor2000 {os.getpid()}"
        text = printable(self._formatter.alert(alert).encode("utf-8", "surrogateescape"))
        return f"{words} {_word(alert.name)} [lm2000@{ENTERPRISE} {pairs}] {text}".encode()

    def _framed(self, line: bytes) -> bytes:
        if self._to.scheme != "tcp":
            return _clipped(line, SYSLOG_DATAGRAM_BYTES_MAX)
        line = _clipped(line, SYSLOG_STREAM_BYTES_MAX)
        return b"%d %s" % (len(line), line)

    def _connect(self, limit: TimeLimit) -> socket.socket:
        if self._to.scheme == "tcp":
            return connect(self._to.host, self._to.port, limit)
        if self._to.scheme == "unix":
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            address: str | tuple[str, int] = self._to.host
        else:
            family, kind, protocol, _, found = socket.getaddrinfo(self._to.host, self._to.port, type=socket.SOCK_DGRAM)[0]
            sock = socket.socket(family, kind, protocol)
            address = (str(found[0]), int(found[1]))
        try:
            sock.settimeout(limit.left)
            sock.connect(address)
        except OSError:
            sock.close()
            raise
        return sock


def _word(text: str) -> str:
    """A name in a header of RFC 5424: printable ASCII without what ends one."""
    return re.sub(r"[^!#-<>-\\^-~]", "_", text)[:32] or "-"


def _value(text: str) -> str:
    """A value of structured data."""
    return re.sub(r'(["\\\]])', r"\\\1", text)


def _clipped(line: bytes, limit: int) -> bytes:
    """Not in the middle of a character."""
    return line[:limit].decode("utf-8", "ignore").encode() if len(line) > limit else line
