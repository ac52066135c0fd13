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
from ..base import BoundParser, FormatDrift, Malformed, Parser, check_length, is_all_blank, is_blank
from ..blocks import NO_LINE, BlockReader
from ..columns import Columns, Values, joined
from ..regex import compile_pattern
from ..values.timestamps import Timestamps


class Envelope:
    """A kind of envelope. `name` comes before the name of the format inside, with a colon."""

    name = ""
    missing = ""
    """The reason of a line without the envelope."""
    begins = rb"(?!)"
    """How a line begins that shows a trace of the envelope."""
    sequential = False

    def encloses(self, line: bytes) -> bool:
        """Whether `line` has this envelope."""
        return self.open_line(line) is not None

    def open_line(self, line: bytes) -> bytes | None:
        """What is inside of `line`; None when it does not have this envelope."""
        raise NotImplementedError

    def open(self, block: bytes) -> list[bytes | None]:
        """What is inside of each line, with its end; None for those without the envelope."""
        return [None if (inside := self.open_line(line)) is None else inside + b"\n" for line in block.split(b"\n")[:-1]]


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
        return self._inner.parse_line(inside)

    def try_lines(self, lines: Sequence[bytes]) -> tuple[int, int]:
        opened = list(map(self._envelope.open_line, lines))
        read, count = self._inner.try_lines([inside for inside in opened if inside is not None and not is_blank(inside)])
        return read, count + opened.count(None)

    def typical(self, lines: Sequence[bytes]) -> int:
        return self._inner.typical([inside for line in lines if (inside := self._envelope.open_line(line)) is not None])

    def bind(self, fields: Sequence[str], drift: FormatDrift | None = None) -> BoundParser:
        envelope = type(self._envelope)()  # one's own, as it may remember what came before
        return _Opening(envelope, self._inner.bind(fields, drift), fields, drift)


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

    def __call__(self, block: bytes, horizon: int) -> Columns:
        if is_all_blank(block) and not self._envelope.sequential:
            return self._bare(block, horizon)
        lines = self._envelope.open(block)
        if None not in lines:
            return self.inner(b"".join(filter(None, lines)), horizon)
        parts: list[Columns] = []
        for parse, part in groupby(zip(lines, block.split(b"\n")), self._parser_of):
            texts = [line + b"\n" if inside is None else inside for inside, line in part]
            parts.append(parse(b"".join(texts), horizon))
        return joined(parts, self._fields)

    def _parser_of(self, pair: tuple[bytes | None, bytes]) -> BoundParser:
        inside, line = pair
        if inside is not None:
            return self.inner
        return self._broken if self._begins.match(line) else self._bare
