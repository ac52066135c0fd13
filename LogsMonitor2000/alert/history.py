"""What changed: which sources and sections most of a change is made of, and lines of it to look at.

The traffic of the window and of the one before is held by source, section and whatever the rules look at, so that it can be
told for just the events that a rule counts. It is only looked at when an alert fires.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..analyze.bucket import Bucket
from ..analyze.derived import Derived, Raw
from ..analyze.measure import OTHER, Counts, Measure, dump_counts, load_counts, merge_counts, shrink_counts
from ..analyze.tally import Lines, Tally
from ..limits import CAUSES_MAX, HISTORY_KEYS_MAX, HISTORY_LINES_MAX, HISTORY_LINE_SECONDS, HISTORY_PANES
from .feed import Feed, Group, Places

BLAMED = ("source", "section", "status", "method", "vhost", "user")
"""Fields whose values are named as causes; those that no rule looks at are not held, but for the first two."""

SHARE_MIN = 0.2
"""A value behind less of a change than this is no cause of it."""


CHANGE_MIN = 0.1
"""A change by less than this share of the traffic is noise, and has no cause."""


class Changes(NamedTuple):
    """By how many hits a second the traffic changed, what most of the change is (as in `Alert.causes`), and lines of it."""

    change: float = 0.0
    causes: tuple[tuple[str, bytes, float, bool], ...] = ()
    lines: tuple[bytes, ...] = ()


class History:
    """What the feeds of some rules saw lately, for windows of any of the lengths `seconds`."""

    def __init__(self, feeds: Sequence[Feed], seconds: Sequence[int]) -> None:
        columns = {column for feed in feeds for column in feed.columns}
        self._columns: tuple[Derived, ...] = tuple(sorted(columns | {Raw("source"), Raw("section")}, key=repr))
        self._shown: tuple[Derived, ...] = tuple(sorted(columns, key=repr))
        self._tally = Tally(self._columns, HISTORY_KEYS_MAX)
        self._lines = Lines(self._shown)
        self.measures: tuple[Measure, ...] = (self._tally, self._lines)
        self._panes = {length: deque[tuple[int, Counts]]() for length in set(seconds)}
        self._recent: deque[tuple[int, Mapping[Any, bytes]]] = deque()

    def count(self, bucket: Bucket) -> None:
        """Take note of a second."""
        counts = shrink_counts(bucket[self._tally], HISTORY_KEYS_MAX)
        if not counts:
            return
        for length, panes in self._panes.items():
            width = -(-length // HISTORY_PANES)
            start = bucket.time // width * width
            if panes and panes[-1][0] == start:
                panes[-1] = start, shrink_counts(merge_counts(panes[-1][1], counts), HISTORY_KEYS_MAX)
            else:
                panes.append((start, counts if width == 1 else counts.copy()))
            while panes[0][0] + width <= bucket.time - 2 * length:
                panes.popleft()
        self._recent.append((bucket.time, self._lines.shrink(bucket[self._lines])))
        while self._recent[0][0] <= bucket.time - HISTORY_LINE_SECONDS:
            self._recent.popleft()

    def changes(self, feed: Feed, group: Group, seconds: int, now: int, first: int) -> Changes:
        """What changed in the last `seconds` against the ones before, in the traffic that `feed` looks at, of one group.

        `first` is the first event's second: where the window before is not all behind it, nothing can be said to be new.
        """
        places = Places(self._columns, feed.where, feed.of, feed.by)
        after: Counter[Any] = Counter()
        before: Counter[Any] = Counter()
        for start, counts in self._panes[seconds]:
            side = after if start > now - seconds else before if start > now - 2 * seconds else None
            if side is None:
                continue
            for key, count in counts.items():
                place = None if key == OTHER else places[key]
                if place is not None and place[0] == group and (place[1] or not feed.of):
                    side[key] += count
        change = sum(after.values()) - sum(before.values())
        lines = self._lines_of(feed, group)
        if abs(change) < CHANGE_MIN * max(sum(after.values()), sum(before.values())) or not change:
            return Changes(change / seconds, (), lines)
        is_known = first <= now - 2 * seconds + 1
        decided = {condition.field for condition in (*feed.where, *feed.of)}
        told = [(i, c.field) for i, c in enumerate(self._columns) if isinstance(c, Raw) and c not in feed.by]
        blamed = [(index, field) for index, field in told if field in BLAMED and field not in decided]
        found = [_cause(index, field, after, before, change, is_known) for index, field in blamed]
        likely = sorted((cause for cause in found if cause is not None and cause[2] >= SHARE_MIN), key=lambda cause: -cause[2])
        return Changes(change / seconds, tuple(likely[:CAUSES_MAX]), lines)

    def _lines_of(self, feed: Feed, group: Group) -> tuple[bytes, ...]:
        """The newest lines that `feed` counts for `group`."""
        places = Places(self._shown, feed.where, feed.of, feed.by)
        lines: dict[bytes, None] = {}
        for _, recent in reversed(self._recent):
            for key, line in sorted(recent.items(), key=lambda item: item[1]):
                place = places[key]
                if place is not None and place[0] == group and (place[1] or not feed.of):
                    lines[line.removesuffix(b"\r")] = None
                    if len(lines) == HISTORY_LINES_MAX:
                        return tuple(lines)
        return tuple(lines)

    def dump(self) -> list[Any]:
        """It, as JSON can hold it. Lines are not remembered: a restart shows newer ones."""
        return [[length, [[start, dump_counts(counts)] for start, counts in panes]] for length, panes in self._panes.items()]

    def load(self, dumped: list[Any]) -> None:
        """Be as it was when it was dumped."""
        for length, panes in dumped:
            if length in self._panes:
                self._panes[length] = deque((start, load_counts(counts)) for start, counts in panes)


def _cause(
    index: int, field: str, after: Counter[Any], before: Counter[Any], change: int, is_known: bool
) -> tuple[str, bytes, float, bool] | None:
    """The value of one field that most of a change is, as in `Alert.causes`; None where it has never had another."""
    by_value: Counter[bytes] = Counter()
    for side, sign in ((after, 1), (before, -1)):
        for key, count in side.items():
            by_value[key[index] or b"-"] += sign * count
    value, count = max(by_value.items(), key=lambda item: (item[1] / change, item[0]))
    is_new = is_known and all((key[index] or b"-") != value for key in before)
    return None if len(by_value) == 1 and not is_new else (field, value, count / change, is_new)
