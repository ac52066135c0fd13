"""Backtesting: what rules would have done over a log, and what they would have done with other thresholds.

A variant is a rule like its original with one number changed. It is evaluated as truly as the original, by the same calculator,
on the same timelines and windows, so that it costs little more than a comparison a second.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from math import ceil, floor
from typing import NamedTuple

from ..event import Alert
from ..limits import GROUPS_MAX
from .calculator import RuleCalculator
from .contribution import Group
from .evaluator import RuleEvaluator
from .mute import Mute
from .rule import Rule
from .state import AlertState
from .suppression import Suppression

FACTORS = (0.5, 0.75, 1.25, 1.5, 2.0, 3.0)
"""What thresholds are multiplied by where the distribution of values is not known."""

FLAP_SECONDS = 300
"""A firing that begins this soon after the end of the last one of its group, or within the rule's window, is a flap."""

NOISY = 4
"""A rule that has fired less often than this, and never flapped, needs no advice."""


class Trial(NamedTuple):
    """A rule and its variants: with other thresholds, in ascending order, and one that keeps firing for as long as it may flap."""

    rule: Rule
    others: tuple[Rule, ...]
    kept: Rule | None

    def level(self, other: Rule) -> str:
        """What the threshold of a variant is among the values in the log: `p99`; "" where that is not known."""
        _, _, level = other.name.partition("*")
        return level if level[:1] in ("p", "m") else ""


def trial_of(rule: Rule, levels: Mapping[str, float] | None = None) -> Trial:
    """What a backtest tries of `rule`: thresholds at the `levels` of its values in the log, else multiples of its own.

    Names of variants have a `*`, which those of rules never have.
    """
    wanted = levels or {f"{factor:g}": rule.threshold * factor for factor in FACTORS}
    others: dict[float, Rule] = {rule.threshold: rule}
    for name, wish in wanted.items():
        threshold = _as_threshold(rule, wish)
        if (
            threshold in others
            or (levels and threshold <= 0)
            or (threshold == rule.threshold_max and rule.comparison == "above")
        ):
            continue
        recover = None
        if rule.recover is not None:  # scaled along
            recover = _healthy(rule, rule.recover * (wish / rule.threshold if rule.threshold else 1), threshold)
        others[threshold] = replace(rule, name=f"{rule.name}*{name}", threshold=threshold, recover=recover)
    del others[rule.threshold]
    kept = replace(rule, name=f"{rule.name}*kept", keep_firing=flap_seconds(rule))
    return Trial(
        rule,
        tuple(sorted(others.values(), key=lambda other: other.threshold)),
        kept if rule.keep_firing < kept.keep_firing else None,
    )


def flap_seconds(rule: Rule) -> int:
    """How soon a firing must follow another to be a flap."""
    return max(rule.window, FLAP_SECONDS)


def _as_threshold(rule: Rule, threshold: float) -> float:
    """The nearest threshold that `rule` may have."""
    if rule.is_whole:
        threshold = floor(threshold) if rule.comparison in ("above", "at_most") else ceil(threshold)
    return max(_possible(rule, threshold), rule.threshold_min)


def _healthy(rule: Rule, recover: float, threshold: float) -> float:
    """`recover`, scaled along with the threshold, where a value may still be."""
    recover = _possible(rule, recover)
    return min(recover, threshold) if rule.is_high else max(recover, threshold)


def _possible(rule: Rule, value: float) -> float:
    return value if rule.threshold_max is None else min(value, rule.threshold_max)


class BacktestCalculator(RuleCalculator):
    """Yields the alerts of the rules of `trials`, and those of their variants under the variants' names; none says what changed."""

    def __init__(self, trials: Sequence[Trial], mutes: Sequence[Mute] = ()) -> None:
        rules = [trial.rule for trial in trials]
        self._originals = {
            variant.name: trial.rule
            for trial in trials
            for variant in (*trial.others, *([trial.kept] if trial.kept is not None else []))
        }
        variants = [variant for trial in trials for variant in (*trial.others, trial.kept) if variant is not None]
        super().__init__([*rules, *variants], mutes, causes=False)

    def _suppressing(self, evaluators: dict[str, RuleEvaluator], mutes: Sequence[Mute]) -> Suppression:
        return _VariantSuppression(evaluators, mutes, self._originals)

    def _reported(self) -> Iterable[RuleEvaluator]:
        return [evaluator for name, evaluator in self._evaluators.items() if name not in self._originals]


