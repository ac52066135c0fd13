"""The calculator that evaluates rules: buckets in, transitions of alerts out.

    bucket ─ Reader ─▶ Timeline ─▶ Window ─ value ─▶ Watch ─ transition ─▶ Alert

Rules that ask for the same share what they can: a tally in the bucket, a timeline, a window. An alert that is muted, inhibited or
a dry run is shown but marked as suppressed; when nothing suppresses it any longer while it fires, it is reported.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from ..analyze.alert_totals import AlertTotals
from ..analyze.bucket import Bucket
from ..analyze.calculator import TimedCalculator
from ..analyze.high_traffic import PeakTracker
from ..analyze.measure import Measure
from ..event import Alert, Event, Explanation, Notice, Summary
from ..limits import GROUPS_MAX, STATES_MAX
from .attribution import Changes, History
from .contribution import Feed, Group, feed_of, pinned
from .evaluator import ChangeWatch, NewWatch, Transition, Watch, WindowWatch
from .explain import explain
from .extractor import Readers
from .leaky_bucket import BucketWatch
from .mute import Mute
from .rule import BUILT_IN, Rule
from .silence import SilenceWatch
from .state import AlertState
from .window import NEVER, Timeline, Window

TRIM_EVERY = 16
"""After how many evaluations what all windows have left behind is forgotten: it costs little to hold."""

MUTED = "muted"


class RuleCalculator(TimedCalculator):
    """Yields an `Alert` for each transition of each of `rules`, and with `explain_at` an `Explanation` of that second.

    Without `causes` alerts do not tell what changed, which costs more than all the rest.
    """

    def __init__(
        self, rules: Sequence[Rule], mutes: Sequence[Mute] = (), explain_at: int | None = None, *, causes: bool = True
    ) -> None:
        self.rules = tuple(rules)
        self._mutes = tuple(mutes)
        self._explain_at = explain_at
        blamed = [rule for rule in self.rules if causes and _has_causes(rule)]
        self._lengths = {rule.name: rule.window for rule in blamed}
        self._history = History([feed_of(rule) for rule in blamed], max(self._lengths.values())) if blamed else None
        self._readers = Readers([feed_of(pinned(rule)[1]) for rule in self.rules])
        self._timelines: dict[Feed, Timeline] = {}
        self._windows: dict[tuple[Feed, int, int], Window] = {}
        self._watches = [self._watch(rule) for rule in self.rules]
        self._by_name = {watch.rule.name: watch for watch in self._watches}
        self._spoken_of = self._watches
        own = () if self._history is None else (self._history.measure,)
        self.measures: tuple[Measure, ...] = (*self._readers.measures, *own)
        self._first: int | None = None
        self._now: int | None = None
        self._evaluations = 0
        self._held: dict[tuple[str, Group], None] = {}  # firing, but not told yet
        self._is_resumed = False
        self._is_muted = False  # whether one of these is for the time of day
        self._noticed: dict[str, int] = {}
        self._totals = AlertTotals()
        built_in = [rule for rule in self.rules if rule.name == BUILT_IN]
        self._peak = PeakTracker(built_in[0].window) if built_in else None

    @property
    def required(self) -> frozenset[str]:
        feeds = [feed_of(rule) for rule in self.rules if not rule.optional]
        return frozenset(field for feed in feeds for field in feed.fields)

    def count(self, bucket: Bucket) -> None:
        if self._first is None and bucket.hits:
            self._first = bucket.time
            for watch in self._watches:
                watch.first = bucket.time
        if self._peak is not None:
            self._peak.count(bucket.time, bucket.hits)
        self._readers.bucket(bucket)
        for timeline in self._timelines.values():
            timeline.append(bucket.time, timeline.read())
        for watch in self._watches:
            watch.count(bucket.time)
        if self._history is not None:
            self._history.count(bucket)

    def due(self) -> int | None:
        if self._now is None:
            return None
        due = min([window.due() for window in self._windows.values()], default=NEVER)
        due = min([due, *[watch.due() for watch in self._watches]])
        if self._is_muted:
            due = min(due, (self._now // 60 + 1) * 60)  # mutes end with a minute
        if self._explain_at is not None:
            due = min(due, self._explain_at)
        return None if due == NEVER else max(due, self._now + 1)

    def evaluate(self, time: int) -> Iterable[Event]:
        self._now = time
        for window in self._windows.values():
            window.slide(time)
        found = [(watch, transition) for watch in self._watches for transition in watch.evaluate(time)]
        events: list[Event] = []
        # What inhibits ends with a transition, what mutes with a minute; and a restart may have changed either.
        if found or (self._held and (time % 60 == 0 or self._is_resumed)):
            events += self._told(found, time)
        self._is_resumed = False
        if found or not self._evaluations % TRIM_EVERY:
            events += self._notices()
        if self._explain_at is not None and time >= self._explain_at:
            events.append(self._explanation(time) if time == self._explain_at else Explanation(time, ()))
            self._explain_at = None
        for event in events:
            if isinstance(event, Alert):
                self._totals.count(event)
        for window in self._windows.values():
            window.sweep()
        self._evaluations += 1
        if not self._evaluations % TRIM_EVERY:
            for timeline in self._timelines.values():
                timeline.trim()
        return events

    def _watch(self, rule: Rule) -> Watch:
        pins, by_pins = pinned(rule)
        feed = feed_of(by_pins)
        if feed not in self._timelines:
            self._timelines[feed] = Timeline(feed, self._readers)
        timeline = self._timelines[feed]
        if rule.measure == "silent":
            return SilenceWatch(rule, timeline)
        if rule.measure == "leaky_bucket":
            return BucketWatch(rule, timeline)
        window = self._window(timeline, rule.window)
        if rule.measure in ("spike", "drop"):
            behind = rule.against or rule.window
            earlier = [self._window(timeline, rule.window, behind * number) for number in range(1, rule.windows + 1)]
            return ChangeWatch(rule, window, earlier, pins)
        return NewWatch(rule, window) if rule.measure == "new" else WindowWatch(rule, window, pins=pins)

    def _window(self, timeline: Timeline, seconds: int, delay: int = 0) -> Window:
        key = timeline.feed, seconds, delay
        if key not in self._windows:
            self._windows[key] = Window(timeline, seconds, delay)
        return self._windows[key]

    def _told(self, found: Sequence[tuple[Watch, Transition]], time: int) -> list[Alert]:
        """The alerts of the transitions at `time`, and those that nothing holds back any longer."""
        alerts = []
        for watch, transition in found:
            rule, state, group = watch.rule, transition.state, transition.group
            if transition.became == AlertState.RESOLVED:
                self._held.pop((rule.name, group), None)
                alerts.append(self._alert(rule, transition, time, "" if state.notified else state.suppressed))
                continue
            state.suppressed = self._reason(rule, group, time)
            if transition.became == AlertState.FIRING:
                state.notified = not state.suppressed
                if state.suppressed and not rule.dry_run:
                    self._held[rule.name, group] = None
            alerts.append(self._alert(rule, transition, time, state.suppressed))
        return [*alerts, *self._released(time)]

    def _released(self, time: int) -> Iterable[Alert]:
        """The alerts that were held back and are told now, by rule, then by group."""
        for name, group in self._held:
            watch = self._by_name[name]
            watch.states[group].suppressed = self._reason(watch.rule, group, time)
        states = {key: self._by_name[key[0]].states[key[1]] for key in self._held}
        self._is_muted = any(state.suppressed.startswith(MUTED) for state in states.values())
        places = {rule.name: place for place, rule in enumerate(self.rules)}
        released = [key for key, state in states.items() if not state.suppressed]
        for name, group in sorted(released, key=lambda key: (places[key[0]], repr(key[1]))):
            watch, state = self._by_name[name], states[name, group]
            del self._held[name, group]
            state.notified = True
            if (value := watch.value(group, time)) is not None:
                state.peak = watch.rule.worse(state.peak, value)
            transition = Transition(group, AlertState.FIRING, state.peak if value is None else value, state)
            yield self._alert(watch.rule, transition, time, "")

    def _notices(self) -> Iterable[Notice]:
        """What could not be watched: said at the first time, and whenever it is ten times as much."""
        for watch in self._spoken_of:
            left_out = watch.window.forgotten if isinstance(watch, WindowWatch) else 0
            if not (watch.refused or left_out):
                continue
            for count, words in (
                (watch.refused, f"more than {STATES_MAX:,} groups are pending or firing; alerts that were not begun"),
                (left_out, f"more than {GROUPS_MAX:,} groups at once; groups with few events that were not measured"),
            ):
                told = f"alert {watch.rule.name}: {words}"
                if count and count >= 10 * self._noticed.get(told, 0):
                    self._noticed[told] = count
                    yield Notice(f"{told}: {count:,}")

    def _reason(self, rule: Rule, group: Group, time: int) -> str:
        """Why an alert is not to be told; "" when it is."""
        if rule.dry_run:
            return "dry run"
        for mute in self._mutes:
            if mute.covers(rule.name, time):
                return f"{MUTED}: {mute.name}"
        for name in rule.inhibited_by:
            if (source := self._by_name.get(name)) is not None and _inhibits(source, rule, group):
                return f"inhibited by {name}"
        return ""

    def firing(self) -> Iterable[Alert]:
        for watch in self._watches:
            for group, state in watch.states.items():
                if state.is_firing and self._now is not None:
                    value = watch.value(group, self._now)
                    transition = Transition(group, AlertState.FIRING, state.peak if value is None else value, state)
                    yield _alert(watch.rule, transition, state.started, "" if state.notified else state.suppressed)

    def _alert(self, rule: Rule, transition: Transition, time: int, suppressed: str) -> Alert:
        changes = Changes()
        if (
            self._history is not None
            and rule.name in self._lengths
            and transition.became == AlertState.FIRING
            and not suppressed
        ):
            assert self._first is not None
            changes = self._history.changes(feed_of(rule), transition.group, rule.window, time, self._first)
        return _alert(rule, transition, time, suppressed, changes)

    def _explanation(self, time: int) -> Explanation:
        for window in self._windows.values():
            window.wake()
        explained = [explain(watch, time) for watch in self._watches]
        lines, rules = [line for _, lines in explained for line in lines], [rule for rules, _ in explained for rule in rules]
        return Explanation(time, tuple(lines), tuple(rules))

    def summarize(self, summary: Summary, open_buckets: Collection[Bucket] = ()) -> Summary:
        peak = summary.peak if self._peak is None else self._peak.peak
        alerts = self._totals.totals(max(self._now or 0, summary.last or 0))
        return summary._replace(peak=peak, alerts=(*summary.alerts, *alerts))

    def snapshot(self) -> dict[str, Any]:
        return {
            "totals": self._totals.dump(),
            "peak": None if self._peak is None else self._peak.dump(),
            "first": self._first,
            "now": self._now,
            "timelines": {repr(feed): timeline.dump() for feed, timeline in self._timelines.items()},
            "watches": {_identity(watch): watch.dump() for watch in self._watches},
            "noticed": self._noticed,
        }

    def restore(self, snapshot: dict[str, Any]) -> None:
        self._first, self._now, self._noticed = snapshot["first"], snapshot["now"], snapshot["noticed"]
        self._totals.load(snapshot["totals"])
        if self._peak is not None and snapshot["peak"] is not None:
            self._peak.load(snapshot["peak"])
        for feed, timeline in self._timelines.items():
            if repr(feed) in snapshot["timelines"]:
                timeline.load(snapshot["timelines"][repr(feed)])
        if self._now is not None:
            for window in self._windows.values():
                window.resume(self._now)
        for watch in self._watches:
            watch.first = self._first
            if _identity(watch) in snapshot["watches"]:
                watch.load(snapshot["watches"][_identity(watch)])
            if self._now is not None:
                held = snapshot["timelines"].get(repr(feed_of(pinned(watch.rule)[1])))
                watch.resume(self._now, 0 if held is None else held["reach"])
            for group, state in watch.states.items():
                if state.is_firing and not state.notified and not watch.rule.dry_run:
                    self._held[watch.rule.name, group] = None
        self._is_resumed = True
        self._is_muted = bool(self._held)  # as far as is known before the next look
        if self._history is not None and self._now is not None:
            self._history.restart(self._now)


def _alert(rule: Rule, transition: Transition, time: int, suppressed: str, changes: Changes = Changes()) -> Alert:
    group, became, value, state = transition
    return Alert(
        rule.name,
        became,
        time,
        value,
        rule.threshold,
        rule.window,
        state.started,
        state.peak,
        tuple((label, part or b"-") for label, part in zip(rule.labels, group)),
        rule.severity,
        suppressed,
        rule.measured,
        "" if rule.name == BUILT_IN else rule.description or rule.condition,
        *changes,
    )


def _has_causes(rule: Rule) -> bool:
    """Whether the hits behind an alert tell what changed."""
    return rule.measure not in ("silent", "unparsed", "leaky_bucket", "new")


def _identity(watch: Watch) -> str:
    """What must be the same for the states of a rule to go on after a restart; its threshold may change."""
    return repr((watch.rule.name, watch.rule.measure, watch.rule.labels))


def _inhibits(source: Watch, rule: Rule, group: Group) -> bool:
    """Whether a group of `source` fires whose labels are those of `group`, as far as both have them."""
    labels = dict(zip(rule.labels, group))
    shared = [(index, labels[label]) for index, label in enumerate(source.rule.labels) if label in labels]
    return any(
        state.is_firing and all(firing[index] == part for index, part in shared) for firing, state in source.states.items()
    )
