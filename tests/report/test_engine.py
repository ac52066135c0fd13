"""The engine: the tree has one shape, processes change nothing, and a worker that dies is said so."""

from __future__ import annotations

from collections.abc import Mapping
import os
import signal
from typing import Any
from unittest import main

from LogsMonitor2000.errors import WorkerError
from LogsMonitor2000.report.base import Report
from LogsMonitor2000.report.engine import MergeTree, jobs_for, run_reports
from LogsMonitor2000.report.piece import FilePiece, Piece, pieces_of

from .cutting import Cutting


class Shape(Report):
    """Its state is the tree of the pieces' beginnings."""

    name = "shape"

    def empty(self) -> Any:
        return None

    def map(self, piece: Piece) -> Any:
        return piece.start

    def merge(self, state: Any, other: Any) -> Any:
        return (state, other)

    def result(self, state: Any) -> dict[str, Any]:
        return {"report": "shape", "tree": state}


class Deadly(Shape):
    name = "deadly"

    def map(self, piece: Piece) -> Any:
        os.kill(os.getpid(), signal.SIGKILL)


class Engine(Cutting):
    def test_neighbours_merge_first(self) -> None:
        for count, expected in ((0, "empty"), (1, 0), (2, (0, 1)), (3, ((0, 1), 2)), (6, (((0, 1), (2, 3)), (4, 5)))):
            tree = MergeTree(lambda one, other: (one, other))
            for number in range(count):
                tree.push(number)
            self.assertEqual(tree.root("empty"), expected)

    def test_processes_build_the_same_tree(self) -> None:
        path = self.file("a.log", b"x\n" * 50)
        plain = self.run_over(Shape(), [path], 10)
        for jobs in (2, 4):
            self.assertEqual(self.run_over(Shape(), [path], 10, jobs), plain)

    def test_a_worker_that_dies(self) -> None:
        with self.assertRaisesRegex(WorkerError, "ended unexpectedly"):
            self.run_over(Deadly(), [self.file("a.log", b"x\n" * 50)], 10, 2)

    def test_progress_counts_pieces(self) -> None:
        seen: list[tuple[int, int]] = []
        run_reports([Shape()], [FilePiece("a", 0), FilePiece("a", 1)], progress=lambda done, total: seen.append((done, total)))
        self.assertEqual(seen, [(1, 2), (2, 2)])

    def test_jobs(self) -> None:
        pieces = [FilePiece("a")] * 3
        self.assertEqual([jobs_for(pieces, jobs) for jobs in (1, 2, 9)], [1, 2, 3])
        self.assertEqual(jobs_for([], None), 1)
        self.assertGreaterEqual(jobs_for(pieces, None), 1)

    def test_the_default_text_escapes(self) -> None:
        result: Mapping[str, Any] = {"report": "shape", "tree": "\x1b"}
        self.assertEqual(Shape().render(result, "text"), b"report: shape\ntree: \\x1b\n")

    def test_pieces_of_what_cannot_be_cut(self) -> None:
        import gzip

        packed = self.file("a.gz", gzip.compress(b"1 a b\n"))
        self.assertEqual(pieces_of([packed, "-"]), [FilePiece(packed), FilePiece("-")])
        self.assertEqual(b"".join(FilePiece(packed).blocks()), b"1 a b\n")
        self.assertEqual(pieces_of([self.file("empty", b"")]), [])


if __name__ == "__main__":
    main()
