"""Runs reports over pieces: mapped here or in worker processes, merged in a fixed tree.

The tree has the same shape wherever pieces are mapped: neighbours merge, then neighbouring pairs, and so on. A summary that has grown
past its bound keeps what it keeps by that shape alone, so a result depends neither on processes nor on which of them was faster.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
import os
import signal

from . import piece as reading
from ..errors import WorkerError
from ..limits import PIECES_AHEAD
from .base import Report, State
from .piece import Piece

Mapped = tuple[list[State], list[str]]
"""The state of each report over one piece, and what reading it ran into."""

Progress = Callable[[int, int], object]
"""Called with the number of pieces that are done, and how many there are."""


class MergeTree:
    """Merges states that are pushed one after the other, holding at most one for each level of the tree."""

    def __init__(self, merge: Callable[[State, State], State]) -> None:
        self._merge = merge
        self._levels: list[tuple[int, State]] = []

    def push(self, state: State) -> None:
        """Take in the state of the next piece."""
        level = 0
        while self._levels and self._levels[-1][0] == level:
            state = self._merge(self._levels.pop()[1], state)
            level += 1
        self._levels.append((level, state))

    def root(self, empty: State) -> State:
        """All of them merged; `empty` where there are none."""
        if not self._levels:
            return empty
        state = self._levels.pop()[1]
        while self._levels:
            state = self._merge(self._levels.pop()[1], state)
        return state


def run_reports(
    reports: Sequence[Report],
    pieces: Sequence[Piece],
    jobs: int = 1,
    progress: Progress | None = None,
    warn: Callable[[str], object] = lambda text: None,
) -> list[State]:
    """The state of each report over all `pieces`; a `WorkerError` where a worker process died.

    `warn` is called with what reading ran into, such as a compressed file that is cut off.
    """
    for report in reports:
        report.prepare(pieces)
    trees = [MergeTree(report.merge) for report in reports]
    mapped = (
        _mapped_in_processes(reports, pieces, jobs)
        if jobs > 1 and len(pieces) > 1
        else map(map_piece, [reports] * len(pieces), pieces)
    )
    for number, (states, problems) in enumerate(mapped, 1):
        for problem in problems:
            warn(problem)
        for tree, state in zip(trees, states, strict=True):
            tree.push(state)
        if progress is not None:
            progress(number, len(pieces))
    return [tree.root(report.empty()) for tree, report in zip(trees, reports)]


def merge_mapped(reports: Sequence[Report], one: Mapped, other: Mapped) -> Mapped:
    """Both pieces together."""
    states = [report.merge(state, another) for report, state, another in zip(reports, one[0], other[0], strict=True)]
    return states, [*one[1], *other[1]]


def map_piece(reports: Sequence[Report], piece: Piece) -> Mapped:
    """Map one piece, which is read once for each report."""
    reading.problems.clear()
    states = [report.map(piece) for report in reports]
    return states, list(dict.fromkeys(reading.problems))


def jobs_for(pieces: Sequence[Piece], jobs: int | None) -> int:
    """How many processes: as many as asked for, or one a core, but no more than there are pieces."""
    if jobs is None:
        jobs = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(jobs, len(pieces)))


_reports: Sequence[Report] = ()
"""Those of a worker process: sent once, when it starts."""


def _begin(reports: Sequence[Report]) -> None:
    global _reports
    _reports = reports
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business


def _map(piece: Piece) -> Mapped:
    return map_piece(_reports, piece)


def _mapped_in_processes(reports: Sequence[Report], pieces: Sequence[Piece], jobs: int) -> Iterator[Mapped]:
    """The states of each piece, in the order of the pieces, of which few are mapped ahead."""
    with ProcessPoolExecutor(jobs, initializer=_begin, initargs=(reports,)) as pool:
        waiting: deque[Future[Mapped]] = deque()
        try:
            for piece in pieces:
                waiting.append(pool.submit(_map, piece))
                if len(waiting) >= jobs * PIECES_AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool as error:
            raise WorkerError("a worker process ended unexpectedly") from error
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
