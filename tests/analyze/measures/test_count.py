"""Counts by key: exact up to their bounds, and past them never too high and at most as much too low as they say."""

from __future__ import annotations

from collections import Counter
from random import Random
import unittest

from LogsMonitor2000.analyze.measures.count import Count, RunningCount
from LogsMonitor2000.analyze.measures.keys import OTHER

from ...support import SCALE
from ..making import added, state_of


class Counting(unittest.TestCase):
    def test_one_column_is_counted_by_value_and_several_by_tuple(self) -> None:
        self.assertEqual(state_of(Count("a"), [b"x", b"y", b"x"]), {b"x": 2, b"y": 1})
        self.assertEqual(state_of(Count("a", "b"), [b"x", b"x", b"x"], [b"1", b"2", b"1"]), {(b"x", b"1"): 2, (b"x", b"2"): 1})

    def test_merging_leaves_the_other_as_it_was(self) -> None:
        measure = Count("a")
        for mine in ([], [b"x"]):
            with self.subTest(mine=mine):
                other = state_of(measure, [b"x", b"y"])
                merged = measure.merge(state_of(measure, list(mine)), other)
                added(measure, merged, [b"y", b"z"])
                self.assertEqual(other, {b"x": 1, b"y": 1})

    def test_classes_of_statuses_are_counted_as_other_values_are(self) -> None:
        for seed in range(50):
            rng = Random(seed)
            values = rng.choice(([b"2", b"4", b"-"], [b"2", b"5", None], [b"2", b"9"], [b"20", b"", b"2"]))
            column = rng.choices(values, k=rng.choice((3, 40)))
            with self.subTest(seed=seed):
                self.assertEqual(state_of(Count("status_class"), column), Counter(column))


class Running(unittest.TestCase):
    def test_parts_in_whatever_batches_are_what_shrinking_after_each_gives(self) -> None:
        shrunk = 0
        for seed in range(60 * SCALE):
            rng = Random(seed)
            measure = Count("a", keys_max=rng.choice((5, 40, 10_000)), bytes_max=rng.choice((2000, 1 << 20)))
            parts = [
                {b"%d" % int(rng.paretovariate(0.5)) + b"x" * rng.choice((0, 0, 500)): rng.randrange(1, 9) for _ in range(9)}
                for _ in range(40)
            ]
            expected: dict[bytes, int] = {}
            for part in parts:
                expected = measure.shrink(measure.merge(expected, part))
            running, first = RunningCount(measure), 0
            while first < len(parts):
                size = rng.randrange(1, 20)
                running.add(parts[first : first + size])
                first += size
                if rng.random() < 0.2:
                    state, running = running.state, RunningCount(measure)
                    running.load(state)
            shrunk += OTHER in expected
            with self.subTest(seed=seed):
                self.assertEqual(running.state, expected)
        self.assertGreater(shrunk, 20)


class Bounded(unittest.TestCase):
    def test_at_the_bound_nothing_is_forgotten(self) -> None:
        measure = Count("a", keys_max=3)
        state = measure.shrink(state_of(measure, [b"x", b"y", b"z"]))
        self.assertEqual((state, measure.error(state)), ({b"x": 1, b"y": 1, b"z": 1}, 0))

    def test_past_it_the_next_weight_is_taken_from_all(self) -> None:
        measure = Count("a", keys_max=4)
        state = measure.shrink(state_of(measure, [b"a"] * 7 + [b"b"] * 4 + [b"c"] * 3 + [b"d"] * 2 + [b"e"]))
        self.assertEqual((state, measure.error(state)), ({b"a": 4, b"b": 1, OTHER: 12}, 4))

    def test_the_order_of_equals_makes_no_difference(self) -> None:
        measure = Count("a", keys_max=4)
        for keys in ([b"a", b"b", b"c", b"d", b"e"], [b"e", b"d", b"c", b"b", b"a"]):
            self.assertEqual(measure.shrink(state_of(measure, [*keys, b"a"])), {b"a": 1, OTHER: 5})

    def test_what_was_forgotten_before_stays_forgotten_however_heavy(self) -> None:
        measure = Count("a", keys_max=4)
        state = added(measure, {OTHER: 1000, b"a": 3}, [b"b", b"c", b"d", b"e"])
        self.assertEqual(measure.shrink(state), {b"a": 2, OTHER: 1005})

    def test_a_bound_of_one_leaves_only_the_total(self) -> None:
        measure = Count("a", keys_max=1)
        state = measure.shrink(state_of(measure, [b"a", b"a", b"b"]))
        self.assertEqual((state, measure.error(state)), ({OTHER: 3}, 3))

    def test_long_keys_are_bounded_by_their_bytes(self) -> None:
        measure = Count("a", bytes_max=1 << 16)
        short = measure.shrink(state_of(measure, [b"%d" % number for number in range(10_000)]))
        self.assertEqual((len(short), measure.error(short)), (10_000, 0))
        keys: list[bytes | None] = [b"%d" % number + b"x" * 300 for number in range(300)]
        long = measure.shrink(state_of(measure, [*keys, *keys[:50], *keys[:5]]))
        self.assertEqual(sum(long.values()), 355)
        self.assertLess(sum(map(len, long)), 1 << 15)
        for number in range(5):
            self.assertTrue(3 - measure.error(long) <= long.get(keys[number], 0) <= 3)

    def test_in_any_order_and_grouping_the_error_is_known_and_the_total_exact(self) -> None:
        shrunk = 0
        for seed in range(100 * SCALE):
            rng = Random(seed)
            measure = Count("a", keys_max=rng.choice((1, 2, 3, 10, 50)))
            truth: Counter[bytes] = Counter()
            parts = []
            for _ in range(rng.randrange(1, 12)):
                keys = [b"%d" % int(rng.paretovariate(0.5)) for _ in range(rng.randrange(80))]
                truth.update(keys)
                state = state_of(measure, list(keys))
                parts.append(measure.shrink(state) if rng.random() < 0.7 else state)
            while len(parts) > 1:
                one, other = parts.pop(rng.randrange(len(parts))), parts.pop(rng.randrange(len(parts)))
                merged = measure.merge(one, other)
                parts.append(measure.shrink(merged) if rng.random() < 0.7 else merged)
            state = measure.shrink(parts[0])
            error = measure.error(state)
            shrunk += error > 0
            with self.subTest(seed=seed):
                self.assertEqual(sum(state.values()), truth.total())
                self.assertLessEqual(len(state), measure.keys_max + 1)
                self.assertLessEqual(error, truth.total() // (measure.keys_max // 2 + 1))
                for key, count in truth.items():
                    self.assertTrue(count - error <= state.get(key, 0) <= count, (key, count, state.get(key), error))
        self.assertGreater(shrunk, 50)


if __name__ == "__main__":
    unittest.main()
