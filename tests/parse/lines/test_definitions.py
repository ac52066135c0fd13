"""Pasted definitions: what they mean, both parsers alike, and what is refused by name."""

from __future__ import annotations

import random
import unittest

from LogsMonitor2000.errors import FormatError
from LogsMonitor2000.event import WebLogEvent
from LogsMonitor2000.parse.base import FIELDS, Malformed
from LogsMonitor2000.parse.lines.definitions import defined
from LogsMonitor2000.parse.lines.http_log import HTTPLogParser
from LogsMonitor2000.parse.values.strftime import StrftimeTimestamps
from LogsMonitor2000.parse.values.timestamps import NO_TIME

from ...support import FAR_FUTURE

SECOND = 971211336  # 10/Oct/2000:13:55:36 -0700
CLF = b"10/Oct/2000:13:55:36 -0700"
INGRESS = (
    '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"'
    " $request_length $request_time [$proxy_upstream_name] [$proxy_alternative_upstream_name] $upstream_addr"
    " $upstream_response_length $upstream_response_time $upstream_status $req_id"
)
APISIX = (
    '$remote_addr - $remote_user [$time_local] $http_host "$request" $status $body_bytes_sent $request_time "$http_referer"'
    ' "$http_user_agent" $upstream_addr $upstream_status $upstream_response_time "$upstream_scheme://$upstream_host$upstream_uri"'
)
UPSTREAM = '$remote_addr [$time_local] "$request" $status $body_bytes_sent $upstream_addr $upstream_response_time $request_time'
BARE = '$remote_addr|$time_local|"$request"|$status|$body_bytes_sent'
BASE = b'192.0.2.7 - frank [%s] "GET /a/b HTTP/1.1" 200 5 "-" "curl"' % CLF


class Definitions(unittest.TestCase):
    def event(self, definition: str, line: bytes) -> WebLogEvent:
        return HTTPLogParser(defined(definition)).parse_line(line)

    def test_nginx(self) -> None:
        event = self.event(
            "$time_iso8601\t$host\t$remote_addr\t$request_method\t$uri\t$status\t$body_bytes_sent\t${request_time}",
            b"2024-01-01T12:00:00+02:00\ta.b\t192.0.2.7\tGET\t/a b/c\t200\t5\t0.125",
        )
        self.assertEqual(
            event,
            WebLogEvent(1704103200, "192.0.2.7", "-", "a.b", "GET", "/a b/c", "/a b/c", "/a b", "-", 200, 5, duration=0.125),
        )

    def test_apache(self) -> None:
        for definition in (
            '%v:%p %h %l %u %t "%r" %>s %O "%{Referer}i" "%{User-Agent}i" %D',
            r'LogFormat "%v:%p %h %l %u %t \"%r\" %>s %O \"%{Referer}i\" \"%{User-Agent}i\" %D" vhost_timed',
        ):
            event = self.event(
                definition,
                b'a.b:80 ::1 - frank x [10/Oct/2000:13:55:36 -0700] "GET /a\\"b HTTP/1.1" 200 5 "-" "x "y" z" 125000',
            )
            self.assertEqual((event.vhost, event.source, event.user, event.duration), ("a.b", "::1", "frank x", 0.125))
            self.assertEqual((event.section, event.agent), ('/a\\"b', 'x "y" z'))
        self.assertEqual(self.event("%a %{%s}t %m %U%q %s %{ms}T", b"h 971211336 GET /a/b?c 200 125")[:2], (971211336, "h"))

    def test_what_is_wrong_with_a_definition(self) -> None:
        for definition, why in (
            ("$remote_addr $status", "no time"),
            ("%h %s", "no time"),
            ("$remote_addr$status [$time_local]", "nothing between"),
            ("%h %{%Q}t", "time format .*%Q is not supported"),
            ("%h %{%H:%M}t", "needs %s, or a year"),
            ("{common_log}", "Caddy"),
            ("%^ %h %d", "%d alone is not supported|no time"),
            ("$time_local " * 2_000, "longer"),
        ):
            with self.subTest(definition[:40]), self.assertRaisesRegex(FormatError, why):
                defined(definition)


