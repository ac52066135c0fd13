"""The report of `backtest`: of each rule how often it would have fired, and a table of other thresholds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TextIO

from ..alert.backtest import Record, Trial, flap_seconds, suggestion, times
from ..alert.rule import Rule
from ..event import Alert, Event, MalformedLine, Notice, Summary
from ..text import decoded, duration, printable
from .base import Action
from .formatter import MessageFormatter
from .terminal import report_problem

DAY = 86_400


class BacktestReport(Action):
    """Collects what a `BacktestCalculator` of `trials` yields, and reports at the end: as text, or a JSON object a rule."""

    essential = True

    def __init__(
        self,
        out: TextIO,
        errors: TextIO,
        formatter: MessageFormatter,
        trials: Sequence[Trial],
        *,
        is_json: bool = False,
        verbose: bool = False,
    ) -> None:
        self._out = out
        self._errors = errors
        self._formatter = formatter
        self._is_json = is_json
        self._verbose = verbose
        self._trials = trials
        tried = [rule for trial in self._trials for rule in (trial.rule, *trial.others, trial.kept) if rule is not None]
        self._records = {rule.name: Record(rule) for rule in tried}

    def notify(self, event: Event) -> None:
        if isinstance(event, Alert):
            self._records[event.name].take(event)
        elif isinstance(event, (MalformedLine, Notice)):
            report_problem(event, self._errors, self._verbose)
        elif isinstance(event, Summary):
            self._report(event)

    def _report(self, summary: Summary) -> None:
        seconds = 0
        if summary.first is not None and summary.last is not None:
            seconds = summary.last - summary.first + 1
            for record in self._records.values():
                record.end(summary.last)
        if self._is_json:
            import json  # here, because only this output needs it

            lines = [json.dumps(self._fields(trial, summary, seconds), separators=(",", ":")) for trial in self._trials]
        else:
            lines = [*self._head(summary, seconds), *(line for trial in self._trials for line in self._lines(trial, seconds))]
        self._out.write("".join(line + "\n" for line in lines))
        self._out.flush()

    def _of(self, trial: Trial) -> tuple[Record, list[Record], Record | None]:
        """The records of the rule, of its other thresholds and of the one that is kept firing."""
        others = [self._records[other.name] for other in trial.others]
        return self._records[trial.rule.name], others, None if trial.kept is None else self._records[trial.kept.name]

    def _head(self, summary: Summary, seconds: int) -> Iterator[str]:
        yield f"{summary.lines:,} lines: {summary.events:,} events, {summary.malformed:,} malformed, {summary.late:,} late"
        if summary.first is not None and summary.last is not None:
            first, last = self._formatter.time(summary.first), self._formatter.time(summary.last)
            yield f"  {first} to {last} ({duration(seconds)})"

    def _lines(self, trial: Trial, seconds: int) -> Iterator[str]:
        record, others, kept = self._of(trial)
        rule = trial.rule
        yield ""
        yield f"{rule.name}: {rule.condition} ({rule.details})"
        if not any(each.fired for each in (record, *others)):
            yield "  never fired" + (f", nor at any threshold from {_range(trial)}" if others else "")
            return
        if record.fired:
            lasted = f" in all, {duration(record.longest)} at most" if record.fired > 1 else ""
            yield f"  fired {times(record.fired)}, for {duration(record.seconds)}{lasted}; {_flaps(record.flaps)}"
            pace = f", {_pages(record.pages, seconds)} a day" if seconds >= DAY else ""
            yield f"  pages {record.pages:,}{pace}{_suppressed(record)}"
        else:
            yield "  never fired"
        if record.groups and rule.by:
            group, fired = record.groups.most_common(1)[0]
            yield f"  groups {len(record.groups):,}, most often {_label(group)}: {times(fired)}"
        if record.firing:
            since = min(started for started, _ in record.firing.values())
            which = f"{len(record.firing):,} groups still fire, the first"
            if len(record.firing) == 1:
                which = f"{_label(next(iter(record.firing))) or 'it'} still fires,"
            yield f"  at the end of the log {which} since {self._formatter.time(since)}"
        if others:
            yield from _table(trial, record, others, seconds)
        if advice := suggestion(record, others, kept):
            yield f"  {advice}"

    def _fields(self, trial: Trial, summary: Summary, seconds: int) -> dict[str, Any]:
        record, others, kept = self._of(trial)
        rule = trial.rule
        sweep = sorted([record, *others], key=lambda each: each.rule.threshold)
        return {
            "event": "backtest",
            "name": rule.name,
            "condition": rule.condition,
            "severity": rule.severity,
            "measure": rule.measured,
            "comparison": rule.comparison,
            "window": rule.window,
            "first": summary.first,
            "last": summary.last,
            **_numbers(record, seconds),
            "longest": record.longest,
            "flap_seconds": flap_seconds(rule),
            "held": dict(record.suppressed),
            "groups": len(record.groups),
            "still_firing": [
                {"group": {label: decoded(value) for label, value in group}, "started": started, "held": suppressed}
                for group, (started, suppressed) in record.firing.items()
            ],
            "thresholds": [{**_numbers(each, seconds), "level": trial.level(each.rule) or None} for each in sweep],
            "kept": None if kept is None else {"keep_firing": kept.rule.keep_firing, **_numbers(kept, seconds)},
            "suggestion": suggestion(record, others, kept),
        }


def _numbers(record: Record, seconds: int) -> dict[str, Any]:
    return {
        "threshold": record.rule.threshold,
        "recover": record.rule.recover,
        "fired": record.fired,
        "seconds": record.seconds,
        "flaps": record.flaps,
        "pages": record.pages,
        "pages_per_day": round(record.pages * DAY / seconds, 3) if seconds else 0.0,
    }


def _table(trial: Trial, record: Record, others: Sequence[Record], seconds: int) -> Iterator[str]:
    """A row for each threshold, the rule's own marked; behind the others what they are among the values in the log."""
    rule = trial.rule
    pages = "pages a day" if seconds >= DAY else "pages"
    yield f"    {rule.comparison.replace('_', ' '):>14}  {'fired':>9}  {'flaps':>7}  {'firing for':>13}  {pages:>11}"
    for each in sorted([record, *others], key=lambda each: each.rule.threshold):
        mark = ">" if each is record else " "
        yield (
            f"  {mark} {rule.amount(each.rule.threshold):>14}  {each.fired:>9,}  {each.flaps:>7,}"
            f"  {duration(each.seconds):>13}  {_pages(each.pages, seconds):>11}  {trial.level(each.rule)}".rstrip()
        )


def _range(trial: Trial) -> str:
    thresholds = [trial.rule.amount(other.threshold) for other in trial.others]
    return f"{thresholds[0]} to {thresholds[-1]}"


def _pages(pages: int, seconds: int) -> str:
    """A day, of a log that has days; less says nothing of a day."""
    return f"{pages * DAY / seconds:,.1f}" if pages and seconds >= DAY else f"{pages:,}"


def _flaps(count: int) -> str:
    return f"{count:,} flap" + ("s" if count != 1 else "")


def _suppressed(record: Record) -> str:
    """How many were suppressed, and why: `; suppressed 3 (2 muted: night, 1 dry run)`."""
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in record.suppressed.most_common())
    return f"; suppressed {record.suppressed.total():,} ({reasons})" if reasons else ""


def _label(group: tuple[tuple[str, bytes], ...]) -> str:
    return ", ".join(f"{label}={printable(value)}" for label, value in group)
