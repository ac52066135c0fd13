"""A digest made without knowing what came before it is exact whenever it says so."""

from __future__ import annotations

import pickle
from random import Random
from typing import Any
import unittest

from LogsMonitor2000.alert.high_traffic import HighTrafficCalculator
from LogsMonitor2000.analyze.digest import Digest, Digester
from LogsMonitor2000.analyze.layouts import FOREVER
from LogsMonitor2000.analyze.measures.count import Count
from LogsMonitor2000.analyze.most_common import MostCommonCalculator
from LogsMonitor2000.analyze.processor import AnalyticsProcessor
from LogsMonitor2000.analyze.publisher import BucketPublisher
from LogsMonitor2000.analyze.totals import TotalsCalculator
from LogsMonitor2000.event import Stats
from LogsMonitor2000.parse.detect import parser_named

from ..logs import GARBAGE, START, csv_line
from ..support import SCALE

HORIZON = START + 10_000
PUBLISHER = BucketPublisher(3, (Count("section"),), late=True)
PROCESSOR = AnalyticsProcessor([MostCommonCalculator(5), HighTrafficCalculator(7, 1.5), TotalsCalculator(5), PUBLISHER])


def digester(buffer_time: int = 2) -> Digester:
    fields = PROCESSOR.layouts.fields
    return Digester(parser_named("csv").bind(fields), PROCESSOR.layouts, buffer_time)


def contents(digest: Digest) -> dict[str, Any]:
    """Everything a digest says, comparable."""
    found = {name: value for name, value in vars(digest).items() if name[0] != "_"}
    found["lateness"] = digest.lateness
    for name in ("buckets", "late_buckets"):
        found[name] = {
            (width, time): (bucket.time, bucket.hits, [bucket[measure] for measure in bucket.measures])
            for width, buckets in found[name].items()
            for time, bucket in buckets.items()
        }
    return found


def scattered(rng: Random, lines: int, spread: int) -> list[bytes]:
    return [
        (
            csv_line(START + rng.randrange(spread + 1), b"/%d" % rng.randrange(3))
            if rng.random() < 0.95
            else rng.choice(GARBAGE) + b"\n"
        )
        for _ in range(lines)
    ]


class BlindDigests(unittest.TestCase):
    def test_whenever_one_holds_joining_it_makes_it_exact(self) -> None:
        held = redone = 0
        for seed in range(150 * SCALE):
            rng = Random(seed)
            buffer_time = rng.choice((0, 1, 2, 5))
            blocks = scattered(rng, rng.randrange(8), rng.choice((0, 3, 8)))
            newest = rng.choice((None, START + rng.randrange(-3, 12)))
            informed = digester(buffer_time).digest(blocks, HORIZON, newest)
            blind = digester(buffer_time).digest(blocks, HORIZON)
            if blind.holds_after(newest, buffer_time):
                held += 1
                blind.join(newest)
                # The one that knew what came before may say that the newest second is that; the other cannot.
                if newest is not None and informed.newest == newest:
                    self.assertLessEqual(blind.newest or 0, newest)
                    blind.newest = newest
                with self.subTest(seed=seed):
                    self.assertEqual(contents(blind), contents(informed))
            else:
                redone += 1
                with self.subTest(seed=seed):
                    self.assertGreater(informed.late, blind.late, "it was called inexact without need")
        self.assertGreater(min(held, redone), 25)  # else the property was hardly tried

    def test_it_holds_at_the_buffer_time_and_not_behind_it(self) -> None:
        blind = digester().digest([csv_line(START)], HORIZON)
        for newest, holds in ((None, True), (START - 50, True), (START + 2, True), (START + 3, False)):
            with self.subTest(newest=newest):
                self.assertEqual(blind.holds_after(newest, 2), holds)

    def test_one_without_events_always_holds(self) -> None:
        blind = digester().digest([b"\n", b"garbage\n"], HORIZON)
        self.assertTrue(blind.holds_after(1 << 40, 0))
        blind.join(1 << 40)
        self.assertEqual((blind.line_count, blind.malformed, blind.events, blind.late, blind.lateness), (2, 1, 0, 0, {}))

    def test_joining_counts_lateness_from_what_came_before(self) -> None:
        log = [csv_line(START + offset) for offset in (0, -5, -3, 4, -5)]
        blind = digester(9).digest([b"".join(log)], HORIZON)
        self.assertEqual((blind.late, blind.lateness), (0, {}))
        blind = digester(2).digest([b"".join(log)], HORIZON)
        self.assertEqual((blind.late, blind.lateness), (3, {5: 1, 3: 1, 9: 1}))
        blind.join(START - 100)
        self.assertEqual(blind.lateness, {5: 1, 3: 1, 9: 1})
        blind.join(START + 2)
        self.assertEqual(blind.lateness, {7: 1, 5: 1, 9: 1})


