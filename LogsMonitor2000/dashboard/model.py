"""What the dashboard knows of a run: seconds, top values, alerts, recent events. Fed by events, bounded whatever the log holds.

    BucketClosed ──▶ series (chart), panels (top values), recent events ──▶ filtered panels
    Alert, Notice, MalformedLine ──▶ lists

It knows no terminal and no clock. Everything is by event time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import Any, NamedTuple

from ..alert.condition import Conditions
from ..alert.state import AlertState
from ..analyze.bucket import Bucket
from ..analyze.measures.count import Count
from ..analyze.measures.keys import OTHER
from ..analyze.measures.sample import Sample
from ..analyze.measures.sketch import Bins, Sketch, merged, quantile
from ..analyze.measures.topk import TopK
from ..event import Alert, BucketClosed, Event, Key, MalformedLine, Notice, Summary
from ..limits import (
    DASHBOARD_ALERTS_MAX,
    DASHBOARD_KEYS_MAX,
    DASHBOARD_LINES_MAX,
    DASHBOARD_NOTICES_MAX,
    DASHBOARD_ROWS_MAX,
    DASHBOARD_SERIES_MAX,
    HISTORY_SECOND_ROWS_MAX,
)

FIELDS = ("section", "path", "source", "status", "agent", "referrer", "method", "user")
"""Those that have a panel."""

SAMPLED = ("source", "user", "vhost", "method", "target", "path", "section", "status", "size", "referrer", "agent")
"""Those that recent events are kept with, and can be filtered by."""

TOPS = {field: TopK(field, keys_max=DASHBOARD_KEYS_MAX) for field in FIELDS}
STATUSES = Count("status_class")
DURATIONS = Sketch("duration")
SAMPLE = Sample(*SAMPLED)
MEASURES = (*TOPS.values(), STATUSES, DURATIONS, SAMPLE)
"""What the dashboard needs of each second."""

MINUTE = 60
STEPS = (1, 60, 3600)
"""Widths of the intervals that are kept for the chart, in seconds."""


class Point(NamedTuple):
    """An interval of the chart."""

    hits: int = 0
    client_errors: int = 0
    server_errors: int = 0

    def plus(self, other: Point) -> Point:
        return Point(*map(sum, zip(self, other)))


class Line(NamedTuple):
    """A value of a panel. `rate` is hits per second of the last minute, `change` by how many hits it differs from the one before."""

    value: Key | None
    hits: int
    bytes: int
    errors: int
    rate: float = 0.0
    change: int = 0


class Panel(NamedTuple):
    """The top values of a field, how many others are left out, and whether the numbers are approximate."""

    lines: Sequence[Line]
    total: int
    distinct: int
    other: int
    is_approximate: bool


class Second(NamedTuple):
    """Events of one second: their values by column, `SAMPLED` and then the raw lines, and how many events each stands for."""

    time: int
    columns: Sequence[Sequence[Any]]
    weight: float


class Series:
    """Points by the start of their interval, for each width of `STEPS`; the oldest are dropped."""

    def __init__(self) -> None:
        self._points: dict[int, dict[int, Point]] = {step: {} for step in STEPS}

    def add(self, time: int, point: Point) -> None:
        for step, points in self._points.items():
            start = time // step * step
            points[start] = point.plus(points[start]) if start in points else point
            if len(points) > DASHBOARD_SERIES_MAX:
                del points[next(iter(points))]

    def point(self, start: int, seconds: int) -> Point:
        """All of `[start, start + seconds)`."""
        step = next((step for step in reversed(STEPS) if seconds % step == 0 and start % step == 0), 1)
        points = self._points[step]
        total = Point()
        for time in range(start, start + seconds, step):
            if time in points:
                total = total.plus(points[time])
        return total


class Minutes:
    """Hits by key in the last minute, `now`, and in the one before it; a key that both have lost is forgotten."""

    def __init__(self) -> None:
        self.now: dict[Any, int] = {}
        self.before: dict[Any, int] = {}
        self._recent: deque[tuple[int, dict[Any, int]]] = deque()
        self._older: deque[tuple[int, dict[Any, int]]] = deque()

    def add(self, time: int, counts: dict[Any, int]) -> None:
        """A second later than all before it."""
        _add(self.now, counts)
        self._recent.append((time, counts))
        while self._recent[0][0] <= time - MINUTE:
            self._older.append(self._recent.popleft())
            _add(self.before, self._older[-1][1])
            _subtract(self.now, self._older[-1][1])
        while self._older and self._older[0][0] <= time - 2 * MINUTE:
            _subtract(self.before, self._older.popleft()[1])


def _add(sums: dict[Any, int], counts: dict[Any, int]) -> None:
    for key, count in counts.items():
        sums[key] = sums.get(key, 0) + count


def _subtract(sums: dict[Any, int], counts: dict[Any, int]) -> None:
    for key, count in counts.items():
        sums[key] -= count
        if not sums[key]:
            del sums[key]


class LiveModel:
    """Feed it with `add`; `version` grows with all that may change what is shown."""

    def __init__(self) -> None:
        self.version = 0
        self.series = Series()
        self.first: int | None = None
        self.newest: int | None = None
        self.hits = 0
        self.peak = 0  # hits of the busiest second
        self.durations: Bins = {}
        self.alerts: deque[Alert] = deque(maxlen=DASHBOARD_ALERTS_MAX)
        self.firing: dict[tuple[str, tuple[tuple[str, bytes], ...]], Alert] = {}
        self.notices: deque[str] = deque(maxlen=DASHBOARD_NOTICES_MAX)
        self.malformed: deque[MalformedLine] = deque(maxlen=DASHBOARD_NOTICES_MAX)
        self.lines: deque[tuple[int, bytes]] = deque(maxlen=DASHBOARD_LINES_MAX)
        self.summary: Summary | None = None
        self._tops: dict[str, Any] = {field: top.empty() for field, top in TOPS.items()}
        self._minutes = {field: Minutes() for field in FIELDS}
        self._rows: deque[Second] = deque()
        self._row_count = 0

    def add(self, event: Event) -> None:
        """Take in an event; those of other types say nothing here."""
        if isinstance(event, BucketClosed):
            if event.bucket.width == 1:
                self._add_bucket(event.bucket, event.late)
        elif isinstance(event, Alert):
            self._add_alert(event)
        elif isinstance(event, Notice):
            self.notices.append(event.text)
        elif isinstance(event, MalformedLine):
            self.malformed.append(event)
        elif isinstance(event, Summary):
            self.summary = event
        else:
            return
        self.version += 1

    def _add_bucket(self, bucket: Bucket, is_late: bool) -> None:
        for field, top in TOPS.items():
            state = top.merge(self._tops[field], bucket[top])
            self._tops[field] = top.shrink(state) if len(state[0]) > 2 * DASHBOARD_KEYS_MAX else state
        self.hits += bucket.hits
        self.durations = merged([self.durations, *bucket[DURATIONS].values()])
        if is_late:
            return
        time = bucket.time
        self.first = time if self.first is None else self.first
        self.newest = time if self.newest is None else max(self.newest, time)
        self.peak = max(self.peak, bucket.hits)
        statuses = bucket[STATUSES]
        self.series.add(time, Point(bucket.hits, statuses.get(b"4", 0), statuses.get(b"5", 0)))
        self._remember(bucket)

    def _remember(self, bucket: Bucket) -> None:
        """Keep what says how values change, and some of the events themselves."""
        for field, top in TOPS.items():
            kept = self._tops[field][0]
            counts = bucket[top][0]
            if len(counts) > DASHBOARD_KEYS_MAX:
                counts = dict(islice(((key, count) for key, count in counts.items() if key in kept), DASHBOARD_KEYS_MAX))
            self._minutes[field].add(bucket.time, counts)
        *columns, lines = SAMPLE.rows(bucket[SAMPLE], HISTORY_SECOND_ROWS_MAX)
        if lines:
            self.lines.extend((bucket.time, line) for line in lines)
            self._rows.append(Second(bucket.time, (*columns, lines), bucket.hits / len(lines)))
            self._row_count += len(lines)
            while self._row_count > DASHBOARD_ROWS_MAX:
                self._row_count -= len(self._rows.popleft().columns[-1])

    def _add_alert(self, alert: Alert) -> None:
        if alert.state == AlertState.PENDING:
            return
        self.alerts.append(alert)
        key = alert.name, alert.group
        if alert.state == AlertState.FIRING:
            self.firing[key] = alert
        else:
            self.firing.pop(key, None)

    def rate(self, seconds: int) -> float:
        """Hits per second of the last `seconds`."""
        if self.newest is None or self.first is None:
            return 0.0
        covered = max(1, min(seconds, self.newest - self.first + 1))
        return self.series.point(self.newest - covered + 1, covered).hits / covered

    def error_share(self) -> float | None:
        """The share of server errors in the last minute; None without a request in it."""
        if self.newest is None:
            return None
        point = self.series.point(self.newest - MINUTE + 1, MINUTE)
        return point.server_errors / point.hits if point.hits else None

    def percentile(self, share: float) -> float | None:
        """Of all durations, in seconds; None where the log has none."""
        return quantile(self.durations, share)

    def fields(self) -> list[str]:
        """The fields that the log has: others have one value, `-`."""
        return [field for field in FIELDS if set(self._tops[field][0]) - {None, b"-"}]

    def panel(self, field: str) -> Panel:
        """The values of `field` since the run began."""
        top, state = TOPS[field], self._tops[field]
        rows = top.top(state, DASHBOARD_KEYS_MAX)
        now, before = self._minutes[field].now, self._minutes[field].before
        lines = [
            Line(
                row.value,
                row.hits,
                row.bytes,
                row.errors,
                now.get(row.value, 0) / MINUTE,
                now.get(row.value, 0) - before.get(row.value, 0),
            )
            for row in rows
        ]
        return _panel(lines, self.hits, len(state[0]) - (OTHER in state[0]), top.error(state) > 0)

    def filtered(self, conditions: Conditions) -> Recent:
        """The recent events that meet `conditions`."""
        return Recent(self._rows, conditions)


class Recent:
    """Recent events that meet conditions: of a busy second only the first ones are kept, and stand for the others."""

    def __init__(self, rows: Sequence[Second] | deque[Second], conditions: Conditions) -> None:
        self.seconds: list[Second] = []
        self.is_sampled = any(second.weight > 1 for second in rows)
        self.since = rows[0].time if rows else None
        self.newest = rows[-1].time if rows else None
        for second in rows:
            chosen = [
                place
                for place in range(len(second.columns[-1]))
                if all(each.holds(_value(second.columns, each.field, place)) for each in conditions)
            ]
            if chosen:
                columns = [[column[place] for place in chosen] for column in second.columns]
                self.seconds.append(Second(second.time, columns, second.weight))
        self.series = Series()
        for second in self.seconds:
            statuses = [status or b"" for status in second.columns[SAMPLED.index("status")]]
            client, server = (sum(status.startswith(digit) for status in statuses) for digit in (b"4", b"5"))
            self.series.add(second.time, Point(*(round(second.weight * n) for n in (len(statuses), client, server))))

    @property
    def hits(self) -> int:
        return round(sum(len(second.columns[-1]) * second.weight for second in self.seconds))

    def lines(self) -> list[tuple[int, bytes]]:
        """The raw lines, with their second."""
        return [(second.time, line) for second in self.seconds for line in second.columns[-1]]

    def panel(self, field: str) -> Panel:
        """The values of `field` among these events."""
        found: dict[Any, list[float]] = {}
        place, sizes, statuses = (SAMPLED.index(name) for name in (field, "size", "status"))
        newest = self.newest or 0
        for second in self.seconds:
            is_now, weight = second.time > newest - MINUTE, second.weight
            is_before = not is_now and second.time > newest - 2 * MINUTE
            for value, size, status in zip(*(second.columns[at] for at in (place, sizes, statuses))):
                sums = found.setdefault(value, [0.0] * 5)
                sums[0] += weight
                sums[1] += weight * _number(size)
                sums[2] += weight * (status or b"").startswith(b"5")
                sums[3] += weight * is_now
                sums[4] += weight * is_before
        lines = [
            Line(value, round(hits), round(size), round(errors), now / MINUTE, round(now - before))
            for value, (hits, size, errors, now, before) in found.items()
        ]
        lines.sort(key=lambda line: (-line.hits, line.value or b""))
        return _panel(lines[:DASHBOARD_KEYS_MAX], self.hits, len(found), self.is_sampled)


def _panel(lines: list[Line], total: int, distinct: int, is_approximate: bool) -> Panel:
    return Panel(lines, total, distinct, max(0, total - sum(line.hits for line in lines)), is_approximate)


def _value(columns: Sequence[Sequence[Any]], field: str, place: int) -> bytes | None:
    if field == "status_class":
        return (columns[SAMPLED.index("status")][place] or b"-")[:1]
    value: bytes | None = columns[SAMPLED.index(field)][place] if field in SAMPLED else None
    return value


def _number(text: bytes | None) -> int:
    return int(text) if text is not None and text.isdigit() else 0
