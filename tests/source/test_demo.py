"""The demo is the same everywhere, shows what it should, and so does the example that is in the repository."""

from __future__ import annotations

import hashlib
from pathlib import Path
import unittest
from unittest import mock

from LogsMonitor2000.event import Alert, Event, Stats, Summary
from LogsMonitor2000.source.demo import DEMO, EXAMPLE, DemoSource, Scenario, lines

from .. import running
from ..reference import Options

EXAMPLES = Path(__file__).resolve().parent.parent.parent / "examples"


def events_of(scenario: Scenario) -> list[Event]:
    """What a monitor tells of a scenario, at the end of its day."""
    with mock.patch.object(running, "NOW", scenario.start + 86_400):
        return running.events_of([DemoSource(scenario)], Options(log_format="auto"))


class Demo(unittest.TestCase):
    def test_it_is_the_same_every_time(self) -> None:
        first, again = (hashlib.sha256(b"".join(lines(DEMO))).hexdigest() for _ in range(2))
        self.assertEqual(first, again)

    def test_it_shows_a_flood_and_failures(self) -> None:
        events = events_of(DEMO)
        summary = events[-1]
        assert isinstance(summary, Summary)
        self.assertEqual(summary.lines, summary.events)
        self.assertGreater(summary.events, 10_000)
        self.assertEqual([event.state for event in events if isinstance(event, Alert)], ["firing", "resolved"])
        failed = [event.time - DEMO.start for event in events if isinstance(event, Stats) and b"5" in event.statuses]
        self.assertLessEqual(DEMO.failure.start - 10, min(failed))
        self.assertLess(max(failed), DEMO.failure.start + DEMO.failure.seconds)


class Example(unittest.TestCase):
    def test_the_example_is_what_the_module_writes(self) -> None:
        self.assertEqual((EXAMPLES / "access.log").read_bytes(), b"".join(lines(EXAMPLE)))

    def test_it_is_small_and_raises_one_alert(self) -> None:
        self.assertLess((EXAMPLES / "access.log").stat().st_size, 200_000)
        events = events_of(EXAMPLE)
        self.assertEqual([event.state for event in events if isinstance(event, Alert)], ["firing", "resolved"])
        summary = events[-1]
        assert isinstance(summary, Summary) and summary.first is not None and summary.last is not None
        self.assertTrue(8 * 60 < summary.last - summary.first < 20 * 60)


if __name__ == "__main__":
    unittest.main()
