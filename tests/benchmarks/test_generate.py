"""The generated log is the same everywhere, and is what it says it is."""

import hashlib
import io
import unittest

from LogsMonitor2000 import (
    AnalyticsProcessor,
    Event,
    HighTrafficCalculator,
    Monitor,
    MostCommonCalculator,
    Stats,
    Summary,
    open_log,
)
from benchmarks.generate import START, write
from tests.support import TemporaryFiles

LINES = 3_000


def generated(lines: int = LINES, rate: int = 200, log_format: str = "combined", seed: int = 1) -> bytes:
    out = io.BytesIO()
    write(out, lines, rate, log_format, seed)
    return out.getvalue()


class GenerateTest(unittest.TestCase):
    def test_the_same_seed_gives_the_same_bytes(self) -> None:
        self.assertEqual(generated(), generated())

    def test_another_seed_gives_other_bytes(self) -> None:
        self.assertNotEqual(generated(seed=1), generated(seed=2))

    def test_bytes_do_not_depend_on_the_machine_or_the_version_of_python(self) -> None:
        digests = {
            "combined": "75f37a33e8db2faf30d5be0b45b763dab5cc31c7e8bd2f39a6ab6fcf1b220005",
            "csv": "c780c6213adc4a87d3a732c747b4d66893fa1a6a173373646868c246f4759c7d",
        }
        for log_format, digest in digests.items():
            with self.subTest(log_format):
                self.assertEqual(hashlib.sha256(generated(log_format=log_format)).hexdigest(), digest)

    def test_a_longer_log_begins_like_a_shorter_one_of_whole_batches(self) -> None:
        self.assertTrue(generated(40_000).startswith(generated(20_000)))

    def test_there_are_as_many_lines_as_asked_for(self) -> None:
        for lines in (0, 1, LINES, 20_001):
            with self.subTest(lines):
                self.assertEqual(generated(lines).count(b"\n"), lines)
                self.assertEqual(generated(lines, log_format="csv").count(b"\n"), lines + 1)  # and the header


class GeneratedLogTest(TemporaryFiles):
    def events(self, log: bytes) -> list[Event]:
        """What the monitor says about the log."""
        processor = AnalyticsProcessor([MostCommonCalculator(), HighTrafficCalculator()])
        return list(Monitor([open_log(self.path(content=log), processor)], processor).events())

    def test_the_monitor_reads_every_line(self) -> None:
        for log_format in ("combined", "csv"):
            with self.subTest(log_format):
                summary = self.events(generated(log_format=log_format))[-1]
                assert isinstance(summary, Summary)
                self.assertEqual((summary.lines, summary.events), (LINES, LINES))

    def test_time_advances_at_the_rate_asked_for(self) -> None:
        for rate in (1, 20, 200):
            with self.subTest(rate):
                events = self.events(generated(rate=rate))
                summary = events[-1]
                assert isinstance(summary, Summary)
                self.assertEqual((summary.first, summary.last), (START, START + LINES // rate - 1))
                hits = [event.hits for event in events if isinstance(event, Stats)]
                self.assertEqual(set(hits[:-1]), {10 * rate})  # the last interval may be cut short
