"""Who the client is when proxies stand between: the first hop of `X-Forwarded-For`, from the near end, that is no proxy of one's own.

Proxies append whom they were connected by, so what is nearest to us stands last, and everything left of the first address that
nobody of us vouches for may have been made up by the client. Trusted are private, loopback and link-local addresses.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import ip_address

from ...event import WebLogEvent
from ...limits import FORWARDED_BYTES_MAX
from ..base import FORWARDED, BoundParser, Columns, Parser
from ..lines.http_log import HTTPLogParser
from ..lines.template import TemplateFormat
from .fields import WITHOUT_PORT, Converter


@lru_cache(maxsize=20_000)
def client_of(source: bytes | None, forwarded: bytes | None) -> bytes | None:
    """The first untrusted hop; the far end when all are trusted, and `source` when there is no list."""
    if not forwarded or forwarded == b"-" or len(forwarded) > FORWARDED_BYTES_MAX:
        return source
    hops = [hop for part in forwarded.split(b",") if (hop := WITHOUT_PORT[part.strip(b' \t"')])]
    for hop in reversed(hops):
        if not _trusted(hop):
            return hop
    return hops[0] if hops else source


class FirstUntrusted(Converter):
    """The client out of a list of hops."""

    def convert(self, text: bytes) -> bytes | None:
        return client_of(b"-", text)


def _trusted(hop: bytes) -> bool:
    try:
        address = ip_address(hop.decode("ascii"))
    except ValueError:
        return False
    return address.is_private or address.is_loopback or address.is_link_local


class ClientParser(Parser):
    """Reads as `inner` does, but the source is who `X-Forwarded-For` says."""

    def __init__(self, inner: Parser) -> None:
        if isinstance(inner, HTTPLogParser) and isinstance(inner.format, TemplateFormat):
            inner = HTTPLogParser(inner.format.reading_hops(FirstUntrusted))
        self.name = inner.name
        self.fields = inner.fields | ({"source"} if inner.forwards else set())
        self.sequential = inner.sequential
        self._inner = inner

    def skips(self, line: bytes) -> bool:
        return self._inner.skips(line)

    def parse_line(self, line: bytes) -> WebLogEvent | None:
        return self._inner.parse_line(line)

    def bind(self, fields: Sequence[str]) -> BoundParser:
        if self.otherwise is None:
            self.require(fields)
        self._inner.otherwise = self.otherwise
        if "source" not in fields or not self._inner.forwards:
            return self._inner.bind(fields)
        return _Client(self._inner, fields)


class _Client:
    def __init__(self, inner: Parser, fields: Sequence[str]) -> None:
        there = [field for field in fields if field in inner.fields or inner.otherwise is not None]
        self.inner = inner.bind([*there, FORWARDED])

    def __call__(self, block: bytes, horizon: int) -> Columns:
        columns = self.inner(block, horizon)
        values = columns.values
        values["source"] = list(map(client_of, values.get("source", [b"-"] * len(columns.seconds)), values.pop(FORWARDED)))
        return columns
