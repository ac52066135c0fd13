"""Recognising a format, and saying so when there is none."""

from __future__ import annotations

from collections.abc import Iterator
import random
import unittest
from unittest.mock import patch

from LogsMonitor2000.errors import FormatError
from LogsMonitor2000.parse.detect import detect, parser_named
from LogsMonitor2000.parse.lines.formats import FORMATS
from LogsMonitor2000.parse.registry import LINES

from ..support import clf_line
from .corpus import line_of, nasty_lines

CSV, COMMON, COMBINED = FORMATS[0], FORMATS[1], FORMATS[2]
NOT_ACCESS_LOGS = {
    "Apache's error log": b"[Wed Oct 11 14:32:52.123 2000] [core:error] [pid 1:tid 2] [client 192.0.2.7:80] File does not exist: /x\n",
    "nginx's error log": b'2000/10/10 13:55:36 [error] 1#1: *1 open() "/x" failed, client: 192.0.2.7, request: "GET /x HTTP/1.1"\n',
    "syslog": b"Oct 11 22:14:15 mymachine su[230]: 'su root' failed for lonvick on /dev/pts/8\n",
    "RFC 5424 syslog": b'<34>1 2003-10-11T22:14:15.003Z host su - ID47 [a@1 b="c"] "GET / HTTP/1.0" 200 1\n',
    "a CSV of something else": b'"name","street","city","zip","country","phone","mail"\n"a","b","c",12345,"d","e","f"\n',
    "prose": b"It was a dark and stormy night.\n",
    "binary": bytes(range(256)) * 4,
}


def recognised(*blocks: bytes) -> str | None:
    score = detect("access.log", blocks)
    return None if score is None else score.parser.name


class Recognised(unittest.TestCase):
    def test_every_example(self) -> None:
        for row in FORMATS:
            for end in (b"\n", b"\r\n", b""):
                with self.subTest(row.name, end=end):
                    self.assertEqual(recognised(row.example + end), row.name)
                    self.assertEqual(recognised((row.example + (end or b"\n")) * 20), row.name)

    def test_behind_a_header_or_blank_lines(self) -> None:
        for row in FORMATS:
            for front in (b"\n", b"\r\n \n", (row.header or b"") + b"\n", (row.header or b"") + b"\r\n\n"):
                with self.subTest(row.name, front=front):
                    self.assertEqual(recognised(front + row.example + b"\n"), row.name)

    def test_though_other_lines_follow_soon(self) -> None:
        row = next(row for row in LINES if row.name == "connections")
        for first, second in ((row.example, COMBINED.example), (COMBINED.example, CSV.example)):
            for count in (9, 99):
                lines = [first] * count + [second] * count + [b"garbage"]
                self.assertEqual(recognised(b"\n".join(lines)), "connections" if first is row.example else "combined")

    def test_from_several_blocks(self) -> None:
        self.assertEqual(recognised(b"\n\n", b"garbage\n", COMBINED.example + b"\n" + COMBINED.example + b"\n"), "combined")

    def test_though_some_lines_are_garbage(self) -> None:
        draw = random.Random(31)
        for row in FORMATS:
            good = [line_of(row, request=b"GET /x?%d HTTP/1.1" % number) for number in range(60)]
            lines = good + draw.sample(nasty_lines(row), 30)
            draw.shuffle(lines)
            with self.subTest(row.name):
                self.assertEqual(recognised(b"\n".join(lines)), row.name)

    def test_though_the_first_line_is_cut_off_in_front(self) -> None:
        for row in FORMATS[3:]:
            lines = [row.example + b"\n"] * 10
            lines[0] = lines[0].partition(b" ")[2]  # what is left of it reads as if there were no virtual host
            self.assertEqual(recognised(b"".join(lines)), row.name)

    def test_though_many_users_have_a_space_in_their_name(self) -> None:
        # Such a line looks as if it began with a virtual host, but not all of them do.
        lines = [line_of(COMMON, user=b"a b")] * 6 + [line_of(COMMON)] * 4
        self.assertEqual(recognised(b"\n".join(lines)), "common")

    def test_though_every_line_has_quotes_inside(self) -> None:
        rows = {row.name: row for row in LINES}
        for name in ("common", "combined", "vhost_combined", "forwarded", "forwarded_timed", "timed"):
            line = rows[name].example.replace(b"/apache_pb.gif", b'/a\\"b').replace(b"Mozilla/4.08", b'\\"M\\" \\\\')
            with self.subTest(line):
                self.assertIn(b'\\"', line)
                self.assertEqual(recognised((line + b"\n") * 3), name)
        bare = COMBINED.example.replace(b"Mozilla/4.08", b'x "y" z').replace(b"GET /", b'GET /"')
        self.assertEqual(recognised(bare + b"\n"), "combined")

    def test_half_of_the_lines_suffice_and_fewer_do_not(self) -> None:
        good, bad = COMMON.example + b"\n", b"garbage\n"
        self.assertEqual(recognised((good + bad) * 5), "common")
        with self.assertRaises(FormatError):
            recognised((good + bad) * 5 + bad)

    def test_a_header_alone_tells_the_format(self) -> None:
        assert CSV.header is not None
        for header in (CSV.header, CSV.header.replace(b'"', b""), CSV.header.upper(), CSV.header.replace(b",", b", ")):
            with self.subTest(header):
                self.assertEqual(recognised(header + b"\r\n"), "csv")

    def test_blank_lines_alone_tell_nothing_yet(self) -> None:
        for blocks in ((), (b"",), (b"\n\r\n \t\n", b"\n")):
            with self.subTest(blocks):
                self.assertIsNone(recognised(*blocks))

    def test_only_the_first_lines_are_looked_at(self) -> None:
        with patch("LogsMonitor2000.parse.detect.DETECT_LINES_MAX", 10):
            lines = b"".join(clf_line(number) for number in range(10))

            def blocks() -> Iterator[bytes]:
                yield lines[:300]
                yield lines[300:] + b"garbage\n" * 1_000
                self.fail("read further than needed")

            score = detect("access.log", blocks())
        assert score is not None
        self.assertEqual((score.read, score.lines), (10, 10))

    def test_the_score_says_how_sure_it_is(self) -> None:
        self.assertRegex(str(detect("access.log", [COMMON.example + b"\nx\n"])), "^common .*1 of 2 lines")


