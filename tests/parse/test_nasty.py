"""Nasty lines of every format, field by field, through both paths."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
import unittest

from LogsMonitor2000.parse.base import FIELDS, Malformed, Parser
from LogsMonitor2000.parse.detect import parser_named
from LogsMonitor2000.parse.registry import NAMES

FAR_FUTURE = 1 << 50
CLF, ISO, EPOCH = b"10/Oct/2000:13:55:%s -0700", b"2000-10-10T20:55:%sZ", b"9712113%s"
LOCAL = b"10/Oct/2000 20:55:%s"
DAY = b"2000-10-10 20:55:%s"
W3C = b"#Fields: date time c-ip cs-username cs-method cs-uri-stem cs-uri-query sc-status sc-bytes cs(User-Agent) time-taken\n"

# A line of each format, with what must come before it; %(…)s is put in by the tables below. `q` marks those that quote the whole
# request line, `t` those that have a target.
LINES: dict[str, tuple[str, bytes, bytes]] = {
    "common": ("q", CLF, b'%(source)s - %(user)s [%(time)s] "%(request)s" %(status)s %(size)s'),
    "combined": ("q", CLF, b'%(source)s - %(user)s [%(time)s] "%(request)s" %(status)s %(size)s %(referrer)s "%(agent)s"'),
    "vhost_common": ("q", CLF, b'a.b:80 %(source)s - %(user)s [%(time)s] "%(request)s" %(status)s %(size)s'),
    "vhost_combined": (
        "q",
        CLF,
        b'a.b:80 %(source)s - %(user)s [%(time)s] "%(request)s" %(status)s %(size)s %(referrer)s "%(agent)s"',
    ),
    "forwarded": (
        "q",
        CLF,
        b'%(source)s - %(user)s [%(time)s] "%(request)s" %(status)s %(size)s %(referrer)s "%(agent)s" "10.0.0.9"',
    ),
    "timed": ("q", CLF, b'%(source)s - %(user)s [%(time)s] "%(request)s" %(status)s %(size)s %(referrer)s "%(agent)s" 0.125'),
    "timed_rt": (
        "q",
        CLF,
        b'%(source)s - %(user)s [%(time)s] "%(request)s" %(status)s %(size)s %(referrer)s "%(agent)s" rt=0.125 x',
    ),
    "forwarded_timed": (
        "q",
        CLF,
        b'%(source)s - %(user)s [%(time)s] "%(request)s" %(status)s %(size)s %(referrer)s "%(agent)s" "-" 0.125',
    ),
    "ingress": (
        "q",
        CLF,
        b'%(source)s - %(user)s [%(time)s] "%(request)s" %(status)s %(size)s %(referrer)s "%(agent)s" 4 0.125 [a] []',
    ),
    "traefik": (
        "q",
        CLF,
        b'%(source)s - %(user)s [%(time)s] "%(request)s" %(status)s %(size)s %(referrer)s "%(agent)s" 1 "a" "b" 125ms',
    ),
    "lighttpd": ("q", CLF, b'%(source)s a.b %(user)s [%(time)s] "%(request)s" %(status)s %(size)s %(referrer)s "%(agent)s"'),
    "varnishncsa": ("q", CLF, b'%(source)s - %(user)s [%(time)s] "%(request)s" %(status)s %(size)s %(referrer)s "%(agent)s"'),
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
        b'[%(time)s] "%(request)s" %(status)s - via - "-" 1 %(size)s 125 1 "%(source)s" "%(agent)s" "c" "a.b" "10.0.0.1:80" o - - 10.0.0.9:1 - -',
    ),
    "istio_old": (
        "q",
        ISO,
        b'[%(time)s] "%(request)s" %(status)s - "-" "-" 1 %(size)s 125 1 "%(source)s" "%(agent)s" "c" "a.b" "10.0.0.1:80" o - - 10.0.0.9:1 -',
    ),
    "timed_first": (
        "q",
        CLF,
        b'%(source)s - %(user)s [%(time)s] "%(request)s" %(status)s %(size)s 0.125 %(referrer)s "%(agent)s"',
    ),
    "gunicorn": ("q", CLF, b' - %(user)s [%(time)s] "%(request)s" %(status)s %(size)s "-" "%(agent)s"'),
    "client_time": ("q", CLF, b'%(source)s [%(time)s] "%(request)s" %(status)s %(size)s'),
    "client_dash_time": ("q", CLF, b'%(source)s - [%(time)s] "%(request)s" %(status)s %(size)s'),
    "django": ("q", LOCAL, b'[%(time)s] "%(request)s" %(status)s %(size)s'),
    "werkzeug": ("q", LOCAL, b'%(source)s - %(user)s [%(time)s] "%(request)s" %(status)s %(size)s'),
    "werkzeug_timed": ("q", LOCAL, b'%(source)s - %(user)s [%(time)s] "%(request)s" %(status)s %(size)s 0.0120'),
    "npm_proxy": (
        "t",
        CLF,
        b'[%(time)s] - 404, 200 %(status)s - GET http a.b "%(target)s" [Client 192.0.2.7] [Length %(size)s] [Gzip -]'
        b' [Sent-to 10.0.0.5] "%(agent)s" "-"',
    ),
    "gin": ("t", b"2000/10/10 - 20:55:%s", b'[GIN] %(time)s | %(status)s |  12.5ms |  %(source)s | GET      "%(target)s"'),
    "common_timed": ("q", CLF, b'%(source)s - %(user)s [%(time)s] "%(request)s" %(status)s %(size)s 0.0125'),
    "ingress_old": (
        "q",
        CLF,
        b'%(source)s - [192.0.2.7] - %(user)s [%(time)s] "%(request)s" %(status)s %(size)s "-" "%(agent)s" 4 0.125 [a] 10.0.0.1:80',
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
    "csv": ("q", EPOCH, b'"%(source)s","-","%(user)s",%(time)s,"%(request)s",%(status)s,%(size)s'),
    "w3c": ("t", DAY, W3C + b"%(time)s %(source)s %(user)s GET %(target)s - %(status)s %(size)s %(agent)s 125"),
    "cloudfront": (
        "t",
        DAY.replace(b" ", b"\t"),
        W3C.replace(b"time c-ip", b"time x-edge-location c-ip")
        + b"%(time)s\tFRA2\t%(source)s\t%(user)s\tGET\t%(target)s\t-\t%(status)s\t%(size)s\t%(agent)s\t0.125",
    ),
    "connections": ("", EPOCH, b"%(time)s %(source)s garak"),
    "test_results": ("", b"", b"# Test: %(target)s x\noutput\n# Result: PASS"),
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
    "referrer": b'"-"',
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
    ({"source": b"[2001:db8::1]"}, {"source": b"2001:db8::1"}),
)
QUOTED: tuple[tuple[dict[str, bytes], Any], ...] = (
    ({"request": b"GET /a b/c d HTTP/1.1"}, {"target": b"/a b/c d", "section": b"/a b", "protocol": b"HTTP/1.1"}),
    ({"request": b""}, {"method": b"-", "target": b"-", "section": b"-", "protocol": b"-"}),
    ({"request": b"-", "status": b"408"}, {"section": b"-", "status": b"408"}),
    ({"request": b"\x16\x03\x01\x02 \x01\xfc"}, {"section": b"-"}),
    ({"request": b"\xffSMBr\x00\x00 \x02"}, {"section": b"-", "method": b"\xffSMBr\x00\x00", "target": b"\x02"}),
    ({"request": b"SSH-2.0-Go"}, {"method": b"SSH-2.0-Go", "section": b"-"}),
    ({"request": b"PRI * HTTP/2.0"}, {"method": b"PRI", "target": b"*", "section": b"-", "protocol": b"HTTP/2.0"}),
    ({"request": b"CONNECT host:443 HTTP/1.1"}, {"target": b"host:443", "section": b"-"}),
    ({"request": b"GET http://h:80/p/q?r=/s HTTP/1.1"}, {"section": b"/p", "path": b"/p/q", "target": b"http://h:80/p/q?r=/s"}),
    ({"request": b"GET http://h HTTP/1.1"}, {"section": b"/", "path": b"/"}),
    ({"request": b"GET /?x=/a#b HTTP/1.1"}, {"section": b"/", "path": b"/", "target": b"/?x=/a#b"}),
    ({"request": b"GET /a"}, {"section": b"/a", "protocol": b"-"}),
    ({"request": b"GET /a/\xff\xfe HTTP/1.1"}, {"path": b"/a/\xff\xfe", "section": b"/a"}),
    ({"agent": b"\xd1\x8f a [b] (c)"}, {"agent": b"\xd1\x8f a [b] (c)"}),
    ({"user": b"frank the tank"}, {"user": b"frank the tank", "source": b"192.0.2.7"}),
    ({"referrer": b"-"}, {"referrer": b"-", "agent": b"x", "size": b"5"}),
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
MISSING_STATUS = (
    "alb",
    "elb",
    "s3",
    "haproxy",
    "envoy",
    "istio",
    "istio_old",
    "traefik",
    "npm_proxy",
    "squid",
    "ltsv",
    "logfmt",
    "w3c",
    "cloudfront",
)
"""Formats in which a status may be missing: the others call that malformed."""
MISSING = {"status": b"-", "status_class": b"-"}
NEW_YEAR = 978307200
TIMES: dict[bytes, tuple[tuple[bytes, int | None], ...]] = {
    CLF: (
        (b"29/Oct/2000:01:59:59 +0200", 972777599),
        (b"29/Oct/2000:01:59:59 +0100", 972781199),  # summer time has ended: an hour later
        (b"31/Dec/2000:18:30:00 -0530", NEW_YEAR),
        (b"01/Jan/2001:00:00:00.5 +0000", NEW_YEAR),
        (b"30/Feb/2000:00:00:00 +0000", None),
        (b"01/Jan/2001:00:00:00", NEW_YEAR),
        (b"1/Jan/2001:00:00:00 UTC", NEW_YEAR),
        (b"01/Jan/2001:00:00:00 GMT", NEW_YEAR),
        (b"01/Jan/2001:00:00:00 CET", None),
        (b"-", None),
    ),
    ISO: (
        (b"2001-01-01T00:00:00.999999Z", NEW_YEAR),
        (b"2000-10-29T01:59:59+02:00", 972777599),
        (b"2000-10-29T01:59:59+01:00", 972781199),
        (b"2000-12-31T18:30:00.5-0530", NEW_YEAR),
        (b"2000-02-30T00:00:00Z", None),
        (b"2001-01-01T00:00:00.Z", None),
    ),
    EPOCH: ((b"978307200", NEW_YEAR), (b"978307200.999", NEW_YEAR), (b"978307200,5", None), (b"-1", None), (b"0x1", None)),
    DAY: ((b"2001-01-01 00:00:00", NEW_YEAR), (b"2001-01-01 00:00:00.5", NEW_YEAR), (b"2001-01-32 00:00:00", None)),
}
"""Whole timestamps by how the format writes them, and their seconds."""

SPACED = {"user": b"a b", "target": b"/a b/c?d e", "path": b"/a b/c", "section": b"/a b", "agent": b'x "y" \\', "size": b"5"}
ALB = b'h2 2000-10-10T20:55:00Z app/a/1 192.0.2.7:2817 10.0.0.1:80 %s 200 200 34 5 "GET /a HTTP/1.1" "x" - - x'
ELB = b'2000-10-10T20:55:00Z lb 192.0.2.7:2817 10.0.0.1:80 %s 200 200 34 5 "GET /a HTTP/1.1" "x" - -'
SUMS: tuple[tuple[bytes, bytes | None], ...] = (
    (b"0.000086 0.001048 0.001337", b"0.002471"),
    (b"0.001 59.999 0", b"60"),
    (b"0 0 0", b"0"),
    (b"999999999999999 0.000000000001 0", b"999999999999999.000000000001"),
    (b"-1 -1 -1", None),
    (b"0.001 -1 -1", None),
    (b"0.001 0.125 -1", None),
    (b"- - -", None),
)
ON = b"#Date: 2000-10-10 00:00:00\n"
OWN: dict[str, tuple[tuple[bytes, Any], ...]] = {
    "csv": (
        (b"10.0.0.1,-,-,971211300,GET /a/b HTTP/1.0,200,5", {"source": b"10.0.0.1", "section": b"/a", "size": b"5"}),
        (b' "h" , "-" , "a ""b""" , "971211300" , "GET /a HTTP/1.0" , "200" , "5" ', {"user": b'a "b"', "second": 971211300}),
        (b'"h","-","-",971211300,"GET /a?""b"" HTTP/1.0",200,5', {"target": b'/a?"b"'}),
        (b'"h","-","-",971211300,"GET /a,b HTTP/1.0",200,5', {"section": b"/a,b"}),
        (b'"","","",971211300,"",200,-', {"source": b"-", "user": b"-", "section": b"-", "size": None}),
        (b'"h","-","-",971211300,"GET /a HTTP/1.0",200,5,6', BAD),
        (b'"h","-","-",971211300,"GET /a HTTP/1.0",200', BAD),
        (b'"h"x,"-","-",971211300,"GET /a HTTP/1.0",200,5', BAD),
        (b'"h","-","-",971211300,"GET /a HTTP/1.0,200,5', BAD),
    ),
    "w3c": (
        (ON + b"#Fields: time c-ip cs-uri-stem\n20:55:00 h /a/b", {"second": 971211300, "source": b"h", "section": b"/a"}),
        (ON + b"#Fields: time c-ip\n20:55:00.5 h\n#Date: 2001-01-01 09:00:00\n00:00:00 i", {"second": NEW_YEAR}),
        (b"#Fields: time c-ip\n" + ON + b"20:55:00 h", {"second": 971211300}),
        (ON + W3C + b"2001-01-01 00:00:00 h - GET /a - 200 5 x 1", {"second": NEW_YEAR}),
        (b"#Date: today\n#Fields: time c-ip\n20:55:00 h", BAD),
        (b"#Date: 2000-13-10\n#Fields: time c-ip\n20:55:00 h", BAD),
        (ON + b"#Fields: time c-ip\n2000-10-10 20:55:00 h", BAD),
        (ON + b"#Fields: c-ip cs-uri-stem\nh /a", BAD),
        (ON + b"#Fields: time date c-ip\n20:55:00 2000-10-10 h", BAD),
        (
            W3C + b"2000-10-10 20:55:00 h - GET /a/b c=d?e 200 5 x 1",
            {"target": b"/a/b?c=d?e", "path": b"/a/b", "section": b"/a"},
        ),
        (W3C + b"2000-10-10 20:55:00 h - GET /a/b ?c 200 5 x 1", {"target": b"/a/b?c", "path": b"/a/b"}),
        (W3C + b'2000-10-10 20:55:00 h "a b" GET "/a b/c" "d e" 200 5 "x ""y"" \\" 1', SPACED),
        (W3C + b'2000-10-10 20:55:00 h a+b GET /a/b - 200 5 "x y" 1', {"user": b"a+b", "agent": b"x y", "size": b"5"}),
        (W3C + b'2000-10-10 20:55:00 h "" GET /a/b - 200 5 "" 1', {"user": b"-", "agent": b"-", "size": b"5"}),
        (W3C + b'"2000-10-10" "20:55:00" "h" - GET "/a/b" - "200" "5" x "125"', {"second": 971211300, "duration": b"0.125"}),
        (W3C + b'2000-10-10 20:55:00 h - GET /a"b/c - 200 5 "x"y 1', {"section": b'/a"b', "agent": b'"x"y'}),
        (W3C + b'2000-10-10 20:55:00 h "a GET /a - 200 5 b" 1', {"user": b'"a', "agent": b'b"', "section": b"/a"}),
        (W3C + b'2000-10-10 20:55:00 h - GET "/a b - 200 5 x 1', BAD),
        (W3C + b"2000-10-10 20:55:00 h - GET /a b - 200 5 x 1", BAD),
        (W3C + b"2000-10-10 20:55:00 h - GET  - 200 5 x 1", BAD),
        (W3C + b"2000-10-10 20:55:00 h - GET /a - 200 5 x", BAD),
        (W3C + b"2000-10-10 20:55:00 h - GET /a - 200 5 x 1 2", BAD),
        (b"#Fields: date time cs-uri cs-uri-query\n2000-10-10 20:55:00 /a?b b", {"target": b"/a?b"}),
        (b"#FIELDS: Date Time C-IP\n#Remark: x\n2000-10-10 20:55:00 h", {"source": b"h"}),
    ),
    "cloudfront": (
        (W3C + b'2000-10-10\t20:55:00\th\ta b\tGET\t/a b/c\td e\t200\t5\tx "y"\t0.5', {**SPACED, "agent": b'x "y"'}),
        (W3C + b"2000-10-10\t20:55:00\th\t-\tGET\t/a\t-\t000\t5\tx\t0.001", {"status": b"000", "duration": b"0.001"}),
        (W3C + b"2000-10-10\t20:55:00\th\t\tGET\t/a\t-\t200\t5\tx\t1", BAD),
        (W3C + b"2000-10-10\t20:55:00\th\t-\tGET\t/a\t-\t200\t5\tx", BAD),
    ),
    "alb": tuple((ALB % times, {"duration": total, "size": b"5"}) for times, total in SUMS)
    + tuple((ALB % times, BAD) for times in (b"0 0.125 x", b"0 0.125", b"0  0.125 0", b"0 0.125 -2", b"0 1e-3 0")),
    "elb": tuple((ELB % times, {"duration": total, "size": b"5"}) for times, total in SUMS),
    "connections": (
        (b"1366815793123 quark garak", {"second": 1366815793, "source": b"quark", "vhost": b"garak"}),
        (b"1366815793123456789 quark garak", {"second": 1366815793}),
        (b"1366815793.5 2001:db8::1 [::1]:80", {"source": b"2001:db8::1", "vhost": b"[::1]:80"}),
        (b"1366815793 [::1]:80 garak \t", {"source": b"::1", "vhost": b"garak"}),
        (b"1366815793 \xff\xfe -", {"source": b"\xff\xfe", "vhost": b"-"}),
        (b"1366815793 quark", BAD),
        (b"1366815793 quark ", BAD),
        (b"1366815793 quark garak odo", BAD),
        (b"1366815793  quark garak", BAD),
        (b"1366815793\tquark\tgarak", BAD),
        (b"136681579312345678901 quark garak", BAD),
        (b"quark garak 1366815793", BAD),
        (b"2013-04-24T15:03:13Z quark garak", BAD),
    ),
    "test_results": (
        (
            b"# Test: a b\n# Result: FAIL",
            {"target": b"a", "section": b"a", "path": b"a", "status": b"500", "status_class": b"5"},
        ),
        (b"# Test:a\n# Result:PASS", {"target": b"a", "status": b"200"}),
        (b"# Test:    \xff/\0x y\n\n# Result:   PASS   ", {"target": b"\xff/\0x"}),
        (b"# Test: a\nResult: FAIL\n # Result: FAIL\n#Result: FAIL\n# Result: PASS", {"status": b"200"}),
        (b"# Test: http://h/a?b#c\n# Result: PASS", {"target": b"http://h/a?b#c", "section": b"http://h/a?b#c"}),
        (b"# Test: a\n# Result: MAYBE", BAD),
        (b"# Test: a\n# Result: pass", BAD),
        (b"# Test: a\n# Result:", BAD),
        (b"# Test: a\n# Result: PASS FAIL", BAD),
        (b"# Test: a\n# Result: PASS\t", BAD),
        (b"# Result: PASS", BAD),
    ),
}
"""What only one format has: whole lines, with what must come before them."""


