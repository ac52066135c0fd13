"""A rule at work: its value for each group, second by second, and the states of the groups that are not inactive.

A `Watch` looks again at a group only when something that matters to it has changed, or a deadline has come: between those the
value is the same, and so is what follows from it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from heapq import heapify, heappop, heappush, nlargest
from math import ceil
from typing import Any, NamedTuple

from ..analyze.measure import dump_key, load_key
from ..limits import GROUPS_MAX, STATES_MAX
from .feed import Deltas, Group
from .machine import FIRING, PENDING, RESOLVED, State, deadline, step
from .rule import COMPARE, Rule
from .window import HASHES, NEVER, Timeline, Window, value_of


class Transition(NamedTuple):
    """What has become of a group's alert: `phase` begins, or a firing that was held back is to be told after all."""

    group: Group
    phase: str
    value: float
    state: State


class Watch:
    """Watches one rule. A concrete class says what the value of a group is, and of which groups it may have changed."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.states: dict[Group, State] = {}
        self.refused = 0
        """Groups that were not watched as too many were pending or firing."""
        self.first: int | None = None
        """The first event's second."""
        self._deadlines: list[tuple[int, int]] = []
        self._waiting: dict[int, tuple[int, Group]] = {}
        self._number = 0
        compare, threshold = COMPARE[rule.comparison], rule.threshold
        self._over: Callable[[float], bool] = lambda value: compare(value, threshold)

    def count(self, time: int) -> None:
        """A second has been given to the timeline."""

    def value(self, group: Group, time: int) -> float | None:
        """The measure now; None where there is none, or too little to tell: then the state holds."""
        raise NotImplementedError

    def changed(self, time: int) -> Iterable[Group]:
        """The groups whose value may be another than when last asked."""
        raise NotImplementedError

    def groups(self) -> list[Group]:
        """The groups that are measured, those that matter most first."""
        raise NotImplementedError

    def due(self) -> int:
        """The next second at which there may be something to tell although no bucket comes."""
        return self._deadlines[0][0] if self._deadlines else NEVER

    def evaluate(self, time: int) -> list[Transition]:
        """What there is to tell of second `time`."""
        groups = self.changed(time)
        if not groups and (not self._deadlines or self._deadlines[0][0] > time):
            return []
        transitions: list[Transition] = []
        if self._deadlines and self._deadlines[0][0] <= time:
            groups = dict.fromkeys([*groups, *self._at_deadline(time)])
        states, over = self.states, self._over
        for group in groups:
            state = states.get(group)
            value = self.value(group, time)
            if value is None or (state is None and not over(value)):
                continue
            if state is None:
                if len(states) >= STATES_MAX:
                    self.refused += 1
                    continue
                state = states[group] = State(time, value)
            fired = state.phase == FIRING
            phase = step(state, self.rule, time, value)
            if phase == RESOLVED:
                del states[group]
                if fired:
                    transitions.append(Transition(group, RESOLVED, value, state))
                continue
            if phase is not None:
                transitions.append(Transition(group, phase, value, state))
            at = deadline(state, self.rule)
            if at is not None and at > time and time in (state.active_at, state.recovered_at):  # it has just been set
                heappush(self._deadlines, (at, self._remember(at, group)))
        if len(transitions) > 1:  # in an order that does not depend on how the log was read
            transitions.sort(key=lambda transition: repr(transition.group))
        return transitions

    def _remember(self, at: int, group: Group) -> int:
        self._number += 1
        self._waiting[self._number] = at, group
        return self._number

    def _at_deadline(self, time: int) -> Iterable[Group]:
        """The groups whose deadline has come."""
        while self._deadlines and self._deadlines[0][0] <= time:
            _, group = self._waiting.pop(heappop(self._deadlines)[1])
            if group in self.states:
                yield group

    def dump(self) -> dict[str, Any]:
        """What a restart needs, as JSON can hold it."""
        return {
            "states": [[dump_key(group), state.dump()] for group, state in self.states.items()],
            "deadlines": [[at, dump_key(group)] for at, group in self._waiting.values()],
            "refused": self.refused,
            "first": self.first,
        }

    def load(self, dumped: dict[str, Any]) -> None:
        """Be as it was when it was dumped."""
        self.states = {load_key(group): State.load(state) for group, state in dumped["states"]}
        self._deadlines = [(at, self._remember(at, load_key(group))) for at, group in dumped["deadlines"]]
        heapify(self._deadlines)
        self.refused, self.first = dumped["refused"], dumped["first"]


