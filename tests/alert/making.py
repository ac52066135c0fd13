"""Random rules and series of events for them, logs of these, and runs of the engine over such logs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from random import Random
from typing import Any
from unittest import mock

from LogsMonitor2000.alert.calculator import RuleCalculator
from LogsMonitor2000.alert.mute import Mute
from LogsMonitor2000.alert.reading import read_rules
from LogsMonitor2000.analyze.processor import AnalyticsProcessor
from LogsMonitor2000.config.table import Table
from LogsMonitor2000.event import Alert, Event
from LogsMonitor2000.pipeline.monitor import Monitor
from LogsMonitor2000.pipeline.wiring import open_log
from LogsMonitor2000.testing import ManualClock, ManualWaiter, ScriptedSource

from ..logs import NOW, START
from ..support import FAR_FUTURE
from .reference import Hit, Rule, Told

DURATIONS = (0.02, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Far enough from each other, and from the thresholds of random rules, for a relative error to decide nothing."""

Line = Hit | None
"""What a log consists of; None is a malformed line."""


def log_line(line: Line) -> bytes:
    """A line of the format `timed_rt`."""
    if line is None:
        return b"garbage\n"
    stamp = datetime.fromtimestamp(line.second, timezone.utc).strftime("%d/%b/%Y:%H:%M:%S +0000")
    size = line.size or "-"
    duration = "-" if line.duration is None else line.duration
    text = f'{line.source} - - [{stamp}] "{line.method} {line.path} HTTP/1.1" {line.status} {size} "-" "x" rt={duration}\n'
    return text.encode()


LOG_FORMAT = "timed_rt"


def random_hit(rng: Random, second: int) -> Hit:
    return Hit(
        second,
        rng.choice(("10.0.0.1", "10.0.0.2", "10.0.1.3", "2001:db8::1", "2001:db8::2", "2001:db8:1::1")),
        rng.choice(("GET", "GET", "POST")),
        rng.choice(("/a/1", "/a/2", "/b", "/b/c")),
        rng.choice(("200", "200", "200", "304", "401", "404", "500", "503")),
        rng.choice((0, 7, 500, 20_000)),
        rng.choice((*DURATIONS, None)),
    )


def random_lines(rng: Random, lines_max: int = 120) -> list[Line]:
    """Busy and quiet stretches, silence, lines out of order, late and malformed ones."""
    now = START + rng.randrange(10)
    busy, disorder, bad = rng.choice((0.2, 0.6, 0.9)), rng.choice((0.0, 0.0, 0.2)), rng.choice((0.0, 0.1, 0.4))
    lines: list[Line] = [None] * rng.choice((0, 0, 2))
    for _ in range(rng.randrange(1, lines_max)):
        if rng.random() > busy:
            now += rng.choice((1, 1, 1, 1, 2, 3, 6, 11, 30))
        if rng.random() < 0.03:
            busy = rng.choice((0.1, 0.6, 0.95))
        if rng.random() < bad:
            lines.append(None)
        lines.append(random_hit(rng, now - (rng.choice((1, 2, 3, 9)) if rng.random() < disorder else 0)))
    return lines


def read(lines: Sequence[Line], buffer_time: int) -> tuple[list[Hit], dict[int, int]]:
    """Which events of one input count, and at which second each malformed line does."""
    hits: list[Hit] = []
    unparsed: dict[int, int] = {}
    newest: int | None = None
    first = next((line.second for line in lines if line is not None), None)
    for line in lines:
        if line is None:
            second = first if newest is None else newest
            if second is not None:
                unparsed[second] = unparsed.get(second, 0) + 1
            continue
        newest = line.second if newest is None else max(newest, line.second)
        if newest - line.second <= buffer_time:
            hits.append(line)
    return hits, unparsed


CONDITIONS: tuple[dict[str, Any], ...] = (
    {"status": "5xx"},
    {"status": ["4xx", "!401"]},
    {"status": 404},
    {"status": ">=400"},
    {"status_class": "2xx"},
    {"method": "POST"},
    {"method": "!POST"},
    {"path": "/a/*"},
    {"path": ["/a/?", "/b"], "method": "GET"},
    {"section": "/b"},
    {"source": "10.0.0.0/23"},
    {"source": ["2001:db8::/48", "!2001:db8::2"]},
    {"size": ">=500"},
    {"size": "<0.5kB"},
    {"size": 7},
    {"duration": ">0.3s"},
    {"duration": ["<50ms", ">=2"]},
)
GROUPINGS = (["section"], ["source"], ["source/24"], ["source/24/64"], ["source/64"], ["method", "status"], ["path"])
SECONDS = (1, 1, 2, 5, 9)


