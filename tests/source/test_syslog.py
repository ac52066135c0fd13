"""Logs that arrive as syslog: over UDP, TCP and Unix sockets, lost datagrams, and from the real nginx and rsyslog."""

from __future__ import annotations

from contextlib import suppress
import os
import shutil
import socket
import subprocess
import time
import unittest
from unittest.mock import patch
from urllib.request import urlopen

from LogsMonitor2000.errors import InputError
from LogsMonitor2000.source.base import Source
from LogsMonitor2000.source.open import open_source
from LogsMonitor2000.source.syslog import DatagramSource, TcpSource

from ..support import TemporaryFiles

SECONDS_MAX = 10.0
NGINX, RSYSLOG = shutil.which("nginx", path="/usr/sbin:/usr/bin"), shutil.which("rsyslogd", path="/usr/sbin:/usr/bin")


def free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as bound:
        bound.bind(("127.0.0.1", 0))
        port: int = bound.getsockname()[1]
        return port


class SyslogCase(TemporaryFiles):
    def listen(self, url: str) -> Source:
        source = open_source(url)
        self.addCleanup(source.close)
        return source

    def read(self, source: Source, count: int) -> list[bytes]:
        """As many lines, sorted as they came; fewer if they do not come in time."""
        found = b""
        deadline = time.monotonic() + SECONDS_MAX
        while found.count(b"\n") < count and time.monotonic() < deadline:
            found += b"".join(source.chunk())
            if found.count(b"\n") < count:
                time.sleep(0.005)
        return found.splitlines()


class Datagrams(SyslogCase):
    def test_each_datagram_is_a_line(self) -> None:
        for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "[::1]")):
            with self.subTest(host=host):
                source = self.listen(f"syslog+udp://{host}:0")
                assert isinstance(source, DatagramSource)
                with socket.socket(family, socket.SOCK_DGRAM) as sender:
                    for message in (b"<190>one", b"<190>two\n", b"", b"<190>thr\nee"):
                        sender.sendto(message, source.address)
                self.assertEqual(self.read(source, 3), [b"<190>one", b"<190>two", b"<190>thr#012ee"])
                self.assertEqual(list(source.chunk()), [])
                self.assertFalse(source.ended)
                self.assertEqual((source.statistics().lines, source.position()), (3, {}))

    def test_a_unix_socket_is_made_and_removed(self) -> None:
        path = self.path("log.sock")
        source = self.listen(f"syslog+unix://{path}")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"<190>one", path)
        self.assertEqual(self.read(source, 1), [b"<190>one"])
        self.assertLessEqual(len(source.warnings), 1, "about the length of the queue")
        with self.assertRaisesRegex(InputError, "^syslog.unix:.*: cannot listen: Address already in use$"):
            open_source(f"syslog+unix://{path}")
        source.close()
        self.assertFalse(os.path.exists(path))

    def test_what_lies_at_the_path_of_a_unix_socket(self) -> None:
        stale, file = self.path("stale"), self.path("file", b"mine")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as left_over:
            left_over.bind(stale)
        self.listen(f"syslog+unix://{stale}")
        with self.assertRaisesRegex(InputError, "exists and is not a socket"):
            open_source(f"syslog+unix://{file}")
        self.assertTrue(os.path.exists(file))

    @unittest.skipUnless(os.path.exists("/proc/net/udp"), "the system does not say how many datagrams it drops")
    def test_what_the_kernel_drops_is_counted_and_reported(self) -> None:
        with patch("LogsMonitor2000.source.syslog.SYSLOG_RECEIVE_BUFFER_BYTES", 4_096):
            source = self.listen("syslog+udp://127.0.0.1:0")
        assert isinstance(source, DatagramSource)
        sent = 500
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for number in range(sent):
                sender.sendto(b"<190>%d %s" % (number, b"x" * 500), source.address)
        received = len(b"".join(source.chunk()).splitlines())
        list(source.chunk())
        self.assertLess(received, sent)
        self.assertEqual(source.statistics().lost_messages, sent - received)
        (warning,) = source.warnings
        self.assertRegex(warning, rf"the kernel dropped {sent - received} messages since the start")
        self.assertIn(f"{sent - received} lost messages", str(source.statistics()))

    def test_stopped_it_gives_what_has_arrived_and_ends(self) -> None:
        source = self.listen("syslog+udp://127.0.0.1:0")
        assert isinstance(source, DatagramSource)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"<190>one", source.address)
        source.stop()
        self.assertEqual((b"".join(source.chunk()), source.ended), (b"<190>one\n", True))


