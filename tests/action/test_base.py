"""Which events an action is notified of."""

from __future__ import annotations

import unittest

from LogsMonitor2000.action.base import Action
from LogsMonitor2000.analyze.bucket import Bucket
from LogsMonitor2000.event import BucketClosed, Event, Notice, Summary


class Collector(Action):
    def notify(self, event: Event) -> None:
        pass


class Custom:
    order = (1, 0)


class TestWants(unittest.TestCase):
    EVENTS: tuple[Event, ...] = (Notice("x"), Summary(), Custom(), BucketClosed(Bucket(0, 5)))

    def taken(self, wants: frozenset[type] | None) -> list[Event]:
        action = Collector()
        action.wants = wants
        return [event for event in self.EVENTS if action.takes(event)]

    def test_without_a_wish_everything_but_buckets(self) -> None:
        self.assertEqual(self.taken(None), [*self.EVENTS[:3]])

    def test_only_what_it_wants(self) -> None:
        self.assertEqual(self.taken(frozenset({BucketClosed, Summary})), [self.EVENTS[1], self.EVENTS[3]])
        self.assertEqual(self.taken(frozenset()), [])


if __name__ == "__main__":
    unittest.main()
