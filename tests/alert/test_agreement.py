"""The engine against the reference: the same ledger for every series and every rule, however the bytes come."""

from __future__ import annotations

from random import Random
import unittest

from ..support import SCALE
from .making import (
    MEASURES,
    alerts,
    calculator,
    log_line,
    pieces,
    random_lines,
    random_rule,
    random_rules,
    read,
    rounded,
    run,
)
from .reference import ledger


class OneInput(unittest.TestCase):
    maxDiff = None

    def test_random_series_and_rules(self) -> None:
        told = 0
        for seed in range(30 * SCALE):
            rng = Random(seed)
            lines, rules, buffer_time = random_lines(rng), random_rules(rng), rng.choice((0, 1, 2, 3))
            hits, unparsed = read(lines, buffer_time)
            expected = ledger(rules, hits, unparsed)
            events = run([pieces(rng, b"".join(map(log_line, lines)))], calculator(rules), buffer_time)
            with self.subTest(seed=seed, rules=rules):
                self.assertEqual(rounded(alerts(events)), rounded(expected))
            told += len(expected)
        self.assertGreater(told, 300)

    def test_every_measure(self) -> None:
        """Many series for each, as few random rules of all of them ever fire."""
        for measure in MEASURES:
            told = 0
            for seed in range(8 * SCALE):
                rng = Random(f"{measure} {seed}")
                lines, rules = random_lines(rng), [random_rule(rng, "r", measure)]
                hits, unparsed = read(lines, 2)
                expected = ledger(rules, hits, unparsed)
                events = run([[b"".join(map(log_line, lines))]], calculator(rules))
                with self.subTest(measure=measure, seed=seed, rule=rules[0]):
                    self.assertEqual(rounded(alerts(events)), rounded(expected))
                told += len(expected)
            self.assertGreater(told, 3, measure)


if __name__ == "__main__":
    unittest.main()
