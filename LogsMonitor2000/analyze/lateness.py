"""How late the late lines of a run were, and which buffer time would have kept them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from itertools import accumulate
from math import ceil

from ..event import Notice
from ..limits import LATENESS_SECONDS_EXACT

SHARE_MAX = 0.01
"""Of the lines that may be late without a warning."""

SHARE_KEPT = 0.999
"""Of the late lines that the advised buffer time keeps where keeping all takes too long a one."""

LINES_MIN = 1_000
"""So many lines must have been read before a run that has not ended is judged: a handful says nothing."""


class Lateness:
    """Counts late lines by the seconds they were late: exactly up to an hour, beyond that rounded up by less than 2 %."""

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()
        self._is_reported = False
        self.max = 0

    def add(self, found: Mapping[int, int]) -> None:
        """Count lines by lateness."""
        for seconds, count in found.items():
            self._counts[_rounded_up(seconds)] += count
            self.max = max(self.max, seconds)

    @property
    def advised(self) -> int:
        """The shortest buffer time that keeps all of the lines, or where that is beyond an hour, 999 of 1,000."""
        if self.max <= LATENESS_SECONDS_EXACT:
            return self.max
        needed = ceil(SHARE_KEPT * self._counts.total())
        lateness = sorted(self._counts)
        kept = accumulate(self._counts[seconds] for seconds in lateness)
        return min(self.max, next(seconds for seconds, count in zip(lateness, kept) if count >= needed))

    def warning(self, lines: int, repeat: Callable[[int], str], *, final: bool) -> Notice | None:
        """The warning, given once, when over 1 % of `lines` are late; `repeat` gives the command with another buffer time."""
        late = self._counts.total()
        if self._is_reported or late <= SHARE_MAX * lines or not (final or lines >= LINES_MIN):
            return None
        self._is_reported = True
        advised = self.advised
        kept = "all" if advised == self.max else f"{100 * SHARE_KEPT:g} %"
        sort = "" if advised <= LATENESS_SECONDS_EXACT else "sort the log by time or "
        text = (
            f"{late:,} of {lines:,} lines ({100 * late / lines:.3g} %) were late, by up to {self.max:,} s, and are missing from"
            f" intervals and alerts; to keep {kept} of them, {sort}run {repeat(advised)}"
        )
        return Notice(text, final=final)

    def dump(self) -> list[list[int]]:
        """The counts as JSON can hold them."""
        return [[self.max, int(self._is_reported)], *map(list, sorted(self._counts.items()))]

    def load(self, dumped: list[list[int]]) -> None:
        """Continue from a dump."""
        (self.max, reported), *counts = dumped
        self._is_reported = bool(reported)
        self._counts = Counter({seconds: count for seconds, count in counts})


def _rounded_up(seconds: int) -> int:
    """`seconds` as a key of the counts: of long ones the seven most significant bits count, so that there are a few thousand keys at most."""
    if seconds <= LATENESS_SECONDS_EXACT:
        return seconds
    step = 1 << (seconds.bit_length() - 7)
    return -(-seconds // step) * step
