"""`report` as people run it: kinds and their options, where it writes, kinds of one's own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

from ..running import ROOT, environment, in_process

LINES = b"".join(b"%d host%d server\n" % (1_366_815_000 + number, number % 3) for number in range(100))


class Reports(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def file(self, name: str, content: bytes) -> str:
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(content)
        return path

    def report(self, *arguments: str) -> dict[str, object]:
        out = os.path.join(self.folder, "out.json")
        self.assertEqual(in_process("report", *arguments, "--output", "json", "--to", out), (0, "", ""))
        with open(out) as file:
            found: dict[str, object] = json.load(file)
        return found

    def test_connections(self) -> None:
        path = self.file("c.log", LINES)
        found = self.report("--kind", "connections", path, "--seconds", "1m", "--to_host", "server")
        self.assertEqual((found["connections"], found["until"]), (60, 1_366_815_099))
        self.assertEqual(found["connected_to"], {"host": "server", "hosts": ["host0", "host1", "host2"]})
        found = self.report("--kind", "connections", path, "--until", "2013-04-24T14:50:09", "--since", "1366815005")
        self.assertEqual((found["connections"], found["until"]), (5, 1_366_815_009))

    def test_a_folder_and_several_kinds_in_one_pass(self) -> None:
        self.file("a.log", LINES)
        self.file("b.log", b"# Iteration 1\n# Test: apples\n# Result: PASS\n")
        self.file("c.txt", b"# Test: apples\n# Result: PASS\n")
        out = os.path.join(self.folder, "out")
        arguments = ("--kind", "connections", "--kind", "results", "--folder", self.folder, "--pattern", "*.log", "--to", out)
        self.assertEqual(in_process("report", *arguments), (0, "", ""))
        with open(out) as file:
            text = file.read()
        self.assertIn("100 connections\n", text)
        self.assertTrue(text.endswith("apples:\nPASSED: 1\nFAILED: 0\n"), text)

    def test_one_of_your_own(self) -> None:
        self.file(
            "mine.py",
            b'''
from LogsMonitor2000.config.option import Option, Whole
from LogsMonitor2000.report.base import Report


class Long(Report):
    """Counts the lines that are longer than `bytes`."""

    name = "long"
    options = (Option("bytes", 5, Whole("N", least=1), "how long"),)

    def empty(self):
        return 0

    def map(self, piece):
        return sum(len(line) > self.settings["bytes"] for block in piece.blocks() for line in block.split(b"\\n"))

    def merge(self, state, other):
        return state + other

    def result(self, state):
        return {"report": self.name, "long": state}
''',
        )
        path = self.file("a.log", b"12345\n123456\n1234567\n")
        with mock.patch.object(sys, "path", [self.folder, *sys.path]):
            self.addCleanup(sys.modules.pop, "mine", None)
            self.assertEqual(self.report("--kind", "mine:Long", path)["long"], 2)
            self.assertEqual(self.report("--kind", "mine:Long", path, "--set", "bytes=6")["long"], 1)
            for set_, words in (("x=1", "the options of mine:Long are bytes"), ("bytes=0", "must be at least 1")):
                self.assertIn(words, in_process("report", "--kind", "mine:Long", path, "--set", set_)[2])
            self.assertIn("does not subclass Report", in_process("report", "--kind", "json:loads", path)[2])

    def test_what_makes_no_sense_is_refused(self) -> None:
        path = self.file("a.log", LINES)
        for arguments, words in (
            (("--kind", "nope", path), "unknown report 'nope'"),
            (("--kind", "nope.mod:X", path), "cannot be loaded"),
            (("--kind", "connections", path, "--output", "svg"), "has no output 'svg'"),
            (("--kind", "connections", path, "--to", path), "is one of the logs"),
            (("--kind", "connections", path, "--to", os.path.join(self.folder, "no", "x")), "cannot be written"),
            (("--kind", "connections", os.path.join(self.folder, "none")), "no such file"),
            (("--kind", "connections", path, "--pattern", "*"), "goes with --folder"),
            (("--kind", "connections", path, "--until", "tomorrow"), "'tomorrow'"),
        ):
            with self.subTest(arguments):
                status, out, errors = in_process("report", *arguments)
                self.assertEqual((status, out), (2, ""))
                self.assertIn(words, errors)
        with open(path, "rb") as file:
            self.assertEqual(file.read(), LINES)

    def test_again_and_again_until_a_signal(self) -> None:
        path = self.file("a.log", LINES)
        arguments = ["report", "--kind", "connections", path, "--follow", "--sleep_seconds", "1h", "--seconds", "1000d"]
        process = subprocess.Popen(
            [sys.executable, "-m", "LogsMonitor2000", *arguments], cwd=ROOT, env=environment(), stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        with process.stdout:
            self.assertEqual(process.stdout.readline(), b"no connections in the window\n")
            process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(20), 0)


if __name__ == "__main__":
    unittest.main()
