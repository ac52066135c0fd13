"""Timestamps: what they mean, what is none, and that remembering them changes nothing."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
import random
import unittest
from unittest.mock import patch

from LogsMonitor2000.limits import TIMESTAMP_BYTES_MAX
from LogsMonitor2000.parse.values.timestamps import NO_TIME, ClfTimestamps, EpochTimestamps, Timestamps

MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


def clf(time: datetime) -> bytes:
    """Written out by hand, because `%b` follows the locale."""
    zone = time.strftime("%z")
    return f"{time:%d}/{MONTHS[time.month - 1]}/{time.year:04}:{time:%H:%M:%S} {zone}".encode()


class Clf(unittest.TestCase):
    VALID = {
        b"10/Oct/2000:13:55:36 -0700": 971211336,
        b"01/Jan/1970:00:00:00 +0000": 0,
        b"01/Jan/1970:00:00:00 +0100": -3600,
        b"31/Dec/1969:23:59:59 +0000": -1,
        b"29/Feb/2000:00:00:00 +0000": 951782400,
        b"29/Feb/2024:12:00:00 +0000": 1709208000,
        b"10/Oct/2000:13:55:36 +0530": 971166336,
        b"10/Oct/2000:13:55:36 -0030": 971187936,
        b"10/Oct/2000:13:55:36 -0000": 971186136,
        b"31/Dec/2016:23:59:60 +0000": 1483228799,  # a leap second has no second of its own
        b"31/Dec/2016:23:59:59 +0000": 1483228799,
        b"01/Jan/0001:00:00:00 +0000": -62135596800,
        b"31/Dec/9999:23:59:59 +0000": 253402300799,
        b"10/Oct/2000:13:55:36 +2359": 971099796,
    }
    INVALID = (
        *(b"", b"-", b"10/Oct/2000", b"10/Oct/2000:13:55:36 ", b"10/Oct/2000:13:55:36 -070"),
        *(b"10/Oct/2000:13:55:36 -07000", b" 10/Oct/2000:13:55:36 -0700", b"x" * 26),
        *(
            b"10/Xxx/2000:13:55:36 -0700",
            b"10/oct/2000:13:55:36 -0700",
            b"10/OCT/2000:13:55:36 -0700",
            b"10/010/2000:13:55:36 -070",
        ),
        *(
            b"29/Feb/2001:00:00:00 +0000",
            b"29/Feb/1900:00:00:00 +0000",
            b"30/Feb/2000:00:00:00 +0000",
            b"31/Apr/2000:00:00:00 +0000",
        ),
        *(
            b"00/Oct/2000:13:55:36 -0700",
            b"32/Oct/2000:13:55:36 -0700",
            b"10/Oct/0000:13:55:36 -0700",
            b"-1/Oct/2000:13:55:36 -0700",
        ),
        *(
            b"10/Oct/2000:24:00:00 -0700",
            b"10/Oct/2000:13:60:36 -0700",
            b"10/Oct/2000:13:55:61 -0700",
            b"10/Oct/2000:13:55:99 -0700",
        ),
        *(
            b"10/Oct/2000:13:55:36 +2500",
            b"10/Oct/2000:13:55:36 +2400",
            b"10/Oct/2000:13:55:36 +0060",
            b"10/Oct/2000:13:55:36 -9999",
        ),
        *(
            b"10/Oct/2000:13:55:36  0700",
            b"10/Oct/2000:13:55:36 00700",
            b"10/Oct/2000:13:55:36+07000",
            b"10/Oct/2000:13:55:36 +07:0",
        ),
        *(
            b"10-Oct/2000:13:55:36 -0700",
            b"10/Oct-2000:13:55:36 -0700",
            b"10/Oct/2000 13:55:36 -0700",
            b"10/Oct/2000:13-55:36 -0700",
        ),
        *(
            b"10/Oct/2000:13:55-36 -0700",
            b"10/Oct/2000:13:55:3x -0700",
            b"10/Oct/2000:13:55: 6 -0700",
            b"10/Oct/2000:13:55:+6 -0700",
        ),
        *(
            b"+1/Oct/2000:13:55:36 -0700",
            b"10/Oct/2_00:13:55:36 -0700",
            b"10/Oct/ 200:13:55:36 -0700",
            b"10/Oct/2000:1_:55:36 -0700",
        ),
        *(
            b"10/Oct/2000:13:55:36 -0_00",
            b"10/Oct/2000:13:55:36 - 700",
            b"10/Oct/2000:13:55:36 -07\xb2\xb3",
            b"\xb2\xb3/Oct/2000:13:55:36 -0700",
        ),
        *("١٠/Oct/2000:13:5:36 -0700".encode(), "10/Oct/2000:13:55:٣ -0700".encode(), b"10/Oct/2000:13:55:3\0 -0700"),
    )

    def test_what_is_a_time(self) -> None:
        timestamps = ClfTimestamps()
        for timestamp, second in self.VALID.items():
            with self.subTest(timestamp):
                self.assertEqual(ClfTimestamps()[timestamp], second)
                self.assertEqual(timestamps[timestamp], second)

    def test_unusual_notations(self) -> None:
        for text in (
            b"9/Oct/2000:13:55:36 -0700",
            b"09/Oct/2000:20:55:36",
            b"9/Oct/2000:20:55:36 UTC",
            b"09/Oct/2000:20:55:36.123 GMT",
        ):
            with self.subTest(text):
                self.assertEqual(ClfTimestamps()[text], 971124936)
        for text in (b"09/Oct/2000:20:55:36 CET", b"x", b"", b"09/Oct/2000:20:55:36 +02:00", b"09/Oct/2000:20:55:36 UTC "):
            with self.subTest(text):
                self.assertEqual(ClfTimestamps()[text], NO_TIME)

    def test_what_is_none(self) -> None:
        timestamps = ClfTimestamps()
        for timestamp in self.INVALID:
            for _ in range(3):  # the first finding must not spoil the next
                with self.subTest(timestamp):
                    self.assertEqual(timestamps[timestamp], NO_TIME)

    def test_as_datetime_has_it(self) -> None:
        draw = random.Random(19)
        timestamps = ClfTimestamps()
        for _ in range(5_000):
            zone = timezone(timedelta(minutes=draw.randrange(-1439, 1440)))
            second = draw.randrange(-60_000_000_000, 250_000_000_000)
            timestamp = clf(datetime.fromtimestamp(0, zone) + timedelta(seconds=second))
            self.assertEqual(timestamps[timestamp], second, timestamp)

    def test_the_days_of_two_centuries_as_datetime_has_it(self) -> None:
        timestamps = ClfTimestamps()
        for day in range(0, 366 * 210, 17):
            time = datetime(1895, 1, 1, 23, 59, 59, tzinfo=timezone.utc) + timedelta(days=day)
            self.assertEqual(timestamps[clf(time)], time.timestamp(), time)

    def test_seconds_of_a_minute_in_any_order_are_as_if_each_were_alone(self) -> None:
        draw = random.Random(23)
        for _ in range(40):
            timestamps = ClfTimestamps()
            minute = draw.randrange(1 << 31) // 60 * 60
            zone = timezone(timedelta(minutes=draw.randrange(-1439, 1440)))
            base = clf(datetime.fromtimestamp(minute, zone))
            for number in draw.choices(range(62), k=30):
                timestamp = base[:18] + b"%02d" % number + base[20:]
                self.assertEqual(timestamps[timestamp], ClfTimestamps()[timestamp], timestamp)
                self.assertEqual(timestamps[timestamp], NO_TIME if number > 60 else minute + min(number, 59), timestamp)

    def test_the_second_meeting_of_a_minute_fills_it(self) -> None:
        timestamps = ClfTimestamps()
        timestamps[b"10/Oct/2000:13:55:36 -0700"]
        self.assertEqual(len(timestamps), 1)
        timestamps[b"10/Oct/2000:13:55:40 -0700"]
        self.assertEqual(len(timestamps), 60)
        with patch.object(timestamps, "convert", side_effect=AssertionError("converted again")):
            self.assertEqual(timestamps[b"10/Oct/2000:13:55:59 -0700"], 971211359)

    def test_an_impossible_minute_is_not_filled(self) -> None:
        timestamps = ClfTimestamps()
        for second in range(5):
            self.assertEqual(timestamps[b"29/Feb/2001:00:00:%02d +0000" % second], NO_TIME)

    def test_many_minutes_and_zones_at_once(self) -> None:
        draw = random.Random(29)
        timestamps = ClfTimestamps()
        zones = [timezone(timedelta(hours=hours)) for hours in (-11, 0, 5)]
        for _ in range(3_000):
            second = 1_600_000_000 + draw.randrange(900)
            timestamp = clf(datetime.fromtimestamp(second, draw.choice(zones)))
            self.assertEqual(timestamps[timestamp], second)


class Epoch(unittest.TestCase):
    TABLE = {
        b"1549573860": 1549573860,
        b"0": 0,
        b"007": 7,
        b"1549573860.0": 1549573860,
        b"1549573860.999999": 1549573860,
        b"9" * 12: 10**12 - 1,
    }
    INVALID = (
        *(
            b"",
            b"-",
            b"-1",
            b"+1",
            b" 1",
            b"1 ",
            b"1_0",
            b"1e9",
            b"0x1",
            b"1.",
            b".5",
            b"1.5.5",
            b"1.-5",
            b"1. 5",
            b"1,5",
            b".",
        ),
        *(b"9" * 13, b"9" * 5_000, "١٢".encode(), b"\xb2", b"1\0", b"nan", b"inf", b"1.5e3"),
    )

    def test_what_is_a_time(self) -> None:
        for timestamp, second in self.TABLE.items():
            with self.subTest(timestamp):
                self.assertEqual(EpochTimestamps()[timestamp], second)

    def test_what_is_none(self) -> None:
        for timestamp in self.INVALID:
            with self.subTest(timestamp[:20]):
                self.assertEqual(EpochTimestamps()[timestamp], NO_TIME)


class Memory(unittest.TestCase):
    KINDS: tuple[type[Timestamps], ...] = (ClfTimestamps, EpochTimestamps)

    def test_no_stamp_is_no_time(self) -> None:
        for kind in self.KINDS:
            self.assertEqual(kind()[None], NO_TIME)

    def test_no_more_than_the_limit_is_remembered(self) -> None:
        with patch("LogsMonitor2000.parse.values.timestamps.TIMESTAMPS_MAX", 100):
            epoch, clf_timestamps = EpochTimestamps(), ClfTimestamps()
            start = datetime(2020, 1, 1, tzinfo=timezone.utc)
            for number in range(2_000):
                self.assertEqual(epoch[b"%d" % number], number)
                time = start + timedelta(seconds=number * 29)
                self.assertEqual(clf_timestamps[clf(time)], time.timestamp())
                self.assertLessEqual(len(epoch), 100)
                self.assertLess(len(clf_timestamps), 100 + 60 + 1)
                self.assertLessEqual(len(clf_timestamps._minutes), 8)

    def test_a_stamp_is_converted_once(self) -> None:
        timestamps = EpochTimestamps()
        timestamps[b"12"], timestamps[b"no time"]
        with patch.object(timestamps, "convert", side_effect=AssertionError("converted again")):
            self.assertEqual((timestamps[b"12"], timestamps[b"no time"]), (12, NO_TIME))

    def test_a_text_longer_than_any_stamp_is_not_remembered(self) -> None:
        for kind in self.KINDS:
            timestamps = kind()
            self.assertEqual(timestamps[b"1" * (TIMESTAMP_BYTES_MAX + 1)], NO_TIME)
            self.assertEqual(len(timestamps), 0)
