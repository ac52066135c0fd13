"""Test results: blocks of `# Test: NAME …`, any other lines, then `# Result: PASS|FAIL`.

A result is an event whose target, path and section are the test's name and whose status is 200 or 500, so that what counts
failures works. Results have no time of their own: they take that of `now`, the time of reading, or inside a log of another
format the newest one before them (`TIME_BEFORE`). A result belongs to the test before it, so the parser is `sequential`. Lines
between the two do not count; a result without a test is malformed, and so is a test that has no result before the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
import time

from ...event import WebLogEvent
from ..base import BoundParser, FormatDrift, Malformed, Parser, check_length, is_blank
from ..columns import Columns, Rejects, Rows, Run, Values
from ..regex import compile_pattern
from ..values.timestamps import TIME_BEFORE

_TEST = compile_pattern(rb"# Test: *+([^ \r]++)")
_RESULT = compile_pattern(rb"# Result: *+(PASS|FAIL)[ \r]*+\Z")
_STATUSES = {b"PASS": b"200", b"FAIL": b"500"}


class ResultsParser(Parser):
    """Reads tests and their results; `now` gives their time."""

    name = "test_results"
    fields = frozenset({"target", "path", "section", "status", "status_class"})
    sequential = True

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._test: bytes | None = None

    def skips(self, line: bytes) -> bool:
        return not line.startswith((b"# Test:", b"# Result:"))

    def parse_line(self, line: bytes) -> WebLogEvent | None:
        """The event of a result; None for the beginning of a test, which is malformed only if the test before it has no result, and
        for other lines."""
        values = None if self.skips(line) else self.read_line(line)
        if values is None:
            return None
        second, status, test = values
        name = test.decode("utf-8", "surrogateescape")
        return WebLogEvent(second, target=name, path=name, section=name, status=int(status))

    def read_line(self, line: bytes) -> tuple[int, bytes, bytes] | None:
        """Second, status and test of a result; None for the beginning of a test."""
        begun, self._test = self._test, None  # a broken test or result, too, ends the test before it
        check_length(line)
        found = _TEST.match(line)
        if found is not None:
            self._test = found[1]
            if begun is not None:
                raise Malformed("previous test has no result")
            return None
        found = _RESULT.match(line)
        if found is None:
            raise Malformed("neither '# Test: NAME' nor '# Result: PASS' or 'FAIL'")
        if begun is None:
            raise Malformed("result without a test")
        return int(self._now()), _STATUSES[found[1]], begun

    def try_lines(self, lines: Sequence[bytes]) -> tuple[int, int]:
        parser = ResultsParser(self._now)
        read = count = 0
        for line in lines:
            if not self.skips(line):
                count += 1
                try:
                    parser.read_line(line)
                    read += 1
                except Malformed:
                    continue
        return read, count

    @property
    def directives(self) -> bytes:
        """The line that began the test whose result is still to come, if there is one."""
        return b"" if self._test is None else b"# Test: " + self._test

    @directives.setter
    def directives(self, line: bytes) -> None:
        found = _TEST.match(line)
        self._test = None if found is None else found[1]

    def bind(self, fields: Sequence[str], drift: FormatDrift | None = None) -> BoundParser:
        if drift is None:
            self.require(fields)
        return _Reader(ResultsParser(self._now), fields, drift)


class _Reader:
    """The parser bound to fields; a test that has begun at the end of a block continues in the next one.

    Lines outside of tests may be of another format.
    """

    def __init__(self, parser: ResultsParser, fields: Sequence[str], drift: FormatDrift | None) -> None:
        self._parser = parser
        self._fields = fields
        self._drift = drift

    @property
    def directives(self) -> bytes:
        """The directives in force outside of tests, then the test that has begun."""
        outside = b"" if self._drift is None else self._drift.directives
        return b"\n".join(filter(None, (outside, self._parser.directives)))

    @directives.setter
    def directives(self, directives: bytes) -> None:
        *outside, last = directives.split(b"\n")
        self._parser.directives = last
        if not self._parser.directives:
            outside.append(last)
        if self._drift is not None:
            self._drift.directives = b"\n".join(outside)

    def __call__(self, block: bytes, horizon: int) -> Columns:
        rejects = Rejects()
        numbers: list[int] = []
        rows = Rows(0, self._fields)
        outside: dict[int, bytes] = {}
        lines = block.split(b"\n")[:-1]
        for number, line in enumerate(lines):
            line = line.removesuffix(b"\r")
            if self._parser.skips(line):
                if not self._parser.directives and not is_blank(line):
                    outside[number] = line
                continue
            try:
                values = self._parser.read_line(line)
            except Malformed as error:
                rejects.add(number, str(error), line)
                continue
            if values is not None:
                numbers.append(number)
                rows.append(*event_values(*values), self._parser.name)
        runs: Sequence[Run] = ()
        if self._drift is not None:
            if outside:
                found = self._drift.read(list(outside.values()), self._fields)
                numbers, rows = rows.merged(numbers, found, list(outside), horizon)
            runs = rows.runs(numbers)
        return Columns(
            len(lines),
            rejects.count,
            rejects.samples,
            rows.seconds,
            sorted(rows.seconds),
            rows.values,
            numbers,
            rejects.numbers,
            runs,
        )


def event_values(second: int, status: bytes, test: bytes) -> tuple[int, Values]:
    """Second and fields of a result."""
    return second, {"target": test, "path": test, "section": test, "status": status, "status_class": status[:1]}


def time_before() -> float:
    """The clock of results inside a log of another format."""
    return TIME_BEFORE
