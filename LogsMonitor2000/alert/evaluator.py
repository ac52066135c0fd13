"""A rule at work: its value for each group, second by second, and the states of the groups that are not inactive.

A `Watch` looks again at a group only when something that matters to it has changed, or a deadline has come: between those the
value is the same, and so is what follows from it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from heapq import nlargest, nsmallest
from itertools import chain
from operator import ge, gt, le, lt
from typing import Any, NamedTuple

from ..analyze.measure import dump_key, load_key
from ..limits import GROUPS_MAX, STATES_MAX
from .aggregate import value_of
from .contribution import Group
from .lifecycle import ActiveAlert
from .rule import Rule
from .state import AlertState
from .window import NEVER, Window

COMPARE_TO = {"above": lt, "at_least": le, "below": gt, "at_most": ge}
"""How a threshold compares with a value that is over it."""


class Transition(NamedTuple):
    """What has become of a group's alert: the state `became` begins, or a firing is suppressed no longer."""

    group: Group
    became: AlertState
    value: float
    state: ActiveAlert


NOTHING: list[Transition] = []
"""What there is to tell nearly always; nobody adds to it."""


class Watch:
    """Watches one rule. A concrete class says what the value of a group is, and of which groups it may have changed."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.states: dict[Group, ActiveAlert] = {}
        self.refused = 0
        """Groups that were not watched as too many were pending or firing."""
        self.first: int | None = None
        """The first event's second, or that from which on a run that was restarted knows all it needs."""
        # When states change by themselves: earliest first, as all that are pending wait equally long, and all that are recovered.
        self._pending: OrderedDict[Group, int] = OrderedDict()
        self._over = partial(COMPARE_TO[rule.comparison], rule.threshold)
        self._recovered: OrderedDict[Group, int] = OrderedDict()

    def count(self, time: int) -> None:
        """A second has been given to the timeline."""

    def value(self, group: Group, time: int) -> float | None:
        """The measure now; None where there is none, or too little to tell: then the state holds."""
        raise NotImplementedError

    def changed(self, time: int) -> Collection[Group]:
        """The groups whose value may be another than when last asked."""
        raise NotImplementedError

    def groups(self) -> list[Group]:
        """The groups that are measured, those that matter most first."""
        raise NotImplementedError

    def due(self) -> int:
        """The next second at which there may be something to tell although no bucket comes."""
        return min((next(iter(waiting.values())) for waiting in (self._pending, self._recovered) if waiting), default=NEVER)

    def evaluate(self, time: int) -> list[Transition]:
        """What there is to tell of second `time`, by group."""
        groups = self.changed(time)
        if self._pending or self._recovered:
            groups = dict.fromkeys(chain(groups, self._at_deadline(time)))
        transitions: list[Transition] = []
        begun: list[tuple[Group, float]] = []
        for group in groups:
            value = self.value(group, time)
            if value is None:
                continue
            if (state := self.states.get(group)) is not None:
                self._step(group, state, time, value, transitions)
            elif self._over(value):
                begun.append((group, value))
        if not (begun or transitions):
            return transitions
        for group, value in self._admitted(begun):
            self.states[group] = ActiveAlert(time, value)
            self._step(group, self.states[group], time, value, transitions)
        return sorted(transitions, key=lambda transition: repr(transition.group)) if len(transitions) > 1 else transitions

    def _admitted(self, begun: list[tuple[Group, float]]) -> Sequence[tuple[Group, float]]:
        """Of the groups that are to have a state, those that may: the worst, where they are too many."""
        room = STATES_MAX - len(self.states)
        if len(begun) <= room:
            return begun
        self.refused += len(begun) - room
        sign = -1 if self.rule.is_high else 1
        return sorted(begun, key=lambda item: (sign * item[1], repr(item[0])))[:room]

    def _step(self, group: Group, state: ActiveAlert, time: int, value: float, transitions: list[Transition]) -> None:
        """Take `state` on to `time`, and note what there is to tell of it, and when it changes next."""
        fired = state.is_firing
        became = state.step(self.rule, time, value)
        at = None if became == AlertState.RESOLVED else state.deadline(self.rule)
        for waiting, is_waiting in ((self._pending, not state.is_firing), (self._recovered, state.is_firing)):
            if not is_waiting or at is None:
                waiting.pop(group, None)
            else:
                waiting.setdefault(group, at)
        if became == AlertState.RESOLVED:
            del self.states[group]
        if became is not None and (fired or became != AlertState.RESOLVED):
            transitions.append(Transition(group, became, value, state))

    def _at_deadline(self, time: int) -> Iterable[Group]:
        """The groups whose deadline has come."""
        for waiting in (self._pending, self._recovered):
            while waiting and next(iter(waiting.values())) <= time:
                yield waiting.popitem(last=False)[0]

    def dump(self) -> dict[str, Any]:
        """What a restart needs, as JSON can hold it."""
        return {
            "states": [[dump_key(group), state.dump()] for group, state in self.states.items()],
            "refused": self.refused,
            "first": self.first,
        }

    def load(self, dumped: dict[str, Any]) -> None:
        """Be as it was when it was dumped; the rule's times and limits may be others now."""
        self.states = {load_key(group): ActiveAlert.load(state) for group, state in dumped["states"]}
        waiting = [(at, group) for group, state in self.states.items() if (at := state.deadline(self.rule)) is not None]
        for at, group in sorted(waiting, key=lambda item: item[0]):
            (self._recovered if self.states[group].is_firing else self._pending)[group] = at
        self.refused, self.first = dumped["refused"], dumped["first"]

    def resume(self, now: int, known: int) -> None:
        """Go on behind second `now`, of which `known` seconds are held; called behind `load`, or instead of it for a new rule."""


