"""Rules on how many different values a field has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
import hashlib
from heapq import heapify, heapreplace
from typing import Any, ClassVar

from ...analyze.bucket import Bucket
from ...analyze.columns import Derived, Raw
from ...analyze.measures.base import Measure
from ...config.table import Table
from ...limits import HASHES_MAX, UNIQUES_MAX
from ...parse.base import FIELDS
from ..condition import Conditions
from ..contribution import Contribution, Deltas, Group, Placement, as_groups
from ..rule import Rule
from .events import without_other

ValueCounts = dict[tuple[bytes | None], int]
"""How often each value came, which stands in a tuple of its own."""


class Uniques:
    """Distinct values of a group in a window, by their hashes and the last second in which each came.

    Exact until there are too many; then of the busiest seconds only hashes with `level` zero bits at their end are kept, and stand
    for `2**level` values each: adaptive sampling (Flajolet 1990, after Wegman), by the second, so that what comes before and
    after a flood stays exact. The standard error is 1 / sqrt(the hashes kept), about 0.3 %.
    """

    __slots__ = ("since", "events", "distinct", "_seen", "_levels")

    def __init__(self) -> None:
        self.since = self.events = self.distinct = 0
        self._seen: dict[int, int] = {}  # hash → the last second it came in
        self._levels: dict[int, int] = {}  # second → level, where that is not 0

    def add(self, time: int, delta: ValueCounts) -> None:
        seen, levels = self._seen, self._levels
        self.events += sum(delta.values())
        if not levels:
            seen.update(dict.fromkeys([HASHES[value] for value, in delta], time))
            self.distinct = len(seen)
        else:
            for (value,) in delta:
                number = HASHES[value]
                last = seen.get(number)
                self.distinct += 1 if last is None else 1 - (1 << levels.get(last, 0))
                seen[number] = time
        if len(seen) > UNIQUES_MAX:
            self._sample()

    def remove(self, time: int, delta: ValueCounts) -> None:
        seen, levels = self._seen, self._levels
        self.events -= sum(delta.values())
        for (value,) in delta:
            number = HASHES[value]
            if (last := seen.get(number)) is not None and last <= time:  # what leaves may be a pane of several seconds
                del seen[number]
                self.distinct -= 1 << levels.get(last, 0)
        for second in [second for second in levels if second <= time]:
            del levels[second]

    def stats(self) -> dict[str, int]:
        """How much it holds."""
        return {"hashes": len(self._seen), "sampled_seconds": len(self._levels)}

    def _sample(self) -> None:
        """Keep fewer hashes of the busiest seconds: an eighth goes at once, as finding them means a pass over all."""
        levels = self._levels
        busiest: list[tuple[float, int]] = [(-count, time) for time, count in Counter(self._seen.values()).items()]
        heapify(busiest)
        kept: float = len(self._seen)
        masks: dict[int, int] = {}
        while kept > UNIQUES_MAX * 7 // 8:
            count, time = busiest[0]
            levels[time] = levels.get(time, 0) + 1
            masks[time] = (1 << levels[time]) - 1
            heapreplace(busiest, (count / 2, time))
            kept += count / 2  # which is negative, and what is to be expected
        self._seen = {number: time for number, time in self._seen.items() if not number & masks.get(time, 0)}
        self.distinct = sum(1 << levels.get(time, 0) for time in self._seen.values())


@dataclass(frozen=True)
class DistinctValues(Contribution):
    """How often each value of `field` came."""

    field: str = ""

    name: ClassVar[str] = "values"
    aggregate = Uniques

    @property
    def measure(self) -> Measure:
        return self.tally(Raw(self.field))

    def deltas(self, bucket: Bucket, state: Any, placement: Placement) -> Deltas:
        counts = without_other(state)
        if not self.columns:
            return {(): as_groups(counts)} if counts else {}
        deltas: dict[Group, dict[Any, int]] = {}
        for key, count in counts.items():
            place = placement[key[:-1]]
            if place is not None:
                deltas.setdefault(place[0], {})[key[-1:]] = count
        return deltas

    def merged(self, one: ValueCounts, other: ValueCounts) -> ValueCounts:
        return {value: one.get(value, 0) + other.get(value, 0) for value in one.keys() | other.keys()}

    def weight(self, delta: ValueCounts) -> int:
        return len(delta)

    def largest(self, deltas: Deltas) -> int:
        return max(map(len, deltas.values()))


@dataclass(frozen=True, kw_only=True)
class Distinct(Rule):
    """How many different values `field` has in the window."""

    is_whole = True

    @classmethod
    def keys(cls, table: Table, common: Mapping[str, Any]) -> dict[str, Any]:
        return super().keys(table, common) | {"field": table.text("field", choices=FIELDS)}

    def contribution(self, where: Conditions, by: tuple[Derived, ...]) -> DistinctValues:
        return DistinctValues(where, by, self.field)

    def value(self, aggregate: Uniques) -> float | None:
        return aggregate.distinct

    @property
    def events_needed(self) -> int:
        return max(0, int(self.threshold) - 1) if self.is_high else 0


def hash_of(value: bytes | None) -> int:
    """64 bits that are the same in every process. A collision cannot be provoked by writing chosen values into a log."""
    return int.from_bytes(hashlib.blake2b(value or b"-", digest_size=8).digest(), "big")


class _Hashes(dict["bytes | None", int]):
    """Hashes of values, remembered as they are met."""

    def __missing__(self, value: bytes | None) -> int:
        if len(self) >= HASHES_MAX:
            self.clear()
        self[value] = found = hash_of(value)
        return found


HASHES = _Hashes()
"""Values → 64 bits that stand for them."""
