"""From settings to a monitor: the one place that names the concrete classes."""

from __future__ import annotations

from collections.abc import Sequence
import importlib
import os
import sys
from typing import TYPE_CHECKING, Any, TextIO

from ..action.base import Action
from ..action.explanation_report import Explainer
from ..action.formatter import MessageFormatter
from ..action.json_lines import JsonLines
from ..action.progress import ProgressLine
from ..action.terminal import TerminalNotifier
from ..analyze.calculator import StreamCalculator
from ..analyze.high_traffic import HighTrafficCalculator
from ..analyze.most_common import MostCommonCalculator
from ..analyze.processor import AnalyticsProcessor
from ..analyze.totals import TotalsCalculator
from ..config.settings import Settings
from ..errors import InputError, UsageError
from ..event import Alert
from ..limits import CONF_BYTES_MAX, JOB_BYTES_MIN, SKEW_SECONDS, SKEW_SECONDS_FOLLOWING, TRAFFIC_SECONDS
from ..parse.base import Parser
from ..parse.choose import Choice, mapped_fields
from ..runtime.clock import second_named, zone_named
from ..source.base import Source
from ..source.open import STANDARD_INPUT, expanded, open_source
from ..text import printable
from ..version import VERSION
from .input import Input
from .monitor import Monitor
from .recogniser import Recogniser

if TYPE_CHECKING:
    from ..alert.rule import Rule


def build(settings: Settings, out: TextIO, errors: TextIO) -> Monitor:
    """The monitor that `settings` describe, writing to `out` and `errors`."""
    processor = AnalyticsProcessor(_calculators(settings), settings.buffer_time)
    actions = _actions(settings, processor, out, errors)  # what is wrong with them is told before anything is opened
    if settings.follow:
        return _build_following(settings, processor, actions)
    return Monitor(_inputs(settings, processor), processor, actions, skew_max=skew_max(settings))


def _build_following(settings: Settings, processor: AnalyticsProcessor, actions: Sequence[Action]) -> Monitor:
    """A monitor whose inputs come while it runs, and with a state directory, one that goes on where the last run was."""
    from ..source.follow.source_set import SourceSet
    from .followed import Following  # here, because few runs need them and start-up counts

    choice = _choice(settings)
    recogniser = Recogniser(processor, choice, _own_parser(settings))
    names = _names(settings.files or choice.paths())
    journal, found = None, None
    if settings.state is not None:
        from ..state.directory import StateDirectory
        from ..state.journal import Journal

        journal = Journal(StateDirectory(settings.state))
        found = journal.found
        if found is not None and not processor.restore(found["processor"]):
            journal.warn("was kept by a run with other settings; going on from its position with empty windows")
    sources = SourceSet(
        names,
        start="end" if settings.start == "end" else "begin",
        position=None if found is None else found["position"],
        last_line=journal is None,
    )
    following = Following(sources, recogniser, None if found is None else found["inputs"])
    return Monitor(following, processor, actions, journal=journal, skew_max=skew_max(settings))


def skew_max(settings: Settings) -> int:
    """Seconds ahead of the clock that a time may lie."""
    if settings.max_skew is not None:
        return settings.max_skew
    return SKEW_SECONDS_FOLLOWING if settings.follow else SKEW_SECONDS


def _calculators(settings: Settings) -> list[StreamCalculator]:
    if settings.backtest or settings.explain is not None:
        return [_looking_back(settings)]
    calculators: list[StreamCalculator] = []
    if settings.stats_interval:
        calculators.append(MostCommonCalculator(settings.stats_interval, settings.top))
    calculators.append(TotalsCalculator(settings.stats_interval, settings.top))
    if settings.rules or settings.mutes:  # then the built-in alert is one rule among others
        from ..alert.calculator import RuleCalculator  # here, because few runs need it and start-up counts

        calculators.append(RuleCalculator(all_rules(settings), settings.mutes))
    elif settings.high_traffic_interval and settings.high_traffic_threshold:
        calculators.append(HighTrafficCalculator(settings.high_traffic_interval, settings.high_traffic_threshold))
    if any(spec.type == "prometheus" for spec in settings.actions):
        from ..analyze.publisher import BucketPublisher
        from ..web.metrics import MEASURES

        calculators.append(BucketPublisher(TRAFFIC_SECONDS, MEASURES))
    return calculators + [_load(name, StreamCalculator) for name in settings.calculator]


def _looking_back(settings: Settings) -> StreamCalculator:
    """The one calculator of a run that only explains or counts what alerts would have done."""
    from ..alert.backtest import BacktestCalculator
    from ..alert.calculator import RuleCalculator

    rules = all_rules(settings)
    if not rules:
        raise UsageError("there is no alert to look at: give --config or --alerts default")
    if settings.explain is None:
        return BacktestCalculator(rules, settings.mutes)
    return RuleCalculator(rules, settings.mutes, second_named(settings.explain, settings.timezone), causes=False)


def all_rules(settings: Settings) -> tuple[Rule, ...]:
    """The rules, and before them the built-in alert as one, where it is on."""
    from ..alert.high_traffic import built_in_rules

    return *built_in_rules(settings.high_traffic_interval, settings.high_traffic_threshold), *settings.rules


def rehearsal(settings: Settings, source: Source) -> tuple[AnalyticsProcessor, Monitor]:
    """A monitor of one source for nothing but its alerts, whatever the clock says, and its processor."""
    from ..alert.calculator import RuleCalculator

    rules = RuleCalculator(all_rules(settings), settings.mutes, causes=False)
    processor = AnalyticsProcessor([rules], settings.buffer_time)
    recogniser = Recogniser(processor, _choice(settings), _own_parser(settings))
    return processor, Monitor([Input(source, recogniser)], processor, skew_max=1 << 40)


