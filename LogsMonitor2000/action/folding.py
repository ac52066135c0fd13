"""Statistics of a finished log folded into a few rows, although how long it is shows only at its end.

Rows are kept as fine as they may still be needed, and merged into coarser ones as soon as there are too many: hits, bytes and
statuses only add up, so the result is exact, and a log of years takes no more memory than one of hours.
"""

from __future__ import annotations

from ..event import Key, Stats
from ..limits import ROWS_MAX

STEPS = (60, 120, 300, 600, 1800, 3600, 7200, 14_400, 43_200, 86_400)
"""Lengths that a row may have, in seconds; past the last one they double."""

GRAIN = 60
"""Rows are kept this fine up to 5 minutes, which 2 minutes do not divide; all longer steps divide the next one."""


class Totals:
    """What adds up over any time: `hits`, `bytes`, and hits by status class."""

    __slots__ = ("hits", "bytes", "statuses")

    def __init__(self) -> None:
        self.hits = self.bytes = 0
        self.statuses: dict[Key, int] = {}

    def add(self, other: Totals | Stats) -> None:
        self.hits += other.hits
        self.bytes += other.bytes
        for key, count in other.statuses.items():
            self.statuses[key] = self.statuses.get(key, 0) + count


class StatsFolder:
    """Folds statistics, added by ascending time, into at most `rows_max` rows; a gap between two of them counts as a row."""

    def __init__(self, rows_max: int = ROWS_MAX) -> None:
        self._rows_max = rows_max
        self._rows: dict[int, Totals] = {}  # by start, each `self._grain` seconds long
        self._grain = GRAIN
        self.step = STEPS[0]
        """The shortest length of a row that so far gives few enough of them, in seconds."""

    def __len__(self) -> int:
        """How many rows are held, which may be finer than those that are shown."""
        return len(self._rows)

    def add(self, stats: Stats) -> None:
        """Take in one interval, which lies within a minute, or in whole within a longer row."""
        start = stats.time // self._grain * self._grain
        if start in self._rows:
            self._rows[start].add(stats)
            return
        self._rows[start] = Totals()
        self._rows[start].add(stats)
        while len(self._rows) > self._rows_max // 2 and self._shown() > self._rows_max:
            self._lengthen()

    def rows(self) -> dict[int, Totals]:
        """The rows by their start, ascending, each `step` seconds long; intervals without events have none."""
        return self._folded(self.step)

    def _shown(self) -> int:
        """Rows and gaps that `step` would give."""
        starts = sorted({start // self.step for start in self._rows})
        return len(starts) + sum(after - before > 1 for before, after in zip(starts, starts[1:]))

    def _lengthen(self) -> None:
        place = STEPS.index(self.step) + 1 if self.step < STEPS[-1] else None
        self.step = self.step * 2 if place is None else STEPS[place]
        if self.step % 600 == 0:
            self._grain = self.step
            self._rows = self._folded(self.step)

    def _folded(self, step: int) -> dict[int, Totals]:
        folded: dict[int, Totals] = {}
        for start, totals in self._rows.items():
            folded.setdefault(start // step * step, Totals()).add(totals)
        return folded
