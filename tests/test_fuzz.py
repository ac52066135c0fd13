"""The fuzzer finds what it looks for, and nothing in what is there."""

from __future__ import annotations

import unittest

from LogsMonitor2000.event import WebLogEvent
from LogsMonitor2000.parse.lines.http_log import HTTPLogParser
from LogsMonitor2000.parse.registry import LINES
from fuzz.parse import Disagreement, check, parsers, run


class Broken(HTTPLogParser):
    """Its strict parser is a second off."""

    def parse_line(self, line: bytes) -> WebLogEvent:
        event = super().parse_line(line)
        return event._replace(time=event.time + 1)


class Fuzz(unittest.TestCase):
    def test_a_short_run_finds_nothing(self) -> None:
        self.assertGreater(run(0.3, 3), 10)
        self.assertGreater(len(parsers()), 20)

    def test_a_disagreement_is_found(self) -> None:
        row = next(row for row in LINES if row.name == "combined")
        with self.assertRaisesRegex(Disagreement, "combined: fast"):
            check("combined", Broken(row), row.examples[0])


if __name__ == "__main__":
    unittest.main()