class _VariantSuppression(Suppression):
    """Suppresses a variant when its original would be."""

    def __init__(self, evaluators: dict[str, RuleEvaluator], mutes: Sequence[Mute], originals: Mapping[str, Rule]) -> None:
        super().__init__(evaluators, mutes)
        self._originals = originals

    def reason(self, rule: Rule, group: Group, time: int) -> str:
        return super().reason(self._originals.get(rule.name, rule), group, time)


class Record:
    """What one rule did: `fired` how often, `pages` of them were sent, the rest `suppressed` for a reason; times are seconds.

    `seconds` and `longest` are how long its alerts fired, each group's by itself, and `firing` are those that still do.
    """

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.fired = self.pages = self.flaps = self.seconds = self.longest = 0
        self.suppressed: Counter[str] = Counter()
        self.groups: Counter[tuple[tuple[str, bytes], ...]] = Counter()
        """How often each group fired; of the first ones, where there are very many."""
        self.firing: dict[tuple[tuple[str, bytes], ...], tuple[int, str]] = {}
        """Since when each group fires, and why it was suppressed."""
        self._resolved: dict[tuple[tuple[str, bytes], ...], int] = {}
        self._flap_seconds = flap_seconds(rule)

    def take(self, alert: Alert) -> None:
        """Take note of a transition."""
        if alert.state == AlertState.PENDING:
            return
        group = alert.group
        if alert.state == AlertState.FIRING:
            if group not in self.firing:
                self._fire(group, alert.time)
            if not alert.suppressed:
                self.pages += 1
            self.firing[group] = alert.started, alert.suppressed
            return
        started, suppressed = self.firing.pop(group)
        self._lasted(alert.time - started)
        self.suppressed.update([suppressed] if suppressed else [])
        self._resolved[group] = alert.time
        if len(self._resolved) > GROUPS_MAX:
            del self._resolved[next(iter(self._resolved))]

    def end(self, last: int) -> None:
        """The log has ended with second `last`: what fires has fired until then."""
        for started, suppressed in self.firing.values():
            self._lasted(last + 1 - started)
            self.suppressed.update([suppressed] if suppressed else [])

    def _fire(self, group: tuple[tuple[str, bytes], ...], time: int) -> None:
        self.fired += 1
        if len(self.groups) < GROUPS_MAX or group in self.groups:
            self.groups[group] += 1
        resolved = self._resolved.pop(group, None)
        if resolved is not None and time - resolved <= self._flap_seconds:
            self.flaps += 1

    def _lasted(self, seconds: int) -> None:
        self.seconds += seconds
        self.longest = max(self.longest, seconds)


def suggestion(original: Record, others: Sequence[Record], kept: Record | None) -> str:
    """A line that says which other number would have been better, "" where none would or nothing is amiss.

    A rule that never fired might look for less; one that fires and flaps all the time, for more, or wait before it recovers.
    """
    rule = original.rule
    looser = [other for other in others if (other.rule.threshold < rule.threshold) == rule.is_high]
    stricter = [other for other in others if other not in looser]
    nearest = sorted(looser, key=lambda other: abs(other.rule.threshold - rule.threshold))
    if not original.fired:
        found = next((other for other in nearest if other.fired), None)
        return "" if found is None else f"{_threshold(found.rule)} would have fired {times(found.fired)}"
    if original.fired < NOISY and not original.flaps:
        return ""
    instead = f"instead of {original.fired:,}"
    if kept is not None and original.flaps * 2 >= original.fired and kept.fired * 2 <= original.fired:
        return f"keep_firing = {kept.rule.keep_firing} would have fired {times(kept.fired)} {instead}"
    stricter.sort(key=lambda other: abs(other.rule.threshold - rule.threshold))
    for share in (4, 2):
        for other in stricter:
            if 0 < other.fired * share <= original.fired:
                return f"{_threshold(other.rule)} would have fired {times(other.fired)} {instead}"
    return ""


def _threshold(rule: Rule) -> str:
    return f"{rule.comparison.replace('_', ' ')} {rule.amount(rule.threshold)}"


def times(count: int) -> str:
    """`1 time`, `3 times`."""
    return f"{count:,} time" + ("s" if count != 1 else "")
