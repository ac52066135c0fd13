"""A rule: what is measured of the traffic, what it is compared with, and when that is an alert.

`Rule` is what all rules have in common, as plain values. Each kind of measure is one class derived from it, in the package `kinds`:
it reads its own keys of the configuration, says in which unit its values are, what a second of the log contributes to them, and what
evaluates it. A rule never changes; equal rules evaluate equally.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import ge, gt, le, lt
from typing import TYPE_CHECKING, Any, ClassVar

from ..limits import WINDOW_SECONDS_MAX
from ..text import duration

if TYPE_CHECKING:  # what the built-in rule does not need is not imported for it: start-up counts
    from ..analyze.columns import Derived
    from ..config.table import Table
    from .condition import Conditions
    from .contribution import Contribution
    from .evaluator import RuleEvaluator
    from .timelines import Timelines

COMPARISONS: dict[str, Callable[[float, float], bool]] = {"above": gt, "at_least": ge, "below": lt, "at_most": le}
HIGH = ("above", "at_least")
"""Comparisons that alert on large values."""

BUILT_IN = "high_traffic"
"""The name of the alert that there is without any configured rule."""

Unit = Callable[[float], str]
"""Formats a value with its unit."""

Sums = Sequence[Sequence[Sequence[int]]]
"""By window, by number of a contribution: for each of many seconds, the sum over the window."""


def plain(value: float) -> str:
    """A number without a unit."""
    return f"{value:,.6g}"


@dataclass(frozen=True, kw_only=True)
class Rule(ABC):
    """One rule: `measure` is compared with `threshold`, in the way that `comparison` names. Times are seconds."""

    name: str
    measure: str
    threshold: float
    comparison: str = "above"
    recover: float | None = None
    """A firing alert resolves only on the healthy side of this; None: of the threshold."""
    window: int = 60
    field: str = ""
    """The field whose values are measured, for kinds that measure values."""
    where: Conditions = ()
    by: tuple[Derived, ...] = ()
    labels: tuple[str, ...] = ()
    """The names of the `by` columns."""
    min_events: int = 0
    for_seconds: int = 0
    keep_firing: int = 0
    severity: str = "warning"
    inhibited_by: tuple[str, ...] = ()
    dry_run: bool = False
    optional: bool = False
    description: str = ""

    allowed: ClassVar[tuple[str, ...]] = tuple(COMPARISONS)
    """Comparisons that make sense for this kind."""

    needs_full_window: ClassVar[bool] = False
    """Whether nothing is decided while the first window fills, as its values would be shares or means of little."""

    is_whole: ClassVar[bool] = False
    """Whether values are whole numbers, so that thresholds between two of them are all the same."""

    threshold_min: ClassVar[float] = 0.0
    threshold_max: ClassVar[float | None] = None

    has_attribution: ClassVar[bool] = True
    """Whether an alert says what changed in the traffic it counts."""

    can_be_summed: ClassVar[bool] = True
    """Whether values are made of the sums of what each second contributes, where that is numbers."""

    is_prefilterable: ClassVar[bool] = True
    """Whether conditions of equality may become groups of a shared contribution (see `contribution.prefiltered`)."""

    # What a kind implements.

    @classmethod
    def unit(cls, field: str) -> Unit:
        """Formats values of this kind, measured of `field`."""
        return plain

    @abstractmethod
    def contribution(self, where: Conditions, by: tuple[Derived, ...]) -> Contribution:
        """What a second of the log contributes to the value, of the events for which `where` holds, by the columns `by`."""

    def value(self, aggregate: Any) -> float | None:
        """The value of a window that amounts to `aggregate`; None where there is none."""
        raise NotImplementedError(f"{type(self).__name__} is evaluated without a window")

    @property
    def events_needed(self) -> int:
        """Events (or distinct values) without which a group cannot be over the threshold; 0 where there is no such bound."""
        return 0

    @property
    def spans(self) -> tuple[tuple[int, int], ...]:
        """The windows that it compares: of each the length, and how long ago it ended. The first is the one of now."""
        return ((self.window, 0),)

    def decided(self, sums: Sums) -> list[float | None]:
        """Values of many seconds at once, of a contribution of numbers: `sums` has by span, by number, a sum for each second.

        None where there is no value, or too little to decide by. It must agree with `value`.
        """
        raise NotImplementedError(f"{type(self).__name__} is not made of sums")

    def undecided(self, events: Sequence[int]) -> str:
        """Why nothing is decided with so many events in each of the windows, in words."""
        if events[0] < self.min_events:
            return f"{events[0]:,} events, min_events is {self.min_events:,}"
        return "no events in the window"

    def evaluator(self, timelines: Timelines) -> RuleEvaluator:
        """What evaluates the rule."""
        _, contribution = timelines.prefiltered(self)
        if self.by or not (self.can_be_summed and contribution.summable):
            return self.grouped_evaluator(timelines)
        from .plain import PlainEvaluator

        return PlainEvaluator(self, timelines.plain(self))

    def grouped_evaluator(self, timelines: Timelines) -> RuleEvaluator:
        """What evaluates the rule by group, second by second."""
        from .evaluator import WindowEvaluator

        group, contribution = timelines.prefiltered(self)
        return WindowEvaluator(self, timelines.window(contribution, self.window), group=group)

    # Reading.

    @classmethod
    def keys(cls, table: Table, common: Mapping[str, Any]) -> dict[str, Any]:
        """The fields that the keys of this kind give; `common` are those of every rule. `ConfigError` for what is impossible."""
        window = table.whole_seconds("window", 60, least=1, most=WINDOW_SECONDS_MAX)
        return {"window": window, "min_events": table.whole("min_events", 0), **cls.threshold_keys(table)}

    @classmethod
    def threshold_keys(cls, table: Table) -> dict[str, Any]:
        """Comparison, threshold and recovery."""
        comparison = comparison_of(table, cls.allowed)
        threshold = cls.level(table, comparison, comparison)
        found: dict[str, Any] = {"comparison": comparison, "threshold": threshold}
        table.knows("recover")
        if "recover" in table:
            recover = found["recover"] = cls.level(table, "recover", comparison)
            is_high = comparison in HIGH
            if recover > threshold if is_high else recover < threshold:
                side = "at most" if is_high else "at least"
                raise table.error("recover", f"must be on the healthy side: {side} {threshold:g}, not {recover:g}")
        return found

    @classmethod
    def level(cls, table: Table, key: str, comparison: str) -> float:
        """A value to compare with, which the measure can be on both sides of."""
        value: float = table.number(key, least=0)
        if value == 0 and comparison in ("at_least", "below"):
            raise table.error(key, "must be above 0: nothing is below it")
        cls.check_level(table, key, comparison, value)
        return value

    @classmethod
    def check_level(cls, table: Table, key: str, comparison: str, value: float) -> None:
        """Refuse values that this kind never has."""

    # What follows.

    @property
    def is_high(self) -> bool:
        """Whether large values are the bad ones."""
        return self.comparison in HIGH

    @property
    def waits(self) -> bool:
        """Whether nothing is decided before the window is full: what is still filling would look low too."""
        return self.needs_full_window or not self.is_high

    def is_over(self, value: float) -> bool:
        """Whether `value` is one to alert on."""
        return COMPARISONS[self.comparison](value, self.threshold)

    def is_recovered(self, value: float) -> bool:
        """Whether a firing alert has recovered at `value`."""
        return not COMPARISONS[self.comparison](value, self.threshold if self.recover is None else self.recover)

    def worse(self, one: float, other: float) -> float:
        """The worse of two values."""
        return max(one, other) if self.is_high else min(one, other)

    def amount(self, value: float) -> str:
        """A value with its unit."""
        return self.unit(self.field)(value)

    @property
    def measured(self) -> str:
        """The measure, and of which field: `p95 duration`."""
        return f"{self.measure} {self.field}" if self.field else self.measure

    @property
    def subject(self) -> str:
        """The measure, of which events."""
        return self.measured

    @property
    def period(self) -> str:
        """Over which time: `over 60 s`."""
        return f"over {self.window} s"

    @property
    def condition(self) -> str:
        """When it alerts, in words: `ratio of status 5xx by section above 5 % over 60 s`."""
        words = [self.subject]
        words += [f"where {' and '.join(map(str, self.where))}"] if self.where else []
        words += [f"by {', '.join(self.labels)}"] if self.labels else []
        words.append(f"{self.comparison.replace('_', ' ')} {self.amount(self.threshold)}")
        words += [self.period] if self.period else []
        return " ".join(words)

    @property
    def details(self) -> str:
        """Its other settings, in words."""
        words = [self.severity]
        words += [f"recovers at {self.amount(self.recover)}"] if self.recover is not None else []
        words += [f"for {duration(self.for_seconds)}"] if self.for_seconds else []
        words += [f"keeps firing {duration(self.keep_firing)}"] if self.keep_firing else []
        words += [f"min_events {self.min_events:,}"] if self.min_events else []
        words += self.more_details
        words += [f"inhibited by {', '.join(self.inhibited_by)}"] if self.inhibited_by else []
        words += ["dry run"] if self.dry_run else []
        return ", ".join(words)

    @property
    def more_details(self) -> list[str]:
        """Settings that only this kind has, in words."""
        return []


def comparison_of(table: Table, allowed: tuple[str, ...]) -> str:
    """Which of the comparisons the table gives: exactly one."""
    given = [key for key in COMPARISONS if key in table]
    if len(given) == 1 and given[0] not in allowed:
        raise table.error(given[0], f"does not fit: give one of {', '.join(allowed)}")
    if len(given) > 1:
        raise table.error(given[0], f"must be the only one of {', '.join(allowed)}")
    return table.one_of(*allowed)
