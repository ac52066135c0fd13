"""The text output: what it says, how wide it gets, and that a log cannot command the terminal."""

from __future__ import annotations

import io
import re
from typing import Any
import unittest

from LogsMonitor2000.action.base import Status
from LogsMonitor2000.action.style import Style
from LogsMonitor2000.action.summary_text import Advice
from LogsMonitor2000.action.terminal import TerminalNotifier
from LogsMonitor2000.event import Alert, AlertTotal, Event, MalformedLine, Notice, Peak, Stats, Summary
from LogsMonitor2000.source.statistics import ReadStatistics
from LogsMonitor2000.testing import ManualClock
from LogsMonitor2000.text import cells

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
            "2019-02-07 +00:00\n"
            "21:11:00–10            1,289 hits      128.9 requests/s   107.2 KiB\n"
            "  status    2xx 75  4xx 14\n"
            "  sections  /api 1,058  /b 3\n"
            "  sources   10.0.0.1 22\n",
        )

    def test_statistics_in_few_columns(self) -> None:
        self.assertEqual(
            self.written(STATS._replace(hits=1), width=lambda: 40),
            "2019-02-07 +00:00\n"
            "21:11:00–10  1 hit  0.1/s  107.2 KiB\n"
            "  status    2xx 75  4xx 14\n"
            "  sections  /api 1,058  /b 3\n"
            "  sources   10.0.0.1 22\n",
        )

    def test_the_date_is_shown_where_it_changes(self) -> None:
        later = [STATS._replace(time=STATS.time + seconds) for seconds in (0, 10, 86_400)]
        headings = [line for line in self.written(*later).splitlines() if line.startswith("2019")]
        self.assertEqual(headings, ["2019-02-07 +00:00", "2019-02-08 +00:00"])

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
            "  traffic   998 hits  9.98 requests/s  0 B\n"
            "  took      0.50 s, 2,000 lines/s\n",
        )

    def test_the_summary_of_nothing(self) -> None:
        self.assertEqual(self.written(Summary(), took=0), "0 lines: 0 events, 0 malformed, 0 late\n  took      0.00 s\n")

    def test_colours_only_when_asked(self) -> None:
        events = (STATS, FIRING, RESOLVED, Summary(1, 1, 0, 0, 0, 5, 5))
        plain = self.written(*events, banner="hello")
        colored = self.written(*events, banner="hello", style=Style(color=True))
        self.assertNotIn("\x1b", plain)
        self.assertEqual(re.sub(r"\x1b\[[0-9;]*m", "", colored), plain)
        self.assertIn("\x1b[1;33mHigh traffic", colored)
        self.assertIn("\x1b[1;32mTraffic is now", colored)
        self.assertIn("\x1b[32m2xx 75\x1b[0m  \x1b[33m4xx 14\x1b[0m", colored)

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
        self.assertEqual(text.count("\n"), 5)
        self.assertTrue(text.replace("\n", "").isprintable(), text)
        self.assertIn(r"/\x1b[31m\r\x00\xff\x9b\u202e\n 1", text)
        self.assertEqual(self.errors.getvalue(), "log:7: malformed, bad: /\\x1b[31m\\r\\x00\\xff\\x9b\\u202e\\n\n")

    def test_long_keys_are_elided_and_rows_fit_80_columns(self) -> None:
        keys = [(b"/" + b"x" * length, length) for length in (100, 59, 58, 40, 30, 20, 7, 1)]
        text = self.written(STATS._replace(sections=keys, sources=[(b"2001:db8::%d" % n, n) for n in range(12)]))
        for line in text.splitlines():
            with self.subTest(line=line):
                self.assertLessEqual(len(line), 80)
                self.assertEqual(line, line.rstrip())
        self.assertIn("/" + "x" * 29 + "…" + "x" * 29 + " 100", text)
        self.assertIn("/" + "x" * 59 + " 59", text)
        for _, count in keys[2:]:
            self.assertRegex(text, rf"/x{{{count}}} {count}\b")
        self.assertEqual(len(re.findall("2001:db8", text)), 12)

    def test_notices_and_samples_go_to_the_other_stream(self) -> None:
        self.assertEqual(self.written(Notice("detail", verbose=True), Notice("broke off")), "")
        self.assertEqual(self.errors.getvalue(), "broke off\n")
        self.written(Notice("detail", verbose=True), verbose=True)
        self.assertEqual(self.errors.getvalue(), "detail\n")

    def test_wide_characters_fit(self) -> None:
        keys = [("/日本語のとても長いページ".encode() * 3, 12_345), ("/é".encode(), 1)]
        for width in (40, 41, 55):
            for line in self.written(STATS._replace(sections=keys), width=lambda: width).splitlines():
                with self.subTest(width=width, line=line):
                    self.assertLessEqual(cells(line), width)

    def test_what_the_traffic_was(self) -> None:
        summary = Summary(
            10_010, 10_000, 10, 0, 0, 1549573860, 1549577459, 5 << 30, {b"2": 9_000, b"4": 997, b"5": 3},
            ((b"/api", 7_000), (b"/", 3_000)), ((b"10.0.0.1", 77),), Peak(13.494, 1549573956, 120), (),
            {"sections": 2, "sources": 1_753},
        )  # fmt: skip
        self.assertEqual(
            self.written(summary).splitlines()[2:7],
            [
                "  traffic   10,000 hits  2.78 requests/s  5.0 GiB",
                "  status    2xx 9,000 90.0 %  4xx 997 10.0 %  5xx 3 <0.1 %",
                "  sections  /api 7,000  / 3,000",
                "  sources   10.0.0.1 77  (1,753 different)",
                "  no alert fired; peak 13.49 hits/s over 120 s at 2019-02-07T21:12:36+00:00",
            ],
        )

    def test_what_became_of_each_alert(self) -> None:
        for totals, expected in (
            ((AlertTotal("a", 2, 226, False),), ["  alerts    a fired 2 times, 3 min 46 s in all"]),
            ((AlertTotal("a", 1, 15_000, True),), ["  alerts    a still firing, 4 h 10 min"]),
            (
                (AlertTotal("a", 1, 1, False), AlertTotal("b", 3, 9, True)),
                ["  alerts    a fired once, 1 s in all", "            b fired 3 times, 9 s in all, still firing"],
            ),
        ):
            with self.subTest(expected=expected):
                lines = self.written(Summary(alerts=totals)).splitlines()
                self.assertEqual(lines[1:-1], expected)

    def test_what_to_run_next(self) -> None:
        advice = Advice("python -m LogsMonitor2000", frozenset({"explain", "backtest"}), ("my log",))
        last = "python -m LogsMonitor2000 backtest 'my log'"
        self.assertNotIn("next", self.written(Summary(), advice=advice))
        summary = Summary(peak=Peak(1.0, 5, 120))
        self.assertTrue(self.written(summary, advice=advice).endswith(f"  next      {last}\n"))
        text = self.written(FIRING, summary, advice=advice)
        explain = "python -m LogsMonitor2000 explain 2019-02-07T21:12:36+00:00 'my log'"
        self.assertTrue(text.endswith(f"  next      {explain}\n            {last}\n"))
        advice = Advice("logsmonitor2000", shared=("--timezone", "UTC", "my log"), own=("--top", "2"))
        self.assertEqual(advice.repeat(59), "logsmonitor2000 --timezone UTC 'my log' --top 2 --buffer_time 59")


