"""Durations as people write them."""

from __future__ import annotations

import unittest

from LogsMonitor2000.config.durations import duration_of


class Durations(unittest.TestCase):
    def test_what_they_mean(self) -> None:
        for text, seconds in (
            ("9", 9),
            ("0.5", 0.5),
            ("-1", -1),
            ("500ms", 0.5),
            ("30s", 30),
            ("5m", 300),
            ("5min", 300),
            ("4h", 14_400),
            ("1d", 86_400),
            ("1h30m", 5_400),
            ("1 h 30 min", 5_400),
            ("1.5h", 5_400),
        ):
            with self.subTest(text=text):
                self.assertEqual(duration_of(text), seconds)
                self.assertIs(type(duration_of(text)), type(seconds))

    def test_what_is_not_one(self) -> None:
        for text in ("", "s", "5x", "5 fortnights", "m5", "5m3", "1e9", "inf", "nan", "٣s", "9" * 16, "1s" * 40 + "x", "--5"):
            with self.subTest(text=text), self.assertRaisesRegex(ValueError, "must be a duration like 90s"):
                duration_of(text)


if __name__ == "__main__":
    unittest.main()