class WindowWatch(Watch):
    """Compares what a window amounts to."""

    def __init__(self, rule: Rule, window: Window, pins: Group = ()) -> None:
        super().__init__(rule)
        self.window = window
        window.kept.add(pins)
        self._pins = pins
        self._value = value_of(rule.measure, rule.quantile, rule.window, rule.field)
        self._waits = rule.waits
        self._is_full = False
        self.least = _least(rule)
        self._events_min = max(rule.min_events, self.least)
        window.watches.append(self)
        window.least = min(watch.least for watch in window.watches)

    def events(self, group: Group) -> int:
        """How many events the value is made of."""
        return self.window[group or self._pins].events

    def value(self, group: Group, time: int) -> float | None:
        total = self.window[group or self._pins]
        if total.events < self.rule.min_events or (self._waits and not self._is_full):
            return None
        value: float | None = self._value(total)
        return value

    def changed(self, time: int) -> Iterable[Group]:
        by = self.rule.by
        if not self._is_full and self.first is not None and time >= self._full_at():
            self._is_full = True
            return [*self.window.groups, *(g for g in self.states if g not in self.window.groups)] if by else ((),)
        if not by:
            return ((),) if self._pins in self.window.touched else ()
        # Most groups are neither near an alert nor in one: they are passed over here, where it costs least.
        groups, states, events_min = self.window.groups, self.states, self._events_min
        return [g for g in self.window.touched if g in states or (g in groups and groups[g].events >= events_min)]

    def groups(self) -> list[Group]:
        totals = self.window.groups
        return sorted(totals, key=lambda group: (-totals[group].events, repr(group))) if self.rule.by else [()]

    def filling(self, time: int) -> int:
        """In how many seconds the window is full, for a rule that waits for that."""
        return 0 if self._is_full or not self.rule.waits or self.first is None else self._full_at() - time

    def due(self) -> int:
        due = super().due()
        return due if self._is_full or not self.rule.waits or self.first is None else min(due, self._full_at())

    def _full_at(self) -> int:
        assert self.first is not None
        return self.first + self.rule.window - 1

    def load(self, dumped: dict[str, Any]) -> None:
        super().load(dumped)
        self._is_full = dumped["is_full"]

    def dump(self) -> dict[str, Any]:
        return super().dump() | {"is_full": self._is_full}


class ChangeWatch(WindowWatch):
    """Compares the window with earlier ones: how many times their mean it is."""

    def __init__(self, rule: Rule, window: Window, earlier: list[Window], pins: Group = ()) -> None:
        super().__init__(rule, window, pins)
        self._earlier = earlier
        for needed in (window, *earlier):
            needed.least = 0
            needed.watches.append(self)

    def value(self, group: Group, time: int) -> float | None:
        group = group or self._pins
        before = sum(window[group].events for window in self._earlier)
        now = self.window[group].events
        if not self._is_full or not before or before < self.rule.min_before * len(self._earlier) or now < self.rule.min_events:
            return None
        return now * len(self._earlier) / before

    def changed(self, time: int) -> Iterable[Group]:
        changed = set(super().changed(time))
        for window in self._earlier:
            changed |= window.touched if self.rule.by else {()} if self._pins in window.touched else set()
        return changed

    def _full_at(self) -> int:
        return super()._full_at() + self._earlier[-1].delay


class NewWatch(WindowWatch):
    """Finds groups among the top ones of the window that have never been there: the value is their hits, 0 below the top."""

    def __init__(self, rule: Rule, window: Window) -> None:
        super().__init__(rule, window)
        window.least = 0
        self._known: OrderedDict[Group, None] = OrderedDict()
        self._top: set[Group] = set()

    def value(self, group: Group, time: int) -> float | None:
        return self.window[group].events if group in self._top else 0

    def changed(self, time: int) -> Iterable[Group]:
        if not self.window.touched and self._is_full:
            return ()
        groups = self.window.groups
        top = nlargest(self.rule.top, groups, key=lambda group: (groups[group].events, group))
        is_learning = self.first is None or time < self._full_at()
        self._is_full = not is_learning
        self._top = set(top)
        fresh = [] if is_learning else [group for group in top if group not in self._known]
        for group in top:
            if is_learning or group in self._known or self.rule.is_over(groups[group].events):
                self._known[group] = None
                self._known.move_to_end(group)
        while len(self._known) > GROUPS_MAX:
            self._known.popitem(last=False)
        return [*fresh, *(group for group in self.states if group not in fresh)]

    def dump(self) -> dict[str, Any]:
        return super().dump() | {"known": [dump_key(group) for group in self._known]}

    def load(self, dumped: dict[str, Any]) -> None:
        super().load(dumped)
        self._known = OrderedDict.fromkeys(map(load_key, dumped["known"]))


def _least(rule: Rule) -> int:
    """Events, or distinct values, without which a group cannot be over the threshold of `rule`; 0 where there is no such bound."""
    if not rule.is_high or rule.measure not in ("count", "rate", "distinct"):
        return 0
    return max(0, int(rule.threshold * (rule.window if rule.measure == "rate" else 1)) - 1)


