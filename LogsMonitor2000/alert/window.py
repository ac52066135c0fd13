"""Sliding windows over contributions: what enters at one end and leaves at the other, by group, and what that amounts to.

A `Timeline` holds the contributions of the seconds once, however many windows look at them; a `Window` is two places in it. What
can be added to a window can be removed from it, exactly, so nothing is summed again.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ..analyze.bucket import Bucket
from ..analyze.measures.keys import dump_key, load_key
from ..limits import GROUPS_MAX
from .contribution import Aggregate, Contribution, Deltas, Group, prefiltered
from .extractor import Extractor, PlainExtractor
from .rule import Rule
from .series import NEVER, Axis, Series


class Timeline:
    """A contribution, second by second: what its windows have not all left behind."""

    def __init__(self, contribution: Contribution, extract: Callable[[Bucket], Deltas]) -> None:
        self.contribution = contribution
        self.latest: dict[int, Deltas] = {}
        """The seconds that were appended last."""
        self._extract = extract
        self.windows: list[Window] = []
        self.times: list[int] = []
        self.deltas: list[Deltas] = []
        self.largest: list[int] = []  # what no group has more of, of each second

    def extend(self, buckets: Iterable[Bucket]) -> None:
        """The seconds of `buckets`, later than all before."""
        self.latest = {bucket.time: self._extract(bucket) for bucket in buckets}
        for time, deltas in self.latest.items():
            self.append(time, deltas)

    def append(self, time: int, deltas: Deltas) -> None:
        """The contribution of second `time`, later than all before."""
        if deltas:
            self.times.append(time)
            self.deltas.append(deltas)
            self.largest.append(self.contribution.largest(deltas))

    def trim(self) -> None:
        """Forget what every window has left behind, once that is most of it."""
        if len(self.times) <= 64:
            return
        done = min((window.left for window in self.windows), default=len(self.times))
        if done > 64 and done * 2 > len(self.times):
            del self.times[:done], self.deltas[:done], self.largest[:done]
            for window in self.windows:
                window.left -= done
                window.entered -= done

    @property
    def reach(self) -> int:
        """How many seconds back it holds everything."""
        return max((window.delay + window.seconds for window in self.windows), default=0)

    def dump(self) -> dict[str, Any]:
        """It, as JSON can hold it."""
        done = min((window.left for window in self.windows), default=len(self.times))
        seconds = [
            [time, [[dump_key(group), _dump_delta(delta)] for group, delta in deltas.items()]]
            for time, deltas in zip(self.times[done:], self.deltas[done:])
        ]
        return {"reach": self.reach, "seconds": seconds}

    def load(self, dumped: dict[str, Any]) -> None:
        """Be as it was when it was dumped."""
        for time, deltas in dumped["seconds"]:
            self.append(time, {load_key(group): _load_delta(delta) for group, delta in deltas})


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
                    if not aggregate.events:
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


class Timelines:
    """What some rules know of the past: series of plain numbers, timelines by group and windows over these; equal ones are shared."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._prefiltered = {rule: prefiltered(rule) for rule in rules}
        self._extractor = Extractor(contribution for _, contribution in self._prefiltered.values())
        self.measures = self._extractor.measures
        """What they need of a bucket."""
        self._axis = Axis()
        self._axis.add()  # of all activity
        self._backs: set[int] = set()  # how long ago windows over series begin and end
        self._series: dict[tuple[Contribution, Group], list[Series]] = {}
        self._plain: PlainExtractor | None = None
        self._timelines: dict[Contribution, Timeline] = {}
        self._windows: dict[tuple[Contribution, int, int], Window] = {}

    def prefiltered(self, rule: Rule) -> tuple[Group, Contribution]:
        """The group that `rule` is about, and the contribution that has it."""
        return self._prefiltered[rule]

    def plain(self, rule: Rule) -> list[Series]:
        """The series that a rule without groups is about."""
        group, contribution = self._prefiltered[rule]
        if (contribution, group) not in self._series:
            self._series[contribution, group] = [self._axis.add() for _ in range(contribution.summable)]
        self._backs |= {back for seconds, delay in rule.spans for back in (delay, delay + seconds)}
        self._axis.reach = max(self._backs)
        return self._series[contribution, group]

    def timeline(self, contribution: Contribution) -> Timeline:
        """The timeline of a contribution by group."""
        if contribution not in self._timelines:
            self._timelines[contribution] = Timeline(contribution, self._extractor.of(contribution))
        return self._timelines[contribution]

    def window(self, contribution: Contribution, seconds: int, delay: int = 0) -> Window:
        """The window of so many seconds that ended `delay` seconds ago."""
        key = contribution, seconds, delay
        if key not in self._windows:
            self._windows[key] = Window(self.timeline(contribution), seconds, delay)
        return self._windows[key]

    @property
    def windows(self) -> Iterable[Window]:
        return self._windows.values()

    def extend(self, stretch: range, buckets: Sequence[Bucket]) -> None:
        """Take in the seconds of `stretch`, later than all before; `buckets` are those that there are."""
        if self._series:
            if self._plain is None:
                self._plain = self._extractor.plain(list(self._series))
            self._axis.append(stretch.start, self._plain.rows(stretch, buckets))
        for timeline in self._timelines.values():
            timeline.extend(buckets)

    def due(self, now: int) -> int:
        """The next second after `now` at which any window changes though no bucket comes."""
        due = min([window.due() for window in self._windows.values()], default=NEVER)
        return min(due, self._axis.next_change(now, self._backs)) if self._series else due

    def trim(self) -> None:
        """Forget what is out of reach."""
        for timeline in self._timelines.values():
            timeline.trim()

    def stats(self) -> dict[str, dict[str, int]]:
        """How much is held, by what holds it."""
        stats = {f"timeline {each.contribution.key}": {"seconds": len(each.times)} for each in self._timelines.values()}
        stats["windows"] = {"groups": max((len(window.groups) for window in self._windows.values()), default=0)}
        return stats | {"series": {"count": len(self._axis.series), "seconds": len(self._axis.times)}}

    def known(self, rule: Rule, dumped: dict[str, Any]) -> int:
        """How many of the last seconds `dumped` holds of what `rule` needs."""
        group, contribution = self._prefiltered[rule]
        if (contribution, group) in self._series:
            return int(dumped["axis"]["reach"]) if _series_key(contribution, group) in dumped["axis"]["series"] else 0
        timeline = dumped["timelines"].get(contribution.key)
        return 0 if timeline is None else timeline["reach"]

    def dump(self) -> dict[str, Any]:
        """All of it, as JSON can hold it."""
        activity, *_ = self._axis.series
        series = {_series_key(*key): [each.numbers() for each in found] for key, found in self._series.items()}
        axis = {"reach": self._axis.reach, "times": [*self._axis.times], "activity": activity.numbers(), "series": series}
        return {"axis": axis, "timelines": {each.contribution.key: each.dump() for each in self._timelines.values()}}

    def load(self, dumped: dict[str, Any], now: int | None) -> None:
        """Be as it was when it was dumped, in second `now`."""
        axis, (activity, *_) = dumped["axis"], self._axis.series
        if self._series and axis["times"]:
            rows = {id(activity): axis["activity"]}
            for key, found in self._series.items():
                rows |= {id(each): row for each, row in zip(found, axis["series"].get(_series_key(*key), ()))}
            self._axis.load(axis["times"], [rows.get(id(each)) for each in self._axis.series])
        for timeline in self._timelines.values():
            if timeline.contribution.key in dumped["timelines"]:
                timeline.load(dumped["timelines"][timeline.contribution.key])
        if now is not None:
            for window in self._windows.values():
                window.resume(now)


def _series_key(contribution: Contribution, group: Group) -> str:
    return f"{contribution.key} of {ascii(group)}" if group else contribution.key


def _dump_delta(delta: Any) -> Any:
    if isinstance(delta, dict):
        return [[dump_key(key), value] for key, value in delta.items()]
    return delta if isinstance(delta, int) else list(delta)


def _load_delta(dumped: Any) -> Any:
    if isinstance(dumped, int):
        return dumped
    return {load_key(key): value for key, value in dumped} if dumped and isinstance(dumped[0], list) else tuple(dumped)
