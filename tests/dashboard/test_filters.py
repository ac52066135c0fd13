"""Filters mean what the `where` of a rule means."""

from __future__ import annotations

import unittest

from LogsMonitor2000.dashboard.filters import FilterError, drilled, read_filter, without_last


class Filters(unittest.TestCase):
    def test_conditions(self) -> None:
        for text, expected in (
            ("", []),
            ("status=5xx", ["status 5xx"]),
            ("5xx", ["status 5xx"]),
            ("404 10.0.0.1", ["source 10.0.0.1", "status 404"]),
            ("/api", ["section /api"]),
            ("/api/user", ["path /api/user"]),
            ("section=/a section=/b", ["section /a or /b"]),
            ("!method=GET method!=HEAD", ["method not GET or HEAD"]),
            ("status>=500 size<10kB", ["status >=500", "size <10kB"]),
            ("source=10.0.0.0/8", ["source 10.0.0.0/8"]),
            ("'agent=two words'", ["agent two words"]),
        ):
            with self.subTest(text):
                self.assertEqual([str(condition) for condition in read_filter(text)], expected)

    def test_what_is_wrong_is_said(self) -> None:
        for text, message in (
            ("planet=mars", "unknown field 'planet'"),
            ("'open", "invalid filter"),
            ("status=abc", "status"),
            ("size>lots", "size"),
            ("method>5", "method"),
        ):
            with self.subTest(text), self.assertRaisesRegex(FilterError, message):
                read_filter(text)

    def test_drilling_down_and_back(self) -> None:
        text = drilled("", "section", b"/api")
        text = drilled(text, "agent", b"two words")
        self.assertEqual(text, "section=/api 'agent=two words'")
        self.assertEqual(drilled(text, "section", b"/api"), text)
        self.assertEqual([str(each) for each in read_filter(text)], ["section /api", "agent two words"])
        self.assertEqual(without_last(text), "section=/api")
        self.assertEqual(without_last("section=/api"), "")
        self.assertEqual(without_last("'open"), "")

    def test_values_that_are_not_utf_8_match_themselves(self) -> None:
        (condition,) = read_filter(drilled("", "path", b"/\xff'\x1b"))
        self.assertTrue(condition.holds(b"/\xff'\x1b"))
        self.assertFalse(condition.holds(b"/x"))

    def test_a_value_that_is_missing_reads_as_a_dash(self) -> None:
        self.assertEqual(drilled("", "user", None), "user=-")


if __name__ == "__main__":
    unittest.main()
