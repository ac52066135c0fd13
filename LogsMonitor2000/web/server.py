"""A small HTTP server that strangers cannot hold up: one thread, no waiting for anybody, everything bounded.

It answers GET and HEAD, one request a connection, and says so. What a client sends is looked at up to the blank line behind the
headers, and no header is. `http.server` would take a thread a client and megabytes of headers, for as long as the client likes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
import os
import re
import selectors
import socket
import threading
from typing import NamedTuple
import weakref

from ..errors import InputError
from ..limits import ACCEPT_PAUSE_SECONDS, CLIENT_SECONDS_MAX, CLIENTS_MAX, REQUEST_BYTES_MAX
from ..runtime.clock import Clock

PHRASES = {
    200: "OK",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
}
REQUEST = re.compile(rb"([A-Z]+) ([!-~]+) HTTP/1\.[0-9]\r?")
BLANK_LINE = re.compile(rb"\n\r?\n")


class Reply(NamedTuple):
    """What a request is answered with."""

    status: int
    body: bytes
    content_type: str = "text/plain; charset=utf-8"


class Server:
    """Listens on `host` and `port` (0: any that is free) at once, and from `start` on answers each path with what `answer` makes of it.

    `answer` is called in the server's thread. `replies` counts by status. An address that cannot be listened on is an `InputError`.
    A forked child has nothing of it: the port is free as soon as this process ends.
    """

    def __init__(self, host: str, port: int, answer: Callable[[str], Reply], clock: Clock | None = None) -> None:
        self.replies: Counter[int] = Counter()
        self._answer = answer
        self._clock = clock or Clock()
        self._listener = _listen(host, port)
        self._woken, self._waker = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._clients: dict[socket.socket, _Client] = {}  # the oldest first
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        os.register_at_fork(after_in_child=_Forgetting(self))

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        host, port = self._listener.getsockname()[:2]
        return host, port

    def start(self) -> None:
        """Begin to answer; those who have asked already are waiting."""
        self._thread = threading.Thread(target=self._serve, name="server", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Answer nobody any more."""
        self._stopping.set()
        if self._thread is not None:
            self._waker.send(b"\0")
            self._thread.join()
            self._thread = None
        self.forget()

    def forget(self) -> None:
        """Let go of everything without a word to anybody."""
        for held in (*self._clients, self._listener, self._woken, self._waker):
            held.close()
        self._selector.close()
        self._clients.clear()

    def _serve(self) -> None:
        while not self._stopping.is_set():
            for key, _ in self._selector.select(self._patience()):
                if key.fileobj is self._listener:
                    self._accept()
                elif (client := self._clients.get(key.fileobj)) is not None:  # type: ignore[call-overload]
                    self._go_on(client)
            while self._clients and self._oldest().deadline <= self._clock.elapsed():
                self._drop(self._oldest())

    def _oldest(self) -> _Client:
        return next(iter(self._clients.values()))

    def _patience(self) -> float | None:
        """Seconds until somebody has had all the time there is."""
        return max(0.0, self._oldest().deadline - self._clock.elapsed()) if self._clients else None

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except (BlockingIOError, ConnectionError):  # it has gone again
            return
        except OSError:  # no descriptor is left
            if self._clients:
                self._drop(self._oldest())
            else:
                self._stopping.wait(ACCEPT_PAUSE_SECONDS)
            return
        if len(self._clients) >= CLIENTS_MAX:
            self._drop(self._oldest())
        connection.setblocking(False)
        self._clients[connection] = _Client(connection, self._clock.elapsed() + CLIENT_SECONDS_MAX)
        self._selector.register(connection, selectors.EVENT_READ)

    def _go_on(self, client: _Client) -> None:
        """`client` has sent something, or can be sent more."""
        try:
            if client.unsent is None:
                is_there = self._read(client)
            elif client.unsent:
                is_there = self._write(client)
            else:  # it has had its answer: what it still says does not matter
                is_there = bool(client.connection.recv(REQUEST_BYTES_MAX))
        except BlockingIOError:
            return
        except OSError:
            is_there = False
        if not is_there:
            self._drop(client)

    def _read(self, client: _Client) -> bool:
        received = client.connection.recv(REQUEST_BYTES_MAX + 1 - len(client.request))
        client.request += received
        reply = self._reply_to(client.request)
        if received and reply is not None:
            client.unsent = memoryview(reply)
            self._selector.modify(client.connection, selectors.EVENT_WRITE)
            return self._write(client)
        return bool(received)

    def _write(self, client: _Client) -> bool:
        assert client.unsent is not None
        client.unsent = client.unsent[client.connection.send(client.unsent) :]
        if not client.unsent:
            # Closed while something is unread, a connection is reset and the answer may be lost: the client shall close it.
            client.connection.shutdown(socket.SHUT_WR)
            self._selector.modify(client.connection, selectors.EVENT_READ)
        return True

    def _reply_to(self, request: bytes) -> bytes | None:
        """The answer to what has come of a request, once that is enough."""
        line, is_whole, _ = request.partition(b"\n")
        parts = REQUEST.fullmatch(line)
        if is_whole and parts is None:
            reply = Reply(400, b"this is not a request\n")
        elif parts is None or not BLANK_LINE.search(request):
            if len(request) <= REQUEST_BYTES_MAX:
                return None
            reply = Reply(431, b"the request is too long\n")
        elif parts[1] not in (b"GET", b"HEAD"):
            reply = Reply(405, b"only GET and HEAD are allowed\n")
        else:
            reply = self._asked(parts[2].partition(b"?")[0].decode("ascii"))
        self.replies[reply.status] += 1
        head = (
            f"HTTP/1.1 {reply.status} {PHRASES[reply.status]}\r\n"
            f"Content-Type: {reply.content_type}\r\nContent-Length: {len(reply.body)}\r\n"
            "X-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\nConnection: close\r\n"
            + ("Allow: GET, HEAD\r\n" if reply.status == 405 else "")
        )
        return head.encode("ascii") + b"\r\n" + (b"" if line.startswith(b"HEAD ") else reply.body)

    def _asked(self, path: str) -> Reply:
        try:
            return self._answer(path)
        except Exception:  # a mistake in what is told must not end the telling
            return Reply(500, b"the answer could not be made\n")

    def _drop(self, client: _Client) -> None:
        self._selector.unregister(client.connection)
        del self._clients[client.connection]
        client.connection.close()


class _Client:
    """A connection: what has come of its request, and what is unsent of its answer; None before there is one."""

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self.connection = connection
        self.deadline = deadline
        self.request = b""
        self.unsent: memoryview | None = None


class _Forgetting:
    """Lets a forked child forget a server; holds no server that nobody else does, since it is held for ever itself."""

    def __init__(self, server: Server) -> None:
        self._server = weakref.ref(server)

    def __call__(self) -> None:
        if (server := self._server()) is not None:
            server.forget()


def _listen(host: str, port: int) -> socket.socket:
    listener = None
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # else a restart has to wait a minute
        listener.bind(address)
        listener.listen()
        listener.setblocking(False)
        return listener
    except (OSError, UnicodeError) as error:
        if listener is not None:
            listener.close()
        raise InputError(f"{host}:{port}: cannot be listened on: {getattr(error, 'strerror', None) or error}") from error
