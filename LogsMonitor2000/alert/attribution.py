"""What changed: which sources and sections most of a change is made of, and lines of it to look at.

The events of the window and of the one before are sampled, with their source, section and whatever the rules look at, so that the
change can be attributed for just the events that a rule counts. They are only looked at when an alert fires: so they come either with
the buckets, or where the log can be read again, from a `SampleSource` that is asked for them then.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from math import ceil
from typing import Any, NamedTuple, Protocol

from ..analyze.bucket import Bucket
from ..analyze.columns import Derived, Raw
from ..analyze.measures.sample import Sample
from ..limits import (
    CAUSES_MAX,
    HISTORY_DETAIL_SECONDS,
    HISTORY_LINE_SECONDS,
    HISTORY_LINES_MAX,
    HISTORY_ROWS_MAX,
    HISTORY_SECOND_ROWS_MIN,
    SAMPLE_BYTES_MAX,
)
from .contribution import Contribution, Group, Placement, column_key

CAUSES = ("source", "section", "status", "method", "vhost", "user")
"""Fields whose values are named as causes; those that no rule looks at are not sampled, but for the first two."""

SHARE_MIN = 0.2
"""A value that explains less of a change than this is not a cause of it."""

CHANGE_MIN = 0.1
"""A change by less than this share of the traffic is noise, and has no cause."""

Weights = dict[tuple[Any, ...], float]
"""How many events have these values of the sampled columns."""


class SampleSource(Protocol):
    """What has samples of seconds that have closed."""

    def want(self, measure: Sample) -> None:
        """What the samples are to be made by; called once, before the log is read."""

    def samples(self, begin: int, end: int) -> Iterable[Bucket]:
        """The buckets of the seconds from `begin` through `end`, in ascending order, with their samples."""


class Changes(NamedTuple):
    """By how many hits a second the traffic changed, what most of the change is (as in `Alert.causes`), and lines of it."""

    change: float = 0.0
    causes: tuple[tuple[str, bytes, float, bool], ...] = ()
    lines: tuple[bytes, ...] = ()


class Second:
    """The sample of a second: its events' values by column, their lines, and how many events each of them stands for."""

    __slots__ = ("time", "weight", "lines", "_columns", "_counts")

    def __init__(self, time: int, columns: Sequence[Sequence[Any]], lines: Sequence[bytes], weight: float) -> None:
        self.time = time
        self.weight = weight
        self.lines = lines
        self._columns = columns
        self._counts: dict[Contribution, dict[Group, Counter[tuple[Any, ...]]]] = {}

    def counts(self, contribution: Contribution, placement: Placement, group: Group) -> Mapping[tuple[Any, ...], int]:
        """How many sampled events that `contribution` counts for `group` have which values."""
        by_group = self._counts.get(contribution)
        if by_group is None:
            by_group = self._counts[contribution] = {}
            for key, count in Counter(zip(*self._columns)).items():
                place = placement[key]
                if place is not None and (place[1] or not contribution.conditions):
                    by_group.setdefault(place[0], Counter())[key] += count
        return by_group.get(group, {})

    def lines_of(self, contribution: Contribution, placement: Placement, group: Group) -> list[bytes]:
        """The lines of these events, in an order that is the same however several logs were read."""
        if not self.counts(contribution, placement, group):
            return []
        counted = []
        for key, line in zip(zip(*self._columns), self.lines):
            place = placement[key]
            if place is not None and place[0] == group and (place[1] or not contribution.conditions):
                counted.append(line[:SAMPLE_BYTES_MAX].removesuffix(b"\r"))
        return sorted(counted)

    def thinned(self, rows: int, stride: int) -> Second:
        """Its first `rows`, without their lines, for as many seconds as `stride`."""
        share = len(self._columns[0]) / min(rows, len(self._columns[0]))
        return Second(self.time, [column[:rows] for column in self._columns], (), self.weight * share * stride)