class WindowWatch(Watch):
    """Compares what a window amounts to."""

    def __init__(self, rule: Rule, window: Window, earlier: Sequence[Window] = (), pins: Group = ()) -> None:
        super().__init__(rule)
        self.window = window
        self._windows = (window, *earlier)
        self._pins = pins
        self._is_plain = not (rule.by or earlier)
        self.least = _least(rule)
        self._events_min = max(rule.min_events, self.least)
        for each in self._windows:
            each.kept.add(pins)
            each.watches.append(self)
            each.least = min(watch.least for watch in each.watches)
        self._reach = max(each.delay + each.seconds for each in self._windows)
        self._value = value_of(rule.measure, rule.quantile, rule.window, rule.field)
        self._waits = rule.waits
        self._is_full = False
        self._is_resumed = False  # every group is to be looked at, as the rule may be another

    def evaluate(self, time: int) -> list[Transition]:
        # A rule without groups is nearly always inactive and not over: then this is all there is to look at.
        if self._is_plain and not (self.states or self._is_resumed) and (self._is_full or not self._waits):
            window = self.window
            if self._pins not in window.touched:
                return NOTHING
            total = window[self._pins]
            if total.events < self._events_min or (value := self._value(total)) is None or not self._over(value):
                return NOTHING
        return super().evaluate(time)

    def value(self, group: Group, time: int) -> float | None:
        total = self.window[group or self._pins]
        if total.events < self.rule.min_events or (self._waits and not self._is_full):
            return None
        value: float | None = self._value(total)
        return value

    def changed(self, time: int) -> Collection[Group]:
        if self._becomes_full(time) or self._is_resumed:
            self._is_resumed = False
            if not self.rule.by:
                return [()]
            return dict.fromkeys([*chain.from_iterable(window.groups for window in self._windows), *self.states])
        if not self.rule.by:
            return [()] if any([self._pins in window.touched for window in self._windows]) else ()
        if len(self._windows) > 1:
            return set().union(*[window.touched for window in self._windows])
        # Most groups are neither near an alert nor in one: they are passed over here, where it costs least.
        groups, states, events_min = self.window.groups, self.states, self._events_min
        if not events_min:
            return self.window.touched
        return [g for g in self.window.touched if g in states or (g in groups and groups[g].events >= events_min)]

    def events(self, group: Group) -> int:
        """How many events the value is made of."""
        return self.window[group or self._pins].events

    def _becomes_full(self, time: int) -> bool:
        if self._is_full or self.first is None or time < self._full_at():
            return False
        self._is_full = True
        return True

    def groups(self) -> list[Group]:
        totals = self.window.groups
        return sorted(totals, key=lambda group: (-totals[group].events, repr(group))) if self.rule.by else [()]

    def filling(self, time: int) -> int:
        """In how many seconds the window is full, for a rule that waits for that."""
        return 0 if self._is_full or not self.rule.waits or self.first is None else self._full_at() - time

    def due(self) -> int:
        due = super().due()
        if self._is_resumed:
            return 0
        return due if self._is_full or not self.rule.waits or self.first is None else min(due, self._full_at())

    def _full_at(self) -> int:
        assert self.first is not None
        return self.first + self._reach - 1

    def resume(self, now: int, known: int) -> None:
        if self.first is not None and known < self._reach:
            self.first = max(self.first, now - known + 1)
        self._is_full = self.first is not None and now >= self._full_at()
        self._is_resumed = True