def filled(shape: bytes, timestamp: bytes, second: bytes = b"00", **parts: bytes) -> bytes:
    """A line of that shape; its parts are plain where none are given."""
    put = {**PLAIN, "time": timestamp % second if timestamp else b"", **parts}
    return shape % {name.encode(): part for name, part in put.items()}


def nasty(name: str) -> Iterator[tuple[bytes, Any]]:
    """Every nasty line of a format, and what its fields must be."""
    kind, timestamp, shape = LINES[name]
    tables = (*EVERYWHERE[not kind :], *(QUOTED if kind == "q" else TARGETS if kind == "t" else ()))
    if kind == "q" and name not in ("ltsv", "logfmt", "json", "csv"):
        tables += ESCAPED  # the others have their own ways to escape
    for put, expected in (*tables, ({"status": b"-"}, MISSING if name in MISSING_STATUS else BAD)):
        parts = dict(put)
        second = parts.pop("second", b"00")
        if all(b"%%(%s)s" % part.encode() in shape for part in parts) and (second == b"00" or b":" in timestamp):
            yield filled(shape, timestamp, second, **parts), expected
    for text, seconds in TIMES.get(timestamp, ()):
        yield filled(shape, b"%s", text), BAD if seconds is None else {"second": seconds}
    yield from OWN.get(name, ())


