"""Rules on sudden change: how many times the events of earlier windows this window has. `spike` alerts on many, `drop` on few."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...analyze.columns import Derived
from ...config.table import Table
from ...limits import WINDOW_SECONDS_MAX
from ...text import duration
from ..condition import Conditions
from ..contribution import Group
from ..evaluator import WindowEvaluator
from ..rule import Rule, Sums, Unit
from ..timelines import Timelines
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

    @property
    def spans(self) -> tuple[tuple[int, int], ...]:
        delay = self.against or self.window
        return tuple((self.window, delay * number) for number in range(self.windows + 1))

    def decided(self, sums: Sums) -> list[float | None]:
        (now,), *earlier = sums
        before = earlier[0][0] if len(earlier) == 1 else list(map(sum, zip(*(events for (events,) in earlier))))
        windows, least, least_before = self.windows, self.min_events, max(1, self.min_before * self.windows)
        return [n * windows / b if b >= least_before and n >= least else None for n, b in zip(now, before)]

    def undecided(self, events: Sequence[int]) -> str:
        now, *before = events
        if now < self.min_events:
            return super().undecided(events)
        return f"{sum(before):,} events before" + (f", min_before is {self.min_before:,}" if self.min_before else "")

    def grouped_evaluator(self, timelines: Timelines) -> ChangeEvaluator:
        _, contribution = timelines.prefiltered(self)
        window, *earlier = [timelines.window(contribution, *span) for span in self.spans]
        return ChangeEvaluator(self, window, earlier)

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
        return self.rule.decided([[[window[group].events]] for window in self.windows])[0] if self.is_full else None

    def undecided(self, group: Group, time: int) -> str:
        return self.rule.undecided([window[group].events for window in self.windows]) if self.is_full else self.filling(time)
