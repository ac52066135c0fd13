"""A rule at work: its value for each group, second by second, and the alerts of the groups that have one.

A `RuleEvaluator` looks again at a group only when something that matters to it has changed, or a deadline has come: between those the
value is the same, and so is what follows from it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from itertools import chain
from operator import ge, gt, le, lt
from typing import TYPE_CHECKING, Any, NamedTuple

from ..analyze.measures.keys import dump_key, load_key
from ..limits import STATES_MAX
from .contribution import Group
from .lifecycle import ActiveAlert
from .series import NEVER
from .state import AlertState
from .window import Window

if TYPE_CHECKING:  # a rule makes its evaluator
    from .rule import Rule

COMPARE_TO = {"above": lt, "at_least": le, "below": gt, "at_most": ge}
"""How a threshold compares with a value that is over it."""


class Transition(NamedTuple):
    """What has become of a group's alert: the state `became` begins, or a firing is suppressed no longer."""

    group: Group
    became: AlertState
    value: float
    alert: ActiveAlert


Observe = Callable[[Iterable[float]], None]
"""Takes values of a rule, of whichever group."""

NOTHING: list[Transition] = []
"""The transitions of nearly every second; never added to."""


class RuleEvaluator:
    """Evaluates one rule. A concrete class says what the value of a group is, and of which groups it may have changed."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.states: dict[Group, ActiveAlert] = {}
        """The alerts that are pending or firing."""
        self.refused = 0
        """Alerts that did not begin as too many were pending or firing."""
        self.first: int | None = None
        """The first event's second, or after a restart that from which on everything needed is known."""
        # When states change by themselves: earliest first, as all that are pending wait equally long, and all that are recovered.
        self._pending: OrderedDict[Group, int] = OrderedDict()
        self._recovered: OrderedDict[Group, int] = OrderedDict()
        self._observe: Observe | None = None
        self._over = partial(COMPARE_TO[rule.comparison], rule.threshold)

    def survey(self, observe: Observe) -> None:
        """From now on, pass all values on to `observe`, and have no alerts."""
        self._observe = observe

    def passes(self, stretch: range) -> bool:
        """Evaluate all seconds of `stretch` at once; False where there may be a transition, and they are to be evaluated one by one."""
        return False

    def count(self, time: int) -> None:
        """Second `time` had events, which are in the timeline."""

    def value(self, group: Group, time: int) -> float | None:
        """The measure now; None where there is none, or too little to decide by: then the state is unchanged."""
        raise NotImplementedError

    def changed(self, time: int) -> Collection[Group]:
        """The groups whose value may be another than when last asked."""
        raise NotImplementedError

    def groups(self) -> list[Group]:
        """The groups that are measured, those that matter most first."""
        raise NotImplementedError

    def undecided(self, group: Group, time: int) -> str:
        """Why a group has no value, in words."""
        return "no events"

    def inactive_because(self, group: Group) -> str:
        """Why a group has no alert whatever its value, in words; "" where the value decides."""
        return ""

    @property
    def forgotten(self) -> int:
        """Groups that were not measured because there were too many."""
        return 0

    def due(self) -> int:
        """The next second at which there may be a transition although no bucket comes."""
        return min((next(iter(waiting.values())) for waiting in (self._pending, self._recovered) if waiting), default=NEVER)

    def evaluate(self, time: int) -> list[Transition]:
        """The transitions of second `time`, by group."""
        groups = self.changed(time)
        if self._observe is not None:
            values = [self.value(group, time) for group in groups]
            self._observe([value for value in values if value is not None])
            return NOTHING
        if self._pending or self._recovered:
            groups = dict.fromkeys(chain(groups, self._at_deadline(time)))
        transitions: list[Transition] = []
        begun: list[tuple[Group, float]] = []
        for group in groups:
            value = self.value(group, time)
            if value is None:
                continue
            if (alert := self.states.get(group)) is not None:
                self._step(group, alert, time, value, transitions)
            elif self._over(value):
                begun.append((group, value))
        if not (begun or transitions):
            return transitions
        for group, value in self._admitted(begun):
            self.states[group] = ActiveAlert(time, value)
            self._step(group, self.states[group], time, value, transitions)
        return sorted(transitions, key=lambda transition: repr(transition.group)) if len(transitions) > 1 else transitions

    def _admitted(self, begun: list[tuple[Group, float]]) -> Sequence[tuple[Group, float]]:
        """Of the groups whose alerts are to begin, those that may: the worst, where they are too many."""
        room = STATES_MAX - len(self.states)
        if len(begun) <= room:
            return begun
        self.refused += len(begun) - room
        sign = -1 if self.rule.is_high else 1
        return sorted(begun, key=lambda item: (sign * item[1], repr(item[0])))[:room]

    def _step(self, group: Group, alert: ActiveAlert, time: int, value: float, transitions: list[Transition]) -> None:
        """Take `alert` to `time`, note its transition if there is one, and when its state changes by itself."""
        was_firing = alert.is_firing
        became = alert.step(self.rule, time, value)
        has_ended = became == AlertState.RESOLVED
        at = None if has_ended else alert.deadline(self.rule)
        for waiting, is_waiting in ((self._pending, not alert.is_firing), (self._recovered, alert.is_firing)):
            if not is_waiting or at is None:
                waiting.pop(group, None)
            else:
                waiting.setdefault(group, at)
        if has_ended:
            del self.states[group]
        if became is not None and (was_firing or not has_ended):
            transitions.append(Transition(group, became, value, alert))

    def _at_deadline(self, time: int) -> Iterable[Group]:
        """The groups whose deadline has come."""
        for waiting in (self._pending, self._recovered):
            while waiting and next(iter(waiting.values())) <= time:
                yield waiting.popitem(last=False)[0]

    def stats(self) -> dict[str, int]:
        """How much it holds."""
        return {"states": len(self.states), "deadlines": len(self._pending) + len(self._recovered)}

    def dump(self) -> dict[str, Any]:
        """What a restart needs, as JSON can hold it."""
        return {
            "states": [[dump_key(group), alert.dump()] for group, alert in self.states.items()],
            "refused": self.refused,
            "first": self.first,
        }

    def load(self, dumped: dict[str, Any]) -> None:
        """Be as it was when it was dumped; the rule's times and limits may be others now."""
        self.states = {load_key(group): ActiveAlert.load(alert) for group, alert in dumped["states"]}
        waiting = [(at, group) for group, alert in self.states.items() if (at := alert.deadline(self.rule)) is not None]
        for at, group in sorted(waiting, key=lambda item: item[0]):
            (self._recovered if self.states[group].is_firing else self._pending)[group] = at
        self.refused, self.first = dumped["refused"], dumped["first"]

    def resume(self, now: int, known: int) -> None:
        """Continue after second `now`, of which the last `known` seconds are held; after `load`, or instead of it for a new rule."""


