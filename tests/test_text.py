"""Text from strangers, made safe to show."""

from __future__ import annotations

import random
import unittest

from LogsMonitor2000.text import decoded, printable


class Decoded(unittest.TestCase):
    def test_bytes_that_are_no_utf_8_are_shown(self) -> None:
        for raw, text in ((b"/api", "/api"), ("/é€".encode(), "/é€"), (b"a\xff\xc3b", "a\\xff\\xc3b"), (b"a\0\x1b", "a\0\x1b")):
            with self.subTest(raw):
                self.assertEqual(decoded(raw), text)


class Printable(unittest.TestCase):
    TABLE = (
        (b"", ""),
        (b"/api/user", "/api/user"),
        ("/é/日本 x".encode(), "/é/日本 x"),
        (b"\x1b[2J\x1b]0;title\x07", "\\x1b[2J\\x1b]0;title\\x07"),
        (b"a\tb\rc\nd\0", "a\\tb\\rc\\nd\\x00"),
        (b"\x7f\xc2\x9b31m", "\\x7f\\x9b31m"),
        ("a\u2028b\u2029c\u0085".encode(), "a\\u2028b\\u2029c\\x85"),
        ("\u202egnp.exe \u2066\u200f".encode(), "\\u202egnp.exe \\u2066\\u200f"),
        ("\U000e0041\ufeff".encode(), "\\U000e0041\\ufeff"),
        (b"\xff\xfe", "\\xff\\xfe"),
        (b"\xed\xa0\x80", "\\xed\\xa0\\x80"),
    )

    def test_what_does_not_print_is_escaped(self) -> None:
        for raw, text in self.TABLE:
            with self.subTest(raw):
                self.assertEqual(printable(raw), text)

    def test_whatever_comes_the_result_prints_on_one_line(self) -> None:
        draw = random.Random(13)
        for _ in range(500):
            raw = draw.randbytes(draw.randrange(30))
            with self.subTest(raw):
                self.assertTrue(printable(raw).isprintable())
