"""What changed: which sources and sections most of a change is made of, and lines of it to look at.

The events of the window and of the one before are held, with their source, section and whatever the rules look at, so that the change
can be attributed for just the events that a rule counts. They are only looked at when an alert fires.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from ..analyze.bucket import Bucket
from ..analyze.columns import Derived, Raw
from ..analyze.measures.sample import Sample
from ..limits import (
    CAUSES_MAX,
    HISTORY_LINE_SECONDS,
    HISTORY_LINES_MAX,
    HISTORY_ROWS_MAX,
    HISTORY_SECOND_ROWS_MIN,
    SAMPLE_BYTES_MAX,
)
from .contribution import Contribution, Group, Placement, column_key

CAUSES = ("source", "section", "status", "method", "vhost", "user")
"""Fields whose values are named as causes; those that no rule looks at are not held, but for the first two."""

SHARE_MIN = 0.2
"""A value behind less of a change than this is no cause of it."""


CHANGE_MIN = 0.1
"""A change by less than this share of the traffic is noise, and has no cause."""


Weights = dict[tuple[Any, ...], float]
"""How many events have these values of the history's columns."""

Counted = dict[Group, tuple[Weights, Weights]]
"""By group, those of the window and those of the one before."""


class Changes(NamedTuple):
    """By how many hits a second the traffic changed, what most of the change is (as in `Alert.causes`), and lines of it."""

    change: float = 0.0
    causes: tuple[tuple[str, bytes, float, bool], ...] = ()
    lines: tuple[bytes, ...] = ()


class Second(NamedTuple):
    """What is held of a second: its events' values by column, and how many events each of them stands for."""

    time: int
    columns: Sequence[Sequence[Any]]
    lines: Sequence[bytes]
    weight: float


class Attribution:
    """What the contributions of some rules counted lately, for windows of up to `seconds`: the events themselves, as holding them is cheap.

    They are counted only when an alert fires. Of a busy second only the first events are held.
    """

    def __init__(self, contributions: Iterable[Contribution], seconds: int) -> None:
        columns = {column for contribution in contributions for column in contribution.columns}
        self.columns: tuple[Derived, ...] = tuple(sorted(columns | {Raw("source"), Raw("section")}, key=column_key))
        self.measure = Sample(*self.columns)
        self._most = max(HISTORY_SECOND_ROWS_MIN, HISTORY_ROWS_MAX // (2 * seconds))
        self._reach = 2 * seconds
        self._seconds: deque[Second] = deque()
        self._lines: deque[Second] = deque()  # the last of them, with their lines
        self._ahead: deque[Bucket] = deque()
        self._since: int | None = None  # what came before this was forgotten by a restart
        self._counted: dict[tuple[Contribution, int], tuple[int, Counted]] = {}

    def extend(self, buckets: Iterable[Bucket]) -> None:
        """Take in seconds that log time has yet to come to."""
        self._ahead += buckets

    def catch_up(self, now: int) -> None:
        """Log time has come to `now`."""
        while self._ahead and self._ahead[0].time <= now:
            self._count_bucket(self._ahead.popleft())

    def _count_bucket(self, bucket: Bucket) -> None:
        *columns, lines = self.measure.rows(bucket[self.measure], self._most)
        if not lines:
            return
        weight = bucket.hits / len(lines)
        self._lines.append(Second(bucket.time, columns, lines, weight))
        self._seconds.append(Second(bucket.time, columns, (), weight))
        while self._lines[0].time <= bucket.time - HISTORY_LINE_SECONDS:
            self._lines.popleft()
        while self._seconds[0].time <= bucket.time - self._reach:
            self._seconds.popleft()

    def stats(self) -> dict[str, int]:
        """How much is held."""
        return {"seconds": len(self._seconds), "seconds_with_lines": len(self._lines)}

    def restart(self, now: int) -> None:
        """What came up to `now` is not known."""
        self._since = now + 1

    def changes(self, contribution: Contribution, group: Group, seconds: int, now: int, first: int) -> Changes:
        """What changed in the last `seconds` against the ones before, in the traffic that `contribution` looks at, of one group.

        `first` is the first event's second: where the window before is not all behind it, nothing can be said to be new.
        """
        self.catch_up(now)
        begin = now - 2 * seconds + 1
        lines = self._lines_of(contribution, group)
        if self._since is not None and self._since > max(begin, first):
            return Changes(0.0, (), lines)
        if self._counted.get((contribution, seconds), (None,))[0] != now:
            self._counted = {key: counted for key, counted in self._counted.items() if counted[0] == now}
            self._counted[contribution, seconds] = now, self._count(contribution, seconds, now)
        after, before = self._counted[contribution, seconds][1].get(group, ({}, {}))
        total, total_before = sum(after.values()), sum(before.values())
        change = total - total_before
        if abs(change) < CHANGE_MIN * max(total, total_before) or not change:
            return Changes(change / seconds, (), lines)
        decided = {condition.field for condition in (*contribution.where, *contribution.conditions)}
        told = [(i, c.field) for i, c in enumerate(self.columns) if isinstance(c, Raw) and c not in contribution.by]
        candidates = [(index, field) for index, field in told if field in CAUSES and field not in decided]
        found = [_cause(index, field, after, before, change, first <= begin) for index, field in candidates]
        likely = sorted((cause for cause in found if cause is not None and cause[2] >= SHARE_MIN), key=lambda cause: -cause[2])
        return Changes(change / seconds, tuple(likely[:CAUSES_MAX]), lines)

    def _count(self, contribution: Contribution, seconds: int, now: int) -> Counted:
        """By group, the events that `contribution` counts by their values, in the window and in the one before."""
        placement = Placement(contribution, self.columns)
        counted: Counted = {}
        for second in self._seconds:
            if second.time <= now - 2 * seconds or second.time > now:
                continue
            for key, count in Counter(zip(*second.columns)).items():
                place = placement[key]
                if place is not None and (place[1] or not contribution.conditions):
                    side = counted.setdefault(place[0], ({}, {}))[second.time <= now - seconds]
                    side[key] = side.get(key, 0) + count * second.weight
        return counted

    def _lines_of(self, contribution: Contribution, group: Group) -> tuple[bytes, ...]:
        """The newest lines that `contribution` counts for `group`."""
        placement = Placement(contribution, self.columns)
        lines: dict[bytes, None] = {}
        for second in reversed(self._lines):
            counted: list[bytes] = []
            for key, line in zip(zip(*second.columns), second.lines):
                place = placement[key]
                if place is not None and place[0] == group and (place[1] or not contribution.conditions):
                    counted.append(line[:SAMPLE_BYTES_MAX].removesuffix(b"\r"))
            lines.update(dict.fromkeys(sorted(counted)))  # in an order that is the same however several logs were read
            if len(lines) >= HISTORY_LINES_MAX:
                break
        return tuple(lines)[:HISTORY_LINES_MAX]


def _cause(
    index: int, field: str, after: Weights, before: Weights, change: float, is_known: bool
) -> tuple[str, bytes, float, bool] | None:
    """The value of one field that most of a change is, as in `Alert.causes`; None where it has never had another."""
    by_value: dict[bytes, float] = {}
    for side, sign in ((after, 1), (before, -1)):
        for key, count in side.items():
            value = key[index] or b"-"
            by_value[value] = by_value.get(value, 0) + sign * count
    value, count = max(by_value.items(), key=lambda item: (item[1] / change, item[0]))
    is_new = is_known and all((key[index] or b"-") != value for key in before)
    return None if len(by_value) == 1 and not is_new else (field, value, count / change, is_new)
