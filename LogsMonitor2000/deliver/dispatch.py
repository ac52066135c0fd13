"""What is due when: which alerts are told together, what a newer transition makes of an older one, reminders, retries.

No thread, no clock, no network: `add` what happened, `take` the message that is due, and say what became of it by `done` or `retry`.
All times are seconds on one clock that never goes backwards within a run, and is near the time of day over several.

- An alert is told as of now: a transition that comes before the one before it was told takes its place (coalesced). If it
  resolved before it was even due, nothing is told of it.
- A resolved alert is told of only if it was, or may have been, told to be firing.
- A message is due `wait` seconds after the first news of a group, and `interval` after the last message of it; at once when
  nothing in the group fires any more. A group of which nothing is left to tell is forgotten.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
import heapq
from typing import NamedTuple

from ..alert.state import AlertState
from ..event import Alert
from ..limits import DELIVERY_ALERTS_MAX
from .backoff import Backoff
from .message import Item, Message, bounded, fingerprint_of, group_key, group_labels, message_id, transition_id
from .outbox import GroupRecord, Outbox, Record

SENT, RETRIED, FAILED, DROPPED, COALESCED = "sent", "retried", "failed", "dropped", "coalesced"
"""Outcomes that are counted: messages sent, attempts that are going to be repeated, messages given up; alerts dropped or overtaken."""


class Timing(NamedTuple):
    """How alerts are put together, in seconds; 0 turns `repeat` and `max_age` off. `group_by` None is each alert by itself.

    `resolved`: whether to tell that an alert is over; `resolved_again`: for how long to go on telling it, whenever there is a reminder.
    """

    group_by: tuple[str, ...] | None = ("alertname",)
    wait: float = 0
    interval: float = 300
    repeat: float = 14_400
    max_age: float = 600
    deadline: float = 3_600
    resolved: bool = True
    resolved_again: float = 0


@dataclass(slots=True)
class _Group:
    labels: dict[str, str]
    records: dict[str, Record] = field(default_factory=dict)
    news: set[str] = field(default_factory=set)
    firing: set[str] = field(default_factory=set)
    since: float = 0  # of the oldest news
    last: float | None = None  # when a message was over with
    repeats: int = 0  # reminders so far
    begun: tuple[str, float] = ("", 0)  # the message that was tried last, and when first
    due: float | None = None


class Dispatch:
    """The alerts that one delivery, called `receiver`, has in mind."""

    def __init__(self, receiver: str, timing: Timing, outbox: Outbox | None = None, backoff: Backoff | None = None) -> None:
        self.receiver = receiver
        self.counts: Counter[tuple[str, str]] = Counter()
        self._timing = timing
        self._outbox = outbox or Outbox()
        self._backoff = backoff or Backoff()
        self._groups: dict[str, _Group] = {}
        self._records: dict[str, Record] = {}  # by fingerprint, as the next
        self._group_of: dict[str, str] = {}
        self._schedule: list[tuple[float, int, str]] = []
        self._scheduled = 0
        self._paused = 0.0  # until then the receiver is left alone
        self._is_asked_to_wait = False  # by the receiver itself
        self._is_ending = False

    def restore(self, now: float) -> None:
        """Go on with what an earlier run left."""
        records, groups = self._outbox.load()
        for record in records:
            record.since = min(record.since, now)
            group = self._put(record)
            if record.is_news:
                group.news.add(record.fingerprint)
        for kept in groups:
            if kept.name in self._groups:
                group = self._groups[kept.name]
                group.last, group.repeats = min(kept.last, now), kept.repeats
        for key, group in self._groups.items():
            group.since = min((self._records[each].since for each in group.news), default=now)
            self._reckon(key)

    def reconcile(self, is_firing: Callable[[Alert], bool], now: float) -> None:
        """What was told to be firing and `is_firing` knows nothing of, as its rule is gone perhaps, is told to be over."""
        for record in [each for each in self._records.values() if each.is_firing and not is_firing(each.alert)]:
            if record.told:
                self._tell(record, record.alert._replace(state=AlertState.RESOLVED, time=max(record.alert.time, int(now))), now)
            else:
                self._drop("no rule knows of it any more", record)

    def add(self, alert: Alert, now: float, time_of_day: float) -> bool:
        """Take note of a transition; returns whether there is anything to tell because of it. It is saved when this returns."""
        fingerprint = fingerprint_of(alert)
        alert = bounded(alert)
        known = self._records.get(fingerprint)
        if known is not None and known.id == transition_id(alert, fingerprint):
            return False  # told again by a monitor that had been killed
        if alert.suppressed:
            self._drop("held", known if known is not None and alert.state == AlertState.RESOLVED else None)
            return False
        if alert.state == AlertState.FIRING:
            return self._add_firing(alert, fingerprint, known, now, time_of_day)
        return self._add_resolved(alert, known, now)

    def take(self, now: float) -> Message | None:
        """The message that is due. Its alerts count as told from now on; say what became of it before taking another."""
        if self._paused > now:
            return None
        while self._schedule and self._schedule[0][0] <= now:
            due, _, key = heapq.heappop(self._schedule)
            group = self._groups.get(key)
            if group is None or group.due != due:
                continue
            self._forget([each for each in group.records.values() if each.until and each.until <= now and not each.is_news])
            if key not in self._groups:
                continue
            message = self._message(key, group)
            if group.begun[0] != message.id:
                group.begun = message.id, now
            changed = [record for record in group.records.values() if record.told != record.alert.state]
            for record in changed:
                record.told = record.alert.state
            if changed:
                self._outbox.save(changed)
            return message
        return None

    def sent(self, message: Message, now: float) -> None:
        """The receiver has `message`."""
        self.counts[SENT, ""] += 1
        self._backoff.worked()
        self._over(message, now)

    def refused(self, message: Message, now: float, reason: str) -> None:
        """The receiver does not want `message`."""
        self.counts[FAILED, reason] += 1
        self._over(message, now)

    def retry(self, message: Message, now: float, reason: str, after: float | None = None) -> None:
        """The receiver may have `message` later. All it is to have waits, since what fails for one mostly fails for all."""
        self._paused = now + self._backoff.failed(after)
        self._is_asked_to_wait = after is not None
        group = self._groups.get(message.group)
        if group is None:
            return  # nothing is left to tell
        if now - group.begun[1] >= self._timing.deadline:
            self.counts[FAILED, f"{reason}, until the deadline"] += 1
            self._over(message, now)
        else:
            self.counts[RETRIED, reason] += 1
            self._push(message.group, now)  # behind those that are due already: one that always fails holds nobody up

    def end(self, now: float) -> None:
        """The run is about to end: what is still to be told is due now, whatever its group waits for; reminders are not."""
        self._is_ending = True
        if not self._is_asked_to_wait:
            self._paused = 0.0
        for key in self._groups:
            self._reckon(key)

    @property
    def due(self) -> float | None:
        """When to `take` next; None if there is nothing to come."""
        while self._schedule:
            due, _, key = self._schedule[0]
            if key in self._groups and self._groups[key].due == due:
                return max(due, self._paused)
            heapq.heappop(self._schedule)
        return None

    @property
    def keeps(self) -> bool:
        """Whether another run goes on with what this one could not send."""
        return self._outbox.keeps

    def warnings(self) -> list[str]:
        """What a person should know and has not been told yet."""
        warnings = self._outbox.warnings[:]
        self._outbox.warnings.clear()
        return warnings

    def close(self) -> None:
        """There will be no more."""
        self._outbox.close()

    @property
    def waiting(self) -> int:
        """How many alerts are still to be told."""
        return sum(len(group.news) for group in self._groups.values())

    def _add_firing(self, alert: Alert, fingerprint: str, known: Record | None, now: float, time_of_day: float) -> bool:
        if self._timing.max_age and time_of_day - alert.time > self._timing.max_age:
            self._drop("too old")
        elif known is None and len(self._records) >= DELIVERY_ALERTS_MAX:
            self._drop("too many alerts")
        else:
            self._tell(Record(fingerprint, alert, is_news=False) if known is None else known, alert, now)
            return True
        return False

    def _add_resolved(self, alert: Alert, known: Record | None, now: float) -> bool:
        if known is None or not known.is_firing:
            self._drop("resolved, and its firing was not sent")
            return False
        due = self._groups[self._group_of[known.fingerprint]].due
        if not known.told and due is not None and now < due:
            self._drop("resolved before it was due", known)
        elif self._timing.resolved:
            self._tell(known, alert, now)
            return True
        elif known.is_news:
            known.is_over = True
            self._outbox.save([known])
        else:
            self._forget([known])
        return False

    def _tell(self, record: Record, alert: Alert, now: float) -> None:
        """`alert` is news of `record`, in the place of news that have not been told yet."""
        if record.is_news:
            self.counts[COALESCED, ""] += 1
        record.alert, record.is_news, record.is_over = alert, True, False
        record.since, record.until = now, 0.0
        group = self._put(record)
        if not group.news:
            group.since = now
        group.news.add(record.fingerprint)
        self._outbox.save([record])
        self._reckon(self._group_of[record.fingerprint])

    def _drop(self, reason: str, record: Record | None = None) -> None:
        self.counts[DROPPED, reason] += 1
        if record is not None:
            self._forget([record])

    def _put(self, record: Record) -> _Group:
        """Put `record` in its group, and stay in that: a severity may change."""
        fingerprint = record.fingerprint
        if fingerprint not in self._records:
            labels = group_labels(record.alert, self._timing.group_by)
            self._records[fingerprint] = record
            self._group_of[fingerprint] = group_key(labels)
            self._groups.setdefault(group_key(labels), _Group(labels)).records[fingerprint] = record
        group = self._groups[self._group_of[fingerprint]]
        (group.firing.add if record.is_firing else group.firing.discard)(fingerprint)
        return group

    def _over(self, message: Message, now: float) -> None:
        """`message` is over with. What has happened to its alerts meanwhile is still to be told."""
        ids = {item.id for item in message.items}
        group = self._groups.get(message.group)
        if group is None:
            return
        told = [record for record in group.records.values() if record.id in ids]
        for record in told:
            if record.is_news and not record.is_firing and self._timing.resolved_again:
                record.until = now + self._timing.resolved_again
            record.is_news = False
            group.news.discard(record.fingerprint)
        group.last = group.since = now
        group.repeats = message.repeats or group.repeats
        forgotten = [record for record in told if record.is_over or not (record.is_firing or record.until)]
        if len(forgotten) < len(group.records):
            self._outbox.save(told, group=GroupRecord(message.group, now, group.repeats))
        self._forget(forgotten)
        self._reckon(message.group)

    def _forget(self, records: list[Record]) -> None:
        """Nothing more is going to be told of `records`, all of one group, nor of the group if they were all of it."""
        if not records:
            return
        key = self._group_of[records[0].fingerprint]
        group = self._groups[key]
        for record in records:
            fingerprint = record.fingerprint
            del group.records[fingerprint], self._records[fingerprint], self._group_of[fingerprint]
            group.news.discard(fingerprint)
            group.firing.discard(fingerprint)
        if not group.records:
            del self._groups[key]
        fingerprints = [record.fingerprint for record in records]
        self._outbox.save(forgotten=fingerprints, forgotten_group=None if group.records else key)
        self._reckon(key)

    def _message(self, key: str, group: _Group) -> Message:
        records = sorted(
            group.records.values(), key=lambda each: (not each.is_firing, each.alert.started, each.alert.name, each.alert.group)
        )
        items = tuple(Item(record.alert, record.fingerprint) for record in records)
        news = [item for item in items if item.fingerprint in group.news]
        repeats = 0 if news else group.repeats + 1
        return Message(message_id(news or items, repeats), self.receiver, key, group.labels, items, repeats)

    def _reckon(self, key: str) -> None:
        """Put the group in its place in the schedule."""
        if (group := self._groups.get(key)) is None:
            return
        timing = self._timing
        if group.news:
            if self._is_ending or not group.firing:
                due = group.since
            elif group.last is None:
                due = group.since + timing.wait
            else:
                due = max(group.since, group.last + timing.interval)
        elif timing.repeat and group.last is not None and not self._is_ending:
            due = group.last + timing.repeat
        else:
            group.due = None
            return
        self._push(key, due)

    def _push(self, key: str, due: float) -> None:
        self._groups[key].due = due
        self._scheduled += 1
        heapq.heappush(self._schedule, (due, self._scheduled, key))
        if len(self._schedule) > 4 * len(self._groups) + 100:  # mostly times that groups were due at once
            places = enumerate(self._groups.items())
            self._schedule = [(group.due, number, key) for number, (key, group) in places if group.due is not None]
            heapq.heapify(self._schedule)
