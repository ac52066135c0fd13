"""Nasty lines of every format, field by field, through both paths."""

from __future__ import annotations

import unittest
from typing import Any

from LogsMonitor2000.parse.detect import parser_named
from LogsMonitor2000.parse.parser import FIELDS, Parser

FAR_FUTURE = 1 << 50
CLF, ISO, EPOCH = b"10/Oct/2000:13:55:%s -0700", b"2000-10-10T20:55:%sZ", b"9712113%s"

# A line of each format; %(…)s is put in by the tables below. `q` marks those that quote the whole request line.
LINES: dict[str, tuple[str, bytes, bytes]] = {
    "common": ("q", CLF, b'%(source)s - %(user)s [%(time)s] "%(request)s" %(status)s %(size)s'),
    "combined": ("q", CLF, b'%(source)s - %(user)s [%(time)s] "%(request)s" %(status)s %(size)s "-" "%(agent)s"'),
    "vhost_common": ("q", CLF, b'a.b:80 %(source)s - %(user)s [%(time)s] "%(request)s" %(status)s %(size)s'),
    "vhost_combined": ("q", CLF, b'a.b:80 %(source)s - %(user)s [%(time)s] "%(request)s" %(status)s %(size)s "-" "%(agent)s"'),
    "forwarded": ("q", CLF, b'%(source)s - %(user)s [%(time)s] "%(request)s" %(status)s %(size)s "-" "%(agent)s" "10.0.0.9"'),
    "timed": ("q", CLF, b'%(source)s - %(user)s [%(time)s] "%(request)s" %(status)s %(size)s "-" "%(agent)s" 0.125'),
    "timed_rt": ("q", CLF, b'%(source)s - %(user)s [%(time)s] "%(request)s" %(status)s %(size)s "-" "%(agent)s" rt=0.125 x'),
    "forwarded_timed": (
        "q",
        CLF,
        b'%(source)s - %(user)s [%(time)s] "%(request)s" %(status)s %(size)s "-" "%(agent)s" "-" 0.125',
    ),
    "ingress": ("q", CLF, b'%(source)s - %(user)s [%(time)s] "%(request)s" %(status)s %(size)s "-" "%(agent)s" 4 0.125 [a] []'),
    "traefik": (
        "q",
        CLF,
        b'%(source)s - %(user)s [%(time)s] "%(request)s" %(status)s %(size)s "-" "%(agent)s" 1 "a" "b" 125ms',
    ),
    "lighttpd": ("q", CLF, b'%(source)s a.b %(user)s [%(time)s] "%(request)s" %(status)s %(size)s "-" "%(agent)s"'),
    "varnishncsa": ("q", CLF, b'%(source)s - %(user)s [%(time)s] "%(request)s" %(status)s %(size)s "-" "%(agent)s"'),
    "alb": (
        "q",
        ISO,
        b'h2 %(time)s app/a/1 %(source)s:2817 10.0.0.1:80 0.0 0.125 0.0 %(status)s 200 34 %(size)s "%(request)s" "%(agent)s" - - x',
    ),
    "elb": (
        "q",
        ISO,
        b'%(time)s lb %(source)s:2817 10.0.0.1:80 0.0 0.125 0.0 %(status)s 200 34 %(size)s "%(request)s" "%(agent)s" - -',
    ),
    "s3": (
        "q",
        CLF,
        b'o bucket [%(time)s] %(source)s u 3E5 REST.GET a "%(request)s" %(status)s - %(size)s 9 125 5 "-" "%(agent)s" -',
    ),
    "haproxy": (
        "q",
        b"10/Oct/2000:20:55:%s.123",
        b'%(source)s:33317 [%(time)s] in s/1 1/0/3/6/125 %(status)s %(size)s - - ---- 1/1/1/1/0 0/0 {a|"b} "%(request)s"',
    ),
    "envoy": (
        "q",
        ISO,
        b'[%(time)s] "%(request)s" %(status)s - 1 %(size)s 125 100 "%(source)s" "%(agent)s" "c" "a.b" "10.0.0.1:80"',
    ),
    "istio": (
        "q",
        ISO,
        b'[%(time)s] "%(request)s" %(status)s - via - "-" 1 %(size)s 125 1 "%(source)s" "%(agent)s" "c" "a.b" "10.0.0.1:80" x',
    ),
    "squid": (
        "t",
        EPOCH + b".250",
        b"%(time)s    125 %(source)s TCP_MISS/%(status)s %(size)s GET %(target)s - DIRECT/10.0.0.1 text/html",
    ),
    "api_requests": ("t", b"2000-10-10 20:55:%s", b"%(time)s %(user)s %(target)s %(status)s 0.125"),
    "ltsv": ("q", CLF, b"time:[%(time)s]\thost:%(source)s\treq:%(request)s\tstatus:%(status)s\tsize:%(size)s\tua:%(agent)s"),
    "logfmt": (
        "q",
        ISO,
        b'ts=%(time)s ip=%(source)s req="%(request)s" status=%(status)s size=%(size)s ua="%(agent)s" took=125ms',
    ),
    "json": (
        "q",
        ISO,
        b'{"time":"%(time)s","remote_addr":"%(source)s","request":"%(request)s","status":%(status)s,"size":"%(size)s",'
        b'"http_user_agent":"%(agent)s","took_ms":125}',
    ),
}
PLAIN = {
    "source": b"192.0.2.7",
    "user": b"-",
    "request": b"GET /a/b HTTP/1.1",
    "target": b"/a/b",
    "status": b"200",
    "size": b"5",
    "agent": b"x",
}
BAD: Any = None
"""Instead of expected fields: the line is malformed."""

