"""Files cut into pieces of any size, to show that results do not depend on how."""

from __future__ import annotations

from collections.abc import Sequence
import os
import tempfile
from typing import Any
import unittest
from unittest import mock

from LogsMonitor2000.report.base import Report
from LogsMonitor2000.report.engine import run_reports
from LogsMonitor2000.report.piece import pieces_of


class Cutting(unittest.TestCase):
    """Has a folder for files, and runs reports over them."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def file(self, name: str, content: bytes) -> str:
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(content)
        return path

    def run_over(self, report: Report, paths: Sequence[str], piece_bytes: int = 1 << 24, jobs: int = 1) -> dict[str, Any]:
        """The result over files that are cut every `piece_bytes`."""
        with mock.patch("LogsMonitor2000.report.piece.PIECE_BYTES", piece_bytes):
            pieces = pieces_of(paths)
        (state,) = run_reports([report], pieces, jobs)
        return report.result(state)