class FillingEvaluator(RuleEvaluator):
    """Evaluates windows of which the longest looks back `reach` seconds; a rule may have to wait until that is full."""

    def __init__(self, rule: Rule, reach: int) -> None:
        super().__init__(rule)
        self._reach = reach
        self._waits = rule.waits
        self.is_full = False
        """Whether the windows have been filled since the first event."""
        self.is_resumed = False
        """Whether every group is to be evaluated, as the rule may be another than before the restart."""

    def becomes_full(self, time: int) -> bool:
        """Whether the windows are full from `time` on and were not before."""
        if self.is_full or self.first is None or time < self._full_at():
            return False
        self.is_full = True
        return True

    def filling(self, time: int) -> str:
        """When the windows are full, in words."""
        return "no events" if self.first is None else f"the window is full in {self._full_at() - time} s"

    def due(self) -> int:
        if self.is_resumed:
            return 0
        due = super().due()
        return due if self.is_full or not self._waits or self.first is None else min(due, self._full_at())

    def resume(self, now: int, known: int) -> None:
        if self.first is not None and known < self._reach:
            self.first = max(self.first, now - known + 1)
        self.is_full = self.first is not None and now >= self._full_at()
        self.is_resumed = True

    def _full_at(self) -> int:
        assert self.first is not None
        return self.first + self._reach - 1


class WindowEvaluator(FillingEvaluator):
    """Compares what a window amounts to; `earlier` are windows that the value is relative to, `group` the only one of interest."""

    def __init__(self, rule: Rule, window: Window, earlier: Sequence[Window] = (), group: Group = ()) -> None:
        windows = (window, *earlier)
        super().__init__(rule, max(each.delay + each.seconds for each in windows))
        self.window = window
        self.windows = windows
        self.group = group
        self.needed = rule.events_needed
        """Events without which no group can be over the threshold."""
        self._events_min = max(rule.min_events, self.needed)
        for each in windows:
            each.kept.add(group)
            each.evaluators.append(self)
            each.needed = min(evaluator.needed for evaluator in each.evaluators)
        self._value = rule.value

    def survey(self, observe: Observe) -> None:
        super().survey(observe)
        self.needed, self._events_min = 0, self.rule.min_events
        for window in self.windows:
            window.needed = 0

    def passes(self, stretch: range) -> bool:
        return len(self.windows) == 1 and not self.is_resumed and self.window.sleeps_until(stretch[-1])

    def value(self, group: Group, time: int) -> float | None:
        aggregate = self.window[group or self.group]
        if aggregate.events < self.rule.min_events or (self._waits and not self.is_full):
            return None
        return self._value(aggregate)

    def changed(self, time: int) -> Collection[Group]:
        if self.becomes_full(time) or self.is_resumed:
            self.is_resumed = False
            if not self.rule.by:
                return [()]
            return dict.fromkeys([*chain.from_iterable(window.groups for window in self.windows), *self.states])
        if not self.rule.by:
            return [()] if any([self.group in window.touched for window in self.windows]) else ()
        if len(self.windows) > 1:
            return set().union(*[window.touched for window in self.windows])
        # Most groups are neither near an alert nor in one: they are passed over here, where it costs least.
        groups, states, events_min = self.window.groups, self.states, self._events_min
        if not events_min:
            return self.window.touched
        return [g for g in self.window.touched if g in states or (g in groups and groups[g].events >= events_min)]

    def groups(self) -> list[Group]:
        groups = self.window.groups
        return sorted(groups, key=lambda group: (-groups[group].events, repr(group))) if self.rule.by else [()]

    def undecided(self, group: Group, time: int) -> str:
        if self._waits and not self.is_full:
            return self.filling(time)
        return self.rule.undecided([self.window[group or self.group].events])

    @property
    def forgotten(self) -> int:
        return self.window.forgotten
