"""When each group of alerts is due next: a heap in which a group that is rescheduled leaves its old entry behind until it comes up."""

from __future__ import annotations

import heapq

STALE_MAX = 4
"""Entries for each group, mostly stale ones, from which on the heap is built anew."""


class Schedule:
    """Keys by time; each key has one time at most. Keys that are due at the same time come in the order in which they were put."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, str]] = []
        self._entries: dict[str, tuple[float, int]] = {}
        self._number = 0

    def __len__(self) -> int:
        """How much it holds, stale entries included."""
        return len(self._heap)

    def put(self, key: str, due: float) -> None:
        """`key` is due at `due`, and no longer at another time."""
        self._number += 1
        self._entries[key] = due, self._number
        heapq.heappush(self._heap, (due, self._number, key))
        if len(self._heap) > STALE_MAX * len(self._entries) + 100:
            self._heap = [(due, number, key) for key, (due, number) in self._entries.items()]
            heapq.heapify(self._heap)

    def remove(self, key: str) -> None:
        self._entries.pop(key, None)

    def due(self, key: str) -> float | None:
        """When `key` is due; None if it is not."""
        return self._entries[key][0] if key in self._entries else None

    @property
    def next(self) -> float | None:
        """The earliest time at which a key is due."""
        while self._heap and self._entries.get(self._heap[0][2]) != self._heap[0][:2]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def pop(self, now: float) -> str | None:
        """The key that is due first, if that is at `now` or earlier; it is due no more."""
        due = self.next
        if due is None or due > now:
            return None
        key = heapq.heappop(self._heap)[2]
        del self._entries[key]
        return key
