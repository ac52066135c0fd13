"""A limit on how long a conversation with a receiver takes as a whole, however slowly it drips.

Time-outs of sockets start anew with every byte. So when the time is over somebody shuts the socket down, which ends whatever waits
on it. Only looking up a name cannot be cut short; it does not hold up anything but its own delivery.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
import socket
import ssl
from threading import Timer
import time

from ...errors import InputError


class TimeLimit:
    """`with TimeLimit(10, lambda: connection.sock) as limit:` … `limit.is_over` tells whether it struck."""

    def __init__(self, seconds: float, sock: Callable[[], socket.socket | None]) -> None:
        self._ends = time.monotonic() + seconds
        self._sock = sock
        self._timer = Timer(seconds, self._strike)
        self._timer.daemon = True

    @property
    def is_over(self) -> bool:
        """Whether the time was over before the conversation was: then its end is nothing that the other side said."""
        return time.monotonic() >= self._ends

    @property
    def left(self) -> float:
        """Seconds; never 0, which would stand for sockets that do not wait at all."""
        return max(0.001, self._ends - time.monotonic())

    def __enter__(self) -> TimeLimit:
        self._timer.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._timer.cancel()

    def _strike(self) -> None:
        sock = self._sock()
        if sock is not None:
            with suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)  # not TLS's own, which would talk to the other side


def connect(host: str, port: int, limit: TimeLimit) -> socket.socket:
    """A connection to the first address of `host` that takes one, all of them together within the limit."""
    problem: OSError | None = None
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(limit.left)
            sock.connect(address)
            return sock
        except OSError as error:
            problem = error
            sock.close()
    raise problem or OSError("no address")


def tls_context(ca_file: str | None = None) -> ssl.SSLContext:
    """TLS as it is safe by default, with the authorities of the system or those in a file; an `InputError` if it cannot be used."""
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise InputError(f"{ca_file}: {error.strerror or 'holds no certificates'}") from error


def problem_of(error: OSError) -> str:
    """The reason of a failed conversation, in one of a few words: what an error says by itself may hold anything."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return "certificate not valid"
    if isinstance(error, ssl.SSLError):
        return "TLS failed"
    for kind, words in (
        (TimeoutError, "timed out"),
        (ConnectionRefusedError, "connection refused"),
        (ConnectionError, "connection lost"),
        (socket.gaierror, "name not found"),
        (FileNotFoundError, "no such socket"),
        (PermissionError, "no permission"),
    ):
        if isinstance(error, kind):
            return words
    return "no connection"
