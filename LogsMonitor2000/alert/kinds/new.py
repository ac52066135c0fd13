"""Rules on what has never been there before: groups that are new among the heaviest."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from heapq import nlargest, nsmallest
from typing import Any

from ...analyze.columns import Derived
from ...analyze.measures.keys import dump_key, load_key
from ...config.table import Table
from ...limits import GROUPS_MAX, WINDOW_SECONDS_MAX
from ..condition import Conditions
from ..contribution import Group
from ..evaluator import WindowEvaluator
from ..rule import COMPARISONS, Rule
from ..timelines import Timelines
from ..window import Window
from .events import Events


@dataclass(frozen=True, kw_only=True)
class New(Rule):
    """The events of a group that is among the `top` of the window and was never before; 0 for one that is not among them."""

    top: int = 10

    allowed = ("above", "at_least")
    is_whole = True
    has_attribution = False
    can_be_summed = False
    is_prefilterable = False

    @classmethod
    def keys(cls, table: Table, common: Mapping[str, Any]) -> dict[str, Any]:
        window = table.whole_seconds("window", 60, least=1, most=WINDOW_SECONDS_MAX)
        table.knows("recover", *cls.allowed)
        has_threshold = any(key in table for key in COMPARISONS)
        found = cls.threshold_keys(table) if has_threshold else {"comparison": "at_least", "threshold": 1.0}
        top = table.whole("top", 10, least=1, most=1000)
        if not common["by"]:
            raise table.error("by", "is missing: it says what is to be new, such as by = ['path']")
        return {"window": window, "top": top, **found}

    def contribution(self, where: Conditions, by: tuple[Derived, ...]) -> Events:
        return Events(where, by)

    def grouped_evaluator(self, timelines: Timelines) -> NewEvaluator:
        _, contribution = timelines.prefiltered(self)
        return NewEvaluator(self, timelines.window(contribution, self.window))


class NewEvaluator(WindowEvaluator):
    """Finds groups among the top ones of the window that have never been there."""

    rule: New

    def __init__(self, rule: New, window: Window) -> None:
        super().__init__(rule, window)
        # What has been in the top, the latest last; None before there was a window.
        self._known: OrderedDict[Group, None] | None = None
        self._top: dict[Group, None] = {}
        has_missing = any(column.field in ("size", "duration") for column in rule.by)  # which nothing can be compared with
        self._name: Callable[[Group], str] | None = repr if has_missing else None

    def value(self, group: Group, time: int) -> float | None:
        return self.window[group].events if group in self._top else 0

    def changed(self, time: int) -> Collection[Group]:
        became_full = self.becomes_full(time)
        if not (self.window.touched or became_full or self.is_resumed):
            return ()
        self.is_resumed = False
        if self._known is None:
            self._known = OrderedDict()
        self._find_top()
        groups, known = self.window.groups, self._known
        fresh = [group for group in self._top if group not in known] if self.is_full else []
        for group in self._top:
            if not self.is_full or group in known or self.rule.is_over(groups[group].events):
                known[group] = None
                known.move_to_end(group)
        while len(known) > GROUPS_MAX:
            known.popitem(last=False)
        return [*fresh, *self.states]

    def inactive_because(self, group: Group) -> str:
        return "not new"

    def _find_top(self) -> None:
        """The groups with the most events; of those with as many, the first by name."""
        counts = [(aggregate.events, group) for group, aggregate in self.window.groups.items() if aggregate.events]
        least = min(nlargest(self.rule.top, (count for count, _ in counts)), default=0)
        heavier = sorted((group for count, group in counts if count > least), key=repr)
        as_heavy = (group for count, group in counts if count == least)
        self._top = dict.fromkeys([*heavier, *nsmallest(self.rule.top - len(heavier), as_heavy, key=self._name)])

    def stats(self) -> dict[str, int]:
        return super().stats() | {"known": len(self._known or ())}

    def dump(self) -> dict[str, Any]:
        return super().dump() | {"known": None if self._known is None else [dump_key(group) for group in self._known]}

    def load(self, dumped: dict[str, Any]) -> None:
        super().load(dumped)
        self._known = None if dumped["known"] is None else OrderedDict.fromkeys(map(load_key, dumped["known"]))

    def resume(self, now: int, known: int) -> None:
        super().resume(now, 0 if self._known is None else known)  # one that has learned nothing yet begins to
        self._find_top()
