"""The parser of all built-in formats: blocks of lines matched by one compiled pattern, and a careful look at what it misses.

The pattern has two alternatives: a line of the format, or any line at all. So every line gives exactly one row, in C, and the
row's number is the line's. A row of the second kind, or one whose time stamp is none, is read again by the format's careful
reader: garbage costs only itself.

Trust, then check: the quick pattern's `[^ ]` may run over a line's end, which is a third faster than forbidding it. It has done
so exactly when there are fewer rows than newlines; then the block is matched again by a pattern that forbids it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import compress
import re
from typing import Protocol

from ...event import WebLogEvent
from ...limits import LINE_BYTES_MAX
from ..base import (
    BoundParser,
    Column,
    Columns,
    Malformed,
    Parser,
    Rejects,
    Run,
    check_horizon,
    check_length,
    is_all_blank,
    is_blank,
)
from ..regex import compile_pattern
from ..runs import Changes
from ..values.fields import Converter
from ..values.timestamps import NO_TIME
from .formats import Format, Values
from .template import TemplateFormat

ANY_LINE = rb"|.*+\n"
NO_LINE = rb"(?!)(?P<time>)\n"
"""The pattern of a format that takes no line: all are read with care."""
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
        self._stamps = log_format.stamps()

    def skips(self, line: bytes) -> bool:
        header = self.format.header
        return header is not None and line.replace(b" ", b"").replace(b'"', b"").lower() == header.replace(b'"', b"")

    def parse_line(self, line: bytes) -> WebLogEvent:
        """The event of one line, by the careful path."""
        second, values = self.read_line(line)
        return event_of(second, values)

    def read_line(self, line: bytes) -> tuple[int, Values]:
        """Second and fields of one line without its end; `Malformed` says what is wrong."""
        check_length(line)
        values = self.format.read(line)
        stamp = values["time"]
        assert stamp is not None
        second = self._stamps[stamp]
        if second == NO_TIME:
            raise Malformed(f"the time is no time: {stamp[:40].decode('ascii', 'backslashreplace')}")
        return second, values

    def bind(self, fields: Sequence[str]) -> BoundParser:
        if self.otherwise is None:  # else a line may have what the format lacks
            self.require(fields)
        return BlockReader(self, self.format.pattern(frozenset(fields)), fields, self.format.converters)

    def typical(self, lines: Sequence[bytes]) -> int:
        return sum(map(self.is_typical, lines))

    def is_typical(self, line: bytes) -> bool:
        """Whether the fast path takes `line`, or would if nothing in it were escaped."""
        takes = self._typical.fullmatch
        return takes(line + b"\n") is not None or (b"\\" in line and takes(_ESCAPED.sub(b"__", line) + b"\n") is not None)

    @property
    def falls_back(self) -> bool:
        """Whether it also reads lines of a plainer format, without what it has more."""
        return isinstance(self.format, TemplateFormat) and self.format.fallback is not None

    @cached_property
    def _typical(self) -> re.Pattern[bytes]:
        return compile_pattern(self.format.pattern(frozenset()))

    @property
    def stamps(self) -> dict[bytes | None, int]:
        """The format's time stamps → seconds, filled as they are met."""
        return self._stamps


def event_of(second: int, values: Values) -> WebLogEvent:
    """The event of a line whose fields are `values`."""
    status, size, duration = (values.get(name) for name in ("status", "size", "duration"))
    text = {
        name: "-" if value is None else value.decode("utf-8", "surrogateescape")
        for name, value in values.items()
        if name in WebLogEvent._fields and name not in ("time", "status", "size", "duration")
    }
    return WebLogEvent(
        second,
        status=int(status) if status and status != b"-" else None,
        size=int(size or 0),
        duration=float(duration) if duration else None,
        **text,
    )


class Careful(Protocol):
    """What a block reader needs of a parser: the careful path."""

    @property
    def otherwise(self) -> Changes | None: ...

    @property
    def stamps(self) -> dict[bytes | None, int]: ...

    def skips(self, line: bytes) -> bool: ...

    def read_line(self, line: bytes) -> tuple[int, Values]: ...


