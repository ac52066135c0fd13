"""Which bytes of each sender have been read: what comes twice is counted once, in whatever order and sizes it comes.

A broker delivers at least once, and a sender that was killed repeats what it does not know to be confirmed, perhaps in other batches.
So not the ids of messages are kept but the ranges of bytes, per (host, file, sender); in good order that is one range.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from typing import NamedTuple

from ..limits import BROKER_RANGES_MAX, BROKER_SENDERS_MAX


class Key(NamedTuple):
    """Whose positions they are."""

    host: str
    file: str
    sender: str


class Ranges:
    """A set of numbers, as few half-open ranges."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []

    def missing(self, start: int, end: int) -> list[tuple[int, int]]:
        """The parts of [`start`, `end`) that are not in the set, in order."""
        found = []
        for index in range(bisect_right(self._ends, start), len(self._starts)):
            if self._starts[index] >= end:
                break
            if start < self._starts[index]:
                found.append((start, self._starts[index]))
            start = self._ends[index]
        return [*found, (start, end)] if start < end else found

    def add(self, start: int, end: int) -> int:
        """Add [`start`, `end`); past the limit the first gap is closed. Returns how many numbers that gap had."""
        if start >= end:
            return 0
        first, last = bisect_left(self._ends, start), bisect_right(self._starts, end)
        if first < last:
            start, end = min(start, self._starts[first]), max(end, self._ends[last - 1])
        self._starts[first:last], self._ends[first:last] = [start], [end]
        if len(self._starts) <= BROKER_RANGES_MAX:
            return 0
        return self._starts.pop(1) - self._ends.pop(0)

    def as_json(self) -> list[list[int]]:
        return [[start, end] for start, end in zip(self._starts, self._ends)]


class Ledger:
    """The ranges of all senders; `changed` numbers the changes, so that a commit can be said to cover some of them."""

    def __init__(self, saved: object = None) -> None:
        self.changed = 0
        self._senders: dict[Key, Ranges] = {}  # the one that was silent for longest first
        self._changed: dict[Key, int] = {}
        for row in saved if isinstance(saved, list) else []:
            host, file, sender, ranges = row
            self._senders[Key(host, file, sender)] = kept = Ranges()
            for start, end in ranges:
                kept.add(start, end)

    def missing(self, key: Key, start: int, end: int) -> list[tuple[int, int]]:
        """The parts of that range that have not been read."""
        ranges = self._senders.get(key)
        return ([(start, end)] if start < end else []) if ranges is None else ranges.missing(start, end)

    def add(self, key: Key, start: int, end: int) -> int:
        """That range has been read. Returns how many bytes are given up because too many ranges are missing."""
        self.changed += 1
        self._changed[key] = self.changed
        ranges = self._senders.pop(key, None) or Ranges()
        self._senders[key] = ranges
        if len(self._senders) > BROKER_SENDERS_MAX:
            forgotten = next(iter(self._senders))
            del self._senders[forgotten]
            self._changed.pop(forgotten, None)
        return ranges.add(start, end)

    def changed_at(self, key: Key) -> int:
        """The number of the last change that concerned `key`; 0 if none did in this run."""
        return self._changed.get(key, 0)

    def as_json(self) -> list[list[object]]:
        return [[*key, ranges.as_json()] for key, ranges in self._senders.items()]


def saved_in(position: Mapping[str, object] | None) -> object:
    """What a position holds of a ledger."""
    return None if position is None else position.get("senders")
