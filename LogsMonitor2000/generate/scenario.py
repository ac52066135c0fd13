"""Incidents to mix into ordinary traffic, and which alert each of them must raise, second by second.

What is expected is computed from the lines that were written, slowly and obviously: every second, the whole window summed afresh. It
is written as a file of rule tests, so that `test FILE` runs it: a log and its truth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from math import pi, sin
import random
from typing import NamedTuple

from ..errors import UsageError
from .lines import Draw, Line, Plan, Share, steady, whole_lines
from .traffic import Request, Traffic

WINDOW = 60
"""Seconds of every window that is expected to fire."""

SILENCE_SECONDS = 120
SCANNER = "203.0.113.66"


class Scenario(NamedTuple):
    """`plan(rate, begin, end)` is the plan with its incident between these seconds; `rule` is the alert that it must raise, as TOML.

    `value(window)` is the measure of the lines of a window (None: no decision), `threshold(rate)` what it must exceed.
    """

    name: str
    title: str
    plan: Callable[[float, int, int], Plan]
    pools: dict[str, Draw]
    rule: str
    threshold: Callable[[float], float]
    value: Callable[[Sequence[Sequence[Request]]], float | None]
    waits: bool = False
    """Whether the rule decides nothing before its first window is full."""
    needs_duration: bool = False


def _steady(rate: float, begin: int, end: int) -> Plan:
    return steady(rate)


def _daily(rate: float, begin: int, end: int) -> Plan:
    """Twice as much by day as on average, hardly anything by night; the log begins at midnight of its own day."""
    return lambda offset: [Share("", round(rate * (1 - 0.9 * sin(2 * pi * (offset + 21_600) / 86_400))))]


def _with(pool: str, times: float, instead: bool) -> Callable[[float, int, int], Plan]:
    """An incident of `times` the ordinary rate, beside ordinary traffic or `instead` of a share of it."""

    def plan(rate: float, begin: int, end: int) -> Plan:
        def shares(offset: int) -> Iterable[Share]:
            ordinary, extra = rate, 0.0
            if begin <= offset < end:
                extra = rate * times
                ordinary -= extra if instead else 0
            return [Share("", whole_lines(ordinary, offset)), Share(pool, whole_lines(extra, offset))]

        return shares

    return plan


def _silence(rate: float, begin: int, end: int) -> Plan:
    return lambda offset: [] if begin <= offset < end else [Share("", whole_lines(rate, offset))]


def _flood(draw: random.Random, traffic: Traffic) -> Request:
    request = next(traffic.requests(1))
    return request._replace(source=f"198.51.100.{draw.randrange(1, 40)}", method="GET", target=f"/search/{draw.randrange(500)}")


def _outage(draw: random.Random, traffic: Traffic) -> Request:
    target = f"/checkout/{draw.choice(('cart', 'pay', 'done'))}{draw.randrange(100)}"
    return next(traffic.requests(1))._replace(target=target, status=draw.choice((502, 503, 504)), size=162)


def _scan(draw: random.Random, traffic: Traffic) -> Request:
    target = f"/{draw.choice(('wp-admin', '.git', 'phpmyadmin', 'backup', 'old'))}/{draw.randrange(5000)}.php"
    return next(traffic.requests(1))._replace(source=SCANNER, method="GET", target=target, status=404, size=153)


def _slow(draw: random.Random, traffic: Traffic) -> Request:
    return next(traffic.requests(1))._replace(duration=round(draw.uniform(4, 9), 3))


def _rate(window: Sequence[Sequence[Request]]) -> float:
    return sum(map(len, window)) / WINDOW


def _errors(window: Sequence[Sequence[Request]]) -> float | None:
    statuses = [request.status for second in window for request in second]
    return sum(status >= 500 for status in statuses) / len(statuses) if statuses else None


def _misses(window: Sequence[Sequence[Request]]) -> float:
    return sum(request.source == SCANNER and request.status == 404 for second in window for request in second)


def _mean(window: Sequence[Sequence[Request]]) -> float | None:
    durations = [request.duration for second in window for request in second]
    return sum(durations) / len(durations) if durations else None


_HIGH = 'name = "{name}"\nmeasure = "rate"\nwindow = 60\nabove = {threshold:g}\n'
_RATIO = 'name = "{name}"\nmeasure = "ratio"\nof = {{ status = "5xx" }}\nwindow = 60\nabove = {threshold:g}\n'
_COUNT = (
    'name = "{name}"\nmeasure = "count"\nwhere = {{ status = "404" }}\nby = ["source"]\nwindow = 60\nabove = {threshold:g}\n'
)
_MEAN = 'name = "{name}"\nmeasure = "mean"\nfield = "duration"\nwindow = 60\nabove = {threshold:g}\n'
_SILENT = 'name = "{name}"\nmeasure = "silent"\nat_least = {threshold:g}\n'

_ALL = (
    Scenario("steady", "the same rate all the time", _steady, {}, _HIGH, lambda rate: 3 * rate, _rate),
    Scenario("daily", "much by day, little by night", _daily, {}, _HIGH, lambda rate: 3 * rate, _rate),
    Scenario(
        name="flood",
        title="five times as many requests, from one network",
        plan=_with("flood", 4, instead=False),
        pools={"flood": _flood},
        rule=_HIGH,
        threshold=lambda rate: 3 * rate,
        value=_rate,
    ),
    Scenario(
        name="outage",
        title="one section answers with server errors",
        plan=_with("outage", 0.6, instead=True),
        pools={"outage": _outage},
        rule=_RATIO,
        threshold=lambda rate: 0.3,
        value=_errors,
        waits=True,
    ),
    Scenario(
        name="scan",
        title="one client looks for what is not there",
        plan=_with("scan", 0.5, instead=False),
        pools={"scan": _scan},
        rule=_COUNT,
        threshold=lambda rate: 10 * rate + 5,
        value=_misses,
    ),
    Scenario(
        name="slow",
        title="answers take seconds",
        plan=_with("slow", 0.9, instead=True),
        pools={"slow": _slow},
        rule=_MEAN,
        threshold=lambda rate: 2.0,
        value=_mean,
        waits=True,
        needs_duration=True,
    ),
    Scenario("silence", "nothing at all for some minutes", _silence, {}, _SILENT, lambda rate: SILENCE_SECONDS, _rate),
)
SCENARIOS = {scenario.name: scenario for scenario in _ALL}


class Truth:
    """Computes from the lines of a log which alerts of `scenario` must come when. `rate` is lines a second."""

    def __init__(self, scenario: Scenario, rate: float) -> None:
        self._scenario = scenario
        self._threshold = scenario.threshold(rate)
        self._seconds: dict[int, list[Request]] = {}

    def see(self, lines: Sequence[Line]) -> None:
        """Take in lines that were written."""
        for line in lines:
            self._seconds.setdefault(line.second, []).append(line.request)

    def transitions(self) -> Iterator[tuple[str, int]]:
        """(state, seconds since the first event), each transition in order."""
        if not self._seconds:
            return
        first, last = min(self._seconds), max(self._seconds)
        firing, silent_since = False, first
        window: list[list[Request]] = []
        for second in range(first, last + 1):
            window = [*window[1 - WINDOW :], self._seconds.get(second, [])]
            silent_since = second if window[-1] else silent_since
            if self._scenario.name == "silence":
                is_over: bool | None = second - silent_since >= SILENCE_SECONDS
            else:
                value = None if self._scenario.waits and second - first < WINDOW - 1 else self._scenario.value(window)
                is_over = None if value is None else value > self._threshold
            if is_over is not None and is_over != firing:
                firing = is_over
                yield "firing" if firing else "resolved", second - first

    def as_rule_tests(self, log: str) -> str:
        """A file of rule tests: the rule, the log at the path `log`, and what it must raise."""
        if any(not character.isprintable() or character in "'\\" for character in log):
            raise UsageError(f"{log!r}: the path cannot be written into a file of rule tests")
        name = self._scenario.name
        rule = self._scenario.rule.format(name=name, threshold=self._threshold)
        expected = "".join(
            f'  {{ alert = "{name}", state = "{state}", time = "+{offset}s" }},\n' for state, offset in self.transitions()
        )
        return f'[[alert]]\n{rule}\n[[test]]\nname = "{self._scenario.title}"\nfile = \'{log}\'\nonly = ["{name}"]\nexpect = [\n{expected}]\n'
