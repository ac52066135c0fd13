"""The progress line: late, seldom, and gone before anything else is written."""

from __future__ import annotations

import io
import unittest

from LogsMonitor2000.action.progress import ERASE, ProgressLine
from LogsMonitor2000.event import Summary
from LogsMonitor2000.testing import ManualClock


class TestProgressLine(unittest.TestCase):
    def setUp(self) -> None:
        self.clock = ManualClock()
        self.terminal = io.StringIO()
        self.line = ProgressLine(self.terminal, self.clock)

    def drawn(self) -> str:
        """What was written since the last call."""
        text = self.terminal.getvalue()
        self.terminal.seek(0)
        self.terminal.truncate()
        return text

    def after(self, seconds: float, read: int, total: int = 1000, lines: int = 0) -> str:
        self.clock.advance(seconds)
        self.line.progress(read, total, lines)
        return self.drawn()

    def test_a_short_read_shows_nothing(self) -> None:
        self.assertEqual(self.after(0.4, 500), "")
        self.line.notify(Summary())
        self.line.close()
        self.assertEqual(self.drawn(), "")

    def test_share_rate_and_time_left(self) -> None:
        self.assertEqual(self.after(2.0, 250, lines=5000), ERASE + "25%, 2,500 lines/s, 6 s left")

    def test_nothing_read_yet(self) -> None:
        self.assertEqual(self.after(2.0, 0), ERASE + "0%, 0 lines/s")

    def test_an_end_that_nobody_knows(self) -> None:
        self.assertEqual(self.after(2.0, 0, total=0), "")

    def test_it_is_not_drawn_again_at_once(self) -> None:
        self.assertTrue(self.after(1.0, 100))
        self.assertEqual(self.after(0.1, 200), "")
        self.assertTrue(self.after(0.15, 300))

    def test_it_is_erased_before_an_event_and_at_the_end(self) -> None:
        for end in (lambda: self.line.notify(Summary()), self.line.close):
            self.assertTrue(self.after(1.0, 100))
            end()
            self.assertEqual(self.drawn(), ERASE)
            end()
            self.assertEqual(self.drawn(), "")


if __name__ == "__main__":
    unittest.main()
