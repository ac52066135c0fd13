"""What the benchmark computes and prints from what it has measured; and that a peer does the same work as the monitor."""

import os
from pathlib import Path
import shutil
import sys
import unittest

from benchmarks import check, measure
from benchmarks.peers import PEERS
from benchmarks.run import CSV, ONE, SPARSE, TWO, Job, Promise, check_peers, promise_rows, promises, ratio, speed_rows, table
from tests.support import TemporaryFiles


class ReportTest(unittest.TestCase):
    def test_a_table_aligns_its_columns(self) -> None:
        self.assertEqual(
            table(("name", "n"), [["a", "1.00"], ["longer", "12.00"]]),
            "| name   |     n |\n| ------ | ----: |\n| a      |  1.00 |\n| longer | 12.00 |\n",
        )

    def test_a_ratio_needs_both_numbers(self) -> None:
        self.assertEqual(ratio(3.0, 2.0), 1.5)
        self.assertIsNone(ratio(3.0, None))
        self.assertIsNone(ratio(None, 2.0))

    def test_speeds_are_medians_in_million_lines_a_second(self) -> None:
        jobs = [Job("mawk", (), 1_000_000), Job(ONE, (), 1_000_000)]
        rows = speed_rows(jobs, {"mawk": [2.0, 4.0, 1.0], ONE: [0.5]}, {"mawk": 1_000, ONE: 20_000_000})
        self.assertEqual(rows[0], ["mawk", "0.50", "0.25", "1.00", "1.00", "< 1 MB"])
        self.assertEqual(rows[1], [ONE, "2.00", "2.00", "2.00", "4.00", "20 MB"])

    def test_a_promise_is_kept_at_its_target(self) -> None:
        self.assertTrue(Promise("", 2.0, 2.0).kept)
        self.assertFalse(Promise("", 1.9, 2.0).kept)
        self.assertTrue(Promise("", 2.0, 2.0, at_least=False).kept)
        self.assertFalse(Promise("", 2.1, 2.0, at_least=False).kept)

    def test_a_promise_that_takes_an_absent_peer_is_not_measured(self) -> None:
        speeds = {ONE: 1e6, TWO: 2e6, SPARSE: 0.5e6, CSV: 1.5e6}
        memory = {ONE: 20_000_000, TWO: 40_000_000}
        rows = {row[0]: row for row in promise_rows(promises(speeds, memory, memory, 2.0))}
        self.assertEqual(rows["one process / mawk"], ["one process / mawk", "-", ">= 2.2", "not measured"])
        self.assertEqual(rows["sparse / dense"], ["sparse / dense", "0.50", ">= 0.35", "yes"])
        self.assertEqual(rows["peak memory, MB"], ["peak memory, MB", "40.00", "<= 120", "yes"])


class CheckTest(TemporaryFiles):
    def test_the_untidy_log_has_late_lines_and_a_silence(self) -> None:
        lines = [b"%d\n" % number for number in range(800)]
        untidy = [int(line) for line in check.untidy(lines, rate=1)]
        self.assertEqual(sorted(untidy), [*range(300), *range(600, 800)])
        behind = [max(untidy[: place + 1]) - number for place, number in enumerate(untidy)]
        self.assertGreater(max(behind), 2)

    @unittest.skipUnless(shutil.which("mawk"), "mawk is not installed")
    def test_mawk_counts_the_same(self) -> None:
        peers = [peer for peer in PEERS if peer.name.startswith("mawk")]
        for sentence in check_peers(peers, sys.executable, Path(self.directory)):
            self.assertIn("same stats and alert", sentence)


class MeasureTest(unittest.TestCase):
    @unittest.skipUnless(os.path.exists("/proc/self/smaps_rollup"), "no /proc to look memory up in")
    def test_memory_is_that_of_the_whole_tree(self) -> None:
        child = "import sys, time; block = bytearray(30_000_000); time.sleep(0.3)"
        parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}], check=True)"
        self.assertGreater(measure.peak_memory([sys.executable, "-c", parent]), 30_000_000)
