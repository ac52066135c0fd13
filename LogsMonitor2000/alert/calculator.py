"""The calculator that evaluates rules: buckets in, transitions of alerts out.

    bucket ─ Extractor ─▶ Timeline ─▶ Window ─ value ─▶ RuleEvaluator ─ transition ─▶ Alert

Rules that ask for the same share what they can: a tally in the bucket, a timeline, a window.
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
from .attribution import Attribution, Changes
from .evaluator import RuleEvaluator, Transition
from .explain import explain
from .mute import Mute
from .rule import BUILT_IN, Rule
from .state import AlertState
from .suppression import Suppression
from .window import NEVER, Timelines

TRIM_EVERY = 16
"""After how many evaluations what all windows have left behind is forgotten: it costs little to hold."""


class RuleCalculator(TimedCalculator):
    """Yields an `Alert` for each transition of each of `rules`, and with `explain_at` an `Explanation` of that second.

    Without `causes` alerts do not say what changed, which costs more than all the rest.
    """

    def __init__(
        self, rules: Sequence[Rule], mutes: Sequence[Mute] = (), explain_at: int | None = None, *, causes: bool = True
    ) -> None:
        self.rules = tuple(rules)
        self._explain_at = explain_at
        attributed = [rule for rule in self.rules if causes and rule.has_attribution]
        self._contributions = {rule.name: rule.contribution(rule.where, rule.by) for rule in attributed}
        self._attribution: Attribution | None = None
        if attributed:
            self._attribution = Attribution(self._contributions.values(), max(rule.window for rule in attributed))
        self._timelines = Timelines(self.rules)
        self._evaluators = {rule.name: rule.evaluator(self._timelines) for rule in self.rules}
        self._suppression = self._suppressing(self._evaluators, mutes)
        own = () if self._attribution is None else (self._attribution.measure,)
        self.measures: tuple[Measure, ...] = (*self._timelines.extractor.measures, *own)
        self._first: int | None = None
        self._now: int | None = None
        self._evaluations = 0
        self._noticed: dict[str, int] = {}
        self._totals = AlertTotals()
        built_in = [rule for rule in self.rules if rule.name == BUILT_IN]
        self._peak = PeakTracker(built_in[0].window) if built_in else None

    @property
    def required(self) -> frozenset[str]:
        contributions = [rule.contribution(rule.where, rule.by) for rule in self.rules if not rule.optional]
        return frozenset(field for contribution in contributions for field in contribution.fields)

    def count(self, bucket: Bucket) -> None:
        evaluators = self._evaluators.values()
        if self._first is None and bucket.hits:
            self._first = bucket.time
            for evaluator in evaluators:
                evaluator.first = bucket.time
        if self._peak is not None:
            self._peak.count(bucket.time, bucket.hits)
        self._timelines.extractor.bucket(bucket)
        for timeline in self._timelines:
            timeline.append(bucket.time, timeline.extract())
        for evaluator in evaluators:
            evaluator.count(bucket.time)
        if self._attribution is not None:
            self._attribution.count(bucket)

    def due(self) -> int | None:
        if self._now is None:
            return None
        due = min([window.due() for window in self._timelines.windows], default=NEVER)
        due = min([due, *[evaluator.due() for evaluator in self._evaluators.values()]])
        if self._suppression.is_muted:
            due = min(due, (self._now // 60 + 1) * 60)  # mutes end with a minute
        if self._explain_at is not None:
            due = min(due, self._explain_at)
        return None if due == NEVER else max(due, self._now + 1)

    def evaluate(self, time: int) -> Iterable[Event]:
        self._now = time
        windows = self._timelines.windows
        for window in windows:
            window.slide(time)
        found = [(each.rule, transition) for each in self._evaluators.values() for transition in each.evaluate(time)]
        events: list[Event] = []
        if self._suppression.is_due(time) or found:
            events += self._alerts(found, time)
        if found or not self._evaluations % TRIM_EVERY:
            events += self._notices()
        if self._explain_at is not None and time >= self._explain_at:
            events.append(self._explanation(time) if time == self._explain_at else Explanation(time, ()))
            self._explain_at = None
        for event in events:
            if isinstance(event, Alert):
                self._totals.count(event)
        for window in windows:
            window.sweep()
        self._evaluations += 1
        if not self._evaluations % TRIM_EVERY:
            for timeline in self._timelines:
                timeline.trim()
        return events

    def _suppressing(self, evaluators: dict[str, RuleEvaluator], mutes: Sequence[Mute]) -> Suppression:
        """What decides which alerts are suppressed."""
        return Suppression(evaluators, mutes)

    def _alerts(self, found: Sequence[tuple[Rule, Transition]], time: int) -> Iterable[Alert]:
        """The alerts of the transitions at `time`, and those that nothing suppresses any longer."""
        # All transitions are judged before the first is emitted: one may be inhibited by another.
        judged = [(rule, transition, self._suppression.judge(rule, transition, time)) for rule, transition in found]
        judged += [(rule, transition, "") for rule, transition in self._suppression.released(time)]
        return [self._alert(rule, transition, time, suppressed) for rule, transition, suppressed in judged]

    def _notices(self) -> Iterable[Notice]:
        """What could not be evaluated: said at the first time, and whenever it is ten times as much."""
        for evaluator in self._reported():
            if not (evaluator.refused or evaluator.forgotten):
                continue
            for count, words in (
                (evaluator.refused, f"more than {STATES_MAX:,} groups are pending or firing; alerts that did not begin"),
                (
                    evaluator.forgotten,
                    f"more than {GROUPS_MAX:,} groups at once; groups with few events that were not measured",
                ),
            ):
                text = f"alert {evaluator.rule.name}: {words}"
                if count and count >= 10 * self._noticed.get(text, 0):
                    self._noticed[text] = count
                    yield Notice(f"{text}: {count:,}")

    def _reported(self) -> Iterable[RuleEvaluator]:
        """The evaluators that notices are about."""
        return self._evaluators.values()

    def firing(self) -> Iterable[Alert]:
        for evaluator in self._evaluators.values():
            for group, alert in evaluator.states.items():
                if alert.is_firing and self._now is not None:
                    value = evaluator.value(group, self._now)
                    transition = Transition(group, AlertState.FIRING, alert.peak if value is None else value, alert)
                    yield _alert(evaluator.rule, transition, alert.started, "" if alert.notified else alert.suppressed)

    def _alert(self, rule: Rule, transition: Transition, time: int, suppressed: str) -> Alert:
        changes = Changes()
        contribution = self._contributions.get(rule.name)
        if contribution is not None and transition.became == AlertState.FIRING and not suppressed:
            assert self._attribution is not None and self._first is not None
            changes = self._attribution.changes(contribution, transition.group, rule.window, time, self._first)
        return _alert(rule, transition, time, suppressed, changes)

    def _explanation(self, time: int) -> Explanation:
        for window in self._timelines.windows:
            window.wake()
        explained = [explain(evaluator, time) for evaluator in self._evaluators.values()]
        lines, rules = [line for _, lines in explained for line in lines], [rule for rules, _ in explained for rule in rules]
        return Explanation(time, tuple(lines), tuple(rules))

    def summarize(self, summary: Summary, open_buckets: Collection[Bucket] = ()) -> Summary:
        peak = summary.peak if self._peak is None else self._peak.peak
        alerts = self._totals.totals(max(self._now or 0, summary.last or 0))
        return summary._replace(peak=peak, alerts=(*summary.alerts, *alerts))

    def stats(self) -> dict[str, dict[str, int]]:
        """How much is held, by what holds it."""
        stats = {f"rule {name}": evaluator.stats() for name, evaluator in self._evaluators.items()}
        stats |= {f"timeline {each.contribution.key}": {"seconds": len(each.times)} for each in self._timelines}
        stats["windows"] = {"groups": max((len(window.groups) for window in self._timelines.windows), default=0)}
        return stats | ({} if self._attribution is None else {"attribution": self._attribution.stats()})

    def snapshot(self) -> dict[str, Any]:
        return {
            "totals": self._totals.dump(),
            "peak": None if self._peak is None else self._peak.dump(),
            "first": self._first,
            "now": self._now,
            "timelines": {timeline.contribution.key: timeline.dump() for timeline in self._timelines},
            "rules": {_identity(evaluator.rule): evaluator.dump() for evaluator in self._evaluators.values()},
            "noticed": self._noticed,
        }

    def restore(self, snapshot: dict[str, Any]) -> None:
        self._first, self._now, self._noticed = snapshot["first"], snapshot["now"], snapshot["noticed"]
        self._totals.load(snapshot["totals"])
        if self._peak is not None and snapshot["peak"] is not None:
            self._peak.load(snapshot["peak"])
        timelines = snapshot["timelines"]
        for timeline in self._timelines:
            if timeline.contribution.key in timelines:
                timeline.load(timelines[timeline.contribution.key])
        if self._now is not None:
            for window in self._timelines.windows:
                window.resume(self._now)
        for evaluator in self._evaluators.values():
            evaluator.first = self._first
            if (dumped := snapshot["rules"].get(_identity(evaluator.rule))) is not None:
                evaluator.load(dumped)
            if self._now is not None:
                held = timelines.get(self._timelines.prefiltered(evaluator.rule)[1].key)
                evaluator.resume(self._now, 0 if held is None else held["reach"])
        self._suppression.resume()
        if self._attribution is not None and self._now is not None:
            self._attribution.restart(self._now)


def _alert(rule: Rule, transition: Transition, time: int, suppressed: str, changes: Changes = Changes()) -> Alert:
    group, became, value, alert = transition
    return Alert(
        rule.name,
        became,
        time,
        value,
        rule.threshold,
        rule.window,
        alert.started,
        alert.peak,
        tuple((label, part or b"-") for label, part in zip(rule.labels, group)),
        rule.severity,
        suppressed,
        rule.measured,
        "" if rule.name == BUILT_IN else rule.description or rule.condition,
        *changes,
    )


def _identity(rule: Rule) -> str:
    """What must be the same for the alerts of a rule to continue after a restart; its threshold may change."""
    return f"{rule.name} {rule.measure} by {','.join(rule.labels)}"
