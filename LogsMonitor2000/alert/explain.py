"""Why a rule did or did not fire at a second, in words."""

from __future__ import annotations

from ..event import Explained
from ..limits import EXPLAINED_GROUPS_MAX
from ..text import duration, printable
from .contribution import Group
from .evaluator import RuleEvaluator
from .state import AlertState


def explain(evaluator: RuleEvaluator, time: int) -> tuple[list[Explained], list[str]]:
    """Each group that is pending or firing, and the first of the others; and the same in words, a line each."""
    rule, states = evaluator.rule, evaluator.states
    groups = [*states, *(group for group in evaluator.groups() if group not in states)]
    shown = groups[: max(EXPLAINED_GROUPS_MAX, len(states))]
    rules = [_explained(evaluator, group, time) for group in shown]
    if not groups:
        rules = [
            Explained(rule.name, (), AlertState.INACTIVE, None, rule.threshold, "", "inactive, no events that it measures")
        ]
    lines = [f"{rule.name}{_label(each)}: {each.why}" for each in rules]
    if len(groups) > len(shown):
        lines.append(f"{rule.name}: and {len(groups) - len(shown):,} more groups")
    return rules, lines


def _explained(evaluator: RuleEvaluator, group: Group, time: int) -> Explained:
    rule, alert = evaluator.rule, evaluator.states.get(group)
    return Explained(
        rule.name,
        tuple((label, part or b"-") for label, part in zip(rule.labels, group)),
        AlertState.INACTIVE if alert is None else alert.state,
        evaluator.value(group, time),
        rule.threshold,
        "" if alert is None else alert.suppressed,
        f"{_state(evaluator, group, time)}, {_decision(evaluator, group, time)}",
    )


def _label(explained: Explained) -> str:
    parts = [f"{label}={printable(value)}" for label, value in explained.group]
    return f" [{', '.join(parts)}]" if parts else ""


def _state(evaluator: RuleEvaluator, group: Group, time: int) -> str:
    rule, alert = evaluator.rule, evaluator.states.get(group)
    if alert is None:
        return "inactive"
    if not alert.is_firing:
        return f"pending for {time - alert.active_at} s of {rule.for_seconds}"
    value = evaluator.value(group, time)
    peak = alert.peak if value is None else rule.worse(alert.peak, value)
    words = f"firing for {duration(time - alert.started)}, peak {rule.amount(peak)}"
    if alert.recovered_at is not None:
        words += f", recovered for {time - alert.recovered_at} s of keep_firing {rule.keep_firing}"
    return f"{words} ({alert.suppressed})" if alert.suppressed else words


def _decision(evaluator: RuleEvaluator, group: Group, time: int) -> str:
    """What the value is compared with, and how that turns out."""
    rule, alert = evaluator.rule, evaluator.states.get(group)
    value = evaluator.value(group, time)
    if value is None:
        return f"no decision: {evaluator.undecided(group, time)}"
    if alert is None and (reason := evaluator.inactive_because(group)):
        return f"{rule.amount(value)} events, {reason}"
    recovering = alert is not None and alert.is_firing and rule.recover is not None
    limit = rule.threshold if not recovering or rule.recover is None else rule.recover
    holds = not rule.is_recovered(value) if recovering else rule.is_over(value)
    compared = f"{rule.amount(value)} is {'' if holds else 'not '}{rule.comparison.replace('_', ' ')} {rule.amount(limit)}"
    return f"{compared}, where it recovers" if recovering else compared
