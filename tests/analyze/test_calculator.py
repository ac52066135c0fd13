"""The sliding window: every bucket in once and out once, and an evaluation whenever the window changed."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
import unittest

from LogsMonitor2000.analyze.bucket import Bucket
from LogsMonitor2000.analyze.calculator import SlidingWindow, StreamCalculator
from LogsMonitor2000.event import Event

from ..support import SCALE


class Recording(StreamCalculator):
    """Writes down what it is called with, and holds the window as the calls make it."""

    def __init__(self, width: int, window: int) -> None:
        self.width = width
        self.window = window
        self.held: list[int] = []
        self.seen: dict[int, list[int]] = {}

    def count(self, bucket: Bucket) -> None:
        self.held.append(bucket.time)

    def discount(self, bucket: Bucket) -> None:
        assert bucket.time == self.held.pop(0)

    def evaluate(self, time: int) -> Iterable[Event]:
        assert time not in self.seen and time > max(self.seen, default=-1), "once each, ascending"
        self.seen[time] = self.held.copy()
        return ()


class TestSlidingWindow(unittest.TestCase):
    def test_it_holds_exactly_the_window_at_every_time(self) -> None:
        for seed in range(60 * SCALE):
            rng = Random(seed)
            width = rng.choice((1, 1, 5))
            window = width * rng.choice((1, 2, 7))
            calculator = Recording(width, window)
            sliding = SlidingWindow(calculator)
            times = sorted({width * rng.randrange(40) for _ in range(rng.randrange(1, 20))})
            pending, through = times.copy(), 0
            while pending:
                through += width * rng.randrange(1, 12)
                closed = [time for time in pending if time <= through]
                pending = pending[len(closed) :]
                self.assertEqual(sliding.advance([Bucket(time, width) for time in closed], through), [])
            held: list[int] = []
            for time in range(0, through + 1, width):
                inside = [other for other in times if time - window < other <= time]
                with self.subTest(seed=seed, time=time):
                    # Where it was not asked, nothing has changed.
                    held = calculator.seen.get(time, held)
                    self.assertEqual(held, inside)
            changes = {t + d for t in times for d in (0, window) if t + d <= through}
            self.assertEqual(set(calculator.seen), changes)

    def test_years_of_silence_are_one_step(self) -> None:
        calculator = Recording(1, 120)
        sliding = SlidingWindow(calculator)
        sliding.advance([Bucket(0, 1), Bucket(10**9, 1)], 10**10)
        self.assertEqual(calculator.seen, {0: [0], 120: [], 10**9: [10**9], 10**9 + 120: []})

    def test_what_is_evaluated_is_handed_on(self) -> None:
        class Telling(StreamCalculator):
            window = 3

            def evaluate(self, time: int) -> Iterable[Event]:
                return (time,)  # type: ignore[return-value]

        self.assertEqual(SlidingWindow(Telling()).advance([Bucket(1, 1), Bucket(9, 1)], 20), [1, 4, 9, 12])

    def test_a_calculator_that_overrides_nothing_tells_nothing(self) -> None:
        self.assertEqual(SlidingWindow(StreamCalculator()).advance([Bucket(1, 1)], 20), [])


if __name__ == "__main__":
    unittest.main()
