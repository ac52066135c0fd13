"""One HTTP server for everything: a thread that waits for no client, whatever it does, with bounds on number, time and bytes.

A thread or a task for each client would cost memory for each that is idle, and a reply that is awaited would hold up what is shared.
Here one thread asks the system which sockets are ready and does for each what can be done at once; answers come from a function that
does not wait. The thread that reads logs shares nothing with it but two things that need no lock: it may `wake` this thread.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
import os
import resource
import selectors
import socket
import ssl
import threading
import weakref

from ..errors import InputError
from ..limits import (
    ACCEPT_PAUSE_SECONDS,
    ANSWER_SECONDS_MAX,
    CLIENTS_MAX,
    HEARTBEAT_SECONDS,
    IDLE_SECONDS_MAX,
    PENDING_BYTES_MAX,
    PIPELINED_MAX,
    REQUEST_SECONDS_MAX,
    SEND_BUFFER_BYTES,
)
from ..runtime.clock import Clock
from .connection import READ, Connection, Feed, Phase
from .http import BadRequest, Request, Response, encoded, head_of

SECONDS = {
    Phase.REQUEST: REQUEST_SECONDS_MAX,
    Phase.IDLE: IDLE_SECONDS_MAX,
    Phase.ANSWER: ANSWER_SECONDS_MAX,
    Phase.STREAM: float("inf"),
    Phase.CLOSING: REQUEST_SECONDS_MAX,
}
EVICTED = (Phase.CLOSING, Phase.IDLE, Phase.REQUEST, Phase.ANSWER)
"""When there are too many connections, the oldest in the first of these phases that has any makes room."""

HEARTBEAT = b": \n\n"


class Stream:
    """An answer that does not end: `headers`, and then what `feed` has."""

    def __init__(self, feed: Feed, content_type: str, headers: tuple[tuple[str, str], ...] = ()) -> None:
        self.feed = feed
        self.content_type = content_type
        self.headers = headers

    def with_headers(self, *headers: tuple[str, str]) -> Stream:
        return Stream(self.feed, self.content_type, (*self.headers, *headers))


Answer = Response | Stream


class Server:
    """Answers what comes in at `listener` (see `listening`) with what `answer` makes of it, from `start` on.

    `answer` and `prepare`, which is called whenever the thread was woken, run in the server's thread. `replies` counts by status,
    `problems` are unexpected exceptions in words, for the thread that writes to the user. A forked child has nothing of the server.
    """

    def __init__(
        self,
        listener: socket.socket,
        answer: Callable[[Request], Answer],
        *,
        prepare: Callable[[], None] = lambda: None,
        tls: ssl.SSLContext | None = None,
        clock: Clock | None = None,
        clients_max: int = CLIENTS_MAX,
        pause: Callable[[float], object] | None = None,
    ) -> None:
        self.replies: Counter[int] = Counter()
        self.problems: list[str] = []
        self._answer = answer
        self._prepare = prepare
        self._tls = tls
        self._clock = clock or Clock()
        self._clients_max = min(clients_max, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2)
        self._listener = listener
        self._woken, self._waker = socket.socketpair()
        for each in (self._woken, self._waker):
            each.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, READ)
        self._selector.register(self._woken, READ)
        self._phases: dict[Phase, dict[Connection, float]] = {phase: {} for phase in Phase}  # until when; the oldest first
        self._ready: dict[Connection, None] = {}  # that have more at hand than was looked at
        self._pending: dict[int, tuple[bytes, int]] = {}  # bodies that clients have yet to read, and how many clients
        self._pending_of: dict[Connection, bytes] = {}
        self._heartbeat = self._clock.elapsed() + HEARTBEAT_SECONDS
        self._is_woken = False
        self._stopping = threading.Event()
        self._pause = pause or self._stopping.wait
        self._thread: threading.Thread | None = None
        os.register_at_fork(after_in_child=_Forgetting(self))

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        host, port = self._listener.getsockname()[:2]
        return host, port

    @property
    def clients(self) -> int:
        """How many connections there are."""
        return sum(map(len, self._phases.values()))

    @property
    def streams(self) -> int:
        """How many of them read events."""
        return len(self._phases[Phase.STREAM])

    @property
    def pending_bytes(self) -> int:
        """Bytes of answers in memory that clients have yet to read."""
        return sum(len(body) for body, _ in self._pending.values())

    def start(self) -> None:
        """Begin to answer; those who have asked already are waiting."""
        self._thread = threading.Thread(target=self._serve, name="server", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Have `prepare` called and streams continued soon. Takes no time; for any thread."""
        if not self._is_woken:
            self._is_woken = True
            with suppress(OSError):
                self._waker.send(b"\0")

    def close(self) -> None:
        """End all connections."""
        self._stopping.set()
        if self._thread is not None:
            self._is_woken = False
            self.wake()
            self._thread.join()
            self._thread = None
        self.forget()

    def forget(self) -> None:
        """Let go of everything without a word to any client."""
        for connections in self._phases.values():
            for connection in connections:
                connection.close()
            connections.clear()
        for each in (self._listener, self._woken, self._waker):
            each.close()
        self._selector.close()

    def _serve(self) -> None:
        while not self._stopping.is_set():
            try:
                self._step()
            except Exception as error:  # of the loop itself: no client may end it
                self._report(error)
                self._stopping.wait(ACCEPT_PAUSE_SECONDS)

    def _step(self) -> None:
        ready, self._ready = self._ready, {}
        for key, _ in self._selector.select(0 if ready else self._patience()):
            if key.fileobj is self._listener:
                self._accept()
            elif key.fileobj is self._woken:
                self._wake_up()
            else:
                ready[key.data] = None
        for connection in ready:
            if connection in self._phases[connection.phase]:
                self._serve_one(connection)
        self._expire()

    def _serve_one(self, connection: Connection) -> None:
        """Do what can be done for `connection` now."""
        try:
            if connection.phase is Phase.ANSWER:
                self._continue_answer(connection)
            elif connection.phase is Phase.STREAM:
                self._continue_stream(connection, heard=True)
            else:
                self._read(connection)
        except OSError:  # the client is gone, or does not speak TLS
            self._drop(connection)
        except Exception as error:
            self._report(error)
            self._drop(connection)

    def _read(self, connection: Connection) -> None:
        is_there = connection.receive()
        if connection.phase is Phase.CLOSING:
            if not is_there:
                self._drop(connection)
            return
        if connection.phase is Phase.IDLE and connection.parser.has_begun:
            self._enter(connection, Phase.REQUEST)
        self._answer_requests(connection)
        if connection.phase in (Phase.REQUEST, Phase.IDLE) and not is_there:
            self._drop(connection)
        elif connection.has_more:
            self._ready[connection] = None
        self._watch(connection)

    def _answer_requests(self, connection: Connection) -> None:
        """Answer the requests that are complete, as long as the client reads the answers."""
        for _ in range(PIPELINED_MAX):
            if connection.phase not in (Phase.REQUEST, Phase.IDLE):
                return
            try:
                request = connection.parser.next()
            except BadRequest as problem:
                connection.closes = True
                self._reply(connection, None, Response(problem.status, f"{problem.detail}\n".encode()))
                return
            if request is None:
                return
            connection.closes = not request.keeps_alive
            self._reply(connection, request, self._answer_to(request))
        self._ready[connection] = None

    def _answer_to(self, request: Request) -> Answer:
        try:
            return self._answer(request)
        except Exception as error:  # a mistake in an answer must not end the answering
            self._report(error)
            return Response(500, b'{"detail":"internal error"}\n', "application/json")

    def _reply(self, connection: Connection, request: Request | None, answer: Answer) -> None:
        if isinstance(answer, Stream):
            self._begin_stream(connection, request, answer)
            return
        self.replies[answer.status] += 1
        head, body = encoded(answer, request, self._clock.now())
        connection.put(head, body)
        self._enter(connection, Phase.ANSWER)
        self._hold(connection, body)
        self._continue_answer(connection)

    def _continue_answer(self, connection: Connection) -> None:
        if not connection.send():
            self._watch(connection)
            return
        self._release(connection)
        if connection.closes:
            connection.end()
            self._enter(connection, Phase.CLOSING)
        else:
            self._enter(connection, Phase.REQUEST if connection.parser.has_begun else Phase.IDLE)
            if connection.parser.has_begun:
                self._ready[connection] = None
        self._watch(connection)

    def _begin_stream(self, connection: Connection, request: Request | None, stream: Stream) -> None:
        self.replies[200] += 1
        fields = [("Content-Type", stream.content_type), ("Cache-Control", "no-store"), ("X-Accel-Buffering", "no")]
        head = head_of(200, [*fields, ("X-Content-Type-Options", "nosniff"), *stream.headers, ("Connection", "close")])
        connection.put(head)
        connection.closes = True
        if request is not None and request.method == "HEAD":
            self._enter(connection, Phase.ANSWER)
            self._continue_answer(connection)
            return
        connection.feed = stream.feed
        self._enter(connection, Phase.STREAM)
        self._continue_stream(connection)

    def _continue_stream(self, connection: Connection, heard: bool = False) -> None:
        """Send what there is; `heard`: the socket is ready, perhaps because the client has gone."""
        assert connection.feed is not None
        if heard and connection.want & READ and not connection.receive():
            self._drop(connection)
            return
        while connection.send():
            data = connection.feed.read()
            if not data:
                break
            connection.put(data)
        self._watch(connection)

    def _wake_up(self) -> None:
        with suppress(BlockingIOError):
            self._woken.recv(4096)
        self._is_woken = False
        self._prepare()
        for connection in list(self._phases[Phase.STREAM]):
            if not connection.has_unsent:
                self._guarded_stream(connection)

    def _guarded_stream(self, connection: Connection) -> None:
        try:
            self._continue_stream(connection)
        except OSError:
            self._drop(connection)

    def _beat(self) -> None:
        """Let every stream know that it is alive; one that has not read since the last time is dropped."""
        self._heartbeat = self._clock.elapsed() + HEARTBEAT_SECONDS
        for connection in list(self._phases[Phase.STREAM]):
            if connection.has_unsent:
                self._drop(connection)
            else:
                connection.put(HEARTBEAT)
                self._guarded_stream(connection)

    def _accept(self) -> None:
        try:
            sock, _ = self._listener.accept()
        except (BlockingIOError, ConnectionError):  # it has gone again
            return
        except OSError:  # no descriptor is left
            if not self._evict():
                self._pause(ACCEPT_PAUSE_SECONDS)
            return
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
            if self._tls is not None:
                sock = self._tls.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        except (OSError, ValueError):
            sock.close()
            return
        while self.clients >= self._clients_max and self._evict():
            pass
        connection = Connection(sock)
        self._selector.register(sock, READ, connection)
        self._enter(connection, Phase.REQUEST)

    def _evict(self) -> bool:
        """Drop a connection to make room for another; False if there is none that may be dropped."""
        for phase in EVICTED:
            if self._phases[phase]:
                self._drop(next(iter(self._phases[phase])))
                return True
        return False

    def _enter(self, connection: Connection, phase: Phase) -> None:
        self._phases[connection.phase].pop(connection, None)
        connection.phase = phase
        self._phases[phase][connection] = self._clock.elapsed() + SECONDS[phase]

    def _watch(self, connection: Connection) -> None:
        """Have the system report what `connection` waits for."""
        if connection in self._phases[connection.phase] and self._selector.get_key(connection.sock).events != connection.want:
            self._selector.modify(connection.sock, connection.want, connection)

    def _drop(self, connection: Connection) -> None:
        if self._phases[connection.phase].pop(connection, None) is None:
            return
        self._release(connection)
        with suppress(KeyError, ValueError):
            self._selector.unregister(connection.sock)
        connection.close()

    def _hold(self, connection: Connection, body: bytes) -> None:
        """Count `body` as in memory, once for all clients that are sent it; those that have waited longest pay for too much."""
        _, count = self._pending.get(id(body), (body, 0))
        self._pending[id(body)] = body, count + 1
        self._pending_of[connection] = body
        while self.pending_bytes > PENDING_BYTES_MAX and len(self._pending) > 1:
            self._drop(next(iter(self._phases[Phase.ANSWER])))

    def _release(self, connection: Connection) -> None:
        body = self._pending_of.pop(connection, None)
        if body is None:
            return
        _, count = self._pending[id(body)]
        if count > 1:
            self._pending[id(body)] = body, count - 1
        else:
            del self._pending[id(body)]

    def _expire(self) -> None:
        now = self._clock.elapsed()
        for phase, connections in self._phases.items():
            while connections and next(iter(connections.values())) <= now:
                self._drop(next(iter(connections)))
        if now >= self._heartbeat:
            self._beat()

    def _patience(self) -> float | None:
        """Seconds until a connection has had all the time there is; None if there is none."""
        ends = [next(iter(connections.values())) for connections in self._phases.values() if connections]
        if not ends:
            return None
        return max(0.0, min(*ends, self._heartbeat) - self._clock.elapsed())

    def _report(self, error: Exception) -> None:
        if len(self.problems) < 5:
            self.problems.append(f"server: {type(error).__name__}: {error}")


class _Forgetting:
    """Lets a forked child forget a server. The system keeps this for ever, so it must not keep the server."""

    def __init__(self, server: Server) -> None:
        self._server = weakref.ref(server)

    def __call__(self) -> None:
        if (server := self._server()) is not None:
            server.forget()


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens on `host` and `port`, 0 standing for any that is free; an `InputError` if that is not possible."""
    listener = None
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # else a restart has to wait a minute
        listener.bind(address)
        listener.listen(256)
        listener.setblocking(False)
        return listener
    except (OSError, UnicodeError) as error:
        if listener is not None:
            listener.close()
        reason = getattr(error, "strerror", None) or str(error)
        shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        raise InputError(f"cannot listen on {shown}: {reason[:1].lower()}{reason[1:]}") from error
