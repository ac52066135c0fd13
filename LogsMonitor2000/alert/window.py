"""Sliding windows over what feeds give: what enters at one end and leaves at the other, by group, and what they amount to.

A `Timeline` holds the contributions of the seconds once, however many windows look at them; a `Window` is two places in it. What
can be added to a window can be taken away from it, exactly, so nothing is summed afresh.
"""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from collections.abc import Callable
from heapq import heapify, heapreplace
from math import ceil
from typing import Any, Protocol

from ..analyze.derived import middle
from ..analyze.measure import dump_key, load_key
from ..analyze.tally import MICRO
from ..limits import GROUPS_MAX, HASHES_MAX, UNIQUES_MAX
from .feed import Deltas, Feed, Group
from .reader import Readers

NEVER = 1 << 62


class Timeline:
    """The contributions of a feed, second by second: what its windows have not all left behind."""

    def __init__(self, feed: Feed, readers: Readers) -> None:
        self.feed = feed
        self.read = readers.of(feed)
        """Gives the contributions of the bucket that the readers are at."""
        self.windows: list[Window] = []
        self.times: list[int] = []
        self.deltas: list[Deltas] = []
        self.most: list[int] = []  # that one group has of each second
        self.last: Deltas = {}
        self._most = _MOST.get(feed.kind, _unbounded)

    def append(self, time: int, deltas: Deltas) -> None:
        """The contributions of second `time`, later than all before."""
        self.last = deltas
        if deltas:
            self.times.append(time)
            self.deltas.append(deltas)
            self.most.append(self._most(deltas))

    def trim(self) -> None:
        """Forget what every window has left behind, once that is most of it."""
        if len(self.times) <= 64:
            return
        done = min((window.left for window in self.windows), default=len(self.times))
        if done > 64 and done * 2 > len(self.times):
            del self.times[:done], self.deltas[:done], self.most[:done]
            for window in self.windows:
                window.left -= done
                window.entered -= done

    @property
    def reach(self) -> int:
        """How many seconds back it holds everything."""
        return max((window.delay + window.seconds for window in self.windows), default=0)

    def dump(self) -> dict[str, Any]:
        """It, as JSON can hold it."""
        done = min((window.left for window in self.windows), default=len(self.times))
        seconds = [
            [time, [[dump_key(group), _dump_delta(delta)] for group, delta in deltas.items()]]
            for time, deltas in zip(self.times[done:], self.deltas[done:])
        ]
        return {"reach": self.reach, "seconds": seconds}

    def load(self, dumped: dict[str, Any]) -> None:
        """Be as it was when it was dumped."""
        for time, deltas in dumped["seconds"]:
            self.append(time, {load_key(group): _load_delta(delta) for group, delta in deltas})


