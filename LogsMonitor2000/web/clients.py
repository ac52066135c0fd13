"""All connections of the server: what phase each is in and until when, who makes room for others, and the memory of answers."""

from __future__ import annotations

from contextlib import suppress
import selectors

from ..limits import ANSWER_SECONDS_MAX, IDLE_SECONDS_MAX, PENDING_BYTES_MAX, REQUEST_SECONDS_MAX
from ..runtime.clock import Clock
from .connection import Connection, Phase

SECONDS = {
    Phase.REQUEST: REQUEST_SECONDS_MAX,
    Phase.IDLE: IDLE_SECONDS_MAX,
    Phase.ANSWER: ANSWER_SECONDS_MAX,
    Phase.STREAM: float("inf"),
    Phase.CLOSING: REQUEST_SECONDS_MAX,
}
EVICTED = (Phase.CLOSING, Phase.IDLE, Phase.REQUEST, Phase.ANSWER)
"""When there are too many connections, the oldest in the first of these phases that has any makes room."""


class Clients:
    """In each phase the connections are in the order in which they entered it, and so of their deadlines. `selector` watches them."""

    def __init__(self, clock: Clock, selector: selectors.BaseSelector) -> None:
        self._clock = clock
        self._selector = selector
        self._phases: dict[Phase, dict[Connection, float]] = {phase: {} for phase in Phase}  # until when
        self._pending: dict[int, tuple[bytes, int]] = {}  # bodies that clients have yet to read, and how many clients
        self._pending_of: dict[Connection, bytes] = {}

    def __len__(self) -> int:
        return sum(map(len, self._phases.values()))

    def __contains__(self, connection: Connection) -> bool:
        return connection in self._phases[connection.phase]

    def all_in(self, phase: Phase) -> list[Connection]:
        """Those in `phase`, the oldest first."""
        return list(self._phases[phase])

    @property
    def pending_bytes(self) -> int:
        """Bytes of answers in memory that clients have yet to read, each answer counted once."""
        return sum(len(body) for body, _ in self._pending.values())

    @property
    def next_end(self) -> float | None:
        """When the next connection has had all its time; None if there are none."""
        return min((next(iter(each.values())) for each in self._phases.values() if each), default=None)

    def enter(self, connection: Connection, phase: Phase) -> None:
        """`connection` begins `phase` now."""
        self._phases[connection.phase].pop(connection, None)
        connection.phase = phase
        self._phases[phase][connection] = self._clock.elapsed() + SECONDS[phase]

    def drop(self, connection: Connection) -> None:
        """Close `connection`, if that has not been done."""
        if self._phases[connection.phase].pop(connection, None) is None:
            return
        self.release(connection)
        with suppress(KeyError, ValueError):
            self._selector.unregister(connection.sock)
        connection.close()

    def evict(self) -> bool:
        """Drop a connection to make room for another; False if there is none that may be dropped."""
        for phase in EVICTED:
            if self._phases[phase]:
                self.drop(next(iter(self._phases[phase])))
                return True
        return False

    def expire(self) -> None:
        """Drop those that have had all their time."""
        now = self._clock.elapsed()
        for connections in self._phases.values():
            while connections and next(iter(connections.values())) <= now:
                self.drop(next(iter(connections)))

    def hold(self, connection: Connection, body: bytes) -> None:
        """Count `body` as in memory, once for all clients that are sent it; those that have waited longest pay for too much."""
        _, count = self._pending.get(id(body), (body, 0))
        self._pending[id(body)] = body, count + 1
        self._pending_of[connection] = body
        while self.pending_bytes > PENDING_BYTES_MAX and len(self._pending) > 1:
            self.drop(next(iter(self._phases[Phase.ANSWER])))

    def release(self, connection: Connection) -> None:
        """`connection` has had its answer."""
        body = self._pending_of.pop(connection, None)
        if body is None:
            return
        _, count = self._pending[id(body)]
        if count > 1:
            self._pending[id(body)] = body, count - 1
        else:
            del self._pending[id(body)]

    def forget(self) -> None:
        """Close all, without a word to any, and without touching what a forked process shares."""
        for connections in self._phases.values():
            for connection in connections:
                connection.close()
            connections.clear()