class ChangeWatch(WindowWatch):
    """Compares the window with earlier ones: how many times their mean it is."""

    def value(self, group: Group, time: int) -> float | None:
        group = group or self._pins
        earlier = self._windows[1:]
        before = sum(window[group].events for window in earlier)
        now = self.window[group].events
        if not self._is_full or not before or before < self.rule.min_before * len(earlier) or now < self.rule.min_events:
            return None
        return now * len(earlier) / before


class NewWatch(WindowWatch):
    """Finds groups among the top ones of the window that have never been there: the value is their hits, 0 below the top."""

    def __init__(self, rule: Rule, window: Window) -> None:
        super().__init__(rule, window)
        self._known: OrderedDict[Group, None] | None = (
            None  # what has been in the top, the latest last; None before there was a window
        )
        self._top: dict[Group, None] = {}
        has_missing = any(column.field in ("size", "duration") for column in rule.by)  # which nothing can be compared with
        self._name: Callable[[Group], str] | None = repr if has_missing else None

    def value(self, group: Group, time: int) -> float | None:
        return self.window[group].events if group in self._top else 0

    def changed(self, time: int) -> Collection[Group]:
        became_full = self._becomes_full(time)
        if not (self.window.touched or became_full or self._is_resumed):
            return ()
        self._is_resumed = False
        if self._known is None:
            self._known = OrderedDict()
        self._find_top()
        groups, known = self.window.groups, self._known
        fresh = [group for group in self._top if group not in known] if self._is_full else []
        for group in self._top:
            if not self._is_full or group in known or self.rule.is_over(groups[group].events):
                known[group] = None
                known.move_to_end(group)
        while len(known) > GROUPS_MAX:
            known.popitem(last=False)
        return [*fresh, *self.states]

    def _find_top(self) -> None:
        """The groups with the most events; of those with as many, the first by name."""
        counts = [(total.events, group) for group, total in self.window.groups.items() if total.events]
        least = min(nlargest(self.rule.top, (count for count, _ in counts)), default=0)
        heavier = sorted((group for count, group in counts if count > least), key=repr)
        as_heavy = (group for count, group in counts if count == least)
        self._top = dict.fromkeys([*heavier, *nsmallest(self.rule.top - len(heavier), as_heavy, key=self._name)])

    def dump(self) -> dict[str, Any]:
        return super().dump() | {"known": None if self._known is None else [dump_key(group) for group in self._known]}

    def load(self, dumped: dict[str, Any]) -> None:
        super().load(dumped)
        self._known = None if dumped["known"] is None else OrderedDict.fromkeys(map(load_key, dumped["known"]))

    def resume(self, now: int, known: int) -> None:
        super().resume(now, 0 if self._known is None else known)  # one that has learned nothing yet begins to
        self._find_top()


def _least(rule: Rule) -> int:
    """Events, or distinct values, without which a group cannot be over the threshold of `rule`; 0 where there is no such bound."""
    if not rule.is_high or rule.measure not in ("count", "rate", "distinct"):
        return 0
    return max(0, int(rule.threshold * (rule.window if rule.measure == "rate" else 1)) - 1)
