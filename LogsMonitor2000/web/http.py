"""HTTP/1.1 without sockets: bytes in, requests out; responses in, bytes out.

Only what a server of GET needs. Requests with a body are answered, but the body is not read: the connection ends after the answer.
Lines may end with a bare line feed, as people type them; whatever else is not as RFC 9112 has it is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import formatdate
import gzip
import hashlib
import re
from typing import NamedTuple, Protocol

from ..limits import GZIP_BYTES_MIN, REQUEST_BYTES_MAX

PHRASES = {
    200: "OK",
    204: "No Content",
    304: "Not Modified",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    421: "Misdirected Request",
    422: "Unprocessable Content",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    503: "Service Unavailable",
}
REQUEST_LINE = re.compile(rb"([A-Z]{1,20}) ([!-~]+) HTTP/1\.([0-9])\r?")
BLANK_LINE = re.compile(rb"\n\r?\n")
HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*?)[ \t]*")
ABSOLUTE = re.compile(r"[Hh][Tt][Tt][Pp][Ss]?://([^/?#]*)([/?].*)?")
COMPRESSIBLE = ("text/", "application/json", "application/javascript", "image/svg+xml")


class BadRequest(Exception):
    """What was received is not a request that can be answered."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


class Request(NamedTuple):
    """`path` and `query` are as they were sent; names of `headers` are in lower case. `keeps_alive`: another request may follow."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = {}
    keeps_alive: bool = False


class RequestParser:
    """Takes the bytes of one connection as they come, and gives one request after the other."""

    __slots__ = ("_data", "_searched")

    def __init__(self) -> None:
        self._data = b""
        self._searched = 0

    def feed(self, data: bytes) -> None:
        self._data += data

    @property
    def has_begun(self) -> bool:
        """Whether a part of a request is there."""
        return bool(self._data)

    def next(self) -> Request | None:
        """The next request; None as long as it is not complete. Raises `BadRequest`, after which nothing more can be read."""
        data = self._data = self._data.lstrip(b"\r\n")
        line, has_line, _ = data.partition(b"\n")
        match = REQUEST_LINE.fullmatch(line)
        if has_line and match is None:
            raise BadRequest(400, "this is not an HTTP/1.1 request")
        end = BLANK_LINE.search(data, max(0, self._searched - 2)) if has_line else None
        if end is None:
            if len(data) > REQUEST_BYTES_MAX:
                raise BadRequest(431, f"the request is longer than {REQUEST_BYTES_MAX} bytes")
            self._searched = len(data)
            return None
        if end.end() > REQUEST_BYTES_MAX:
            raise BadRequest(431, f"the request is longer than {REQUEST_BYTES_MAX} bytes")
        assert match is not None
        self._data, self._searched = data[end.end() :], 0
        lines = data[len(line) + 1 : end.start() + 1].decode("latin-1").split("\n")[:-1]
        return _request(match[1].decode(), match[2].decode(), match[3] == b"0", lines)


def _request(method: str, target: str, is_1_0: bool, lines: list[str]) -> Request:
    headers: dict[str, str] = {}
    for line in lines:
        match = HEADER.fullmatch(line.removesuffix("\r"))
        if match is None:
            raise BadRequest(400, "a header is not valid")
        name = match[1].lower()
        if name in ("host", "content-length", "authorization") and name in headers:
            raise BadRequest(400, f"the header {name} is repeated")
        headers[name] = f"{headers[name]}, {match[2]}" if name in headers else match[2]
    if absolute := ABSOLUTE.fullmatch(target):
        headers["host"], target = absolute[1], absolute[2] or "/"
    elif not target.startswith("/") and (method, target) != ("OPTIONS", "*"):
        raise BadRequest(400, "the request target is not a path")
    if "host" not in headers and not is_1_0:
        raise BadRequest(400, "the header host is missing")
    has_body = "transfer-encoding" in headers or headers.get("content-length", "0").lstrip("0") != ""
    tokens = [token.strip().lower() for token in headers.get("connection", "").split(",")]
    keeps_alive = not has_body and "close" not in tokens and (not is_1_0 or "keep-alive" in tokens)
    path, _, query = target.partition("#")[0].partition("?")
    return Request(method, path or "/", query, headers, keeps_alive)


class Response:
    """What a request is answered with. One may answer many requests: it is compressed and hashed once.

    `cache` is the value of `Cache-Control`; answers that may be stored have an `ETag`.
    """

    __slots__ = ("status", "body", "content_type", "headers", "cache", "_gzipped", "_etag")

    def __init__(
        self,
        status: int,
        body: bytes = b"",
        content_type: str = "text/plain; charset=utf-8",
        headers: tuple[tuple[str, str], ...] = (),
        cache: str = "no-store",
    ) -> None:
        self.status = status
        self.body = body
        self.content_type = content_type
        self.headers = headers
        self.cache = cache
        self._gzipped: bytes | None = None
        self._etag = ""

    @property
    def etag(self) -> str:
        """A weak one, since it is the same for the compressed body; "" for what is not to be stored."""
        if not self._etag and self.status == 200 and self.cache != "no-store":
            self._etag = f'W/"{hashlib.blake2b(self.body, digest_size=12).hexdigest()}"'
        return self._etag

    @property
    def is_compressible(self) -> bool:
        return len(self.body) >= GZIP_BYTES_MIN and self.content_type.startswith(COMPRESSIBLE)

    def gzipped(self) -> bytes:
        if self._gzipped is None:
            self._gzipped = gzip.compress(self.body, 5, mtime=0)
        return self._gzipped

    def with_headers(self, *headers: tuple[str, str]) -> Response:
        """The same, sharing its body, with further headers."""
        other = Response(self.status, self.body, self.content_type, (*self.headers, *headers), self.cache)
        other._gzipped, other._etag = self._gzipped, self._etag
        return other


class Feed(Protocol):
    """What an endless answer consists of."""

    def read(self) -> bytes:
        """What is to be sent next; b"" if there is nothing now."""


class Stream:
    """An answer that does not end: `headers`, and then what `feed` has."""

    def __init__(self, feed: Feed, content_type: str, headers: tuple[tuple[str, str], ...] = ()) -> None:
        self.feed = feed
        self.content_type = content_type
        self.headers = headers

    def with_headers(self, *headers: tuple[str, str]) -> Stream:
        return Stream(self.feed, self.content_type, (*self.headers, *headers))


Answer = Response | Stream


def encoded(response: Response, request: Request | None, now: float) -> tuple[bytes, bytes]:
    """The head and the body of an answer to `request`; None stands for one that could not be understood. `now` is the time of day."""
    status, body, fields = response.status, response.body, [("Date", formatdate(now, usegmt=True))]
    wanted = request.headers if request is not None else {}
    if status == 200 and response.etag:
        fields.append(("ETag", response.etag))
        if _matches(wanted.get("if-none-match", ""), response.etag):
            status, body = 304, b""
    if response.is_compressible:
        fields.append(("Vary", "Accept-Encoding"))
        if status != 304 and _takes_gzip(wanted.get("accept-encoding", "")):
            body = response.gzipped()
            fields.append(("Content-Encoding", "gzip"))
    if status not in (204, 304):
        fields += [("Content-Type", response.content_type), ("Content-Length", str(len(body)))]
    fields += [("Cache-Control", response.cache), ("X-Content-Type-Options", "nosniff"), *response.headers]
    fields.append(("Connection", "keep-alive" if request is not None and request.keeps_alive else "close"))
    if request is not None and request.method == "HEAD":
        body = b""
    return head_of(status, fields), body


def head_of(status: int, fields: list[tuple[str, str]]) -> bytes:
    """A status line and headers, up to the blank line."""
    lines = [f"HTTP/1.1 {status} {PHRASES[status]}", *(f"{name}: {value}" for name, value in fields), "", ""]
    return "\r\n".join(lines).encode("latin-1", "replace")


def _matches(condition: str, etag: str) -> bool:
    """Whether `If-None-Match` names `etag`, compared weakly."""
    return bool(condition) and (condition.strip() == "*" or etag[2:] in re.findall(r'"[^"]*"', condition))


def _takes_gzip(accepted: str) -> bool:
    for part in accepted.lower().split(","):
        coding, _, parameter = part.partition(";")
        if coding.strip() in ("gzip", "x-gzip", "*"):
            return re.fullmatch(r"\s*q\s*=\s*0(\.0*)?\s*", parameter) is None
    return False
