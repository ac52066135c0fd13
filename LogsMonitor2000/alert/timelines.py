"""What the rules of a calculator know of the past, within one bound in bytes for all of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ..analyze.bucket import Bucket
from ..event import Notice
from ..limits import WINDOWS_BYTES_MAX
from ..text import size
from .contribution import Contribution, Group, prefiltered
from .extractor import Extractor, PlainExtractor
from .rule import Rule
from .series import NEVER, Axis, Series
from .timeline import Timeline
from .window import Window


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
        self._coarse: list[Timeline] = []  # of which it was said that their panes are wider than a second
        self.forgotten = 0
        """Groups that were forgotten for lack of room."""

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

    def trim(self) -> Iterator[Notice]:
        """Forget what is out of reach, and more where all of it is too large; what that means for rules is said once."""
        for timeline in self._timelines.values():
            timeline.trim()
        while self.size > WINDOWS_BYTES_MAX:
            largest = max(self._timelines.values(), key=lambda timeline: timeline.size)
            forgotten = largest.shrink()
            names = ", ".join(rule.name for rule, (_, own) in self._prefiltered.items() if own == largest.contribution)
            if forgotten and not self.forgotten:
                yield Notice(
                    f"alert {names}: windows take more than {size(WINDOWS_BYTES_MAX)}: groups with few events are not measured"
                )
            elif largest.width > 1 and largest not in self._coarse:
                yield Notice(
                    f"alert {names}: windows take more than {size(WINDOWS_BYTES_MAX)}: groups are measured to {largest.width} s and more"
                )
                self._coarse.append(largest)
            self.forgotten += forgotten

    @property
    def size(self) -> int:
        """About how many bytes the timelines take."""
        return sum(timeline.size for timeline in self._timelines.values())

    def stats(self) -> dict[str, dict[str, int]]:
        """How much is held, by what holds it."""
        stats = {
            f"timeline {each.contribution.key}": {"seconds": len(each.times), "bytes": each.size}
            for each in self._timelines.values()
        }
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