class SilenceWatch(Watch):
    """Waits for groups that have had events to have none: the value is the seconds since the last."""

    def __init__(self, rule: Rule, timeline: Timeline) -> None:
        super().__init__(rule)
        self._timeline = timeline
        self._heard: OrderedDict[Group, int] = OrderedDict()  # the one that has been silent for longest comes first
        self._silent: dict[Group, int] = {}
        self._fresh: Deltas = {}
        self._limit = int(rule.threshold) + (rule.comparison == "above" or rule.threshold % 1 > 0)

    def count(self, time: int) -> None:
        self._fresh = self._timeline.last
        for group in self._fresh:
            self._silent.pop(group, None)
            self._heard[group] = time
            self._heard.move_to_end(group)
        while len(self._heard) > GROUPS_MAX:
            self._heard.popitem(last=False)

    def value(self, group: Group, time: int) -> float | None:
        last = self._silent[group] if group in self._silent else self._heard.get(group)
        return None if last is None else time - last

    def changed(self, time: int) -> Iterable[Group]:
        groups = [group for group in self._fresh if group in self.states]
        self._fresh = {}
        while self._heard and (last := next(iter(self._heard.values()))) + self._limit <= time:
            group, _ = self._heard.popitem(last=False)
            if len(self._silent) < STATES_MAX:
                self._silent[group] = last
            groups.append(group)
        return groups

    def groups(self) -> list[Group]:
        return [*self._silent, *self._heard]

    def due(self) -> int:
        return min(super().due(), next(iter(self._heard.values())) + self._limit if self._heard else NEVER)

    def dump(self) -> dict[str, Any]:
        seconds = {"heard": self._heard, "silent": self._silent}
        return super().dump() | {name: [[dump_key(g), last] for g, last in of.items()] for name, of in seconds.items()}

    def load(self, dumped: dict[str, Any]) -> None:
        super().load(dumped)
        self._heard = OrderedDict((load_key(group), last) for group, last in dumped["heard"])
        self._silent = {load_key(group): last for group, last in dumped["silent"]}


class BucketWatch(Watch):
    """A leaky bucket for each group: each event pours one in, one leaks every `leak` seconds; the value is what is in it.

    With a field, only values of it are poured in that this bucket has not seen since it was last empty. What is in a bucket is
    held as the time at which it will be empty; it holds at most twice its capacity, so that whoever stops is soon forgotten.
    """

    def __init__(self, rule: Rule, timeline: Timeline) -> None:
        super().__init__(rule)
        self._timeline = timeline
        self._empty_at: dict[Group, float] = {}
        self._seen: dict[Group, set[int]] = {}
        self._fresh: Deltas = {}
        self._most = 2 * rule.threshold * rule.leak
        self._swept = 0

    def count(self, time: int) -> None:
        self._fresh = self._timeline.last
        if time >= self._swept + 60 or len(self._empty_at) > GROUPS_MAX:
            self._sweep(time)
        for group, delta in self._fresh.items():
            empty_at = self._empty_at.get(group, 0.0)
            if empty_at <= time:
                empty_at = float(time)
                self._seen.pop(group, None)
            poured = delta if isinstance(delta, int) else self._unseen(group, delta)
            self._empty_at[group] = min(empty_at + poured * self.rule.leak, time + self._most)

    def _unseen(self, group: Group, values: dict[tuple[bytes | None], int]) -> int:
        seen = self._seen.setdefault(group, set())
        fresh = {HASHES[value] for value, in values} - seen
        if len(seen) <= 4 * self.rule.threshold:
            seen |= fresh
        return len(fresh)

    def _sweep(self, time: int) -> None:
        self._swept = time
        kept = {group: at for group, at in self._empty_at.items() if at > time}
        if len(kept) > GROUPS_MAX:
            kept = dict(sorted(kept.items(), key=lambda item: (-item[1], repr(item[0])))[: GROUPS_MAX // 2])
        self._empty_at = kept
        self._seen = {group: seen for group, seen in self._seen.items() if group in kept}

    def value(self, group: Group, time: int) -> float | None:
        return max(0.0, self._empty_at.get(group, 0.0) - time) / self.rule.leak

    def changed(self, time: int) -> Iterable[Group]:
        fresh, self._fresh = self._fresh, {}
        return [*fresh, *(group for group in self.states if group not in fresh)]

    def groups(self) -> list[Group]:
        return sorted(self._empty_at, key=lambda group: (-self._empty_at[group], repr(group)))

    def due(self) -> int:
        due = super().due()
        for group, state in self.states.items():
            if state.phase == FIRING and state.recovered_at is None:
                due = min(due, ceil(self._empty_at.get(group, 0.0) - self.rule.threshold * self.rule.leak))
        return due

    def dump(self) -> dict[str, Any]:
        levels = [[dump_key(group), at] for group, at in self._empty_at.items()]
        return super().dump() | {"levels": levels, "seen": [[dump_key(group), list(s)] for group, s in self._seen.items()]}

    def load(self, dumped: dict[str, Any]) -> None:
        super().load(dumped)
        self._empty_at = {load_key(group): at for group, at in dumped["levels"]}
        self._seen = {load_key(group): set(seen) for group, seen in dumped["seen"]}
