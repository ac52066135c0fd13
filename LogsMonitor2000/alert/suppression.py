"""Which alerts are shown but not sent, and why: dry runs, mutes, and inhibition by other alerts.

A firing that is suppressed is remembered until nothing suppresses it any longer; then it is emitted again, as one to send.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from .contribution import Group
from .evaluator import RuleEvaluator, Transition
from .rule import Rule
from .series import NEVER
from .state import AlertState

if TYPE_CHECKING:
    from .mute import Mute

MUTED = "muted"


class Suppression:
    """Decides for the alerts of `evaluators`, by the name of their rule."""

    def __init__(self, evaluators: Mapping[str, RuleEvaluator], mutes: Sequence[Mute]) -> None:
        self._evaluators = evaluators
        self._mutes = tuple(mutes)
        self._places = {name: place for place, name in enumerate(evaluators)}
        self._waiting: dict[tuple[str, Group], None] = {}  # firing, but suppressed so far
        self._is_resumed = False
        self._is_muted = False  # whether a firing waits for a mute to end

    @property
    def is_waiting(self) -> bool:
        """Whether a firing is suppressed that may be so no longer."""
        return bool(self._waiting)

    def due(self, now: int) -> int:
        """The next second after `now` at which a firing may be suppressed no longer although there is no transition."""
        return min(mute.next_end(now) for mute in self._mutes) if self._is_muted and self._mutes else NEVER

    def is_due(self, time: int) -> bool:
        """Whether a firing may be suppressed no longer at `time` although there is no transition."""
        # What inhibits ends with a transition, what mutes with a minute; and a restart may have changed either.
        is_due = bool(self._waiting) and (time % 60 == 0 or self._is_resumed)
        self._is_resumed = False
        return is_due

    def judge(self, rule: Rule, transition: Transition, time: int) -> str:
        """Why the alert of `transition` is suppressed; "" when it is not. It is noted on the alert."""
        group, alert = transition.group, transition.alert
        if transition.became == AlertState.RESOLVED:
            self._waiting.pop((rule.name, group), None)
            return "" if alert.notified else alert.suppressed
        alert.suppressed = self.reason(rule, group, time)
        if transition.became == AlertState.FIRING:
            alert.notified = not alert.suppressed
            if alert.suppressed and not rule.dry_run:
                self._waiting[rule.name, group] = None
        return alert.suppressed

    def released(self, time: int) -> Iterator[tuple[Rule, Transition]]:
        """The firings that nothing suppresses any longer, by rule, then by group."""
        alerts = {key: self._evaluators[key[0]].states[key[1]] for key in self._waiting}
        for (name, group), alert in alerts.items():
            alert.suppressed = self.reason(self._evaluators[name].rule, group, time)
        self._is_muted = any(alert.suppressed.startswith(MUTED) for alert in alerts.values())
        free = [key for key, alert in alerts.items() if not alert.suppressed]
        for name, group in sorted(free, key=lambda key: (self._places[key[0]], repr(key[1]))):
            evaluator, alert = self._evaluators[name], alerts[name, group]
            del self._waiting[name, group]
            alert.notified = True
            if (value := evaluator.value(group, time)) is not None:
                alert.peak = evaluator.rule.worse(alert.peak, value)
            yield evaluator.rule, Transition(group, AlertState.FIRING, alert.peak if value is None else value, alert)

    def resume(self) -> None:
        """Take note of the alerts that a restart has brought back."""
        for name, evaluator in self._evaluators.items():
            for group, alert in evaluator.states.items():
                if alert.is_firing and not alert.notified and not evaluator.rule.dry_run:
                    self._waiting[name, group] = None
        self._is_resumed = True
        self._is_muted = bool(self._waiting)  # as far as is known before the next evaluation

    def reason(self, rule: Rule, group: Group, time: int) -> str:
        """Why an alert of `rule` is suppressed at `time`; "" when it is not."""
        if rule.dry_run:
            return "dry run"
        for mute in self._mutes:
            if mute.covers(rule.name, time):
                return f"{MUTED}: {mute.name}"
        for name in rule.inhibited_by:
            if (source := self._evaluators.get(name)) is not None and _inhibits(source, rule, group):
                return f"inhibited by {name}"
        return ""


def _inhibits(source: RuleEvaluator, rule: Rule, group: Group) -> bool:
    """Whether a group of `source` fires whose labels are those of `group`, as far as both have them."""
    labels = dict(zip(rule.labels, group))
    shared = [(index, labels[label]) for index, label in enumerate(source.rule.labels) if label in labels]
    return any(
        alert.is_firing and all(firing[index] == part for index, part in shared) for firing, alert in source.states.items()
    )
