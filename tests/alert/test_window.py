"""What windows amount to: percentiles and distinct counts as near as they say, and nothing that is left behind."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from math import ceil
from random import Random
import unittest

from LogsMonitor2000.alert.kinds.amounts import ValueSums
from LogsMonitor2000.alert.kinds.distinct import HASHES, Uniques
from LogsMonitor2000.alert.kinds.events import Events
from LogsMonitor2000.alert.kinds.percentile import Bins
from LogsMonitor2000.alert.kinds.ratio import Share
from LogsMonitor2000.alert.timeline import Timeline
from LogsMonitor2000.alert.window import Window
from LogsMonitor2000.analyze.columns import Bin
from LogsMonitor2000.limits import UNIQUES_MAX

from .making import limited


def timeline_of_events() -> Timeline:
    return Timeline(Events(), dict)


DISTRIBUTIONS: dict[str, Callable[[Random], float]] = {
    "uniform": lambda rng: rng.uniform(0.001, 2),
    "exponential": lambda rng: rng.expovariate(10),
    "log-normal": lambda rng: rng.lognormvariate(-2, 1.5),
    "Pareto": lambda rng: 0.01 * rng.paretovariate(1.1),
    "two humps": lambda rng: rng.gauss(0.05, 0.005) if rng.random() < 0.9 else rng.gauss(3, 0.2),
    "one value": lambda rng: 0.25,
    "milliseconds": lambda rng: rng.randrange(1, 50) / 1000,
    "sizes": lambda rng: float(rng.randrange(1, 10**12)),
}


class Percentiles(unittest.TestCase):
    def test_within_one_percent_of_the_exact_nearest_rank(self) -> None:
        for name, draw in DISTRIBUTIONS.items():
            for count in (1, 2, 99, 100, 101, 3000):
                rng = Random(f"{name} {count}")
                values = sorted(max(1e-6, draw(rng)) for _ in range(count))
                bins = Bins()
                for value in values:
                    bins.add(0, {Bin("duration").convert(repr(value).encode()) or 0: 1})
                for share in (0.01, 0.5, 0.9, 0.95, 0.99, 0.999):
                    exact = values[max(1, ceil(round(share * count, 9))) - 1]
                    with self.subTest(name, count=count, share=share):
                        self.assertLessEqual(abs(bins.quantile(share) - exact), 0.01 * exact)

    def test_while_a_window_slides(self) -> None:
        rng = Random(5)
        bins, inside = Bins(), deque[tuple[int, float]]()
        for time in range(1000):
            value = rng.lognormvariate(0, 2)
            bins.add(time, {Bin("duration").convert(repr(value).encode()) or 0: 1})
            inside.append((time, value))
            if len(inside) > 100:
                left, old = inside.popleft()
                bins.remove(left, {Bin("duration").convert(repr(old).encode()) or 0: 1})
            exact = sorted(value for _, value in inside)[ceil(0.95 * len(inside) - 1e-9) - 1]
            self.assertLessEqual(abs(bins.quantile(0.95) - exact), 0.01 * exact)
        self.assertLess(len(bins.counts), 101)


class Distinct(unittest.TestCase):
    def test_exact_below_the_bound(self) -> None:
        rng = Random(1)
        uniques, inside = Uniques(), deque[tuple[int, dict[tuple[bytes | None], int]]]()
        for time in range(500):
            delta: dict[tuple[bytes | None], int] = {
                (b"%d" % rng.randrange(300),): rng.randrange(1, 4) for _ in range(rng.randrange(20))
            }
            uniques.add(time, delta)
            inside.append((time, delta))
            if len(inside) > 30:
                uniques.remove(*inside.popleft())
            self.assertEqual(uniques.distinct, len({number for _, values in inside for number in values}))
            self.assertEqual(uniques.events, sum(sum(values.values()) for _, values in inside))

    def test_within_one_percent_above_it(self) -> None:
        values = [(b"client %d" % number,) for number in range(220_000)]
        uniques = Uniques()
        for time in range(22):
            uniques.add(time, dict.fromkeys(values[time * 10_000 : (time + 1) * 10_000], 1))
            exact = (time + 1) * 10_000
            self.assertLessEqual(abs(uniques.distinct - exact), 0.01 * exact)
            if exact <= UNIQUES_MAX:
                self.assertEqual(uniques.distinct, exact)
            self.assertLessEqual(uniques.stats()["hashes"], UNIQUES_MAX)
        for time in range(18):
            uniques.remove(time, dict.fromkeys(values[time * 10_000 : (time + 1) * 10_000], 1))
            exact = (21 - time) * 10_000
            self.assertLessEqual(abs(uniques.distinct - exact), 0.01 * exact)

    def test_a_flood_and_what_comes_before_and_behind_it(self) -> None:
        with limited(UNIQUES_MAX=2048):
            rng = Random(2)
            uniques, inside = Uniques(), deque[tuple[int, dict[tuple[bytes | None], int]]]()
            errors = []
            for time in range(300):
                many = 1500 if 50 <= time < 150 else 20
                delta: dict[tuple[bytes | None], int] = {(b"%d" % rng.randrange(10**6),): 1 for _ in range(many)}
                uniques.add(time, delta)
                inside.append((time, delta))
                if len(inside) > 10:
                    uniques.remove(*inside.popleft())
                exact = len({number for _, values in inside for number in values})
                if time < 51 or time >= 160:
                    self.assertEqual(uniques.distinct, exact)
                errors.append(abs(uniques.distinct - exact) / exact)
                self.assertLessEqual(uniques.stats()["hashes"], 2048)
            mean_square = sum(error**2 for error in errors[60:150]) / 90
            self.assertLess(mean_square**0.5, 1.3 / 1700**0.5)
            self.assertLess(max(errors), 4 / 1700**0.5)
            self.assertEqual((uniques.stats()["sampled_seconds"], max(errors) > 0), (0, True))

    def test_values_that_come_again_and_again(self) -> None:
        with limited(UNIQUES_MAX=2048):
            rng = Random(3)
            uniques, inside = Uniques(), deque[tuple[int, dict[tuple[bytes | None], int]]]()
            for time in range(100):
                delta: dict[tuple[bytes | None], int] = {(b"%d" % int(rng.paretovariate(0.4)),): 1 for _ in range(900)}
                uniques.add(time, delta)
                inside.append((time, delta))
                if len(inside) > 20:
                    uniques.remove(*inside.popleft())
                exact = len({number for _, values in inside for number in values})
                self.assertLessEqual(abs(uniques.distinct - exact), 4 / 1700**0.5 * exact)

    def test_hashes_are_the_same_everywhere(self) -> None:
        self.assertEqual(HASHES[b"10.0.0.1"], 6021020536128996326)
        self.assertEqual(HASHES[None], HASHES[b"-"])


class Sliding(unittest.TestCase):
    def test_sums_and_maxima(self) -> None:
        rng = Random(3)
        sums, hits, inside = ValueSums(), Share(), deque[tuple[int, list[int]]]()
        for time in range(1000):
            values = [rng.randrange(1000) for _ in range(rng.randrange(1, 4))]
            sums.add(time, (len(values), sum(values), max(values)))
            hits.add(time, (len(values), values[0] % 2))
            inside.append((time, values))
            if len(inside) > 20:
                left, old = inside.popleft()
                sums.remove(left, (len(old), sum(old), max(old)))
                hits.remove(left, (len(old), old[0] % 2))
            everything = [value for _, values in inside for value in values]
            self.assertEqual((sums.events, sums.sum, sums.largest), (len(everything), sum(everything), max(everything)))
            self.assertEqual((hits.events, hits.matching), (len(everything), sum(values[0] % 2 for _, values in inside)))

    def test_a_timeline_is_trimmed(self) -> None:
        timeline = timeline_of_events()
        windows = [Window(timeline, 5), Window(timeline, 20, 30)]
        for time in range(10_000):
            timeline.append(time, {(): 1})
            for window in windows:
                window.slide(time)
                window.sweep()
            timeline.trim()
            self.assertLess(len(timeline.times), 150)
        self.assertEqual([window[()].events for window in windows], [5, 20])

    def test_too_many_groups(self) -> None:
        with limited(GROUPS_MAX=10):
            timeline = timeline_of_events()
            window = Window(timeline, 3)
            for time in range(20):
                timeline.append(time, {(b"%d" % (time * 7 + number),): 1 + number for number in range(7)} | {(b"x",): 50})
                window.slide(time)
                window.sweep()
                self.assertLessEqual(len(window.groups), 10)
                self.assertEqual(window[(b"x",)].events, 50 * min(3, time + 1))
            self.assertGreater(window.forgotten, 50)
            for time in range(20, 24):
                window.slide(time)
                window.sweep()
            self.assertEqual(window.groups, {})


if __name__ == "__main__":
    unittest.main()
