"""The processor closes what lies more than the buffer time behind, each second once, events by event time."""

from __future__ import annotations

from collections.abc import Iterable
import unittest

from LogsMonitor2000.alert.high_traffic import HighTrafficCalculator
from LogsMonitor2000.analyze.bucket import Bucket
from LogsMonitor2000.analyze.calculator import StreamCalculator
from LogsMonitor2000.analyze.digest import Digester
from LogsMonitor2000.analyze.measures.count import Count
from LogsMonitor2000.analyze.most_common import MostCommonCalculator
from LogsMonitor2000.analyze.processor import AnalyticsProcessor
from LogsMonitor2000.errors import UsageError
from LogsMonitor2000.event import Event, Summary
from LogsMonitor2000.parse.detect import parser_named

from ..logs import START, csv_line


class Seconds(StreamCalculator):
    """Remembers which buckets closed."""

    def __init__(self, width: int = 1) -> None:
        self.width = self.window = width
        self.closed: list[tuple[int, int]] = []

    def count(self, bucket: Bucket) -> None:
        self.closed.append((bucket.time - START, bucket.hits))

    def evaluate(self, time: int) -> Iterable[Event]:
        return ()


class TestProcessor(unittest.TestCase):
    def setUp(self) -> None:
        self.seconds, self.tens = Seconds(), Seconds(10)
        self.processor = AnalyticsProcessor([self.seconds, self.tens], buffer_time=2)

    def add(self, *seconds: int) -> None:
        fields = self.processor.layouts.fields
        digester = Digester(parser_named("csv").bind(fields), self.processor.layouts, self.processor.buffer_time)
        self.processor.add(digester.digest([csv_line(START + second) for second in seconds], 1 << 40))

    def test_a_second_closes_when_the_newest_is_further_ahead_than_the_buffer_time(self) -> None:
        self.add(0, 1, 1, 3)
        for now, closed in ((2, []), (2.9, [(0, 1)]), (3, [(0, 1)]), (3.5, [(0, 1), (1, 2)]), (4, [(0, 1), (1, 2)])):
            with self.subTest(now=now):
                self.processor.advance(START + now)
                self.assertEqual(self.seconds.closed, closed)

    def test_an_interval_closes_with_its_last_second(self) -> None:
        self.add(0, 9, 10)
        self.processor.advance(START + 11)
        self.assertEqual(self.tens.closed, [])
        self.processor.advance(START + 12)
        self.assertEqual(self.tens.closed, [(0, 2)])

    def test_time_never_runs_backwards(self) -> None:
        self.add(0)
        self.processor.advance(START + 10)
        self.assertEqual(self.processor.advance(START - 1000), [])
        self.assertEqual(self.processor.floor, START + 10)
        self.assertEqual(self.seconds.closed, [(0, 1)])

    def test_the_floor_makes_exactly_closed_seconds_late(self) -> None:
        self.assertIsNone(self.processor.floor)
        self.processor.advance(START + 10)
        assert self.processor.floor is not None
        self.assertGreater(self.processor.floor - (START + 7), 2)  # 7 has closed
        self.assertLessEqual(self.processor.floor - (START + 8), 2)  # 8 has not

    def test_finishing_closes_everything_once(self) -> None:
        self.add(0, 5, 12)
        self.processor.finish()
        self.assertEqual(self.seconds.closed, [(0, 1), (5, 1), (12, 1)])
        self.assertEqual(self.tens.closed, [(0, 2), (10, 1)])
        self.assertEqual(self.processor.finish(), [])
        self.assertEqual(len(self.seconds.closed), 3)

    def test_finishing_where_time_has_already_passed_the_last_event(self) -> None:
        self.add(0)
        self.processor.advance(START + 5)
        self.processor.finish()
        self.assertEqual((self.seconds.closed, self.tens.closed), ([(0, 1)], [(0, 1)]))

    def test_nothing_at_all(self) -> None:
        self.assertEqual(self.processor.finish(), [])
        self.assertEqual(self.processor.summary(), Summary(0, 0, 0, 0, 0, None, None))

    def test_no_calculators(self) -> None:
        self.processor = AnalyticsProcessor([])
        self.add(0, 10, 3)
        self.assertEqual(self.processor.advance(START + 100), [])
        self.assertEqual(self.processor.finish(), [])
        self.assertEqual(self.processor.summary(), Summary(3, 2, 0, 1, 7, START, START + 10))

    def test_the_summary_adds_up(self) -> None:
        self.add(5, 0)
        self.add(7, 4)  # a digest of its own: nobody told it of 5
        self.assertEqual(self.processor.summary(), Summary(4, 2, 0, 2, 5, START + 5, START + 7))

    def test_calculators_that_ask_for_the_same_share_it(self) -> None:
        paths = Count("target")
        more = MostCommonCalculator(10)
        more.measures = (*more.measures, paths)
        processor = AnalyticsProcessor([MostCommonCalculator(10, 1), more, HighTrafficCalculator()])
        self.assertEqual(processor.layouts, {10: (*MostCommonCalculator.measures, paths), 1: ()})
        self.processor = processor
        self.add(0, 1)
        told = processor.finish()
        self.assertEqual([stats.hits for stats in told], [2, 2])  # type: ignore[attr-defined]

    def test_shrinking_reaches_the_open_buckets(self) -> None:
        small = Count("source", keys_max=1)

        class Keys(Seconds):
            measures = (small,)

            def count(self, bucket: Bucket) -> None:
                self.closed.append((len(bucket[small]), bucket.hits))

        calculator = Keys(10)
        self.processor = AnalyticsProcessor([calculator])
        digester = Digester(parser_named("csv").bind(self.processor.layouts.fields), self.processor.layouts, 2)
        self.processor.add(digester.digest([csv_line(START, source=b"%d" % number) for number in range(9)], 1 << 40))
        self.processor.shrink()
        self.processor.finish()
        self.assertEqual(calculator.closed, [(1, 9)])  # only (other) is left of nine

    def test_impossible_arguments(self) -> None:
        with self.assertRaises(UsageError):
            AnalyticsProcessor([], buffer_time=-1)
        for width, window in ((0, 1), (1, 0), (10, 15), (10, 5)):
            calculator = StreamCalculator()
            calculator.width, calculator.window = width, window
            with self.subTest(width=width, window=window), self.assertRaisesRegex(UsageError, "StreamCalculator: the window"):
                AnalyticsProcessor([calculator])


if __name__ == "__main__":
    unittest.main()
