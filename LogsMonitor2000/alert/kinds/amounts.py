"""Rules on the values of a numeric field: the sum of sizes (`bytes`), the `mean` or `max` of sizes or durations."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from ...analyze.bucket import Bucket
from ...analyze.columns import MICRO, Derived
from ...analyze.measures.base import Measure
from ...analyze.measures.sum import Amount, Amounts, Sum, add_amounts
from ...config.table import Table
from ...text import size
from ..condition import Conditions
from ..contribution import Contribution, Deltas, Group, Placement
from ..rule import Rule, Sums, Unit, plain


class ValueSums:
    """Number, sum and maximum of a group's values in a window."""

    __slots__ = ("since", "events", "sum", "_maxima")

    def __init__(self) -> None:
        self.since = self.events = self.sum = 0
        self._maxima: deque[tuple[int, int]] = deque()  # falling: what a later second exceeds is never the maximum again

    def add(self, time: int, delta: tuple[int, int, int]) -> None:
        count, total, largest = delta
        self.events += count
        self.sum += total
        while self._maxima and self._maxima[-1][1] <= largest:
            self._maxima.pop()
        self._maxima.append((time, largest))

    def remove(self, time: int, delta: tuple[int, int, int]) -> None:
        self.events -= delta[0]
        self.sum -= delta[1]
        while self._maxima and self._maxima[0][0] <= time:
            self._maxima.popleft()

    @property
    def largest(self) -> int:
        return self._maxima[0][1] if self._maxima else 0


_NONE = (0, 0, 0)


@dataclass(frozen=True)
class Values(Contribution):
    """Number, sum and maximum of the values of `field`; durations are in millionths of a second."""

    field: str = ""

    name: ClassVar[str] = "amounts"
    aggregate = ValueSums
    summable = 2

    @property
    def measure(self) -> Measure:
        return Amounts(self.field, *self.columns)

    def deltas(self, bucket: Bucket, state: Any, placement: Placement) -> Deltas:
        deltas: dict[Group, tuple[int, int, int]] = {}
        for key, (count, total, largest) in state.items():
            place = placement[key]
            if place is not None:
                known = deltas.get(place[0])
                if known is not None:
                    count, total, largest = known[0] + count, known[1] + total, max(known[2], largest)
                deltas[place[0]] = (count, total, largest)
        return deltas

    def merged(self, one: Amount, other: Amount) -> Amount:
        return add_amounts(one, other)

    def plain(self, hits: list[int], states: Sequence[Any]) -> list[list[int]]:
        amounts = [state.get((), _NONE) for state in states]
        return [[amount[0] for amount in amounts], [amount[1] for amount in amounts]]


@dataclass(frozen=True)
class Sizes(Values):
    """The same of sizes whose maximum is of no interest: without columns, the sum that statistics need anyway is enough."""

    name: ClassVar[str] = "bytes"

    @property
    def measure(self) -> Measure:
        return super().measure if self.columns else Sum(self.field)

    def deltas(self, bucket: Bucket, state: Any, placement: Placement) -> Deltas:
        if isinstance(state, int):
            return {(): (bucket.hits, state, 0)} if bucket.hits else {}
        return super().deltas(bucket, state, placement)

    def plain(self, hits: list[int], states: Sequence[Any]) -> list[list[int]]:
        return [hits, [*states]]


@dataclass(frozen=True, kw_only=True)
class Bytes(Rule):
    """The sum of the sizes of responses."""

    is_whole = True

    @classmethod
    def unit(cls, field: str) -> Unit:
        return size

    def contribution(self, where: Conditions, by: tuple[Derived, ...]) -> Sizes:
        return Sizes(where, by, "size")

    def value(self, aggregate: ValueSums) -> float | None:
        return aggregate.sum

    def decided(self, sums: Sums) -> list[float | None]:
        ((events, totals),) = sums
        return [total if count >= self.min_events else None for count, total in zip(events, totals)]


class ValueRule(Rule):
    """A rule on the values of a field: durations, in seconds, or sizes, in bytes."""

    @classmethod
    def keys(cls, table: Table, common: Mapping[str, Any]) -> dict[str, Any]:
        found = super().keys(table, common)
        return found | {"field": table.text("field", "duration", choices=("duration", "size"))}

    @classmethod
    def unit(cls, field: str) -> Unit:
        return {"size": size, "duration": _seconds}.get(field, plain)

    def contribution(self, where: Conditions, by: tuple[Derived, ...]) -> Contribution:
        return Values(where, by, self.field)

    @property
    def scale(self) -> int:
        """By what values in `ValueSums` are to be divided."""
        return MICRO if self.field == "duration" else 1


@dataclass(frozen=True, kw_only=True)
class Mean(ValueRule):
    """The mean of the values."""

    needs_full_window = True

    def value(self, aggregate: ValueSums) -> float | None:
        return aggregate.sum / aggregate.events / self.scale if aggregate.events else None

    def decided(self, sums: Sums) -> list[float | None]:
        ((events, totals),) = sums
        least, scale = max(1, self.min_events), self.scale
        return [total / count / scale if count >= least else None for count, total in zip(events, totals)]


@dataclass(frozen=True, kw_only=True)
class Max(ValueRule):
    """The largest value."""

    can_be_summed = False

    def value(self, aggregate: ValueSums) -> float | None:
        return aggregate.largest / self.scale if aggregate.events else None


def _seconds(value: float) -> str:
    return f"{value:.3g} s" if value >= 1 or not value else f"{1000 * value:.3g} ms"
