"""What one delivery has yet to send and what it has sent, as records that an outbox keeps over a crash.

A record is saved before its alert counts as accepted, and again around each attempt to send it. So whenever the process dies, the
next one knows what may not have been sent. It may have been sent all the same: delivery is at least once, and a receiver
recognises a repeated transition by its id.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ..event import Alert
from .message import transition_id


@dataclass(slots=True)
class Record:
    """An alert by its latest transition.

    `sent` is the state that the receiver was last sent, or may have been as an attempt was made; "" none. `is_pending` says that the
    latest transition is still to be sent, since the second `since`. `is_final`: once sent, forget it. `until`: when to forget a
    resolved one that reminders include.
    """

    fingerprint: str
    alert: Alert
    sent: str = ""
    is_pending: bool = True
    is_final: bool = False
    since: float = 0.0
    until: float = 0.0

    @property
    def id(self) -> str:
        return transition_id(self.alert, self.fingerprint)

    @property
    def is_firing(self) -> bool:
        return self.alert.state == "firing"


@dataclass(slots=True)
class GroupRecord:
    """When the last message of a group was done with, and how many reminders there were since its last new alert."""

    name: str
    last: float
    repeats: int = 0


@dataclass(slots=True)
class Changes:
    """What is to be saved in one go. A record is saved as it is when that succeeds, not as it was when it was noted here."""

    records: dict[str, Record] = field(default_factory=dict)
    forgotten: set[str] = field(default_factory=set)
    groups: dict[str, GroupRecord] = field(default_factory=dict)
    forgotten_groups: set[str] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.records or self.forgotten or self.groups or self.forgotten_groups)

    def keep(self, record: Record) -> None:
        self.records[record.fingerprint] = record
        self.forgotten.discard(record.fingerprint)

    def forget(self, fingerprint: str) -> None:
        self.records.pop(fingerprint, None)
        self.forgotten.add(fingerprint)

    def keep_group(self, group: GroupRecord) -> None:
        self.groups[group.name] = group
        self.forgotten_groups.discard(group.name)

    def forget_group(self, name: str) -> None:
        self.groups.pop(name, None)
        self.forgotten_groups.add(name)

    def add(self, later: Changes) -> None:
        """Take in changes that were made after these."""
        for record in later.records.values():
            self.keep(record)
        for fingerprint in later.forgotten:
            self.forget(fingerprint)
        for group in later.groups.values():
            self.keep_group(group)
        for name in later.forgotten_groups:
            self.forget_group(name)


class Outbox:
    """Keeps nothing: a run without a state directory. `warnings` are for the user; the caller shows and clears them."""

    keeps = False
    """Whether another run will find what this one could not send."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def load(self) -> tuple[list[Record], list[GroupRecord]] | None:
        """What an earlier run left. None: it cannot be read just now, ask again later."""
        return [], []

    def save(self, changes: Changes) -> None:
        """Save `changes`, all or nothing. What cannot be saved just now is saved later; this never waits for another process."""

    def retry(self) -> None:
        """Save what could not be saved, if there is anything."""

    def close(self) -> None:
        """Let go of what it holds, after a last attempt to save the rest."""


class MemoryOutbox(Outbox):
    """Keeps the records in memory, for the delivery that takes over when the configuration is reloaded."""

    def __init__(self) -> None:
        super().__init__()
        self._kept = Changes()

    def load(self) -> tuple[list[Record], list[GroupRecord]] | None:
        return [*self._kept.records.values()], [*self._kept.groups.values()]

    def save(self, changes: Changes) -> None:
        self._kept.add(changes)
        self._kept.forgotten.clear()
        self._kept.forgotten_groups.clear()
