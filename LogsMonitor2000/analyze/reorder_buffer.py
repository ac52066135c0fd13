"""The reorder buffer: a heap of the buckets that may still change, given out oldest first once they cannot."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from heapq import heappop, heappush

from .bucket import Bucket


class ReorderBuffer:
    """Open buckets of one width. Buckets of the same time become one by merging."""

    def __init__(self) -> None:
        self._arrived: list[Bucket] = []  # not looked at yet: most can be given out before they need a place in the heap
        self._times: list[int] = []  # a heap
        self._buckets: dict[int, Bucket] = {}

    def push(self, buckets: Iterable[Bucket]) -> None:
        """Take in buckets, in any order; they become the buffer's own."""
        self._arrived += buckets

    def pop_through(self, time: int) -> list[Bucket]:
        """The buckets that begin at `time` or earlier, by ascending time; they are closed now."""
        closed: dict[int, Bucket] = {}
        while self._times and self._times[0] <= time:
            first = heappop(self._times)
            closed[first] = self._buckets.pop(first)
        for bucket in self._arrived:
            known = (closed if bucket.time <= time else self._buckets).get(bucket.time)
            if known is not None:
                known.merge(bucket)
            elif bucket.time <= time:
                closed[bucket.time] = bucket
            else:
                self._buckets[bucket.time] = bucket
                heappush(self._times, bucket.time)
        self._arrived.clear()
        return [closed[first] for first in sorted(closed)]

    def open(self) -> Collection[Bucket]:
        """The buckets that may still change."""
        self.pop_through(-1 << 62)  # nothing is that old: what has arrived takes its place
        return self._buckets.values()
