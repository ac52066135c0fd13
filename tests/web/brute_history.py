"""History as a list of requests that is gone through for every question: slow, and obviously right."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
import math
from random import Random
from typing import NamedTuple

from LogsMonitor2000.web.history import DailyUsage, Durations, Episode, Point, TooManyBuckets, Top, Usage

DAY = 86_400


class Row(NamedTuple):
    """One request."""

    time: int
    section: bytes
    user: bytes
    status: int
    size: int
    duration: float | None


class BruteHistory:
    """See `LogsMonitor2000.web.history.History`."""

    fields = ("section", "user", "status")

    def __init__(self, rows: Sequence[Row] = (), alerts: Sequence[Episode] = ()) -> None:
        self.rows = list(rows)
        self.episodes = list(alerts)
        self.version = 1
        self.buckets_max = 10**9
        self.asked = 0

    @property
    def span(self) -> tuple[int, int] | None:
        times = [row.time for row in self.rows]
        return (min(times), max(times) + 1) if times else None

    def traffic(self, since: int | None, until: int | None, step: int) -> list[Point]:
        steps: dict[int, list[Row]] = defaultdict(list)
        for row in self._between(since, until):
            steps[row.time // step * step].append(row)
        if len(steps) > self.buckets_max:
            raise TooManyBuckets(step * 10)
        return [
            Point(
                time,
                len(rows),
                sum(row.size for row in rows),
                dict(sorted(Counter(f"{row.status // 100}xx" for row in rows).items())),
                durations_of(rows),
            )
            for time, rows in sorted(steps.items())
        ]

    def top(self, field: str, since: int | None, until: int | None, limit: int) -> Top:
        values: dict[bytes, list[Row]] = defaultdict(list)
        for row in self._between(since, until):
            value = getattr(row, field)
            values[value if isinstance(value, bytes) else b"%d" % value].append(row)
        listed = sorted(values.items(), key=lambda pair: (-len(pair[1]), pair[0]))
        shown = [
            (value, len(rows), sum(row.size for row in rows), sum(row.status >= 500 for row in rows))
            for value, rows in listed[:limit]
        ]
        return Top(sum(map(len, values.values())), 0, shown, sum(len(rows) for _, rows in listed[limit:]))

    def usage(self, user: bytes | None, since: int | None) -> DailyUsage | None:
        if user is not None and user not in {row.user for row in self.rows}:
            return None
        rows = [row for row in self._between(since, None) if user is None or row.user == user]
        days: dict[int, list[Row]] = defaultdict(list)
        for row in rows:
            days[row.time // DAY * DAY].append(row)
        return DailyUsage(usage_of(rows), [(day, usage_of(of_day)) for day, of_day in sorted(days.items())])

    def alerts(self, since: int | None, until: int | None) -> list[Episode]:
        return [
            each
            for each in self.episodes
            if (until is None or each.started < until) and (since is None or each.ended is None or each.ended >= since)
        ]

    def _between(self, since: int | None, until: int | None) -> list[Row]:
        self.asked += 1
        return [row for row in self.rows if (since is None or row.time >= since) and (until is None or row.time < until)]


def durations_of(rows: Sequence[Row]) -> Durations | None:
    values = sorted(row.duration for row in rows if row.duration is not None)
    if not values:
        return None
    p50, p90, p99 = (values[math.ceil(q * len(values)) - 1] for q in (0.5, 0.9, 0.99))
    return Durations(len(values), sum(values) / len(values), p50, p90, p99, values[-1])


def usage_of(rows: Sequence[Row]) -> Usage:
    durations = durations_of(rows)
    latencies = (None, None, None) if durations is None else (durations.mean, durations.p50, durations.p99)
    return Usage(len(rows), sum(row.status >= 400 for row in rows), *latencies)


def rows_at_random(rng: Random, count: int, begin: int, days: int) -> list[Row]:
    """Requests of some days, in no order."""
    return [
        Row(
            begin + rng.randrange(days * DAY),
            rng.choice((b"/api", b"/report", b"/\xff\x1b[31m")),
            b"user%d" % rng.randrange(5),
            rng.choice((200, 200, 200, 301, 404, 500, 503)),
            rng.randrange(5000),
            rng.choice((None, rng.random())),
        )
        for _ in range(count)
    ]
