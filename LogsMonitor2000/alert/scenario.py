"""Tests of rules as a user writes them: `[[test]]` in a file, with lines of a log and the alerts that they must raise.

A second is written as `"+90s"`, counted from the first event of the log, or as a time. Lines that repeat are written once, with how
many there are a second and for how long.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from math import ceil, isclose
import os
from textwrap import dedent
from typing import Any, NamedTuple

from ..config.option import Seconds
from ..config.problems import ConfigError
from ..config.table import Table, matches, read_each
from ..errors import UsageError
from ..event import Alert
from ..limits import SCENARIO_LINES_MAX, SCENARIO_SECONDS_MAX, WINDOW_SECONDS_MAX
from ..runtime.clock import second_named
from ..text import decoded
from .rule import BUILT_IN, Rule
from .state import AlertState

STATES = (AlertState.FIRING, AlertState.RESOLVED, AlertState.PENDING)

START = "2026-01-01T00:00:00+00:00"
"""When lines that repeat begin, unless the test says so."""

TOLERANCE = 0.01
"""By how large a share of it a value may be another than expected."""


class Moment(NamedTuple):
    """A second of the log: since its first event, or since the epoch."""

    second: int
    is_relative: bool

    def at(self, first: int) -> int:
        """The second since the epoch, in a log that begins at `first`."""
        return first + self.second if self.is_relative else self.second


class Expected(NamedTuple):
    """A transition. A `group` of None may be any; `suppressed` is True for any reason, or the reason; a `value` of None may be any."""

    alert: str
    state: str
    time: Moment
    group: tuple[tuple[str, str], ...] | None
    suppressed: str | bool
    value: float | None

    def is_of(self, alert: Alert) -> bool:
        """Whether `alert` is such a transition, at whatever time and with whatever value."""
        if (alert.name, alert.state) != (self.alert, self.state):
            return False
        return self.group is None or set(self.group) <= {(label, decoded(value)) for label, value in alert.group}

    def is_met(self, alert: Alert, first: int, tolerance: float) -> bool:
        """Whether `alert` is what is expected, in a log that begins at `first`."""
        suppressed = bool(alert.suppressed) if self.suppressed is True else alert.suppressed == (self.suppressed or "")
        value = self.value is None or isclose(alert.value, self.value, rel_tol=tolerance, abs_tol=1e-9)
        return self.is_of(alert) and alert.time == self.time.at(first) and suppressed and value


class Scenario(NamedTuple):
    """One test: `log` or the file at `path`, and the transitions expected of the alerts that `only` selects."""

    where: str
    name: str
    log: bytes
    path: str | None
    end: Moment | None
    expected: tuple[Expected, ...]
    only: tuple[str, ...]
    pending: bool
    tolerance: float

    def end_after(self, first: int) -> int | None:
        """The second through which it is to be evaluated, of a log that begins at `first`; None for the log's own end."""
        if self.end is None:
            return None
        if self.end.at(first) - first > SCENARIO_SECONDS_MAX:
            raise ConfigError(f"{self.where}: end is more than {SCENARIO_SECONDS_MAX // 86_400} days after the first event")
        return self.end.at(first)

    def is_looked_at(self, alert: Alert) -> bool:
        """Whether it is one of those that the test is about."""
        return matches(alert.name, self.only) and (self.pending or alert.state != AlertState.PENDING)


def read_scenarios(tables: Sequence[Table], rules: Sequence[Rule], zone: str) -> tuple[Scenario, ...]:
    """The tests of `[[test]]`, of these rules; times without an offset are in `zone`."""
    numbers = {id(table): number for number, table in enumerate(tables, 1)}
    return tuple(read_each(tables, lambda table: _read(table, numbers[id(table)], rules, zone)))


