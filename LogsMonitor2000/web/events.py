"""Events as a stream for browsers: server-sent events, with ids by which a client that was cut off gets what it has missed.

The last events are kept in a ring, bounded in number and bytes, as the bytes that are sent: all clients share them. A client that asks
for what the ring no longer has, or that reads too slowly for it, gets a snapshot of how things stand instead.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
import json
from typing import Any

from ..limits import RING_BYTES_MAX, RING_EVENTS_MAX, STREAM_BYTES_MAX

RETRY = b"retry: 2000\n\n"
"""Asks a client that is cut off to come back after two seconds."""


class EventLog:
    """The last events of a run. `instance` distinguishes the ids of this run from those of others."""

    def __init__(self, instance: str, count_max: int = RING_EVENTS_MAX, bytes_max: int = RING_BYTES_MAX) -> None:
        self._instance = instance
        self._frames: deque[bytes] = deque()
        self._bytes = 0
        self._count_max = count_max
        self._bytes_max = bytes_max
        self._first = 1  # the number of the first frame that is kept

    @property
    def next(self) -> int:
        """The number of the next event."""
        return self._first + len(self._frames)

    def append(self, name: str, data: str) -> None:
        """An event of the type `name` has happened; `data` is one line."""
        frame = self.frame(name, data, self.next)
        self._frames.append(frame)
        self._bytes += len(frame)
        while self._frames and (len(self._frames) > self._count_max or self._bytes > self._bytes_max):
            self._bytes -= len(self._frames.popleft())
            self._first += 1

    def frame(self, name: str, data: str, number: int) -> bytes:
        return f"event: {name}\nid: {self._instance}-{number}\ndata: {data}\n\n".encode()

    def position_after(self, last_id: str) -> int | None:
        """The number of the event after the one with the id `last_id`; None if that is not one of ours or is no longer kept."""
        instance, _, number = last_id.rpartition("-")
        if instance != self._instance or not (number.isascii() and number.isdecimal() and len(number) < 16):
            return None
        return int(number) + 1 if self._first <= int(number) + 1 <= self.next else None

    def read(self, position: int, bytes_max: int = STREAM_BYTES_MAX) -> tuple[bytes, int] | None:
        """The events from `position` on, as many as fit but at least one, and the position after them; None if some are gone."""
        if position < self._first:
            return None
        parts: list[bytes] = []
        size = 0
        for index in range(position - self._first, len(self._frames)):
            frame = self._frames[index]
            if parts and size + len(frame) > bytes_max:
                break
            parts.append(frame)
            size += len(frame)
        return b"".join(parts), position + len(parts)


class Subscription:
    """What one client is sent: first what it has missed, or a snapshot; then every event. See `http.Feed`."""

    def __init__(self, log: EventLog, snapshot: Callable[[], dict[str, Any]], last_id: str = "") -> None:
        self._log = log
        self._snapshot = snapshot
        self._position = log.position_after(last_id)
        self._is_new = True

    def read(self) -> bytes:
        begin, self._is_new = (RETRY if self._is_new else b""), False
        found = None if self._position is None else self._log.read(self._position)
        if found is None:
            self._position = self._log.next
            data = json.dumps(self._snapshot(), separators=(",", ":"))
            return begin + self._log.frame("snapshot", data, self._position - 1)
        data_bytes, self._position = found
        return begin + data_bytes
