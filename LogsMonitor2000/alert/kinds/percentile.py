"""Rules on percentiles of a numeric field: `p50`, `p95`, `p99.9`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import ceil
from typing import Any, ClassVar

from ...analyze.bucket import Bucket
from ...analyze.columns import Bin, Derived, middle
from ...analyze.measures.base import Measure
from ...analyze.measures.keys import OTHER
from ..condition import Conditions
from ..contribution import Contribution, Deltas, Group, Placement, as_groups
from .amounts import ValueRule


class Bins:
    """Values of a group in a window, by their logarithmic bin."""

    __slots__ = ("since", "events", "counts")

    def __init__(self) -> None:
        self.since = self.events = 0
        self.counts: dict[int, int] = {}

    def add(self, time: int, delta: dict[int, int]) -> None:
        for number, count in delta.items():
            self.counts[number] = self.counts.get(number, 0) + count
            self.events += count

    def remove(self, time: int, delta: dict[int, int]) -> None:
        for number, count in delta.items():
            left = self.counts[number] - count
            self.events -= count
            if left:
                self.counts[number] = left
            else:
                del self.counts[number]

    def quantile(self, share: float) -> float:
        """The value that `share` of the values do not exceed, by nearest rank, within the relative error of a bin."""
        rank = max(1, ceil(share * self.events - 1e-9))
        for number in sorted(self.counts):
            rank -= self.counts[number]
            if rank <= 0:
                break
        return middle(number)


@dataclass(frozen=True)
class BinnedValues(Contribution):
    """How many values of `field` are in each bin; values that are missing are in none."""

    field: str = ""

    name: ClassVar[str] = "bins"
    aggregate = Bins

    @property
    def measure(self) -> Measure:
        return self.tally(Bin(self.field))

    def deltas(self, bucket: Bucket, state: Any, placement: Placement) -> Deltas:
        deltas: dict[Group, dict[int, int]] = {}
        for key, count in (state if self.columns else as_groups(state)).items():
            place = None if key == OTHER or key[-1] in (None, OTHER) else placement[key[:-1]]
            if place is not None:
                bins = deltas.setdefault(place[0], {})
                bins[key[-1]] = bins.get(key[-1], 0) + count
        return deltas

    def merged(self, one: dict[int, int], other: dict[int, int]) -> dict[int, int]:
        return {number: one.get(number, 0) + other.get(number, 0) for number in one.keys() | other.keys()}

    def weight(self, delta: dict[int, int]) -> int:
        return sum(delta.values())


@dataclass(frozen=True, kw_only=True)
class Percentile(ValueRule):
    """The value that the named share of the values do not exceed."""

    needs_full_window = True

    @cached_property
    def share(self) -> float:
        """From 0 to 1."""
        return float(self.measure[1:]) / 100

    def contribution(self, where: Conditions, by: tuple[Derived, ...]) -> BinnedValues:
        return BinnedValues(where, by, self.field)

    def value(self, aggregate: Bins) -> float | None:
        return aggregate.quantile(self.share) if aggregate.events else None