def random_rule(rng: Random, name: str, measure: str | None = None) -> Rule:
    measure = measure or rng.choice(MEASURES)
    rule: Rule = {"name": name, "measure": measure}
    if rng.random() < 0.4 and measure != "unparsed":
        rule["where"] = rng.choice(CONDITIONS)
    if (rng.random() < 0.5 or measure in ("new", "leaky_bucket")) and measure != "unparsed":
        rule["by"] = rng.choice(GROUPINGS)
    if rng.random() < 0.4:
        rule["for"] = rng.choice(SECONDS)
    if rng.random() < 0.4:
        rule["keep_firing"] = rng.choice(SECONDS)
    elif measure == "leaky_bucket":
        rule["keep_firing"] = 0
    if measure == "leaky_bucket":
        rule |= {"capacity": rng.choice((1, 2, 4)), "leak": rng.choice((0.5, 1, 2, 2.5, 4))}
        if rng.random() < 0.5:
            rule["distinct"] = rng.choice(("path", "status"))
        return rule
    if measure == "silent":
        return rule | {rng.choice(("at_least", "above")): rng.choice((1, 2, 3.5, 6))}
    rule["window"] = rng.choice((1, 2, 5, 7, 20))
    is_high = measure in ("spike", "new") or (measure != "drop" and rng.random() < 0.6)
    limits: tuple[float, ...] = LIMITS.get(measure, (0.05, 0.3, 0.7, 1.5, 3.5))
    lower, upper = sorted((rng.choice(limits), rng.choice(limits)))
    if measure == "new":
        rule["top"] = rng.choice((1, 2, 5))
    elif rng.random() < 0.3:
        rule["min_events"] = rng.choice((1, 2, 4))
    if rng.random() < 0.4:
        rule["recover"] = lower if is_high else upper
    rule[rng.choice(("above", "at_least") if is_high else ("below", "at_most"))] = upper if is_high else lower
    if measure == "ratio":
        rule["of"] = rng.choice(CONDITIONS)
    if measure == "distinct":
        rule["field"] = rng.choice(("path", "source", "status"))
    elif (measure in ("mean", "max") or measure[0] == "p") and rng.random() < 0.3:
        rule["field"] = "duration"
    if measure in ("spike", "drop"):
        rule |= rng.choice(
            ({}, {"min_before": 1}, {"min_before": 3}, {"against": 10}, {"windows": 3}, {"against": 8, "windows": 2})
        )
    return rule


LIMITS: dict[str, tuple[float, ...]] = {
    "count": (1, 2, 3, 5, 8),
    "rate": (0.2, 0.5, 1, 2),
    "ratio": (0.1, 0.25, 0.5, 0.75),
    "unparsed": (0.1, 0.25, 0.5, 0.75),
    "bytes": (500, 1000, 20_000, 40_000),
    "distinct": (1, 2, 3),
    "spike": (1, 1.5, 3),
    "drop": (0.3, 0.5, 1),
    "new": (1, 2, 3),
}
MEASURES = (
    *("count", "rate", "ratio", "bytes", "mean", "p50", "p90", "p99.9", "max", "distinct"),
    *("spike", "drop", "silent", "unparsed", "new", "leaky_bucket"),
)


def random_rules(rng: Random, count: int = 3) -> list[Rule]:
    """Rules of which later ones may be inhibited by earlier ones."""
    rules = [random_rule(rng, f"r{number}") for number in range(count)]
    for number, rule in enumerate(rules):
        if number and rng.random() < 0.5:
            rule["inhibited_by"] = [f"r{rng.randrange(number)}"]
        if rng.random() < 0.1:
            rule["dry_run"] = True
        elif rule["measure"] == "leaky_bucket" and rng.random() < 0.7:
            rule["dry_run"] = False
    return rules


