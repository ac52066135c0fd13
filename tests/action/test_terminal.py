"""The text output: what it says, how wide it gets, and that a log cannot command the terminal."""

from __future__ import annotations

import io
import re
from typing import Any
import unittest

from LogsMonitor2000.action.terminal import TerminalNotifier
from LogsMonitor2000.event import Alert, Event, MalformedLine, Notice, Stats, Summary
from LogsMonitor2000.testing import ManualClock

STATS = Stats(1549573860, 10, 1289, 109824, [(b"/api", 1058), (b"/b", 3)], [(b"10.0.0.1", 22)], {b"2": 75, b"4": 14})
FIRING = Alert("high_traffic", "firing", 1549573956, 10.05, 10.0, 120, 1549573956, 10.05)
RESOLVED = FIRING._replace(state="resolved", time=1549574043, value=9.98, peak=12.5)


class TestTerminal(unittest.TestCase):
    def written(self, *events: Event, took: float = 0.5, **options: Any) -> str:
        self.out, self.errors = io.StringIO(), io.StringIO()
        clock = ManualClock()
        action = TerminalNotifier(self.out, self.errors, clock=clock, **options)
        clock.advance(took)
        for event in events:
            action.notify(event)
        action.close()
        return self.out.getvalue()

    def test_statistics(self) -> None:
        self.assertEqual(
            self.written(STATS),
            "2019-02-07T21:11:00+00:00      1,289 hits      128.9/s    107.2 KiB\n"
            "  status    2xx 75  4xx 14\n"
            "  sections  /api 1,058  /b 3\n"
            "  sources   10.0.0.1 22\n",
        )

    def test_alerts(self) -> None:
        self.assertEqual(
            self.written(FIRING, RESOLVED).splitlines(),
            [
                "High traffic generated an alert - hits 10.05, triggered at 2019-02-07T21:12:36+00:00",
                "Traffic is now back to normal as of 2019-02-07T21:14:03+00:00 (after 87 s, peak 12.50 hits/s)",
            ],
        )

    def test_the_summary(self) -> None:
        text = self.written(Summary(1000, 990, 2, 8, 9, 1549573860, 1549573959), took=0.5)
        self.assertEqual(
            text,
            "1,000 lines: 990 events, 2 malformed, 8 late\n"
            "  2019-02-07T21:11:00+00:00 to 2019-02-07T21:12:39+00:00 (100 s)\n"
            "  took 0.50 s, 2,000 lines/s\n",
        )

    def test_the_summary_of_nothing(self) -> None:
        self.assertEqual(self.written(Summary(), took=0), "0 lines: 0 events, 0 malformed, 0 late\n  took 0.00 s\n")

    def test_colours_only_when_asked(self) -> None:
        events = (STATS, FIRING, RESOLVED, Summary(1, 1, 0, 0, 0, 5, 5))
        plain = self.written(*events, banner="hello")
        colored = self.written(*events, banner="hello", color=True)
        self.assertNotIn("\x1b", plain)
        self.assertEqual(re.sub(r"\x1b\[[0-9;]*m", "", colored), plain)
        self.assertIn("\x1b[1;31mHigh traffic", colored)
        self.assertIn("\x1b[1;32mTraffic is now", colored)

    def test_the_banner_comes_once_and_first(self) -> None:
        self.assertTrue(self.written(STATS, STATS, banner="hello").startswith("hello\n2019"))
        self.assertEqual(self.written(STATS, STATS, banner="hello").count("hello"), 1)

    def test_the_banner_does_not_wait_for_an_event(self) -> None:
        out = io.StringIO()
        TerminalNotifier(out, io.StringIO(), banner="hello").progress(0, 0, 0)
        self.assertEqual(out.getvalue(), "hello\n")

    def test_what_a_log_says_is_never_raw(self) -> None:
        nasty = b"/\x1b[31m\r\x00\xff\xc2\x9b\xe2\x80\xae\n"
        text = self.written(STATS._replace(sections=[(nasty, 1)], sources=[(nasty, 2)]), MalformedLine("log", 7, "bad", nasty))
        self.assertEqual(text.count("\n"), 4)
        self.assertTrue(text.replace("\n", "").isprintable(), text)
        self.assertIn(r"/\x1b[31m\r\x00\xff\x9b\u202e\n 1", text)
        self.assertEqual(self.errors.getvalue(), "log:7: malformed, bad: /\\x1b[31m\\r\\x00\\xff\\x9b\\u202e\\n\n")

    def test_long_keys_are_clipped_and_rows_fit_80_columns(self) -> None:
        keys = [(b"/" + b"x" * length, length) for length in (100, 59, 58, 40, 30, 20, 7, 1)]
        text = self.written(STATS._replace(sections=keys, sources=[(b"2001:db8::%d" % n, n) for n in range(12)]))
        for line in text.splitlines():
            with self.subTest(line=line):
                self.assertLessEqual(len(line), 80)
                self.assertEqual(line, line.rstrip())
        self.assertIn("/" + "x" * 56 + "... 100", text)
        self.assertIn("/" + "x" * 59 + " 59", text)
        for _, count in keys[2:]:
            self.assertRegex(text, rf"/x{{{count}}} {count}\b")
        self.assertEqual(len(re.findall("2001:db8", text)), 12)

    def test_notices_and_samples_go_to_the_other_stream(self) -> None:
        self.assertEqual(self.written(Notice("detail", verbose=True), Notice("broke off")), "")
        self.assertEqual(self.errors.getvalue(), "broke off\n")
        self.written(Notice("detail", verbose=True), verbose=True)
        self.assertEqual(self.errors.getvalue(), "detail\n")


if __name__ == "__main__":
    unittest.main()
