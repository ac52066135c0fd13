"""What all measures have in common: parts measured apart and merged, in any order, are what the whole is."""

from __future__ import annotations

import json
import pickle
from random import Random
from typing import Any
import unittest

from LogsMonitor2000.analyze.columns import Bin, Derivations, Raw, Subnet
from LogsMonitor2000.analyze.measures.base import Measure
from LogsMonitor2000.analyze.measures.count import Count
from LogsMonitor2000.analyze.measures.distinct import Distinct
from LogsMonitor2000.analyze.measures.keys import OTHER
from LogsMonitor2000.analyze.measures.sample import Sample
from LogsMonitor2000.analyze.measures.sketch import Sketch
from LogsMonitor2000.analyze.measures.sum import Amounts, Sum, SumBy, add_amounts
from LogsMonitor2000.analyze.measures.topk import TopK
from LogsMonitor2000.analyze.measures.unparsed import UNPARSED
from LogsMonitor2000.limits import HISTORY_SECOND_ROWS_MAX
from LogsMonitor2000.parse.base import LINE

Block = dict[str, list["bytes | None"]]
MEASURES: tuple[Measure, ...] = (
    Count("path"),
    Count("path", Subnet("source", 24, None), Bin("duration")),
    Sum("size"),
    SumBy("size", "path"),
    SumBy("size", "path", "source"),
    Amounts("size"),
    Amounts("duration", "path"),
    Sketch("duration"),
    Sketch("duration", "path"),
    Sketch("size", "path", "source"),
    TopK("path"),
    TopK("path", "source"),
    Distinct("source"),
    Distinct("path", "source"),
    Sample("path"),
    Sample(),
    UNPARSED,
)


def rows(rng: Random, count: int) -> Block:
    columns: Block = {
        "path": [rng.choice((b"/a", b"/b", b"/c\xff", None)) for _ in range(count)],
        "source": [b"10.0.%d.%d" % (rng.randrange(3), rng.randrange(9)) for _ in range(count)],
        "duration": [rng.choice((None, b"0", b"0.25", b"3.5", b"nan", b"inf", b"1e308")) for _ in range(count)],
        "size": [rng.choice((None, b"0", b"7", b"999999999999999999")) for _ in range(count)],
        "status": [rng.choice((b"200", b"404", b"500", b"503", b"-")) for _ in range(count)],
    }
    columns[LINE] = [b"line %d" % rng.randrange(1000) for _ in range(count)]
    return columns


def measured(measure: Measure, columns: Block, begin: int = 0, end: int | None = None) -> Any:
    return measure.add(measure.empty(), measure.select(Derivations(columns))[begin:end])


class Merging(unittest.TestCase):
    def test_parts_are_what_the_whole_is(self) -> None:
        for seed in range(60):
            rng = Random(seed)
            columns, cut = rows(rng, 40), rng.randrange(41)
            for measure in MEASURES:
                with self.subTest(seed=seed, measure=measure):
                    whole = measured(measure, columns)
                    first, second = measured(measure, columns, 0, cut), measured(measure, columns, cut)
                    copies = pickle.loads(pickle.dumps((first, second)))
                    if isinstance(measure, Sample):  # whose order is that of the file
                        self.assertEqual(measure.rows(measure.merge(first, second), 99), measure.rows(whole, 99))
                        continue
                    untouched = pickle.loads(pickle.dumps(second))
                    self.assertEqual(measure.merge(first, second), whole)
                    self.assertEqual(second, untouched)
                    self.assertEqual(measure.merge(*reversed(copies)), whole)
                    self.assertEqual((measure.shrink(whole), measure.error(whole)), (measured(measure, columns), 0))

    def test_a_merged_state_shares_nothing_with_the_other(self) -> None:
        columns = rows(Random(5), 40)
        for measure in MEASURES:
            with self.subTest(measure):
                other = measured(measure, columns)
                untouched = pickle.loads(pickle.dumps(other))
                merged = measure.merge(measure.empty(), other)
                measure.merge(merged, measured(measure, columns))
                if not isinstance(measure, Sample):
                    self.assertEqual(other, untouched)

    def test_states_survive_json_and_measures_pickle(self) -> None:
        columns = rows(Random(1), 50)
        for measure in MEASURES:
            with self.subTest(measure=measure):
                state = measured(measure, columns)
                known = measure.empty() if isinstance(measure, Sample) else state
                loaded = measure.load(json.loads(json.dumps(measure.dump(state))))
                if isinstance(measure, TopK):
                    self.assertEqual(measure.top(loaded, 99), measure.top(known, 99))
                else:
                    self.assertEqual(loaded, known)
                self.assertEqual(pickle.loads(pickle.dumps(measure)), measure)