class Reading(unittest.TestCase):
    """Each definition reads its lines, by both parsers alike."""

    TABLE: tuple[tuple[str, bytes, dict[str, object]], ...] = (
        # ingress-nginx documents this; [] is an alternative upstream that there is none of
        (
            INGRESS,
            BASE + b" 412 0.125 [default-web-80] [] 10.0.0.9:8080 512 0.120 200 4b3c",
            {"source": "192.0.2.7", "duration": 0.125, "agent": "curl", "size": 5},
        ),
        (
            INGRESS,
            BASE + b" 412 0.125 [default-web-80] [] 10.0.0.9:8080, 10.0.0.8:8080 0, 512 0.001, 0.120 502, 200 4b3c",
            {"duration": 0.125, "status": 200},
        ),
        (
            UPSTREAM,
            b'192.0.2.7 [%s] "GET /a HTTP/1.1" 200 5 10.0.0.1:80, 10.0.0.2:80 0.001, 0.002 0.125' % CLF,
            {"duration": 0.125},
        ),
        (
            UPSTREAM,
            b'192.0.2.7 [%s] "GET /a HTTP/1.1" 200 5 10.0.0.1:80 : 10.0.0.2:80 0.001 : 0.002 0.125' % CLF,
            {"duration": 0.125},
        ),
        (UPSTREAM, b'192.0.2.7 [%s] "GET /a HTTP/1.1" 200 5 unix:/a,b.sock - 0.125' % CLF, {"duration": 0.125}),
        (
            APISIX,
            b'192.0.2.7 - - [%s] a.b "GET /a/b HTTP/1.1" 200 5 0.125 "-" "curl" 10.0.0.1:80 200 0.1 "http://a.b/a/b"' % CLF,
            {"vhost": "a.b", "duration": 0.125, "section": "/a"},
        ),
        (
            "$remote_addr [$time_local] $scheme://$host$request_uri $status",
            b"192.0.2.7 [%s] https://a.b/x/y?z 404" % CLF,
            {"vhost": "a.b", "target": "/x/y?z", "section": "/x", "status": 404},
        ),
        ("$remote_addr [$time_local] $request_uri $status cc=$http_cc", b"192.0.2.7 [%s] /x 404 cc=" % CLF, {"section": "/x"}),
        # $time_local without brackets: also where only the strict parser reads the line
        (BARE, b'192.0.2.7|%s|"GET /a/b HTTP/1.1"|200|5' % CLF, {"section": "/a"}),
        (BARE, b'192.0.2.7|%s|"-"|408|0' % CLF, {"section": "-", "status": 408}),
        (BARE, b'192.0.2.7|%s|"\\x16\\x03"|400|0' % CLF, {"section": "-", "status": 400}),
        (BARE, b'192.0.2.7|%s|"GET /a\\"b HTTP/1.1"|200|5' % CLF, {"section": '/a\\"b'}),
        ('$time_local $remote_addr "$request" $status', b'%s 192.0.2.7 "-" 408' % CLF, {"source": "192.0.2.7"}),
        ('"$time_local" "$remote_addr" "$request" $status', b'"%s" "192.0.2.7" "-" 408' % CLF, {"source": "192.0.2.7"}),
        ("$http_x_real_ip [$time_local] $request_uri $status", b"192.0.2.7 [%s] /x 404" % CLF, {"source": "192.0.2.7"}),
        # Apache's time in the user's own notation, and in several parts
        (
            '%h [%{%d/%b/%Y %H:%M:%S}t] "%r" %>s %b',
            b'192.0.2.7 [10/Oct/2000 20:55:36] "GET /a HTTP/1.1" 200 5',
            {"section": "/a"},
        ),
        (
            '%h [%{%d/%b/%Y %T}t.%{msec_frac}t %{%z}t] "%r" %>s %b',
            b'192.0.2.7 [10/Oct/2000 13:55:36.125 -0700] "-" 408 5',
            {"status": 408},
        ),
        ("%h %{%Y-%m-%d %I:%M:%S %p}t %m %U %s", b"192.0.2.7 2000-10-10 08:55:36 PM GET /a 200", {"section": "/a"}),
        # GoAccess
        (
            '%h %^[%d:%t %^] "%r" %s %b "%R" "%u"',
            b'192.0.2.7 - - [%s] "GET /a HTTP/1.1" 200 5 "-" "curl"' % CLF,
            {"source": "192.0.2.7", "agent": "curl"},
        ),
        (
            "%^ %v %h %x %m %U %s %b %D",
            b"a a.b 192.0.2.7 2000-10-10T20:55:36Z GET /a 200 5 125000",
            {"vhost": "a.b", "duration": 0.125},
        ),
    )

    def test_lines(self) -> None:
        for definition, line, want in self.TABLE:
            parser = HTTPLogParser(defined(definition))
            fields = [field for field in FIELDS if field in parser.fields]
            with self.subTest(definition, line=line):
                event = parser.parse_line(line)
                self.assertEqual(event.time, SECOND)
                self.assertEqual({name: getattr(event, name) for name in want}, want)
                columns = parser.bind(fields)(line + b"\n", FAR_FUTURE)
                self.assertEqual((columns.seconds, columns.malformed), ([SECOND], 0))

    def test_both_parsers_read_mutated_lines_alike(self) -> None:
        draw = random.Random(5)
        tokens = [b"-", b" ", b'"', b"[", b"]", b", ", b" : ", b"/", b"|", b"", b"\\", b"10.0.0.1:80", b"0.1", b"[]", b"x"]
        for definition, line, _ in self.TABLE:
            parser = HTTPLogParser(defined(definition))
            fields = [field for field in FIELDS if field in parser.fields]
            bound = parser.bind(fields)
            for _ in range(60):
                at = draw.randrange(len(line))
                mutant = line[:at] + draw.choice(tokens) + line[at + draw.randrange(4) :]
                with self.subTest(definition, mutant=mutant):
                    columns = bound(mutant + b"\n", FAR_FUTURE)
                    try:
                        second, values = parser.read_line(mutant)
                    except Malformed:
                        self.assertEqual(columns.malformed, 1)
                        continue
                    self.assertEqual(columns.seconds, [second])
                    absent = {"size": None, "duration": None}
                    for field in fields:
                        self.assertEqual(columns.values[field], [values.get(field, absent.get(field, b"-"))], field)

    def test_fractions_of_any_length(self) -> None:
        for digits in (1, 9, 10, 12, 13, 30):
            line = b"2000-10-10T20:55:36.%sZ 192.0.2.7 /a 200" % (b"1" * digits)
            parser = HTTPLogParser(defined("$time_iso8601 $remote_addr $request_uri $status"))
            with self.subTest(digits):
                self.assertEqual(parser.parse_line(line).time, SECOND)
                self.assertEqual(parser.bind(["source"])(line + b"\n", FAR_FUTURE).seconds, [SECOND])

    def test_a_time_format(self) -> None:
        parser = HTTPLogParser(
            defined("$remote_addr [$time] $request_uri $status".replace("$time", "$time_local"), time_format="%d.%m.%y %k:%M")
        )
        self.assertEqual(parser.parse_line(b"192.0.2.7 [10.10.00 20:55] /a 200").time, SECOND - 36)


