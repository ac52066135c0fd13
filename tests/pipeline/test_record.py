"""What was done to a processor, replayed on its snapshot, brings another one to the same state."""

from __future__ import annotations

import json
from random import Random
from typing import Any
import unittest

from LogsMonitor2000.analyze.most_common import MostCommonCalculator
from LogsMonitor2000.analyze.processor import AnalyticsProcessor
from LogsMonitor2000.analyze.totals import TotalsCalculator
from LogsMonitor2000.event import Alert, Event
from LogsMonitor2000.pipeline.record import RecordedProcessor, replay
from LogsMonitor2000.pipeline.stream_set import StreamSet
from LogsMonitor2000.pipeline.wiring import open_log
from LogsMonitor2000.testing import ScriptedSource

from ..alert.making import LOG_FORMAT, calculator, log_line, random_lines, random_rules
from ..support import FAR_FUTURE, SCALE


class Journal:
    """Takes note of operations as JSON holds them."""

    def __init__(self) -> None:
        self.is_recording = False
        self.texts: list[str] = []

    def record(self, operation: list[Any]) -> None:
        self.texts.append(json.dumps(operation))


def unattributed(events: list[Event]) -> list[Event]:
    """`events` without what alerts say of the lines behind them, which no restart remembers."""
    return [e._replace(change=0.0, causes=(), lines=()) if isinstance(e, Alert) else e for e in events]


class Replaying(unittest.TestCase):
    def processor(self, seed: int) -> AnalyticsProcessor:
        rules = calculator(random_rules(Random(seed), 4))
        return AnalyticsProcessor([MostCommonCalculator(5), TotalsCalculator(5, 3), rules], 2)

    def test_a_replayed_processor_is_as_the_one_that_was_recorded(self) -> None:
        replayed = late = 0
        for seed in range(15 * SCALE):
            rng = Random(seed)
            processor, journal = self.processor(seed), Journal()
            recorded = RecordedProcessor(processor, StreamSet(), journal)  # type: ignore[arg-type]
            log = b"".join(map(log_line, random_lines(rng, 200)))
            pieces = [log[start : start + 500] for start in range(0, len(log), 500)]
            source = open_log(
                ScriptedSource([piece for each in pieces for piece in (each, None)]), processor, log_format=LOG_FORMAT
            )
            begin, snapshot, twin = rng.randrange(len(pieces)), "", processor
            for number in range(len(pieces)):
                if number == begin:
                    snapshot, twin = json.dumps(processor.snapshot()), self.processor(seed)
                    twin.restore(json.loads(snapshot))
                    recorded = RecordedProcessor(twin, StreamSet(), journal)  # type: ignore[arg-type]
                    journal.is_recording = True
                if (digest := source.digest(FAR_FUTURE, twin.floor)) is None:
                    continue
                source.join(digest)
                if rng.random() < 0.3:
                    recorded.shrink()
                recorded.add(digest)
                late += digest.late
                if source.newest is not None:
                    recorded.advance(source.newest + rng.choice((0.0, 0.5, 3.0)))
            another = self.processor(seed)
            self.assertTrue(another.restore(json.loads(snapshot)))
            replay(another, map(json.loads, journal.texts))
            replayed += len(journal.texts)
            with self.subTest(seed=seed):
                self.assertEqual(another.snapshot(), twin.snapshot())
                self.assertEqual(another.summary(), twin.summary())
                self.assertEqual(unattributed(another.finish()), unattributed(twin.finish()))
        self.assertGreater(replayed, 100)
        self.assertGreater(late, 10)

    def test_log_time_that_closes_nothing_is_not_recorded(self) -> None:
        processor, journal = self.processor(1), Journal()
        journal.is_recording = True
        recorded = RecordedProcessor(processor, StreamSet(), journal)  # type: ignore[arg-type]
        for now in (100.0, 100.5, 101.0, 101.0):
            recorded.advance(now)
        self.assertEqual([json.loads(text) for text in journal.texts], [["advance", 100.0], ["advance", 100.5]])

    def test_without_a_journal_nothing_is_recorded(self) -> None:
        processor = self.processor(1)
        self.assertEqual(RecordedProcessor(processor, StreamSet(), None).advance(100.0), [])
        self.assertEqual(processor.floor, 100)


if __name__ == "__main__":
    unittest.main()
