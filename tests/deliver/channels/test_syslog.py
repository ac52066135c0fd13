"""Alerts in syslog: as RFC 5424 has it, over each transport, to real sockets."""

from __future__ import annotations

import re
import socket
import unittest

from LogsMonitor2000.action.formatter import MessageFormatter
from LogsMonitor2000.deliver.channels.syslog import Address, Syslog, address_of
from LogsMonitor2000.errors import UsageError

from . import receivers
from ...running import wait_until
from ..delivering import Delivering
from ..making import NASTY, NOW, firing, item, resolved

SENT = ("sent", "")
LINE = re.compile(
    rb"<(\d+)>1 (\S+) (\S+) LogsMonitor2000 (\d+) (\S+) \[lm2000@32473((?: [!#-<>-\\^-~]+=\"(?:[^\"\\\]]|\\.)*\")*)\] (.*)",
    re.DOTALL,
)


class Collector(receivers.Receiver):
    """Keeps what it is sent."""

    def __init__(self) -> None:
        self.data = b""
        super().__init__()

    def converse(self, connection: socket.socket) -> None:
        while data := connection.recv(1 << 16):
            self.data += data


class Lines(unittest.TestCase):
    def line(self, alert: object, scheme: str = "udp") -> bytes:
        return Syslog(Address(scheme, "127.0.0.1", 514), MessageFormatter(), "local3").line(item(alert))  # type: ignore[arg-type]

    def test_its_parts(self) -> None:
        for alert, priority in (
            (firing(severity="critical"), 19 * 8 + 2),
            (firing(), 19 * 8 + 4),
            (firing(severity="info"), 19 * 8 + 6),
            (firing(severity="strange"), 19 * 8 + 4),
            (resolved(firing(severity="critical"), NOW + 1), 19 * 8 + 5),
        ):
            with self.subTest(alert=alert):
                match = LINE.fullmatch(self.line(alert))
                assert match is not None
                self.assertEqual((int(match[1]), match[5]), (priority, b"errors"))
                self.assertTrue(match[2].startswith(b"2020-09-13T12:26:4"))
                self.assertIn(b'state="%s"' % alert.state.encode(), match[6])

    def test_what_a_log_says_forges_nothing(self) -> None:
        alert = firing('a b]" \n\u00e9', NOW, NASTY)._replace(group=(('sec tion="]', NASTY),))
        match = LINE.fullmatch(self.line(alert))
        assert match is not None
        self.assertTrue(match[0].decode().isprintable())
        self.assertTrue(match[7].startswith(b"High traffic"))


class Transports(Delivering):
    def table(self, address: str) -> str:
        return f'type = "syslog"\naddress = "{address}"\ntimeout = 10'

    def test_datagrams(self) -> None:
        path = self.path("log")
        for family, where in ((socket.AF_INET, None), (socket.AF_UNIX, path)):
            with self.subTest(family=family), socket.socket(family, socket.SOCK_DGRAM) as server:
                server.bind(where or ("127.0.0.1", 0))
                server.settimeout(5)
                address = f"unix:{path}" if where else f"udp://127.0.0.1:{server.getsockname()[1]}"
                alert = firing(lines=(b"x" * 500,) * 5, section=b"\xc3\xa9" * 5000)
                delivery = self.attempted(self.delivery(self.table(address)), alert)
                self.assertEqual(delivery.counts, {SENT: 1})
                data = server.recv(1 << 16)
                self.assertLessEqual(len(data), 2048)
                self.assertTrue(LINE.fullmatch(data))

    def test_a_stream_counts_octets(self) -> None:
        collector = Collector()
        self.addCleanup(collector.close)
        delivery = self.delivery(self.table(f"tcp://127.0.0.1:{collector.port}"))
        for section in (b"/a", "/é".encode()):
            self.attempted(delivery, firing(section=section))
        self.assertEqual(delivery.counts, {SENT: 2})
        self.assertTrue(wait_until(lambda: collector.data.count(b"High traffic") == 2))
        rest, lines = collector.data, []
        while rest:
            count, _, rest = rest.partition(b" ")
            lines.append(rest[: int(count)])
            rest = rest[int(count) :]
        self.assertEqual([bool(LINE.fullmatch(line)) for line in lines], [True, True])

    def test_trouble(self) -> None:
        refusing = receivers.HttpReceiver()
        refusing.close()
        for address, reason in (
            (f"unix:{self.path('missing')}", "no such socket"),
            (f"tcp://127.0.0.1:{refusing.port}", "connection refused"),
        ):
            with self.subTest(address=address):
                self.assertEqual(self.attempted(self.delivery(self.table(address))).counts, {("retried", reason): 1})

    def test_addresses(self) -> None:
        for address, expected in (
            ("unix:/dev/log", Address("unix", "/dev/log")),
            ("udp://loghost", Address("udp", "loghost", 514)),
            ("tcp://[::1]:601", Address("tcp", "::1", 601)),
        ):
            with self.subTest(address=address):
                self.assertEqual(address_of(address), expected)
        for address in (
            "loghost",
            "http://loghost",
            "udp://loghost/x",
            "udp://",
            "udp://h:99999",
            "unix:relative",
            "tcp://u@h",
        ):
            with self.subTest(address=address), self.assertRaises(UsageError):
                address_of(address)


if __name__ == "__main__":
    unittest.main()
