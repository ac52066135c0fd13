"""The high-traffic alert: fires when the average over a sliding window exceeds a threshold, and recovers when it no longer does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..errors import UsageError
from ..event import Alert
from .bucket import Bucket
from .calculator import StreamCalculator


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

    def count(self, bucket: Bucket) -> None:
        self._hits += bucket.hits

    def discount(self, bucket: Bucket) -> None:
        self._hits -= bucket.hits

    def evaluate(self, time: int) -> Iterable[Alert]:
        average = self._hits / self.window
        if average > self.threshold:
            if self._started is None:
                self._started, self._peak = time, average
                return (self._alert("firing", time, average),)
            if average > self._peak:
                self._peak = average
        elif self._started is not None:
            alert = self._alert("resolved", time, average)
            self._started = None
            return (alert,)
        return ()

    def firing(self) -> Iterable[Alert]:
        return () if self._started is None else (self._alert("firing", self._started, self._hits / self.window),)

    def snapshot(self) -> list[Any]:
        return [self._started, self._peak]

    def restore(self, snapshot: list[Any]) -> None:
        self._started, self._peak = snapshot

    def _alert(self, state: str, time: int, average: float) -> Alert:
        assert self._started is not None
        return Alert(self.name, state, time, average, self.threshold, self.window, self._started, self._peak)