class Window:
    """The `seconds` up to `delay` seconds ago. `groups` is what they amount to, by group; `touched` the groups changed last.

    Where no rule can fire on a group with less than `least`, the window sleeps while none has as much: then it only adds up the most that
    one group had of each second, which no group's sum exceeds, and knows no groups. With many clients that is nearly always.
    """

    def __init__(self, timeline: Timeline, seconds: int, delay: int = 0) -> None:
        self.seconds = seconds
        self.delay = delay
        self.groups: dict[Group, Total] = {}
        self.touched: set[Group] = set()
        self.kept: set[Group] = set()
        """Groups that are never forgotten, as a rule looks at just them."""
        self.watches: list[Any] = []
        """Who looks at it; each has `states`, and what it needs the window to be awake for is its `least`."""
        self.least = 0
        self.entered = self.left = 0
        self.forgotten = 0
        """Groups that were left out because there were too many."""
        self._left_out: list[Group] = []  # since it last slid
        self._is_awake = True
        self._bound = 0
        self._timeline = timeline
        self._make: Callable[[], Total] = TOTALS[timeline.feed.kind]
        self._counts = self._make is Events
        self._empty = self._make()
        timeline.windows.append(self)

    def __getitem__(self, group: Group) -> Total:
        """What `group` amounts to; one that is not in the window is empty."""
        total = self.groups.get(group)
        return self._empty if total is None else total

    def due(self) -> int:
        """When something enters or leaves next."""
        times = self._timeline.times
        leaves = times[self.left] + self.delay + self.seconds if self.left < self.entered else NEVER
        enters = times[self.entered] + self.delay if self.entered < len(times) else NEVER
        return min(leaves, enters)

    def slide(self, now: int) -> None:
        """Go on to second `now`."""
        times = self._timeline.times
        self.touched.clear()
        self.touched.update(self._left_out)
        self._left_out.clear()
        newest = now - self.delay
        entered, left = self.entered, self.left
        while self.entered < len(times) and times[self.entered] <= newest:
            self.entered += 1
        while self.left < self.entered and times[self.left] <= newest - self.seconds:
            self.left += 1
        if not self.least or not self._sleeps(entered, left):
            self._enter(entered, self.entered)
            self._leave(left, self.left)

    def wake(self) -> None:
        """Know the groups, whatever they have."""
        if not self._is_awake:
            self._is_awake = True
            self._enter(self.left, self.entered)

    def _sleeps(self, entered: int, left: int) -> bool:
        """Whether the seconds from these places on can come and go without a look at the groups."""
        most = self._timeline.most
        self._bound += sum(most[entered : self.entered]) - sum(most[left : self.left])
        if self._bound < (self.least // 2 if self._is_awake else self.least) and not any(w.states for w in self.watches):
            self._is_awake = False
            self.groups.clear()
        elif not self._is_awake:
            self._is_awake = True
            self._enter(left, entered)
        return not self._is_awake

    def _enter(self, begin: int, end: int) -> None:
        groups, touched = self.groups, self.touched
        for time, entering in zip(self._timeline.times[begin:end], self._timeline.deltas[begin:end]):
            for group, delta in entering.items():
                total = groups.get(group)
                if total is None:
                    total = groups[group] = self._make()
                    total.since = time
                if self._counts:  # what most groups are for: no call for each
                    total.events += delta
                else:
                    total.add(time, delta)
            touched.update(entering)

    def _leave(self, begin: int, end: int) -> None:
        groups, touched = self.groups, self.touched
        for time, leaving in zip(self._timeline.times[begin:end], self._timeline.deltas[begin:end]):
            for group, delta in leaving.items():
                total = groups.get(group)
                if total is not None and total.since <= time:
                    if self._counts:
                        total.events -= delta
                    else:
                        total.take(time, delta)
                    if not total.events:
                        del groups[group]
            touched.update(leaving)

    def resume(self, now: int) -> None:
        """Go on to `now` through all that the timeline holds, as if it came second by second."""
        for time in self._timeline.times:
            self.slide(min(time + self.delay, now))
            self.sweep()
        self.slide(now)
        self.sweep()

    def sweep(self) -> None:
        """When there are too many groups, forget the lightest."""
        groups = self.groups
        if len(groups) > GROUPS_MAX:
            lightest = sorted(groups.keys() - self.kept, key=lambda group: (groups[group].events, repr(group)))[
                : len(groups) - GROUPS_MAX // 2
            ]
            self.forgotten += len(lightest)
            self._left_out += lightest
            for group in lightest:
                del groups[group]


def _unbounded(deltas: Deltas) -> int:
    return 1 << 40


_MOST: dict[str, Callable[[Deltas], int]] = {
    "events": lambda deltas: max(deltas.values()),
    "values": lambda deltas: max(map(len, deltas.values())),
}
"""The most that one group has of a second, where that bounds what it has of a window."""


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


def _dump_delta(delta: Any) -> Any:
    if isinstance(delta, dict):
        return [[dump_key(key), value] for key, value in delta.items()]
    return delta if isinstance(delta, int) else list(delta)


def _load_delta(dumped: Any) -> Any:
    if isinstance(dumped, int):
        return dumped
    return {load_key(key): value for key, value in dumped} if dumped and isinstance(dumped[0], list) else tuple(dumped)


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
