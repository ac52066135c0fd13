"""What the contributions of a window's seconds amount to: of each kind of feed one class that adds and takes away, exactly."""

from __future__ import annotations

from collections import Counter, deque
import hashlib
from heapq import heapify, heapreplace
from math import ceil
from typing import Any, Protocol

from ..analyze.derived import middle
from ..analyze.tally import MICRO
from ..limits import HASHES_MAX, UNIQUES_MAX


class Total(Protocol):
    """What a group's contributions in a window amount to. `events` is how many there are, `since` when the first of them came."""

    since: int
    events: int

    def add(self, time: int, delta: Any) -> None:
        """A second enters."""

    def take(self, time: int, delta: Any) -> None:
        """A second leaves."""


class Events:
    """How many events."""

    __slots__ = ("since", "events")

    def __init__(self) -> None:
        self.since = self.events = 0

    def add(self, time: int, delta: int) -> None:
        self.events += delta

    def take(self, time: int, delta: int) -> None:
        self.events -= delta


class Shares:
    """Events, and those of them that match."""

    __slots__ = ("since", "events", "matching")

    def __init__(self) -> None:
        self.since = self.events = self.matching = 0

    def add(self, time: int, delta: tuple[int, int]) -> None:
        self.events += delta[0]
        self.matching += delta[1]

    def take(self, time: int, delta: tuple[int, int]) -> None:
        self.events -= delta[0]
        self.matching -= delta[1]


class Sums:
    """Number, sum and maximum of values."""

    __slots__ = ("since", "events", "sum", "_maxima")

    def __init__(self) -> None:
        self.since = self.events = self.sum = 0
        self._maxima: deque[tuple[int, int]] = deque()  # falling: what a later second exceeds is never the maximum again

    def add(self, time: int, delta: tuple[int, int, int]) -> None:
        count, total, most = delta
        self.events += count
        self.sum += total
        while self._maxima and self._maxima[-1][1] <= most:
            self._maxima.pop()
        self._maxima.append((time, most))

    def take(self, time: int, delta: tuple[int, int, int]) -> None:
        self.events -= delta[0]
        self.sum -= delta[1]
        if self._maxima and self._maxima[0][0] <= time:
            self._maxima.popleft()

    @property
    def most(self) -> int:
        return self._maxima[0][1] if self._maxima else 0


class Bins:
    """Values by their logarithmic bin."""

    __slots__ = ("since", "events", "_counts")

    def __init__(self) -> None:
        self.since = self.events = 0
        self._counts: dict[int, int] = {}

    def add(self, time: int, delta: dict[int, int]) -> None:
        for number, count in delta.items():
            self._counts[number] = self._counts.get(number, 0) + count
            self.events += count

    def take(self, time: int, delta: dict[int, int]) -> None:
        for number, count in delta.items():
            left = self._counts[number] - count
            self.events -= count
            if left:
                self._counts[number] = left
            else:
                del self._counts[number]

    def quantile(self, share: float) -> float:
        """The value that `share` of the values do not exceed, by nearest rank, within the relative error of a bin."""
        rank = max(1, ceil(share * self.events - 1e-9))
        for number in sorted(self._counts):
            rank -= self._counts[number]
            if rank <= 0:
                break
        return middle(number)


class Uniques:
    """Distinct values, by their hashes and the last second in which each came.

    Exact until there are too many; then of the busiest seconds only hashes with `level` zero bits at their end are kept, and stand
    for `2**level` values each: adaptive sampling (Flajolet 1990, after Wegman), by the second, so that what comes before and
    behind a flood stays exact. The standard error is 1 / sqrt(the hashes kept), about 0.3 %.
    """

    __slots__ = ("since", "events", "distinct", "_seen", "_levels")

    def __init__(self) -> None:
        self.since = self.events = self.distinct = 0
        self._seen: dict[int, int] = {}  # hash → the last second it came in
        self._levels: dict[int, int] = {}  # second → level, where that is not 0

    def add(self, time: int, delta: dict[tuple[bytes | None], int]) -> None:
        seen, levels = self._seen, self._levels
        self.events += sum(delta.values())
        if not levels:
            seen.update(dict.fromkeys([HASHES[value] for value, in delta], time))
            self.distinct = len(seen)
        else:
            for (value,) in delta:
                number = HASHES[value]
                last = seen.get(number)
                self.distinct += 1 if last is None else 1 - (1 << levels.get(last, 0))
                seen[number] = time
        if len(seen) > UNIQUES_MAX:
            self._sample()

    def take(self, time: int, delta: dict[tuple[bytes | None], int]) -> None:
        seen, weight = self._seen, 1 << self._levels.pop(time, 0)
        self.events -= sum(delta.values())
        for (value,) in delta:
            number = HASHES[value]
            if seen.get(number) == time:
                del seen[number]
                self.distinct -= weight

    def _sample(self) -> None:
        """Keep fewer hashes of the busiest seconds: an eighth goes at once, as it takes a look at all of them."""
        levels = self._levels
        busiest: list[tuple[float, int]] = [(-count, time) for time, count in Counter(self._seen.values()).items()]
        heapify(busiest)
        kept: float = len(self._seen)
        masks: dict[int, int] = {}
        while kept > UNIQUES_MAX * 7 // 8:
            count, time = busiest[0]
            levels[time] = levels.get(time, 0) + 1
            masks[time] = (1 << levels[time]) - 1
            heapreplace(busiest, (count / 2, time))
            kept += count / 2  # which is negative, and what is to be expected
        self._seen = {number: time for number, time in self._seen.items() if not number & masks.get(time, 0)}
        self.distinct = sum(1 << levels.get(time, 0) for time in self._seen.values())


TOTALS: dict[str, Any] = {"events": Events, "shares": Shares, "amounts": Sums, "bytes": Sums, "bins": Bins, "values": Uniques}
"""What sums up the contributions of each kind of feed."""


def value_of(measure: str, quantile: float | None, seconds: int, field: str) -> Any:
    """The function from a `Total` to the value of `measure` over `seconds`; it gives None where there is none."""
    if quantile is not None:
        return lambda total: total.quantile(quantile) if total.events else None
    if measure == "rate":
        return lambda total: total.events / seconds
    if measure in ("ratio", "unparsed"):
        return lambda total: total.matching / total.events if total.events else None
    if measure == "bytes":
        return lambda total: total.sum
    scale = MICRO if field == "duration" else 1
    if measure == "mean":
        return lambda total: total.sum / total.events / scale if total.events else None
    if measure == "max":
        return lambda total: total.most / scale if total.events else None
    if measure == "distinct":
        return lambda total: total.distinct
    return lambda total: total.events


def _hash(value: bytes | None) -> int:
    """64 bits that are the same in every process, and that nobody who writes logs can aim at."""
    return int.from_bytes(hashlib.blake2b(value or b"-", digest_size=8).digest(), "big")


class _Hashes(dict["bytes | None", int]):
    """Hashes of values, remembered as they are met."""

    def __missing__(self, value: bytes | None) -> int:
        if len(self) >= HASHES_MAX:
            self.clear()
        self[value] = found = _hash(value)
        return found


HASHES = _Hashes()
"""Values → 64 bits that stand for them."""
