"""Lines that the format of their input does not explain: a server was given another log format, and the file goes on.

Which format reads such a line follows from the line alone and from the last directive before it, never from other neighbours: so
the result does not depend on how the log was cut into blocks or on who digests them. It must be typical of the other format, not
just readable: what is garbage in one format should not become an event of another. Only where the format was recognised, not told.

The lines come as many at a time as there are, because a format's block reader is ten times quicker than its careful path.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
import re
from typing import NamedTuple, Protocol

from ..limits import DEFINITION_BYTES_MAX, DETECT_BYTES_MAX, LINE_BYTES_MAX
from .base import Column, Malformed, is_blank
from .envelopes import Docker, Journal, JsonWrapper, Syslog, Wrapper
from .lines.formats import COMMON, Values
from .lines.http_log import BlockReader, HTTPLogParser
from .lines.results import ResultsParser, event_values
from .lines.w3c import Directive, context_behind, is_directive
from .records.base import KeyedParser
from .regex import compile_pattern
from .registry import LINES, RECORDS
from .runs import Rows
from .values.timestamps import NO_TIME

TOO_PLAIN = ("connections",)
"""Formats that too much garbage looks like."""

_COMMENT = compile_pattern(rb"(?i)#(?:version|software|date|start-date|end-date|remark):")
_TEST = b"# Test:"
_RESULT = b"# Result:"

Texts = dict[int, bytes]
"""Lines that nothing has read yet, by their number."""


class Reader(Protocol):
    """The quick path of a format: a second for each line, `NO_TIME` where it does not take it, and the columns."""

    def rows(self, block: bytes) -> tuple[list[int], dict[str, Column]]: ...


class Careful(Protocol):
    def read_line(self, line: bytes) -> tuple[int, Values]: ...


class _Candidates(NamedTuple):
    """Formats by their hints, of which many are the same: those that tell most first."""

    hints: list[tuple[re.Pattern[bytes], list[HTTPLogParser]]]
    records: list[tuple[re.Pattern[bytes], KeyedParser]]
    wrappers: list[Wrapper]


@lru_cache(maxsize=1)
def _candidates() -> _Candidates:
    by_hint: dict[bytes, list[HTTPLogParser]] = {}
    for row in LINES:
        if row.name not in TOO_PLAIN:
            parser = HTTPLogParser(row)
            by_hint.setdefault(COMMON.hint if parser.falls_back else row.hint, []).append(parser)
    made = [(compile_pattern(row.hint), row.make()) for row in RECORDS if row.keyed]
    return _Candidates(
        [(compile_pattern(hint), sorted(parsers, key=_told, reverse=True)) for hint, parsers in by_hint.items()],
        [(hint, parser) for hint, parser in made if isinstance(parser, KeyedParser)],
        [Syslog(), Docker(), Journal()],
    )


def _told(parser: HTTPLogParser) -> int:
    return len(parser.fields) + parser.forwards


class Others:
    """Reads lines of any format into `fields`, except those of the format `main`."""

    def __init__(self, fields: Sequence[str], main: str) -> None:
        self._fields = fields
        self._main = main
        self._readers: dict[str, Reader] = {}
        self._directive = Directive(b"")
        self._described_by: Reader | None = None

    def read(self, lines: Sequence[bytes], context: bytes) -> tuple[Rows, bytes]:
        """What `lines` are behind the directives `context`, if there are any; and the directives that are in force behind them."""
        rows = Rows(len(lines), self._fields)
        texts = {number: line for number, line in enumerate(lines) if len(line) <= LINE_BYTES_MAX}
        if context or any(line[:1] == b"#" for line in texts.values()):
            texts, context, output = self._behind(texts, context, rows)
            rows.skipped |= output & self._plain(self._wrapped(texts, rows), rows).keys()
        else:
            self._plain(self._wrapped(texts, rows), rows)
        return rows, context

    def _behind(self, texts: Texts, context: bytes, rows: Rows) -> tuple[Texts, bytes, set[int]]:
        """Take the directives, and what means something behind them. Returns the rest, the directives in force, and a test's output."""
        rest: Texts = {}
        output: set[int] = set()
        records: Texts = {}
        for number, line in texts.items():
            if is_directive(line) or line.startswith((_TEST, _RESULT)):
                rest |= self._described(records, context, rows)
                records = {}
                context = self._directed(number, line, context, rows)
            elif _COMMENT.match(line):
                rows.skipped.add(number)
            else:
                records[number] = line
                if context.startswith(_TEST):
                    output.add(number)
        rest |= self._described(records, context, rows)
        return dict(sorted(rest.items())), context, output

    def _directed(self, number: int, line: bytes, context: bytes, rows: Rows) -> bytes:
        """Take a directive that stands behind `context`; returns what those behind it stand behind."""
        if len(line) > DEFINITION_BYTES_MAX:
            return b""
        if is_directive(line):
            rows.skipped.add(number)
            return context_behind(context, line)
        tests = ResultsParser()
        tests.context = context
        try:
            result = tests.read_line(line)
        except Malformed:
            return line if line.startswith(_TEST) else b""
        if result is None:
            rows.skipped.add(number)
            return line
        rows.put_line(number, *event_values(*result), ResultsParser.name)
        return b""

    def _described(self, texts: Texts, context: bytes, rows: Rows) -> Texts:
        """Take the lines that are as a `#Fields:` directive says; returns the others."""
        if not texts or not is_directive(context):
            return texts
        if context != self._directive.context:
            self._directive, self._described_by = Directive(context), None
        if not self._directive.usable:
            return texts
        if self._described_by is None:
            first = next(filter(self._directive.fits, texts.values()), None)
            if first is None:
                return texts
            self._described_by = self._directive.bind(self._fields, first)
        return _take(self._described_by, self._directive, texts, rows, "w3c")

    def _wrapped(self, texts: Texts, rows: Rows) -> Texts:
        """Take the lines behind a wrapping; returns the others."""
        for wrapper in _candidates().wrappers:
            inside = {
                number: inner
                for number, line in _hinted(_begins(wrapper), texts).items()
                if (inner := wrapper.unwrap_line(line)) is not None
            }
            rows.skipped.update(number for number, inner in inside.items() if is_blank(inner))
            if inside:
                left = self._plain(inside, rows, wrapper.name + ":")
                texts = {number: line for number, line in texts.items() if number not in inside or number in left}
        return texts

    def _plain(self, texts: Texts, rows: Rows, prefix: str = "") -> Texts:
        """Take the lines that are typical of a format; returns the others."""
        objects = {number: line for number, line in texts.items() if line[:1] == b"{"}
        texts = {number: line for number, line in texts.items() if line[:1] != b"{"}
        candidates = _candidates()
        for hint, parsers in candidates.hints:
            some = _hinted(hint, texts)
            for parser in parsers if some else ():
                some = self._typical(parser, some, rows, prefix)
            texts = {number: line for number, line in texts.items() if not rows.names[number]}
        texts |= objects
        for hint, record in candidates.records:
            name = prefix + record.name
            some = _hinted(hint, texts)
            if some and name != self._main:
                _take(self._reader(name, record), record, some, rows, name)
                texts = {number: line for number, line in texts.items() if not rows.names[number]}
        return texts

    def _typical(self, parser: HTTPLogParser, texts: Texts, rows: Rows, prefix: str) -> Texts:
        """Take the lines that are typical of one format; returns the others."""
        name = prefix + parser.name
        if not texts or name == self._main:
            return texts
        return _take(
            self._reader(name, parser), parser, texts, rows, name, lambda line: b"\\" in line and parser.is_typical(line)
        )

    def _reader(self, name: str, parser: HTTPLogParser | KeyedParser) -> Reader:
        reader = self._readers.get(name)
        if reader is None:
            reader = self._readers[name] = _reader_of(parser, self._fields)
        return reader


