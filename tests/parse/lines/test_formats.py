"""The table of formats: that its rows are whole, and what each one reads, field by field, with care."""

from __future__ import annotations

import unittest

from LogsMonitor2000.event import WebLogEvent
from LogsMonitor2000.limits import SIZE_DIGITS_MAX
from LogsMonitor2000.parse.base import FIELDS, Malformed
from LogsMonitor2000.parse.detect import parser_named
from LogsMonitor2000.parse.lines.formats import FORMATS
from LogsMonitor2000.parse.values.request import path_of

EXAMPLE = WebLogEvent(
    time=971211336,
    source="192.0.2.7",
    user="frank",
    method="GET",
    target="/apache_pb.gif",
    section="/apache_pb.gif",
    protocol="HTTP/1.0",
    status=200,
    size=2326,
)
REFERRED = EXAMPLE._replace(referrer="http://www.example.com/start.html", agent="Mozilla/4.08 [en] (Win98; I ;Nav)")
CSV_EXAMPLE = WebLogEvent(
    time=1549573860,
    source="10.0.0.2",
    user="apache",
    method="GET",
    target="/api/user",
    section="/api",
    protocol="HTTP/1.0",
    status=200,
    size=1234,
)
EXAMPLES = {
    "csv": CSV_EXAMPLE,
    "common": EXAMPLE,
    "combined": REFERRED,
    "vhost_common": EXAMPLE._replace(vhost="www.example.com:443"),
    "vhost_combined": REFERRED._replace(vhost="www.example.com:443"),
}
CLF_FIELDS = set(FIELDS) - {"vhost", "referrer", "agent", "duration"}

TIME = b"[10/Oct/2000:13:55:36 -0700]"
BASE = b'192.0.2.7 - frank [10/Oct/2000:13:55:36 -0700] "%s" 200 2326'


class Table(unittest.TestCase):
    def test_names_are_unique_and_fields_are_known(self) -> None:
        self.assertEqual(len({row.name for row in FORMATS}), len(FORMATS))
        for row in FORMATS:
            with self.subTest(row.name):
                self.assertLessEqual(row.fields, set(FIELDS))
                self.assertTrue(row.title)

    def test_fields(self) -> None:
        fields = {row.name: set(row.fields) for row in FORMATS}
        self.assertEqual(fields["csv"], CLF_FIELDS)
        self.assertEqual(fields["common"], CLF_FIELDS)
        self.assertEqual(fields["combined"], CLF_FIELDS | {"referrer", "agent"})
        self.assertEqual(fields["vhost_common"], CLF_FIELDS | {"vhost"})
        self.assertEqual(fields["vhost_combined"], set(FIELDS) - {"duration"})

    def test_a_pattern_captures_the_time_and_what_is_asked_for_and_nothing_else(self) -> None:
        for row in FORMATS:
            for asked in (
                [],
                ["section"],
                ["section", "size", "source", "status_class"],
                ["method"],
                ["target"],
                sorted(row.fields),
            ):
                pattern = row.pattern(frozenset(asked))
                with self.subTest(row.name, asked=asked):
                    self.assertEqual(
                        {name for name in (*FIELDS, "time") if b"(?P<%s>" % name.encode() in pattern}, {"time", *asked}
                    )


