"""Why a rule did or did not fire at a second, in words."""

from __future__ import annotations

from ..event import Explained
from ..limits import EXPLAINED_GROUPS_MAX
from ..text import amount, duration, printable
from .contribution import Group
from .evaluator import ChangeWatch, NewWatch, Watch, WindowWatch
from .lifecycle import ActiveAlert
from .state import AlertState


def explain(watch: Watch, time: int) -> tuple[list[Explained], list[str]]:
    """Each group that is pending or firing, and the first of the others; and the same in words, a line each."""
    rule = watch.rule
    groups = [*watch.states, *(group for group in watch.groups() if group not in watch.states)]
    shown = groups[: max(EXPLAINED_GROUPS_MAX, len(watch.states))]
    rules = [_explained(watch, group, time) for group in shown]
    if not groups:
        rules = [
            Explained(
                rule.name, (), AlertState.INACTIVE, None, rule.threshold, "", "inactive, there is nothing that it looks at"
            )
        ]
    lines = [f"{rule.name}{_label(each)}: {each.why}" for each in rules]
    if len(groups) > len(shown):
        lines.append(f"{rule.name}: and {len(groups) - len(shown):,} more groups")
    return rules, lines


def _explained(watch: Watch, group: Group, time: int) -> Explained:
    rule = watch.rule
    state: ActiveAlert | None = watch.states.get(group)
    return Explained(
        rule.name,
        tuple((label, part or b"-") for label, part in zip(rule.labels, group)),
        AlertState.INACTIVE if state is None else state.state,
        watch.value(group, time),
        rule.threshold,
        "" if state is None else state.suppressed,
        f"{_state(watch, group, time)}, {_value(watch, group, time)}",
    )


def _label(explained: Explained) -> str:
    parts = [f"{label}={printable(value)}" for label, value in explained.group]
    return f" [{', '.join(parts)}]" if parts else ""


def _state(watch: Watch, group: Group, time: int) -> str:
    state: ActiveAlert | None = watch.states.get(group)
    if state is None:
        return "inactive"
    if not state.is_firing:
        return f"pending for {time - state.active_at} s of {watch.rule.for_seconds}"
    value = watch.value(group, time)
    peak = state.peak if value is None else watch.rule.worse(state.peak, value)
    words = f"firing for {duration(time - state.started)}, peak {amount(watch.rule.measured, peak)}"
    if state.recovered_at is not None:
        words += f", recovered for {time - state.recovered_at} s of {watch.rule.keep_firing} that it is kept"
    return f"{words} ({state.suppressed})" if state.suppressed else words


def _value(watch: Watch, group: Group, time: int) -> str:
    rule = watch.rule
    value = watch.value(group, time)
    if value is None:
        return f"held: {_missing(watch, group, time)}"
    state = watch.states.get(group)
    if isinstance(watch, NewWatch) and state is None:
        return f"{amount(rule.measured, value)} events, and it is not the first time"
    recovering = state is not None and state.is_firing and rule.recover is not None
    limit = rule.threshold if not recovering or rule.recover is None else rule.recover
    holds = not rule.is_recovered(value) if recovering else rule.is_over(value)
    compared = f"{amount(rule.measured, value)} is {'' if holds else 'not '}{rule.comparison.replace('_', ' ')}"
    return f"{compared} {amount(rule.measured, limit)}{', where it recovers' if recovering else ''}"


def _missing(watch: Watch, group: Group, time: int) -> str:
    """Why there is no value."""
    if isinstance(watch, WindowWatch):
        if (left := watch.filling(time)) > 0:
            return f"the window is full in {left} s"
        events = watch.events(group)
        if events < watch.rule.min_events:
            return f"only {events:,} of at least {watch.rule.min_events:,} events"
        if isinstance(watch, ChangeWatch):
            return "too few events before to compare with"
    return "no events to tell from"
