"""Formats as told: pasted definitions, configurations, keys of fields, clients behind proxies; and what people are shown."""

from __future__ import annotations

from contextlib import redirect_stdout
import io
import unittest

from LogsMonitor2000.command.main import main
from LogsMonitor2000.errors import FormatError
from LogsMonitor2000.event import WebLogEvent
from LogsMonitor2000.parse.choose import Choice, bind_some, mapped_fields
from LogsMonitor2000.parse.client import ClientParser
from LogsMonitor2000.parse.detect import parser_named
from LogsMonitor2000.parse.lines.definitions import defined
from LogsMonitor2000.parse.lines.http_log import HTTPLogParser
from LogsMonitor2000.parse.lines.nginx_conf import nginx_formats, nginx_logs
from LogsMonitor2000.parse.registry import LINES, RECORDS
from LogsMonitor2000.parse.values.clients import ClosestUntrusted
from LogsMonitor2000.parse.values.fields import seconds_of
from LogsMonitor2000.parse.values.iso import AnyTimestamps, epoch_second, iso_second
from LogsMonitor2000.parse.values.timestamps import NO_TIME

from ..support import quickest

FAR_FUTURE = 1 << 50
CONF = r"""
http {  # the 'main' one
    log_format main '$remote_addr - $remote_user [$time_local] "$request" '
                    '$status $body_bytes_sent "$http_referer" "$http_user_agent"';
    log_format timed escape=json "$msec $remote_addr $request_method $request_uri $status $request_time";
    access_log off;
    server { access_log /var/log/nginx/timed.log timed buffer=32k; access_log /var/log/nginx/a.log; }
}
"""


class Configurations(unittest.TestCase):
    def test_a_configuration(self) -> None:
        self.assertEqual(list(nginx_formats(CONF)), ["main", "timed"])
        self.assertTrue(
            nginx_formats(CONF)["main"].endswith('"$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"')
        )
        self.assertEqual(nginx_logs(CONF), {"/var/log/nginx/timed.log": "timed", "/var/log/nginx/a.log": "combined"})
        choice = Choice(nginx_conf=CONF)
        self.assertEqual(choice.paths(), ("/var/log/nginx/timed.log", "/var/log/nginx/a.log"))
        for line, name in (
            (b"1704103200.123 192.0.2.7 GET /a/b 200 0.125\n", "timed"),
            (LINES[2].example + b"\n", "main"),
            (RECORDS[0].example + b"\n", "json"),
        ):
            known = choice.choose("x.log", [line * 5])
            assert known is not None
            self.assertEqual(known.name, name)
        self.assertEqual(Choice("timed", nginx_conf=CONF).named().name, "timed")


class Keys(unittest.TestCase):
    def test_fields_by_key(self) -> None:
        fields = mapped_fields("time=ts,status=res.code,target=p,duration=ms")
        event = parser_named("json", fields).parse_line(b'{"ts":1704103200123,"res":{"code":404},"p":"/a/b","ms":"12.5ms"}')
        assert event is not None
        self.assertEqual((event.time, event.status, event.section, event.duration), (1704103200, 404, "/a", 0.0125))
        for text in ("time", "time=", "nothing=x"):
            with self.assertRaisesRegex(FormatError, "--fields"):
                mapped_fields(text)

    def test_what_a_format_lacks(self) -> None:
        parser = parser_named("connections")
        block = b"1366815793 quark garak\n"
        columns = bind_some(parser, ["section", "size", "source"], frozenset({"source"}))(block, FAR_FUTURE)
        self.assertEqual(columns.values, {"section": [b"-"], "size": [None], "source": [b"quark"]})
        with self.assertRaisesRegex(FormatError, "connections has no size"):
            bind_some(parser, ["size"], frozenset({"size"}))


