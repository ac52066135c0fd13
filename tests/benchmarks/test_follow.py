"""What the benchmark of following makes of what it reads; the measuring itself is too long for a test."""

from itertools import islice
import os
from pathlib import Path
import time
import unittest

from LogsMonitor2000.generate.lines import START
from LogsMonitor2000.source.statistics import ReadStatistics
from benchmarks.follow import (
    BLOCK_LINES,
    RATES,
    Appended,
    Offer,
    append,
    begun,
    blocks,
    kept_up,
    lines_in_report,
    parse_arguments,
    processor_seconds,
    rate_row,
    resident_bytes,
    stamp_of,
    sustained,
)
from tests.support import TemporaryFiles


def offer(rate: int, behind: float | None) -> Offer:
    return Offer(rate, Appended(4 * rate, began=10.0, ended=14.0), behind)


class LinesTest(unittest.TestCase):
    def test_time_advances_with_the_lines(self) -> None:
        made = list(islice(blocks(2 * BLOCK_LINES), 5))
        for block, second in zip(made, (0, 0, 1, 1, 2)):
            self.assertEqual(block.count(b"\n"), BLOCK_LINES)
            self.assertEqual(block.count(stamp_of(START + second)), BLOCK_LINES)
        self.assertEqual(next(blocks(2 * BLOCK_LINES, skip=3)), made[3])


class AppendTest(TemporaryFiles):
    def test_as_many_lines_as_were_asked_for_and_no_faster(self) -> None:
        path = begun(Path(self.directory))
        began = time.monotonic()
        appended = append(path, 20_000, 0.1, 200)
        self.assertEqual(appended.lines, 2_000)
        self.assertEqual(path.read_bytes().count(b"\n"), BLOCK_LINES + 2_000)
        self.assertGreater(appended.ended - began, 0.08)
        self.assertEqual(path.read_bytes(), b"".join(islice(blocks(200), 11)))


class ReadTest(unittest.TestCase):
    def test_the_report_on_a_file_says_how_many_lines_were_read(self) -> None:
        counts = ReadStatistics()
        counts.lines = 1_234
        path = Path("/tmp/access.log")
        self.assertEqual(lines_in_report(f"{path}: {counts}".encode(), path), 1_234)
        self.assertIsNone(lines_in_report(f"{path}: format combined (as named)".encode(), path))
        self.assertIsNone(lines_in_report(f"{path}.1: {counts}".encode(), path))

    def test_processor_time_is_found_behind_any_name(self) -> None:
        ticks = os.sysconf("SC_CLK_TCK")
        stat = f"17 (a) b (c)) S 1 17 17 0 -1 4194560 100 0 0 0 {2 * ticks} {ticks} 0 0 20 0 1 0 100 1000 10"
        self.assertEqual(processor_seconds(stat), 3.0)

    def test_resident_memory(self) -> None:
        self.assertEqual(resident_bytes("Name:\tpython\nVmHWM:\t   99 kB\nVmRSS:\t   20 kB\n"), 20 * 1024)


class RateTest(unittest.TestCase):
    def test_a_rate_is_kept_up_with_when_little_is_left_to_read(self) -> None:
        self.assertTrue(kept_up(1.0))
        self.assertFalse(kept_up(1.1))
        self.assertFalse(kept_up(None))

    def test_the_rate_is_of_all_the_time_until_the_last_line_was_read(self) -> None:
        self.assertEqual(sustained([offer(100_000, 0.0), offer(200_000, 1.0), offer(300_000, 1.5)]), 160_000)
        self.assertEqual(sustained([offer(100_000, None)]), 0)

    def test_rates_that_were_not_tried_are_left_empty(self) -> None:
        row = rate_row("name", [offer(RATES[0], 0.0), offer(RATES[1], None)])
        self.assertEqual(row, ["name", f"{RATES[0] / 1e3:.0f}", "0.00", "never", *("" for _ in RATES[2:])])


class ArgumentsTest(unittest.TestCase):
    def test_parts_can_be_chosen(self) -> None:
        self.assertEqual(parse_arguments(["idle", "rate", "--idle_seconds", "5"]).parts, ["idle", "rate"])
        self.assertEqual(parse_arguments([]).parts, [])