class Streams(SyslogCase):
    def connect(self, source: Source) -> socket.socket:
        assert isinstance(source, TcpSource)
        sender = socket.create_connection(source.address)
        self.addCleanup(sender.close)
        return sender

    def test_senders_with_either_framing_at_once(self) -> None:
        source = self.listen("syslog+tcp://127.0.0.1:0")
        lines, counted = self.connect(source), self.connect(source)
        lines.sendall(b"<190>a1\n<190>a")
        counted.sendall(b"7 <190>b17 <190")
        self.assertEqual(sorted(self.read(source, 2)), [b"<190>a1", b"<190>b1"])
        lines.sendall(b"2\n<190>a3")
        counted.sendall(b">b2")
        self.assertEqual(sorted(self.read(source, 2)), [b"<190>a2", b"<190>b2"])
        lines.close()
        self.assertEqual(self.read(source, 1), [b"<190>a3"])

    def test_stopped_it_gives_unfinished_lines_too(self) -> None:
        source = self.listen("syslog+tcp://127.0.0.1:0")
        sender = self.connect(source)
        sender.sendall(b"<190>one\n<190>two")
        self.assertEqual(self.read(source, 1), [b"<190>one"])
        source.stop()
        self.assertEqual((b"".join(source.chunk()), source.ended), (b"<190>two\n", True))

    def test_one_sender_too_many_ends_the_one_that_was_silent_longest(self) -> None:
        with patch("LogsMonitor2000.source.syslog.SYSLOG_CONNECTIONS_MAX", 2):
            source = self.listen("syslog+tcp://127.0.0.1:0")
            senders = []
            for number in range(3):
                senders.append(self.connect(source))
                senders[-1].sendall(b"<190>%d\n<190>rest of %d" % (number, number))
                self.assertIn(b"<190>%d" % number, self.read(source, 2 if number == 2 else 1))
            senders[0].settimeout(SECONDS_MAX)
            with suppress(ConnectionError):
                self.assertEqual(senders[0].recv(1), b"")

    def test_unfinished_messages_are_bounded_all_together(self) -> None:
        with patch("LogsMonitor2000.source.syslog.SYSLOG_BUFFER_BYTES_MAX", 1_000):
            source = self.listen("syslog+tcp://127.0.0.1:0")
            small, large = self.connect(source), self.connect(source)
            small.sendall(b"<190>small")
            large.sendall(b"<190>" + b"x" * 2_000)
            self.assertEqual(len(self.read(source, 1)[0]), 2_005)
            small.sendall(b" one\n")
            self.assertEqual(self.read(source, 1), [b"<190>small one"])

    def test_a_sender_that_loses_its_framing_is_sent_away(self) -> None:
        source = self.listen("syslog+tcp://127.0.0.1:0")
        self.connect(source).sendall(b"4 <1>xgarbage and more")
        self.assertEqual(self.read(source, 1), [b"<1>x"])
        self.assertEqual((source.statistics().errors, len(source.warnings)), (1, 1))


