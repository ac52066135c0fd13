"""A contribution by group, second by second: what sliding windows move over.

Seconds are held for as long as a window may need them, which for long windows over many groups is more than memory holds. When there
is no room for all of them, older seconds are merged into panes of several seconds: a pane enters and leaves a window at its last
second, so that sums stay exact and only the edge of a window is less so. When that does not help either, the lightest groups are forgotten.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from itertools import islice
from typing import TYPE_CHECKING, Any

from ..analyze.bucket import Bucket
from ..analyze.measures.keys import dump_key, load_key
from ..limits import PANES_MIN
from .contribution import Contribution, Deltas, Group

if TYPE_CHECKING:
    from .window import Window

PANE_BYTES = 300
"""What a second takes besides its entries: an empty dictionary, and its places in the lists."""

MERGES_SAMPLED = 64
"""Pairs of panes by which it is judged what merging them would save."""

SAMPLED = 8
"""Entries of a second whose size is measured; the others are taken to be like them."""


class Timeline:
    """A contribution, second by second: what its windows have not all left behind."""

    def __init__(self, contribution: Contribution, extract: Callable[[Bucket], Deltas]) -> None:
        self.contribution = contribution
        self.latest: dict[int, Deltas] = {}
        """The seconds that were appended last."""
        self.windows: list[Window] = []
        self.times: list[int] = []
        """The second of each pane, or its last one."""
        self.deltas: list[Deltas] = []
        self.largest: list[int] = []
        """What no group has more of, of each pane."""
        self.size = 0
        """About how many bytes all of it takes."""
        self.width = 1
        """Seconds that a pane may have."""
        self._sizes: list[int] = []
        self._extract = extract

    def extend(self, buckets: Iterable[Bucket]) -> None:
        """The seconds of `buckets`, later than all before."""
        self.latest = {bucket.time: self._extract(bucket) for bucket in buckets}
        entry = entry_size(next(iter(self.latest.values()), {}))  # what the others are like
        for time, deltas in self.latest.items():
            self.append(time, deltas, entry)

    def append(self, time: int, deltas: Deltas, entry: int = 0) -> None:
        """The contribution of second `time`, later than all before, whose entries take about `entry` bytes each."""
        if deltas:
            size = PANE_BYTES + len(deltas) * (entry or entry_size(deltas))
            self.times.append(time)
            self.deltas.append(deltas)
            self.largest.append(self.contribution.largest(deltas))
            self._sizes.append(size)
            self.size += size

    def trim(self) -> None:
        """Forget what every window has left behind, once that is most of it."""
        if len(self.times) <= 64:
            return
        done = min((window.left for window in self.windows), default=len(self.times))
        if done > 64 and done * 2 > len(self.times):
            self.size -= sum(self._sizes[:done])
            del self.times[:done], self.deltas[:done], self.largest[:done], self._sizes[:done]
            for window in self.windows:
                window.left -= done
                window.entered -= done

    def shrink(self) -> int:
        """Take fewer bytes: by wider panes, and where these would be too few or save little, without the lightest groups.

        Returns how many groups were forgotten.
        """
        if self.width * 2 * PANES_MIN <= self.reach and self._merging_pays():
            self.width *= 2
            self._merge_panes()
            return 0
        return self._forget_groups()

    def _merging_pays(self) -> bool:
        """Whether neighbours have so many groups in common that merging saves a quarter: judged by a few of them."""
        every = max(1, len(self.deltas) // MERGES_SAMPLED)
        pairs = list(zip(self.deltas[::every], self.deltas[1::every]))
        return 4 * sum(len(one.keys() | other.keys()) for one, other in pairs) <= 3 * sum(
            len(one) + len(two) for one, two in pairs
        )

    def _merge_panes(self) -> None:
        """Merge what lies in the same `width` seconds, and on the same side of the ends of every window."""
        ends = {place for window in self.windows for place in (window.entered, window.left)}
        merge, width = self.contribution.merged, self.width
        panes = list(zip(self.times, self.deltas, self.largest))
        self.times, self.deltas, self.largest = [], [], []
        places = [0]  # old place → new place
        for place, (time, deltas, largest) in enumerate(panes):
            panes[place] = (0, {}, 0)  # there is no room for both
            if self.times and place not in ends and self.times[-1] // width == time // width:
                self.deltas[-1] = merge_deltas(self.deltas[-1], deltas, merge)
                self.largest[-1] += largest
                self.times[-1] = time
            else:
                self.times.append(time)
                self.deltas.append(deltas)
                self.largest.append(largest)
            places.append(len(self.times))
        for window in self.windows:
            window.entered, window.left = places[window.entered], places[window.left]
        self._measure()

    def _forget_groups(self) -> int:
        """Forget the lighter half of the groups, but those that a rule is about; of groups that came once, all."""
        weights: Counter[Group] = Counter()
        for deltas in self.deltas:
            for group, delta in deltas.items():
                weights[group] += self.contribution.weight(delta)
        for group in {group for window in self.windows for group in window.kept}:
            weights.pop(group, None)
        median = sorted(weights.values())[(len(weights) - 1) // 2] if weights else 0
        forgotten = {group for group, weight in weights.items() if weight < median or weight <= 1}
        if 2 * len(forgotten) < len(weights):
            as_heavy = sorted((group for group, weight in weights.items() if weight == median), key=repr)
            forgotten.update(as_heavy[: (len(weights) + 1) // 2 - len(forgotten)])
        for place, deltas in enumerate(self.deltas):
            self.deltas[place] = {group: delta for group, delta in deltas.items() if group not in forgotten}
        self._measure()
        for window in self.windows:
            window.forget(forgotten)
        return len(forgotten)

    def _measure(self) -> None:
        self._sizes = list(map(size_of, self.deltas))
        self.size = sum(self._sizes)

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
        return {"reach": self.reach, "width": self.width, "seconds": seconds}

    def load(self, dumped: dict[str, Any]) -> None:
        """Be as it was when it was dumped."""
        self.width = dumped["width"]
        for time, deltas in dumped["seconds"]:
            self.append(time, {load_key(group): _load_delta(delta) for group, delta in deltas})


def merge_deltas(one: Deltas, other: Deltas, merge: Callable[[Any, Any], Any]) -> Deltas:
    """What both contribute together."""
    merged = dict(one)
    for group, delta in other.items():
        merged[group] = merge(merged[group], delta) if group in merged else delta
    return merged


def size_of(deltas: Deltas) -> int:
    """About how many bytes `deltas` take: measured of some entries, for what an interpreter of 64 bits takes."""
    return PANE_BYTES + len(deltas) * entry_size(deltas)


def entry_size(deltas: Deltas) -> int:
    """What an entry takes in the mean; 0 where there is none."""
    sampled = [_entry_size(group, delta) for group, delta in islice(deltas.items(), SAMPLED)]
    return sum(sampled) // len(sampled) if sampled else 0


def _entry_size(group: Group, delta: Any) -> int:
    size = 48 + 64 + sum(41 + len(part) if isinstance(part, bytes) else 8 for part in group)
    if isinstance(delta, dict):
        return size + 232 + sum(48 + (105 + len(key[0] or b"") if isinstance(key, tuple) else 28) for key in delta)
    return size + (72 if isinstance(delta, tuple) else 8)


def _dump_delta(delta: Any) -> Any:
    if isinstance(delta, dict):
        return [[dump_key(key), value] for key, value in delta.items()]
    return delta if isinstance(delta, int) else list(delta)


def _load_delta(dumped: Any) -> Any:
    if isinstance(dumped, int):
        return dumped
    return {load_key(key): value for key, value in dumped} if dumped and isinstance(dumped[0], list) else tuple(dumped)
