"""A queue as a set of sources, as `source.follow.source_set` is one of files: each (host, file) is an input of its own.

What a commit says is which bytes of each sender have been read (`ledger`). A message is acknowledged after a commit that covers all its
lines; before that, the broker delivers it again to the next run. What was read by then is skipped, so that no line counts twice.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ..limits import BROKER_INPUTS_MAX, BROKER_PREFETCH
from ..source.base import Source
from ..source.lines import LineFramer
from ..source.statistics import ReadStatistics
from .ledger import Key, Ledger, saved_in
from .message import Message


@dataclass(frozen=True, slots=True, eq=False)
class Delivery:
    """A message as the broker handed it over: `tag` within a connection, which is the one of number `connection`."""

    connection: int
    tag: int
    message: Message


class Consumer(Protocol):
    """The connection to a broker. What is delivered and never acknowledged is delivered again, on another connection."""

    name: str
    """What messages call the queue; it has no secrets."""

    def arrived(self) -> list[Delivery]:
        """What has been delivered since the last call."""

    def is_current(self, delivery: Delivery) -> bool:
        """Whether its connection is still the one in use."""

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """The broker may forget these."""

    def reject(self, delivery: Delivery, reason: str) -> None:
        """Move it to the dead-letter queue."""

    def notices(self) -> list[str]:
        """What an operator should know, once."""

    def close(self) -> None:
        """Send what is still to be acknowledged, and end."""


class MessageSource(Source):
    """The lines of one (host, file); `name` and identity are of `message`, or of the queue itself."""

    def __init__(self, name: str, identity: str, queue: QueueSources, offset: int = 0) -> None:
        super().__init__(name)
        self.identity = identity
        self._queue = queue
        self._waiting: deque[Delivery] = deque()
        self._parts: list[tuple[int, int]] = []  # of the message, which are still to be read
        self._current: Delivery | None = None
        self._part = (0, 0)  # of the stream of its sender, that the framer has
        self._framer = LineFramer()
        self._offset = offset
        self._statistics = ReadStatistics()
        self._stopping = False

    @property
    def offset(self) -> int:
        return self._offset

    def statistics(self) -> ReadStatistics:
        return self._statistics

    def put(self, delivery: Delivery) -> None:
        """One more message."""
        self._waiting.append(delivery)

    def stop(self) -> None:
        """Take what has arrived, and end."""
        self._stopping = True

    def _take(self, room: int) -> bytes:
        before = self._framer.offset
        lines = self._framer.take(room)
        if lines and self._current is not None:
            read = self._framer.offset - before
            self._offset += read
            self._statistics.bytes += read
            self._statistics.lines += lines.count(b"\n")
            start, end = self._part
            self._part = min(start + read, end), end  # a newline that was missing at the end has no place in the stream
            self._statistics.lost_bytes += self._queue.read(self._current, start, self._part[0])
        return lines

    def _fill(self) -> bool:
        """The next part that was not read; messages without one are done."""
        while not self._next_part():
            self._done()
            if not self._waiting:
                self.ended = self._stopping
                return False
            self._begin(self._waiting.popleft())
        return True

    def _begin(self, delivery: Delivery) -> None:
        if self._queue.is_current(delivery):  # else it will be delivered again
            self._current, self._parts = delivery, self._queue.missing(delivery)

    def _next_part(self) -> bool:
        if self._current is None or not self._parts:
            return False
        self._part = start, end = self._parts.pop(0)
        message = self._current.message
        base = message.position or 0
        lines = message.lines[start - base : end - base]
        self._framer = LineFramer(1)  # not the start of a file, where a byte-order mark would be
        self._framer.feed(lines if lines.endswith(b"\n") else lines + b"\n")
        return True

    def _done(self) -> None:
        if self._current is not None:
            self._queue.finished(self._current)
            self._current = None


class QueueSources:
    """The sources of the queue that `consumer` reads. `position` is an earlier answer of `position()`."""

    def __init__(self, consumer: Consumer, position: Mapping[str, object] | None = None) -> None:
        self._consumer = consumer
        self._ledger = Ledger(saved_in(position))
        self._acknowledged = 0  # changes of the ledger that are committed
        self._finished: list[tuple[int, Delivery]] = []  # to be acknowledged, each after the change of that number
        self._own = MessageSource(consumer.name, consumer.name, self)  # of no message: what it says is of the queue
        self._sources: dict[tuple[str, str], MessageSource] = {}
        self._new: list[Source] = [self._own]
        inputs = position.get("inputs") if position is not None else None
        for host, file, offset in inputs if isinstance(inputs, list) else []:
            self._add(Message(host, file, "", None, b""), offset)

    def poll(self) -> list[Source]:
        """Take what has been delivered; returns the sources that are new."""
        for delivery in self._consumer.arrived():
            message = delivery.message
            source = self._sources.get((message.host, message.file))
            if source is None and len(self._sources) >= BROKER_INPUTS_MAX:
                self._consumer.reject(delivery, f"the queue has {BROKER_INPUTS_MAX:,} inputs already")
                continue
            (source or self._add(message)).put(delivery)
        self._own.warnings += [f"{self._consumer.name}: {text}" for text in self._consumer.notices()]
        new, self._new = self._new, []
        return new

    def _add(self, message: Message, offset: int = 0) -> MessageSource:
        identity = f"{self._consumer.name} {message.host} {message.file}"
        source = MessageSource(message.name, identity, self, offset)
        self._sources[message.host, message.file] = source
        self._new.append(source)
        return source

    def position(self) -> dict[str, object]:
        """What has been read, as plain values for JSON."""
        inputs = [[*key, source.offset] for key, source in self._sources.items()]
        return {"senders": self._ledger.as_json(), "inputs": inputs, "changed": self._ledger.changed}

    def acknowledge(self, position: Mapping[str, object]) -> None:
        """Everything up to `position` is safely kept: messages of which all was read by then are acknowledged."""
        changed = position["changed"]
        assert isinstance(changed, int)
        self._acknowledged = changed
        done = [delivery for number, delivery in self._finished if number <= changed]
        self._finished = [each for each in self._finished if each[0] > changed]
        self._consumer.acknowledge(done)

    @property
    def needs_commit(self) -> bool:
        """Whether the broker soon delivers no more, because too much was read that is not acknowledged."""
        return len(self._finished) >= BROKER_PREFETCH // 2

    @property
    def ended(self) -> bool:
        """Never: there may always be more."""
        return False

    def statistics(self) -> dict[str, ReadStatistics]:
        """By the name of each input."""
        return {source.name: source.statistics() for source in (self._own, *self._sources.values())}

    def total(self) -> ReadStatistics:
        """The sum over all inputs."""
        return ReadStatistics.total(self.statistics().values())

    def close(self) -> None:
        self._consumer.close()

    # ---- what a source asks

    def is_current(self, delivery: Delivery) -> bool:
        return self._consumer.is_current(delivery)

    def missing(self, delivery: Delivery) -> list[tuple[int, int]]:
        """The parts of a message, as ranges of its sender's stream, that have not been read."""
        message = delivery.message
        if message.position is None:
            return [(0, len(message.lines))] if message.lines else []
        return self._ledger.missing(_key_of(message), message.position, message.position + len(message.lines))

    def read(self, delivery: Delivery, start: int, end: int) -> int:
        """That range has been read. Returns how many bytes are given up."""
        if delivery.message.position is None:
            self._ledger.changed += 1
            return 0
        return self._ledger.add(_key_of(delivery.message), start, end)

    def finished(self, delivery: Delivery) -> None:
        """All of a message has been read, now or before: acknowledge it once the last change that concerns it is committed."""
        message = delivery.message
        number = self._ledger.changed if message.position is None else self._ledger.changed_at(_key_of(message))
        if number <= self._acknowledged:
            self._consumer.acknowledge([delivery])
        else:
            self._finished.append((number, delivery))


def _key_of(message: Message) -> Key:
    return Key(message.host, message.file, message.sender)
