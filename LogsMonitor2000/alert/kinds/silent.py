"""Rules on silence: groups that have had events and now have none."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from ...analyze.columns import Derived
from ...analyze.measures.keys import dump_key, load_key
from ...config.table import Table
from ...limits import GROUPS_MAX, STATES_MAX, WINDOW_SECONDS_MAX
from ...text import duration
from ..condition import Conditions
from ..contribution import Deltas, Group
from ..evaluator import RuleEvaluator
from ..rule import Rule, Unit, comparison_of
from ..series import NEVER
from ..timeline import Timeline
from ..timelines import Timelines
from .events import Events


@dataclass(frozen=True, kw_only=True)
class Silent(Rule):
    """Seconds since the last event."""

    window: int = 1

    allowed = ("at_least", "above")
    is_whole = True
    threshold_min = 1.0
    has_attribution = False
    can_be_summed = False
    is_prefilterable = False

    @classmethod
    def unit(cls, field: str) -> Unit:
        return lambda value: duration(int(value))

    @classmethod
    def keys(cls, table: Table, common: Mapping[str, Any]) -> dict[str, Any]:
        comparison = comparison_of(table, cls.allowed)
        threshold = table.seconds(comparison, least=1, most=WINDOW_SECONDS_MAX)
        return {"comparison": comparison, "threshold": threshold}

    def contribution(self, where: Conditions, by: tuple[Derived, ...]) -> Events:
        return Events(where, by)

    def grouped_evaluator(self, timelines: Timelines) -> SilenceEvaluator:
        _, contribution = timelines.prefiltered(self)
        return SilenceEvaluator(self, timelines.timeline(contribution))

    @property
    def period(self) -> str:
        return ""


class SilenceEvaluator(RuleEvaluator):
    """Waits for groups that have had events to have none."""

    def __init__(self, rule: Rule, timeline: Timeline) -> None:
        super().__init__(rule)
        self._timeline = timeline
        self._heard: OrderedDict[Group, int] = OrderedDict()  # the one that has been silent for longest comes first
        self._silent: dict[Group, int] = {}
        self._fresh: Deltas = {}
        self._is_resumed = False
        self._limit = int(rule.threshold) + (rule.comparison == "above" or rule.threshold % 1 > 0)

    def passes(self, stretch: range) -> bool:
        if self._observe is not None:
            for time in self._timeline.latest:
                self.count(time)
            return True
        if self.states or self._is_resumed or self._silent:
            return False
        heard, seconds = self._heard, self._timeline.latest
        if self.rule.by:
            # Whatever comes in between, no group is silent for longer than since the oldest of all times.
            oldest = next(iter(heard.values()), None)
            ends = [stretch[0] if oldest is None else oldest, stretch[-1]]
        else:
            ends = [*heard.values(), *[time for time, deltas in seconds.items() if deltas], stretch[-1]]
        if any(later - earlier >= self._limit for earlier, later in pairwise(ends)):
            return False
        for time in seconds:
            self.count(time)
        self._fresh = {}
        return True

    def count(self, time: int) -> None:
        self._fresh = self._timeline.latest.get(time, {})
        for group in self._fresh:
            last = self._silent.pop(group, self._heard.get(group))
            if self._observe is not None and last is not None:
                self._observe([time - last])
            if last is not None and (alert := self.states.get(group)) is not None:
                alert.peak = max(alert.peak, time - 1 - last)  # it has grown by the second since it was evaluated
            self._heard[group] = time
            self._heard.move_to_end(group)
        while len(self._heard) > GROUPS_MAX:
            self._heard.popitem(last=False)

    def value(self, group: Group, time: int) -> float | None:
        last = self._silent.get(group, self._heard.get(group))
        return None if last is None else time - last

    def changed(self, time: int) -> Collection[Group]:
        if self._observe is not None:  # a silence is measured when it ends
            return ()
        groups = [*self.states] if self._is_resumed else [group for group in self._fresh if group in self.states]
        self._fresh, self._is_resumed = {}, False
        while self._heard and (last := next(iter(self._heard.values()))) + self._limit <= time:
            group, _ = self._heard.popitem(last=False)
            if group in self.states or len(self._silent) < STATES_MAX:
                self._silent[group] = last
                groups.append(group)
            else:
                self.refused += 1
        return groups

    def groups(self) -> list[Group]:
        return [*self._silent, *self._heard]

    def due(self) -> int:
        if self._observe is not None:
            return NEVER
        if self._is_resumed:
            return 0
        return min(super().due(), next(iter(self._heard.values())) + self._limit if self._heard else NEVER)

    def stats(self) -> dict[str, int]:
        return super().stats() | {"heard": len(self._heard), "silent": len(self._silent)}

    def dump(self) -> dict[str, Any]:
        heard = sorted([*self._silent.items(), *self._heard.items()], key=lambda item: item[1])
        return super().dump() | {"heard": [[dump_key(group), last] for group, last in heard]}

    def load(self, dumped: dict[str, Any]) -> None:
        super().load(dumped)
        self._heard = OrderedDict((load_key(group), last) for group, last in dumped["heard"])

    def resume(self, now: int, known: int) -> None:
        self._is_resumed = True
