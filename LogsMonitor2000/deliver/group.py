"""The alerts of one group: which of them are still to be sent, when, and in what order a message shows them."""

from __future__ import annotations

from dataclasses import dataclass, field

from .message import Item, Message, message_id
from .outbox import Record
from .timing import Timing


@dataclass(slots=True)
class Group:
    """The records are those of its alerts, by fingerprint; `pending`, `firing` and `left_over` hold fingerprints."""

    name: str
    labels: dict[str, str]
    records: dict[str, Record] = field(default_factory=dict)
    pending: set[str] = field(default_factory=set)
    firing: set[str] = field(default_factory=set)
    left_over: set[str] = field(default_factory=set)  # pending ones for which the last message had no room
    since: float = 0  # of the oldest pending one
    last: float | None = None  # when the last message was done with
    repeats: int = 0  # reminders so far
    first_try: tuple[str, float] = ("", 0)  # the message that was tried last, and when first

    def put(self, record: Record) -> None:
        """Take in `record`, or its latest transition."""
        self.records[record.fingerprint] = record
        (self.firing.add if record.is_firing else self.firing.discard)(record.fingerprint)

    def remove(self, fingerprint: str) -> None:
        del self.records[fingerprint]
        for members in (self.pending, self.firing, self.left_over):
            members.discard(fingerprint)

    def due(self, timing: Timing, is_ending: bool) -> float | None:
        """When its next message is due; None if there is none to come. At the end of a run everything pending is due."""
        if self.pending:
            if is_ending or (not self.firing and not self.left_over):
                return self.since
            return self.since + timing.wait if self.last is None else max(self.since, self.last + timing.interval)
        if timing.repeat and self.last is not None and not is_ending:
            return self.last + timing.repeat
        return None

    def message(self, receiver: str) -> Message:
        """All its alerts: the pending ones first, firing before resolved, the newest before the others."""
        records = sorted(self.records.values(), key=self._urgency)
        items = tuple(Item(record.alert, record.fingerprint) for record in records)
        pending = items[: len(self.pending)]
        repeats = 0 if pending else self.repeats + 1
        return Message(message_id(pending or items, repeats), receiver, self.name, self.labels, items, repeats)

    def _urgency(self, record: Record) -> tuple[bool, bool, int, str, tuple[tuple[str, bytes], ...]]:
        alert = record.alert
        return record.fingerprint not in self.pending, not record.is_firing, -alert.time, alert.name, alert.group
