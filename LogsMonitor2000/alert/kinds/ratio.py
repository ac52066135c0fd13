"""Rules on shares: of events that satisfy a condition (`ratio`), and of lines that could not be parsed (`unparsed`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import add
from typing import Any, ClassVar

from ...analyze.bucket import Bucket
from ...analyze.columns import Derived
from ...analyze.measures.base import Measure
from ...analyze.measures.unparsed import UNPARSED
from ...config.table import Table
from ..condition import Conditions, read_conditions
from ..contribution import Contribution, Deltas, Group, Placement
from ..rule import Rule, Sums, Unit


class Share:
    """Events of a group in a window, and those of them that match."""

    __slots__ = ("since", "events", "matching")

    def __init__(self) -> None:
        self.since = self.events = self.matching = 0

    def add(self, time: int, delta: tuple[int, int]) -> None:
        self.events += delta[0]
        self.matching += delta[1]

    def remove(self, time: int, delta: tuple[int, int]) -> None:
        self.events -= delta[0]
        self.matching -= delta[1]


@dataclass(frozen=True)
class Shares(Contribution):
    """A number of events, and how many of them satisfy `of`."""

    of: Conditions = ()

    name: ClassVar[str] = "shares"
    aggregate = Share
    is_tallied = True
    summable = 2

    @property
    def measure(self) -> Measure:
        return self.tally()

    def deltas(self, bucket: Bucket, state: Any, placement: Placement) -> Deltas:
        events: dict[Group, int] = {}
        matching: dict[Group, int] = {}
        for place, count in zip(map(placement.__getitem__, state), state.values()):
            if place is not None:
                group, matches = place
                events[group] = events.get(group, 0) + count
                if matches:
                    matching[group] = matching.get(group, 0) + count
        get = matching.get
        return {group: (count, get(group, 0)) for group, count in events.items()}

    def merged(self, one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
        return one[0] + other[0], one[1] + other[1]

    def counts_in(self, matches: bool) -> Sequence[int]:
        return (0, 1) if matches else (0,)


@dataclass(frozen=True)
class UnparsedLines(Contribution):
    """A number of lines, and how many of them could not be parsed."""

    name: ClassVar[str] = "unparsed"
    aggregate = Share
    summable = 2

    @property
    def measure(self) -> Measure:
        return UNPARSED

    def deltas(self, bucket: Bucket, state: int, placement: Placement) -> Deltas:
        return {(): (bucket.hits + state, state)} if bucket.hits or state else {}

    def merged(self, one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
        return one[0] + other[0], one[1] + other[1]

    def plain(self, hits: list[int], states: Sequence[int]) -> list[list[int]]:
        return [list(map(add, hits, states)), [*states]]


class ShareRule(Rule):
    """What both have in common: values from 0 to 1, shown as percentages."""

    needs_full_window = True
    threshold_max = 1.0

    @classmethod
    def unit(cls, field: str) -> Unit:
        return lambda value: f"{100 * value:.4g} %"

    @classmethod
    def check_level(cls, table: Table, key: str, comparison: str, value: float) -> None:
        if value > 1:
            raise table.error(key, f"must be a share between 0 and 1, not {value:g}: 5 % is 0.05")
        if value == 1 and comparison in ("above", "at_most"):
            raise table.error(key, "must be below 1: no share is above it")

    def value(self, aggregate: Share) -> float | None:
        return aggregate.matching / aggregate.events if aggregate.events else None

    def decided(self, sums: Sums) -> list[float | None]:
        ((events, matching),) = sums
        least = max(1, self.min_events)
        return [found / count if count >= least else None for count, found in zip(events, matching)]


@dataclass(frozen=True, kw_only=True)
class Ratio(ShareRule):
    """The share of events that satisfy `of`."""

    of: Conditions = ()

    @classmethod
    def keys(cls, table: Table, common: Mapping[str, Any]) -> dict[str, Any]:
        of = read_conditions(table.table("of", None))
        if not of:
            raise table.error("of", "is missing: a ratio is the share of these")
        return super().keys(table, common) | {"of": of}

    def contribution(self, where: Conditions, by: tuple[Derived, ...]) -> Shares:
        return Shares(where, by, self.of)

    @property
    def subject(self) -> str:
        return f"{self.measure} of {' and '.join(map(str, self.of))}"


@dataclass(frozen=True, kw_only=True)
class Unparsed(ShareRule):
    """The share of lines that could not be parsed."""

    has_attribution = False

    @classmethod
    def keys(cls, table: Table, common: Mapping[str, Any]) -> dict[str, Any]:
        for key in ("where", "by"):
            if common[key]:
                raise table.error(key, "does not go with unparsed: a line that could not be parsed has no fields")
        return super().keys(table, common)

    def contribution(self, where: Conditions, by: tuple[Derived, ...]) -> UnparsedLines:
        return UnparsedLines()