def plain(name: str) -> bytes:
    """A line of a format as it should be."""
    _, timestamp, shape = LINES[name]
    return filled(shape, timestamp)


class Nasty(unittest.TestCase):
    def check(self, parser: Parser, lines: bytes, good: bytes, expected: Any) -> None:
        """Read `lines`, which give one row, in three places among good ones, so that what is learned from those is used."""
        every = [field for field in FIELDS if field in parser.fields]
        bound = parser.bind(every)
        for row, block in (
            (3, good * 3 + lines + b"\n" + good),
            (0, lines.replace(b"\n", b"\r\n") + b"\r\n" + good * 4),
            (4, good * 4 + b"\n" + lines + b"\n"),
        ):
            bound(good * 4, FAR_FUTURE)
            columns = bound(block, FAR_FUTURE)
            if expected is BAD:
                self.assertEqual((columns.malformed, len(columns.seconds)), (1, 4))
                continue
            before = lines.count(b"\n00:00:00 i")  # an event of its own before the last one
            self.assertEqual((columns.malformed, len(columns.seconds)), (0, 5 + before), columns.samples)
            for field, value in expected.items():
                if field == "second":
                    self.assertEqual(columns.seconds[row + before], value)
                elif field in every:
                    self.assertEqual(columns.values[field][row + before], value, field)

    def check_with_care(self, parser: Parser, lines: bytes, expected: Any) -> None:
        """Read `lines` one at a time by the careful path alone, and compare the last one's event."""
        event = None
        wrong = ""
        for line in lines.split(b"\n"):
            try:
                event = (parser.parse_line(line) if parser.sequential or not parser.skips(line) else None) or event
            except Malformed as error:
                wrong = str(error)
        if expected is BAD:
            self.assertTrue(wrong)
            return
        self.assertEqual(wrong, "")
        assert event is not None
        for field, value in expected.items():
            if field == "second":
                self.assertEqual(event.time, value)
            elif field in parser.fields and field != "status_class":
                said = getattr(event, field)
                if field in ("status", "size", "duration"):
                    self.assertEqual(said or 0, 0 if value in (None, b"-") else type(said)(value), field)
                else:
                    self.assertEqual(said.encode("utf-8", "surrogateescape"), value, field)

    def test_tables(self) -> None:
        for name in LINES:
            good = plain(name) + b"\n"
            parser = parser_named(name)
            for lines, expected in nasty(name):
                if b"#" in lines + good:  # a directive, behind which the parser reads lines another way
                    parser = parser_named(name)
                with self.subTest(name, lines=lines):
                    self.check(parser, lines, good, expected)
                    self.check_with_care(parser_named(name) if b"#" in lines + good else parser, lines, expected)

    def test_every_format_has_ten_of_them(self) -> None:
        for name in NAMES:
            with self.subTest(name):
                self.assertGreaterEqual(len(list(nasty(name))), 10)

    def test_spaces_in_front_and_lines_that_were_wrapped(self) -> None:
        for name in LINES:
            good = plain(name) + b"\n"
            if name in ("json", "csv", "test_results"):
                continue
            front, _, last = good[:-1].rpartition(b"\n")
            with self.subTest(name, kind="a leading space"):
                expected = BAD if name in ("logfmt", "ltsv") else {"source": b"192.0.2.7", "section": b"/a"}
                self.check(parser_named(name), front + b"\n " * bool(front) + b" " * (not front) + last, good, expected)
            for cut in (len(last) // 3, len(last) // 2):
                with self.subTest(name, kind="hard-wrapped", cut=cut):
                    self.check(parser_named(name), good[: len(good) - 1 - len(last) + cut], good, BAD)


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
            _, timestamp, shape = LINES[name]
            line = filled(shape, timestamp, source=text) + b"\n"
            with self.subTest(name, text=text):
                columns = parser_named(name).bind(["source"])(line * 3, FAR_FUTURE)
                self.assertEqual(columns.values["source"], [source] * 3, columns.samples)
                event = parser_named(name).parse_line(line[:-1])
                assert event is not None
                self.assertEqual(event.source.encode(), source)


if __name__ == "__main__":
    unittest.main()
