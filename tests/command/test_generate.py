"""`generate` as people run it: bytes that can be made again, files that rotate, a truth that the engine agrees with."""

from __future__ import annotations

import os
from pathlib import Path
import signal
import subprocess
import sys
import tempfile
import unittest

from ..running import ROOT, environment, in_process


class Generate(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, name: str) -> str:
        return os.path.join(self.folder, name)

    def made(self, *arguments: str) -> bytes:
        path = self.path("made.log")
        self.assertEqual(in_process("generate", "--to", path, *arguments), (0, "", ""))
        with open(path, "rb") as file:
            content = file.read()
        os.unlink(path)
        return content

    def test_the_same_options_give_the_same_bytes(self) -> None:
        first = self.made("--lines", "500")
        self.assertEqual(first.count(b"\n"), 500)
        self.assertEqual(self.made("--lines", "500"), first)
        self.assertNotEqual(self.made("--lines", "500", "--seed", "1"), first)
        self.assertIn(b"[01/Jan/2024:00:00:00 +0000]", self.made("--lines", "5", "--start", "2024-01-01"))

    def test_what_it_writes_is_read_in_full(self) -> None:
        path = self.path("access.log")
        self.assertEqual(in_process("generate", "--to", path, "--lines", "900", "--shuffle", "2", "--format", "json")[0], 0)
        status, out, _ = in_process(path, "--output", "json")
        self.assertEqual(status, 0)
        self.assertIn('"lines":900,"events":900,"malformed":0,"late":0', out)

    def test_the_alerts_that_it_expects_are_raised(self) -> None:
        log, tests = self.path("outage.log"), self.path("outage.toml")
        arguments = (
            "--scenario",
            "outage",
            "--lines",
            "4000",
            "--rate",
            "4",
            "--format",
            "common",
            "--to",
            log,
            "--expect",
            tests,
        )
        self.assertEqual(in_process("generate", *arguments), (0, "", ""))
        status, out, errors = in_process("test", tests)
        self.assertEqual((status, errors), (0, ""), out)
        with open(tests) as file:
            self.assertEqual(file.read().count("alert = "), 2)

    def test_rotation(self) -> None:
        path = self.path("access.log")
        self.assertEqual(in_process("generate", "--to", path, "--lines", "2000", "--rotate_bytes", "100000")[0], 0)
        rotated = sorted(os.listdir(self.folder))
        self.assertGreater(len(rotated), 2)
        self.assertEqual(sum(Path(self.path(name)).read_bytes().count(b"\n") for name in rotated), 2000)

    def test_what_does_not_fit_together_is_refused(self) -> None:
        log = self.path("a.log")
        for arguments, words in (
            (("--scenario", "slow"), "needs a format with durations"),
            (("--rotate_bytes", "10"), "goes with --to FILE"),
            (("--expect", "x.toml"), "goes with --to FILE"),
            (("--expect", "x.toml", "--to", log, "--shuffle", "3"), "a --shuffle of at most 2"),
            (("--format", "no"), "must be one of"),
            (("--to", self.path("no/such/dir")), "No such file"),
        ):
            with self.subTest(arguments):
                status, out, errors = in_process("generate", "--lines", "2", *arguments)
                self.assertEqual((status, out), (2, ""))
                self.assertIn(words, errors)

    def test_a_signal_ends_a_log_that_is_paced_by_the_clock(self) -> None:
        process = subprocess.Popen(
            [sys.executable, "-m", "LogsMonitor2000", "generate", "--live", "--rate", "1", "--lines", "1000"],
            cwd=ROOT,
            env=environment(),
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None
        with process.stdout:
            self.assertIn(b"HTTP/", process.stdout.readline())
            process.send_signal(signal.SIGINT)
            rest = process.stdout.read()
        self.assertEqual(process.wait(20), 130)
        self.assertLess(rest.count(b"\n"), 100)


if __name__ == "__main__":
    unittest.main()