class Attribution:
    """What the contributions of some rules counted lately, for windows of up to `seconds`.

    Of a busy second only the first events are sampled; of what is further back than most windows look, fewer of them, and not
    of every second.
    """

    def __init__(self, contributions: Iterable[Contribution], seconds: int, source: SampleSource | None = None) -> None:
        columns = {column for contribution in contributions for column in contribution.columns}
        self.columns: tuple[Derived, ...] = tuple(sorted(columns | {Raw("source"), Raw("section")}, key=column_key))
        self.measure = Sample(*self.columns)
        self._source = source
        if source is not None:
            source.want(self.measure)
        self._reach = 2 * seconds
        detail = min(self._reach, HISTORY_DETAIL_SECONDS)
        self._detail = detail
        self._rows = max(HISTORY_SECOND_ROWS_MIN, HISTORY_ROWS_MAX // detail)
        self._stride = max(1, ceil((self._reach - detail) * HISTORY_SECOND_ROWS_MIN / HISTORY_ROWS_MAX))
        self._recent: deque[Second] = deque()
        self._with_lines: deque[Second] = deque()  # the last of them
        self._thinned: deque[Second] = deque()  # from before the recent ones
        self._ahead: deque[Bucket] = deque()
        self._since: int | None = None  # what came before this was forgotten by a restart
        self._last = 0  # the last second that had events
        self._asked_through: int | None = None  # what the source has been asked for
        self._placements: dict[Contribution, Placement] = {}

    def extend(self, buckets: Iterable[Bucket]) -> None:
        """Take in seconds that log time has yet to come to."""
        self._ahead += buckets

    def catch_up(self, now: int) -> None:
        """Log time has come to `now`."""
        while self._ahead and self._ahead[0].time <= now:
            bucket = self._ahead.popleft()
            if bucket.hits:
                self._last = bucket.time
            if self._source is None:
                self._add(bucket)

    def _add(self, bucket: Bucket) -> None:
        *columns, lines = self.measure.rows(bucket[self.measure], self._rows)
        if not lines:
            return
        time, recent, thinned = bucket.time, self._recent, self._thinned
        recent.append(Second(time, columns, lines, bucket.hits / len(lines)))
        while recent[0].time <= time - self._detail:
            old = recent.popleft()
            if old.time > time - self._reach and old.time % self._stride == 0:
                thinned.append(old.thinned(HISTORY_SECOND_ROWS_MIN, self._stride))
        while thinned and thinned[0].time <= time - self._reach:
            thinned.popleft()
        self._with_lines.append(recent[-1])
        while self._with_lines[0].time <= time - HISTORY_LINE_SECONDS:
            self._with_lines.popleft().lines = ()

    def stats(self) -> dict[str, int]:
        """How much is held."""
        kept = {"seconds": self._recent, "seconds_with_lines": self._with_lines, "thinned_seconds": self._thinned}
        return {name: len(seconds) for name, seconds in kept.items()}

    def restart(self, now: int) -> None:
        """What came up to `now` is not known."""
        self._since = now + 1

    def changes(self, contribution: Contribution, group: Group, seconds: int, now: int, first: int) -> Changes:
        """What changed in the last `seconds` against the ones before, in the traffic that `contribution` looks at, of one group.

        `first` is the first event's second: where the window before begins earlier, nothing can be said to be new.
        """
        self.catch_up(now)
        self._ask(now)
        if contribution not in self._placements:
            self._placements[contribution] = Placement(contribution, self.columns)
        placement = self._placements[contribution]
        begin = now - 2 * seconds + 1
        lines = self._lines_of(contribution, placement, group)
        if self._since is not None and self._since > max(begin, first):
            return Changes(0.0, (), lines)
        after: Weights = {}
        before: Weights = {}
        for second in (*self._thinned, *self._recent):
            if begin <= second.time <= now and (counts := second.counts(contribution, placement, group)):
                side = after if second.time > now - seconds else before
                for key, count in counts.items():
                    side[key] = side.get(key, 0) + count * second.weight
        total, total_before = sum(after.values()), sum(before.values())
        change = total - total_before
        if abs(change) < CHANGE_MIN * max(total, total_before) or not change:
            return Changes(change / seconds, (), lines)
        causes = self._causes(contribution, after, before, change, first <= begin)
        return Changes(change / seconds, causes, lines)

    def _ask(self, now: int) -> None:
        """Have the source's samples through `now`, from as far back as windows look and lines are shown."""
        if self._source is None:
            return
        begin = min(now - self._reach, self._last - HISTORY_LINE_SECONDS) + 1
        if self._asked_through is not None:
            begin = max(begin, self._asked_through + 1)
        if begin <= now:
            for bucket in self._source.samples(begin, now):
                self._add(bucket)
            self._asked_through = now

    def _causes(
        self, contribution: Contribution, after: Weights, before: Weights, change: float, is_known: bool
    ) -> tuple[tuple[str, bytes, float, bool], ...]:
        """The values that most of a change is, as in `Alert.causes`."""
        decided = {condition.field for condition in (*contribution.where, *contribution.conditions)}
        raw = [(i, c.field) for i, c in enumerate(self.columns) if isinstance(c, Raw) and c not in contribution.by]
        candidates = [(index, field) for index, field in raw if field in CAUSES and field not in decided]
        found = [_cause(index, field, after, before, change, is_known) for index, field in candidates]
        likely = sorted((cause for cause in found if cause is not None and cause[2] >= SHARE_MIN), key=lambda cause: -cause[2])
        return tuple(likely[:CAUSES_MAX])

    def _lines_of(self, contribution: Contribution, placement: Placement, group: Group) -> tuple[bytes, ...]:
        """The newest lines that `contribution` counts for `group`."""
        lines: dict[bytes, None] = {}
        for second in reversed(self._with_lines):
            if len(lines) >= HISTORY_LINES_MAX:
                break
            lines.update(dict.fromkeys(second.lines_of(contribution, placement, group)))
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
