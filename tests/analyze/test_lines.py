"""Which line each event is, and where malformed lines count: in every format, however the log is cut."""

from __future__ import annotations

from random import Random
import unittest

from LogsMonitor2000.analyze.digest import Digest, Digester
from LogsMonitor2000.analyze.layouts import Layouts
from LogsMonitor2000.analyze.measures.sample import Sample
from LogsMonitor2000.analyze.measures.unparsed import UNPARSED
from LogsMonitor2000.analyze.most_common import MostCommonCalculator
from LogsMonitor2000.analyze.processor import AnalyticsProcessor
from LogsMonitor2000.parse.base import Malformed
from LogsMonitor2000.parse.detect import parser_named
from LogsMonitor2000.parse.registry import LINES as LINE_FORMATS
from LogsMonitor2000.parse.registry import RECORDS
from LogsMonitor2000.pipeline.input import Input
from LogsMonitor2000.pipeline.recogniser import Recogniser
from LogsMonitor2000.testing import ScriptedSource

from ..alert.making import random_lines, read
from ..logs import GARBAGE, START, csv_line
from ..support import FAR_FUTURE, SCALE

SHOWN = Sample("source")


class Numbers(unittest.TestCase):
    def test_every_format_says_which_lines_are_events_and_which_are_malformed(self) -> None:
        rng = Random(1)
        for row in (*LINE_FORMATS, *RECORDS):
            if row.name == "test_results":  # whose lines mean something only together
                continue
            for seed in range(6):
                examples = [line for example in row.examples for line in example.split(b"\n")]
                lines = [rng.choice((*examples, *GARBAGE, b"", b" \t")) for _ in range(rng.randrange(30))]
                lines[:0] = [line for line in examples if line.startswith(b"#")]
                columns = parser_named(row.name).bind([])(b"".join(line + b"\n" for line in lines), FAR_FUTURE)
                rows = range(len(lines)) if columns.rows is None else columns.rows
                with self.subTest(format=row.name, seed=seed):
                    self.assertEqual(len(rows), len(columns.seconds))
                    self.assertEqual(len(columns.rejected), columns.malformed)
                    self.assertEqual([sample.line for sample in columns.samples], list(columns.rejected)[:5])
                    self.assertEqual(sorted({*rows, *columns.rejected}), sorted([*rows, *columns.rejected]))
                    parser = parser_named(row.name)
                    for number, line in enumerate(lines):
                        if not line.strip() or parser.skips(line):
                            self.assertNotIn(number, [*rows, *columns.rejected])
                        elif line in GARBAGE:
                            self.assertIn(number, columns.rejected)
                        elif parser.sequential:
                            continue
                        else:
                            try:
                                is_event = parser.parse_line(line) is not None
                            except Malformed:
                                is_event = False
                            self.assertIn(number, rows if is_event else columns.rejected)


def digester() -> Digester:
    return Digester(parser_named("csv").bind(["source"]), Layouts({1: (UNPARSED, SHOWN)}), 2)


def unparsed(digest: Digest) -> dict[int, int]:
    return {time: bucket[UNPARSED] for time, bucket in digest.buckets[1].items() if bucket[UNPARSED]}


class Placing(unittest.TestCase):
    def test_malformed_lines_count_at_the_newest_second_before_them(self) -> None:
        for seed in range(60 * SCALE):
            rng = Random(seed)
            lines = random_lines(rng, 40)
            data = [b"garbage\n" if line is None else csv_line(line.second) for line in lines]
            cut = rng.randrange(len(data) + 1)
            with self.subTest(seed=seed, cut=cut):
                source = Input(ScriptedSource([]), Recogniser(AnalyticsProcessor([])))
                total: dict[int, int] = {}
                for part in (data[:cut], data[cut:]):
                    digest = digester().digest([b"".join(part)] if rng.random() < 0.5 else part, FAR_FUTURE, source.newest)
                    source.join(digest)
                    for second, count in unparsed(digest).items():
                        total[second] = total.get(second, 0) + count
                self.assertEqual(total, read(lines, 2)[1])

    def test_digests_made_without_knowing_what_came_before(self) -> None:
        blind = digester().digest([b"garbage\n" * 3 + csv_line(START) + b"garbage\n"], FAR_FUTURE)
        self.assertEqual((blind.leading, unparsed(blind)), (3, {START: 1}))
        blind.join(START - 5)
        self.assertEqual((blind.leading, unparsed(blind)), (0, {START: 1, START - 5: 3}))
        held = 0
        for seed in range(80 * SCALE):
            rng = Random(seed)
            lines, newest = random_lines(rng, 12), START + rng.randrange(20)
            block = b"".join(b"garbage\n" if line is None else csv_line(line.second) for line in lines)
            blind = digester().digest([block], FAR_FUTURE)
            if blind.holds_after(newest, 2):
                held += 1
                blind.join(newest)
                with self.subTest(seed=seed):
                    self.assertEqual(unparsed(blind), unparsed(digester().digest([block], FAR_FUTURE, newest)))
        self.assertGreater(held, 15)

    def test_what_leads_waits_for_the_first_event_over_a_restart(self) -> None:
        first = Input(ScriptedSource([]), Recogniser(AnalyticsProcessor([])))
        first.join(digester().digest([b"garbage\n" * 3], FAR_FUTURE))
        second = Input(ScriptedSource([]), Recogniser(AnalyticsProcessor([])))
        second.restore(first.snapshot())
        digest = digester().digest([b"garbage\n" + csv_line(START)], FAR_FUTURE)
        second.join(digest)
        self.assertEqual(unparsed(digest), {START: 4})

    def test_lines_that_no_format_fits_are_malformed_too(self) -> None:
        processor = AnalyticsProcessor([MostCommonCalculator()])
        log = [b"what is this?\n" * 20_000, csv_line(START)]
        source = Input(ScriptedSource(log, endless=True), Recogniser(processor), tolerant=True)
        refused = source.digest(FAR_FUTURE, None)
        assert refused is not None
        self.assertGreater(refused.malformed, 100)
        source.join(refused)
        digest = digester().digest([csv_line(START)], FAR_FUTURE)
        source.join(digest)
        self.assertEqual(unparsed(digest), {START: refused.malformed})


class Shown(unittest.TestCase):
    def test_lines_belong_to_their_seconds(self) -> None:
        log = [
            b"garbage\n",
            csv_line(START + 1, b"/b", b"a"),
            b"\n",
            csv_line(START, b"/c", b"b").replace(b"\n", b"\r\n"),
            csv_line(START + 1, b"/a", b"a"),
            csv_line(START - 50, b"/late", b"a"),
        ]
        for blocks in ([b"".join(log)], log):
            digest = digester().digest(blocks, FAR_FUTURE)
            shown = {second: SHOWN.rows(bucket[SHOWN], 99) for second, bucket in digest.buckets[1].items()}
            self.assertEqual(shown, {START: [[b"b"], [log[3][:-1]]], START + 1: [[b"a", b"a"], [log[1][:-1], log[4][:-1]]]})


if __name__ == "__main__":
    unittest.main()
