"""The high-traffic alert: fires when the average over a sliding window exceeds a threshold, and recovers when it no longer does."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable
from typing import Any

from ..errors import UsageError
from ..event import Alert, Peak, Summary
from .alert_totals import AlertTotals
from .bucket import Bucket
from .calculator import StreamCalculator


class PeakTracker:
    """The largest average of hits in `window` seconds, from hits by the second in ascending order."""

    def __init__(self, window: int) -> None:
        self.window = window
        self._seconds: deque[tuple[int, int]] = deque()
        self._hits = self._most = self._most_at = 0

    def count(self, time: int, hits: int) -> None:
        """Take in a second."""
        seconds = self._seconds
        seconds.append((time, hits))
        self._hits += hits
        while seconds[0][0] <= time - self.window:
            self._hits -= seconds.popleft()[1]
        if self._hits > self._most:
            self._most, self._most_at = self._hits, time

    @property
    def peak(self) -> Peak | None:
        """None before the first hit."""
        return Peak(self._most / self.window, self._most_at, self.window) if self._most else None

    def dump(self) -> list[Any]:
        """It as JSON can hold it."""
        return [self._most, self._most_at, list(self._seconds)]

    def load(self, dumped: list[Any]) -> None:
        """Continue from a dump."""
        self._most, self._most_at, seconds = dumped
        self._seconds = deque((time, hits) for time, hits in seconds)
        self._hits = sum(hits for _, hits in self._seconds)


class HighTrafficCalculator(StreamCalculator):
    """Yields an `Alert` at the exact second at which `hits in the last `window` seconds / window > threshold` changes.

    The divisor is the whole window from the first second on: a window that is still filling is never over-estimated.
    """

    name = "high_traffic"

    def __init__(self, window: int = 120, threshold: float = 10.0) -> None:
        if window < 1 or not threshold > 0:
            raise UsageError("the high-traffic alert needs a window of at least 1 second and a threshold above 0")
        self.window = window
        self.threshold = threshold
        self._hits = 0
        self._started: int | None = None
        self._peak = 0.0
        self._most = self._most_at = self._now = 0  # the most hits of a window in the whole run, and when that was first
        self._totals = AlertTotals()

    def count(self, bucket: Bucket) -> None:
        self._hits += bucket.hits

    def discount(self, bucket: Bucket) -> None:
        self._hits -= bucket.hits

    def evaluate(self, time: int) -> Iterable[Alert]:
        self._now = time
        if self._hits > self._most:
            self._most, self._most_at = self._hits, time
        average = self._hits / self.window
        if average > self.threshold:
            if self._started is None:
                self._started, self._peak = time, average
                return (self._transition("firing", time, average),)
            if average > self._peak:
                self._peak = average
        elif self._started is not None:
            alert = self._transition("resolved", time, average)
            self._started = None
            return (alert,)
        return ()

    def firing(self) -> Iterable[Alert]:
        return () if self._started is None else (self._alert("firing", self._started, self._hits / self.window),)

    def summarize(self, summary: Summary, open_buckets: Collection[Bucket] = ()) -> Summary:
        peak = Peak(self._most / self.window, self._most_at, self.window) if self._most else None
        return summary._replace(peak=peak, alerts=(*summary.alerts, *self._totals.totals(max(self._now, summary.last or 0))))

    def snapshot(self) -> list[Any]:
        return [self._started, self._peak, self._most, self._most_at, self._now, self._totals.dump()]

    def restore(self, snapshot: list[Any]) -> None:
        self._started, self._peak, self._most, self._most_at, self._now, totals = snapshot
        self._totals.load(totals)

    def _transition(self, state: str, time: int, average: float) -> Alert:
        alert = self._alert(state, time, average)
        self._totals.count(alert)
        return alert

    def _alert(self, state: str, time: int, average: float) -> Alert:
        assert self._started is not None
        return Alert(self.name, state, time, average, self.threshold, self.window, self._started, self._peak)
