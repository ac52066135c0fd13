"""Traffic over time in a bounded number of steps, whatever the span of a log.

A series starts with steps of ten seconds and takes a coarser step whenever it would have more than `STEPS_MAX`. Each step of the ladder
divides the next, so that folding is exact, and the step depends on nothing but the first and the last second.
"""

from __future__ import annotations

from dataclasses import dataclass, field

LADDER = (10, 60, 300, 600, 1800, 3600, 7200, 14_400, 43_200, 86_400, 604_800, 2_419_200, 29_030_400)
"""Steps in seconds: the last is 48 weeks."""

STEPS_MAX = 400

Point = list[int]
"""Hits, bytes, then hits by status class: 1xx, 2xx, 3xx, 4xx, 5xx, other."""

CLASSES = 6


@dataclass
class Series:
    """Points by the second at which their step begins, all of the same `step`."""

    step: int = LADDER[0]
    points: dict[int, Point] = field(default_factory=dict)

    def add(self, second: int, point: Point) -> None:
        """Add to the point of the step that `second` is in."""
        start = second // self.step * self.step
        known = self.points.get(start)
        self.points[start] = list(point) if known is None else [one + other for one, other in zip(known, point)]

    def merge(self, other: Series) -> None:
        """Add another series, of whatever step."""
        self._fold(other.step)
        for second, point in other.points.items():
            self.add(second, point)
        self.bound()

    def bound(self) -> None:
        """Take the shortest step that has at most `STEPS_MAX` of them between the first and the last."""
        if not self.points:
            return
        first, last = min(self.points), max(self.points)
        for step in LADDER:
            if step >= self.step and last // step - first // step < STEPS_MAX:
                self._fold(step)
                return
        self._fold(LADDER[-1])

    def _fold(self, step: int) -> None:
        if step <= self.step:
            return
        points, self.points, self.step = self.points, {}, step
        for second, point in points.items():
            self.add(second, point)