def _actions(settings: Settings, processor: AnalyticsProcessor, out: TextIO, errors: TextIO) -> list[Action]:
    formatter = MessageFormatter(zone_named(settings.timezone))
    actions: list[Action] = [ProgressLine(errors)] if errors.isatty() and not settings.follow else []
    if settings.backtest:
        from ..action.backtest_report import BacktestReport

        return [
            *actions,
            BacktestReport(
                out, errors, formatter, all_rules(settings), is_json=settings.output == "json", verbose=settings.verbose
            ),
        ]
    teller = _teller(settings, out, errors, formatter)
    if settings.explain is not None:
        return [*actions, Explainer(teller, second_named(settings.explain, settings.timezone), formatter)]
    if settings.actions:  # before what is printed: when nobody reads that any more, they must have been told
        from ..deliver.spec import Context  # here, because few runs need it and start-up counts

        def is_firing(alert: Alert) -> bool:
            return any((now.name, now.group) == (alert.name, alert.group) for now in processor.firing())

        context = Context(formatter, errors, settings.state, is_firing=is_firing)
        actions += [spec.build(context) for spec in settings.actions]
    return [*actions, teller, *(_load(name, Action) for name in settings.action)]


def _teller(settings: Settings, out: TextIO, errors: TextIO, formatter: MessageFormatter) -> Action:
    """What writes events to the standard output."""
    if settings.output == "json":
        return JsonLines(out, errors, formatter, verbose=settings.verbose)
    color = settings.color == "always" or (
        settings.color == "auto" and out.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    )
    banner = _banner(settings) if settings.explain is None else ""
    return TerminalNotifier(out, errors, formatter, banner=banner, color=color, verbose=settings.verbose)


def _banner(settings: Settings) -> str:
    inputs = ", ".join(settings.files or ["standard input"])
    every = f"statistics every {settings.stats_interval} s" if settings.stats_interval else "no statistics"
    alert = "no alert"
    if settings.high_traffic_interval and settings.high_traffic_threshold:
        alert = f"alert above {settings.high_traffic_threshold:g} hits/s over {settings.high_traffic_interval} s"
    count = len(settings.rules)
    rules = f", {count} alert rule{'s' * (count > 1)}" if count else ""
    return f"LogsMonitor2000 {VERSION}: {printable(os.fsencode(inputs))}\n{every}, {alert}{rules}"


def open_log(
    log: str | Source, processor: AnalyticsProcessor, *, log_format: str = "auto", parser: Parser | None = None
) -> Input:
    """An input for `processor` that reads `log`, a path or a source, by `parser` or in the format of that name or definition."""
    source = open_source(log) if isinstance(log, str) else log
    return Input(source, Recogniser(processor, Choice(log_format), parser))


def _choice(settings: Settings) -> Choice:
    """What the settings say about formats."""
    conf = ""
    if settings.nginx_conf:
        try:
            with open(settings.nginx_conf, encoding="utf-8", errors="surrogateescape") as file:
                conf = file.read(CONF_BYTES_MAX)
        except OSError as error:
            raise InputError(f"{settings.nginx_conf}: {error.strerror or error}") from error
    return Choice(settings.log_format, mapped_fields(settings.fields), settings.client_from, conf)


def _inputs(settings: Settings, processor: AnalyticsProcessor) -> list[Input]:
    """One input for each file, in the order they were named."""
    choice = _choice(settings)
    recogniser = Recogniser(processor, choice, _own_parser(settings))
    paths = expanded(_names(settings.files or choice.paths()))
    jobs = _jobs(settings, paths)
    pool = None
    if jobs > 1:
        from .parallel import ParallelInput, WorkerPool, splittable  # here, because few runs need them and start-up counts

        pool = WorkerPool(jobs, settings.buffer_time)
    inputs: list[Input] = []
    try:
        for path in paths:
            if pool is not None and splittable(path):
                inputs.append(ParallelInput(path, recogniser, pool))
            else:
                inputs.append(Input(open_source(path), recogniser))
    except InputError:
        for opened in inputs:
            opened.close()
        raise
    return inputs


def _own_parser(settings: Settings) -> Parser | None:
    return _load(settings.parser, Parser) if settings.parser else None


def _names(files: Sequence[str]) -> Sequence[str]:
    """What to read: standard input where nothing is named, unless somebody sits at it."""
    if files:
        return files
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError("no log file is named and standard input is a terminal (see --help)")
    return [STANDARD_INPUT]


def _jobs(settings: Settings, paths: Sequence[str]) -> int:
    """How many worker processes: 1 means that the monitor reads by itself."""
    if settings.jobs == 1:
        return 1
    plain = sum(os.path.getsize(path) for path in paths if os.path.isfile(path))
    if settings.jobs is not None:
        return settings.jobs if plain else 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, plain // JOB_BYTES_MIN))


def _load(name: str, kind: type) -> Any:
    """An object of the class that `package.module:Class` names."""
    module_name, _, class_name = name.partition(":")
    try:
        loaded = getattr(importlib.import_module(module_name), class_name)
    except (ImportError, AttributeError, ValueError, TypeError, SyntaxError) as error:
        raise UsageError(f"{name}: cannot be loaded ({error}); give it as package.module:Class") from error
    if not (isinstance(loaded, type) and issubclass(loaded, kind)):
        raise UsageError(f"{name}: is not a {kind.__name__}")
    try:
        return loaded()
    except TypeError as error:
        raise UsageError(f"{name}: cannot be made without arguments ({error})") from error
