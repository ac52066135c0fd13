"""The other formats that lines may be of when they do not match the format of their input (`drift`).

Which format reads such a line follows from the line alone and from the directives in force, never from other neighbours: so
the result does not depend on how the log was cut into blocks or which process digests them. A line must be typical of the other
format, not just readable: garbage in one format should not become an event of another.

The lines come as many at a time as there are, because a fast parser is ten times faster than a strict one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
import re
from typing import NamedTuple, Protocol

from ..limits import DEFINITION_BYTES_MAX, DETECT_BYTES_MAX, LINE_BYTES_MAX
from .base import Malformed, is_blank, strictly
from .columns import Column, Rows, Values
from .envelopes.base import Envelope
from .envelopes.json import Docker, Journal, JsonEnvelope
from .envelopes.syslog import Syslog
from .lines.formats import COMMON
from .lines.http_log import HTTPLogParser
from .lines.results import ResultsParser, event_values, time_before
from .lines.w3c import Directive, directives_after, is_directive
from .records.base import RecordParser
from .regex import compile_pattern
from .registry import LINES, RECORDS
from .values.timestamps import NO_TIME

TOO_PLAIN = ("connections",)
"""Formats that too much garbage looks like."""

_COMMENT = compile_pattern(rb"(?i)#(?:version|software|date|start-date|end-date|remark):")
_TEST = b"# Test:"
_RESULT = b"# Result:"

Texts = dict[int, bytes]
"""Lines that nothing has read yet, by their number."""


class FastParser(Protocol):
    """The fast parser of a format: a second for each line, `NO_TIME` where it does not match, and the columns."""

    def rows(self, block: bytes) -> tuple[list[int], dict[str, Column]]: ...


class StrictParser(Protocol):
    def read_line(self, line: bytes) -> tuple[int, Values]: ...


class _Candidates(NamedTuple):
    """Formats by their hints, of which many are the same: those with the most fields first."""

    hints: list[tuple[re.Pattern[bytes], list[HTTPLogParser]]]
    records: list[tuple[re.Pattern[bytes], RecordParser]]
    envelopes: list[Envelope]


@lru_cache(maxsize=1)
def _candidates() -> _Candidates:
    by_hint: dict[bytes, list[HTTPLogParser]] = {}
    for row in LINES:
        if row.name not in TOO_PLAIN:
            parser = HTTPLogParser(row)
            by_hint.setdefault(COMMON.hint if parser.falls_back else row.hint, []).append(parser)
    made = [(compile_pattern(row.hint), row.make()) for row in RECORDS if row.has_keys]
    return _Candidates(
        [(compile_pattern(hint), sorted(parsers, key=_field_count, reverse=True)) for hint, parsers in by_hint.items()],
        [(hint, parser) for hint, parser in made if isinstance(parser, RecordParser)],
        [Syslog(), Docker(), Journal()],
    )


def _field_count(parser: HTTPLogParser) -> int:
    return len(parser.fields) + parser.forwards


class Alternatives:
    """Reads lines of any format into `fields`, except those of the format `main`."""

    def __init__(self, fields: Sequence[str], main: str) -> None:
        self._fields = fields
        self._main = main
        self._parsers: dict[str, FastParser] = {}
        self._directive = Directive(b"")
        self._described_by: FastParser | None = None

    def read(self, lines: Sequence[bytes], directives: bytes) -> tuple[Rows, bytes]:
        """What `lines` are while `directives` are in force, and the directives that are in force after them."""
        rows = Rows(len(lines), self._fields)
        texts = {number: line for number, line in enumerate(lines) if len(line) <= LINE_BYTES_MAX}
        if directives or any(line[:1] == b"#" for line in texts.values()):
            texts, directives, output = self._directed(texts, directives, rows)
            rows.skipped |= output & self._plain(self._enveloped(texts, rows), rows).keys()
        else:
            self._plain(self._enveloped(texts, rows), rows)
        return rows, directives

    def _directed(self, texts: Texts, directives: bytes, rows: Rows) -> tuple[Texts, bytes, set[int]]:
        """Take the directives and the lines that depend on them. Returns the rest, the directives in force, and a test's output."""
        rest: Texts = {}
        output: set[int] = set()
        records: Texts = {}
        for number, line in texts.items():
            if is_directive(line) or line.startswith((_TEST, _RESULT)):
                rest |= self._described(records, directives, rows)
                records = {}
                directives = self._directive_taken(number, line, directives, rows)
            elif _COMMENT.match(line):
                rows.skipped.add(number)
            else:
                records[number] = line
                if directives.startswith(_TEST):
                    output.add(number)
        rest |= self._described(records, directives, rows)
        return dict(sorted(rest.items())), directives, output

    def _directive_taken(self, number: int, line: bytes, directives: bytes, rows: Rows) -> bytes:
        """Take a directive while `directives` are in force; returns what is in force after it."""
        if len(line) > DEFINITION_BYTES_MAX:
            return b""
        if is_directive(line):
            rows.skipped.add(number)
            return directives_after(directives, line)
        tests = ResultsParser(time_before)
        tests.directives = directives
        try:
            result = tests.read_line(line)
        except Malformed:
            return line if line.startswith(_TEST) else b""
        if result is None:
            rows.skipped.add(number)
            return line
        rows.put_line(number, *event_values(*result), ResultsParser.name)
        return b""

    def _described(self, texts: Texts, directives: bytes, rows: Rows) -> Texts:
        """Take the lines that have the fields of a `#Fields:` directive; returns the others."""
        if not texts or not is_directive(directives):
            return texts
        if directives != self._directive.directives:
            self._directive, self._described_by = Directive(directives), None
        if not self._directive.usable:
            return texts
        if self._described_by is None:
            first = next(filter(self._directive.matches, texts.values()), None)
            if first is None:
                return texts
            self._described_by = self._directive.bind(self._fields, first)
        return _take(self._described_by, self._directive, texts, rows, "w3c")

    def _enveloped(self, texts: Texts, rows: Rows) -> Texts:
        """Take the lines inside envelopes; returns the others."""
        for envelope in _candidates().envelopes:
            inside = {
                number: inner
                for number, line in _hinted(_hint_of(envelope), texts).items()
                if (inner := envelope.open_line(line)) is not None
            }
            rows.skipped.update(number for number, inner in inside.items() if is_blank(inner))
            if inside:
                left = self._plain(inside, rows, envelope.name + ":")
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
                _take(self._parser(name, record), record, some, rows, name)
                texts = {number: line for number, line in texts.items() if not rows.names[number]}
        return texts

    def _typical(self, parser: HTTPLogParser, texts: Texts, rows: Rows, prefix: str) -> Texts:
        """Take the lines that are typical of one format; returns the others."""
        name = prefix + parser.name
        if not texts or name == self._main:
            return texts
        return _take(
            self._parser(name, parser), parser, texts, rows, name, lambda line: b"\\" in line and parser.is_typical(line)
        )

    def _parser(self, name: str, parser: HTTPLogParser | RecordParser) -> FastParser:
        fast = self._parsers.get(name)
        if fast is None:
            if isinstance(parser, HTTPLogParser):
                fast = parser.fast(self._fields, is_typical=True)
            else:
                fast = parser.fast(self._fields)
            self._parsers[name] = fast
        return fast


