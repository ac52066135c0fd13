"""Alerts on standard error, in words."""

from __future__ import annotations

import io
import unittest

from LogsMonitor2000.event import Notice, Stats, Summary

from ..delivering import Delivering
from ..making import firing, resolved

STATS = Stats(60, 10, 1, 2, [(b"/a", 1)], [(b"10.0.0.1", 1)], {b"2": 1})


class Terminal(Delivering):
    def test_alerts_that_pass(self) -> None:
        for color, text in ((False, "High traffic"), (True, "\x1b[1;33mHigh traffic")):
            with self.subTest(color=color):
                self.errors = io.StringIO()
                action = self.spec('type = "terminal"\nalerts = "errors"').build(self.context(color=color))
                old = firing(time=9)
                for event in (
                    old,
                    resolved(old, 10),
                    firing("slow"),
                    old._replace(state="pending"),
                    STATS,
                    Notice("x"),
                    Summary(),
                ):
                    action.notify(event)
                action.close()
                first, second = self.errors.getvalue().splitlines()
                self.assertTrue(first.startswith(text), first)
                self.assertIn("back to normal", second)


if __name__ == "__main__":
    unittest.main()
