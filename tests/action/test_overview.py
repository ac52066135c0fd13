"""A finished log for people: blocks while it is short, rows where it is long, messages between them by time."""

from __future__ import annotations

import io
from random import Random
import re
from typing import Any
import unittest
from unittest import mock

from LogsMonitor2000.action.overview import OverviewNotifier
from LogsMonitor2000.event import Alert, Event, Notice, Stats, Summary
from LogsMonitor2000.testing import ManualClock
from LogsMonitor2000.text import cells

START = 1549573800  # 2019-02-07T21:10:00Z
ALERT = Alert("high_traffic", "firing", START + 4000, 10.05, 10.0, 120, START + 4000, 10.05)


def stats(after: int, hits: int = 20) -> Stats:
    return Stats(START + after, 10, hits, 2048 * hits, [(b"/api", hits)], [(b"10.0.0.1", 1)], {b"2": hits - 1, b"5": 1})


class Overview(unittest.TestCase):
    def written(self, *events: Event, closed: bool = True, **options: Any) -> str:
        out = io.StringIO()
        action = OverviewNotifier(out, io.StringIO(), clock=ManualClock(), **options)
        for event in events:
            action.notify(event)
            if not isinstance(event, Summary):
                self.assertEqual(out.getvalue(), "")
        action.close()
        return out.getvalue()

    def lines(self, seconds: int, *more: Event, **options: Any) -> list[str]:
        """What is written about a log of `seconds` with hits in each interval, without the summary."""
        summary = Summary(1, 1, 0, 0, 0, START, START + seconds - 1)
        events = [*(stats(after) for after in range(0, seconds, 10)), *more]
        events.sort(key=lambda event: event.order)
        return self.written(*events, summary, **options).partition("1 lines")[0].splitlines()

    def test_half_an_hour_is_blocks_and_more_is_rows(self) -> None:
        for seconds, is_long in ((10, False), (1800, False), (1801, True), (1811, True), (7200, True)):
            lines = self.lines(seconds)
            with self.subTest(seconds=seconds):
                self.assertEqual(any(line.startswith("  sections") for line in lines), not is_long)
                self.assertEqual("rows of" in lines[0], is_long)

    def test_rows(self) -> None:
        lines = self.lines(3 * 3600 - 125)
        self.assertEqual(lines[0], "2019-02-07T21:10:00+00:00 to 2019-02-08T00:07:54+00:00 (36 rows of 5 min)")
        self.assertEqual(len(lines), 37)
        self.assertEqual(lines[1], "02-07 21:10  600 hits  2.0/s  " + "█" * 24 + "  4xx 0  5xx 30    1.2 MiB")
        self.assertEqual(lines[-1], "02-08 00:05  360 hits  2.1/s  " + "█" * 14 + "▍" + " " * 9 + "  4xx 0  5xx 18  720.0 KiB")

    def test_messages_follow_the_row_in_which_they_happened(self) -> None:
        lines = self.lines(3 * 3600, ALERT, ALERT._replace(time=START, value=3.0), ALERT._replace(time=START + 300))
        self.assertIn("hits 3.00", lines[2])
        self.assertEqual([line[:11] for line in lines[3:5]], ["02-07 21:15", "High traffi"])
        place = next(place for place, line in enumerate(lines) if "22:16:40" in line)
        self.assertEqual([lines[place - 1][:11], lines[place + 1][:11]], ["02-07 22:15", "02-07 22:20"])

    def test_messages_stand_between_blocks_by_their_end(self) -> None:
        lines = self.lines(30, ALERT._replace(time=START + 10), ALERT._replace(time=START + 19, value=3.0))
        firsts = [line for line in lines if not line.startswith("  ")]
        self.assertEqual(
            [re.split(r" {2,}| - ", line)[0] for line in firsts],
            [
                "2019-02-07 +00:00",
                "21:10:00–10",
                "High traffic generated an alert",
                "High traffic generated an alert",
                "21:10:10–20",
                "21:10:20–30",
            ],
        )

    def test_a_gap_is_a_line(self) -> None:
        events = [stats(after) for after in (*range(0, 600, 10), *range(7200, 7800, 10))]
        text = self.written(*events, Summary(1, 1, 0, 0, 0, START, START + 7799))
        self.assertIn("\n02-07 21:20  no events for 110 min 0 s\n", text)

    def test_years_are_shown_where_they_differ(self) -> None:
        events = [stats(0), stats(350 * 86_400)]
        text = self.written(*events, Summary(1, 1, 0, 0, 0, START, START + 350 * 86_400))
        self.assertIn("\n2020-01-2", text)

    def test_what_there_is_is_shown_where_an_error_ends_the_run(self) -> None:
        self.assertIn("21:10:00–10", self.written(stats(0), ALERT))
        self.assertIn("High traffic", self.written(stats(0), ALERT))
        self.assertIn(
            "2 rows of 1 h", self.written(stats(0), *(stats(after) for after in range(60, 86_400 * 2, 3600))).replace("48", "2")
        )

    def test_nothing_but_a_summary(self) -> None:
        self.assertEqual(self.written(Summary()), "0 lines: 0 events, 0 malformed, 0 late\n  took      0.00 s\n")

    def test_final_notices_come_between_the_rows_and_the_summary(self) -> None:
        both = io.StringIO()
        action = OverviewNotifier(both, both, clock=ManualClock())
        for event in (Notice("early"), stats(0), Notice("late", final=True), Summary(1, 1, 0, 0, 0, START, START)):
            action.notify(event)
        lines = both.getvalue().splitlines()
        place = lines.index("late")
        self.assertEqual([lines[0], lines[2][:11], lines[place + 1][:7]], ["early", "21:10:00–10", "1 lines"])

    def test_many_messages_wait_on_disk(self) -> None:
        alerts = [ALERT._replace(time=START + n, value=float(n)) for n in range(500)]
        expected = self.lines(3 * 3600, *alerts)
        with mock.patch("LogsMonitor2000.action.overview.SPOOL_BYTES_MAX", 1000):
            self.assertEqual(self.lines(3 * 3600, *alerts), expected)
        self.assertEqual(sum("High traffic" in line for line in expected), 500)

    def test_every_width_from_40_columns_fits(self) -> None:
        rng = Random(5)
        for width in (*range(40, 60), 80, 100, 200, 300):
            step = rng.choice((10, 60, 600))
            events = [stats(after, rng.choice((1, 20, 4_000_000))) for after in range(0, 200 * step, step)]
            summary = Summary(123_456_789, 123_456_789, 0, 0, 0, START, START + 200 * step)
            for line in self.written(*events, summary, width=lambda: width).splitlines():
                with self.subTest(width=width, line=line):
                    self.assertLessEqual(cells(line), width)


if __name__ == "__main__":
    unittest.main()
