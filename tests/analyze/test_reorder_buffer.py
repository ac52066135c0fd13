"""The reorder buffer gives buckets out by ascending time, each once, equal times merged."""

from __future__ import annotations

from collections import Counter
from random import Random
import unittest

from LogsMonitor2000.analyze.bucket import Bucket
from LogsMonitor2000.analyze.measures.count import Count
from LogsMonitor2000.analyze.reorder_buffer import ReorderBuffer

from .making import fill


def pairs(buckets: list[Bucket]) -> list[tuple[int, int]]:
    return [(bucket.time, bucket.hits) for bucket in buckets]


class TestReorderBuffer(unittest.TestCase):
    def test_an_empty_one(self) -> None:
        buffer = ReorderBuffer()
        self.assertEqual(buffer.pop_through(10**9), [])

    def test_only_what_begins_by_then_is_given_out(self) -> None:
        buffer = ReorderBuffer()
        buffer.push(Bucket(time, 1, (), 1) for time in (3, 1, 2))
        self.assertEqual(pairs(buffer.pop_through(0)), [])
        self.assertEqual(pairs(buffer.pop_through(2)), [(1, 1), (2, 1)])
        self.assertEqual(pairs(buffer.pop_through(2)), [])
        self.assertEqual(pairs(buffer.pop_through(3)), [(3, 1)])

    def test_equal_times_become_one(self) -> None:
        buffer = ReorderBuffer()
        buffer.push([Bucket(5, 1, (), 2), Bucket(5, 1, (), 3)])
        buffer.push([Bucket(5, 1, (), 4)])
        self.assertEqual(pairs(buffer.pop_through(5)), [(5, 9)])

    def test_any_order_of_pushes_and_pops_loses_nothing(self) -> None:
        for seed in range(50):
            rng = Random(seed)
            buffer = ReorderBuffer()
            pushed: Counter[int] = Counter()
            popped: list[tuple[int, int]] = []
            closed = -1
            for _ in range(30):
                times = [closed + 1 + rng.randrange(20) for _ in range(rng.randrange(5))]
                pushed.update(times)
                buffer.push(Bucket(time, 1, (), 1) for time in times)
                closed += rng.randrange(4)
                popped += pairs(buffer.pop_through(closed))
            popped += pairs(buffer.pop_through(closed + 100))
            with self.subTest(seed=seed):
                self.assertEqual(popped, sorted(pushed.items()))

    def test_open_buckets_are_those_that_were_not_given_out(self) -> None:
        measure = Count("key", keys_max=1)
        buffer = ReorderBuffer()
        for time in (3, 1, 2, 2):
            buffer.push([fill(Bucket(time, 1, (measure,)), key=[b"a", b"b", b"c"])])
        buffer.pop_through(1)
        self.assertEqual(sorted(pairs(list(buffer.open()))), [(2, 6), (3, 3)])
        for bucket in buffer.open():
            bucket.shrink()
        self.assertEqual([len(bucket[measure]) for bucket in buffer.pop_through(3)], [1, 1])  # what was forgotten


if __name__ == "__main__":
    unittest.main()