def _read(table: Table, number: int, rules: Sequence[Rule], zone: str) -> Scenario:
    name = table.text("name", f"test {number}")
    table.one_of("log", "file", "lines")
    text = table.text("log", None)
    start = _moment(table, "start", zone, START)
    if start.is_relative:
        raise table.error("start", "must be a time like 2026-11-22T08:00:00Z")
    repeated = table.tables("lines")
    log = dedent(text).encode("utf-8", "surrogateescape") if text is not None else _log(repeated, start, zone)
    if "expect" not in table:
        table.report("expect", "is missing; expect = [] says that no alert is expected")
    expected = tuple(_read_expected(each, rules, zone) for each in table.tables("expect"))
    names = dict.fromkeys([*(rule.name for rule in rules if rule.name != BUILT_IN), *(each.alert for each in expected)])
    path = table.path("file", None)
    if path is not None and os.path.exists(path) and not os.path.isfile(path):
        table.report("file", f"must be a regular file, not {path!r}")
    scenario = Scenario(
        table.where,
        name,
        log,
        path,
        _moment(table, "end", zone, None),
        expected,
        table.texts("only", tuple(names) or (BUILT_IN,)),
        table.flag("pending", any(each.state == AlertState.PENDING for each in expected)),
        table.number("tolerance", TOLERANCE, least=0),
    )
    for each in expected:
        if not matches(each.alert, scenario.only):
            raise table.error("only", f"leaves out {each.alert}, which is expected")
    table.finish()
    return scenario


def _read_expected(table: Table, rules: Sequence[Rule], zone: str) -> Expected:
    labels = {rule.name: rule.labels for rule in rules}
    name = table.text("alert")
    if name not in labels:
        raise table.error("alert", f"must be one of {', '.join(labels)}, not {name!r}")
    group: Table | None = table.table("group", None)
    pairs = None
    if group is not None:
        given = [(label, group.text(label, None)) for label in labels[name]]
        pairs = tuple((label, text) for label, text in given if text is not None)
        if not labels[name]:
            raise table.error("group", f"cannot be given: {name} has no by")
        group.finish()
    suppressed = table.anything("held", False)
    if not isinstance(suppressed, (bool, str)):
        raise table.error("held", f"must be true or the reason, not {suppressed!r}")
    expected = Expected(
        name,
        table.text("state", choices=STATES),
        _moment(table, "time", zone),
        pairs,
        suppressed,
        table.number("value", None),
    )
    table.finish()
    return expected


def _moment(table: Table, key: str, zone: str, *default: Any) -> Any:
    """The second that `key` names, as a `Moment`; without a default the key is required."""
    value = table.anything(key, *default)
    if value is None:
        return None
    if isinstance(value, str) and value.startswith("+"):
        try:
            return Moment(Seconds(least=0).check(value[1:]), True)
        except ValueError as error:
            raise table.error(key, str(error)) from None
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    try:
        return Moment(second_named(text, zone), False)
    except UsageError:
        raise table.error(key, f"must be like '+90s' or a time like 2026-11-22T08:00:00Z, not {value!r}") from None


def _log(tables: Sequence[Table], start: Moment, zone: str) -> bytes:
    """The log of `[[test.lines]]`, by time."""
    lines: list[tuple[int, str]] = []
    for table in tables:
        lines += _repeated(table, start.second, zone, SCENARIO_LINES_MAX - len(lines))
    lines.sort(key=lambda line: line[0])
    return "".join(line + "\n" for _, line in lines).encode("utf-8", "surrogateescape")


def _repeated(table: Table, start: int, zone: str, most: int) -> Iterator[tuple[int, str]]:
    """The lines of one entry, each behind its second."""
    line = table.text("line")
    per_second = table.number("per_second", 1, least=0)
    seconds = table.whole_seconds("seconds", 1, least=1, most=WINDOW_SECONDS_MAX)
    begin = _moment(table, "start", zone, "+0s").at(start)
    table.finish()
    count = ceil(per_second * seconds - 1e-9)
    if count > most:
        raise table.error("seconds", f"are too many lines: a test has at most {SCENARIO_LINES_MAX:,}")
    for number in range(count):
        second = begin + int(number / per_second + 1e-9)
        yield second, _filled(line, second, number)


def _filled(line: str, second: int, number: int) -> str:
    """`line` with its `{…}` filled in; other braces are the log's own."""
    moment = datetime.fromtimestamp(second, timezone.utc)
    for name, text in (
        ("{time}", moment.strftime("%d/%b/%Y:%H:%M:%S +0000")),
        ("{iso}", moment.strftime("%Y-%m-%dT%H:%M:%SZ")),
        ("{epoch}", str(second)),
        ("{n}", str(number)),
    ):
        line = line.replace(name, text)
    return line
