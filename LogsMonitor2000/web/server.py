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

from ..limits import ACCEPT_PAUSE_SECONDS, CLIENTS_MAX, HEARTBEAT_SECONDS, PIPELINED_MAX, SEND_BUFFER_BYTES
from ..runtime.clock import Clock
from .clients import Clients
from .connection import READ, Connection, Phase
from .http import Answer, BadRequest, Request, Response, Stream, encoded, head_of

HEARTBEAT = b": \n\n"


class Server:
    """Answers what comes in at `listener` (see `listener.listening`) with what `answer` makes of it, from `start` on.

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
        self._clients = Clients(self._clock, self._selector)
        self._ready: dict[Connection, None] = {}  # that have more at hand than was looked at
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
        return len(self._clients)

    @property
    def streams(self) -> int:
        """How many of them read events."""
        return len(self._clients.all_in(Phase.STREAM))

    @property
    def pending_bytes(self) -> int:
        """Bytes of answers in memory that clients have yet to read."""
        return self._clients.pending_bytes

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
        self._clients.forget()
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
            if connection in self._clients:
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
            self._clients.drop(connection)
        except Exception as error:
            self._report(error)
            self._clients.drop(connection)

    def _read(self, connection: Connection) -> None:
        is_there = connection.receive()
        if connection.phase is Phase.CLOSING:
            if not is_there:
                self._clients.drop(connection)
            return
        if connection.phase is Phase.IDLE and connection.parser.has_begun:
            self._clients.enter(connection, Phase.REQUEST)
        self._answer_requests(connection)
        if connection.phase in (Phase.REQUEST, Phase.IDLE) and not is_there:
            self._clients.drop(connection)
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
        self._clients.enter(connection, Phase.ANSWER)
        self._clients.hold(connection, body)
        self._continue_answer(connection)

    def _continue_answer(self, connection: Connection) -> None:
        if not connection.send():
            self._watch(connection)
            return
        self._clients.release(connection)
        if connection.closes:
            connection.end()
            self._clients.enter(connection, Phase.CLOSING)
        else:
            self._clients.enter(connection, Phase.REQUEST if connection.parser.has_begun else Phase.IDLE)
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
            self._clients.enter(connection, Phase.ANSWER)
            self._continue_answer(connection)
            return
        connection.feed = stream.feed
        self._clients.enter(connection, Phase.STREAM)
        self._continue_stream(connection)

    def _continue_stream(self, connection: Connection, heard: bool = False) -> None:
        """Send what there is; `heard`: the socket is ready, perhaps because the client has gone."""
        assert connection.feed is not None
        if heard and connection.want & READ and not connection.receive():
            self._clients.drop(connection)
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
        for connection in self._clients.all_in(Phase.STREAM):
            if not connection.has_unsent:
                self._guarded_stream(connection)

    def _guarded_stream(self, connection: Connection) -> None:
        try:
            self._continue_stream(connection)
        except OSError:
            self._clients.drop(connection)

    def _beat(self) -> None:
        """Let every stream know that it is alive; one that has not read since the last time is dropped."""
        self._heartbeat = self._clock.elapsed() + HEARTBEAT_SECONDS
        for connection in self._clients.all_in(Phase.STREAM):
            if connection.has_unsent:
                self._clients.drop(connection)
            else:
                connection.put(HEARTBEAT)
                self._guarded_stream(connection)

    def _accept(self) -> None:
        try:
            sock, _ = self._listener.accept()
        except (BlockingIOError, ConnectionError):  # it has gone again
            return
        except OSError:  # no descriptor is left
            if not self._clients.evict():
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
        while len(self._clients) >= self._clients_max and self._clients.evict():
            pass
        connection = Connection(sock)
        self._selector.register(sock, READ, connection)
        self._clients.enter(connection, Phase.REQUEST)

    def _watch(self, connection: Connection) -> None:
        """Have the system report what `connection` waits for."""
        if connection in self._clients and self._selector.get_key(connection.sock).events != connection.want:
            self._selector.modify(connection.sock, connection.want, connection)

    def _expire(self) -> None:
        self._clients.expire()
        if self._clock.elapsed() >= self._heartbeat:
            self._beat()

    def _patience(self) -> float | None:
        """Seconds until a connection has had all the time there is; None if there is none."""
        ends = self._clients.next_end
        return None if ends is None else max(0.0, min(ends, self._heartbeat) - self._clock.elapsed())

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