class Identity(unittest.TestCase):
    def test_keys_are_stable_text(self) -> None:
        for measure, key in (
            (Count("section", "status_class"), "count(section,status_class)"),
            (Count(Raw("section")), "count(section)"),
            (Count("section", keys_max=20), "count(section;keys=20)"),
            (Count(Subnet("source", 24, 64), bytes_max=99), "count(source/24/64;bytes=99)"),
            (Sum("size"), "sum(size)"),
            (SumBy("size", "section"), "sum(size,section)"),
            (Amounts("duration"), "amounts(duration)"),
            (Sketch("duration", "user"), "sketch(duration,user)"),
            (TopK("path"), "topk(path)"),
            (Distinct("source"), "distinct(source)"),
            (Sample("source"), "sample(source)"),
            (UNPARSED, "unparsed()"),
        ):
            with self.subTest(key):
                self.assertEqual((measure.key, repr(measure), measure.version), (key, key, 1))

    def test_equal_measures_are_one_and_others_are_not(self) -> None:
        self.assertEqual(len({measure.key for measure in MEASURES}), len(MEASURES))
        self.assertEqual(len({*MEASURES, Count("path"), Sum("size"), Sketch("duration")}), len(MEASURES))
        self.assertNotEqual(Count("path"), Count("path", keys_max=5))


class Sums(unittest.TestCase):
    def test_missing_values_count_as_nothing_and_sums_pass_64_bits(self) -> None:
        for values, total in (([b"5", None, b"0", b"007"], 12), ([b"9" * 18] * 100, 100 * (10**18 - 1))):
            self.assertEqual(measured(Sum("size"), {"size": [*values]}), total)

    def test_sums_by_key_are_bounded_as_counts_are(self) -> None:
        measure = SumBy("size", "path", keys_max=4)
        sizes: list[bytes | None] = [b"5", None, b"2", b"1", b"1", b"8"]
        state = measured(measure, {"size": sizes, "path": [b"v", b"w", b"w", b"x", b"y", b"z"]})
        shrunk = measure.shrink(dict(state))
        self.assertEqual((shrunk, measure.error(shrunk)), ({b"z": 6, b"v": 3, OTHER: 8}, 2))
        self.assertEqual(measure.load(measure.dump(state)), state)

    def test_amounts(self) -> None:
        columns: Block = {"size": [b"5", None, b"10"], "duration": [b"0.0000014", None, b"2.5"]}
        self.assertEqual(measured(Amounts("size"), columns), {(): (3, 15, 10)})
        self.assertEqual(measured(Amounts("duration"), columns), {(): (2, 2_500_001, 2_500_000)})
        self.assertEqual(add_amounts((1, 5, 5), (2, 7, 4)), (3, 12, 5))

    def test_past_their_bound_amounts_lose_nothing_and_keep_their_means(self) -> None:
        measure = Amounts("size", "path", keys_max=4)
        state = {b"/%d" % number: (10 * number, 1000 * number, 500) for number in range(1, 8)}
        shrunk = measure.shrink(dict(state))
        self.assertEqual(shrunk, {b"/7": (20, 2000, 500), b"/6": (10, 1000, 500), OTHER: (250, 25_000, 500)})
        self.assertGreaterEqual(measure.error(shrunk), 50)
        again = measure.merge(shrunk, dict(state))
        self.assertEqual(sum(count for count, _, _ in measure.shrink(again).values()), 2 * 280)
        small = {b"/": (1, 1, 1)}
        self.assertEqual((measure.shrink(small), measure.error(small)), (small, 0))


class Samples(unittest.TestCase):
    def test_of_a_busy_second_the_first_events_are_kept(self) -> None:
        sample = Sample("path")
        columns: Block = {"path": [b"/%d" % number for number in range(3000)], LINE: [b"x"] * 3000}
        paths, lines = sample.rows(measured(sample, columns), 3000)
        self.assertEqual((len(paths), len(lines)), (HISTORY_SECOND_ROWS_MAX, HISTORY_SECOND_ROWS_MAX))
        self.assertEqual(paths, columns["path"][:HISTORY_SECOND_ROWS_MAX])


if __name__ == "__main__":
    unittest.main()