class Strftime(unittest.TestCase):
    def test_seconds(self) -> None:
        for text, timestamp, second in (
            ("%d/%b/%Y:%T %z", CLF, SECOND),
            ("%s", b"971211336", SECOND),
            ("%F %R", b"2000-10-10 20:55", SECOND - 36),
            ("%c", b"Tue Oct 10 20:55:36 2000", SECOND),
            ("%Y%m%d%H%M%S", b"20001010205536", SECOND),
            ("%e.%m.%Y %k:%M:%S %Z", b" 9.10.2000  1:02:03 UTC", 971053323),
            ("%m/%d/%y %I:%M:%S.%f %p", b"10/10/00 12:55:36.1 AM", SECOND - 20 * 3600),
            ("%F %T", b"2000-02-30 00:00:00", NO_TIME),
            ("%F %T", b"2000-02-20 24:00:00", NO_TIME),
            ("%F %T%z", b"2000-02-20 20:00:00+9900", NO_TIME),
            ("%F", b"2000-02-20x", NO_TIME),
            ("%Y %b %d", b"2000 Foo 20", NO_TIME),
        ):
            with self.subTest(text, timestamp=timestamp):
                self.assertEqual(StrftimeTimestamps(text)[timestamp], second)


if __name__ == "__main__":
    unittest.main()
