"""Monitors that look back at finished logs: they evaluate the alerts and send nothing."""

from __future__ import annotations

from collections.abc import Sequence
import os
from typing import Any, TextIO

from ..action.backtest_report import BacktestReport
from ..action.base import Action
from ..action.explanation_report import Explainer
from ..action.formatter import MessageFormatter
from ..action.progress import ProgressLine
from ..alert.backtest import BacktestCalculator, trial_of
from ..alert.calculator import RuleCalculator
from ..alert.rule import Rule
from ..alert.state import AlertState
from ..alert.survey import SurveyCalculator
from ..analyze.calculator import StreamCalculator
from ..analyze.processor import AnalyticsProcessor
from ..config.settings import Settings
from ..errors import UsageError
from ..event import Alert, Summary
from ..runtime.clock import is_time_of_day, second_named, second_of_day, zone_named
from ..source.base import Source
from ..source.open import expanded
from ..text import decoded
from .calculators import all_rules
from .formats import choice_of, own_parser
from .input import Input
from .monitor import Monitor
from .outputs import output_action
from .recogniser import Recogniser
from .wiring import inputs_of, named_files, skew_max


def build_backtest(settings: Settings, out: TextIO, errors: TextIO) -> Monitor:
    """What reports how often each alert would have fired."""
    rules = _some_rules(settings)
    formatter = MessageFormatter(zone_named(settings.output.timezone))
    is_json, verbose = settings.output.output == "json", settings.output.verbose
    survey = SurveyCalculator(rules)
    levels = survey.levels() if _read_ahead(settings, survey, errors) is not None else {}
    trials = [trial_of(rule, levels.get(rule.name)) for rule in rules]
    report = BacktestReport(out, errors, formatter, trials, is_json=is_json, verbose=verbose)
    return _built(settings, BacktestCalculator(trials, settings.alerting.mutes), report, errors)


def build_explanation(settings: Settings, time: str, out: TextIO, errors: TextIO) -> Monitor:
    """What reports the state of each alert at `time`, and why."""
    rules = _some_rules(settings)
    formatter = MessageFormatter(zone_named(settings.output.timezone))
    second = _second(settings, time, errors)
    calculator = RuleCalculator(rules, settings.alerting.mutes, second, causes=False)
    return _built(settings, calculator, Explainer(output_action(settings, out, errors, formatter), second, formatter), errors)


def alerts_of(settings: Settings) -> list[dict[str, Any]]:
    """The alerts that the rules of `settings` raise on finished logs: from when to when each fired, and its worst value."""
    calculator = RuleCalculator(_some_rules(settings), settings.alerting.mutes, causes=False)
    processor = AnalyticsProcessor([calculator], settings.reading.buffer_time)
    found: dict[tuple[str, object, int], dict[str, Any]] = {}
    for event in Monitor(inputs_of(settings, processor), processor, skew_max=skew_max(settings)).events():
        if isinstance(event, Alert) and event.state in (AlertState.FIRING, AlertState.RESOLVED):
            group = ", ".join(f"{label}={decoded(value)}" for label, value in event.group)
            found[event.name, event.group, event.started] = {
                "name": event.name,
                "group": group,
                "severity": event.severity,
                "started": event.started,
                "ended": event.time if event.state == AlertState.RESOLVED else None,
                "peak": event.peak,
                "threshold": event.threshold,
            }
    return list(found.values())


def rehearsal(settings: Settings, source: Source) -> tuple[AnalyticsProcessor, Monitor]:
    """A monitor of one source for nothing but its alerts, whatever the clock says, and its processor."""
    rules = RuleCalculator(all_rules(settings), settings.alerting.mutes, causes=False)
    processor = AnalyticsProcessor([rules], settings.reading.buffer_time)
    recogniser = Recogniser(processor, choice_of(settings), own_parser(settings))
    return processor, Monitor([Input(source, recogniser)], processor, skew_max=1 << 40)


def _second(settings: Settings, time: str, errors: TextIO) -> int:
    """The second that `time` means: a time of day is one of the only day, or the only one, that the logs have."""
    zone = settings.output.timezone
    if not is_time_of_day(time):
        return second_named(time, zone)
    summary = _read_ahead(settings, None, errors)
    if summary is None:
        raise UsageError(f"a time of day such as {time!r} needs files, which can be read twice: give the date too")
    if summary.first is None or summary.last is None:
        raise UsageError("the logs have no events")
    return second_of_day(time, zone, summary.first, summary.last)


def _read_ahead(settings: Settings, calculator: StreamCalculator | None, errors: TextIO) -> Summary | None:
    """Read the logs once before they are read for good; None, and nothing is done, where they can be read only once."""
    paths = expanded(named_files(settings.reading.files or choice_of(settings).paths()))
    if not all(map(os.path.isfile, paths)):
        return None
    processor = AnalyticsProcessor([] if calculator is None else [calculator], settings.reading.buffer_time)
    progress = [ProgressLine(errors)] if errors.isatty() else []
    return Monitor(inputs_of(settings, processor), processor, progress, skew_max=skew_max(settings)).run()


def _some_rules(settings: Settings) -> Sequence[Rule]:
    if settings.output.output == "dashboard":
        raise UsageError("--output dashboard goes with watch; use text or json here")
    rules = all_rules(settings)
    if not rules:
        raise UsageError("no alert rules: give --config FILE or --alerts default")
    return rules


def _built(settings: Settings, calculator: StreamCalculator, report: Action, errors: TextIO) -> Monitor:
    processor = AnalyticsProcessor([calculator], settings.reading.buffer_time)
    actions = [*([ProgressLine(errors)] if errors.isatty() else []), report]
    return Monitor(inputs_of(settings, processor), processor, actions, skew_max=skew_max(settings))