# What is put in, and what each field must be then.
EVERYWHERE: tuple[tuple[dict[str, bytes], Any], ...] = (
    ({}, {"source": b"192.0.2.7", "section": b"/a", "path": b"/a/b", "status": b"200", "status_class": b"2", "size": b"5"}),
    ({"status": b"abc"}, BAD),
    ({"status": b"20"}, BAD),
    ({"status": b"2000"}, BAD),
    ({"status": b"\xd9\xa2\xd9\xa0\xd9\xa0"}, BAD),
    ({"size": b"-"}, {"size": None}),
    ({"size": b"5x"}, BAD),
    ({"size": b"-5"}, BAD),
    ({"size": b"9" * 19}, BAD),
    ({"size": b"9" * 18}, {"size": b"9" * 18}),
    ({"size": b"1_0"}, BAD),
    ({"second": b"60"}, {"second": 971211359}),
    ({"second": b"61"}, BAD),
    ({"second": b"6"}, BAD),
    ({"second": b"-1"}, BAD),
    ({"source": b"host.example.com"}, {"source": b"host.example.com"}),
)
QUOTED: tuple[tuple[dict[str, bytes], Any], ...] = (
    ({"request": b"GET /a b/c d HTTP/1.1"}, {"target": b"/a b/c d", "section": b"/a b", "protocol": b"HTTP/1.1"}),
    ({"request": b""}, {"method": b"-", "target": b"-", "section": b"-", "protocol": b"-"}),
    ({"request": b"-", "status": b"408"}, {"section": b"-", "status": b"408"}),
    ({"request": b"\x16\x03\x01\x02 \x01\xfc"}, {"section": b"-"}),
    ({"request": b"SSH-2.0-Go"}, {"method": b"SSH-2.0-Go", "section": b"-"}),
    ({"request": b"PRI * HTTP/2.0"}, {"method": b"PRI", "target": b"*", "section": b"-", "protocol": b"HTTP/2.0"}),
    ({"request": b"CONNECT host:443 HTTP/1.1"}, {"target": b"host:443", "section": b"-"}),
    ({"request": b"GET http://h:80/p/q?r=/s HTTP/1.1"}, {"section": b"/p", "path": b"/p/q", "target": b"http://h:80/p/q?r=/s"}),
    ({"request": b"GET http://h HTTP/1.1"}, {"section": b"/", "path": b"/"}),
    ({"request": b"GET /?x=/a#b HTTP/1.1"}, {"section": b"/", "path": b"/", "target": b"/?x=/a#b"}),
    ({"request": b"GET /a"}, {"section": b"/a", "protocol": b"-"}),
    ({"request": b"GET /a/\xff\xfe HTTP/1.1"}, {"path": b"/a/\xff\xfe", "section": b"/a"}),
    ({"agent": b"\xd1\x8f a [b] (c)"}, {"agent": b"\xd1\x8f a [b] (c)"}),
)
ESCAPED: tuple[tuple[dict[str, bytes], Any], ...] = (
    ({"request": b'GET /a?\\"x\\" HTTP/1.1'}, {"section": b"/a"}),
    ({"request": b'GET /a"b HTTP/1.1'}, {"section": b'/a"b'}),
    ({"agent": b'a \\"b\\" c'}, {"size": b"5", "section": b"/a"}),
)
TARGETS: tuple[tuple[dict[str, bytes], Any], ...] = (
    ({"target": b"http://h:80/p/q?r=/s"}, {"section": b"/p", "path": b"/p/q", "target": b"http://h:80/p/q?r=/s"}),
    ({"target": b"/"}, {"section": b"/", "path": b"/"}),
    ({"target": b"/a?b=/c"}, {"section": b"/a", "path": b"/a"}),
    ({"target": b"host:443"}, {"section": b"-", "path": b"-", "target": b"host:443"}),
    ({"target": b"*"}, {"section": b"-"}),
)
MISSING_STATUS = ("alb", "elb", "s3", "haproxy", "envoy", "istio", "squid")
"""Formats in which a status may be missing: the others call that malformed."""


