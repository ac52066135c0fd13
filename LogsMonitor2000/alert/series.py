"""Sums over sliding windows, of numbers by the second, for many seconds at once.

A `Series` holds for each second on its `Axis` the sum of all before it. What a window of any length and delay amounts to is then one
subtraction; nothing slides. For a stretch of seconds the subtractions are one call in C, and most rules need no more than the extreme
of the result to know that nothing happens.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, MutableSequence, Sequence
from itertools import accumulate
from operator import sub

NEVER = 1 << 62

TRIM_MIN = 1024
"""Fewer seconds are not worth being forgotten."""


class Axis:
    """The seconds that some series have numbers for, in ascending order; what is not on it is 0."""

    def __init__(self, reach: int = 0) -> None:
        self.reach = reach
        """How far back windows look, in seconds."""
        self.times: MutableSequence[int] = array("q")
        self.series: list[Series] = []
        self._ranges: dict[int, _Range | list[int]] = {}  # of the stretch that was asked for last
        self._stretch: Sequence[int] = ()

    def add(self) -> Series:
        """A new series, of zeros."""
        self.series.append(Series(self))
        return self.series[-1]

    def append(self, start: int, rows: Sequence[Sequence[int]]) -> None:
        """The numbers of each series for the seconds from `start` on, later than all before."""
        count = len(rows[0]) if rows else 0
        self.times.extend(range(start, start + count))
        for series, numbers in zip(self.series, rows, strict=True):
            series.extend(numbers)
        self._ranges = {}
        self._trim(start)

    def load(self, times: Sequence[int], rows: Sequence[Sequence[int] | None]) -> None:
        """The numbers of each series for `times`; None where nothing is known."""
        self.times.extend(times)
        for series, numbers in zip(self.series, rows, strict=True):
            series.extend(numbers or [0] * len(times))

    def _trim(self, now: int) -> None:
        """Forget what is out of reach, once that is most of it."""
        if len(self.times) > 2 * TRIM_MIN:
            done = bisect_left(self.times, now - self.reach)
            if done > TRIM_MIN and done * 2 > len(self.times):
                del self.times[:done]
                for series in self.series:
                    del series.sums[:done]

    def places(self, stretch: Sequence[int], back: int) -> _Range | list[int]:
        """For each second of `stretch`, how many seconds on the axis are not after the one `back` seconds before it."""
        if self._stretch is not stretch:
            self._stretch, self._ranges = stretch, {}
        if back not in self._ranges:
            self._ranges[back] = self._places(stretch, back)
        return self._ranges[back]

    def _places(self, stretch: Sequence[int], back: int) -> _Range | list[int]:
        times, first, last = self.times, stretch[0] - back, stretch[-1] - back
        begin, end = bisect_right(times, first), bisect_right(times, last)
        if begin == end:
            return _Range(len(stretch), begin, end, 0)
        if isinstance(stretch, range) and times[end - 1] - times[begin] == end - 1 - begin:
            return _Range(times[begin] - first, begin, end, last - times[end - 1])
        return [bisect_right(times, second - back) for second in stretch]

    def next_change(self, now: int, backs: Iterable[int]) -> int:
        """The next second at which the first series' sum of a window changes that begins or ends `back` seconds ago."""
        times, sums, found = self.times, self.series[0].sums, NEVER
        for back in backs:
            place = bisect_right(sums, sums[bisect_right(times, now - back)])
            if place < len(sums):
                found = min(found, times[place - 1] + back)
        return found


class _Range:
    """Places that are contiguous: `left` times `begin`, then each through `end`, which comes `right` times more."""

    __slots__ = ("left", "begin", "end", "right")

    def __init__(self, left: int, begin: int, end: int, right: int) -> None:
        self.left, self.begin, self.end, self.right = left, begin, end, right


class Series:
    """A number by the second. `sums[i]` is the sum of all before the `i`th second on the axis."""

    def __init__(self, axis: Axis) -> None:
        self._axis = axis
        self.sums: MutableSequence[int] = array("q", bytes(8 * (len(axis.times) + 1)))

    def extend(self, numbers: Sequence[int]) -> None:
        """The numbers of the seconds that have been put on the axis."""
        more = accumulate(numbers, initial=self.sums.pop())
        if isinstance(self.sums, array):
            more = list(more)  # type: ignore[assignment]
            try:
                self.sums += array("q", more)
                return
            except OverflowError:  # sums of sizes may be larger than 64 bits
                self.sums = list(self.sums)
        self.sums.extend(more)

    def over(self, stretch: Sequence[int], seconds: int, delay: int = 0) -> list[int]:
        """For each second of `stretch`, the sum of the window of so many seconds that ended `delay` seconds before."""
        return list(map(sub, self._at(stretch, delay), self._at(stretch, delay + seconds)))

    def at(self, time: int, seconds: int, delay: int = 0) -> int:
        """The same for one second."""
        times = self._axis.times
        return self.sums[bisect_right(times, time - delay)] - self.sums[bisect_right(times, time - delay - seconds)]

    def _at(self, stretch: Sequence[int], back: int) -> Sequence[int]:
        sums, places = self.sums, self._axis.places(stretch, back)
        if isinstance(places, list):
            return [sums[place] for place in places]
        left = [sums[places.begin]] * places.left
        if places.begin == places.end:
            return left
        return [*left, *sums[places.begin + 1 : places.end + 1], *([sums[places.end]] * places.right)]

    def numbers(self) -> list[int]:
        """The number of each second on the axis."""
        return list(map(sub, self.sums[1:], self.sums[:-1]))
