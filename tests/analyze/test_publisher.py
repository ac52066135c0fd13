"""Closed buckets for others: every event that is not late is in one of them, once."""

from __future__ import annotations

from collections import Counter
from random import Random
import unittest

from LogsMonitor2000.analyze.bucket import Bucket
from LogsMonitor2000.analyze.calculator import SlidingWindow
from LogsMonitor2000.analyze.measures.count import Count
from LogsMonitor2000.analyze.measures.sum import SumBy
from LogsMonitor2000.analyze.processor import AnalyticsProcessor
from LogsMonitor2000.analyze.publisher import BucketPublisher
from LogsMonitor2000.errors import UsageError
from LogsMonitor2000.event import BucketClosed, Event, Summary
from LogsMonitor2000.pipeline.monitor import Monitor
from LogsMonitor2000.pipeline.wiring import open_log
from LogsMonitor2000.testing import ScriptedSource

from ..support import clf_line
from .making import fill

START = 1_600_000_000
HITS, BYTES = Count("section", "status_class"), SumBy("size", "section")


def publisher(width: int = 5) -> BucketPublisher:
    return BucketPublisher(width, (HITS, BYTES))


def events_of(data: bytes, log_format: str = "auto") -> list[Event]:
    processor = AnalyticsProcessor([publisher()])
    return list(Monitor([open_log(ScriptedSource([data]), processor, log_format=log_format)], processor).events())


class TestPublisher(unittest.TestCase):
    def test_each_bucket_is_published_once_when_it_closes(self) -> None:
        first, second = (fill(Bucket(time, 5, (HITS,)), section=[b"/a"], status_class=[b"2"]) for time in (5, 20))
        window = SlidingWindow(publisher())
        events = [*window.advance([first], 5), *window.advance([], 15), *window.advance([second], 20), *window.advance([], 90)]
        self.assertEqual(events, [BucketClosed(first), BucketClosed(second)])
        self.assertEqual([event.order for event in events], [(10, 0), (25, 0)])

    def test_a_width_is_at_least_a_second(self) -> None:
        with self.assertRaisesRegex(UsageError, "at least 1 second"):
            BucketPublisher(0, ())

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
            if isinstance(event, BucketClosed):
                hits.update(event.bucket[HITS])
                bytes_.update(event.bucket[BYTES])
        self.assertEqual((hits, bytes_), (expected, sizes))
        summary = events[-1]
        assert isinstance(summary, Summary)
        self.assertEqual(sum(hits.values()), summary.events)
        self.assertGreater(summary.late, 100)
        times = [event.bucket.time for event in events if isinstance(event, BucketClosed)]
        self.assertEqual(times, sorted(set(times)))

    def test_a_log_without_sections_or_statuses_is_not_refused(self) -> None:
        events = events_of(b"1600000000 quark garak\n" * 3, "connections")
        ((bucket, late),) = [event for event in events if isinstance(event, BucketClosed)]
        self.assertEqual(
            (bucket.time, bucket.hits, bucket[HITS], bucket[BYTES], late), (START, 3, {(b"-", b"-"): 3}, {}, False)
        )


if __name__ == "__main__":
    unittest.main()