def calculator(rules: Sequence[Rule], mutes: Sequence[Mute] = (), explain_at: int | None = None) -> RuleCalculator:
    """The engine for rules that are written as in a file of settings."""
    tables = [Table(rule, f"monitor.toml: alert {rule.get('name')!r}") for rule in rules]
    return RuleCalculator(read_rules(tables), mutes, explain_at)


def pieces(rng: Random, data: bytes) -> list[bytes | None]:
    """`data` in pieces of random sizes, with pauses between some."""
    cut: list[bytes | None] = []
    while data:
        size = rng.choice((1, 13, 100, 400, 4000))
        cut.append(data[:size])
        data = data[size:]
        if rng.random() < 0.2:
            cut.append(None)
    return cut


def run(
    logs: Sequence[Sequence[bytes | None]], engine: RuleCalculator, buffer_time: int = 2, log_format: str = LOG_FORMAT
) -> list[Event]:
    """Everything that a monitor of logs, each given in pieces, tells."""
    processor = AnalyticsProcessor([engine], buffer_time)
    inputs = [open_log(ScriptedSource(log), processor, log_format=log_format) for log in logs]
    waiter = ManualWaiter([])
    try:
        return list(Monitor(inputs, processor, clock=ManualClock(NOW), skew_max=FAR_FUTURE, waiter=waiter).events())
    finally:
        waiter.close()


def alerts(events: Sequence[Event]) -> list[Told]:
    """The alerts among `events`, as the reference tells them."""
    return [
        Told(
            alert.time,
            alert.name,
            alert.state,
            tuple(value.decode() for _, value in alert.group),
            alert.value,
            alert.started,
            alert.peak,
            alert.suppressed,
        )
        for alert in events
        if isinstance(alert, Alert)
    ]


def rounded(told: Sequence[Told]) -> list[Told]:
    """Comparable: sums that were made in another order may differ in the last digit, and percentiles are of a bin."""
    return [alert._replace(value=_near(alert.value), peak=_near(alert.peak)) for alert in told]


def _near(value: float) -> float:
    near = [duration for duration in DURATIONS if abs(value - duration) <= 0.01 * duration]
    return near[0] if near else round(value, 9)


@contextmanager
def limited(**limits: int) -> Iterator[None]:
    """Other limits of the engine, by name, wherever they are used."""
    modules = (
        "alert.calculator",
        "alert.evaluator",
        "alert.window",
        "alert.timeline",
        "alert.timelines",
        "alert.kinds.distinct",
        "alert.kinds.leaky_bucket",
        "alert.kinds.new",
        "alert.kinds.silent",
        "alert.attribution",
        "alert.contribution",
        "analyze.columns",
        "analyze.measures.sample",
    )
    names = [
        f"LogsMonitor2000.{module}.{name}"
        for name in limits
        for module in modules
        if hasattr(__import__(f"LogsMonitor2000.{module}", fromlist=["x"]), name)
    ]
    patches = [mock.patch(name, limits[name.rpartition(".")[2]]) for name in names]
    assert patches
    for patch in patches:
        patch.start()
    try:
        yield
    finally:
        for patch in patches:
            patch.stop()


def hits_at(counts: dict[int, int], **fields: Any) -> list[Hit]:
    """So many equal events at each of the seconds behind START."""
    plain = Hit(0, "10.0.0.1", "GET", "/a", "200", 100, 0.1)._replace(**fields)
    return [plain._replace(second=START + second) for second, count in counts.items() for _ in range(count)]


def told_of(hits: Sequence[Hit], *rules: Rule, engine: RuleCalculator | None = None) -> list[Event]:
    """What the engine tells of events, which are put into order, the run's own notices and summary aside."""
    lines: list[Line] = sorted(hits, key=lambda hit: hit.second)
    made = engine or calculator(rules)
    return [event for event in run([[b"".join(map(log_line, lines))]], made) if 0 < event.order[0] < 1 << 62]


def states_of(events: Sequence[Event]) -> list[tuple[str, str, int, float]]:
    """(name and group, state, seconds behind START, value) of the alerts among `events`, pending ones aside."""
    return [
        ("/".join((alert.name, *alert.group)), alert.state, alert.time - START, alert.value)
        for alert in alerts(events)
        if alert.state != "pending"
    ]


Make = Callable[[], RuleCalculator]
