"""Rules on sudden change: how many times the events of earlier windows this window has. `spike` alerts on many, `drop` on few."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...analyze.derived import Derived
from ...config.table import Table
from ...limits import WINDOW_SECONDS_MAX
from ...text import duration
from ..condition import Conditions
from ..contribution import Group
from ..evaluator import WindowEvaluator
from ..rule import Rule, Unit
from ..window import Timelines
from .events import Events

WINDOWS_MAX = 28
"""Earlier windows that one may be compared with: four weeks of days."""


@dataclass(frozen=True, kw_only=True)
class Change(Rule):
    """Events of the window, divided by the mean of `windows` earlier ones, each `against` seconds (or a window) before the next."""

    min_before: int = 0
    against: int = 0
    windows: int = 1

    @classmethod
    def unit(cls, field: str) -> Unit:
        return lambda value: f"{value:.3g} times"

    @classmethod
    def keys(cls, table: Table, common: Mapping[str, Any]) -> dict[str, Any]:
        found = super().keys(table, common)
        found["min_before"] = table.whole("min_before", 0)
        found["against"] = table.whole_seconds("against", 0, most=WINDOW_SECONDS_MAX)
        found["windows"] = table.whole("windows", 1, least=1, most=WINDOWS_MAX)
        back = (found["against"] or found["window"]) * found["windows"]
        if back > 4 * WINDOW_SECONDS_MAX:
            raise table.error("windows", f"must not go back further than {4 * WINDOW_SECONDS_MAX:,} s, not {back:,}")
        return found

    def contribution(self, where: Conditions, by: tuple[Derived, ...]) -> Events:
        return Events(where, by)

    def evaluator(self, timelines: Timelines) -> ChangeEvaluator:
        group, contribution = timelines.prefiltered(self)
        delay = self.against or self.window
        window, *earlier = [timelines.window(contribution, self.window, delay * number) for number in range(self.windows + 1)]
        return ChangeEvaluator(self, window, earlier, group)

    @property
    def period(self) -> str:
        before = f"the same time {duration(self.against)} before" if self.against else "the window before"
        return f"{super().period} against {before}" + (f", and so {self.windows} times" if self.windows > 1 else "")

    @property
    def more_details(self) -> list[str]:
        return [f"min_before {self.min_before:,}"] if self.min_before else []


@dataclass(frozen=True, kw_only=True)
class Spike(Change):
    """Many more events than before."""

    allowed = ("above", "at_least")
    needs_full_window = True


@dataclass(frozen=True, kw_only=True)
class Drop(Change):
    """Far fewer events than before."""

    allowed = ("below", "at_most")


class ChangeEvaluator(WindowEvaluator):
    """Compares the window with earlier ones."""

    rule: Change

    def value(self, group: Group, time: int) -> float | None:
        before, now = self._before(group), self.window[group or self.group].events
        windows = self.rule.windows
        if not self.is_full or not before or before < self.rule.min_before * windows or now < self.rule.min_events:
            return None
        return now * windows / before

    def undecided(self, group: Group, time: int) -> str:
        events = self.window[group or self.group].events
        if not self.is_full or events < self.rule.min_events:
            return super().undecided(group, time)
        before, least = self._before(group), self.rule.min_before
        return f"{before:,} events before" + (f", min_before is {least:,}" if least else "")

    def _before(self, group: Group) -> int:
        return sum(window[group or self.group].events for window in self.windows[1:])
