"""The life of one alert of a rule, by the exact second: inactive → pending → firing → resolved, which is inactive again.

As in Prometheus: the first second at which the condition holds begins `pending`; the alert fires at the first evaluation that is
`for` seconds later; one evaluation before that at which the condition does not hold ends it unreported. A firing alert resolves at
the first evaluation at which it is recovered, or where `keep_firing` is given, once it has been recovered for that long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .state import AlertState

if TYPE_CHECKING:  # a rule makes its evaluator
    from .rule import Rule


class ActiveAlert:
    """An alert that is pending or firing.

    `notified` says that its firing was emitted unsuppressed; `suppressed` why it was not, "" when it was.
    """

    __slots__ = ("state", "active_at", "started", "peak", "recovered_at", "notified", "suppressed")

    def __init__(self, time: int, value: float) -> None:
        self.state: str = AlertState.PENDING
        self.active_at = time
        self.started = time
        self.peak = value
        self.recovered_at: int | None = None
        self.notified = False
        self.suppressed = ""

    @property
    def is_firing(self) -> bool:
        return self.state == AlertState.FIRING

    def step(self, rule: Rule, time: int, value: float) -> AlertState | None:
        """Evaluate the `value` at `time`; returns the state that begins, RESOLVED for an alert that has ended, or None.

        A pending alert that ends is RESOLVED without having been FIRING.
        """
        if not self.is_firing:
            if not rule.is_over(value):
                return AlertState.RESOLVED
            self.peak = rule.worse(self.peak, value)
            if time - self.active_at >= rule.for_seconds:
                self.state, self.started, self.peak = AlertState.FIRING, time, value
                return AlertState.FIRING
            return AlertState.PENDING if time == self.active_at else None
        self.peak = rule.worse(self.peak, value)
        if not rule.is_recovered(value):
            self.recovered_at = None
            return None
        if self.recovered_at is None:
            self.recovered_at = time
        return AlertState.RESOLVED if time - self.recovered_at >= rule.keep_firing else None

    def deadline(self, rule: Rule) -> int | None:
        """The second at which the state changes if the value does not."""
        if not self.is_firing:
            return self.active_at + rule.for_seconds
        return None if self.recovered_at is None else self.recovered_at + rule.keep_firing

    def dump(self) -> list[Any]:
        """Its attributes, as JSON can hold them."""
        return [getattr(self, name) for name in self.__slots__]

    @classmethod
    def load(cls, dumped: list[Any]) -> ActiveAlert:
        """The alert that was dumped."""
        alert = cls(0, 0)
        for name, value in zip(cls.__slots__, dumped, strict=True):
            setattr(alert, name, value)
        return alert