class Digesting(unittest.TestCase):
    def test_the_cut_into_blocks_makes_no_difference(self) -> None:
        for seed in range(60 * SCALE):
            rng = Random(seed)
            lines = scattered(rng, 30, rng.choice((2, 10)))
            whole = digester().digest([b"".join(lines)], HORIZON)
            cut = rng.randrange(31)
            halves = [b"".join(lines[:cut]), b"".join(lines[cut:])]
            for name, blocks in (("lines", lines), ("halves", [half for half in halves if half])):
                with self.subTest(seed=seed, blocks=name):
                    self.assertEqual(contents(digester().digest(blocks, HORIZON)), contents(whole))

    def test_long_keys_are_cut_in_whatever_part_they_come(self) -> None:
        lines = [csv_line(START + number // 2, b"/" + b"x" * size) for number, size in enumerate((600, 1, 700, 600, 511, 512))]
        expected = {b"/x": 1, b"/" + b"x" * 511: 1, b"/" + b"x" * 511 + b"...": 4}
        for size in range(1, 7):
            processor = AnalyticsProcessor([MostCommonCalculator(5, 9), HighTrafficCalculator(7, 1.5)], 9)
            for start in range(0, 6, size):
                processor.add(digester(9).digest([b"".join(lines[start : start + size])], HORIZON))
            stats = next(event for event in processor.finish() if isinstance(event, Stats))
            with self.subTest(lines_a_part=size):
                self.assertEqual(dict(stats.sections), expected)

    def test_lateness_is_judged_in_the_order_of_the_file(self) -> None:
        # The first START is on time: nothing newer has been read yet. The second one is late.
        digest = digester(2).digest([csv_line(START) + csv_line(START + 3) + csv_line(START)], HORIZON)
        self.assertEqual((digest.events, digest.late, digest.lateness), (2, 1, {3: 1}))
        self.assertEqual((digest.oldest, digest.newest, dict(digest.hits)), (START, START + 3, {START: 1, START + 3: 1}))

    def test_late_events_are_counted_apart_in_buckets_of_their_own(self) -> None:
        digest = digester(2).digest([csv_line(START + second, b"/%d" % second) for second in (9, 1, 9, 2, 2, 3)], HORIZON)
        sections = PUBLISHER.measures[0]
        late = {time: bucket[sections] for time, bucket in digest.late_buckets[3].items()}
        self.assertEqual(late, {START: {b"/1": 1, b"/2": 2}, START + 3: {b"/3": 1}})
        ((time, whole),) = digest.late_buckets[FOREVER].items()
        self.assertEqual((time, whole.hits), (0, 4))
        self.assertEqual({bucket.time: bucket.hits for bucket in digest.buckets[3].values()}, {START + 9: 2})

    def test_samples_are_the_first_few_with_their_lines(self) -> None:
        blocks = [csv_line(START) + b"bad 1\n\nbad 2\n", *(b"bad %d\n" % number for number in range(3, 9))]
        digest = digester().digest(blocks, HORIZON)
        self.assertEqual([sample.line for sample in digest.samples], [1, 3, 4, 5, 6])
        self.assertEqual([sample.text for sample in digest.samples], [b"bad %d" % number for number in range(1, 6)])
        self.assertEqual((digest.line_count, digest.malformed), (10, 8))

    def test_lines_behind_the_horizon_are_malformed_and_move_nothing(self) -> None:
        digest = digester(0).digest([csv_line(HORIZON + 1) + csv_line(START) + csv_line(HORIZON)], HORIZON)
        self.assertEqual((digest.malformed, digest.events, digest.late), (1, 2, 0))
        self.assertEqual(digest.samples[0].reason, "future")

    def test_a_digest_crosses_process_borders(self) -> None:
        digest = digester().digest([csv_line(START) + csv_line(START + 7) + csv_line(START)], HORIZON)
        self.assertEqual(contents(pickle.loads(pickle.dumps(digest))), contents(digest))


if __name__ == "__main__":
    unittest.main()
