"""Why a rule did or did not fire at a second."""

from __future__ import annotations

from typing import Any
import unittest

from LogsMonitor2000.event import Explanation

from ..logs import START
from .making import calculator, hits_at, told_of
from .reference import Hit

CALM = hits_at({second: 2 for second in range(60)})
BURST = [*CALM, *hits_at({30: 30})]


def explained(hits: list[Hit], second: int, **rule: Any) -> list[str]:
    engine = calculator([{"name": "r", "window": 10} | rule], explain_at=START + second)
    (found,) = [event for event in told_of(hits, engine=engine) if isinstance(event, Explanation)]
    return list(found.lines)


class Explained(unittest.TestCase):
    def test_cases(self) -> None:
        few = {"measure": "ratio", "of": {"status": "5xx"}, "above": 0.5}
        for hits, second, rule, expected in (
            (BURST, 29, {"measure": "count", "above": 40}, "r: inactive, 20 is not above 40"),
            (BURST, 32, {"measure": "count", "above": 40}, "r: firing for 2 s, peak 50, 50 is above 40"),
            (
                BURST,
                45,
                {"measure": "count", "above": 40, "recover": 10},
                "r: firing for 15 s, peak 50, 20 is above 10, where it recovers",
            ),
            (
                BURST,
                42,
                {"measure": "count", "above": 40, "keep_firing": 9},
                "r: firing for 12 s, peak 50, recovered for 2 s of keep_firing 9, 20 is not above 40",
            ),
            (BURST, 33, {"measure": "count", "above": 40, "for": 5}, "r: pending for 3 s of 5, 50 is above 40"),
            (
                BURST,
                33,
                {"measure": "count", "above": 40, "dry_run": True},
                "r: firing for 3 s, peak 50 (dry run), 50 is above 40",
            ),
            (BURST, 5, few, "r: inactive, no decision: the window is full in 4 s"),
            (BURST, 20, few | {"min_events": 21}, "r: inactive, no decision: 20 events, min_events is 21"),
            (BURST, 20, few | {"where": {"path": "/x"}}, "r: inactive, no decision: no events in the window"),
            (
                BURST,
                25,
                {"measure": "spike", "above": 2, "min_before": 99},
                "r: inactive, no decision: 20 events before, min_before is 99",
            ),
            (BURST, 15, {"measure": "spike", "above": 2}, "r: inactive, no decision: the window is full in 4 s"),
            (BURST, 30, {"measure": "spike", "above": 2}, "r: firing for 0 s, peak 2.5 times, 2.5 times is above 2 times"),
            (BURST, 20, {"measure": "new", "by": ["path"]}, "r [path=/a]: inactive, 20 events, not new"),
        ):
            with self.subTest(second=second, rule=rule):
                self.assertEqual(explained(hits, second, **rule), [expected])

    def test_silence_and_buckets(self) -> None:
        hits = [*hits_at({0: 1}), *hits_at({60: 1})]
        engine = calculator([{"name": "r", "measure": "silent", "at_least": 10}], explain_at=START + 45)
        _, found, _ = told_of(hits, engine=engine)[-3:]
        self.assertEqual(getattr(found, "lines"), ("r: firing for 35 s, peak 45 s, 45 s is at least 10 s",))
        engine = calculator(
            [{"name": "r", "measure": "leaky_bucket", "by": ["source"], "capacity": 5, "leak": 10}], explain_at=START + 5
        )
        told = [event for event in told_of([*hits_at({0: 3}), *CALM[20:]], engine=engine) if isinstance(event, Explanation)]
        self.assertEqual(told[0].lines, ("r [source=10.0.0.1]: inactive, 2.5 is not above 5",))

    def test_a_group_without_values(self) -> None:
        lines = explained(CALM, 20, measure="ratio", of={"status": "5xx"}, above=0.5, by=["method"], where={"path": "/x"})
        self.assertEqual(lines, ["r: inactive, no events that it measures"])

    def test_the_groups_that_matter_and_how_many_there_are(self) -> None:
        hits = [hit for number in range(20) for hit in hits_at({5: 1 + number, 6: 1}, source=f"{number:02d}")]
        lines = explained(hits, 6, measure="count", above=19, by=["source"])
        self.assertEqual(lines[0], "r [source=19]: firing for 1 s, peak 21, 21 is above 19")
        self.assertEqual(lines[1], "r [source=18]: firing for 0 s, peak 20, 20 is above 19")
        self.assertEqual(lines[2], "r [source=17]: inactive, 19 is not above 19")
        self.assertEqual((len(lines), lines[-1]), (6, "r: and 15 more groups"))

    def test_before_the_first_event(self) -> None:
        self.assertEqual(explained(CALM, -100, measure="count", above=1), [])


if __name__ == "__main__":
    unittest.main()
