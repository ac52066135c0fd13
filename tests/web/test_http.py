"""HTTP without sockets: requests whole, in pieces and in a row; answers with what the client already has left out."""

from __future__ import annotations

import gzip
from random import Random
import time
import unittest

from LogsMonitor2000.limits import GZIP_BYTES_MIN, REQUEST_BYTES_MAX
from LogsMonitor2000.web.http import BadRequest, Request, RequestParser, Response, encoded

NOW = 1_600_000_000
HOST = b"Host: x\r\n"

GOOD: tuple[tuple[bytes, Request], ...] = (
    (b"GET /here HTTP/1.1\r\nHost: x\r\n\r\n", Request("GET", "/here", "", {"host": "x"}, True)),
    (b"GET /here?a=1&b HTTP/1.1\r\nHost: x\r\n\r\n", Request("GET", "/here", "a=1&b", {"host": "x"}, True)),
    (b"GET /h?#frag HTTP/1.1\r\nHost: x\r\n\r\n", Request("GET", "/h", "", {"host": "x"}, True)),
    (b"HEAD / HTTP/1.1\nHost: x\n\n", Request("HEAD", "/", "", {"host": "x"}, True)),  # as people type it
    (b"\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", Request("GET", "/", "", {"host": "x"}, True)),
    (b"GET / HTTP/1.0\r\n\r\n", Request("GET", "/", "", {}, False)),
    (
        b"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
        Request("GET", "/", "", {"connection": "Keep-Alive"}, True),
    ),
    (
        b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        Request("GET", "/", "", {"host": "x", "connection": "close"}, False),
    ),
    (b"GET http://y:8/a?b HTTP/1.1\r\nHost: x\r\n\r\n", Request("GET", "/a", "b", {"host": "y:8"}, True)),
    (b"GET HTTP://y HTTP/1.1\r\nHost: x\r\n\r\n", Request("GET", "/", "", {"host": "y"}, True)),
    (b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", Request("OPTIONS", "*", "", {"host": "x"}, True)),
    (
        b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n",
        Request("POST", "/a", "", {"host": "x", "content-length": "5"}, False),
    ),
    (
        b"GET /a HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
        Request("GET", "/a", "", {"host": "x", "content-length": "0"}, True),
    ),
    (
        b"GET /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
        Request("GET", "/a", "", {"host": "x", "transfer-encoding": "chunked"}, False),
    ),
    (
        b"GET / HTTP/1.1\r\nHost: x\r\nX:  a \t b \r\nx: c\r\nEmpty:\r\n\r\n",
        Request("GET", "/", "", {"host": "x", "x": "a \t b, c", "empty": ""}, True),
    ),
)
BAD: tuple[tuple[bytes, int], ...] = (
    (b"GET /here\r\n", 400),  # HTTP/0.9
    (b"GET / HTTP/2.0\r\n", 400),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    (b"GET /he re HTTP/1.1\r\n", 400),
    (b"GET /h\xc3\xa9re HTTP/1.1\r\n", 400),
    (b"GET /here\x00 HTTP/1.1\r\n", 400),
    (b"GET /here\rX HTTP/1.1\r\n", 400),
    (b"get /here HTTP/1.1\r\n", 400),
    (b"GET  HTTP/1.1\r\n", 400),
    (b"GET here HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    (b"GET ftp://x/ HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\n", 400),  # TLS
    (b"\x00\xff" * 100 + b"\n", 400),
    (b"GET / HTTP/1.1\r\n\r\n", 400),  # no host
    (b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: x\r\nA\x00: y\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: x\r\nA: \x1b[31m\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
    (b"G" * (REQUEST_BYTES_MAX + 1), 431),
    (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 3000, 431),
    (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * REQUEST_BYTES_MAX + b"\r\n\r\n", 431),
)


def parsed(data: bytes, size: int) -> Request | int | None:
    """What comes of `data` in pieces of `size`: a request, or the status of the problem."""
    parser = RequestParser()
    for start in range(0, len(data), size):
        parser.feed(data[start : start + size])
        try:
            request = parser.next()
        except BadRequest as problem:
            return problem.status
        if request is not None:
            return request
    return None


class Requests(unittest.TestCase):
    def test_each_is_read_however_it_comes(self) -> None:
        for data, request in GOOD:
            for size in (len(data), 1, 7):
                with self.subTest(data=data[:40], size=size):
                    self.assertEqual(parsed(data, size), request)

    def test_what_is_none_is_refused_however_it_comes(self) -> None:
        for data, status in BAD:
            for size in (len(data), 1 if len(data) < 300 else 1000):
                with self.subTest(data=data[:60], size=size):
                    self.assertEqual(parsed(data, size), status)

    def test_several_in_a_row(self) -> None:
        parser = RequestParser()
        whole = [data for data, request in GOOD]
        parser.feed(b"".join(whole) + b"GET /unfinished")
        self.assertEqual([parser.next() for _ in GOOD], [request for _, request in GOOD])
        self.assertIsNone(parser.next())
        self.assertTrue(parser.has_begun)

    def test_a_byte_at_a_time_costs_no_more_than_it_should(self) -> None:
        begun = time.process_time()
        parsed(b"GET / HTTP/1.1\r\n" + b"X: yyyyyyyy\r\n" * 2000, 1)
        self.assertLess(time.process_time() - begun, 20)

    def test_anything_at_all_is_a_request_or_refused(self) -> None:
        rng = Random(5)
        alphabet = (b"GET ", b"/", b" HTTP/1.1", b"\r\n", b"\n", b"Host: x", b":", b" ", b"\x00", b"a", b"%", b"\xff")
        for _ in range(2000):
            data = b"".join(rng.choice(alphabet) for _ in range(rng.randrange(30)))
            found = parsed(data, max(1, len(data)))
            self.assertEqual(parsed(data, 1) if not isinstance(found, int) else found, found)


def reply(response: Response, request: Request | None) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body as a client reads them."""
    head, body = encoded(response, request, NOW)
    first, *lines = head.decode("latin-1").split("\r\n")[:-2]
    return int(first.split()[1]), dict(line.split(": ", 1) for line in lines), body


def get(**headers: str) -> Request:
    return Request("GET", "/", "", {"host": "x", **{name.replace("_", "-"): value for name, value in headers.items()}}, True)


class Responses(unittest.TestCase):
    LONG = Response(200, b"abc " * GZIP_BYTES_MIN, "application/json", cache="no-cache")

    def test_a_plain_one(self) -> None:
        self.assertEqual(
            encoded(Response(404, b"no\n"), get(), NOW),
            (
                b"HTTP/1.1 404 Not Found\r\nDate: Sun, 13 Sep 2020 12:26:40 GMT\r\nContent-Type: text/plain; charset=utf-8\r\n"
                b"Content-Length: 3\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: keep-alive\r\n\r\n",
                b"no\n",
            ),
        )
        self.assertEqual(reply(Response(200, b"x"), None)[1]["Connection"], "close")
        self.assertNotIn("ETag", reply(Response(200, b"x"), get())[1], "what must not be stored needs none")

    def test_head_is_get_without_its_body(self) -> None:
        for response in (self.LONG, Response(200, b"x"), Response(404, b"no")):
            for headers in ({}, {"accept_encoding": "gzip"}, {"if_none_match": self.LONG.etag}):
                request = get(**headers)
                head = request._replace(method="HEAD")
                self.assertEqual(encoded(response, head, NOW), (encoded(response, request, NOW)[0], b""))

    def test_what_the_client_has_is_not_sent_again(self) -> None:
        etag = reply(self.LONG, get())[1]["ETag"]
        for condition, status in (
            (etag, 304),
            (etag.removeprefix("W/"), 304),
            (f'"other", {etag}', 304),
            ("*", 304),
            ('"other"', 200),
            ("other", 200),
            ("", 200),
        ):
            with self.subTest(condition=condition):
                found, headers, body = reply(self.LONG, get(if_none_match=condition))
                self.assertEqual((found, bool(body)), (status, status == 200))
                self.assertEqual(headers["ETag"], etag)
                self.assertEqual("Content-Length" in headers, status == 200)

    def test_long_texts_are_compressed_for_those_who_can_read_that(self) -> None:
        for accepted, is_gzip in (
            ("gzip", True),
            ("deflate, GZIP;q=0.5", True),
            ("*", True),
            ("br, gzip ; q=1.0", True),
            ("gzip;q=0", False),
            ("gzip; q=0.000", False),
            ("br", False),
            ("", False),
        ):
            with self.subTest(accepted=accepted):
                _, headers, body = reply(self.LONG, get(accept_encoding=accepted))
                self.assertEqual(headers.get("Content-Encoding"), "gzip" if is_gzip else None)
                self.assertEqual(gzip.decompress(body) if is_gzip else body, self.LONG.body)
                self.assertEqual((headers["Vary"], headers["Content-Length"]), ("Accept-Encoding", str(len(body))))
        for response in (Response(200, b"short", "application/json"), Response(200, b"x" * 9999, "image/png")):
            self.assertNotIn("Content-Encoding", reply(response, get(accept_encoding="gzip"))[1])

    def test_compressed_once_for_all(self) -> None:
        other = self.LONG.with_headers(("X-More", "1"))
        self.assertIs(self.LONG.gzipped(), self.LONG.gzipped())
        self.assertIs(self.LONG.with_headers().gzipped(), self.LONG.gzipped())
        self.assertEqual((reply(other, get())[1]["X-More"], other.etag), ("1", self.LONG.etag))

    def test_no_content(self) -> None:
        status, headers, body = reply(Response(204, headers=(("Allow", "GET"),)), get())
        self.assertEqual((status, headers["Allow"], body), (204, "GET", b""))
        self.assertNotIn("Content-Length", headers)


if __name__ == "__main__":
    unittest.main()
