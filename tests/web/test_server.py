"""The HTTP server, over real sockets: whatever some clients do, the others are answered."""

from __future__ import annotations

import os
import socket
import struct
import threading
import unittest
from unittest import mock

from LogsMonitor2000.errors import InputError
from LogsMonitor2000.limits import CLIENT_SECONDS_MAX, CLIENTS_MAX, REQUEST_BYTES_MAX
from LogsMonitor2000.testing import ManualClock
from LogsMonitor2000.web.server import Reply, Server

from ..running import wait_until
from ..support import no_descriptor_left

SECONDS_MAX = 10.0
"""A server that has not answered by then does not answer."""

GET = b"GET /here HTTP/1.1\r\nHost: x\r\n\r\n"
RESET = struct.pack("ii", 1, 0)
"""Lingering for no time: closing resets the connection."""


def answer(path: str) -> Reply:
    if path == "/broken":
        raise RuntimeError
    if path == "/large":
        return Reply(200, b"x" * (16 << 20))
    return Reply(200, b"hello\n") if path == "/here" else Reply(404, b"not here\n")


class ServerTest(unittest.TestCase):
    def setUp(self) -> None:
        self.clock = ManualClock()
        self.server = Server("127.0.0.1", 0, answer, self.clock)
        self.addCleanup(self.server.close)
        self.server.start()

    def connect(self, sent: bytes = b"") -> socket.socket:
        connection = socket.create_connection(self.server.address, SECONDS_MAX)
        self.addCleanup(connection.close)
        connection.sendall(sent)
        return connection

    def ask(self, *pieces: bytes) -> bytes:
        """All that comes back for a request, sent in pieces of their own."""
        with socket.create_connection(self.server.address, SECONDS_MAX) as connection:
            for piece in pieces:
                connection.sendall(piece)
            return received(connection)

    def is_answered(self) -> bool:
        return self.ask(GET).endswith(b"\r\n\r\nhello\n")


def received(connection: socket.socket) -> bytes:
    """What comes until the server ends the connection."""
    answer = b""
    while piece := connection.recv(1 << 16):
        answer += piece
    return answer


