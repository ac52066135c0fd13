"""Real servers on the loopback interface, which behave as a test says: well, or as badly as can be."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, suppress
import os
import socket
import ssl
import struct
import threading
import time

CERTIFICATE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "loopback.pem")
"""Of localhost, signed by itself, with its key. It protects nothing."""

Answer = Callable[[socket.socket], None]


def answer(status: int, body: bytes = b"ok", **headers: str) -> Answer:
    """A well-formed one."""
    lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return lambda connection: connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)


def hang(connection: socket.socket) -> None:
    """Say nothing until the other side goes."""
    while connection.recv(1 << 16):
        pass


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def drip(connection: socket.socket) -> None:
    """An answer that never ends, a byte at a time, each well before a time-out."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    for _ in range(1000):
        connection.sendall(b"x")
        time.sleep(0.02)


def drip_body(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    for _ in range(1000):
        connection.sendall(b"x")
        time.sleep(0.02)


def endless_body(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(b"x" * 65536)


def endless_headers(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        connection.sendall(b"X-More: x\r\n" * 1000)


def endless_reply(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"220-more\r\n" * 1000)


def nonsense(connection: socket.socket) -> None:
    connection.sendall(b"\x16\x03\x01 what?\r\n\r\n")


def nothing(connection: socket.socket) -> None:
    """Close without a word."""


class Receiver:
    """Serves one connection after the other until `close`. `port` is where; the subclasses say how."""

    def __init__(self, port: int = 0) -> None:
        self._socket = socket.create_server(("127.0.0.1", port))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._connection: socket.socket | None = None
        self._thread.start()

    def close(self) -> None:
        """Stop listening and end what is under way."""
        for each in (self._socket, self._connection):
            if each is not None:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)

    def _serve(self) -> None:
        while True:
            try:
                self._connection, _ = self._socket.accept()
            except OSError:
                return
            with suppress(OSError, ssl.SSLError), self._connection:
                self.converse(self._connection)

    def converse(self, connection: socket.socket) -> None:
        raise NotImplementedError


class HttpReceiver(Receiver):
    """Gives each request the next of `answers`, and 200 when there are no more. `requests` are (head, body)."""

    def __init__(self, *answers: Answer, port: int = 0, tls: bool = False) -> None:
        self.answers = list(answers)
        self.requests: list[tuple[str, bytes]] = []
        self._tls = tls
        super().__init__(port)

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def converse(self, connection: socket.socket) -> None:
        if self._tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(CERTIFICATE)
            connection = context.wrap_socket(connection, server_side=True)
        with connection, connection.makefile("rb") as file:
            head = b""
            while (line := file.readline()).strip():
                head += line
            if not head:
                return
            length = next((int(each[15:]) for each in head.splitlines() if each.lower().startswith(b"content-length:")), 0)
            self.requests.append((head.decode("latin-1"), file.read(length)))
            (self.answers.pop(0) if self.answers else answer(200))(connection)


class SmtpReceiver(Receiver):
    """Takes mail. `replies` gives the verb of a command another reply than the usual one, `hangs_at` none at all.

    `mails` are (recipients, text), `said` all that the client said.
    """

    def __init__(self, *, tls: str = "none", offers: str = "STARTTLS AUTH", hangs_at: str = "") -> None:
        self.replies: dict[str, list[str]] = {}
        self.mails: list[tuple[list[str], bytes]] = []
        self.said: list[str] = []
        self._tls = tls
        self._offers = offers
        self._hangs_at = hangs_at
        super().__init__()

    def converse(self, connection: socket.socket) -> None:
        with ExitStack() as stack:
            self._serve_mail(stack, stack.enter_context(self._secured(connection)) if self._tls == "tls" else connection)

    def _serve_mail(self, stack: ExitStack, connection: socket.socket) -> None:
        recipients: list[str] = []
        file = stack.enter_context(connection.makefile("rb"))
        self._reply(connection, "CONNECT", "220 here")
        while line := file.readline():
            command = line.decode("latin-1").strip()
            self.said.append(command)
            verb = command.split()[0].upper() if command else ""
            if verb == self._hangs_at:
                hang(connection)
                return
            if verb == "EHLO":
                self._reply(connection, verb, "250-here\r\n" + self._extensions() + "250 SIZE")
            elif verb == "STARTTLS":
                self._reply(connection, verb, "220 go on")
                connection = stack.enter_context(self._secured(connection))
                file = stack.enter_context(connection.makefile("rb"))
            elif verb == "AUTH":
                self._reply(connection, verb, "235 welcome")
            elif verb == "RCPT":
                if self._reply(connection, verb, "250 ok").startswith("2"):
                    recipients.append(command.partition("<")[2].partition(">")[0])
            elif verb == "DATA":
                if self._reply(connection, verb, "354 go on").startswith("3"):
                    text = b"".join(iter(file.readline, b".\r\n"))
                    reply = self._next("TEXT", "250 taken")
                    if reply.startswith("2"):
                        self.mails.append((recipients, text))  # before the client knows
                    recipients = []
                    connection.sendall(reply.encode() + b"\r\n")
            else:
                self._reply(connection, verb, "221 bye" if verb == "QUIT" else "250 ok")

    def _extensions(self) -> str:
        offers = {"STARTTLS": "250-STARTTLS\r\n", "AUTH": "250-AUTH PLAIN\r\n"}
        return "".join(line for name, line in offers.items() if name in self._offers)

    def _reply(self, connection: socket.socket, verb: str, usual: str) -> str:
        reply = self._next(verb, usual)
        connection.sendall(reply.encode() + b"\r\n")
        return reply

    def _next(self, verb: str, usual: str) -> str:
        replies = self.replies.get(verb)
        return replies.pop(0) if replies else usual

    def _secured(self, connection: socket.socket) -> socket.socket:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
        return context.wrap_socket(connection, server_side=True)
