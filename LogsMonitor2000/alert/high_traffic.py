"""The built-in alert: on high traffic, without any configured rule.

It is a rule on the rate of all events, like any other. Where it stands alone, as in most runs, nothing of the engine for rules is
loaded before the traffic first exceeds the threshold: until then a sum over the window is all there is to it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ..analyze.bucket import Bucket
from ..analyze.calculator import TimedCalculator
from ..errors import UsageError
from ..event import Alert, Event, Peak, Summary

if TYPE_CHECKING:
    from .calculator import RuleCalculator
    from .rule import Rule


def built_in_rules(window: int, threshold: float) -> tuple[Rule, ...]:
    """The built-in alert as a rule beside others; none where it is off."""
    from .kinds.events import Rate
    from .rule import BUILT_IN

    return (Rate(name=BUILT_IN, measure="rate", threshold=threshold, window=window),) if window and threshold else ()


class HighTrafficCalculator(TimedCalculator):
    """Yields an `Alert` at the exact second at which `hits in the last `window` seconds / window > threshold` changes.

    The divisor is the whole window from the first second on: a window that is still filling is never over-estimated.
    """

    name = "high_traffic"

    def __init__(self, window: int = 120, threshold: float = 10.0) -> None:
        if window < 1 or not threshold > 0:
            raise UsageError("the high-traffic alert needs a window of at least 1 second and a threshold above 0")
        self.window = window
        self.threshold = threshold
        self._seconds: deque[tuple[int, int]] = deque()  # of the window, with their hits
        self._hits = 0
        self._most = self._most_at = 0
        self._engine: RuleCalculator | None = None

    def advance(self, closed: Sequence[Bucket], through: int) -> list[Event]:
        if self._engine is None:
            calm = self._add_calm(closed)
            if calm == len(closed):
                return []
            self._engine, closed = self._started_engine(), closed[calm:]
        return self._engine.advance(closed, through)

    def _add_calm(self, closed: Sequence[Bucket]) -> int:
        """Add up `closed` until the average exceeds the threshold; returns how many were added."""
        seconds, window, limit = self._seconds, self.window, self.threshold
        hits, most, most_at = self._hits, self._most, self._most_at
        count = len(closed)
        for place, bucket in enumerate(closed):
            time, more = bucket.time, bucket.hits
            while seconds and seconds[0][0] <= time - window:
                hits -= seconds.popleft()[1]
            if (hits + more) / window > limit:
                count = place
                break
            hits += more
            seconds.append((time, more))
            if hits > most:
                most, most_at = hits, time
        self._hits, self._most, self._most_at = hits, most, most_at
        return count

    def _started_engine(self) -> RuleCalculator:
        """The engine with the one rule, which knows of all seconds so far."""
        from .calculator import RuleCalculator

        engine = RuleCalculator(built_in_rules(self.window, self.threshold), causes=False)
        if self._seconds:
            engine.advance([Bucket(time, 1, (), hits) for time, hits in self._seconds], self._seconds[-1][0])
            self._seconds.clear()
        return engine

    def firing(self) -> Iterable[Alert]:
        return () if self._engine is None else self._engine.firing()

    def summarize(self, summary: Summary, open_buckets: Collection[Bucket] = ()) -> Summary:
        if self._engine is not None:
            summary = self._engine.summarize(summary, open_buckets)
        if self._most and (summary.peak is None or self._most / self.window >= summary.peak.value):
            summary = summary._replace(peak=Peak(self._most / self.window, self._most_at, self.window))
        return summary

    def snapshot(self) -> dict[str, Any]:
        engine = None if self._engine is None else self._engine.snapshot()
        return {"seconds": [*self._seconds], "most": [self._most, self._most_at], "engine": engine}

    def restore(self, snapshot: dict[str, Any]) -> None:
        self._seconds = deque((time, hits) for time, hits in snapshot["seconds"])
        self._hits = sum(hits for _, hits in self._seconds)
        self._most, self._most_at = snapshot["most"]
        if snapshot["engine"] is not None:
            self._engine = self._started_engine()
            self._engine.restore(snapshot["engine"])
