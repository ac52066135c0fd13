"""What one second says to a rule: of a bucket, the contribution to each group.

Rules that ask the same share one feed, and feeds that count by the same columns share one tally in the bucket.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from ..analyze.bucket import Bucket
from ..analyze.derived import Bin, Derived, Raw
from ..analyze.measure import OTHER, UNPARSED, Counts, Measure
from ..analyze.tally import Amounts, Tally
from ..limits import CONVERTED_MAX
from .condition import Condition, Conditions
from .rule import VALUED, Rule

Group = tuple[Any, ...]
"""The values of a rule's `by` columns; () where it has none."""

Deltas = Mapping[Group, Any]
"""What a second contributes to each group; of which kind is the feed's matter. Never changed once made."""

FEW_VALUES = frozenset({"method", "section", "protocol", "status", "status_class", "vhost"})
"""Fields with so few values that conditions on them are decided once for each value in a bucket, not for each line."""


class Flag(NamedTuple):
    """Whether a condition holds."""

    condition: Condition

    @property
    def field(self) -> str:
        return self.condition.field

    def convert(self, text: bytes | None) -> bool:
        return self.condition.holds(text)


class Feed(NamedTuple):
    """`kind` is of what the contributions are: hits (events, and those of them that match `of`), amounts, bins, values or unparsed."""

    kind: str
    where: Conditions = ()
    of: Conditions = ()
    by: tuple[Derived, ...] = ()
    field: str = ""

    @property
    def columns(self) -> tuple[Derived, ...]:
        """What it needs of each event to know its group and whether it counts."""
        raw = {column.field for column in self.by if isinstance(column, Raw)}
        columns = set(self.by) | {column_of(condition, raw) for condition in (*self.where, *self.of)}
        return tuple(sorted(columns, key=repr))

    @property
    def measure(self) -> Measure | None:
        """What it needs of a bucket besides its hits."""
        if self.kind == "unparsed":
            return UNPARSED
        if self.kind == "amounts":
            return Amounts(self.columns, self.field)
        if self.kind == "bins":
            return Tally((*self.columns, Bin(self.field)))
        if self.kind == "values":
            return Tally((*self.columns, Raw(self.field)))
        return Tally(self.columns) if self.columns else None


def feed_of(rule: Rule) -> Feed:
    """What feeds the window of `rule`."""
    if rule.measure == "unparsed":
        return Feed("unparsed")
    kind, field = "hits", ""
    if rule.measure in VALUED or rule.measure == "bytes":
        kind, field = "amounts", rule.field or "size"
    elif rule.quantile is not None:
        kind, field = "bins", rule.field
    elif rule.measure in ("distinct", "leaky_bucket") and rule.field:
        kind, field = "values", rule.field
    return Feed(kind, rule.where, rule.of, rule.by, field)


def column_of(condition: Condition, raw: set[str]) -> Derived:
    """The column on which `condition` is decided."""
    return Raw(condition.field) if condition.field in FEW_VALUES or condition.field in raw else Flag(condition)


class Reader:
    """Reads the contributions of a feed out of buckets."""

    def __init__(self, feed: Feed) -> None:
        self.feed = feed
        self.measure = feed.measure
        self._places = Places(feed.columns, feed.where, feed.of, feed.by)

    def read(self, bucket: Bucket) -> Deltas:
        """The contributions of one second."""
        kind = self.feed.kind
        if kind == "unparsed":
            unparsed = bucket[UNPARSED]
            return {(): (bucket.hits + unparsed, unparsed)} if bucket.hits or unparsed else {}
        if self.measure is None:
            return {(): (bucket.hits, 0)} if bucket.hits else {}
        state = bucket[self.measure]
        if kind == "hits":
            return self._hits(state)
        if kind == "amounts":
            return self._amounts(state)
        return self._bins(state) if kind == "bins" else self._values(state)

    def _hits(self, counts: Counts) -> Deltas:
        deltas: dict[Group, tuple[int, int]] = {}
        place_of = self._places.__getitem__
        for key, count in counts.items():
            place = place_of(key)
            if place is not None:
                group, matches = place
                known = deltas.get(group)
                matching = count if matches else 0
                deltas[group] = (count, matching) if known is None else (known[0] + count, known[1] + matching)
        return deltas

    def _amounts(self, amounts: Mapping[Any, tuple[int, int, int]]) -> Deltas:
        deltas: dict[Group, tuple[int, int, int]] = {}
        for key, (count, total, most) in amounts.items():
            place = self._places[key]
            if place is not None:
                known = deltas.get(place[0])
                if known is not None:
                    count, total, most = known[0] + count, known[1] + total, max(known[2], most)
                deltas[place[0]] = (count, total, most)
        return deltas

    def _bins(self, counts: Counts) -> Deltas:
        deltas: dict[Group, dict[int, int]] = {}
        for key, count in counts.items():
            place = None if key == OTHER or key[-1] is None else self._places[key[:-1]]
            if place is not None:
                bins = deltas.setdefault(place[0], {})
                bins[key[-1]] = bins.get(key[-1], 0) + count
        return deltas

    def _values(self, counts: Counts) -> Deltas:
        deltas: dict[Group, dict[int, int]] = {}
        for key, count in counts.items():
            place = None if key == OTHER else self._places[key[:-1]]
            if place is not None:
                values = deltas.setdefault(place[0], {})
                number = hash_of(key[-1])
                values[number] = values.get(number, 0) + count
        return deltas


class Places(dict[Any, "tuple[Group, bool] | None"]):
    """Key of a tally → its group, and whether it matches `of`; None when it does not count. Filled as keys are met."""

    def __init__(self, columns: tuple[Derived, ...], where: Conditions, of: Conditions, by: tuple[Derived, ...]) -> None:
        super().__init__()
        raw = {column.field for column in by if isinstance(column, Raw)}
        self._by = [columns.index(column) for column in by]
        self._where = [(columns.index(column_of(condition, raw)), condition) for condition in where]
        self._of = [(columns.index(column_of(condition, raw)), condition) for condition in of]

    def __missing__(self, key: Any) -> tuple[Group, bool] | None:
        if len(self) >= CONVERTED_MAX:
            self.clear()
        place = None
        if key != OTHER and _all_hold(self._where, key):
            place = tuple([key[index] for index in self._by]), bool(self._of) and _all_hold(self._of, key)
        self[key] = place
        return place


def _all_hold(conditions: list[tuple[int, Condition]], key: tuple[Any, ...]) -> bool:
    for index, condition in conditions:
        value = key[index]
        if not (value if isinstance(value, bool) else condition.holds(value)):
            return False
    return True


def hash_of(value: bytes | None) -> int:
    """64 bits that are the same in every process, and that nobody who writes logs can aim at."""
    return int.from_bytes(hashlib.blake2b(value or b"-", digest_size=8).digest(), "big")
