"""Through a real RabbitMQ: sender, broker and receiver are killed with SIGKILL, and the sums stay exact."""

from __future__ import annotations

from contextlib import suppress
import importlib.util
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from typing import Any
import unittest

from ..running import ROOT, environment
from ..support import TemporaryFiles

SERVER = shutil.which("rabbitmq-server", path="/usr/lib/rabbitmq/bin:/usr/sbin:/usr/local/sbin")
EPMD = shutil.which("epmd")
MISSING = [
    name
    for name, is_there in (
        ("the Debian package rabbitmq-server", SERVER and EPMD),
        ("the Python package pika", importlib.util.find_spec("pika")),
    )
    if not is_there
]
SECONDS_MAX = 60.0


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


class Server:
    """A broker of our own: its files in `directory`, its ports free ones, everything on the loopback address."""

    def __init__(self, directory: str) -> None:
        self.port, distribution, epmd = free_ports(3)
        self._directory = directory
        for name in ("home", "mnesia", "log", "generated", "schema"):
            os.mkdir(os.path.join(directory, name))
        with open(self._path("rabbitmq.conf"), "w", encoding="utf-8") as file:
            file.write(f"listeners.tcp.1 = 127.0.0.1:{self.port}\ndisk_free_limit.absolute = 50MB\n")
        with open(self._path("plugins"), "w", encoding="utf-8") as file:
            file.write("[].")
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": self._path("home"),
            "LANG": "C.UTF-8",
            "RABBITMQ_NODENAME": f"test{self.port}@localhost",
            "RABBITMQ_CONFIG_FILE": self._path("rabbitmq.conf"),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_MNESIA_BASE": self._path("mnesia"),
            "RABBITMQ_LOG_BASE": self._path("log"),
            "RABBITMQ_PID_FILE": self._path("pid"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": self._path("plugins"),
            "RABBITMQ_GENERATED_CONFIG_DIR": self._path("generated"),
            "RABBITMQ_SCHEMA_DIR": self._path("schema"),
            "RABBITMQ_FEATURE_FLAGS_FILE": self._path("features"),
            "RABBITMQ_DIST_PORT": str(distribution),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none",
            "ERL_EPMD_PORT": str(epmd),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
        }
        assert EPMD is not None
        self._epmd = subprocess.Popen([EPMD, "-port", str(epmd), "-address", "127.0.0.1"], env=self._environment)

    def start(self) -> None:
        assert SERVER is not None
        with open(self._path("output"), "ab") as output:
            self._process = subprocess.Popen(
                [SERVER], env=self._environment, stdout=output, stderr=output, start_new_session=True, cwd=self._directory
            )
        deadline = time.monotonic() + SECONDS_MAX
        while time.monotonic() < deadline and self._process.poll() is None:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1) as probe:
                probe.settimeout(2)
                probe.sendall(b"AMQP\0\0\x09\1")
                if probe.recv(8)[:1] == b"\1":
                    return
            time.sleep(0.1)
        raise AssertionError("RabbitMQ has not started")

    def kill(self) -> None:
        """As a power failure would, but for what the kernel has in memory."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def end(self) -> None:
        self.kill()
        self._epmd.kill()
        self._epmd.wait()

    def url(self, queue: str) -> str:
        return f"amqp://guest@127.0.0.1:{self.port}/?queue={queue}"

    def channel(self) -> Any:
        import pika

        connection = pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", self.port))
        return connection.channel()

    def count(self, queue: str) -> int:
        """Messages that are delivered to no consumer now."""
        channel = self.channel()
        try:
            count: int = channel.queue_declare(queue, passive=True).method.message_count
            return count
        finally:
            channel.connection.close()

    def _path(self, name: str) -> str:
        return os.path.join(self._directory, name)


def line(number: int) -> bytes:
    """Each with another number of bytes, so that their sum shows which lines were counted."""
    second = f"{number // 100 % 60:02d}"
    return b'10.0.0.%d - - [10/Oct/2000:13:55:%s +0000] "GET /a HTTP/1.1" 200 %d\n' % (
        number % 9,
        second.encode(),
        number * number,
    )


@unittest.skipIf(MISSING, f"not installed: {' and '.join(MISSING)}")
class RealBroker(TemporaryFiles):
    server: Server

    @classmethod
    def setUpClass(cls) -> None:
        import tempfile

        folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        cls.addClassCleanup(folder.cleanup)
        cls.server = Server(folder.name)
        cls.addClassCleanup(cls.server.end)
        cls.server.start()

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", "LogsMonitor2000", *arguments],
            cwd=ROOT,
            env=environment(AMQP_PASSWORD="guest"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.addCleanup(self.end, process, signal.SIGKILL)
        return process

    def end(self, process: subprocess.Popen[bytes], number: signal.Signals) -> tuple[bytes, bytes]:
        """Signal a process; what it wrote since."""
        if process.returncode is not None:
            return b"", b""
        process.send_signal(number)
        return process.communicate(timeout=SECONDS_MAX)

    def watch(self, queue: str) -> subprocess.Popen[bytes]:
        state = os.path.join(self.directory, f"{queue}.state")
        return self.start(self.server.url(queue), "--follow", "--state", state, "--output", "json", "--buffer_time", "600")

    def drained(self, queue: str) -> dict[str, Any]:
        """The summary, once nothing is left in the queue."""
        deadline = time.monotonic() + SECONDS_MAX
        while time.monotonic() < deadline:
            receiver = self.watch(queue)
            while self.server.count(queue) and receiver.poll() is None and time.monotonic() < deadline:
                time.sleep(0.1)
            time.sleep(1)
            output, errors = self.end(receiver, signal.SIGTERM)
            self.assertEqual(receiver.returncode, 0, errors)
            if not self.server.count(queue):
                summary: dict[str, Any] = json.loads(output.splitlines()[-1])
                return summary
        raise AssertionError(f"the queue still has {self.server.count(queue)} messages")

    def check(self, summary: dict[str, Any], count: int) -> None:
        self.assertEqual(summary["event"], "summary")
        self.assertEqual((summary["lines"], summary["malformed"]), (count, 0))
        self.assertEqual(summary["bytes"], sum(number * number for number in range(count)))

    def test_sums_are_exact_when_everything_is_killed(self) -> None:
        count, parts = 30_000, 12
        path, url = self.path(content=b""), self.server.url("killed")
        shipping = ("ship", path, "--to", url, "--state", os.path.join(self.directory, "shipper"))
        sender, receiver = self.start(*shipping, "--follow"), self.watch("killed")
        killed = 0
        with open(path, "ab", buffering=0) as log:
            for part in range(parts):
                log.write(b"".join(line(number) for number in range(count * part // parts, count * (part + 1) // parts)))
                time.sleep(0.4)
                if part % 3 == 0:
                    self.end(sender, signal.SIGKILL)
                    sender = self.start(*shipping, "--follow")
                    killed += 1
                elif part % 3 == 1:
                    self.end(receiver, signal.SIGKILL)
                    receiver = self.watch("killed")
                    killed += 1
                elif part == 5:
                    self.server.kill()
                    self.server.start()
                    killed += 1
        self.end(sender, signal.SIGKILL)
        self.end(receiver, signal.SIGKILL)
        sender = self.start(*shipping)
        _, errors = sender.communicate(timeout=SECONDS_MAX)
        self.assertEqual(sender.returncode, 0, errors)
        self.check(self.drained("killed"), count)
        self.assertEqual(killed, 9)

    def test_a_killed_receiver_is_given_again_what_it_had_not_acknowledged(self) -> None:
        """Killed at many moments, with messages small enough that many are under way."""
        from LogsMonitor2000.broker.message import Message, encode
        from LogsMonitor2000.broker.rabbitmq import Publisher, read_url

        publisher = Publisher(read_url(self.server.url("again"), {}))
        position, count = 0, 2_000
        for start in range(0, count, 20):
            lines = b"".join(map(line, range(start, start + 20)))
            for _ in range(1 + (start % 60 == 0)):  # every third one twice
                publisher.publish(*encode(Message("web", "/a", "s", position, lines), compress=start % 40 == 0))
            position += len(lines)
        publisher.close()
        for pause in (0.5, 0.7, 0.9, 1.1):
            receiver = self.watch("again")
            time.sleep(pause)
            self.end(receiver, signal.SIGKILL)
        self.check(self.drained("again"), count)

    def test_poison_goes_to_the_dead_letter_queue_with_the_reason(self) -> None:
        import pika

        channel = self.server.channel()
        channel.queue_declare("poison", durable=True)
        channel.confirm_delivery()
        for encoding, body in ((None, line(1)), ("gzip", b"none"), ("zip", b""), (None, b"x" * 3_000_000), (None, line(2))):
            channel.basic_publish("", "poison", body, pika.BasicProperties(content_encoding=encoding, delivery_mode=2))
        summary = self.drained("poison")
        self.assertEqual((summary["lines"], summary["bytes"]), (2, 1 + 4))
        reasons = set()
        for _ in range(3):
            method, properties, body = channel.basic_get("poison.dead", auto_ack=True)
            self.assertIsNotNone(method)
            reasons.add(properties.headers["reason"])
        self.assertEqual(channel.basic_get("poison.dead")[0], None)
        self.assertEqual(len(reasons), 3, reasons)
        channel.connection.close()

    def test_a_second_monitor_is_refused_the_queue(self) -> None:
        first = self.watch("one")
        self.wait_for_consumer("one")
        state = os.path.join(self.directory, "second")
        second = self.start(self.server.url("one"), "--follow", "--state", state)
        said = b""
        assert second.stdout is not None and second.stderr is not None
        deadline = time.monotonic() + 30
        while b"exclusive" not in said and time.monotonic() < deadline:
            ready, _, _ = select.select([second.stdout, second.stderr], [], [], 1)
            for stream in ready:
                said += os.read(stream.fileno(), 65_536)
        self.assertIn(b"exclusive", said)
        self.assertIn(b"trying again", said)
        self.end(second, signal.SIGTERM)
        self.end(first, signal.SIGTERM)
        self.assertEqual(first.returncode, 0)

    def wait_for_consumer(self, queue: str) -> None:
        deadline = time.monotonic() + SECONDS_MAX
        while time.monotonic() < deadline:
            channel = self.server.channel()
            with suppress(Exception):
                if channel.queue_declare(queue, passive=True).method.consumer_count:
                    channel.connection.close()
                    return
            channel.connection.close()
            time.sleep(0.1)
        raise AssertionError("no monitor has connected")


if __name__ == "__main__":
    unittest.main()
