"""Rules without groups on what can be summed: they are evaluated for a stretch of seconds at once.

Most rules are inactive through most stretches, or fire through all of one. Both show in the extreme of their values, and then there
are no transitions; only where there may be one is the rule evaluated second by second.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from .contribution import Group
from .evaluator import NOTHING, FillingEvaluator, Transition
from .series import Series

if TYPE_CHECKING:  # a rule makes its evaluator
    from .rule import Rule


class PlainEvaluator(FillingEvaluator):
    """Evaluates a rule on the sums of `columns`, each over all of the windows that the rule compares."""

    def __init__(self, rule: Rule, columns: Sequence[Series]) -> None:
        super().__init__(rule, max(seconds + delay for seconds, delay in rule.spans))
        self._columns = tuple(columns)
        self._spans = rule.spans
        self._decided = rule.decided
        self.highest: tuple[float, int] | None = None
        """The largest value so far, and the first second that had it."""

    def passes(self, stretch: range) -> bool:
        values = self._values(stretch)
        decided: Sequence[Any] = [value for value in values if value is not None] if None in values else values
        if decided and (self.highest is None or max(decided) > self.highest[0]):
            self.highest = max(decided), stretch[values.index(max(decided))]
        if self._observe is not None:
            self._observe(decided)
            self.becomes_full(stretch[-1])
            return True
        alert, rule = self.states.get(()), self.rule
        if alert is not None and (not alert.is_firing or alert.recovered_at is not None):
            return False
        if decided:
            worst, best = max(decided), min(decided)
            if not rule.is_high:
                worst, best = best, worst
            if self._over(worst) if alert is None else rule.is_recovered(best):
                return False
            if alert is not None:
                alert.peak = rule.worse(alert.peak, worst)
        self.becomes_full(stretch[-1])
        self.is_resumed = False
        return True

    def _values(self, stretch: range) -> list[float | None]:
        """The value at each second, None where nothing is decided."""
        values = self._decided([[column.over(stretch, *span) for column in self._columns] for span in self._spans])
        if self._waits and not self.is_full:
            full_at = stretch.stop if self.first is None else self._full_at()
            values = [value if second >= full_at else None for second, value in zip(stretch, values)]
        return values

    def evaluate(self, time: int) -> list[Transition]:
        self.becomes_full(time)
        self.is_resumed = False
        if not (self.states or self._observe):  # nearly always
            value = self.value((), time)
            if value is None or not self._over(value):
                return NOTHING
        return super().evaluate(time)

    def value(self, group: Group, time: int) -> float | None:
        if self._waits and (self.first is None or time < self._full_at()):
            return None
        return self._decided([[[column.at(time, *span)] for column in self._columns] for span in self._spans])[0]

    def changed(self, time: int) -> Collection[Group]:
        return [()]

    def groups(self) -> list[Group]:
        return [()]

    def undecided(self, group: Group, time: int) -> str:
        if self._waits and (self.first is None or time < self._full_at()):
            return self.filling(time)
        return self.rule.undecided([self._columns[0].at(time, *span) for span in self._spans])

    def load(self, dumped: dict[str, Any]) -> None:
        super().load(dumped)
        self.highest = None if dumped["highest"] is None else tuple(dumped["highest"])

    def dump(self) -> dict[str, Any]:
        return super().dump() | {"highest": self.highest}
