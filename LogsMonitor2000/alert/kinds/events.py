"""Rules on how many events there are: `count` in the window, `rate` a second."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from ..contribution import Contribution, Deltas, Group, Placement, as_groups
from ..rule import Rule, Sums, Unit

if TYPE_CHECKING:
    from ...analyze.bucket import Bucket
    from ...analyze.columns import Derived
    from ...analyze.measures.base import Measure
    from ..condition import Conditions


class EventCount:
    """How many events a group has in a window."""

    __slots__ = ("since", "events")

    def __init__(self) -> None:
        self.since = self.events = 0

    def add(self, time: int, delta: int) -> None:
        self.events += delta

    def remove(self, time: int, delta: int) -> None:
        self.events -= delta


@dataclass(frozen=True)
class Events(Contribution):
    """A number of events. A second with no columns to look at needs no more of a bucket than its hits."""

    name: ClassVar[str] = "events"
    aggregate = EventCount
    is_tallied = True
    summable = 1

    @property
    def measure(self) -> Measure | None:
        return self.tally() if self.columns else None

    def deltas(self, bucket: Bucket, state: Any, placement: Placement) -> Deltas:
        if state is None:
            return {(): bucket.hits} if bucket.hits else {}
        if placement.is_identity:  # a closed bucket never changes
            groups = without_other(state)
            return groups if len(self.by) > 1 else as_groups(groups)
        events: dict[Group, int] = {}
        for place, count in zip(map(placement.__getitem__, state), state.values()):
            if place is not None:
                events[place[0]] = events.get(place[0], 0) + count
        return events

    def merged(self, one: int, other: int) -> int:
        return one + other

    def plain(self, hits: list[int], states: Sequence[Any]) -> list[list[int]]:
        return [hits]

    def largest(self, deltas: Deltas) -> int:
        largest: int = max(deltas.values())
        return largest


def without_other(counts: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """A tally without what it has forgotten the keys of."""
    from ...analyze.measures.keys import OTHER

    return {key: count for key, count in counts.items() if key != OTHER} if OTHER in counts else counts


@dataclass(frozen=True, kw_only=True)
class Count(Rule):
    """How many events the window has."""

    is_whole = True

    def contribution(self, where: Conditions, by: tuple[Derived, ...]) -> Events:
        return Events(where, by)

    def value(self, aggregate: EventCount) -> float | None:
        return aggregate.events

    def decided(self, sums: Sums) -> list[float | None]:
        ((events,),) = sums
        return [*events] if not self.min_events else [n if n >= self.min_events else None for n in events]

    @property
    def events_needed(self) -> int:
        return max(0, int(self.threshold) - 1) if self.is_high else 0


@dataclass(frozen=True, kw_only=True)
class Rate(Rule):
    """Events a second: those of the window, divided by the whole of it from the first second on, so that it never over-estimates."""

    @classmethod
    def unit(cls, field: str) -> Unit:
        return lambda value: f"{value:,.2f} hits/s"

    def contribution(self, where: Conditions, by: tuple[Derived, ...]) -> Events:
        return Events(where, by)

    def value(self, aggregate: EventCount) -> float | None:
        return aggregate.events / self.window

    def decided(self, sums: Sums) -> list[float | None]:
        ((events,),) = sums
        window, least = self.window, self.min_events
        return [n / window for n in events] if not least else [n / window if n >= least else None for n in events]

    @property
    def events_needed(self) -> int:
        return max(0, int(self.threshold * self.window) - 1) if self.is_high else 0
