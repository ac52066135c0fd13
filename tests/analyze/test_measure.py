"""Measures merge: measuring pieces and merging gives what measuring the whole gives; counters stay within their bound."""

from __future__ import annotations

from collections import Counter
import pickle
from random import Random
import unittest

from LogsMonitor2000.alert.condition import Condition, Test
from LogsMonitor2000.alert.contribution import Flag
from LogsMonitor2000.analyze.derived import Bin, Raw, Subnet
from LogsMonitor2000.analyze.digest import Digester
from LogsMonitor2000.analyze.layouts import Layouts
from LogsMonitor2000.analyze.measure import OTHER, Count, Measure, Total, TotalBy
from LogsMonitor2000.analyze.tally import Amounts, Rows, Tally
from LogsMonitor2000.parse.detect import parser_named

from ..logs import START
from ..support import FAR_FUTURE, clf_line
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


ENDS_IN_B = Flag(Condition("path", (Test("glob", b"*b", "*b"),), ()))


class LongKeys(unittest.TestCase):
    SHORT, LONG, CUT = b"a" * 512, b"a" * 513, b"a" * 512 + b"..."

    def test_which_are_long(self) -> None:
        for fields, key, expected in (
            (("a",), self.SHORT, False),
            (("a",), self.LONG, True),
            (("a",), None, False),
            (("a", "b"), (None, self.SHORT), False),
            (("a", "b"), (None, self.LONG), True),
        ):
            with self.subTest(fields=fields, key=str(key)[-20:]):
                self.assertEqual(Count(fields).are_long([{}, {key: 1}]), expected)

    def test_cut_they_count_together_where_they_begin_alike(self) -> None:
        one, two = Count(("a",)), Count(("a", "b"))
        counts = {self.SHORT: 1, self.LONG: 2, self.LONG * 2: 4, None: 8}
        once = one.cut(counts)
        self.assertEqual(once, {self.SHORT: 1, self.CUT: 6, None: 8})
        self.assertEqual(one.cut(once), once)
        self.assertEqual(two.cut({(None, self.LONG): 1, (None, self.LONG * 2): 1}), {(None, self.CUT): 2})

    def test_no_measure_lets_a_long_key_out_of_a_digest(self) -> None:
        columns = (Raw("path"), Raw("status"), Subnet("source", 24, None), ENDS_IN_B, Bin("size"))
        rows = Rows(columns)
        measures: tuple[Measure, ...] = (
            *(Count(("path",)), Count(("source", "path")), TotalBy("size", "path")),
            *(Tally(columns), Amounts(columns, "size"), rows),
        )
        layouts = Layouts({1: measures})
        paths = [b"/" + b"a" * 600 + end for end in (b"1", b"2", b"b", b"")] + [b"/" + b"a" * 511, b"/x"]
        lines = [clf_line(START, source=b"x" * 999 + b"%d" % (n % 2), target=paths[n % 6], size=b"7") for n in range(24)]
        states = []
        for step in (24, 5, 1):
            merged = [measure.empty() for measure in measures]
            for first in range(0, 24, step):
                digester = Digester(parser_named("common").bind(layouts.fields), layouts, 0)
                bucket = digester.digest([b"".join(lines[first : first + step])], FAR_FUTURE).buckets[1][START]
                merged = [measure.merge(state, bucket[measure]) for measure, state in zip(measures, merged)]
            states.append([*merged[:-1], rows.rows(merged[-1], 99)])
        self.assertEqual(states[0], states[1])
        self.assertEqual(states[0], states[2])
        for measure, state in zip(measures, states[0]):
            parts = [part for key in state for part in ([key] if isinstance(key, bytes) else key) if isinstance(part, bytes)]
            with self.subTest(measure):
                self.assertEqual(max(map(len, parts)), 515)
                self.assertIn(b"/" + b"a" * 511, parts)
        for state in (
            *states[0][-3:-1],
            list(zip(*states[0][-1])),
        ):  # a condition looks at the whole, also where the key is cut
            self.assertEqual({key[3] for key in state if key[0] == b"/" + b"a" * 511 + b"..."}, {False, True})
        self.assertEqual(states[0][0], {b"/" + b"a" * 511 + b"...": 16, b"/" + b"a" * 511: 4, b"/x": 4})
        self.assertEqual(states[0][2], {b"/" + b"a" * 511 + b"...": 112, b"/" + b"a" * 511: 28, b"/x": 28})


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