class BlockReader:
    """A parser bound to fields: called with a block, gives its columns. `missed` is how many rows of it the pattern did not take.

    `cautious` is a pattern for blocks in which one of `triggers` occurs, where that means something: a backslash in most cases.
    """

    def __init__(
        self,
        parser: Careful,
        pattern: bytes,
        fields: Sequence[str],
        converters: Mapping[str, Converter],
        cautious: bytes | None = None,
        triggers: Sequence[bytes] = (b"\\",),
    ) -> None:
        self.missed = 0
        self._parser = parser
        self._second_of = parser.stamps.__getitem__
        self._patterns = (pattern, pattern if cautious is None else cautious)
        self._compiled: dict[tuple[bool, bool], re.Pattern[bytes]] = {}
        self._triggers = triggers
        self._cautious = cautious is not None
        self._quick = self._pattern(False, False)
        groups = self._quick.groupindex
        self._stride = self._quick.groups + 1
        self._time = groups["time"]
        self._columns = [(field, groups.get(field)) for field in fields]
        self._converted = [(field, converters[field].__getitem__) for field in fields if field in converters]
        self._absent: dict[str, bytes | None] = {
            field: None if field in ("size", "duration") else b"-" for field in fields if field not in groups
        }

    def _pattern(self, cautious: bool, strict: bool) -> re.Pattern[bytes]:
        compiled = self._compiled.get((cautious, strict))
        if compiled is None:
            pattern = self._patterns[cautious]
            compiled = compile_pattern((pattern.replace(b"[^", rb"[^\n") if strict else pattern) + ANY_LINE)
            self._compiled[cautious, strict] = compiled
        return compiled

    def _is_triggered(self, block: bytes) -> bool:
        return self._cautious and any(trigger in block for trigger in self._triggers)

    def takes(self, line: bytes) -> bool:
        """Whether the pattern takes `line`."""
        found = self._pattern(self._is_triggered(line), True).match(line + b"\n")
        return found is not None and found["time"] is not None

    def rows(self, block: bytes) -> tuple[list[int], dict[str, Column]]:
        """For each line its second, `NO_TIME` where the pattern does not take it, and the columns."""
        # `split` gives the groups of all matches as one flat list, with nothing between them: columns are its strides.
        cautious = self._is_triggered(block)
        flat = (self._pattern(True, False) if cautious else self._quick).split(block)
        line_count = count_lines(block)
        stride = self._stride
        if len(flat) != line_count * stride + 1:
            flat = self._pattern(cautious, True).split(block)
        seconds = list(map(self._second_of, flat[self._time :: stride]))
        values: dict[str, Column] = {
            field: [self._absent[field]] * len(seconds) if group is None else flat[group::stride]
            for field, group in self._columns
        }
        for field, convert in self._converted:
            values[field] = list(map(convert, values[field]))
        return seconds, values

    def __call__(self, block: bytes, horizon: int) -> Columns:
        if is_all_blank(block):
            self.missed = 0
            return Columns(block.count(b"\n"), 0, [], [], [], {field: [] for field, _ in self._columns}, [])
        seconds, values = self.rows(block)
        ascending = sorted(seconds)
        self.missed = 0
        too_long = len(block) > LINE_BYTES_MAX and any(len(line) > LINE_BYTES_MAX for line in block.split(b"\n"))
        if not too_long and (not seconds or (ascending[0] != NO_TIME and ascending[-1] <= horizon)):
            changes = self._parser.otherwise
            runs = [Run(0, seconds[0], changes.name)] if changes is not None and seconds else ()
            return Columns(len(seconds), 0, [], seconds, ascending, values, runs=runs)
        self.missed = bisect_right(ascending, NO_TIME)
        return self._look_again(block, horizon, seconds, values)

    def _look_again(self, block: bytes, horizon: int, seconds: list[int], values: dict[str, Column]) -> Columns:
        """Read the rows that the pattern missed, or that cannot stand, with care; drop those that are no events."""
        lines = block.split(b"\n")
        kept = [True] * len(seconds)
        unfit: dict[int, str] = {}
        for row, second in enumerate(seconds):
            line = lines[row]
            if NO_TIME < second <= horizon and len(line) <= LINE_BYTES_MAX:
                continue
            line = line.removesuffix(b"\r")
            if is_blank(line) or self._parser.skips(line):
                kept[row] = False
                continue
            try:
                second, fields = self._parser.read_line(line)
                check_horizon(second, horizon)
            except Malformed as error:
                unfit[row] = str(error)
                kept[row] = False
                continue
            seconds[row] = second
            for field, column in values.items():
                column[row] = fields[field] if field in fields else self._absent[field]
        changes = self._parser.otherwise
        names: dict[int, str] = {}
        if changes is not None and unfit:
            names = self._read_otherwise(changes, lines, horizon, unfit, kept, seconds, values)
        runs = changes.runs(kept, seconds, names) if changes is not None else ()
        rejects = Rejects()
        for row, reason in unfit.items():
            rejects.add(row, reason, lines[row].removesuffix(b"\r"))
        seconds = list(compress(seconds, kept))
        return Columns(
            len(kept),
            rejects.count,
            rejects.samples,
            seconds,
            sorted(seconds),
            {field: list(compress(column, kept)) for field, column in values.items()},
            list(compress(range(len(kept)), kept)),
            rejects.numbers,
            runs,
        )

    @staticmethod
    def _read_otherwise(
        changes: Changes,
        lines: Sequence[bytes],
        horizon: int,
        unfit: dict[int, str],
        kept: list[bool],
        seconds: list[int],
        values: dict[str, Column],
    ) -> dict[int, str]:
        """Read the rows that are `unfit` in other formats, which leaves those that fit none; returns the others' formats."""
        found = changes.read([lines[row].removesuffix(b"\r") for row in unfit], tuple(values))
        names: dict[int, str] = {}
        for number, row in enumerate(list(unfit)):
            if number in found.skipped:
                del unfit[row]
            elif NO_TIME < found.seconds[number] <= horizon:
                del unfit[row]
                kept[row] = True
                names[row] = found.names[number]
                seconds[row] = found.seconds[number]
                for field, column in values.items():
                    column[row] = found.values[field][number]
        return names


def count_lines(block: bytes) -> int:
    """Newlines in `block`. Until Python 3.13 `bytes.count` looks at byte after byte; `replace` finds them with memchr, 3 times faster."""
    return len(block) - len(block.replace(b"\n", b""))
