"""Times, durations and sizes as people read them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from random import Random
import unittest
from unittest import mock

from LogsMonitor2000.action.formatter import MessageFormatter
from LogsMonitor2000.errors import UsageError
from LogsMonitor2000.event import Alert
from LogsMonitor2000.runtime.clock import zone_named
from LogsMonitor2000.text import duration, size


def alert(state: str, time: int = 1549573956, value: float = 10.05) -> Alert:
    return Alert("high_traffic", state, time, value, 10.0, 120, 1549573956, 12.345)


class Times(unittest.TestCase):
    def test_iso_8601_with_the_offset_of_the_zone(self) -> None:
        for zone, expected in (
            (timezone.utc, "2019-02-07T21:10:59+00:00"),
            (timezone(timedelta(hours=-7, minutes=-30)), "2019-02-07T13:40:59-07:30"),
        ):
            with self.subTest(zone=zone):
                self.assertEqual(MessageFormatter(zone).time(1549573859), expected)

    def test_every_second_in_any_order(self) -> None:
        rng = Random(1)
        for zone in (timezone.utc, timezone(timedelta(minutes=345))):
            formatter = MessageFormatter(zone)
            for _ in range(500):
                second = 1549573859 + rng.randrange(-130, 130)
                self.assertEqual(formatter.time(second), datetime.fromtimestamp(second, zone).isoformat())

    def test_outside_the_calendar_there_is_only_the_number(self) -> None:
        for zone, second, expected in (
            (timezone.utc, -62135596800, "0001-01-01T00:00:00+00:00"),
            (timezone.utc, -62135596801, "@-62135596801"),
            (timezone.utc, 253402300799, "9999-12-31T23:59:59+00:00"),
            (timezone.utc, 253402300800, "@253402300800"),
            (timezone(timedelta(hours=-1)), -62135596800, "@-62135596800"),
            (timezone.utc, 10**30, f"@{10**30}"),
        ):
            with self.subTest(zone=zone, second=second):
                self.assertEqual(MessageFormatter(zone).time(second), expected)


class Intervals(unittest.TestCase):
    def test_the_time_of_day_from_start_to_end(self) -> None:
        formatter = MessageFormatter()
        for start, seconds, expected in (
            (1549573850, 10, "21:10:50–21:11:00"),
            (1549573860, 10, "21:11:00–10"),
            (1549573860, 60, "21:11–21:12"),
            (1549573860, 90, "21:11:00–21:12:30"),
            (1549580400, 7200, "23:00–01:00"),
            (10**15, 10, f"@{10**15}–{10**15 + 10}"),
        ):
            with self.subTest(start=start, seconds=seconds):
                self.assertEqual(formatter.interval(start, seconds), expected)
        self.assertEqual(formatter.interval(1549573860, 10, "-"), "21:11:00-10")

    def test_days_have_the_offset_of_the_zone(self) -> None:
        self.assertEqual(MessageFormatter(timezone(timedelta(hours=5, minutes=30))).day(1549573860), "2019-02-08 +05:30")

    def test_starts_are_as_precise_as_they_must_be(self) -> None:
        india = MessageFormatter(timezone(timedelta(hours=5, minutes=30)))
        for formatter, start, seconds, expected in (
            (MessageFormatter(), 1549573860, 60, "02-07 21:11"),
            (MessageFormatter(), 1549573200, 1800, "02-07 21:00"),
            (MessageFormatter(), 1549573200, 3600, "02-07 21h"),
            (MessageFormatter(), 1549497600, 86_400, "02-07"),
            (india, 1549573200, 3600, "02-08 02:30"),
            (india, 1549497600, 86_400, "02-07 05:30"),
        ):
            with self.subTest(start=start, seconds=seconds):
                self.assertEqual(formatter.start(start, seconds), expected)
        self.assertEqual(MessageFormatter().start(1549497600, 86_400, with_year=True), "2019-02-07")


class Alerts(unittest.TestCase):
    def test_messages(self) -> None:
        formatter = MessageFormatter()
        self.assertEqual(
            formatter.alert(alert("firing")),
            "High traffic generated an alert - hits 10.05, triggered at 2019-02-07T21:12:36+00:00",
        )
        self.assertEqual(
            formatter.alert(alert("resolved", 1549574043, 9.98)),
            "Traffic is now back to normal as of 2019-02-07T21:14:03+00:00 (after 87 s, peak 12.35 hits/s)",
        )


class Zones(unittest.TestCase):
    def test_names(self) -> None:
        self.assertIsNone(zone_named("local"))
        self.assertIsNone(zone_named("LOCAL"))
        self.assertIs(zone_named("utc"), timezone.utc)

    def test_names_of_the_zone_database(self) -> None:
        try:
            zone = zone_named("Europe/Prague")
        except UsageError:
            self.skipTest("no zone database here")
        self.assertEqual(MessageFormatter(zone).time(1549573859), "2019-02-07T22:10:59+01:00")
        self.assertEqual(MessageFormatter(zone).time(1565000000), "2019-08-05T12:13:20+02:00")

    def test_names_that_are_none(self) -> None:
        for name in ("", "Mars/Olympus", "../../etc/passwd", "/etc/passwd", "a\0b", "x" * 5000):
            with self.subTest(name=name[:20]), self.assertRaisesRegex(UsageError, "unknown time zone"):
                zone_named(name)

    def test_the_zone_of_the_machine(self) -> None:
        zoneless = MessageFormatter(None)
        expected = datetime.fromtimestamp(1549573859, timezone.utc).astimezone().isoformat()
        with mock.patch.dict("os.environ"):
            self.assertEqual(zoneless.time(1549573859), expected)


class Amounts(unittest.TestCase):
    def test_durations(self) -> None:
        for seconds, expected in (
            (0, "0 s"),
            (119, "119 s"),
            (120, "2 min 0 s"),
            (725, "12 min 5 s"),
            (7199, "119 min 59 s"),
            (7200, "2 h 0 min"),
            (172_799, "47 h 59 min"),
            (172_800 + 4 * 3600 + 59, "2 d 4 h"),
        ):
            with self.subTest(seconds=seconds):
                self.assertEqual(duration(seconds), expected)

    def test_sizes(self) -> None:
        for count, expected in (
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (109_824, "107.2 KiB"),
            (1024**2 - 1, "1.0 MiB"),
            (3_650_722_202, "3.4 GiB"),
            (1024**5, "1.0 PiB"),
            (1024**6, "1024.0 PiB"),
        ):
            with self.subTest(count=count):
                self.assertEqual(size(count), expected)


if __name__ == "__main__":
    unittest.main()
