"""What is due when: which alerts go into one message, what a newer transition makes of an older one, reminders, retries.

No thread, no clock, no network: `add` what happened, `take` the message that is due, and report its outcome by `sent`, `retry` or
`refused`. All times are seconds on one clock that never runs backwards within a run, and is near the time of day over several runs.

- An alert is sent as it is now: a transition that comes before the previous one was sent replaces it (coalesced). If it resolved
  before it was even due, nothing is sent.
- A resolved alert is sent only if it was, or may have been, sent as firing.
- A message is due `wait` seconds after the first new alert of a group, and `interval` after the last message of the group; at once
  when nothing in the group fires any more. A group without anything left to send is forgotten.
- New alerts come first in a message, the newest before the others. Those for which it has no room are counted in it, stay new, and
  are shown by the next message, `interval` later.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from ..event import Alert
from ..limits import DELIVERY_ALERTS_MAX
from .backoff import Backoff
from .group import Group
from .message import Message, Redact, bounded, fingerprint_of, group_key, group_labels, transition_id
from .outbox import Changes, GroupRecord, Outbox, Record
from .schedule import Schedule
from .timing import Timing

SENT, RETRIED, FAILED, DROPPED, COALESCED = "sent", "retried", "failed", "dropped", "coalesced"
"""Outcomes that are counted: messages sent, attempts that will be repeated, messages given up; alerts dropped or replaced."""


class Dispatch:
    """The alerts of one delivery, called `receiver`. `fit` says how many items of a message its channel has room for."""

    def __init__(
        self,
        receiver: str,
        timing: Timing,
        outbox: Outbox | None = None,
        backoff: Backoff | None = None,
        *,
        fit: Callable[[Message], int] = lambda message: len(message.items),
        redact: Redact = bytes,
    ) -> None:
        self.receiver = receiver
        self.counts: Counter[tuple[str, str]] = Counter()
        self.timing = timing
        self._outbox = outbox or Outbox()
        self._backoff = backoff or Backoff()
        self._fit = fit
        self._redact = redact
        self._groups: dict[str, Group] = {}
        self._records: dict[str, Record] = {}  # by fingerprint, as the next
        self._group_of: dict[str, str] = {}
        self._schedule = Schedule()
        self._changes = Changes()
        self._paused = 0.0  # until then the receiver is left alone
        self._is_asked_to_wait = False  # by the receiver itself
        self._is_ending = False

    def restore(self, now: float) -> bool:
        """Continue with what an earlier run left. False: it cannot be read just now, call this again later."""
        found = self._outbox.load()
        if found is None:
            return False
        records, groups = found
        for record in records:
            if record.fingerprint in self._records:
                continue  # it has changed since
            record.since = min(record.since, now)
            group = self._put(record)
            if record.is_pending:
                group.pending.add(record.fingerprint)
        for kept in groups:
            if kept.name in self._groups:
                group = self._groups[kept.name]
                group.last, group.repeats = min(kept.last, now), kept.repeats
        for key, group in self._groups.items():
            group.since = min((self._records[each].since for each in group.pending), default=now)
            self._reschedule(key)
        return True

    def reconcile(self, firing: Iterable[Alert], now: float) -> None:
        """Send the end of every alert that was sent as firing and is not among those that are `firing`: its rule is gone perhaps."""
        known = {fingerprint_of(alert) for alert in firing}
        for record in [each for each in self._records.values() if each.is_firing and each.fingerprint not in known]:
            if record.sent:
                self._enqueue(record, record.alert._replace(state="resolved", time=max(record.alert.time, int(now))), now)
            else:
                self._drop("no rule knows it any more", record)
        self._save()

    def add(self, alert: Alert, now: float, time_of_day: float) -> bool:
        """Accept a transition; returns whether there is anything to send because of it. It is saved when this returns."""
        fingerprint = fingerprint_of(alert)
        alert = bounded(alert, self._redact)
        known = self._records.get(fingerprint)
        if known is not None and known.id == transition_id(alert, fingerprint):
            return False  # repeated by a monitor that had been killed
        if alert.suppressed:
            self._drop("suppressed", known if known is not None and alert.state == "resolved" else None)
            is_new = False
        elif alert.state == "firing":
            is_new = self._add_firing(alert, fingerprint, known, now, time_of_day)
        else:
            is_new = self._add_resolved(alert, known, now)
        self._save()
        return is_new

    def take(self, now: float) -> Message | None:
        """The message that is due. Its alerts count as sent from now on; report its outcome before taking another."""
        if self._paused > now:
            return None
        while (key := self._schedule.pop(now)) is not None:
            group = self._groups[key]
            self._forget([each for each in group.records.values() if each.until and each.until <= now and not each.is_pending])
            if key not in self._groups:
                continue
            message = group.message(self.receiver)
            message = message.first(max(1, self._fit(message)))
            if group.first_try[0] != message.id:
                group.first_try = message.id, now
            group.left_over = group.pending - {item.fingerprint for item in message.items}
            for record in (group.records[item.fingerprint] for item in message.items):
                if record.sent != record.alert.state:
                    record.sent = record.alert.state
                    self._changes.keep(record)
            self._save()
            return message
        self._save()
        return None

    def sent(self, message: Message, now: float) -> None:
        """The receiver has `message`."""
        self.counts[SENT, ""] += 1
        self._backoff.worked()
        self._finish(message, now)

    def refused(self, message: Message, now: float, reason: str) -> None:
        """The receiver refuses `message` for good."""
        self.counts[FAILED, reason] += 1
        self._finish(message, now)

    def retry(self, message: Message, now: float, reason: str, after: float | None = None) -> None:
        """The receiver may take `message` later. All its messages wait, since what fails for one mostly fails for all."""
        self._paused = now + self._backoff.failed(after)
        self._is_asked_to_wait = after is not None
        group = self._groups.get(message.group)
        if group is None:
            return  # nothing is left to send
        if now - group.first_try[1] >= self.timing.deadline:
            self.counts[FAILED, f"{reason}, until the deadline"] += 1
            self._finish(message, now)
        else:
            self.counts[RETRIED, reason] += 1
            self._schedule.put(message.group, now)  # after those that are due already: one that always fails blocks no other

    def end(self, now: float) -> None:
        """The run is about to end: what is pending is due now, whatever its group waits for; reminders are not."""
        self._is_ending = True
        if not self._is_asked_to_wait:
            self._paused = 0.0
        for key in self._groups:
            self._reschedule(key)

    def save_again(self) -> None:
        """Save what could not be saved when it happened."""
        self._outbox.retry()

    @property
    def due(self) -> float | None:
        """When to `take` next; None if nothing is to come."""
        due = self._schedule.next
        return None if due is None else max(due, self._paused)

    @property
    def keeps(self) -> bool:
        """Whether another run continues with what this one could not send."""
        return self._outbox.keeps

    def warnings(self) -> list[str]:
        """What the user should know; each warning is returned once."""
        warnings = self._outbox.warnings[:]
        self._outbox.warnings.clear()
        return warnings

    def close(self) -> None:
        self._outbox.close()

    @property
    def waiting(self) -> int:
        """How many alerts are still to be sent."""
        return sum(len(group.pending) for group in self._groups.values())

    def _save(self) -> None:
        if self._changes:
            changes, self._changes = self._changes, Changes()
            self._outbox.save(changes)

    def _add_firing(self, alert: Alert, fingerprint: str, known: Record | None, now: float, time_of_day: float) -> bool:
        if self.timing.max_age and time_of_day - alert.time > self.timing.max_age:
            self._drop("too old")
        elif known is None and len(self._records) >= DELIVERY_ALERTS_MAX:
            self._drop("too many alerts")
        else:
            self._enqueue(Record(fingerprint, alert, is_pending=False) if known is None else known, alert, now)
            return True
        return False

    def _add_resolved(self, alert: Alert, known: Record | None, now: float) -> bool:
        if known is None or not known.is_firing:
            self._drop("resolved, and its firing was not sent")
            return False
        due = self._schedule.due(self._group_of[known.fingerprint])
        if not known.sent and due is not None and now < due:
            self._drop("resolved before it was due", known)
        elif self.timing.resolved:
            self._enqueue(known, alert, now)
            return True
        elif known.is_pending:
            known.is_final = True
            self._changes.keep(known)
        else:
            self._forget([known])
        return False

    def _enqueue(self, record: Record, alert: Alert, now: float) -> None:
        """`alert` is to be sent, in place of a transition of `record` that has not been sent yet."""
        if record.is_pending:
            self.counts[COALESCED, ""] += 1
        record.alert, record.is_pending, record.is_final = alert, True, False
        record.since, record.until = now, 0.0
        group = self._put(record)
        if not group.pending:
            group.since = now
        group.pending.add(record.fingerprint)
        self._changes.keep(record)
        self._reschedule(self._group_of[record.fingerprint])

    def _drop(self, reason: str, record: Record | None = None) -> None:
        self.counts[DROPPED, reason] += 1
        if record is not None:
            self._forget([record])

    def _put(self, record: Record) -> Group:
        """Put `record` into its group, in which it stays even if its severity changes."""
        fingerprint = record.fingerprint
        if fingerprint not in self._records:
            labels = group_labels(record.alert, self.timing.group_by)
            name = group_key(labels)
            self._records[fingerprint] = record
            self._group_of[fingerprint] = name
            self._groups.setdefault(name, Group(name, labels))
        group = self._groups[self._group_of[fingerprint]]
        group.put(record)
        return group

    def _finish(self, message: Message, now: float) -> None:
        """`message` is done with. What has happened to its alerts meanwhile is still to be sent."""
        group = self._groups.get(message.group)
        if group is None:
            return
        found = [(item, group.records.get(item.fingerprint)) for item in message.items]
        records = [record for item, record in found if record is not None and record.id == item.id]
        for record in records:
            if record.is_pending and not record.is_firing and self.timing.resolved_again:
                record.until = now + self.timing.resolved_again
            record.is_pending = False
            group.pending.discard(record.fingerprint)
        group.last = group.since = now
        group.repeats = message.repeats or group.repeats
        forgotten = [record for record in records if record.is_final or not (record.is_firing or record.until)]
        for record in records:
            self._changes.keep(record)
        self._changes.keep_group(GroupRecord(message.group, now, group.repeats))
        self._forget(forgotten)
        self._reschedule(message.group)
        self._save()

    def _forget(self, records: list[Record]) -> None:
        """Nothing more is going to be sent of `records`, all of one group, nor of the group if they were all of it."""
        if not records:
            return
        key = self._group_of[records[0].fingerprint]
        group = self._groups[key]
        for fingerprint in [record.fingerprint for record in records]:
            group.remove(fingerprint)
            del self._records[fingerprint], self._group_of[fingerprint]
            self._changes.forget(fingerprint)
        if not group.records:
            del self._groups[key]
            self._schedule.remove(key)
            self._changes.forget_group(key)
        self._reschedule(key)

    def _reschedule(self, key: str) -> None:
        """Put the group in its place in the schedule."""
        if (group := self._groups.get(key)) is None:
            return
        due = group.due(self.timing, self._is_ending)
        if due is None:
            self._schedule.remove(key)
        else:
            self._schedule.put(key, due)
