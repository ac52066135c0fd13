"""The reorder buffer: a heap of the buckets that may still change, given out oldest first once they cannot."""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heappop, heappush

from .bucket import Bucket


class ReorderBuffer:
    """Open buckets of one width. Buckets of the same time become one by merging."""

    def __init__(self) -> None:
        self._times: list[int] = []  # a heap
        self._buckets: dict[int, Bucket] = {}

    def push(self, buckets: Iterable[Bucket]) -> None:
        """Take in buckets, in any order; they become the buffer's own."""
        own, times = self._buckets, self._times
        for bucket in buckets:
            known = own.get(bucket.time)
            if known is None:
                own[bucket.time] = bucket
                heappush(times, bucket.time)
            else:
                known.merge(bucket)

    def pop_through(self, time: int) -> list[Bucket]:
        """The buckets that begin at `time` or earlier, by ascending time; they are closed now."""
        own, times = self._buckets, self._times
        closed = []
        while times and times[0] <= time:
            closed.append(own.pop(heappop(times)))
        return closed

    @property
    def oldest(self) -> int | None:
        return self._times[0] if self._times else None

    def shrink(self) -> None:
        """Bring every open bucket back within its bounds."""
        for bucket in self._buckets.values():
            bucket.shrink()
