"""Traffic in short intervals: every event that is not late, once, by section and status class."""

from __future__ import annotations

from collections import Counter
from random import Random
import unittest

from LogsMonitor2000.analyze.bucket import Bucket
from LogsMonitor2000.analyze.calculator import SlidingWindow
from LogsMonitor2000.analyze.measure import OTHER
from LogsMonitor2000.analyze.processor import AnalyticsProcessor
from LogsMonitor2000.analyze.traffic import BYTES, HITS, TrafficCalculator
from LogsMonitor2000.event import Event, Summary, Traffic
from LogsMonitor2000.pipeline.monitor import Monitor
from LogsMonitor2000.pipeline.wiring import open_log
from LogsMonitor2000.testing import ScriptedSource

from ..support import clf_line
from .making import fill

START = 1_600_000_000


def events_of(data: bytes, log_format: str = "auto") -> list[Event]:
    processor = AnalyticsProcessor([TrafficCalculator()])
    return list(Monitor([open_log(ScriptedSource([data]), processor, log_format=log_format)], processor).events())


class TestTraffic(unittest.TestCase):
    def test_an_interval_is_told_whole(self) -> None:
        bucket = fill(
            Bucket(5, 5, TrafficCalculator.measures),
            section=[b"/a", b"/b", b"/a", b"/a"],
            status_class=[b"2", b"5", b"2", b"4"],
            size=[b"10", None, b"32", b"0"],
        )
        told = SlidingWindow(TrafficCalculator()).advance([bucket], 20)
        self.assertEqual(told, [(5, 5, {(b"/a", b"2"): 2, (b"/b", b"5"): 1, (b"/a", b"4"): 1}, {b"/a": 42})])
        self.assertEqual(told[0].order, (10, 0))

    def test_what_a_counter_forgot_is_still_counted(self) -> None:
        bucket = Bucket(0, 5, TrafficCalculator.measures)
        bucket._states = [{(b"/a", b"2"): 2, OTHER: 7}, {b"/a": 42, OTHER: 3}]
        (told,) = SlidingWindow(TrafficCalculator()).advance([bucket], 0)
        self.assertEqual(told, (0, 5, {(b"/a", b"2"): 2, (OTHER, OTHER): 7}, {b"/a": 42, OTHER: 3}))
        self.assertEqual((bucket[HITS][OTHER], bucket[BYTES][OTHER]), (7, 3))  # what is told is apart from what is held

    def test_every_event_that_is_not_late_is_told_once(self) -> None:
        rng = Random(11)
        lines, expected, sizes, newest = [], Counter[tuple[bytes, bytes]](), Counter[bytes](), 0
        for number in range(2_000):
            second = START + number // 20 + rng.choice((0, 0, 0, -1, -2, -5, -60))
            section, status, size = rng.choice((b"/a", b"/b", b"/c")), rng.choice((200, 404, 503)), rng.randrange(3)
            lines.append(clf_line(second, target=section + b"/x", status=status, size=b"%d" % size))
            newest = max(newest, second)
            if newest - second <= 2:
                expected[section, b"%d" % (status // 100)] += 1
                sizes[section] += size
        events = events_of(b"".join(lines))
        hits, bytes_ = Counter[tuple[bytes, bytes]](), Counter[bytes]()
        for event in events:
            if isinstance(event, Traffic):
                hits.update(event.hits)
                bytes_.update(event.bytes)
        self.assertEqual((hits, bytes_), (expected, sizes))
        summary = events[-1]
        assert isinstance(summary, Summary)
        self.assertEqual(sum(hits.values()), summary.events)
        self.assertGreater(summary.late, 100)
        times = [event.time for event in events if isinstance(event, Traffic)]
        self.assertEqual(times, sorted(set(times)))

    def test_a_log_without_sections_or_statuses_is_not_refused(self) -> None:
        events = events_of(b"1600000000 quark garak\n" * 3, "connections")
        self.assertEqual([event for event in events if isinstance(event, Traffic)], [(START, 5, {(b"-", b"-"): 3}, {})])


if __name__ == "__main__":
    unittest.main()
