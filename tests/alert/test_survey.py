"""The distribution of a rule's values in a log, against the values that the rule is explained with."""

from __future__ import annotations

from random import Random
import unittest

from LogsMonitor2000.alert.reading import read_rules
from LogsMonitor2000.alert.survey import Distribution, SurveyCalculator
from LogsMonitor2000.config.table import Table

from ..logs import START
from ..support import SCALE
from .making import hits_at, log_line, random_hit, run
from .reference import Hit, Rule, ledger


def levels_of(hits: list[Hit], rule: Rule) -> dict[str, float]:
    survey = SurveyCalculator(read_rules([Table(rule, "monitor.toml")]))
    events = run([[b"".join(map(log_line, sorted(hits, key=lambda hit: hit.second)))]], survey)
    assert not [event for event in events if event.order[0] > 0 and event.order[0] < 1 << 62]
    return survey.levels()["r"]


class Levels(unittest.TestCase):
    def test_of_values(self) -> None:
        (high,) = read_rules([Table({"name": "r", "measure": "rate", "above": 1}, "m")])
        (low,) = read_rules([Table({"name": "r", "measure": "rate", "below": 1}, "m")])
        values = Distribution()
        values.add(float(value) for value in range(1, 1001))
        self.assertEqual(
            values.levels(high), {"p50": 500, "p75": 750, "p90": 900, "p95": 950, "p99": 990, "p99.9": 999, "max": 1000}
        )
        self.assertEqual(values.levels(low), {"p50": 500, "p25": 250, "p10": 100, "p5": 50, "p1": 10, "min": 1})
        self.assertEqual(Distribution().levels(high), {})

    def test_a_rate_at_every_second(self) -> None:
        # 10 s of 1 hit/s, then 90 s of 3; a window of 1 s.
        counts = {second: 1 if second < 10 else 3 for second in range(100)}
        self.assertEqual(levels_of(hits_at(counts), {"name": "r", "measure": "rate", "window": 1, "above": 9}), {"max": 3})
        self.assertEqual(
            levels_of(hits_at(counts), {"name": "r", "measure": "rate", "window": 1, "below": 1}), {"p25": 3, "min": 1}
        )

    def test_every_group_counts(self) -> None:
        hits = [hit for number in range(10) for hit in hits_at({5: number + 1}, source=f"10.0.0.{number}")]
        rule: Rule = {"name": "r", "measure": "count", "by": ["source"], "window": 1, "above": 100}
        self.assertEqual(levels_of(hits, rule), {"p50": 5, "p75": 8, "p90": 9, "max": 10})

    def test_silence_by_how_long_it_was(self) -> None:
        hits = hits_at({0: 1, 4: 1, 10: 1, 11: 1})
        self.assertEqual(levels_of(hits, {"name": "r", "measure": "silent", "at_least": 100}), {"p50": 4, "max": 6})

    def test_the_largest_level_is_where_a_rule_stops_firing(self) -> None:
        """A rule that alerts at the maximum fires; one that alerts above it does not."""
        for seed in range(10 * SCALE):
            rng = Random(seed)
            hits = [random_hit(rng, START + rng.randrange(40)) for _ in range(60)]
            for rule in (
                {"name": "r", "measure": "count", "window": rng.choice((1, 5, 20))},
                {"name": "r", "measure": "count", "window": 5, "by": ["source"]},
                {"name": "r", "measure": "distinct", "field": "path", "window": 7},
                {"name": "r", "measure": "bytes", "window": 9, "by": ["section"]},
            ):
                most = levels_of(hits, rule | {"above": 1e9})["max"]
                with self.subTest(seed=seed, rule=rule):
                    self.assertTrue(any(told.state == "firing" for told in ledger([rule | {"at_least": 0.995 * most}], hits)))
                    self.assertFalse(any(told.state == "firing" for told in ledger([rule | {"above": 1.005 * most}], hits)))


if __name__ == "__main__":
    unittest.main()
