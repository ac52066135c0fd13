"""Text from strangers, made safe to show."""

from __future__ import annotations

import random
import unittest

from LogsMonitor2000.text import cells, counted, decoded, elided, printable, share, step


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


class Cells(unittest.TestCase):
    def test_wide_and_combining_characters(self) -> None:
        for text, width in (
            ("", 0),
            ("abc", 3),
            ("日本", 4),
            ("é", 1),
            ("e\u0301", 1),
            ("ｆ", 2),
            ("a\u200db", 2),
            ("▲–…█", 4),
        ):
            with self.subTest(text):
                self.assertEqual(cells(text), width)

    def test_the_middle_is_elided(self) -> None:
        for text, width, expected in (
            ("/short", 10, "/short"),
            ("/0123456789", 11, "/0123456789"),
            ("/0123456789", 10, "/0123…6789"),
            ("/0123456789", 4, "/0…9"),
            ("/0123456789", 1, "…"),
            ("日本日本日本", 8, "日本…本"),
        ):
            with self.subTest(text=text, width=width):
                self.assertEqual(elided(text, width), expected)
        self.assertEqual(elided("/0123456789", 10, "..."), "/012...789")

    def test_whatever_is_elided_fits_and_keeps_its_ends(self) -> None:
        rng = random.Random(2)
        for _ in range(500):
            text = "".join(rng.choice("ab/日e\u0301") for _ in range(rng.randrange(60)))
            width = rng.randrange(1, 40)
            short = elided(text, width)
            self.assertLessEqual(cells(short), width)
            if short != text:
                head, _, tail = short.partition("…")
                self.assertTrue(text.startswith(head) and text.endswith(tail))


class Quantities(unittest.TestCase):
    def test_one_is_singular(self) -> None:
        self.assertEqual([counted(n, "hit") for n in (0, 1, 2, 1289)], ["0 hits", "1 hit", "2 hits", "1,289 hits"])

    def test_steps(self) -> None:
        for seconds, expected in ((1, "1 s"), (10, "10 s"), (60, "1 min"), (90, "90 s"), (7200, "2 h"), (172_800, "2 d")):
            self.assertEqual(step(seconds), expected)

    def test_shares(self) -> None:
        for part, whole, expected in (
            (0, 0, "0.0 %"),
            (0, 5, "0.0 %"),
            (5, 5, "100.0 %"),
            (3, 10_000, "<0.1 %"),
            (1, 3, "33.3 %"),
        ):
            self.assertEqual(share(part, whole), expected)
