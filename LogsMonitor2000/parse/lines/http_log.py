"""The parser of all formats that are one row of a table: the row's strict parser line by line, its fast pattern block by block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
import re

from ...event import WebLogEvent
from ..base import BoundParser, FormatDrift, Parser, check_length, invalid_time
from ..blocks import BlockReader
from ..columns import Values, event_of
from ..regex import compile_pattern
from ..values.timestamps import NO_TIME
from .formats import Format
from .template import TemplateFormat

_ESCAPED = compile_pattern(rb"\\.")

LineFormat = Format | TemplateFormat
"""A row of the table whose lines one pattern matches."""


class HTTPLogParser(Parser):
    """Reads the lines of one row of `FORMATS`."""

    def __init__(self, log_format: LineFormat) -> None:
        self.name = log_format.name
        self.fields = log_format.fields
        self.forwards = log_format.forwards
        self.format = log_format
        self._timestamps = log_format.timestamps()

    def skips(self, line: bytes) -> bool:
        if isinstance(self.format, TemplateFormat):
            return self.format.skipped.match(line) is not None
        header = self.format.header
        return header is not None and line.replace(b" ", b"").replace(b'"', b"").lower() == header.replace(b'"', b"")

    def parse_line(self, line: bytes) -> WebLogEvent:
        """The event of one line, by the strict parser."""
        second, values = self.read_line(line)
        return event_of(second, values)

    def read_line(self, line: bytes) -> tuple[int, Values]:
        """Second and fields of one line without its end; `Malformed` says what is wrong."""
        check_length(line)
        values = self.format.read(line)
        second = self._timestamps[values["time"]]
        if second == NO_TIME:
            raise invalid_time(values["time"])
        return second, values

    def bind(self, fields: Sequence[str], drift: FormatDrift | None = None) -> BoundParser:
        if drift is None:  # else a line may have what the format lacks
            self.require(fields)
        return self.fast(fields, drift)

    def fast(self, fields: Sequence[str], drift: FormatDrift | None = None, is_typical: bool = False) -> BlockReader:
        """The fast parser of `fields`, which may be more than the format has.

        With `is_typical` it matches typical lines alone: else `combined`, not asked for what comes last, takes any rest of a line.
        """
        row = self.format
        wanted = frozenset(fields) | (self._distinctive if is_typical else frozenset())
        computed = row.computed if isinstance(row, TemplateFormat) else {}
        return BlockReader(self, row.pattern(wanted), fields, row.converters, drift, computed)

    def typical(self, lines: Sequence[bytes]) -> int:
        return sum(map(self.is_typical, lines))

    def is_typical(self, line: bytes) -> bool:
        """Whether the fast pattern matches `line`, or would if nothing in it were escaped."""
        match = self._typical.fullmatch
        return match(line + b"\n") is not None or (b"\\" in line and match(_ESCAPED.sub(b"__", line) + b"\n") is not None)

    @property
    def falls_back(self) -> bool:
        """Whether it also reads lines of a plainer format, without the fields that it has more."""
        return isinstance(self.format, TemplateFormat) and self.format.fallback is not None

    @cached_property
    def _typical(self) -> re.Pattern[bytes]:
        return compile_pattern(self.format.pattern(self._distinctive))

    @property
    def _distinctive(self) -> frozenset[str]:
        return self.fields & {"referrer", "agent"}

    @property
    def timestamps(self) -> Mapping[bytes | None, int]:
        """The format's timestamps → seconds, filled as they are met."""
        return self._timestamps
