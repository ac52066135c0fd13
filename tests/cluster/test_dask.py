"""Reports on a real Dask cluster: equal to those made here, also when a worker is killed in the middle."""

from __future__ import annotations

import importlib.util
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from typing import Any
import unittest
from unittest import mock

from LogsMonitor2000.cluster.dask import run_on_cluster
from LogsMonitor2000.errors import UsageError
from LogsMonitor2000.report.base import Report, State
from LogsMonitor2000.report.connections import ConnectionsReport
from LogsMonitor2000.report.engine import run_reports
from LogsMonitor2000.report.piece import Piece, pieces_of
from LogsMonitor2000.report.results import ResultsReport

from ..running import ROOT

HAS_DASK = importlib.util.find_spec("distributed") is not None


class Slow(Report):
    """Takes its time, so that a worker can be killed in the middle; lists the pieces in order."""

    name = "slow"

    def empty(self) -> State:
        return []

    def map(self, piece: Piece) -> State:
        time.sleep(0.05)
        return [piece.start]

    def merge(self, state: State, other: State) -> State:
        return [*state, *other]

    def result(self, state: State) -> dict[str, Any]:
        return {"report": "slow", "starts": state}


class WithoutDask(unittest.TestCase):
    def test_what_to_install_is_said(self) -> None:
        with (
            mock.patch.dict(sys.modules, {"distributed": None}),
            self.assertRaisesRegex(UsageError, r"LogsMonitor2000\[cluster\]"),
        ):
            run_on_cluster([ResultsReport()], [], "local:1")


@unittest.skipUnless(HAS_DASK, "Dask (distributed) is not installed")
class Cluster(unittest.TestCase):
    """A scheduler and two workers, each a process of its own."""

    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = folder.name
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            cls.address = "tcp://127.0.0.1:%d" % probe.getsockname()[1]
        cls.processes: list[subprocess.Popen[bytes]] = []
        cls.addClassCleanup(cls._end)
        cls._start("scheduler", "--host", "127.0.0.1", "--port", cls.address.rpartition(":")[2])
        for number in (1, 2):
            cls._start(
                "worker", cls.address, "--nthreads", "1", "--no-nanny", "--name", f"w{number}", "--local-directory", cls.folder
            )

    @classmethod
    def _start(cls, *arguments: str) -> None:
        command = [sys.executable, "-m", "dask", *arguments, "--dashboard-address", "127.0.0.1:0"]
        environment = os.environ | {"PYTHONPATH": ROOT, "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "3"}
        with open(os.path.join(cls.folder, "log"), "ab") as log:
            cls.processes.append(
                subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=cls.folder, start_new_session=True)
            )

    @classmethod
    def _end(cls) -> None:
        for process in reversed(cls.processes):
            process.kill()
            process.wait()

    def file(self, name: str, content: bytes) -> str:
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(content)
        return path

    def test_equal_to_what_is_made_here(self) -> None:
        connections = self.file("c.log", b"".join(b"%d a%d b%d\n" % (1_366_815_000 + n, n % 7, n % 5) for n in range(4000)))
        tests = self.file(
            "t.log",
            b"".join(b"# Test: t%d\nnoise\n# Result: %s\n" % (n % 9, (b"PASS", b"FAIL")[n % 4 == 0]) for n in range(2000)),
        )
        for report, path in ((ConnectionsReport({"to_host": "b3", "seconds": 1000}), connections), (ResultsReport(), tests)):
            with self.subTest(report=report.name), mock.patch("LogsMonitor2000.report.piece.PIECE_BYTES", 5000):
                pieces = pieces_of([path])
                self.assertGreater(len(pieces), 8)
                seen: list[tuple[int, int]] = []
                (here,) = run_reports([report], pieces)
                (there,) = run_on_cluster([report], pieces, self.address, lambda done, total: seen.append((done, total)))
                self.assertEqual(report.result(there), report.result(here))
                self.assertEqual(seen[-1], (len(pieces), len(pieces)))
        self.assertEqual(run_on_cluster([ResultsReport()], [], self.address), [ResultsReport().empty()])

    def test_a_worker_that_is_killed_changes_nothing(self) -> None:
        self._start(
            "worker", self.address, "--nthreads", "1", "--no-nanny", "--name", "doomed", "--local-directory", self.folder
        )
        with mock.patch("LogsMonitor2000.report.piece.PIECE_BYTES", 20):
            pieces = pieces_of([self.file("s.log", b"x\n" * 600)])
        killed: list[int] = []

        def kill(done: int, total: int) -> None:
            if done == 15:
                os.kill(self.processes[-1].pid, signal.SIGKILL)
                killed.append(done)

        (there,) = run_on_cluster([Slow()], pieces, self.address, kill)
        self.assertEqual(killed, [15])
        self.assertEqual(there, [piece.start for piece in pieces])

    def test_addresses_that_lead_nowhere(self) -> None:
        for address, words in (("local:x", "a number"), ("local:0", "a number"), ("tcp://127.0.0.1:1", "cannot reach")):
            with (
                self.subTest(address=address),
                mock.patch("LogsMonitor2000.cluster.dask.CLUSTER_SECONDS_MAX", 0.5),
                self.assertRaisesRegex(UsageError, words),
            ):
                run_on_cluster([ResultsReport()], [], address)


if __name__ == "__main__":
    unittest.main()
