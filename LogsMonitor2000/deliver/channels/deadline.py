"""A limit on how long a conversation with a receiver takes as a whole, however slowly it drips.

Time-outs of sockets start anew with every byte. So when the time is over a timer shuts the socket down, which ends whatever waits on
it. Only the lookup of a name cannot be cut short; it holds up its own delivery and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
import errno
import socket
import ssl
from threading import Timer

from ...errors import InputError
from ...runtime.clock import Clock
from .base import Retry


class TimeLimit:
    """`with TimeLimit(10, lambda: connection.sock, clock) as limit:` … `limit.is_over` says whether it struck."""

    def __init__(self, seconds: float, sock: Callable[[], socket.socket | None], clock: Clock) -> None:
        self._clock = clock
        self._ends = clock.elapsed() + seconds
        self._sock = sock
        self._timer = Timer(seconds, self._strike)
        self._timer.daemon = True
        self._has_struck = False

    @property
    def is_over(self) -> bool:
        """Whether the time was over before the conversation was: then its end is not what the other side said."""
        return self._clock.elapsed() >= self._ends or self._has_struck

    @property
    def left(self) -> float:
        """Seconds; never 0, which means to sockets not to wait at all."""
        return max(0.001, self._ends - self._clock.elapsed())

    def __enter__(self) -> TimeLimit:
        try:
            self._timer.start()
        except RuntimeError:
            raise Retry("no thread left") from None
        return self

    def __exit__(self, *exception: object) -> None:
        self._timer.cancel()

    def _strike(self) -> None:
        self._has_struck = True
        sock = self._sock()
        if sock is not None:
            with suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)  # not TLS's own, which would talk to the other side


def connect(host: str, port: int, limit: TimeLimit) -> socket.socket:
    """A connection to the first address of `host` that accepts one, all of them together within the limit."""
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
    """TLS with safe defaults, and the authorities of the system or those in a file; an `InputError` if that cannot be used."""
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise InputError(f"{ca_file}: {error.strerror or 'no certificates in it'}") from error


def problem_of(error: OSError) -> str:
    """The reason of a failed conversation, in one of a few phrases: the text of an error may hold anything."""
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
    return "no descriptor left" if error.errno in (errno.EMFILE, errno.ENFILE) else "no connection"
