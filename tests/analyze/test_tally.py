"""Tallies merge: pieces measured apart and put together, in any order, are what the whole is."""

from __future__ import annotations

import json
import pickle
from random import Random
from typing import Any
import unittest

from LogsMonitor2000.analyze.derived import Bin, Derivations, Raw, Subnet
from LogsMonitor2000.analyze.measure import OTHER, UNPARSED, Measure
from LogsMonitor2000.analyze.tally import Amounts, Rows, Tally, add_amounts
from LogsMonitor2000.limits import HISTORY_SECOND_ROWS_MAX
from LogsMonitor2000.parse.base import LINE

Block = dict[str, list["bytes | None"]]
MEASURES: tuple[Measure, ...] = (
    Tally((Raw("path"),)),
    Tally((Raw("path"), Subnet("source", 24, None), Bin("duration"))),
    Amounts((), "size"),
    Amounts((Raw("path"),), "duration"),
    Rows((Raw("path"),)),
    Rows(()),
    UNPARSED,
)


def rows(rng: Random, count: int) -> Block:
    columns: Block = {
        "path": [rng.choice((b"/a", b"/b", b"/c\xff")) for _ in range(count)],
        "source": [b"10.0.%d.%d" % (rng.randrange(3), rng.randrange(9)) for _ in range(count)],
        "duration": [rng.choice((None, b"0", b"0.25", b"3.5", b"nan", b"inf", b"1e308")) for _ in range(count)],
        "size": [rng.choice((None, b"0", b"7", b"999999999999999999")) for _ in range(count)],
    }
    columns[LINE] = [b"line %d" % rng.randrange(1000) for _ in range(count)]
    return columns


def measured(measure: Measure, columns: Block, begin: int = 0, end: int | None = None) -> Any:
    return measure.add(measure.empty(), measure.select(Derivations(columns))[begin:end])


class Merging(unittest.TestCase):
    def test_pieces_are_what_the_whole_is(self) -> None:
        for seed in range(60):
            rng = Random(seed)
            columns, cut = rows(rng, 40), rng.randrange(41)
            for measure in MEASURES:
                with self.subTest(seed=seed, measure=measure):
                    whole = measured(measure, columns)
                    first, second = measured(measure, columns, 0, cut), measured(measure, columns, cut)
                    copies = pickle.loads(pickle.dumps((first, second)))
                    if isinstance(measure, Rows):  # whose order is that of the file
                        self.assertEqual(measure.rows(measure.merge(first, second), 99), measure.rows(whole, 99))
                        continue
                    self.assertEqual(measure.merge(first, second), whole)
                    self.assertEqual(measure.merge(*reversed(copies)), whole)

    def test_states_survive_json_and_pickle(self) -> None:
        columns = rows(Random(1), 50)
        for measure in MEASURES:
            with self.subTest(measure=measure):
                state = measured(measure, columns)
                known = measure.empty() if isinstance(measure, Rows) else state
                self.assertEqual(measure.load(json.loads(json.dumps(measure.dump(state)))), known)
                self.assertEqual(pickle.loads(pickle.dumps(measure)), measure)

    def test_amounts(self) -> None:
        columns: Block = {"size": [b"5", None, b"10"], "duration": [b"0.0000014", None, b"2.5"]}
        self.assertEqual(measured(Amounts((), "size"), columns), {(): (3, 15, 10)})
        self.assertEqual(measured(Amounts((), "duration"), columns), {(): (2, 2_500_001, 2_500_000)})
        self.assertEqual(add_amounts((1, 5, 5), (2, 7, 4)), (3, 12, 5))


class Bounds(unittest.TestCase):
    def test_a_tally_keeps_the_heavier_half_and_its_total(self) -> None:
        tally = Tally((Raw("path"),), 10)
        state = {(b"/%d" % number,): number for number in range(20)}
        shrunk = tally.shrink(state)
        self.assertEqual(sum(shrunk.values()), sum(range(20)))
        self.assertEqual(sorted(shrunk.values())[:-1], [15, 16, 17, 18, 19])
        self.assertEqual(shrunk[OTHER], sum(range(15)))
        self.assertIs(tally.shrink(shrunk), shrunk)

    def test_amounts_keep_the_heaviest(self) -> None:
        amounts = Amounts((Raw("path"),), "size", 10)
        state = {(b"/%d" % number,): (1, number, number) for number in range(20)}
        self.assertEqual(sorted(total for _, total, _ in amounts.shrink(state).values()), [15, 16, 17, 18, 19])
        small = {(b"/",): (1, 1, 1)}
        self.assertIs(amounts.shrink(small), small)

    def test_of_a_busy_second_the_first_events_are_kept(self) -> None:
        rows = Rows((Raw("path"),))
        columns: Block = {"path": [b"/%d" % number for number in range(3000)], LINE: [b"x"] * 3000}
        paths, lines = rows.rows(measured(rows, columns), 3000)
        self.assertEqual((len(paths), len(lines)), (HISTORY_SECOND_ROWS_MAX, HISTORY_SECOND_ROWS_MAX))
        self.assertEqual(paths, columns["path"][:HISTORY_SECOND_ROWS_MAX])


if __name__ == "__main__":
    unittest.main()
