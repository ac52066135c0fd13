"""Written down as JSON and gone on from, a processor tells what it would have told."""

from __future__ import annotations

import json
from random import Random
import unittest

from LogsMonitor2000.alert.high_traffic import HighTrafficCalculator
from LogsMonitor2000.analyze.bucket import Bucket
from LogsMonitor2000.analyze.calculator import StreamCalculator
from LogsMonitor2000.analyze.digest import Digester
from LogsMonitor2000.analyze.measures.count import Count
from LogsMonitor2000.analyze.most_common import MostCommonCalculator
from LogsMonitor2000.analyze.processor import AnalyticsProcessor
from LogsMonitor2000.event import Alert, Event
from LogsMonitor2000.parse.detect import parser_named

from ..logs import START, csv_line
from ..support import SCALE
from .making import state_of


def processor(interval: int = 5, buffer_time: int = 2) -> AnalyticsProcessor:
    return AnalyticsProcessor([MostCommonCalculator(interval), HighTrafficCalculator(7, 1.5)], buffer_time)


class TestSnapshot(unittest.TestCase):
    def test_going_on_from_anywhere_changes_nothing(self) -> None:
        for seed in range(20 * SCALE):
            rng = Random(seed)
            seconds = sorted(START + rng.randrange(60) for _ in range(rng.randrange(1, 120)))
            cut = rng.randrange(len(seconds) + 1)
            results = []
            for restart in (False, True):
                chain, events = processor(), list[Event]()
                for part in (seconds[:cut], seconds[cut:]):
                    fields = chain.layouts.fields
                    digester = Digester(parser_named("csv").bind(fields), chain.layouts, 2)
                    chain.add(digester.digest([csv_line(second) for second in part], 1 << 40))
                    events += chain.advance(part[-1]) if part else []
                    if restart:
                        written = json.loads(json.dumps(chain.snapshot()))
                        chain = processor()
                        self.assertTrue(chain.restore(written))
                results.append(([*events, *chain.finish()], chain.summary()))
            with self.subTest(seed=seed):
                self.assertEqual(results[0], results[1])

    def test_what_is_firing_is_known_after_a_restart(self) -> None:
        chain = processor()
        self.assertEqual(chain.firing(), [])
        fields = chain.layouts.fields
        digester = Digester(parser_named("csv").bind(fields), chain.layouts, 2)
        chain.add(digester.digest([csv_line(START) * 20 + csv_line(START + 3)], 1 << 40))
        (told,) = [event for event in chain.advance(START + 3) if isinstance(event, Alert)]
        restarted = processor()
        restarted.restore(json.loads(json.dumps(chain.snapshot())))
        self.assertEqual(chain.firing(), [told])
        self.assertEqual(restarted.firing(), [told])

    def test_a_snapshot_of_something_else_is_refused(self) -> None:
        written = processor().snapshot()
        for other in (processor(interval=10), processor(buffer_time=3), AnalyticsProcessor([])):
            self.assertFalse(other.restore(written))
            self.assertEqual(other.snapshot(), other.snapshot())
            self.assertIsNone(other.floor)

    def test_keys_of_several_fields_and_undecodable_ones(self) -> None:
        for measure, state in (
            (Count("a"), state_of(Count("a"), [b"\xff\x00", b"x", b"x"])),
            (Count("a", "b"), state_of(Count("a", "b"), [b"x", b"\xff"], [b"1", b"2"])),
        ):
            bucket = Bucket(60, 10, (measure,), 3)
            bucket.put(measure, state)
            loaded = Bucket.load(json.loads(json.dumps(bucket.dump())), 10, (measure,))
            with self.subTest(measure=measure):
                self.assertEqual((loaded.time, loaded.hits, loaded[measure]), (60, 3, state))

    def test_a_calculator_that_remembers_nothing(self) -> None:
        chain = AnalyticsProcessor([StreamCalculator()])
        self.assertTrue(AnalyticsProcessor([StreamCalculator()]).restore(json.loads(json.dumps(chain.snapshot()))))


if __name__ == "__main__":
    unittest.main()
