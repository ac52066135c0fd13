"""Percentiles within half a percent of the value at their rank, merged in whatever grouping."""

from __future__ import annotations

from math import ceil
from random import Random
import unittest

from LogsMonitor2000.analyze.columns import RELATIVE_ERROR, Derivations
from LogsMonitor2000.analyze.measures.keys import OTHER
from LogsMonitor2000.analyze.measures.sketch import Sketch, merged, quantile, thinned

from ...support import SCALE

SHARES = (0.0, 0.01, 0.5, 0.9, 0.99, 0.999, 1.0)


class TestQuantiles(unittest.TestCase):
    def test_they_are_those_of_the_values(self) -> None:
        measure = Sketch("duration")
        for seed in range(40 * SCALE):
            rng = Random(seed)
            values = [rng.choice((0.0, round(rng.lognormvariate(-3, 2), 6) or 1e-6)) for _ in range(rng.randrange(1, 300))]
            state = measure.empty()
            for start in range(0, len(values), 70):
                columns = Derivations(duration=[repr(value).encode() for value in values[start : start + 70]])
                state = measure.merge(state, measure.add(measure.empty(), measure.select(columns)))
            values.sort()
            for share in SHARES:
                exact = values[max(1, ceil(share * len(values) - 1e-9)) - 1]
                found = quantile(measure.overall(state), share)
                assert found is not None
                with self.subTest(seed=seed, share=share):
                    self.assertLessEqual(abs(found - exact), RELATIVE_ERROR * exact * 1.000001)

    def test_of_nothing_there_are_none(self) -> None:
        self.assertIsNone(quantile({}, 0.5))
        self.assertIsNone(quantile(Sketch("duration").overall({}), 0.5))

    def test_events_without_the_field_do_not_count(self) -> None:
        measure = Sketch("duration", "user")
        columns = Derivations(duration=[b"1", None, b"-"], user=[b"a", b"a", b"b"])
        state = measure.add(measure.empty(), measure.select(columns))
        self.assertEqual({key: sum(bins.values()) for key, bins in state.items()}, {b"a": 1})


class TestBounds(unittest.TestCase):
    def test_thinning_is_even(self) -> None:
        for seed in range(200):
            rng = Random(seed)
            bins = {rng.randrange(500): rng.randrange(1, 9) for _ in range(rng.randrange(1, 40))}
            count = sum(bins.values())
            left = rng.randrange(count + 1)
            found = thinned(bins, count, left)
            with self.subTest(seed=seed):
                self.assertEqual(sum(found.values()), left)
                self.assertTrue(all(0 < part <= bins[number] for number, part in found.items()))
                seen = kept = 0
                for number in sorted(bins):
                    seen += bins[number]
                    kept += found.get(number, 0)
                    self.assertLess(abs(kept - seen * left / count), 1)

    def test_past_its_bound_nothing_is_lost_and_the_error_is_known(self) -> None:
        measure = Sketch("duration", "user", keys_max=4)
        for seed in range(50):
            rng = Random(seed)
            state, truth = measure.empty(), dict[bytes, int]()
            for _ in range(5):
                part = {b"%d" % rng.randrange(9): {rng.randrange(5): rng.randrange(1, 20)} for _ in range(6)}
                for key, bins in part.items():
                    truth[key] = truth.get(key, 0) + sum(bins.values())
                state = measure.shrink(measure.merge(state, part))
            error = measure.error(state)
            with self.subTest(seed=seed):
                self.assertEqual(sum(merged(state.values()).values()), sum(truth.values()))
                self.assertLessEqual(len(state), 5)
                for key, count in truth.items():
                    self.assertTrue(count - error <= sum(state.get(key, {}).values()) <= count)
                self.assertTrue(OTHER in state or not error)


if __name__ == "__main__":
    unittest.main()
