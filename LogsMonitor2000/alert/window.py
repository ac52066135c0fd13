"""Sliding windows over timelines: what enters at one end and leaves at the other, by group, and what that amounts to.

A `Timeline` is held once, however many windows look at it; a `Window` is two places in it. What can be added to a window can be
removed from it, exactly, so nothing is summed again.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection
from typing import Any

from ..limits import GROUPS_MAX
from .contribution import Aggregate, Group
from .series import NEVER
from .timeline import Timeline


class Window:
    """The `seconds` up to `delay` seconds ago. `groups` is what they amount to, by group; `touched` the groups changed last.

    Where no rule can fire on a group with less than `needed`, the window sleeps while none has as much: then it only adds up the most that
    one group had of each second, which no group's sum exceeds, and knows no groups. With many clients that is nearly always.
    """

    def __init__(self, timeline: Timeline, seconds: int, delay: int = 0) -> None:
        self.seconds = seconds
        self.delay = delay
        self.groups: dict[Group, Aggregate] = {}
        self.touched: set[Group] = set()
        self.kept: set[Group] = set()
        """Groups that are never forgotten, as a rule is about just them."""
        self.evaluators: list[Any] = []
        """Who looks at it; each has `states`, and what it needs the window to be awake for is its `needed`."""
        self.needed = 0
        self.entered = self.left = 0
        self.forgotten = 0
        """Groups that were left out because there were too many."""
        self._left_out: list[Group] = []  # since it last slid
        self._is_awake = True
        self._bound = 0
        self._timeline = timeline
        self._make: Callable[[], Aggregate] = timeline.contribution.aggregate
        self._counts = timeline.contribution.name == "events"
        self._empty = self._make()
        timeline.windows.append(self)

    def __getitem__(self, group: Group) -> Aggregate:
        """What `group` amounts to; one that is not in the window is empty."""
        aggregate = self.groups.get(group)
        return self._empty if aggregate is None else aggregate

    def due(self) -> int:
        """When something enters or leaves next."""
        times = self._timeline.times
        leaves = times[self.left] + self.delay + self.seconds if self.left < self.entered else NEVER
        enters = times[self.entered] + self.delay if self.entered < len(times) else NEVER
        return min(leaves, enters)

    def slide(self, now: int) -> None:
        """Advance to second `now`."""
        times = self._timeline.times
        self.touched.clear()
        if self._left_out:
            self.touched.update(self._left_out)
            self._left_out.clear()
        newest = now - self.delay
        entered, left = self.entered, self.left
        while self.entered < len(times) and times[self.entered] <= newest:
            self.entered += 1
        while self.left < self.entered and times[self.left] <= newest - self.seconds:
            self.left += 1
        if not self.needed or not self._sleeps(entered, left):
            self._enter(entered, self.entered)
            self._leave(left, self.left)

    def sleeps_until(self, time: int) -> bool:
        """Advance to second `time` asleep; False, and nothing is done, where a group may have as much as is needed before."""
        if self._is_awake or not self.needed or self._left_out:
            return False
        times, largest = self._timeline.times, self._timeline.largest
        entered = bisect_right(times, time - self.delay, self.entered)
        bound = self._bound + sum(largest[self.entered : entered])
        if bound >= self.needed:
            return False
        left = bisect_right(times, time - self.delay - self.seconds, self.left, entered)
        self._bound = bound - sum(largest[self.left : left])
        self.entered, self.left = entered, left
        self.touched.clear()
        return True

    def wake(self) -> None:
        """Know the groups, whatever they have."""
        if not self._is_awake:
            self._is_awake = True
            self._enter(self.left, self.entered)

    def _sleeps(self, entered: int, left: int) -> bool:
        """Whether the seconds from these places on can come and go without a look at the groups."""
        largest = self._timeline.largest
        self._bound += sum(largest[entered : self.entered]) - sum(largest[left : self.left])
        if self._bound < (self.needed // 2 if self._is_awake else self.needed) and not any(e.states for e in self.evaluators):
            self._is_awake = False
            self.groups.clear()
        elif not self._is_awake:
            self._is_awake = True
            self._enter(left, entered)
        return not self._is_awake

    def _enter(self, begin: int, end: int) -> None:
        groups, touched = self.groups, self.touched
        for time, entering in zip(self._timeline.times[begin:end], self._timeline.deltas[begin:end]):
            for group, delta in entering.items():
                aggregate: Any = groups.get(group)
                if aggregate is None:
                    aggregate = groups[group] = self._make()
                    aggregate.since = time
                if self._counts:  # what most groups are for: no call for each
                    aggregate.events += delta
                else:
                    aggregate.add(time, delta)
            touched.update(entering)

    def _leave(self, begin: int, end: int) -> None:
        groups, touched = self.groups, self.touched
        for time, leaving in zip(self._timeline.times[begin:end], self._timeline.deltas[begin:end]):
            for group, delta in leaving.items():
                aggregate: Any = groups.get(group)
                if aggregate is not None and aggregate.since <= time:
                    if self._counts:
                        aggregate.events -= delta
                    else:
                        aggregate.remove(time, delta)
                    if aggregate.events <= 0:
                        del groups[group]
            touched.update(leaving)

    def resume(self, now: int) -> None:
        """Advance to `now` through all that the timeline holds, as if it came second by second."""
        for time in self._timeline.times:
            self.slide(min(time + self.delay, now))
            self.sweep()
        self.slide(now)
        self.sweep()

    def sweep(self) -> bool:
        """When there are too many groups, forget the lightest; returns whether there were."""
        groups = self.groups
        is_full = len(groups) > GROUPS_MAX
        if is_full:
            lightest = sorted(groups.keys() - self.kept, key=lambda group: (groups[group].events, repr(group)))[
                : len(groups) - GROUPS_MAX // 2
            ]
            self.forgotten += len(lightest)
            self._left_out += lightest
            for group in lightest:
                del groups[group]
        return is_full

    def forget(self, groups: Collection[Group]) -> None:
        """Leave out `groups`, of which the timeline holds nothing any more."""
        for group in groups:
            if self.groups.pop(group, None) is not None:
                self._left_out.append(group)
