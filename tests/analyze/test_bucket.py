"""A bucket: hits and the states of its measures, added to, merged and shrunk."""

from __future__ import annotations

import pickle
import unittest

from LogsMonitor2000.analyze.bucket import Bucket
from LogsMonitor2000.analyze.measures.count import Count
from LogsMonitor2000.analyze.measures.keys import OTHER
from LogsMonitor2000.analyze.measures.sum import Sum

from .making import Values, fill

KEYS = Count("key", keys_max=2)
SIZES = Sum("size")


def bucket(keys: Values, sizes: Values) -> Bucket:
    return fill(Bucket(60, 10, (KEYS, SIZES)), key=keys, size=sizes)


class TestBucket(unittest.TestCase):
    def test_a_new_one_is_empty(self) -> None:
        empty = Bucket(60, 10, (KEYS, SIZES))
        self.assertEqual((empty.hits, empty[KEYS], empty[SIZES]), (0, {}, 0))

    def test_adding_twice(self) -> None:
        made = bucket([b"a", b"b"], [b"1", None])
        fill(made, key=[b"a"], size=[b"5"])
        self.assertEqual((made.hits, made[KEYS], made[SIZES]), (3, {b"a": 2, b"b": 1}, 6))

    def test_merging(self) -> None:
        one, other = bucket([b"a"], [b"1"]), bucket([b"a", b"b"], [b"2", b"3"])
        one.merge(other)
        self.assertEqual((one.hits, one[KEYS], one[SIZES]), (3, {b"a": 2, b"b": 1}, 6))
        self.assertEqual((other.hits, other[KEYS], other[SIZES]), (2, {b"a": 1, b"b": 1}, 5))

    def test_shrinking_keeps_hits_and_totals(self) -> None:
        made = bucket([b"a", b"a", b"b", b"c"], [b"1"] * 4)
        made.shrink()
        self.assertEqual((made.hits, made[KEYS], made[SIZES]), (4, {b"a": 1, OTHER: 3}, 4))

    def test_hits_alone(self) -> None:
        made = Bucket(5, 1, (), 7)
        made.merge(Bucket(5, 1, (), 2))
        made.shrink()
        self.assertEqual(made.hits, 9)

    def test_a_measure_it_does_not_have(self) -> None:
        with self.assertRaises(ValueError):
            Bucket(5, 1, (KEYS,))[SIZES]

    def test_it_crosses_process_borders(self) -> None:
        made = pickle.loads(pickle.dumps(bucket([b"a"], [b"1"])))
        self.assertEqual((made.time, made.width, made.hits, made[KEYS], made[SIZES]), (60, 10, 1, {b"a": 1}, 1))

    def test_its_text_says_which_it_is(self) -> None:
        self.assertEqual(repr(Bucket(60, 10, (), 3)), "Bucket(time=60, width=10, hits=3)")


if __name__ == "__main__":
    unittest.main()
