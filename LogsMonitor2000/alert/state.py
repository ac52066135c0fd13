"""The state machine of an alert: inactive → pending → firing → inactive, by the exact second.

As in Prometheus: the first second at which the condition holds begins `pending`; the alert fires at the first evaluation that is
`for` seconds later; one evaluation at which it does not hold before that ends it silently. While it fires, it is over at the first
evaluation at which it is recovered, or where `keep_firing` is given, once it has been recovered for that long.
"""

from __future__ import annotations

from typing import Any

from .rule import Rule

PENDING, FIRING, RESOLVED = "pending", "firing", "resolved"


class State:
    """An alert that is not inactive. `told` says that its firing was told and not held back; `held` why it was not."""

    __slots__ = ("phase", "active_at", "started", "peak", "recovered_at", "told", "held")

    def __init__(self, time: int, value: float) -> None:
        self.phase = PENDING
        self.active_at = time
        self.started = time
        self.peak = value
        self.recovered_at: int | None = None
        self.told = False
        self.held = ""

    def dump(self) -> list[Any]:
        return [getattr(self, name) for name in self.__slots__]

    @classmethod
    def load(cls, dumped: list[Any]) -> State:
        state = cls(0, 0)
        for name, value in zip(cls.__slots__, dumped, strict=True):
            setattr(state, name, value)
        return state


def step(state: State, rule: Rule, time: int, value: float) -> str | None:
    """Take note of the `value` at `time`; returns the phase that begins, RESOLVED for one that is over, or None.

    A state that is no longer pending although it has not fired is RESOLVED without having been FIRING.
    """
    if state.phase == PENDING:
        if not rule.is_over(value):
            return RESOLVED
        state.peak = rule.worse(state.peak, value)
        if time - state.active_at >= rule.for_seconds:
            state.phase, state.started, state.peak = FIRING, time, value
            return FIRING
        return PENDING if time == state.active_at else None
    state.peak = rule.worse(state.peak, value)
    if not rule.is_recovered(value):
        state.recovered_at = None
        return None
    if state.recovered_at is None:
        state.recovered_at = time
    return RESOLVED if time - state.recovered_at >= rule.keep_firing else None


def deadline(state: State, rule: Rule) -> int | None:
    """The second at which the state changes if nothing else does."""
    if state.phase == PENDING:
        return state.active_at + rule.for_seconds
    return None if state.recovered_at is None else state.recovered_at + rule.keep_firing