def _reader_of(parser: HTTPLogParser | KeyedParser, fields: Sequence[str]) -> Reader:
    if isinstance(parser, KeyedParser):
        return parser.learning(fields)
    row = parser.format
    return BlockReader(parser, row.pattern(frozenset(fields)), fields, row.converters)


def _take(
    reader: Reader, parser: Careful, texts: Texts, rows: Rows, name: str, deserves_care: Callable[[bytes], bool] | None = None
) -> Texts:
    """Put into `rows` what `reader` takes of `texts`, and what `parser` does of those that deserve care; returns the others."""
    if not texts:
        return texts
    seconds, values = reader.rows(b"\n".join(texts.values()) + b"\n")
    missed = seconds.count(NO_TIME)
    if missed < len(seconds):
        rows.put(texts, seconds, values, name)
    if not missed:
        return {}
    left = {number: line for (number, line), second in zip(texts.items(), seconds) if second == NO_TIME}
    for number, line in [item for item in left.items() if deserves_care is None or deserves_care(item[1])]:
        try:
            rows.put_line(number, *parser.read_line(line), name)
            del left[number]
        except Malformed:
            pass
    return left


def _hinted(hint: re.Pattern[bytes], texts: Texts) -> Texts:
    search = hint.search
    return {number: line for number, line in texts.items() if search(line[:DETECT_BYTES_MAX]) is not None}


@lru_cache
def _begins(wrapper: Wrapper) -> re.Pattern[bytes]:
    """What tells, at a quick look, that a line may be wrapped."""
    return compile_pattern(rb'\A\{.*"%s"' % wrapper.key.encode() if isinstance(wrapper, JsonWrapper) else rb"\A[<\dA-Z]")