class Addresses(SyslogCase):
    def test_what_cannot_be_listened_on_is_an_input_error(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            for url, message in (
                ("syslog+udp://127.0.0.1", "must be syslog.udp://HOST:PORT"),
                ("syslog+tcp://127.0.0.1:99999", "must be syslog.tcp://HOST:PORT"),
                ("syslog+tcp://:5514", "must be syslog.tcp://HOST:PORT"),
                ("syslog+unix://host/path", "must be syslog.unix:///PATH"),
                ("syslog+unix:///no/such/directory/x", "cannot listen: No such file or directory"),
                (f"syslog+tcp://127.0.0.1:{port}", "cannot listen: Address already in use"),
                ("syslog+udp://192.0.2.1:5514", "cannot listen: Cannot assign requested address"),
            ):
                with self.subTest(url), self.assertRaisesRegex(InputError, message):
                    open_source(url)


class RealSenders(SyslogCase):
    """nginx and rsyslog send what they send by default; what arrives must be each request once."""

    def run_daemon(self, *command: str) -> None:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        def end() -> None:
            process.terminate()
            process.wait(SECONDS_MAX)

        self.addCleanup(end)

    @unittest.skipUnless(NGINX, "nginx is not installed")
    def test_nginx_over_udp_and_unix(self) -> None:
        assert NGINX is not None
        port, web = free_port(socket.SOCK_DGRAM), free_port(socket.SOCK_STREAM)
        unix = self.path("nginx.sock")
        sources = [self.listen(f"syslog+udp://127.0.0.1:{port}"), self.listen(f"syslog+unix://{unix}")]
        os.chmod(self.directory, 0o755)
        os.chmod(unix, 0o666)
        conf = self.path(
            "nginx.conf",
            f"""daemon off; pid {self.path("pid")}; error_log /dev/null; events {{}}
            http {{ client_body_temp_path {self.path("b")}; proxy_temp_path {self.path("p")}; fastcgi_temp_path {self.path("f")};
            uwsgi_temp_path {self.path("u")}; scgi_temp_path {self.path("s")};
            access_log syslog:server=127.0.0.1:{port} combined; access_log syslog:server=unix:{unix},tag=web combined;
            server {{ listen 127.0.0.1:{web}; return 200 "x"; }} }}""".encode(),
        )
        self.run_daemon(NGINX, "-c", conf, "-e", "/dev/null")
        self.wait_for_port(web)
        found: list[list[bytes]] = [[], []]
        for number in range(20):  # few messages may wait at a Unix socket
            urlopen(f"http://127.0.0.1:{web}/n{number}", timeout=SECONDS_MAX).read()
            for source, lines in zip(sources, found):
                lines += self.read(source, 1)
        for lines in found:
            self.assertEqual([line.split(b'"')[1] for line in lines], [b"GET /n%d HTTP/1.1" % number for number in range(20)])

    @unittest.skipUnless(RSYSLOG, "rsyslog is not installed")
    def test_rsyslog_over_tcp_and_udp(self) -> None:
        assert RSYSLOG is not None
        for framing in ("traditional", "octet-counted", "udp"):
            with self.subTest(framing):
                log = self.path(f"{framing}.log", b"")
                kind = "udp" if framing == "udp" else "tcp"
                source = self.listen(f"syslog+{kind}://127.0.0.1:0")
                assert isinstance(source, (DatagramSource, TcpSource))
                more = "" if framing == "udp" else f'TCP_Framing="{framing}"'
                conf = self.path(
                    "rsyslog.conf",
                    f"""global(workDirectory="{self.directory}")
                    module(load="imfile" PollingInterval="1")
                    input(type="imfile" File="{log}" Tag="web:" freshStartTail="off")
                    action(type="omfwd" target="127.0.0.1" port="{source.address[1]}" protocol="{kind}" {more}
                           template="RSYSLOG_SyslogProtocol23Format")
                    """.encode(),
                )
                self.run_daemon(RSYSLOG, "-n", "-i", self.path("rsyslog.pid"), "-f", conf)
                with open(log, "ab") as file:
                    for number in range(20):
                        file.write(b'10.0.0.1 - - [24/Nov/2026:10:00:00 +0000] "GET /n%d HTTP/1.1" 200 5\n' % number)
                lines = [line for line in self.read(source, 20) if b"GET /" in line]
                self.assertEqual(
                    [line.split(b'"')[1] for line in lines], [b"GET /n%d HTTP/1.1" % number for number in range(20)]
                )
                self.doCleanups()
                self.setUp()

    def wait_for_port(self, port: int) -> None:
        deadline = time.monotonic() + SECONDS_MAX
        while time.monotonic() < deadline:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                return
            time.sleep(0.02)


if __name__ == "__main__":
    unittest.main()