class NotRecognised(unittest.TestCase):
    def test_what_is_no_access_log(self) -> None:
        for name, block in NOT_ACCESS_LOGS.items():
            with self.subTest(name), self.assertRaises(FormatError):
                recognised(block * 10)

    def test_the_error_shows_the_first_line(self) -> None:
        with self.assertRaises(FormatError) as caught:
            detect("some.log", [b"\n\nfirst \x1b[2Jline\x07\xff\nsecond\n"])
        text = str(caught.exception)
        self.assertIn("some.log", text)
        self.assertIn("--log_format", text)
        self.assertIn("first line: first \\x1b[2Jline\\x07\\xff", text)
        self.assertNotIn("\x1b", text)

    def test_a_long_first_line_is_shown_in_part(self) -> None:
        with self.assertRaises(FormatError) as caught:
            recognised(b"x" * 100_000 + b"\n")
        self.assertLess(len(str(caught.exception)), 1_000)


class Advice(unittest.TestCase):
    def test_when_nothing_fits_the_message_says_what_is_nearest(self) -> None:
        for line, want in (
            (b"one", "give its definition"),
            (
                b'{"ts":"2024-10-10T10:00:00Z","st":200,"p":"/a","q":{"ip":"192.0.2.7"}}',
                "these keys look right: --log_format json --fields time=ts,status=st,target=p,source=q.ip",
            ),
            (b'{"a":1}', "no key looks like a time"),
            (b'{"w":"2024-10-10T10:00:00Z"}', "no key looks like a status, path or method"),
            (b'{"a"', "not JSON"),
            (
                b'192.0.2.7 - - [10/Oct/2024:13:55:36 +0000] "GET /a/b HTTP/1.1" abc 5',
                "nearest: common .the status is not three",
            ),
            (
                b"2024-10-10T13:55:36.9Z lb 192.0.2.7:2817 10.0.0.1:80 0.000086 0.001048 x 200 200 0 57"
                b' "GET https://a.b:443/a/b HTTP/1.1" "curl" - -',
                "nearest: elb .the duration does not match at byte 54",
            ),
        ):
            with self.subTest(line), self.assertRaisesRegex(FormatError, want):
                detect("x", [line + b"\n"] * 5)

    def test_its_keys_read_the_log(self) -> None:
        line = b'{"ts":"2024-10-10T10:00:00Z","st":200,"p":"/a","q":{"ip":"192.0.2.7"}}'
        event = parser_named("json", {"time": "ts", "status": "st", "target": "p", "source": "q.ip"}).parse_line(line)
        assert event is not None
        self.assertEqual((event.source, event.section, event.status), ("192.0.2.7", "/a", 200))


class Named(unittest.TestCase):
    def test_every_format_by_its_name(self) -> None:
        for row in FORMATS:
            self.assertEqual(parser_named(row.name).name, row.name)

    def test_a_wrong_name_is_answered_with_what_was_probably_meant(self) -> None:
        for name, meant in (
            ("nginx", "did you mean 'combined'"),
            ("Combind", "did you mean 'combined'"),
            ("IIS", "did you mean 'w3c'"),
            ("syslog:jsn", "unknown log format 'jsn'; did you mean 'json'"),
            ("xyzzy", "known: auto, csv, common, combined, vhost_common, vhost_combined"),
        ):
            with self.subTest(name), self.assertRaisesRegex(FormatError, meant):
                parser_named(name)
