"""Measures merge: measuring pieces and merging gives what measuring the whole gives; counters stay within their bound."""

from __future__ import annotations

import pickle
import unittest
from collections import Counter
from random import Random

from LogsMonitor2000.analyze.measure import OTHER, Count, Measure, Total, TotalBy

from .making import added, state_of


class Merging(unittest.TestCase):
    def test_pieces_merged_are_the_whole(self) -> None:
        rng = Random(1)
        words: list[bytes | None] = [None, b"0", b"1", b"17", b"400", b"123456789012345678"]
        measures: list[Measure] = [Count(("a",)), Count(("a", "b")), Total("a"), TotalBy("a", "b")]
        for measure in measures:
            for _ in range(50):
                columns = [rng.choices(words, k=40) for _ in measure.fields]
                cuts = sorted(rng.choices(range(41), k=3))
                merged = measure.empty()
                for start, end in zip([0, *cuts], [*cuts, 40]):
                    merged = measure.merge(merged, state_of(measure, *(column[start:end] for column in columns)))
                with self.subTest(measure=measure, cuts=cuts):
                    self.assertEqual(merged, state_of(measure, *columns))

    def test_merging_leaves_the_other_as_it_was(self) -> None:
        measure = Count(("a",))
        for mine in ([], [b"x"]):
            with self.subTest(mine=mine):
                other = state_of(measure, [b"x", b"y"])
                merged = measure.merge(state_of(measure, list(mine)), other)
                added(measure, merged, [b"y", b"z"])
                self.assertEqual(other, {b"x": 1, b"y": 1})

    def test_states_and_measures_cross_process_borders(self) -> None:
        for measure in (Count(("a",)), Total("a"), TotalBy("a", "a")):
            state = state_of(measure, *([b"1", b"2", b"2"] for _ in measure.fields))
            self.assertEqual(pickle.loads(pickle.dumps((measure, state))), (measure, state))

    def test_equal_measures_are_one(self) -> None:
        self.assertEqual(len({Count(("a",)), Count(("a",)), Total("a"), Count(("b",))}), 3)


class Counting(unittest.TestCase):
    def test_one_field_is_counted_by_value_and_several_by_tuple(self) -> None:
        self.assertEqual(state_of(Count(("a",)), [b"x", b"y", b"x"]), {b"x": 2, b"y": 1})
        self.assertEqual(
            state_of(Count(("a", "b")), [b"x", b"x", b"x"], [b"1", b"2", b"1"]), {(b"x", b"1"): 2, (b"x", b"2"): 1}
        )

    def test_at_the_bound_nothing_is_forgotten(self) -> None:
        measure = Count(("a",), keys_max=3)
        state = state_of(measure, [b"x", b"y", b"z"])
        self.assertEqual(measure.shrink(state), {b"x": 1, b"y": 1, b"z": 1})

    def test_past_the_bound_the_lighter_half_becomes_other(self) -> None:
        measure = Count(("a",), keys_max=4)
        state = state_of(measure, [b"a"] * 5 + [b"b"] * 4 + [b"c"] * 3 + [b"d"] * 2 + [b"e"])
        self.assertEqual(measure.shrink(state), {b"a": 5, b"b": 4, OTHER: 6})

    def test_equally_heavy_keys_are_kept_by_name(self) -> None:
        measure = Count(("a",), keys_max=4)
        for keys in ([b"a", b"b", b"c", b"d", b"e"], [b"e", b"d", b"c", b"b", b"a"]):
            self.assertEqual(measure.shrink(state_of(measure, list(keys))), {b"a": 1, b"b": 1, OTHER: 3})

    def test_what_was_forgotten_before_stays_forgotten_however_heavy(self) -> None:
        measure = Count(("a",), keys_max=4)
        state = added(measure, {OTHER: 1000, b"a": 3}, [b"b", b"c", b"d", b"e"])
        self.assertEqual(measure.shrink(state), {b"a": 3, b"b": 1, OTHER: 1003})

    def test_the_total_is_exact_and_heavy_keys_keep_their_place(self) -> None:
        rng = Random(2)
        measure = Count(("a",), keys_max=50)
        state = measure.empty()
        truth: Counter[bytes] = Counter()
        for chunk in range(30):
            keys = [b"heavy%d" % rng.randrange(5) if rng.random() < 0.5 else b"%d" % rng.randrange(10**6) for _ in range(200)]
            truth.update(keys)
            state = measure.shrink(added(measure, state, list(keys)))
            self.assertLessEqual(len(state), measure.keys_max)
            self.assertEqual(sum(state.values()), sum(truth.values()))
        for number in range(5):
            self.assertEqual(state[b"heavy%d" % number], truth[b"heavy%d" % number])


class Totals(unittest.TestCase):
    def test_missing_values_count_as_nothing(self) -> None:
        self.assertEqual(state_of(Total("a"), [b"5", None, b"0", b"007"]), 12)

    def test_sums_pass_64_bits(self) -> None:
        self.assertEqual(state_of(Total("a"), [b"9" * 18] * 100), 100 * (10**18 - 1))

    def test_shrinking_changes_nothing(self) -> None:
        self.assertEqual(Total("a").shrink(12), 12)

    def test_sums_by_another_field_are_bounded_as_counts_are(self) -> None:
        measure = TotalBy("a", "b", keys_max=4)
        state = state_of(measure, [b"5", None, b"2", b"1", b"1", b"8"], [b"v", b"w", b"w", b"x", b"y", b"z"])
        self.assertEqual(measure.shrink(dict(state)), {b"z": 8, b"v": 5, OTHER: 4})
        self.assertEqual(measure.load(measure.dump(state)), state)


if __name__ == "__main__":
    unittest.main()