class Clients(unittest.TestCase):
    def test_the_first_hop_that_nobody_vouches_for(self) -> None:
        for source, forwarded, client in (
            (b"10.0.0.1", b"198.51.100.9, 203.0.113.5, 10.0.0.3", b"203.0.113.5"),
            (b"10.0.0.1", b"1.2.3.4,8.8.8.8", b"8.8.8.8"),
            (b"10.0.0.1", b"8.8.8.8, 127.0.0.1, fe80::1, 192.168.0.1", b"8.8.8.8"),
            (b"10.0.0.1", b"10.0.0.9, 10.0.0.8", b"10.0.0.9"),
            (b"10.0.0.1", b"[2a00::1]:443, 10.0.0.8", b"2a00::1"),
            (b"10.0.0.1", b"8.8.8.8:4711", b"8.8.8.8"),
            (b"10.0.0.1", b"-", b"10.0.0.1"),
            (b"10.0.0.1", b"", b"10.0.0.1"),
            (b"10.0.0.1", b"unknown", b"unknown"),
            (b"10.0.0.1", b"," * 99, b"10.0.0.1"),
            (b"10.0.0.1", b"8.8.8.8," * 9_999, b"8.8.8.8"),
            (b"10.0.0.1", b"x" * 100_000 + b", 8.8.8.8, 10.0.0.3", b"8.8.8.8"),  # the far end may be made up
            (b"10.0.0.1", b"1.1.1.1," + b"10.0.0.3," * 300 + b"10.0.0.3", b"1.1.1.1"),
            (b"10.0.0.1", b"8.8.8.8, ::ffff:10.0.0.3", b"8.8.8.8"),
            (b"8.8.4.4", b"8.8.8.8", b"8.8.8.8"),  # taken for a proxy, as none is named
        ):
            with self.subTest(forwarded[:60]):
                self.assertEqual(ClosestUntrusted().client(source, forwarded), client)

    def test_trusted_proxies_that_are_named(self) -> None:
        clients = ClosestUntrusted(("192.0.2.0/24", "2001:db8::/32", "10.1.2.3"))
        for source, forwarded, client in (
            (b"192.0.2.7", b"8.8.8.8", b"8.8.8.8"),
            (b"192.0.2.7", b"8.8.8.8, 2001:db8::1, 10.1.2.3", b"8.8.8.8"),
            (b"192.0.2.7", b"8.8.8.8, 10.0.0.1", b"10.0.0.1"),
            (b"8.8.4.4", b"8.8.8.8", b"8.8.4.4"),  # connected directly: what it says of itself counts for nothing
            (b"-", b"8.8.8.8", b"8.8.8.8"),  # a unix socket
            (None, b"8.8.8.8", b"8.8.8.8"),
        ):
            with self.subTest(source=source, forwarded=forwarded):
                self.assertEqual(clients.client(source, forwarded), client)
        with self.assertRaisesRegex(FormatError, "trusted proxies: 'x' does not appear to be"):
            ClosestUntrusted(("10.0.0.0/8", "x"))

    def test_long_lists_take_linear_time_and_are_not_remembered(self) -> None:
        clients = ClosestUntrusted()
        hops = b",".join(b"10.%d.%d.1" % (n // 250, n % 250) for n in range(40_000))
        once, eight = (quickest(lambda: clients.client(b"-", hops * times)) for times in (1, 8))
        self.assertLess(eight, 8 * 4 * max(once, 0.01))
        self.assertEqual(len(clients), 0)

    def test_as_a_column(self) -> None:
        for name, line in (
            ("forwarded", LINES[2].example + b' "8.8.8.8, 10.0.0.3"'),
            ("envoy", next(row for row in LINES if row.name == "envoy").example.replace(b"10.0.35.28", b"8.8.8.8, 10.0.35.28")),
            ("json", b'{"time":1704103200,"status":200,"remote_addr":"10.0.0.1","http_x_forwarded_for":"8.8.8.8, 10.0.0.3"}'),
            ("syslog:forwarded", b"<34>Oct 11 22:14:15 h nginx: " + LINES[2].example + b' "8.8.8.8, 10.0.0.3"'),
        ):
            columns = ClientParser(parser_named(name)).bind(["size", "source"])((line + b"\n") * 3, FAR_FUTURE)
            with self.subTest(name):
                self.assertEqual(columns.values["source"], [b"8.8.8.8"] * 3)


class Times(unittest.TestCase):
    def test_iso_8601(self) -> None:
        for text, second in (
            (b"2024-01-01T12:00:00Z", 1704110400),
            (b"2024-01-01T12:00:00.123456789Z", 1704110400),
            (b"2024-01-01 12:00:00,5+02:00", 1704103200),
            (b"2024-01-01T12:00:00-0530", 1704130200),
            (b"2024-01-01T12:00:00+02", 1704103200),
            (b"2024-01-01T23:59:60Z", 1704153599),
            (b"2024-10-27T02:30:00+02:00", 1729989000),
            (b"2024-10-27T02:30:00+01:00", 1729992600),
            (b"2024-02-30T12:00:00Z", NO_TIME),
            (b"2024-01-01T24:00:00Z", NO_TIME),
            (b"2024-01-01T12:00:61Z", NO_TIME),
            (b"2024-01-01T12:00:00+24:00", NO_TIME),
            (b"2024-01-01", NO_TIME),
            (b"0000-01-01T00:00:00Z", NO_TIME),
            (b"2024-01-01T12:00:00." + b"1" * 100_000, 1704110400),
        ):
            with self.subTest(text[:40]):
                self.assertEqual(iso_second(text), second)
                self.assertEqual(AnyTimestamps()[text], second)

    def test_epochs(self) -> None:
        for text in (
            b"1704110400",
            b"1704110400.9",
            b"1704110400999",
            b"1704110400999999",
            b"1704110400999999999",
            b"1.7041104e9",
        ):
            self.assertEqual(epoch_second(text), 1704110400, text)
        for text in (b"", b"-1", b"1_0", b"1" * 21, b"1e99", b"\xd9\xa1"):
            self.assertEqual(epoch_second(text), NO_TIME, text)

    def test_durations(self) -> None:
        for text, shift, seconds in (
            (b"125", 3, b"0.125"),
            (b"0", 3, b"0"),
            (b"1500", 3, b"1.5"),
            (b"12.5", 3, b"0.0125"),
            (b"0.250", 0, b"0.25"),
            (b"12.5ms", 0, b"0.0125"),
            (b"250\xc2\xb5s", 0, b"0.00025"),
            (b"1.5s", 9, b"1.5"),
            (b"x", 0, None),
            (b"1" * 19, 0, None),
        ):
            self.assertEqual(seconds_of(text, shift), seconds, text)


class Shown(unittest.TestCase):
    def told(self, *arguments: str) -> str:
        out = io.StringIO()
        with redirect_stdout(out):
            self.assertEqual(main(arguments), 0)
        return out.getvalue()

    def test_the_table(self) -> None:
        text = self.told("formats")
        for row in (*LINES, *RECORDS):
            self.assertIn(f"\n{row.name:16} " if row is not LINES[0] else row.name, text)
        self.assertTrue(text.isprintable() or all(line.isprintable() for line in text.splitlines()))

    def test_one_line_explained(self) -> None:
        text = self.told("formats", "--explain", LINES[2].example.decode())
        self.assertIn("combined: yes (taken)\n    time       2000-10-10T20:55:36+00:00", text)
        self.assertIn("    section    /apache_pb.gif", text)
        self.assertIn("squid: no: the time does not match at byte 1", text)
        text = self.told(
            "formats", "--explain", "<34>Oct 11 22:14:15 h nginx: " + LINES[2].example.decode().replace("200", "2x0")
        )
        self.assertIn("inside syslog: 192.0.2.7", text)
        self.assertIn("combined: no: the status is not three digits", text)


if __name__ == "__main__":
    unittest.main()