class Reading(unittest.TestCase):
    def check(self, name: str, line: bytes, want: WebLogEvent | str) -> None:
        """`want` is the event, or a part of what is said to be wrong."""
        parser = parser_named(name)
        with self.subTest(name, line=line[:120]):
            if isinstance(want, str):
                with self.assertRaisesRegex(Malformed, want):
                    parser.parse_line(line)
            else:
                target = want.target.encode("utf-8", "surrogateescape")
                path = path_of(target).decode("utf-8", "surrogateescape")
                self.assertEqual(parser.parse_line(line), want._replace(path=path))

    def test_every_example_field_by_field(self) -> None:
        for row in FORMATS:
            self.check(row.name, row.example, EXAMPLES[row.name])

    def test_common(self) -> None:
        garbage = EXAMPLE._replace(method="-", target="-", section="-", protocol="-")
        table: list[tuple[bytes, WebLogEvent | str]] = [
            (BASE % b"-", garbage),
            (BASE % b"", garbage),
            (b"::1 - - " + TIME + b' "-" 408 -', garbage._replace(source="::1", user="-", status=408, size=0)),
            (BASE % b"\\x16\\x03\\x01", garbage._replace(method="\\x16\\x03\\x01")),
            (BASE % b"\x16\x03\x01\xff", garbage._replace(method="\x16\x03\x01\udcff")),
            (BASE % b"OPTIONS *", garbage._replace(method="OPTIONS", target="*")),
            (BASE % b"CONNECT h:443 HTTP/1.1", garbage._replace(method="CONNECT", target="h:443", protocol="HTTP/1.1")),
            (BASE % b'GET /a\\"b/c HTTP/2.0', EXAMPLE._replace(target='/a\\"b/c', section='/a\\"b', protocol="HTTP/2.0")),
            (BASE % b'GET /a"b/c HTTP/1.0', EXAMPLE._replace(target='/a"b/c', section='/a"b')),
            (BASE % b'GET /x?" 200 HTTP/1.0', EXAMPLE._replace(target='/x?" 200', section="/x")),
            (BASE % b"GET /x HTTP/1.0\\\\", EXAMPLE._replace(target="/x", section="/x", protocol="HTTP/1.0\\\\")),
            (BASE % b"GET /x HTTP/1.0\\", EXAMPLE._replace(target="/x", section="/x", protocol="HTTP/1.0\\")),
            # The first quote that a status and a size follow ends the request, unless it is escaped.
            (
                BASE % b'GET /x" 200 5 y HTTP/1.0',
                EXAMPLE._replace(target="/x", section="/x", protocol="-", size=5),
            ),
            (BASE % b'GET /x\\" 200 5 y HTTP/1.0', EXAMPLE._replace(target='/x\\" 200 5 y', section='/x\\" 200 5 y')),
            (
                BASE.replace(b"frank", b"frank the tank") % b"GET /apache_pb.gif HTTP/1.0",
                EXAMPLE._replace(user="frank the tank"),
            ),
            (BASE.replace(b"frank", b"a [b] c") % b"GET /apache_pb.gif HTTP/1.0", EXAMPLE._replace(user="a [b] c")),
            (b"  " + BASE % b"GET /apache_pb.gif HTTP/1.0", EXAMPLE),
            (BASE % b"GET /apache_pb.gif HTTP/1.0" + b" 0.003 rt", EXAMPLE),
            (BASE % b"GET /apache_pb.gif HTTP/1.0" + b' "a\\"b" "no end', EXAMPLE._replace(referrer='a\\"b', agent="no end")),
            (BASE.replace(b"2326", b"-") % b"GET /apache_pb.gif HTTP/1.0", EXAMPLE._replace(size=0)),
            (BASE.replace(b" 200 ", b" 000 ") % b"GET /apache_pb.gif HTTP/1.0", EXAMPLE._replace(status=0)),
            (BASE.replace(b"2326", b"9" * SIZE_DIGITS_MAX) % b"-", garbage._replace(size=10**SIZE_DIGITS_MAX - 1)),
            (b"", "no host, ident, user and"),
            (b"garbage", "no host, ident, user and"),
            (BASE.replace(b'"', b"") % b"-", "no host, ident, user and"),
            (BASE.replace(b"frank ", b"") % b"-", "no host, ident, user and"),
            (BASE.partition(b"%")[0] + b"GET / HTTP/1.0", "no closing quote"),
            (BASE.replace(b" 200 2326", b"") % b"-", "status is not three digits"),
            (BASE.replace(b" 200 ", b" 20 ") % b"-", "status is not three digits"),
            (BASE.replace(b" 200 ", b" 2000 ") % b"-", "status is not three digits"),
            (BASE.replace(b" 200 ", " ٢٠٠ ".encode()) % b"-", "status is not three digits"),
            (BASE.replace(b" 2326", b"") % b"-", "size is neither digits nor -"),
            (BASE.replace(b"2326", b"") % b"-", "size is neither digits nor -"),
            (BASE.replace(b"2326", b"-5") % b"-", "size is neither digits nor -"),
            (BASE.replace(b"2326", b"123-") % b"-", "size is neither digits nor -"),
            (BASE.replace(b"2326", b"1_000") % b"-", "size is neither digits nor -"),
            (BASE.replace(b"2326", "١٢".encode()) % b"-", "size is neither digits nor -"),
            (BASE.replace(b"2326", b"9" * 19) % b"-", "size has more than 18 digits"),
            (BASE.replace(b"2326", b"9" * 5_000) % b"-", "size has more than 18 digits"),
            (BASE.replace(b"Oct", b"Xxx") % b"-", "invalid time '10/Xxx/2000"),
            (BASE.replace(b"Oct", b"\xff\x1b") % b"-", r"invalid time '10/\\xff\x1b/2000"),
            (BASE.replace(b"-0700", b"+2500") % b"-", "invalid time"),
            (BASE.replace(b"10/Oct/2000:13:55:36 -0700", b"") % b"-", "invalid time ''$"),
        ]
        for line, want in table:
            self.check("common", line, want)
            self.check("combined", line, want)
            if isinstance(want, WebLogEvent):
                self.check("vhost_common", b"h:80 " + line.lstrip(), want._replace(vhost="h:80"))
            elif line:
                self.check("vhost_combined", b"h:80 " + line, want)

    def test_combined(self) -> None:
        line = FORMATS[2].example
        for tail, referrer, agent in (
            (b' "-" "curl"', "-", "curl"),
            (b' "" ""', "", ""),
            (b' "a b" "c\\"d" "more" 0.5', "a b", 'c\\"d'),
            (b' "a\\\\" "b"', "a\\\\", "b"),
            (b' "a" ', "a", "-"),
            (b' "a', "a", "-"),
            (b" - -", "-", "-"),
            (b' "a"b" "c"', "a", "-"),
            (b"", "-", "-"),
        ):
            self.check("combined", line[: line.index(b' "http')] + tail, EXAMPLE._replace(referrer=referrer, agent=agent))

    def test_a_virtual_host_is_needed(self) -> None:
        self.check("vhost_common", FORMATS[1].example, "no host, ident, user and")
        self.check("vhost_combined", FORMATS[2].example, "no host, ident, user and")

    def test_csv(self) -> None:
        line = FORMATS[0].example
        garbage = CSV_EXAMPLE._replace(method="-", target="-", section="-", protocol="-")
        request = b"GET /api/user HTTP/1.0"
        table: list[tuple[bytes, WebLogEvent | str]] = [
            (line.replace(request, b"-"), garbage),
            (line.replace(request, b""), garbage),
            (line.replace(request, b"OPTIONS *"), garbage._replace(method="OPTIONS", target="*")),
            (line.replace(request, b'GET /a""b HTTP/1.0'), CSV_EXAMPLE._replace(target='/a"b', section='/a"b')),
            (line.replace(request, b'""GET"" /a'), garbage._replace(method='"GET"', target="/a", section="/a")),
            (line.replace(request, b"GET /a,b HTTP/1.0"), CSV_EXAMPLE._replace(target="/a,b", section="/a,b")),
            (line.replace(request, b"GET /x"), CSV_EXAMPLE._replace(target="/x", section="/x", protocol="-")),
            (
                line.replace(request, b"GET /x HTTP/1.0\\"),
                CSV_EXAMPLE._replace(target="/x", section="/x", protocol="HTTP/1.0\\"),
            ),
            (line.replace(b'"', b""), CSV_EXAMPLE),
            (line.replace(b"1549573860", b'"1549573860"').replace(b"200", b'"200"').replace(b"1234", b'"1234"'), CSV_EXAMPLE),
            (line.replace(b",", b" , "), CSV_EXAMPLE),
            (line.replace(b",", b"\t,"), CSV_EXAMPLE),
            (line.replace(b'"apache"', b'""'), CSV_EXAMPLE._replace(user="-")),
            (line.replace(b'"10.0.0.2"', b""), CSV_EXAMPLE._replace(source="-")),
            (line.replace(b"10.0.0.2", b"2001:db8::1"), CSV_EXAMPLE._replace(source="2001:db8::1")),
            (line.replace(b"10.0.0.2", b"\xff\0"), CSV_EXAMPLE._replace(source="\udcff\0")),
            (line.replace(b"860", b"860.75"), CSV_EXAMPLE),
            (line.replace(b"1234", b"-"), CSV_EXAMPLE._replace(size=0)),
            (b"", "1 fields, expected 7"),
            (b"garbage", "1 fields, expected 7"),
            (line.rpartition(b",")[0], "6 fields, expected 7"),
            (line + b",", "more than 7 fields"),
            (line + b",1", "more than 7 fields"),
            (b"," * 100_000, "more than 7 fields"),
            (line.replace(b'"apache"', b'"apa"che"'), "field 3 has broken quotes"),
            (line.replace(b'"apache"', b'"apache'), "field [34] has broken quotes"),
            (line.replace(request, b'"GET /x HTTP/1.0'), "field 5 has broken quotes"),
            (line.replace(request, b'\\"GET /x HTTP/1.0'), "field 5 has broken quotes"),
            (line.replace(b"1549573860", b"yesterday"), "invalid time 'yesterday'"),
            (line.replace(b"1549573860", b"-1"), "invalid time"),
            (line.replace(b"1549573860", b"9" * 13), "invalid time"),
            (line.replace(b"200", b"20x"), "status is not three digits"),
            (line.replace(b"200", b""), "status is not three digits"),
            (line.replace(b"200", "٢٠٠".encode()), "status is not three digits"),
            (line.replace(b"1234", b""), "size is neither digits nor -"),
            (line.replace(b"1234", b"12-"), "size is neither digits nor -"),
            (line.replace(b"1234", b"-5"), "size is neither digits nor -"),
            (line.replace(b"1234", b"1_000"), "size is neither digits nor -"),
            (line.replace(b"1234", b"9" * 5_000), "size has more than 18 digits"),
        ]
        for text, want in table:
            self.check("csv", text, want)

    def test_the_csv_header_is_no_line(self) -> None:
        parser = parser_named("csv")
        header = FORMATS[0].header
        assert header is not None
        for line, skipped in (
            (header, True),
            (header.replace(b'"', b""), True),
            (header.replace(b",", b", "), True),
            (header.upper(), True),
            (header + b",x", False),
            (header[:-1] + b'2"', False),
            (b"", False),
        ):
            with self.subTest(line):
                self.assertEqual(parser.skips(line), skipped)
        self.assertFalse(parser_named("common").skips(header))
