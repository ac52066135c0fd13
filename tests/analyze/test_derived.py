"""Columns that are made of fields: what strangers write makes no column fail."""

from __future__ import annotations

import math
from random import Random
import unittest

from LogsMonitor2000.analyze.derived import BIN_ZERO, RELATIVE_ERROR, Bin, Derived, Raw, Subnet, _converted, middle
from LogsMonitor2000.limits import CONVERTED_MAX


class Networks(unittest.TestCase):
    def test_cases(self) -> None:
        for v4, v6, text, expected in (
            (24, 64, b"192.0.2.77", b"192.0.2.0/24"),
            (24, 64, b"2001:db8:0:1:2:3:4:5", b"2001:db8:0:1::/64"),
            (24, 64, b"2001:DB8::1", b"2001:db8::/64"),
            (24, None, b"2001:db8::1", b"2001:db8::1"),
            (None, 64, b"192.0.2.77", b"192.0.2.77"),
            (24, 64, b"::ffff:192.0.2.77", b"192.0.2.0/24"),
            (None, 64, b"::ffff:192.0.2.77", b"::ffff:192.0.2.77"),
            (24, 64, b"fe80::1%eth0", b"fe80::/64"),
            (0, 0, b"192.0.2.77", b"0.0.0.0/0"),
            (32, 128, b"::1", b"::1/128"),
        ):
            with self.subTest(v4=v4, v6=v6, text=text):
                self.assertEqual(Subnet("source", v4, v6).convert(text), expected)

    def test_what_is_no_address_stays_as_it_is(self) -> None:
        for text in (None, b"", b"-", b"host.example.com", b"10.0.0", b"10.0.0.256", b"\xff\x00", b"%", b":" * 40, b"1" * 5000):
            with self.subTest(text=text):
                self.assertEqual(Subnet("source", 24, 64).convert(text), text)


class Bins(unittest.TestCase):
    def test_the_middle_is_within_half_a_percent_of_every_value(self) -> None:
        rng = Random(1)
        for _ in range(20_000):
            value = 10 ** rng.uniform(-7, 18)
            number = Bin("duration").convert(repr(value).encode())
            self.assertLessEqual(abs(middle(number) - value), RELATIVE_ERROR * value * 1.000001, value)

    def test_what_is_no_number_and_what_is_too_small_or_large(self) -> None:
        bins = Bin("duration")
        for text, expected in (
            (None, None),
            (b"", None),
            (b"-", None),
            (b"x", None),
            (b"\xff", None),
            (b"0", BIN_ZERO),
            (b"0.000", BIN_ZERO),
            (b"1e-300", BIN_ZERO),
            (b"-1", BIN_ZERO),
            (b"nan", BIN_ZERO),
            (b"-inf", BIN_ZERO),
        ):
            with self.subTest(text=text):
                self.assertEqual(bins.convert(text), expected)
        self.assertEqual(bins.convert(b"inf"), bins.convert(b"1e308"))
        self.assertTrue(math.isfinite(middle(bins.convert(b"inf") or 0)))
        self.assertEqual(middle(BIN_ZERO), 0.0)

    def test_a_size_that_is_not_told_is_0(self) -> None:
        self.assertEqual(Bin("size").convert(None), BIN_ZERO)


class Memory(unittest.TestCase):
    def test_what_texts_become_is_remembered_within_bounds(self) -> None:
        column: Derived = Subnet("source", 20, 60)
        remembered = _converted(column)
        self.assertIs(_converted(Subnet("source", 20, 60)), remembered)
        for number in range(2 * CONVERTED_MAX + 10):
            remembered[b"host%d" % number]
            self.assertLessEqual(len(remembered), CONVERTED_MAX)
        self.assertEqual(remembered[b"10.0.31.1"], b"10.0.16.0/20")

    def test_raw_is_the_field(self) -> None:
        self.assertEqual(Raw("path").convert(b"/a"), b"/a")


if __name__ == "__main__":
    unittest.main()