def filled(shape: bytes, stamp: bytes, second: bytes = b"00", **parts: bytes) -> bytes:
    """A line of that shape; its parts are plain where none are given."""
    put = {**PLAIN, "time": stamp % second, **parts}
    return shape % {name.encode(): part for name, part in put.items()}


class Nasty(unittest.TestCase):
    def check(self, parser: Parser, line: bytes, good: bytes, expected: Any) -> None:
        """Read `line` among good ones, so that what is learned from those is used, and compare what is expected of it."""
        every = [field for field in FIELDS if field in parser.fields]
        bound = parser.bind(every)
        for block in (good * 3 + line + b"\n" + good, line + b"\r\n" + good * 4, good * 4 + b"\n" + line + b"\n"):
            bound(good * 4, FAR_FUTURE)
            columns = bound(block, FAR_FUTURE)
            if expected is BAD:
                self.assertEqual((columns.malformed, len(columns.seconds)), (1, 4))
                continue
            self.assertEqual((columns.malformed, len(columns.seconds)), (0, 5), columns.samples)
            row = 3 if block.startswith(good * 3 + line) else 0 if block.startswith(line) else 4
            for field, value in expected.items():
                if field == "second":
                    self.assertEqual(columns.seconds[row], value)
                elif field in every:
                    self.assertEqual(columns.values[field][row], value, field)

    def test_tables(self) -> None:
        for name, (kind, stamp, shape) in LINES.items():
            parser = parser_named(name)
            tables = EVERYWHERE + (QUOTED if kind == "q" else TARGETS)
            if name not in ("ltsv", "logfmt", "json"):
                tables += ESCAPED if kind == "q" else ()
            good = filled(shape, stamp) + b"\n"
            for put, expected in tables:
                put = dict(put)
                second = put.pop("second", b"00")
                if any(b"%%(%s)s" % part.encode() not in shape for part in put) or (
                    stamp.startswith(EPOCH) and second != b"00"
                ):
                    continue  # the format has no such part
                line = filled(shape, stamp, second, **put)
                with self.subTest(name, line=line):
                    self.check(parser_named(name), line, good, expected)
            for put, expected in (
                (
                    {"status": b"-"},
                    {"status": b"-", "status_class": b"-"} if name in (*MISSING_STATUS, "ltsv", "logfmt") else BAD,
                ),
            ):
                line = filled(shape, stamp, **put)
                with self.subTest(name, line=line):
                    self.check(parser, line, good, expected)
            if name != "json":
                with self.subTest(name, kind="a leading space"):
                    self.check(parser, b" " + good[:-1], good, {"section": b"/a"} if name not in ("logfmt", "ltsv") else BAD)
            for cut in (len(good) // 3, len(good) // 2):
                with self.subTest(name, kind="hard-wrapped", cut=cut):
                    self.check(parser, good[:cut], good, BAD)


PORTLESS = ("common", "combined", "vhost_combined", "forwarded", "timed", "lighttpd", "s3", "squid")
"""Formats that write a client without a port: only brackets, and a port behind them, come off."""


class Addresses(unittest.TestCase):
    def test_ports_and_brackets(self) -> None:
        for name, text, source in (
            ("alb", b"192.0.2.7", b"192.0.2.7"),
            ("alb", b"[2001:db8::1]", b"2001:db8::1"),
            ("haproxy", b"2001:db8::1", b"2001:db8::1"),
            ("haproxy", b"[2001:db8::1]", b"2001:db8::1"),
            *((name, b"2001:db8::1", b"2001:db8::1") for name in PORTLESS),
            *((name, b"[2001:db8::1]", b"2001:db8::1") for name in PORTLESS),
            *((name, b"[::1]:443", b"::1") for name in PORTLESS),
            *((name, b"192.0.2.7:443", b"192.0.2.7:443") for name in PORTLESS),
            *(
                (name, text, text)
                for name in PORTLESS
                for text in (b"[", b"[]", b"[::1", b"::1]", b"[::1]x", b"[::1]:", b"[::1]:123456")
            ),
            ("json", b"192.0.2.7:4711", b"192.0.2.7"),
            ("json", b"[2001:db8::1]:4711", b"2001:db8::1"),
            ("json", b"2001:db8::1", b"2001:db8::1"),
            ("envoy", b"198.51.100.9, 10.0.0.3", b"10.0.0.3"),
        ):
            _, stamp, shape = LINES[name]
            line = filled(shape, stamp, source=text) + b"\n"
            with self.subTest(name, text=text):
                columns = parser_named(name).bind(["source"])(line * 3, FAR_FUTURE)
                self.assertEqual(columns.values["source"], [source] * 3, columns.samples)
                event = parser_named(name).parse_line(line[:-1])
                assert event is not None
                self.assertEqual(event.source.encode(), source)


if __name__ == "__main__":
    unittest.main()
