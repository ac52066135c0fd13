"""The totals of a run: every event counts once, late or not, whatever is still open."""

from __future__ import annotations

from collections import Counter
import json
from random import Random
import unittest

from LogsMonitor2000.analyze.alert_totals import AlertTotals
from LogsMonitor2000.analyze.digest import Digester
from LogsMonitor2000.analyze.high_traffic import HighTrafficCalculator, PeakTracker
from LogsMonitor2000.analyze.processor import AnalyticsProcessor
from LogsMonitor2000.analyze.totals import TotalsCalculator
from LogsMonitor2000.event import Alert, AlertTotal, Peak
from LogsMonitor2000.limits import TOTALS_SECONDS
from LogsMonitor2000.parse.detect import parser_named

from ..logs import START, csv_line


def add(processor: AnalyticsProcessor, *lines: bytes) -> None:
    digester = Digester(parser_named("csv").bind(processor.layouts.fields), processor.layouts, processor.buffer_time)
    processor.add(digester.digest([b"".join(lines)], 1 << 40))


class TestTotals(unittest.TestCase):
    def test_closed_open_and_late_events_count(self) -> None:
        processor = AnalyticsProcessor([TotalsCalculator(10, top=2)], 2)
        add(processor, csv_line(START, b"/a"), csv_line(START + 15, b"/b", status=b"500"), csv_line(START, b"/c", size=b"7"))
        processor.advance(START + 15)
        for when in ("while it runs", "at its end"):
            with self.subTest(when):
                summary = processor.summary()
                self.assertEqual((summary.events, summary.late, summary.bytes), (2, 1, 207))
                self.assertEqual(summary.sections, ((b"/a", 1), (b"/b", 1)))
                self.assertEqual((summary.sources, summary.statuses), (((b"10.0.0.1", 3),), {b"2": 2, b"5": 1}))
            processor.finish()

    def test_without_statistics_it_has_intervals_of_its_own(self) -> None:
        self.assertEqual(TotalsCalculator(0).width, TOTALS_SECONDS)

    def test_the_cheap_counts_are_those_of_the_summary(self) -> None:
        processor = AnalyticsProcessor([TotalsCalculator(10)])
        add(processor, csv_line(START), b"garbage\n")
        self.assertEqual(
            processor.counts(), processor.summary()._replace(bytes=0, statuses={}, sections=(), sources=(), distinct={})
        )


class TestPeak(unittest.TestCase):
    def test_it_is_the_first_of_the_largest_averages(self) -> None:
        for seed in range(100):
            rng = Random(seed)
            window = rng.randrange(1, 6)
            seconds = sorted(rng.sample(range(100, 130), rng.randrange(1, 20)))
            hits = {second: rng.randrange(1, 4) for second in seconds}
            counts = Counter(hits)
            averages = {t: sum(counts[s] for s in range(t - window + 1, t + 1)) / window for t in seconds}
            highest = max(averages.values())
            expected = Peak(highest, min(t for t, average in averages.items() if average == highest), window)
            tracker, cut = PeakTracker(window), rng.randrange(len(seconds))
            for place, second in enumerate(seconds):
                if place == cut:
                    restarted = PeakTracker(window)
                    restarted.load(json.loads(json.dumps(tracker.dump())))
                    tracker = restarted
                tracker.count(second, hits[second])
            processor = AnalyticsProcessor([HighTrafficCalculator(window, 1.5)])
            add(processor, *(csv_line(second) * count for second, count in hits.items()))
            processor.finish()
            with self.subTest(seed=seed):
                self.assertEqual((tracker.peak, processor.summary().peak), (expected, expected))

    def test_there_is_none_without_hits(self) -> None:
        self.assertIsNone(PeakTracker(5).peak)
        self.assertIsNone(AnalyticsProcessor([HighTrafficCalculator()]).summary().peak)
        self.assertIsNone(AnalyticsProcessor([TotalsCalculator()]).summary().peak)


def alert(state: str, time: int, started: int, name: str = "errors", group: bytes = b"") -> Alert:
    return Alert(name, state, time, 1.0, 1.0, 60, started, 1.0, (("section", group),) if group else ())


class TestAlertTotals(unittest.TestCase):
    TRANSITIONS = (
        alert("pending", 99, 99),
        alert("firing", 100, 100),
        alert("firing", 110, 100),  # shown again: nothing suppresses it any more
        alert("resolved", 120, 100),
        alert("firing", 130, 130, "slow", b"/a\xff"),
        alert("firing", 131, 131, "slow", b"/b"),
        alert("firing", 150, 150),
        alert("resolved", 160, 131, "slow", b"/b"),
        alert("resolved", 999, 999, "unheard of"),
    )

    def test_they_add_up_by_name(self) -> None:
        totals = AlertTotals()
        self.assertEqual(totals.totals(0), [])
        for transition in self.TRANSITIONS:
            totals.count(transition)
        expected = [AlertTotal("errors", 2, 20 + 51, True), AlertTotal("slow", 2, 29 + 71, True)]
        self.assertEqual(totals.totals(200), expected)

    def test_a_restart_changes_nothing(self) -> None:
        totals = AlertTotals()
        for transition in self.TRANSITIONS:
            restarted = AlertTotals()
            restarted.load(json.loads(json.dumps(totals.dump())))
            totals.count(transition)
            restarted.count(transition)
            self.assertEqual(restarted.totals(200), totals.totals(200))
            totals = restarted


if __name__ == "__main__":
    unittest.main()
