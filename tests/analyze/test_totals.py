"""The totals of a run: every event counts once, late or not, whatever is still open."""

from __future__ import annotations

import unittest

from LogsMonitor2000.analyze.digest import Digester
from LogsMonitor2000.analyze.processor import AnalyticsProcessor
from LogsMonitor2000.analyze.totals import TotalsCalculator
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
        for when in ("while it runs", "asked again", "at its end"):
            with self.subTest(when):
                summary = processor.summary()
                self.assertEqual((summary.events, summary.late, summary.bytes), (2, 1, 207))
                self.assertEqual(summary.sections, ((b"/a", 1), (b"/b", 1)))
                self.assertEqual((summary.sources, summary.statuses), (((b"10.0.0.1", 3),), {b"2": 2, b"5": 1}))
                self.assertEqual(processor.summary(top=1).sections, ((b"/a", 1),))
            if when == "asked again":
                processor.finish()

    def test_without_statistics_it_has_intervals_of_its_own(self) -> None:
        self.assertEqual(TotalsCalculator(0).width, TOTALS_SECONDS)

    def test_the_cheap_counts_are_those_of_the_summary(self) -> None:
        processor = AnalyticsProcessor([TotalsCalculator(10)])
        add(processor, csv_line(START), b"garbage\n")
        self.assertEqual(
            processor.counts(), processor.summary()._replace(bytes=0, statuses={}, sections=(), sources=(), distinct={})
        )


if __name__ == "__main__":
    unittest.main()
