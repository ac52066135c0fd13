"""A contribution by group, second by second: what sliding windows move over.

Seconds are held for as long as a window may need them, which for long windows over many groups is more than memory holds. When there
is no room for all of them, older seconds are merged into panes of several seconds: a pane enters and leaves a window at its last
second, so that sums stay exact and only the edge of a window is less so. When that does not help either, the lightest groups are forgotten.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ..analyze.bucket import Bucket
from ..analyze.measures.keys import dump_key, load_key
from ..limits import PANES_MIN
from .contribution import Contribution, Deltas, Group

if TYPE_CHECKING:
    from .window import Window

PANE_BYTES = 300
"""What a second takes besides its entries: an empty dictionary, and its places in the lists."""

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
        for time, deltas in self.latest.items():
            self.append(time, deltas)

    def append(self, time: int, deltas: Deltas) -> None:
        """The contribution of second `time`, later than all before."""
        if deltas:
            size = size_of(deltas)
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
        """Take fewer bytes: by wider panes, and where these would be too few, with only the heavier half of the groups.

        Returns how many groups were forgotten.
        """
        before = self.size
        self._merge_panes()
        if self.size <= before * 3 // 4:
            return 0
        if self.width * 2 * PANES_MIN <= self.reach:
            self.width *= 2
            self._merge_panes()
            return 0
        return self._forget_groups()

    def _merge_panes(self) -> None:
        """Merge what lies in the same `width` seconds, and on the same side of the ends of every window."""
        ends = {place for window in self.windows for place in (window.entered, window.left)}
        merge, width = self.contribution.merged, self.width
        times, deltas, largest = self.times, self.deltas, self.largest
        kept: list[tuple[int, Deltas, int]] = []
        places = [0]  # old place → new place
        for place, (time, delta, most) in enumerate(zip(times, deltas, largest)):
            if kept and place not in ends and kept[-1][0] // width == time // width:
                _, earlier, most_earlier = kept.pop()
                kept.append((time, merge_deltas(earlier, delta, merge), most_earlier + most))
            else:
                kept.append((time, delta, most))
            places.append(len(kept))
        # A place is before the pane that begins there: that of the first pane at or after it.
        for window in self.windows:
            window.entered, window.left = places[window.entered], places[window.left]
        self._hold(kept)

    def _forget_groups(self) -> int:
        """Forget the lighter half of the groups, but those that a rule is about."""
        weights: Counter[Group] = Counter()
        for deltas in self.deltas:
            weights.update({group: self.contribution.weight(delta) for group, delta in deltas.items()})
        kept = {group for window in self.windows for group in window.kept}
        by_weight = sorted(weights.keys() - kept, key=lambda group: (weights[group], repr(group)))
        forgotten = set(by_weight[: (len(by_weight) + 1) // 2])
        rest = [{group: delta for group, delta in deltas.items() if group not in forgotten} for deltas in self.deltas]
        self._hold(list(zip(self.times, rest, self.largest)))
        for window in self.windows:
            window.forget(forgotten)
        return len(forgotten)

    def _hold(self, panes: Sequence[tuple[int, Deltas, int]]) -> None:
        self.times = [time for time, _, _ in panes]
        self.deltas = [deltas for _, deltas, _ in panes]
        self.largest = [largest for _, _, largest in panes]
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
    sampled = [_entry_size(group, delta) for group, delta in zip(deltas, [*deltas.values()][:SAMPLED])]
    return PANE_BYTES + (len(deltas) * sum(sampled) // len(sampled) if sampled else 0)


def _entry_size(group: Group, delta: Any) -> int:
    size = 96 + 56 + sum(41 + len(part) if isinstance(part, bytes) else 32 for part in group)
    if isinstance(delta, dict):
        return size + 300 + sum(96 + (97 + len(key[0] or b"") if isinstance(key, tuple) else 32) for key in delta)
    return size + (56 + 32 * len(delta) if isinstance(delta, tuple) else 32)


def _dump_delta(delta: Any) -> Any:
    if isinstance(delta, dict):
        return [[dump_key(key), value] for key, value in delta.items()]
    return delta if isinstance(delta, int) else list(delta)


def _load_delta(dumped: Any) -> Any:
    if isinstance(dumped, int):
        return dumped
    return {load_key(key): value for key, value in dumped} if dumped and isinstance(dumped[0], list) else tuple(dumped)
