"""One connection of a client: its socket, what it has sent of a request, and what it has yet to read of an answer. Nothing waits."""

from __future__ import annotations

from contextlib import suppress
from enum import Enum
import selectors
import socket
import ssl

from ..limits import DISCARDED_BYTES_MAX, REQUEST_BYTES_MAX
from .http import Feed, RequestParser

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE


class Phase(Enum):
    """What a connection is about. In each phase there is a limit on how long it may take."""

    REQUEST = "request"  # it is to send a request, or to shake hands for TLS
    IDLE = "idle"  # it has had its answer and may ask again
    ANSWER = "answer"  # it is to read an answer
    STREAM = "stream"  # it reads events as they come
    CLOSING = "closing"  # it is to close the connection


class Connection:
    """`want` says which events of the socket matter now; `feed` is there while it is in the phase STREAM."""

    __slots__ = ("sock", "phase", "parser", "feed", "closes", "want", "_unsent", "_is_shaking_hands", "_discarded")

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.phase = Phase.REQUEST
        self.parser = RequestParser()
        self.feed: Feed | None = None
        self.closes = False  # after the answer
        self.want = READ
        self._unsent: list[memoryview] = []
        self._is_shaking_hands = isinstance(sock, ssl.SSLSocket)
        self._discarded = 0

    @property
    def has_unsent(self) -> bool:
        return bool(self._unsent)

    def receive(self) -> bool:
        """Take in what has come; False when the client is gone. In the phases that expect nothing, what comes is thrown away."""
        try:
            if self._is_shaking_hands:
                self._shake_hands()
            while data := self.sock.recv(REQUEST_BYTES_MAX):
                if self.phase in (Phase.REQUEST, Phase.IDLE):
                    self.parser.feed(data)
                    return True  # one portion at a time: `ssl` may hold more, see `has_more`
                self._discarded += len(data)
                if self._discarded > DISCARDED_BYTES_MAX:
                    return False
            return False
        except ssl.SSLWantReadError:
            self.want = READ
        except ssl.SSLWantWriteError:
            self.want = WRITE
        except BlockingIOError:
            pass
        return True

    @property
    def has_more(self) -> bool:
        """Whether bytes are at hand that the system does not know of."""
        return isinstance(self.sock, ssl.SSLSocket) and not self._is_shaking_hands and self.sock.pending() > 0

    def put(self, *parts: bytes) -> None:
        """Send `parts`, in turn, by `send`."""
        self._unsent += [memoryview(part) for part in parts if part]

    def send(self) -> bool:
        """Send what the client takes now; whether that is all there is."""
        try:
            while self._unsent:
                sent = self.sock.send(self._unsent[0])
                if sent == len(self._unsent[0]):
                    del self._unsent[0]
                else:
                    self._unsent[0] = self._unsent[0][sent:]
        except (BlockingIOError, ssl.SSLWantWriteError):
            self.want = WRITE | (READ if self.phase is Phase.STREAM else 0)
            return False
        except ssl.SSLWantReadError:
            self.want = READ
            return False
        self.want = READ
        return True

    def end(self) -> None:
        """Say that nothing more comes. If the connection were closed while something is unread, the client could lose the answer."""
        self._unsent.clear()
        with suppress(OSError, ValueError):
            if isinstance(self.sock, ssl.SSLSocket):
                self.sock.unwrap()
        with suppress(OSError):
            self.sock.shutdown(socket.SHUT_WR)
        self.want = READ

    def close(self) -> None:
        self._unsent.clear()
        self.sock.close()

    def _shake_hands(self) -> None:
        assert isinstance(self.sock, ssl.SSLSocket)
        self.sock.do_handshake()
        self._is_shaking_hands = False
        self.want = READ