class TestRequests(ServerTest):
    CASES = (
        (GET, 200),
        (b"GET /here HTTP/1.0\n\n", 200),  # bare line feeds, as somebody types them
        (b"HEAD /here HTTP/1.1\r\nHost: x\r\n\r\n", 200),
        (b"GET /here?x=1 HTTP/1.1\r\n\r\n", 200),
        (b"GET / HTTP/1.1\r\n\r\n", 404),
        (b"GET //here HTTP/1.1\r\n\r\n", 404),
        (b"GET /here/../here HTTP/1.1\r\n\r\n", 404),
        (b"GET http://x/here HTTP/1.1\r\n\r\n", 404),
        (b"GET /%68ere HTTP/1.1\r\n\r\n", 404),
        (b"POST /here HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello", 405),
        (b"DELETE /nowhere HTTP/1.1\r\n\r\n", 405),
        (b"OPTIONS * HTTP/1.1\r\n\r\n", 405),
        (b"GET /broken HTTP/1.1\r\n\r\n", 500),
        (b"\r\n", 400),
        (b"GET /here\r\n", 400),  # HTTP/0.9
        (b"GET /here HTTP/2.0\r\n", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        (b"GET /he re HTTP/1.1\r\n", 400),
        (b"GET /h\xc3\xa9re HTTP/1.1\r\n", 400),
        (b"GET /here\x00 HTTP/1.1\r\n", 400),
        (b"GET /here\rX HTTP/1.1\r\n", 400),
        (b"get /here HTTP/1.1\r\n", 400),
        (b"GET  HTTP/1.1\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\n", 400),  # TLS
        (b"\x00\xff" * 100 + b"\n", 400),
        (b"G" * (REQUEST_BYTES_MAX + 1), 431),
        (b"GET /here HTTP/1.1\r\n" + b"X: y\r\n" * 3000, 431),
        (b"GET /here HTTP/1.1\r\nX: " + b"y" * (1 << 20), 431),
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
                    self.assertGreater(length, 0)
                    self.assertIn(b"Connection: close", lines)
                    self.assertIn(b"X-Content-Type-Options: nosniff", lines)
                    self.assertEqual(b"Allow: GET, HEAD" in lines, status == 405)
        self.assertGreater(self.server.replies[400], 10)

    def ask_in_pieces(self, request: bytes, size: int) -> bytes:
        connection = self.connect()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for start in range(0, len(request), size):
                connection.sendall(request[start : start + size])
        except OSError:  # the server has said enough and waits no longer
            pass
        return received(connection)

    def test_a_client_that_says_it_is_done_is_answered(self) -> None:
        connection = self.connect(GET)
        connection.shutdown(socket.SHUT_WR)
        self.assertTrue(received(connection).endswith(b"hello\n"))

    def test_a_body_that_nobody_reads_does_not_cost_the_answer(self) -> None:
        for _ in range(20):
            answer = self.ask(b"POST /here HTTP/1.1\r\nContent-Length: 100000\r\n\r\n", b"x" * 100_000)
            self.assertTrue(answer.startswith(b"HTTP/1.1 405 "))


class TestBadClients(ServerTest):
    def test_one_that_stalls_holds_nobody_up_and_is_dropped_in_the_end(self) -> None:
        stalled = [self.connect(sent) for sent in (b"", b"G", GET[:-1], GET)]
        self.assertTrue(self.is_answered())
        self.clock.advance(CLIENT_SECONDS_MAX - 0.1)
        self.assertTrue(self.is_answered())
        stalled[0].setblocking(False)
        self.assertRaises(BlockingIOError, stalled[0].recv, 1)
        stalled[0].settimeout(SECONDS_MAX)
        self.clock.advance(0.1)
        self.assertTrue(self.is_answered())
        self.assertEqual([received(connection) for connection in stalled[:3]], [b"", b"", b""])
        self.assertTrue(received(stalled[3]).endswith(b"hello\n"))  # it was answered; what it did not do is end the connection

    def test_a_byte_now_and_then_buys_no_time(self) -> None:
        dripping = self.connect(b"G")
        for _ in range(CLIENT_SECONDS_MAX):
            self.assertTrue(self.is_answered())
            dripping.sendall(b"G")
            self.clock.advance(1)
        self.assertTrue(self.is_answered())
        with self.assertRaises(OSError):  # ended, or reset because there was a byte that nobody read
            self.assertEqual(received(dripping), b"")
            raise ConnectionResetError

    def test_one_that_does_not_read_holds_nobody_up(self) -> None:
        slow = self.connect(b"GET /large HTTP/1.1\r\n\r\n")
        self.assertTrue(self.is_answered())
        self.assertEqual(len(received(slow).partition(b"\r\n\r\n")[2]), 16 << 20)

    def test_the_oldest_makes_room(self) -> None:
        stalled = [self.connect(b"GET") for _ in range(CLIENTS_MAX + 20)]
        self.assertTrue(self.is_answered())
        gone = stalled[: len(stalled) + 1 - CLIENTS_MAX]
        self.assertEqual({received(connection) for connection in gone}, {b""})
        last = stalled[-1]
        last.sendall(GET[3:])
        self.assertTrue(received(last).endswith(b"hello\n"))

    def test_one_that_resets_the_connection(self) -> None:
        for sent in (b"", b"GET", GET, b"GET /large HTTP/1.1\r\n\r\n"):
            connection = self.connect(sent)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            connection.close()
        self.assertTrue(self.is_answered())

    def test_when_no_descriptor_is_left_the_oldest_gives_its_own(self) -> None:
        stalled = self.connect(b"GET")
        self.assertTrue(self.is_answered())
        self.assertTrue(wait_until(lambda: len(self.server._clients) == 1))
        asking = socket.socket()
        self.addCleanup(asking.close)
        asking.settimeout(SECONDS_MAX)
        with no_descriptor_left():
            asking.connect(self.server.address)
            asking.sendall(GET)
            self.assertTrue(received(asking).endswith(b"hello\n"))
            self.assertEqual(received(stalled), b"")

    def test_when_no_descriptor_is_left_at_all_it_waits_and_tries_again(self) -> None:
        self.assertTrue(self.is_answered())
        self.assertTrue(wait_until(lambda: not self.server._clients))
        asking = socket.socket()
        self.addCleanup(asking.close)
        asking.settimeout(SECONDS_MAX)
        waited = threading.Event()
        limit = no_descriptor_left()
        with mock.patch.object(self.server._stopping, "wait", side_effect=lambda seconds: (limit.undo(), waited.set())), limit:
            asking.connect(self.server.address)
            asking.sendall(GET)
            self.assertTrue(received(asking).endswith(b"hello\n"))
        self.assertTrue(waited.is_set())


class TestListening(unittest.TestCase):
    def test_whoever_asks_before_the_start_is_answered_after_it(self) -> None:
        server = Server("127.0.0.1", 0, answer)
        self.addCleanup(server.close)
        with socket.create_connection(server.address, SECONDS_MAX) as early:
            early.sendall(GET)
            server.start()
            self.assertTrue(received(early).endswith(b"hello\n"))

    def test_an_address_that_cannot_be_listened_on(self) -> None:
        taken = Server("127.0.0.1", 0, answer)
        self.addCleanup(taken.close)
        for host, port, problem in (
            (*taken.address, "Address already in use"),
            ("192.0.2.1", 0, "Cannot assign requested address"),
            ("no.such.host.invalid", 80, ""),
            ("x" * 100 + ".", 80, ""),  # not even a name
        ):
            with self.subTest(host=host), self.assertRaisesRegex(InputError, f"cannot be listened on: .*{problem}"):
                Server(host, port, answer)

    def test_the_port_is_free_again_at_once(self) -> None:
        server = Server("127.0.0.1", 0, answer)
        server.start()
        host, port = server.address
        with socket.create_connection((host, port), SECONDS_MAX) as client:
            client.sendall(GET)
            received(client)
            server.close()
            server.close()
            again = Server(host, port, answer)
            again.close()

    def test_a_forked_child_keeps_nothing_of_it(self) -> None:
        server = Server("127.0.0.1", 0, answer)
        self.addCleanup(server.close)
        host, port = server.address
        client = socket.create_connection((host, port), SECONDS_MAX)
        self.addCleanup(client.close)
        ours, theirs = socket.socketpair()
        child = os.fork()
        if child == 0:  # says that it lives, and does until nobody listens to it
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
            Server(host, port, answer).close()
            with self.assertRaises(ConnectionError):  # nobody has the other end any more
                client.sendall(GET)
                client.recv(1)
        finally:
            ours.close()
            os.waitpid(child, 0)

    def test_ipv6(self) -> None:
        try:
            server = Server("::1", 0, answer)
        except InputError as error:
            self.skipTest(str(error))
        self.addCleanup(server.close)
        server.start()
        with socket.create_connection(server.address, SECONDS_MAX) as client:
            client.sendall(GET)
            self.assertTrue(received(client).endswith(b"hello\n"))


if __name__ == "__main__":
    unittest.main()
