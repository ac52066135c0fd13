"""What the summary says of alerts: how often each fired and for how long, and the peak of traffic."""

from __future__ import annotations

from collections import Counter
import json
from random import Random
import unittest

from LogsMonitor2000.alert.calculator import RuleCalculator
from LogsMonitor2000.alert.high_traffic import HighTrafficCalculator, built_in_rules
from LogsMonitor2000.alert.totals import AlertTotals
from LogsMonitor2000.analyze.bucket import Bucket
from LogsMonitor2000.analyze.calculator import TimedCalculator
from LogsMonitor2000.event import Alert, AlertTotal, Peak, Summary


def as_rule(window: int, threshold: float) -> TimedCalculator:
    return RuleCalculator(built_in_rules(window, threshold), causes=False)


class TestPeak(unittest.TestCase):
    def test_it_is_the_first_of_the_largest_averages(self) -> None:
        for seed in range(100):
            rng = Random(seed)
            window = rng.randrange(1, 6)
            seconds = sorted(rng.sample(range(100, 130), rng.randrange(1, 20)))
            hits = {second: rng.randrange(1, 4) for second in seconds}
            counts = Counter(hits)
            averages = {t: sum(counts[s] for s in range(t - window + 1, t + 1)) / window for t in seconds}
            highest = max(averages.values())
            expected = Peak(highest, min(t for t, average in averages.items() if average == highest), window)
            closed = [Bucket(second, 1, (), hits[second]) for second in seconds]
            cut = rng.randrange(len(seconds))
            for threshold in (0.4, 1.5, 9.0):
                for make in (HighTrafficCalculator, as_rule):
                    first, second = make(window, threshold), make(window, threshold)
                    first.advance(closed[:cut], seconds[cut - 1] if cut else 0)
                    second.restore(json.loads(json.dumps(first.snapshot())))
                    second.advance(closed[cut:], seconds[-1])
                    with self.subTest(seed=seed, threshold=threshold, make=make.__name__):
                        self.assertEqual(second.summarize(Summary()).peak, expected)

    def test_there_is_none_without_hits(self) -> None:
        self.assertIsNone(HighTrafficCalculator().summarize(Summary()).peak)
        self.assertIsNone(as_rule(5, 1).summarize(Summary()).peak)


def alert(state: str, time: int, started: int, name: str = "errors", group: bytes = b"") -> Alert:
    return Alert(name, state, time, 1.0, 1.0, 60, started, 1.0, (("section", group),) if group else ())


class TestAlertTotals(unittest.TestCase):
    TRANSITIONS = (
        alert("pending", 99, 99),
        alert("firing", 100, 100),
        alert("firing", 110, 100),  # shown again: nothing suppresses it any more
        alert("resolved", 120, 100),
        alert("firing", 130, 130, "slow", b"/a\xff"),
        alert("firing", 131, 131, "slow", b"/b"),
        alert("firing", 150, 150),
        alert("resolved", 160, 131, "slow", b"/b"),
        alert("resolved", 999, 999, "unheard of"),
    )

    def test_they_add_up_by_name(self) -> None:
        totals = AlertTotals()
        self.assertEqual(totals.totals(0), [])
        for transition in self.TRANSITIONS:
            totals.count(transition)
        expected = [AlertTotal("errors", 2, 20 + 51, True), AlertTotal("slow", 2, 29 + 71, True)]
        self.assertEqual(totals.totals(200), expected)

    def test_a_restart_changes_nothing(self) -> None:
        totals = AlertTotals()
        for transition in self.TRANSITIONS:
            restarted = AlertTotals()
            restarted.load(json.loads(json.dumps(totals.dump())))
            totals.count(transition)
            restarted.count(transition)
            self.assertEqual(restarted.totals(200), totals.totals(200))
            totals = restarted


if __name__ == "__main__":
    unittest.main()
