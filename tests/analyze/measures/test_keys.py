"""No text of a log is kept whole as a key where it is long: keys are cut, and those that begin alike count together."""

from __future__ import annotations

import unittest

from LogsMonitor2000.alert.condition import Condition, Test
from LogsMonitor2000.alert.contribution import Flag
from LogsMonitor2000.analyze.columns import Bin, Raw, Subnet
from LogsMonitor2000.analyze.digest import Digester
from LogsMonitor2000.analyze.layouts import Layouts
from LogsMonitor2000.analyze.measures.base import Measure
from LogsMonitor2000.analyze.measures.count import Count
from LogsMonitor2000.analyze.measures.sample import Sample
from LogsMonitor2000.analyze.measures.sum import Amounts, SumBy
from LogsMonitor2000.parse.detect import parser_named

from ...logs import START
from ...support import FAR_FUTURE, clf_line

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
                self.assertEqual(Count(*fields).are_long([{}, {key: 1}]), expected)

    def test_cut_they_count_together_where_they_begin_alike(self) -> None:
        one, two = Count("a"), Count("a", "b")
        counts = {self.SHORT: 1, self.LONG: 2, self.LONG * 2: 4, None: 8}
        once = one.cut(counts)
        self.assertEqual(once, {self.SHORT: 1, self.CUT: 6, None: 8})
        self.assertEqual(one.cut(once), once)
        self.assertEqual(two.cut({(None, self.LONG): 1, (None, self.LONG * 2): 1}), {(None, self.CUT): 2})

    def test_no_measure_lets_a_long_key_out_of_a_digest(self) -> None:
        columns = (Raw("path"), Raw("status"), Subnet("source", 24, None), ENDS_IN_B, Bin("size"))
        rows = Sample(*columns)
        measures: tuple[Measure, ...] = (
            *(Count("path"), Count("source", "path"), SumBy("size", "path")),
            *(Count(*columns), Amounts("size", *columns), rows),
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


if __name__ == "__main__":
    unittest.main()
