"""Columns that are made of fields: what strangers write makes no column fail."""

from __future__ import annotations

import math
from random import Random
import unittest
from unittest import mock

from LogsMonitor2000.analyze.columns import (
    BIN_ZERO,
    RELATIVE_ERROR,
    Bin,
    Derivations,
    Number,
    Raw,
    ServerError,
    Subnet,
    cache_stats,
    clear_converted,
    middle,
)
from LogsMonitor2000.limits import CONVERTED_MAX, CONVERTED_TEXT_BYTES_MAX


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


class Numbers(unittest.TestCase):
    def test_sizes_and_durations(self) -> None:
        for field, text, expected in (
            ("size", b"007", 7),
            ("size", None, 0),
            ("duration", b"0.0000014", 1),
            ("duration", b"2.5", 2_500_000),
            ("duration", None, None),
            ("duration", b"-", None),
            ("duration", b"nan", None),
            ("duration", b"inf", None),
        ):
            with self.subTest(field=field, text=text):
                self.assertEqual(Number(field).convert(text), expected)
        self.assertEqual(Number("duration").column([None, None]), [None, None])

    def test_server_errors(self) -> None:
        found = {text: ServerError().convert(text) for text in (b"499", b"500", b"599", b"-", None)}
        self.assertEqual([text for text, is_error in found.items() if is_error], [b"500", b"599"])


class Identity(unittest.TestCase):
    def test_each_has_a_key_of_its_own(self) -> None:
        columns = (Raw("size"), Bin("size"), Number("size"), Subnet("size", 24, None), Subnet("size", None, 24), ServerError())
        self.assertEqual(len({column.key for column in columns}), len(columns))
        self.assertEqual(len({*columns, Raw("size"), Subnet("size", 24, None)}), len(columns))
        self.assertEqual([repr(column) for column in columns[2:4]], ["number(size)", "size/24/-"])
        self.assertNotEqual(Raw("bin(size)"), Bin("size"))

    def test_together_they_are_tuples(self) -> None:
        columns = Derivations(size=[b"7", None], source=[b"10.0.0.7", b"x"])
        self.assertEqual(columns[Raw("source"), Number("size")], [(b"10.0.0.7", 7), (b"x", 0)])
        self.assertEqual(columns[Subnet("source", 24, None)], [b"10.0.0.0/24", b"x"])


class Cache(unittest.TestCase):
    def setUp(self) -> None:
        clear_converted()
        self.addCleanup(clear_converted)

    def test_what_texts_become_is_remembered_within_bounds(self) -> None:
        column = Subnet("source", 20, 60)
        hosts = [b"host%d" % number for number in range(2 * CONVERTED_MAX + 10)]
        self.assertEqual(column.column([*hosts, b"10.0.31.1", *hosts[:5]]), [*hosts, b"10.0.16.0/20", *hosts[:5]])
        self.assertLessEqual(cache_stats()["entries"], CONVERTED_MAX)
        self.assertGreater(cache_stats()["entries"], 0)

    def test_all_columns_together_are_bounded_in_bytes(self) -> None:
        columns = [Subnet("source", length, None) for length in range(20)]
        with mock.patch("LogsMonitor2000.analyze.columns.CONVERTED_BYTES_MAX", 100_000):
            for number in range(0, 500, 100):
                texts = [b"%d" % row + b"x" * 500 for row in range(number, number + 100)]
                for column in columns:
                    column.column(texts)
                self.assertLess(cache_stats()["bytes"], 100_000 + 1000)

    def test_long_texts_are_not_remembered(self) -> None:
        texts: list[bytes | None] = [b"%d" % number + b"x" * CONVERTED_TEXT_BYTES_MAX for number in range(1000)]
        self.assertEqual(Subnet("path", 24, 64).column(texts), texts)
        self.assertEqual(cache_stats(), {"entries": 0, "bytes": 0})

    def test_raw_is_the_field(self) -> None:
        self.assertEqual(Raw("path").convert(b"/a"), b"/a")


if __name__ == "__main__":
    unittest.main()
