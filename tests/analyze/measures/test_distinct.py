"""How many different values there are: exact for few, within the known error for many, the same in any order and grouping."""

from __future__ import annotations

import json
from random import Random
import unittest

from LogsMonitor2000.analyze.columns import Derivations
from LogsMonitor2000.analyze.measures.distinct import STANDARD_ERROR, Distinct
from LogsMonitor2000.limits import DISTINCT_EXACT_MAX

MEASURE = Distinct("source")


def state_of(values: list[bytes | None]) -> object:
    return MEASURE.add(MEASURE.empty(), MEASURE.select(Derivations(source=values)))


class TestDistinct(unittest.TestCase):
    def test_few_are_counted_exactly(self) -> None:
        for count in (0, 1, 1000, DISTINCT_EXACT_MAX):
            values: list[bytes | None] = [b"%d" % number for number in range(count)] * 2
            state = state_of(values)
            self.assertEqual((MEASURE.count(state), MEASURE.is_exact(state)), (count, True))

    def test_many_are_estimated(self) -> None:
        for count in (DISTINCT_EXACT_MAX + 1, 10_000, 200_000):
            state = state_of([b"%d" % number for number in range(count)])
            with self.subTest(count):
                self.assertFalse(MEASURE.is_exact(state))
                self.assertLess(abs(MEASURE.count(state) / count - 1), 3 * STANDARD_ERROR)

    def test_any_grouping_gives_the_same(self) -> None:
        for count in (3000, 6000):
            values: list[bytes | None] = [b"%d" % number for number in range(count)]
            whole = state_of(values)
            for seed in range(4):
                rng = Random(seed)
                shuffled = values + rng.choices(values, k=500)
                rng.shuffle(shuffled)
                parts = [state_of(shuffled[start : start + 900]) for start in range(0, len(shuffled), 900)]
                while len(parts) > 1:
                    one, other = parts.pop(rng.randrange(len(parts))), parts.pop(rng.randrange(len(parts)))
                    parts.append(MEASURE.merge(one, MEASURE.load(json.loads(json.dumps(MEASURE.dump(other))))))
                with self.subTest(count=count, seed=seed):
                    self.assertEqual(parts[0], whole)

    def test_a_missing_value_is_one_value_and_long_ones_differ_at_their_end(self) -> None:
        long = b"x" * 2000
        self.assertEqual(MEASURE.count(state_of([None, None, b"a", long + b"1", long + b"2"])), 4)

    def test_several_columns(self) -> None:
        measure = Distinct("source", "size")
        columns = Derivations(source=[b"a", b"a", b"b", b"a"], size=[None, b"1", b"1", b"1"])
        self.assertEqual(measure.count(measure.add(measure.empty(), measure.select(columns))), 3)


if __name__ == "__main__":
    unittest.main()
