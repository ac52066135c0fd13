"""The parser for `--client_from`: the source of an event is the client that `X-Forwarded-For` names, not the proxy (`values.clients`)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from ..event import WebLogEvent
from .base import FORWARDED, BoundParser, FormatDrift, Parser
from .columns import Columns
from .lines.http_log import HTTPLogParser
from .lines.template import TemplateFormat
from .values.clients import ClosestUntrusted


class ClientParser(Parser):
    """Reads as `inner` does, but the source is the closest untrusted hop; `trusted` are addresses and networks of proxies."""

    def __init__(self, inner: Parser, trusted: Sequence[str] = ()) -> None:
        self._clients = ClosestUntrusted(trusted)
        if isinstance(inner, HTTPLogParser) and isinstance(inner.format, TemplateFormat):
            inner = HTTPLogParser(inner.format.reading_hops(partial(ClosestUntrusted, trusted)))
        self.name = inner.name
        self.fields = inner.fields | ({"source"} if inner.forwards else set())
        self.sequential = inner.sequential
        self._inner = inner

    def skips(self, line: bytes) -> bool:
        return self._inner.skips(line)

    def parse_line(self, line: bytes) -> WebLogEvent | None:
        return self._inner.parse_line(line)

    def bind(self, fields: Sequence[str], drift: FormatDrift | None = None) -> BoundParser:
        if drift is None:
            self.require(fields)
        if "source" not in fields or not self._inner.forwards:
            return self._inner.bind(fields, drift)
        return _Client(self._inner, self._clients, fields, drift)


class _Client:
    def __init__(self, inner: Parser, clients: ClosestUntrusted, fields: Sequence[str], drift: FormatDrift | None) -> None:
        self._clients = clients
        there = [field for field in fields if field in inner.fields or drift is not None]
        self.inner = inner.bind([*there, FORWARDED], drift)

    def __call__(self, block: bytes, horizon: int) -> Columns:
        columns = self.inner(block, horizon)
        values = columns.values
        values["source"] = list(
            map(self._clients.client, values.get("source", [b"-"] * len(columns.seconds)), values.pop(FORWARDED))
        )
        return columns
