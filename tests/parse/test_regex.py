"""Patterns mean the same on each Python, also on those where possessive groups fail."""

from __future__ import annotations

import re
import unittest

from LogsMonitor2000.parse.regex import compile_pattern, with_atomic_groups


class AtomicGroups(unittest.TestCase):
    def test_groups_become_atomic_and_nothing_else_changes(self) -> None:
        for pattern, expected in (
            (rb"[^ ]++ \d{1,3}+x*+", rb"[^ ]++ \d{1,3}+x*+"),
            (rb"(?:a|b)*+c", rb"(?>(?:a|b)*)c"),
            (rb"(?P<x>(?:a|\))*+)?+", rb"(?>(?P<x>(?>(?:a|\))*))?)"),
            (rb"[)(]*+(?<!\\)(?=a)(?!b)", rb"[)(]*+(?<!\\)(?=a)(?!b)"),
            (rb"[]()]+(?i:a)++", rb"[]()]+(?>(?i:a)+)"),
            (rb"(?i)a(b)+c", rb"(?i)a(b)+c"),
        ):
            with self.subTest(pattern):
                self.assertEqual(with_atomic_groups(pattern), expected)
                re.compile(expected)

    def test_a_possessive_group_matches(self) -> None:
        pattern = rb'(?P<text>(?:[^"\\]++|\\.|"(?! \d))*+)" (\d)'
        found = compile_pattern(pattern).match(b'a"b\\"c" 2')
        assert found is not None
        self.assertEqual(found["text"], b'a"b\\"c')


if __name__ == "__main__":
    unittest.main()
