"""Rules on single clients: a leaky bucket for each, as CrowdSec has them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from ...analyze.columns import MICRO, Derived
from ...analyze.measures.keys import dump_key, load_key
from ...config.table import Table
from ...limits import GROUPS_MAX, WINDOW_SECONDS_MAX
from ...parse.base import FIELDS
from ..condition import Conditions
from ..contribution import Contribution, Deltas, Group
from ..evaluator import RuleEvaluator
from ..rule import Rule
from ..series import NEVER
from ..timeline import Timeline
from ..timelines import Timelines
from .distinct import HASHES, DistinctValues, ValueCounts
from .events import Events

CAPACITY_MAX = 100_000
SWEEP_SECONDS = 60
"""How often buckets that are empty are forgotten."""


@dataclass(frozen=True, kw_only=True)
class LeakyBucket(Rule):
    """Events in a bucket for each group, out of which one leaks every `leak` seconds; it overflows above its capacity, the threshold.

    With a field, only values of it are poured in that this bucket has not seen since it was last empty.
    """

    leak: float
    window: int = 1
    keep_firing: int = 300
    dry_run: bool = True

    is_whole = True
    threshold_min = 1.0
    has_attribution = False
    can_be_summed = False
    is_prefilterable = False

    @classmethod
    def keys(cls, table: Table, common: Mapping[str, Any]) -> dict[str, Any]:
        capacity = table.whole("capacity", least=1, most=CAPACITY_MAX)
        leak = table.seconds("leak", least=0.001, most=WINDOW_SECONDS_MAX)
        distinct = table.text("distinct", "", choices=FIELDS)
        if not common["by"]:
            raise table.error("by", "is missing: a leaky bucket is one for each client, such as by = ['source']")
        return {"threshold": capacity, "leak": leak, "field": distinct}

    def contribution(self, where: Conditions, by: tuple[Derived, ...]) -> Contribution:
        return DistinctValues(where, by, self.field) if self.field else Events(where, by)

    def grouped_evaluator(self, timelines: Timelines) -> BucketEvaluator:
        _, contribution = timelines.prefiltered(self)
        return BucketEvaluator(self, timelines.timeline(contribution))

    @property
    def period(self) -> str:
        return f"leaking one every {self.leak:g} s"


class BucketEvaluator(RuleEvaluator):
    """Fills the buckets. What is in one is held as the time at which it will be empty, in whole microseconds.

    A bucket holds at most twice its capacity, so that a group that stops is soon forgotten.
    """

    def __init__(self, rule: LeakyBucket, timeline: Timeline) -> None:
        super().__init__(rule)
        self._timeline = timeline
        self._empty_at: dict[Group, int] = {}
        self._seen: dict[Group, set[int]] = {}
        self._fresh: Deltas = {}
        self._leak = round(rule.leak * MICRO)
        self._capacity = int(rule.threshold) * self._leak
        self._swept = 0

    def count(self, time: int) -> None:
        self._fresh = self._timeline.latest.get(time, {})
        now = time * MICRO
        if time >= self._swept + SWEEP_SECONDS or len(self._empty_at) > GROUPS_MAX:
            self._sweep(time)
        for group, delta in self._fresh.items():
            empty_at = self._empty_at.get(group, now)
            if empty_at <= now:
                empty_at = now
                self._seen.pop(group, None)
            poured = delta if isinstance(delta, int) else self._unseen(group, delta)
            self._empty_at[group] = min(empty_at + poured * self._leak, now + 2 * self._capacity)

    def _unseen(self, group: Group, values: ValueCounts) -> int:
        seen = self._seen.setdefault(group, set())
        fresh = {HASHES[value] for value, in values} - seen
        if len(seen) <= 4 * self.rule.threshold:
            seen |= fresh
        return len(fresh)

    def _sweep(self, time: int) -> None:
        self._swept = time
        kept = {group: at for group, at in self._empty_at.items() if at > time * MICRO}
        if len(kept) > GROUPS_MAX:
            kept = dict(sorted(kept.items(), key=lambda item: (-item[1], repr(item[0])))[: GROUPS_MAX // 2])
        self._empty_at = kept
        self._seen = {group: seen for group, seen in self._seen.items() if group in kept}

    def value(self, group: Group, time: int) -> float | None:
        return max(0, self._empty_at.get(group, 0) - time * MICRO) / self._leak

    def changed(self, time: int) -> Collection[Group]:
        fresh, self._fresh = self._fresh, {}
        return [*fresh, *self.states]

    def groups(self) -> list[Group]:
        return sorted(self._empty_at, key=lambda group: (-self._empty_at[group], repr(group)))

    def due(self) -> int:
        """When the first of the buckets has leaked to its capacity, at the latest: nothing but time does that."""
        leaking = [self._empty_at.get(group, 0) for group, alert in self.states.items() if alert.recovered_at is None]
        return min(super().due(), -((self._capacity - min(leaking)) // MICRO) if leaking else NEVER)

    def stats(self) -> dict[str, int]:
        return super().stats() | {"buckets": len(self._empty_at), "seen": len(self._seen)}

    def dump(self) -> dict[str, Any]:
        levels = [[dump_key(group), at] for group, at in self._empty_at.items()]
        return super().dump() | {"levels": levels, "seen": [[dump_key(group), list(s)] for group, s in self._seen.items()]}

    def load(self, dumped: dict[str, Any]) -> None:
        super().load(dumped)
        self._empty_at = {load_key(group): at for group, at in dumped["levels"]}
        self._seen = {load_key(group): set(seen) for group, seen in dumped["seen"]}
