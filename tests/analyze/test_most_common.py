"""Statistics of an interval, and the choice of the heaviest keys."""

from __future__ import annotations

from collections import Counter
from random import Random
import unittest

from LogsMonitor2000.analyze.bucket import Bucket
from LogsMonitor2000.analyze.calculator import SlidingWindow
from LogsMonitor2000.analyze.most_common import MostCommonCalculator, heaviest
from LogsMonitor2000.errors import UsageError

from .making import fill


def bucket(time: int, rows: list[tuple[bytes, bytes, bytes, bytes | None]], width: int = 10) -> Bucket:
    section, source, status_class, size = map(list, zip(*rows))
    made = Bucket(time, width, MostCommonCalculator.measures)
    return fill(made, section=section, source=source, status_class=status_class, size=size)


class TestMostCommon(unittest.TestCase):
    def test_everything_that_is_reported(self) -> None:
        rows: list[tuple[bytes, bytes, bytes, bytes | None]] = [
            (b"/b", b"host1", b"5", b"10"),
            (b"/a", b"host1", b"2", None),
            (b"/b", b"host2", b"2", b"32"),
            (b"/c", b"host1", b"4", b"0"),
        ]
        calculator = MostCommonCalculator(10, 2)
        (stats,) = SlidingWindow(calculator).advance([bucket(20, rows)], 20)
        sections, sources = [(b"/b", 2), (b"/a", 1)], [(b"host1", 3), (b"host2", 1)]
        self.assertEqual(stats, (20, 10, 4, 42, sections, sources, {b"2": 2, b"4": 1, b"5": 1}))
        self.assertEqual(list(stats.statuses), [b"2", b"4", b"5"])  # type: ignore[attr-defined]

    def test_intervals_without_events_are_not_reported(self) -> None:
        row: tuple[bytes, bytes, bytes, bytes | None] = (b"/", b"h", b"2", b"1")
        sliding = SlidingWindow(MostCommonCalculator(10))
        told = sliding.advance([bucket(0, [row]), bucket(10, [row]), bucket(90, [row])], 500)
        self.assertEqual([stats.time for stats in told], [0, 10, 90])  # type: ignore[attr-defined]

    def test_impossible_arguments(self) -> None:
        for interval, top in ((0, 3), (-1, 3), (10, 0)):
            with self.subTest(interval=interval, top=top), self.assertRaises(UsageError):
                MostCommonCalculator(interval, top)


class TestHeaviest(unittest.TestCase):
    def test_equal_counts_go_by_name(self) -> None:
        self.assertEqual(heaviest(Counter({b"b": 1, b"a": 1, b"c": 2, b"d": 1}), 3), [(b"c", 2), (b"a", 1), (b"b", 1)])

    def test_fewer_keys_than_asked_for(self) -> None:
        self.assertEqual(heaviest(Counter({b"b": 1}), 3), [(b"b", 1)])
        self.assertEqual(heaviest(Counter(), 3), [])

    def test_it_is_what_a_full_sort_gives(self) -> None:
        rng = Random(5)
        for keys in (1, 5, 31, 32, 33, 100, 500):
            for top in (1, 3, 32, 40, 600):
                counts = Counter(b"%d" % rng.randrange(keys) for _ in range(rng.randrange(1, 800)))
                with self.subTest(keys=keys, top=top):
                    expected = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:top]
                    for likely in (0, 1, 2, 5, max(counts.values(), default=0)):
                        self.assertEqual(heaviest(counts, top, likely), expected)


if __name__ == "__main__":
    unittest.main()
