"""The HTTP server, over real sockets: whatever some clients do, the others are answered."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import os
import resource
import select
import socket
import ssl
import struct
import threading
import time
import unittest

from LogsMonitor2000.errors import InputError
from LogsMonitor2000.limits import (
    ANSWER_SECONDS_MAX,
    CLIENTS_MAX,
    DISCARDED_BYTES_MAX,
    HEARTBEAT_SECONDS,
    IDLE_SECONDS_MAX,
    PENDING_BYTES_MAX,
    REQUEST_BYTES_MAX,
    REQUEST_SECONDS_MAX,
    SEND_BUFFER_BYTES,
)
from LogsMonitor2000.testing import ManualClock
from LogsMonitor2000.web.http import Answer, Request, Response, Stream
from LogsMonitor2000.web.listener import listening
from LogsMonitor2000.web.server import Server

from ..deliver.channels.receivers import CERTIFICATE
from ..running import wait_until
from ..support import no_descriptor_left

SECONDS_MAX = 10.0
"""A server that has not answered by then does not answer."""

GET = b"GET /here HTTP/1.1\r\nHost: x\r\n\r\n"
LAST = b"GET /here HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
LARGE = b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n"
STREAM = b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n"
RESET = struct.pack("ii", 1, 0)
"""Lingering for no time: closing resets the connection."""


class Queue:
    """A feed of what a test puts into it."""

    def __init__(self) -> None:
        self.data = b"begin\n"

    def read(self) -> bytes:
        data, self.data = self.data, b""
        return data


class ServerTest(unittest.TestCase):
    tls: ssl.SSLContext | None = None
    clients_max = CLIENTS_MAX

    def setUp(self) -> None:
        self.clock = ManualClock()
        self.large = Response(200, b"x" * (4 << 20))
        self.feeds: list[Queue] = []
        self.prepared = 0
        self.server = Server(
            listening("127.0.0.1", 0),
            self.answer,
            prepare=self.prepare,
            clock=self.clock,
            tls=self.tls,
            clients_max=self.clients_max,
            pause=lambda seconds: self.pause(seconds),
        )
        self.addCleanup(self.server.close)
        self.server.start()

    def prepare(self) -> None:
        self.prepared += 1

    def pause(self, seconds: float) -> None:
        """What the server does when it has no descriptor left."""

    def answer(self, request: Request) -> Answer:
        if request.path == "/broken":
            raise RuntimeError("a mistake")
        if request.path == "/large":
            return self.large
        if request.path == "/each":  # a body of its own for every request
            return Response(200, bytes(bytearray(4 << 20)))
        if request.path == "/stream":
            self.feeds.append(Queue())
            return Stream(self.feeds[-1], "text/event-stream")
        return Response(200, b"hello\n") if request.path == "/here" else Response(404, b"not here\n")

    def connect(self, sent: bytes = b"") -> socket.socket:
        connection = socket.create_connection(self.server.address, SECONDS_MAX)
        self.addCleanup(connection.close)
        connection.sendall(sent)
        return connection

    def ask(self, *pieces: bytes) -> bytes:
        """All that comes back, up to the end of the connection."""
        with self.connected() as connection:
            for piece in pieces:
                connection.sendall(piece)
            return received(connection)

    @contextmanager
    def connected(self) -> Iterator[socket.socket]:
        with socket.create_connection(self.server.address, SECONDS_MAX) as connection:
            yield connection

    def is_answered(self) -> bool:
        return self.ask(LAST).endswith(b"\r\n\r\nhello\n")


def received(connection: socket.socket, until: bytes | None = None) -> bytes:
    """What comes until the server ends the connection, or until that ends with `until`."""
    answer = b""
    while (until is None or not answer.endswith(until)) and (piece := connection.recv(1 << 16)):
        answer += piece
    return answer


class Requests(ServerTest):
    CASES = (
        (GET, 200),
        (b"GET /here HTTP/1.0\n\n", 200),
        (b"HEAD /here HTTP/1.1\r\nHost: x\r\n\r\n", 200),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        (b"GET /broken HTTP/1.1\r\nHost: x\r\n\r\n", 500),
        (b"GET /here HTTP/1.1\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\n", 400),  # TLS
        (b"GET / HTTP/1.1\r\nX: " + b"y" * (1 << 20), 431),
    )

    def test_each_gets_its_status_however_it_comes(self) -> None:
        for request, status in self.CASES:
            for size in (len(request), 1) if len(request) < 100 else (len(request), 1000):
                with self.subTest(request=request[:40], size=size):
                    head, _, body = self.ask_in_pieces(request, size).partition(b"\r\n\r\n")
                    lines = head.split(b"\r\n")
                    self.assertTrue(lines[0].startswith(b"HTTP/1.1 %d " % status), lines[0])
                    length = next(int(line.split()[1]) for line in lines if line.startswith(b"Content-Length: "))
                    self.assertEqual(len(body), 0 if request.startswith(b"HEAD") else length)
        self.assertGreater(self.server.replies[400], 3)
        self.assertEqual(self.server.problems, ["server: RuntimeError: a mistake"] * 2)

    def ask_in_pieces(self, request: bytes, size: int) -> bytes:
        connection = self.connect()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for start in range(0, len(request), size):
                connection.sendall(request[start : start + size])
            connection.shutdown(socket.SHUT_WR)
        except OSError:  # the server has said enough and waits no longer
            pass
        return received(connection)

    def test_many_over_one_connection(self) -> None:
        with self.connected() as connection:
            for _ in range(3):
                connection.sendall(GET)
                self.assertIn(b"Connection: keep-alive", received(connection, b"hello\n"))
            connection.sendall(LAST)
            self.assertIn(b"Connection: close", received(connection))

    def test_many_at_once_over_one_connection(self) -> None:
        self.assertEqual(self.ask(GET * 100 + LAST).count(b"hello\n"), 101)

    def test_a_client_that_says_it_is_done_is_answered(self) -> None:
        connection = self.connect(GET)
        connection.shutdown(socket.SHUT_WR)
        self.assertTrue(received(connection).endswith(b"hello\n"))

    def test_a_body_that_is_not_read_does_not_cost_the_answer(self) -> None:
        for _ in range(20):
            answer = self.ask(b"POST /here HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n", b"x" * 100_000)
            self.assertTrue(answer.startswith(b"HTTP/1.1 200 "))

    def test_a_body_without_end_is_not_listened_to_for_ever(self) -> None:
        connection = self.connect(b"POST /here HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n")
        sent = 0
        with self.assertRaises(OSError):
            while sent < 100 * DISCARDED_BYTES_MAX:
                sent += connection.send(b"x" * 65536)
        self.assertTrue(self.is_answered())

    def test_waking_it_has_it_prepare(self) -> None:
        for _ in range(1000):
            self.server.wake()
        self.assertTrue(wait_until(lambda: self.prepared > 0))
        self.assertTrue(self.is_answered())


class BadClients(ServerTest):
    def test_one_that_stalls_blocks_no_other_and_is_dropped_in_the_end(self) -> None:
        stalled = [self.connect(sent) for sent in (b"", b"G", GET[:-1])]
        self.assertTrue(self.is_answered())
        self.clock.advance(REQUEST_SECONDS_MAX - 0.1)
        self.assertTrue(self.is_answered())
        self.assertEqual(select.select(stalled, [], [], 0)[0], [])
        self.clock.advance(0.1)
        self.assertTrue(self.is_answered())
        self.assertEqual([received(connection) for connection in stalled], [b"", b"", b""])

    def test_one_that_has_been_answered_may_stay_for_a_while(self) -> None:
        idle = self.connect(GET)
        received(idle, b"hello\n")
        self.clock.advance(IDLE_SECONDS_MAX - 0.1)
        self.assertTrue(self.is_answered())
        idle.sendall(GET)
        received(idle, b"hello\n")
        self.clock.advance(IDLE_SECONDS_MAX)
        self.assertTrue(self.is_answered())
        self.assertEqual(received(idle), b"")

    def test_a_byte_now_and_then_buys_no_time(self) -> None:
        dripping = self.connect(b"G")
        for _ in range(REQUEST_SECONDS_MAX):
            self.assertTrue(self.is_answered())
            dripping.sendall(b"G")
            self.clock.advance(1)
        self.assertTrue(self.is_answered())
        with self.assertRaises(OSError):  # ended, or reset because there was a byte that was not read
            self.assertEqual(received(dripping), b"")
            raise ConnectionResetError

    def test_one_that_does_not_read_blocks_no_other(self) -> None:
        slow = self.connect(LARGE)
        self.assertTrue(self.is_answered())
        self.assertEqual(len(received(slow, b"x" * 10)) > 0, True)
        slow.sendall(LAST)
        self.assertEqual(received(slow).count(b"x") >= 1, True)

    def test_one_that_reads_for_too_long_is_dropped(self) -> None:
        slow = self.connect(LARGE)
        self.assertTrue(wait_until(lambda: self.server.pending_bytes > 0))
        self.clock.advance(ANSWER_SECONDS_MAX)
        self.assertTrue(self.is_answered())
        self.assertTrue(wait_until(lambda: self.server.pending_bytes == 0))
        with self.assertRaises(ConnectionResetError):
            while slow.recv(1 << 20):
                pass
            raise ConnectionResetError  # cut short in good order is as well

    def test_one_that_resets_the_connection(self) -> None:
        for sent in (b"", b"GET", GET, LARGE, STREAM):
            connection = self.connect(sent)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            connection.close()
        self.assertTrue(self.is_answered())
        self.assertTrue(wait_until(lambda: self.server.clients <= 1))

    def test_clients_that_never_read_cost_a_bounded_amount_and_no_time(self) -> None:
        deaf = [self.connect(LARGE) for _ in range(32)] + [self.connect(LARGE.replace(b"large", b"each")) for _ in range(32)]
        self.assertTrue(self.is_answered())
        self.assertTrue(wait_until(lambda: self.server.clients <= 40))
        self.assertLessEqual(self.server.pending_bytes, PENDING_BYTES_MAX)
        self.assertLessEqual(PENDING_BYTES_MAX + 64 * 2 * SEND_BUFFER_BYTES, 16 << 20, "with what the system holds for them")
        before = time.process_time()
        time.sleep(0.3)
        self.assertLess(time.process_time() - before, 0.5)
        self.assertEqual(len(deaf), 64)

    def test_when_no_descriptor_is_left_the_oldest_gives_its_own(self) -> None:
        idle = self.connect(GET)
        received(idle, b"hello\n")
        asking = socket.socket()
        self.addCleanup(asking.close)
        asking.settimeout(SECONDS_MAX)
        with no_descriptor_left():
            asking.connect(self.server.address)
            asking.sendall(LAST)
            self.assertTrue(received(asking).endswith(b"hello\n"))
            self.assertEqual(received(idle), b"")

    def test_when_no_descriptor_is_left_at_all_it_waits_and_tries_again(self) -> None:
        self.assertTrue(self.is_answered())
        self.assertTrue(wait_until(lambda: self.server.clients == 0))
        asking = socket.socket()
        self.addCleanup(asking.close)
        asking.settimeout(SECONDS_MAX)
        waited = threading.Event()
        limit = no_descriptor_left()
        self.pause = lambda seconds: (limit.undo(), waited.set())  # type: ignore
        with limit:
            asking.connect(self.server.address)
            asking.sendall(LAST)
            self.assertTrue(received(asking).endswith(b"hello\n"))
        self.assertTrue(waited.is_set())


class Crowd(ServerTest):
    clients_max = 20

    def test_the_one_that_was_idle_longest_makes_room(self) -> None:
        idle = [self.connect(GET) for _ in range(20)]
        for connection in idle:
            received(connection, b"hello\n")
        more = [self.connect(GET) for _ in range(5)]
        for connection in more:
            received(connection, b"hello\n")
        self.assertEqual([received(connection) for connection in idle[:5]], [b""] * 5)
        idle[5].sendall(LAST)
        self.assertTrue(received(idle[5]).endswith(b"hello\n"))

    def test_those_that_stall_lock_no_one_out(self) -> None:
        stalled = [self.connect(b"GET") for _ in range(40)]
        self.assertTrue(self.is_answered())
        gone = stalled[: len(stalled) + 1 - self.clients_max]
        self.assertEqual({received(connection) for connection in gone}, {b""})
        last = stalled[-1]
        last.sendall(LAST[3:])
        self.assertTrue(received(last).endswith(b"hello\n"))

    def test_streams_do_not_make_room(self) -> None:
        stream = self.connect(STREAM)
        received(stream, b"begin\n")
        for _ in range(40):
            self.connect(b"GET")
        self.assertTrue(self.is_answered())
        self.feeds[0].data = b"still there\n"
        self.server.wake()
        self.assertEqual(received(stream, b"there\n"), b"still there\n")


class Streams(ServerTest):
    def test_what_comes_is_sent_as_it_comes(self) -> None:
        stream = self.connect(STREAM)
        head, _, body = received(stream, b"begin\n").partition(b"\r\n\r\n")
        self.assertEqual(body, b"begin\n")
        for header in (b"Content-Type: text/event-stream", b"X-Accel-Buffering: no", b"Cache-Control: no-store"):
            self.assertIn(header, head)
        for number in range(3):
            self.feeds[0].data = b"event %d\n" % number
            self.server.wake()
            self.assertEqual(received(stream, b"\n"), b"event %d\n" % number)
        self.assertEqual(self.server.streams, 1)

    def test_head_ends_after_the_head(self) -> None:
        answer = self.ask(STREAM.replace(b"GET", b"HEAD"))
        self.assertTrue(answer.endswith(b"\r\n\r\n"))

    def test_silence_is_broken_by_comments(self) -> None:
        stream = self.connect(STREAM)
        received(stream, b"begin\n")
        self.clock.advance(HEARTBEAT_SECONDS)
        self.server.wake()
        self.assertEqual(received(stream, b"\n\n"), b": \n\n")

    def test_one_that_does_not_read_is_dropped_at_the_second_heartbeat(self) -> None:
        deaf, good = self.connect(STREAM), self.connect(STREAM)
        received(good, b"begin\n")
        self.assertTrue(wait_until(lambda: self.server.streams == 2))
        self.feeds[0].data = b"x" * (8 << 20)
        self.server.wake()
        self.clock.advance(HEARTBEAT_SECONDS)
        self.assertTrue(self.is_answered())
        self.clock.advance(HEARTBEAT_SECONDS)
        self.assertTrue(self.is_answered())
        self.assertTrue(wait_until(lambda: self.server.streams == 1))
        deaf.close()

    def test_one_that_leaves_is_forgotten(self) -> None:
        stream = self.connect(STREAM)
        received(stream, b"begin\n")
        stream.close()
        self.assertTrue(wait_until(lambda: self.server.streams == 0))

    def test_what_a_reader_of_events_says_is_not_listened_to(self) -> None:
        stream = self.connect(STREAM)
        received(stream, b"begin\n")
        stream.sendall(GET * 10)
        self.feeds[0].data = b"event\n"
        self.server.wake()
        self.assertEqual(received(stream, b"event\n"), b"event\n")


class Tls(ServerTest):
    def setUp(self) -> None:
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(CERTIFICATE)
        self.trusting = ssl.create_default_context(cafile=CERTIFICATE)
        super().setUp()

    @contextmanager
    def connected(self) -> Iterator[socket.socket]:
        with socket.create_connection(self.server.address, SECONDS_MAX) as plain:
            with self.trusting.wrap_socket(plain, server_hostname="127.0.0.1") as connection:
                yield connection

    def test_requests_one_by_one_and_in_a_row(self) -> None:
        with self.connected() as connection:
            for _ in range(3):
                connection.sendall(GET)
                self.assertIn(b"200 OK", received(connection, b"hello\n"))
            connection.sendall(GET * 50 + LAST)
            self.assertEqual(received(connection).count(b"hello\n"), 51)

    def test_a_large_answer(self) -> None:
        answer = self.ask(LARGE.replace(b"Host: x\r\n", b"Host: x\r\nConnection: close\r\n"))
        self.assertEqual(len(answer.partition(b"\r\n\r\n")[2]), 4 << 20)

    def test_a_stream(self) -> None:
        with self.connected() as stream:
            stream.sendall(STREAM)
            received(stream, b"begin\n")
            self.feeds[0].data = b"event\n"
            self.server.wake()
            self.assertEqual(received(stream, b"event\n"), b"event\n")

    def test_those_that_do_not_speak_it_block_no_other(self) -> None:
        others = [self.connect(sent) for sent in (b"", GET, b"\x16\x03\x01", b"\x16\x03\x01\x00\x05hello" * 100)]
        self.assertTrue(self.is_answered())
        self.clock.advance(REQUEST_SECONDS_MAX)
        self.assertTrue(self.is_answered())
        for connection in others:
            with self.assertRaises(OSError):
                received(connection)
                raise ConnectionResetError


class Load(unittest.TestCase):
    def test_a_thousand_idle_and_a_hundred_active_clients(self) -> None:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = 2 * 1100 + 200  # both ends are in this process
        if hard != resource.RLIM_INFINITY and hard < wanted:
            self.skipTest(f"the system allows {hard} descriptors")
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        server = Server(listening("127.0.0.1", 0), lambda request: Response(200, b"hello\n"))
        self.addCleanup(server.close)
        server.start()
        idle = []
        for _ in range(1000):
            connection = socket.create_connection(server.address, SECONDS_MAX)
            self.addCleanup(connection.close)
            connection.sendall(GET)
            received(connection, b"hello\n")
            idle.append(connection)
        active = [socket.create_connection(server.address, SECONDS_MAX) for _ in range(100)]
        for connection in active:
            self.addCleanup(connection.close)
        for _ in range(5):
            for connection in active:
                connection.sendall(GET)
            for connection in active:
                received(connection, b"hello\n")
        self.assertEqual(server.clients, 1100)
        self.assertEqual(server.replies[200], 1500)
        before = time.process_time()
        time.sleep(0.2)
        self.assertLess(time.process_time() - before, 0.5, "clients that are idle cost nothing")


class Listening(unittest.TestCase):
    def server(self, host: str = "127.0.0.1", port: int = 0) -> Server:
        server = Server(listening(host, port), lambda request: Response(200, b"hello\n"))
        self.addCleanup(server.close)
        return server

    def test_a_client_that_asks_before_the_start_is_answered_after_it(self) -> None:
        server = self.server()
        with socket.create_connection(server.address, SECONDS_MAX) as early:
            early.sendall(LAST)
            server.start()
            self.assertTrue(received(early).endswith(b"hello\n"))

    def test_an_address_that_cannot_be_listened_on(self) -> None:
        taken = self.server()
        for host, port, problem in (
            (*taken.address, "address already in use"),
            ("192.0.2.1", 0, "cannot assign requested address"),
            ("no.such.host.invalid", 80, ""),
            ("x" * 100 + ".", 80, ""),  # not even a name
        ):
            with self.subTest(host=host), self.assertRaisesRegex(InputError, f"cannot listen on .*: {problem}"):
                listening(host, port)

    def test_the_port_is_free_again_at_once(self) -> None:
        server = self.server()
        server.start()
        host, port = server.address
        with socket.create_connection((host, port), SECONDS_MAX) as client:
            client.sendall(GET)
            received(client, b"hello\n")
            server.close()
            server.close()
            listening(host, port).close()

    def test_a_forked_child_keeps_nothing_of_it(self) -> None:
        server = self.server()
        host, port = server.address
        client = socket.create_connection((host, port), SECONDS_MAX)
        self.addCleanup(client.close)
        ours, theirs = socket.socketpair()
        child = os.fork()
        if child == 0:  # says that it lives, and does until its parent lets it go
            try:
                ours.close()
                theirs.sendall(b".")
                theirs.recv(1)
            finally:
                os._exit(0)
        theirs.close()
        try:
            self.assertEqual(ours.recv(1), b".")
            server.close()
            listening(host, port).close()
            with self.assertRaises(ConnectionError):  # the other end is gone
                client.sendall(GET)
                client.recv(1)
        finally:
            ours.close()
            os.waitpid(child, 0)

    def test_ipv6(self) -> None:
        try:
            server = self.server("::1")
        except InputError as error:
            self.skipTest(str(error))
        server.start()
        with socket.create_connection(server.address, SECONDS_MAX) as client:
            client.sendall(LAST)
            self.assertTrue(received(client).endswith(b"hello\n"))


if __name__ == "__main__":
    unittest.main()
