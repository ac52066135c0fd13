"""The calculator that evaluates rules: buckets in, transitions of alerts out.

    buckets ─ Extractor ─▶ Series, or Timeline ─▶ Window ─ values ─▶ RuleEvaluator ─ transition ─▶ Alert

Rules that ask for the same share what they can: a tally in the bucket, a series, a timeline, a window. Closed buckets are taken in
stretches of contiguous seconds. Most rules pass a stretch as a whole; the others are evaluated second by second.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ..analyze.bucket import Bucket
from ..analyze.calculator import TimedCalculator
from ..analyze.measures.base import Measure
from ..event import Alert, Event, Explanation, Notice, Peak, Summary
from ..limits import GROUPS_MAX, STATES_MAX
from .evaluator import RuleEvaluator, Transition
from .plain import PlainEvaluator
from .rule import BUILT_IN, Rule
from .series import NEVER
from .state import AlertState
from .suppression import Suppression
from .timelines import Timelines
from .totals import AlertTotals

if TYPE_CHECKING:  # few runs need them and start-up counts
    from .attribution import Attribution, Changes, SampleSource
    from .mute import Mute

STRETCH_SECONDS = 256
"""How many seconds are evaluated at once: more save nothing, and what is held for them leaves a core's cache."""

GAP_SECONDS = 30
"""Seconds without a bucket that belong to a stretch; longer silence is passed from change to change."""


