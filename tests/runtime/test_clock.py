"""Times as a user writes them."""

from __future__ import annotations

from datetime import datetime, timezone
import unittest

from LogsMonitor2000.errors import UsageError
from LogsMonitor2000.runtime.clock import is_time_of_day, second_of_day


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=timezone.utc).timestamp())


class TimesOfDay(unittest.TestCase):
    def test_which_texts_are_one(self) -> None:
        for text, is_one in (
            ("21:12:36", True),
            ("21:12", True),
            ("9:05", True),
            ("24:00", False),
            ("21:60", False),
            ("2026-11-22T21:12", False),
            ("1700000000", False),
            ("21", False),
        ):
            with self.subTest(text):
                self.assertEqual(is_time_of_day(text), is_one)

    def test_the_second_that_it_means(self) -> None:
        for text, first, last, expected in (
            ("21:12:36", "2026-11-22T00:00:00", "2026-11-22T23:59:59", "2026-11-22T21:12:36"),
            ("9:05", "2026-11-22T00:00:00", "2026-11-22T23:59:59", "2026-11-22T09:05:00"),
            (
                "21:12",
                "2026-11-22T08:00:00",
                "2026-11-22T09:00:00",
                "2026-11-22T21:12:00",
            ),  # not in the log, but no other day is
            ("01:00", "2026-11-22T22:00:00", "2026-11-23T02:00:00", "2026-11-23T01:00:00"),
            ("23:00", "2026-11-22T22:00:00", "2026-11-23T02:00:00", "2026-11-22T23:00:00"),
        ):
            with self.subTest(text, first=first):
                self.assertEqual(second_of_day(text, "UTC", at(first), at(last)), at(expected))

    def test_what_could_be_several_seconds_or_none(self) -> None:
        for text, first, last, message in (
            (
                "12:00",
                "2026-11-20T00:00:00",
                "2026-11-22T23:00:00",
                "'12:00' is ambiguous in the logs (the logs span 2026-11-20",
            ),
            ("12:00", "2026-11-22T22:00:00", "2026-11-23T02:00:00", "'12:00' is not in the logs"),
        ):
            with self.subTest(text, first=first), self.assertRaises(UsageError) as caught:
                second_of_day(text, "UTC", at(first), at(last))
            self.assertIn(message, str(caught.exception))


if __name__ == "__main__":
    unittest.main()