def _take(
    fast: FastParser,
    strict: StrictParser,
    texts: Texts,
    rows: Rows,
    name: str,
    is_worth_it: Callable[[bytes], bool] | None = None,
) -> Texts:
    """Put into `rows` what `fast` reads of `texts`, and what `strict` reads of those that are worth it; returns the others."""
    if not texts:
        return texts
    seconds, values = fast.rows(b"\n".join(texts.values()) + b"\n")
    missed = seconds.count(NO_TIME)
    if missed < len(seconds):
        rows.put(texts, seconds, values, name)
    if not missed:
        return {}
    left = {number: line for (number, line), second in zip(texts.items(), seconds) if second == NO_TIME}
    for number, line in [item for item in left.items() if is_worth_it is None or is_worth_it(item[1])]:
        try:
            rows.put_line(number, *strictly(strict.read_line, line), name)
            del left[number]
        except Malformed:
            pass
    return left


def _hinted(hint: re.Pattern[bytes], texts: Texts) -> Texts:
    search = hint.search
    return {number: line for number, line in texts.items() if search(line[:DETECT_BYTES_MAX]) is not None}


@lru_cache
def _hint_of(envelope: Envelope) -> re.Pattern[bytes]:
    """What lines in the envelope have, as a cheap test."""
    return compile_pattern(rb'\A\{.*"%s"' % envelope.key.encode() if isinstance(envelope, JsonEnvelope) else rb"\A[<\dA-Z]")