class RuleCalculator(TimedCalculator):
    """Yields an `Alert` for each transition of each of `rules`, and with `explain_at` an `Explanation` of that second.

    Without `causes` alerts do not say what changed. That is sampled from every bucket, which costs more than all the rest; or where
    the log can be read again, when an alert fires, from `samples`.
    """

    def __init__(
        self,
        rules: Sequence[Rule],
        mutes: Sequence[Mute] = (),
        explain_at: int | None = None,
        *,
        causes: bool = True,
        samples: SampleSource | None = None,
    ) -> None:
        self.rules = tuple(rules)
        self._explain_at = explain_at
        attributed = [rule for rule in self.rules if causes and rule.has_attribution]
        self._contributions = {rule.name: rule.contribution(rule.where, rule.by) for rule in attributed}
        self._attribution: Attribution | None = None
        if attributed:
            from .attribution import Attribution  # here, because the built-in alert by itself does not need it

            self._attribution = Attribution(self._contributions.values(), max(rule.window for rule in attributed), samples)
        self._timelines = Timelines(self.rules)
        self._evaluators = {rule.name: rule.evaluator(self._timelines) for rule in self.rules}
        self._suppression = self._suppressing(self._evaluators, mutes)
        own = () if self._attribution is None or samples is not None else (self._attribution.measure,)
        self.measures: tuple[Measure, ...] = (*self._timelines.measures, *own)
        self._first: int | None = None
        self._now: int | None = None
        self._noticed: dict[str, int] = {}
        self._totals = AlertTotals()

    @property
    def required(self) -> frozenset[str]:
        contributions = [rule.contribution(rule.where, rule.by) for rule in self.rules if not rule.optional]
        return frozenset(field for contribution in contributions for field in contribution.fields)

    def advance(self, closed: Sequence[Bucket], through: int) -> list[Event]:
        events: list[Event] = []
        for stretch, buckets in self._stretches(closed):
            self._pass_silence(stretch.start - 1, events)
            self._take(stretch, buckets, events)
        self._pass_silence(through, events)
        self._now = through if self._now is None else max(through, self._now)
        return [*events, *self._timelines.trim()]

    def _stretches(self, closed: Sequence[Bucket]) -> Iterator[tuple[range, Sequence[Bucket]]]:
        """`closed` in stretches of contiguous seconds. A second that is to be explained ends one."""
        begin = 0
        for place, bucket in enumerate(closed, 1):
            first, last = closed[begin].time, bucket.time
            following = closed[place].time if place < len(closed) else NEVER
            at = self._explain_at
            if (
                following > last + GAP_SECONDS
                or following >= first + STRETCH_SECONDS
                or (at is not None and last <= at < following)
            ):
                yield range(first, last + 1), closed[begin:place]
                begin = place

    def _take(self, stretch: range, buckets: Sequence[Bucket], events: list[Event]) -> None:
        """Take in and evaluate the seconds of `stretch`."""
        evaluators = self._evaluators.values()
        if self._first is None:
            self._first = next((bucket.time for bucket in buckets if bucket.hits), None)
            for evaluator in evaluators:
                evaluator.first = self._first
        self._timelines.extend(stretch, buckets)
        if self._attribution is not None:
            self._attribution.extend(buckets)
        active = [evaluator for evaluator in evaluators if not evaluator.passes(stretch)]
        if active or self._suppression.is_waiting or self._explain_at is not None:
            times = {bucket.time for bucket in buckets}
            for time in stretch:
                self._evaluate(time, active, events, has_bucket=time in times)
        if self._attribution is not None:
            self._attribution.catch_up(stretch[-1])
        self._now = stretch[-1]

    def _pass_silence(self, through: int, events: list[Event]) -> None:
        """Evaluate the seconds through `through` at which something changes, though no bucket comes."""
        while self._now is not None and (due := self._due()) <= through:
            self._evaluate(due, self._evaluators.values(), events)
            self._now = due

    def _due(self) -> int:
        """The next second at which there may be a transition although no bucket comes."""
        assert self._now is not None
        due = min(
            [
                self._timelines.due(self._now),
                self._suppression.due(self._now),
                *[evaluator.due() for evaluator in self._evaluators.values()],
            ]
        )
        if self._explain_at is not None:
            due = min(due, self._explain_at)
        return max(due, self._now + 1)

    def _evaluate(self, time: int, active: Iterable[RuleEvaluator], events: list[Event], has_bucket: bool = False) -> None:
        """Evaluate the rules that are `active` at second `time`."""
        for window in self._timelines.windows:
            window.slide(time)
        if has_bucket:
            for evaluator in active:
                evaluator.count(time)
        found = [(each.rule, transition) for each in active for transition in each.evaluate(time)]
        if self._suppression.is_due(time) or found:
            alerts = self._alerts(found, time)
            for alert in alerts:
                self._totals.count(alert)
            events += [*alerts, *self._notices()]
        if self._explain_at is not None and time >= self._explain_at:
            events.append(self._explanation(time) if time == self._explain_at else Explanation(time, ()))
            self._explain_at = None
        for window in self._timelines.windows:
            if window.sweep():
                events += self._notices()

    def _suppressing(self, evaluators: dict[str, RuleEvaluator], mutes: Sequence[Mute]) -> Suppression:
        """What decides which alerts are suppressed."""
        return Suppression(evaluators, mutes)

    def _alerts(self, found: Sequence[tuple[Rule, Transition]], time: int) -> list[Alert]:
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
        contribution = self._contributions.get(rule.name)
        if contribution is not None and transition.became == AlertState.FIRING and not suppressed:
            assert self._attribution is not None and self._first is not None
            changes = self._attribution.changes(contribution, transition.group, rule.window, time, self._first)
            return _alert(rule, transition, time, suppressed, changes)
        return _alert(rule, transition, time, suppressed)

    def _explanation(self, time: int) -> Explanation:
        from .explain import explain  # here, because few runs explain

        for window in self._timelines.windows:
            window.wake()
        explained = [explain(evaluator, time) for evaluator in self._evaluators.values()]
        lines, rules = [line for _, lines in explained for line in lines], [rule for rules, _ in explained for rule in rules]
        return Explanation(time, tuple(lines), tuple(rules))

    def summarize(self, summary: Summary, open_buckets: Collection[Bucket] = ()) -> Summary:
        built_in = self._evaluators.get(BUILT_IN)
        peak = summary.peak
        if isinstance(built_in, PlainEvaluator) and built_in.highest is not None and built_in.highest[0] > 0:
            peak = Peak(*built_in.highest, built_in.rule.window)
        alerts = self._totals.totals(max(self._now or 0, summary.last or 0))
        return summary._replace(peak=peak, alerts=(*summary.alerts, *alerts))

    def stats(self) -> dict[str, dict[str, int]]:
        """How much is held, by what holds it."""
        stats = {f"rule {name}": evaluator.stats() for name, evaluator in self._evaluators.items()}
        stats |= self._timelines.stats()
        return stats | ({} if self._attribution is None else {"attribution": self._attribution.stats()})

    def snapshot(self) -> dict[str, Any]:
        return {
            "totals": self._totals.dump(),
            "first": self._first,
            "now": self._now,
            "past": self._timelines.dump(),
            "rules": {_identity(evaluator.rule): evaluator.dump() for evaluator in self._evaluators.values()},
            "noticed": self._noticed,
        }

    def restore(self, snapshot: dict[str, Any]) -> None:
        self._first, self._now, self._noticed = snapshot["first"], snapshot["now"], snapshot["noticed"]
        self._totals.load(snapshot["totals"])
        self._timelines.load(snapshot["past"], self._now)
        for evaluator in self._evaluators.values():
            evaluator.first = self._first
            if (dumped := snapshot["rules"].get(_identity(evaluator.rule))) is not None:
                evaluator.load(dumped)
            if self._now is not None:
                evaluator.resume(self._now, self._timelines.known(evaluator.rule, snapshot["past"]))
        self._suppression.resume()
        if self._attribution is not None and self._now is not None:
            self._attribution.restart(self._now)


def _alert(rule: Rule, transition: Transition, time: int, suppressed: str, changes: Changes | tuple[()] = ()) -> Alert:
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
