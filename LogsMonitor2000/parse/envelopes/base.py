"""What log shippers put around a line, and the parser of lines inside.

An envelope opens a block as a whole into a block of as many lines, which the parser of the format inside then reads: line
numbers stay what they are. A line without the envelope is malformed: formats that are lenient about how a line begins would take
a broken prefix for a client. Only where the format was detected, a line without any trace of an envelope may be of another
format (format drift).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

from ...event import WebLogEvent
from ..base import ActiveDirectives, BoundParser, FormatDrift, Malformed, Parser, check_length, is_all_blank, is_blank
from ..blocks import NO_LINE, BlockReader
from ..columns import Columns, Values, joined
from ..regex import compile_pattern
from ..values.iso import AnyTimestamps
from ..values.timestamps import NO_TIME, TIME_BEFORE, Timestamps


class Envelope:
    """A kind of envelope. `name` comes before the name of the format inside, with a colon."""

    name = ""
    missing = ""
    """The reason of a line without the envelope."""
    begins = rb"(?!)"
    """How a line begins that shows a trace of the envelope."""
    sequential = False
    is_weak = False
    """Whether lines without it look like that too: then it counts only where what is inside is better."""

    def encloses(self, line: bytes) -> bool:
        """Whether `line` has this envelope."""
        return self.open_line(line) is not None

    def open_line(self, line: bytes) -> bytes | None:
        """What is inside of `line`; None when it does not have this envelope."""
        raise NotImplementedError

    def open(self, block: bytes) -> list[bytes | None]:
        """What is inside of each line, with its end; None for those without the envelope."""
        return [None if (inside := self.open_line(line)) is None else inside + b"\n" for line in block.split(b"\n")[:-1]]

    def open_whole(self, block: bytes) -> bytes | None:
        """The block of what is inside, at once; None where a line does not have the envelope, or is not as usual."""
        return None

    def time_of(self, line: bytes) -> bytes | None:
        """The time that the envelope itself has; None where there is none."""
        return None


class EnvelopeParser(Parser):
    """Reads what is inside of `envelope` by `inner`."""

    def __init__(self, envelope: Envelope, inner: Parser) -> None:
        self.name = f"{envelope.name}:{inner.name}"
        self.fields = inner.fields
        self.forwards = inner.forwards
        self.sequential = envelope.sequential or inner.sequential
        self._envelope = envelope
        self._inner = inner

    def skips(self, line: bytes) -> bool:
        inside = self._envelope.open_line(line)
        return inside is not None and (is_blank(inside) or self._inner.skips(inside))

    def parse_line(self, line: bytes) -> WebLogEvent | None:
        inside = self._envelope.open_line(line)
        if inside is None:
            raise Malformed(self._envelope.missing)
        event = self._inner.parse_line(inside)
        if event is None or event.time != TIME_BEFORE:
            return event
        return event._replace(time=AnyTimestamps()[self._envelope.time_of(line) or b""])

    def try_lines(self, lines: Sequence[bytes]) -> tuple[int, int]:
        opened = list(map(self._envelope.open_line, lines))
        read, count = self._inner.try_lines([inside for inside in opened if inside is not None and not is_blank(inside)])
        return read, count + opened.count(None)

    def typical(self, lines: Sequence[bytes]) -> int:
        return self._inner.typical([inside for line in lines if (inside := self._envelope.open_line(line)) is not None])

    def bind(self, fields: Sequence[str], drift: FormatDrift | None = None) -> BoundParser:
        envelope = type(self._envelope)()  # one's own, as it may remember what came before
        kind = _Joining if hasattr(envelope, "directives") else _Opening
        return kind(envelope, self._inner.bind(fields, drift), fields, drift)


class _Bare:
    """The strict parser of lines without the envelope."""

    def __init__(self, missing: str) -> None:
        self.timestamps: Mapping[bytes | None, int] = Timestamps()
        self._missing = missing

    def skips(self, line: bytes) -> bool:
        return False

    def read_line(self, line: bytes) -> tuple[int, Values]:
        check_length(line)
        raise Malformed(self._missing)


class _Opening:
    """The bound parser of lines inside, and others for lines without the envelope: those with a trace of it, and those without."""

    def __init__(self, envelope: Envelope, inner: BoundParser, fields: Sequence[str], drift: FormatDrift | None) -> None:
        self.inner = inner
        self._envelope = envelope
        self._begins = compile_pattern(envelope.begins)
        self._broken = BlockReader(_Bare(envelope.missing), NO_LINE, fields, {})
        self._bare = BlockReader(_Bare(envelope.missing), NO_LINE, fields, {}, drift)
        self._fields = fields
        self._drift = drift
        self._timestamps = AnyTimestamps()

    def __call__(self, block: bytes, horizon: int) -> Columns:
        if is_all_blank(block) and not self._envelope.sequential:
            return self._bare(block, horizon)
        whole = self._envelope.open_whole(block)
        columns = self._columns(block, self._envelope.open(block), horizon) if whole is None else self.inner(whole, horizon)
        if columns.ascending and columns.ascending[0] == TIME_BEFORE:
            return self._dated(columns, block.split(b"\n"))
        return columns

    def _columns(self, block: bytes, lines: list[bytes | None], horizon: int) -> Columns:
        if None not in lines:
            return self.inner(b"".join(filter(None, lines)), horizon)
        parts: list[Columns] = []
        for parse, part in groupby(zip(lines, block.split(b"\n")), self._parser_of):
            texts = [line + b"\n" if inside is None else inside for inside, line in part]
            parts.append(parse(b"".join(texts), horizon))
        return joined(parts, self._fields)

    def _dated(self, columns: Columns, lines: Sequence[bytes]) -> Columns:
        """`columns` in which events without a time of their own have that of their envelope, if it has one."""
        numbers = range(columns.line_count) if columns.rows is None else columns.rows
        seconds = list(columns.seconds)
        for row, number in enumerate(numbers):
            if seconds[row] == TIME_BEFORE:
                second = self._timestamps[self._envelope.time_of(lines[number])]
                seconds[row] = second if second != NO_TIME else TIME_BEFORE
        at = dict(zip(numbers, seconds))
        runs = [run._replace(second=at[run.line]) for run in columns.runs]
        return columns._replace(seconds=seconds, ascending=sorted(seconds), runs=runs)

    def _parser_of(self, pair: tuple[bytes | None, bytes]) -> BoundParser:
        inside, line = pair
        if inside is not None:
            return self.inner
        return self._broken if self._begins.match(line) else self._bare


class _Joining(_Opening):
    """The same for an envelope that joins parts of lines: what waits for its last part is in force like a directive."""

    asked = True
    """A block depends on the parts before it."""

    @property
    def directives(self) -> bytes:
        outside = b"" if self._drift is None else self._drift.directives
        return b"\n".join(filter(None, (self._joins.directives, outside)))

    @directives.setter
    def directives(self, directives: bytes) -> None:
        lines = directives.split(b"\n")
        self._joins.directives = b"\n".join(line for line in lines if line[:1] == b"\0")
        if self._drift is not None:
            self._drift.directives = b"\n".join(line for line in lines if line[:1] != b"\0")

    @property
    def _joins(self) -> ActiveDirectives:
        envelope = self._envelope
        assert hasattr(envelope, "directives")
        return envelope