class Run:
    """What a terminal asks of a run."""

    is_following = True
    actions = ()

    def __init__(self) -> None:
        self.has_caught_up = False
        self.known = Summary()

    def status(self) -> Status:
        return Status(self.known, ReadStatistics(), (), ())


class Following(unittest.TestCase):
    def setUp(self) -> None:
        self.out = io.StringIO()
        self.clock = ManualClock(STATS.time + 1000)
        self.action = TerminalNotifier(self.out, io.StringIO(), clock=self.clock)
        self.run_ = Run()
        self.action.start(self.run_)  # type: ignore[arg-type]

    def test_history_is_one_row_then_blocks_come(self) -> None:
        self.run_.known = Summary(first=STATS.time + 1, last=STATS.time + 35)
        for after in (0, 10, 20):
            self.action.notify(STATS._replace(time=STATS.time + after))
        self.action.notify(FIRING)
        self.action.progress(0, 0, 1)
        self.assertEqual(self.out.getvalue().count("\n"), 1)  # the alert alone
        self.run_.has_caught_up = True
        self.action.progress(0, 0, 1)
        history = "before now  3,867 hits in 35 s  2xx 225  4xx 42  since 2019-02-07T21:11:01+00:00\n"
        self.assertTrue(self.out.getvalue().endswith(history), self.out.getvalue())
        self.action.notify(STATS._replace(time=STATS.time + 30))
        self.action.progress(0, 0, 1)
        self.assertIn("21:11:30–40            1,289 hits      128.9 requests/s", self.out.getvalue())

    def test_history_is_shown_where_the_run_ends_before_it_does(self) -> None:
        self.run_.known = Summary(1289, 1289, 0, 0, 0, STATS.time + 1, STATS.time + 8)
        self.action.notify(STATS)
        self.action.notify(self.run_.known)
        self.assertIn("before now  1,289 hits in 8 s", self.out.getvalue())

    def test_without_history_there_is_no_row(self) -> None:
        self.run_.has_caught_up = True
        self.action.progress(0, 0, 0)
        self.assertEqual(self.out.getvalue(), "")

    def test_rates_are_of_what_the_log_covers(self) -> None:
        self.run_.has_caught_up = True
        for first, last, now, rate in (
            (-100, 50, 1000, "128.9"),
            (5, 50, 1000, "257.8"),
            (-100, 4, 5, "214.8"),
            (-100, 4, 9, "128.9"),
        ):
            self.run_.known = Summary(first=STATS.time + first, last=STATS.time + last)
            self.clock.set(STATS.time + now)
            with self.subTest(first=first, last=last, now=now):
                self.action.notify(STATS)
                self.action.progress(0, 0, 1)
                self.assertIn(f" {rate} requests/s", self.out.getvalue().splitlines()[-4])


if __name__ == "__main__":
    unittest.main()
