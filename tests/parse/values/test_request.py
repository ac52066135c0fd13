"""Requests taken apart, the strange ones too."""

from __future__ import annotations

import random
import unittest

from LogsMonitor2000.parse.values.request import Request, section_of, split_request


class Section(unittest.TestCase):
    TABLE = (
        (b"/api/user?x=1", b"/api"),
        (b"/", b"/"),
        (b"/api", b"/api"),
        (b"/api/", b"/api"),
        (b"/report?x=1", b"/report"),
        (b"/report#x", b"/report"),
        (b"/?x=/a/b", b"/"),
        (b"/#/a", b"/"),
        (b"/a?b#c/d", b"/a"),
        (b"//x", b"/"),
        (b"///", b"/"),
        (b"/API/user", b"/API"),
        (b"/%61pi/x", b"/%61pi"),
        (b"/a%2Fb/c", b"/a%2Fb"),
        (b"/a b/c", b"/a b"),
        (b"/../etc/passwd", b"/.."),
        (b"/\xff\xfe/x", b"/\xff\xfe"),
        (b"/a;v=1/b", b"/a;v=1"),
        (b"http://h/pages/create", b"/pages"),
        (b"http://h", b"/"),
        (b"http://h/", b"/"),
        (b"http://h?x=1", b"/"),
        (b"http://h#x", b"/"),
        (b"http://h?x=/a", b"/"),
        (b"HTTPS://user:pass@h:8443/a/b", b"/a"),
        (b"http://[::1]:80/a", b"/a"),
        (b"http:///a", b"/a"),
        (b"svn+ssh://h/a/b", b"/a"),
        (b"http:/a", b"-"),
        (b"://h/a", b"-"),
        (b"1http://h/a", b"-"),
        (b"host:443", b"-"),
        (b"*", b"-"),
        (b"", b"-"),
        (b"-", b"-"),
        (b"api/user", b"-"),
        (b"?x=/a", b"-"),
        (b" /a", b"-"),
        (b"\x16\x03\x01", b"-"),
    )

    def test_the_first_segment_of_the_path(self) -> None:
        for target, section in self.TABLE:
            with self.subTest(target):
                self.assertEqual(section_of(target), section)


class Split(unittest.TestCase):
    TABLE = (
        (b"GET /api/user HTTP/1.0", b"GET", b"/api/user", b"/api", b"HTTP/1.0"),
        (b"POST /report?x=1 HTTP/2.0", b"POST", b"/report?x=1", b"/report", b"HTTP/2.0"),
        (b"GET / HTTP/3", b"GET", b"/", b"/", b"HTTP/3"),
        (b"GET /x", b"GET", b"/x", b"/x", b"-"),
        (b"GET /a b/c HTTP/1.1", b"GET", b"/a b/c", b"/a b", b"HTTP/1.1"),
        (b"GET /a b", b"GET", b"/a b", b"/a b", b"-"),
        (b"GET /x http/1.1", b"GET", b"/x", b"/x", b"http/1.1"),
        (b"GET /x HTTP/1.0 HTTP/1.1", b"GET", b"/x", b"/x", b"HTTP/1.0 HTTP/1.1"),
        (b"GET /HTTP/1.1 HTTP/1.1", b"GET", b"/HTTP/1.1", b"/HTTP", b"HTTP/1.1"),
        (b"GET http://h/pages/create HTTP/1.1", b"GET", b"http://h/pages/create", b"/pages", b"HTTP/1.1"),
        (b"CONNECT host:443 HTTP/1.1", b"CONNECT", b"host:443", b"-", b"HTTP/1.1"),
        (b"OPTIONS * HTTP/1.1", b"OPTIONS", b"*", b"-", b"HTTP/1.1"),
        (b"PRI * HTTP/2.0", b"PRI", b"*", b"-", b"HTTP/2.0"),
        (b"DESCRIBE /cam RTSP/1.0", b"DESCRIBE", b"/cam", b"/cam", b"RTSP/1.0"),
        (b"OPTIONS sip:nm SIP/2.0", b"OPTIONS", b"sip:nm", b"-", b"SIP/2.0"),
        (b"GET /a version/x", b"GET", b"/a version/x", b"/a version", b"-"),
        (b"GET ", b"GET", b"-", b"-", b"-"),
        (b"GET  HTTP/1.1", b"GET", b"-", b"-", b"HTTP/1.1"),
        (b"-", b"-", b"-", b"-", b"-"),
        (b"", b"-", b"-", b"-", b"-"),
        (b" ", b"-", b"-", b"-", b"-"),
        (b" /x HTTP/1.1", b"-", b"/x", b"/x", b"HTTP/1.1"),
        (b"quit", b"quit", b"-", b"-", b"-"),
        (b"\x16\x03\x01\x02\x00\x01\x00", b"\x16\x03\x01\x02\x00\x01\x00", b"-", b"-", b"-"),
        (b"\x16\x03 /\xfc", b"\x16\x03", b"/\xfc", b"/\xfc", b"-"),
    )

    def test_method_target_section_protocol(self) -> None:
        for request, *parts in self.TABLE:
            with self.subTest(request):
                self.assertEqual(split_request(request), Request(*parts))

    def test_no_part_is_ever_empty_and_the_section_is_a_path_or_none(self) -> None:
        draw = random.Random(17)
        tokens = (b" ", b"  ", b"/", b"?", b"#", b"GET", b"HTTP/1.1", b" HTTP/", b"http://h", b"*", b"\xff", b'"', b"a", b":")
        for _ in range(2_000):
            request = b"".join(draw.choices(tokens, k=draw.randrange(8)))
            parts = split_request(request)
            with self.subTest(request):
                self.assertTrue(all(parts))
                self.assertTrue(parts.section == b"-" or parts.section.startswith(b"/"))
                self.assertEqual(parts.section, section_of(parts.target))
