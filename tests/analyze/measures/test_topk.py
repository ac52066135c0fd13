"""The values that matter most: hits, bytes and errors of each, within the error that is known."""

from __future__ import annotations

from collections import Counter
import json
from random import Random
import unittest

from LogsMonitor2000.analyze.columns import Derivations
from LogsMonitor2000.analyze.measures.keys import OTHER
from LogsMonitor2000.analyze.measures.topk import Row, State, TopK

from ...support import SCALE

Event = tuple[bytes, int, bytes]


def state_of(measure: TopK, events: list[Event]) -> State:
    paths, sizes, statuses = zip(*events) if events else ((), (), ())
    columns = Derivations(path=paths, size=[b"%d" % size for size in sizes], status=statuses)
    return measure.add(measure.empty(), measure.select(columns)[:])


class TestTopK(unittest.TestCase):
    EVENTS: list[Event] = [(b"/b", 5, b"200"), (b"/a", 7, b"500"), (b"/a", 0, b"404"), (b"/c", 1, b"503"), (b"/c", 2, b"599")]

    def test_ranked_by_hits_then_by_name(self) -> None:
        measure = TopK("path")
        state = state_of(measure, self.EVENTS)
        self.assertEqual(measure.top(state, 9), [(b"/a", 2, 7, 1), (b"/c", 2, 3, 2), (b"/b", 1, 5, 0)])
        self.assertEqual(measure.top(state, 1), [Row(b"/a", 2, 7, 1)])
        self.assertEqual(measure.total(state), (None, 5, 15, 3))

    def test_missing_values_have_a_place(self) -> None:
        measure = TopK("path", "status")
        columns = Derivations(path=[None, b"/a", None], size=[None] * 3, status=[b"200", b"200", None])
        state = measure.add(measure.empty(), measure.select(columns))
        expected = [((None, None), 1, 0, 0), ((None, b"200"), 1, 0, 0), ((b"/a", b"200"), 1, 0, 0)]
        self.assertEqual(measure.top(state, 9), expected)

    def test_long_keys_are_cut(self) -> None:
        measure = TopK("path")
        long = b"/" + b"x" * 600
        state = state_of(measure, [(long + b"1", 5, b"500"), (long + b"2", 6, b"200"), (b"/", 1, b"200")])
        self.assertTrue(measure.are_long([state]))
        cut = measure.cut(state)
        self.assertFalse(measure.are_long([cut]) and max(map(len, cut[0])) > 515)
        self.assertEqual(measure.top(cut, 9), [(long[:512] + b"...", 2, 11, 1), (b"/", 1, 1, 0)])

    def test_in_any_order_and_grouping_the_error_is_known_and_totals_are_exact(self) -> None:
        shrunk = 0
        for seed in range(100 * SCALE):
            rng = Random(seed)
            measure = TopK("path", keys_max=rng.choice((1, 2, 3, 10, 50)))
            hits, sizes, errors = Counter[bytes](), Counter[bytes](), Counter[bytes]()
            parts = []
            for _ in range(rng.randrange(1, 12)):
                events = [
                    (b"/%d" % int(rng.paretovariate(0.5)), rng.randrange(1000), rng.choice((b"200", b"500")))
                    for _ in range(rng.randrange(80))
                ]
                for path, size, status in events:
                    hits[path] += 1
                    sizes[path] += size
                    errors[path] += status == b"500"
                part = state_of(measure, events)
                parts.append(measure.shrink(part) if rng.random() < 0.7 else part)
            while len(parts) > 1:
                one, other = parts.pop(rng.randrange(len(parts))), parts.pop(rng.randrange(len(parts)))
                if rng.random() < 0.2:  # as a row of a database
                    other = measure.load(json.loads(json.dumps(measure.dump(other))))
                parts.append(measure.shrink(measure.merge(one, other)))
            state = measure.shrink(parts[0])
            error = measure.error(state)
            shrunk += error > 0
            found = {row.value: row for row in measure.top(state, 999)}
            with self.subTest(seed=seed):
                self.assertEqual(measure.total(state)[1:], (hits.total(), sizes.total(), errors.total()))
                self.assertLessEqual(len(found), measure.keys_max)
                self.assertNotIn(OTHER, found)
                for key, count in hits.items():
                    row = found.get(key, Row(key, 0, 0, 0))
                    self.assertTrue(count - error <= row.hits <= count)
                    self.assertTrue(errors[key] - error <= row.errors <= min(errors[key], row.hits))
                    self.assertTrue(0 <= row.bytes <= sizes[key])
        self.assertGreater(shrunk, 50)


if __name__ == "__main__":
    unittest.main()
