"""From settings to a monitor: the one place that names the concrete classes."""

from __future__ import annotations

from collections.abc import Sequence
import importlib
import os
import sys
from typing import TYPE_CHECKING, Any, TextIO

from ..action.base import Action
from ..action.formatter import MessageFormatter
from ..action.json_lines import JsonLines
from ..action.overview import OverviewNotifier
from ..action.progress import ProgressLine
from ..action.style import Style, columns
from ..action.summary_text import Advice
from ..action.terminal import TerminalNotifier
from ..alert.high_traffic import HighTrafficCalculator
from ..analyze.calculator import StreamCalculator
from ..analyze.most_common import MostCommonCalculator
from ..analyze.processor import AnalyticsProcessor
from ..analyze.totals import TotalsCalculator
from ..config.settings import Settings
from ..errors import InputError, UsageError
from ..limits import CONF_BYTES_MAX, JOB_BYTES_MIN, SKEW_SECONDS, SKEW_SECONDS_FOLLOWING, SUMMARY_TOP, TRAFFIC_SECONDS
from ..parse.base import Parser
from ..parse.choose import Choice, checked_networks, mapped_fields
from ..runtime.clock import zone_named
from ..serialize import EventCodec
from ..source.base import Source
from ..source.open import STANDARD_INPUT, expanded, open_source
from ..text import counted, printable, step
from ..version import VERSION
from .input import Input
from .monitor import Monitor
from .recogniser import Recogniser

if TYPE_CHECKING:
    from ..alert.rule import Rule
    from ..state.database import Database


def build(settings: Settings, out: TextIO, errors: TextIO, advice: Advice | None = None) -> Monitor:
    """The monitor that `settings` describe, writing to `out` and `errors`; `advice` makes the commands that it suggests."""
    repeat = {} if advice is None else {"repeat": advice.repeat}
    processor = AnalyticsProcessor(_calculators(settings), settings.reading.buffer_time, **repeat)
    database = _open_state(settings)
    try:
        actions = _actions(
            settings, processor, out, errors, advice, database
        )  # what is wrong with them is told before any log is opened
        if settings.following.follow:
            return _build_following(settings, processor, actions, database)
        return Monitor(inputs_of(settings, processor), processor, actions, skew_max=skew_max(settings))
    except BaseException:
        if database is not None:
            database.close()
        raise


def _open_state(settings: Settings) -> Database | None:
    if settings.following.state is None:
        return None
    from ..state.open import open_state  # here, because few runs need it and start-up counts

    return open_state(settings.following.state)


def _build_following(
    settings: Settings, processor: AnalyticsProcessor, actions: Sequence[Action], database: Database | None
) -> Monitor:
    """A monitor whose inputs arrive while it runs, and with a state directory, one that continues where the last run stopped."""
    from ..source.follow.source_set import SourceSet
    from .followed import Following  # here, because few runs need them and start-up counts

    choice = choice_of(settings)
    recogniser = Recogniser(processor, choice, own_parser(settings))
    names = named_files(settings.reading.files or choice.paths())
    journal, found = None, None
    if database is not None:
        from ..state.journal import Journal

        journal = Journal(database, codec=EventCodec(processor.yields))
        found = journal.found
        if found is not None:
            journal.report_resuming({name: each[1] for name, each in found["inputs"].items()})
            if not processor.restore(found["processor"]):
                journal.warn("saved by a run with other settings; resuming at its position with empty windows")
    sources = SourceSet(
        names,
        start="end" if settings.following.start == "end" else "begin",
        position=None if found is None else found["position"],
        last_line=journal is None,
    )
    following = Following(sources, recogniser, None if found is None else found["inputs"])
    return Monitor(following, processor, actions, journal=journal, skew_max=skew_max(settings))


def skew_max(settings: Settings) -> int:
    """Seconds ahead of the clock that a time may lie."""
    if settings.reading.max_skew is not None:
        return settings.reading.max_skew
    return SKEW_SECONDS_FOLLOWING if settings.following.follow else SKEW_SECONDS


def _calculators(settings: Settings) -> list[StreamCalculator]:
    return built_in_calculators(settings) + [load_class(name, StreamCalculator) for name in settings.plugins.calculator]


def built_in_calculators(settings: Settings) -> list[StreamCalculator]:
    """The calculators that `settings` ask for, without the user's own classes."""
    calculators: list[StreamCalculator] = []
    top = settings.statistics.top
    if settings.statistics.seconds:
        calculators.append(MostCommonCalculator(settings.statistics.seconds, top))
    summary_top = top if settings.output.output == "json" else max(top, SUMMARY_TOP)
    calculators.append(TotalsCalculator(settings.statistics.seconds, summary_top))
    if settings.alerting.rules or settings.alerting.mutes:  # then the built-in alert is one rule among others
        from ..alert.calculator import RuleCalculator  # here, because few runs need it and start-up counts

        calculators.append(RuleCalculator(all_rules(settings), settings.alerting.mutes))
    elif settings.alerting.has_high_traffic:
        calculators.append(
            HighTrafficCalculator(settings.alerting.high_traffic_interval, settings.alerting.high_traffic_threshold)
        )
    if settings.serving.listen:
        from ..analyze.publisher import BucketPublisher
        from ..web.metrics import MEASURES

        calculators.append(BucketPublisher(TRAFFIC_SECONDS, MEASURES))
    if settings.output.output == "dashboard":
        from ..analyze.publisher import BucketPublisher
        from ..dashboard.model import MEASURES as DASHBOARD_MEASURES

        calculators.append(BucketPublisher(1, DASHBOARD_MEASURES, late=True))
    return calculators


def all_rules(settings: Settings) -> tuple[Rule, ...]:
    """The rules, and before them the built-in alert as one, where it is on."""
    from ..alert.high_traffic import built_in_rules

    alerting = settings.alerting
    return *built_in_rules(alerting.high_traffic_interval, alerting.high_traffic_threshold), *alerting.rules


def _actions(
    settings: Settings,
    processor: AnalyticsProcessor,
    out: TextIO,
    errors: TextIO,
    advice: Advice | None,
    database: Database | None,
) -> list[Action]:
    formatter = MessageFormatter(zone_named(settings.output.timezone))
    actions: list[Action] = [ProgressLine(errors)] if _shows_progress(settings, errors) else []
    terminal = output_action(settings, out, errors, formatter, _banner(settings), advice)
    if settings.alerting.actions:  # before what is printed: when nobody reads that any more, they must have been told
        from ..deliver.spec import Context  # here, because few runs need it and start-up counts

        context = Context(formatter, errors, firing=processor.firing)
        if database is not None:
            from ..state.outbox import DeliveryStore

            context = context._replace(outbox=DeliveryStore(database).outbox)
        actions += [spec.build(context) for spec in settings.alerting.actions]
    if settings.serving.listen:
        actions.append(_web_action(settings, formatter, errors))
    return [*actions, terminal, *(load_class(name, Action) for name in settings.plugins.action)]


def _web_action(settings: Settings, formatter: MessageFormatter, errors: TextIO) -> Action:
    """What serves the run over HTTP."""
    from ..web.action import WebAction  # here, because few runs need it and start-up counts
    from ..web.settings import HttpSettings

    assert settings.serving.listen is not None
    http = settings.serving.http or HttpSettings.of(settings.serving.listen)
    rules = [{"name": rule.name, "severity": rule.severity, "condition": rule.condition} for rule in all_rules(settings)]
    return WebAction(http, formatter, errors, rules=rules)


def _shows_progress(settings: Settings, errors: TextIO) -> bool:
    return errors.isatty() and not settings.following.follow and settings.output.output != "dashboard"


def output_action(
    settings: Settings,
    out: TextIO,
    errors: TextIO,
    formatter: MessageFormatter,
    banner: str = "",
    advice: Advice | None = None,
) -> Action:
    """What writes events to the standard output."""
    if settings.output.output == "json":
        return JsonLines(out, errors, formatter, verbose=settings.output.verbose)
    if settings.output.output == "dashboard":
        return _dashboard(settings, out, errors, formatter)
    notifier = OverviewNotifier if settings.adapts_interval else TerminalNotifier
    return notifier(
        out,
        errors,
        formatter,
        banner=banner,
        style=Style.of(out, settings.output.color),
        width=lambda: columns(out),
        verbose=settings.output.verbose,
        advice=advice,
    )


def _dashboard(settings: Settings, out: TextIO, errors: TextIO, formatter: MessageFormatter) -> Action:
    """The dashboard, and the summary after it."""
    from ..dashboard.action import Dashboard  # here, because few runs need it and start-up counts
    from ..dashboard.screen import Screen
    from ..dashboard.tty import Tty

    style = Style.of(out, settings.output.color)
    afterwards = TerminalNotifier(out, errors, formatter, style=style, width=lambda: columns(out), is_timed=False)
    terminal = Tty(color=settings.output.color != "never" and not os.environ.get("NO_COLOR"))
    alerting = settings.alerting
    threshold = alerting.high_traffic_threshold if alerting.has_high_traffic else 0.0
    return Dashboard(terminal, Screen(formatter, Style(unicode=terminal.has_unicode), _title(settings), threshold), afterwards)


def _title(settings: Settings) -> str:
    """What the logs are called together."""
    reading = settings.reading
    return "built-in demo" if reading.demo else ", ".join(reading.files or ["standard input"])


def _banner(settings: Settings) -> str:
    inputs = _title(settings)
    seconds = settings.statistics.seconds
    every = f"statistics every {step(seconds)}, " if seconds else "no statistics, "
    alerting = settings.alerting
    alert = "no high-traffic alert"
    if alerting.has_high_traffic:
        alert = f"alert above {alerting.high_traffic_threshold:g} requests/s over {alerting.high_traffic_interval} s"
    rules = f", {counted(len(alerting.rules), 'alert rule')}" if alerting.rules else ""
    every = "" if settings.adapts_interval else every
    return f"LogsMonitor2000 {VERSION}: {printable(os.fsencode(inputs))}\n{every}{alert}{rules}"


def open_log(
    log: str | Source, processor: AnalyticsProcessor, *, log_format: str = "auto", parser: Parser | None = None
) -> Input:
    """An input for `processor` that reads `log`, a path or a source, by `parser` or in the format of that name or definition."""
    source = open_source(log) if isinstance(log, str) else log
    return Input(source, Recogniser(processor, Choice(log_format), parser))


def choice_of(settings: Settings) -> Choice:
    """What the settings say about formats."""
    reading = settings.reading
    conf, trusted = nginx_conf(reading.nginx_conf), checked_networks(reading.trusted)
    return Choice(reading.log_format, mapped_fields(reading.fields), reading.client_from, conf, trusted, reading.time_format)


def nginx_conf(path: str) -> str:
    """The text of the nginx configuration at `path`; empty where none is named."""
    if not path:
        return ""
    try:
        with open(path, "rb") as file:
            raw = file.read(CONF_BYTES_MAX + 1)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from error
    if len(raw) > CONF_BYTES_MAX:
        raise InputError(f"{path}: larger than {CONF_BYTES_MAX:,} bytes; not an nginx configuration?")
    return raw.decode("utf-8", "surrogateescape")


def inputs_of(settings: Settings, processor: AnalyticsProcessor) -> list[Input]:
    """One input for each file, in the order they were named."""
    choice = choice_of(settings)
    recogniser = Recogniser(processor, choice, own_parser(settings))
    if settings.reading.demo:
        from ..source.demo import DemoSource  # here, because few runs need it and start-up counts

        return [Input(DemoSource(), recogniser)]
    paths = expanded(named_files(settings.reading.files or choice.paths()))
    jobs = _jobs(settings, paths)
    pool = None
    if jobs > 1:
        from .parallel import ParallelInput, WorkerPool, splittable  # here, because few runs need them and start-up counts

        pool = WorkerPool(jobs, settings.reading.buffer_time)
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


def own_parser(settings: Settings) -> Parser | None:
    return load_class(settings.reading.parser, Parser) if settings.reading.parser else None


def named_files(files: Sequence[str]) -> Sequence[str]:
    """What to read: standard input where nothing is named, unless somebody sits at it."""
    if files:
        return files
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError("no log file given, and standard input is a terminal (see --help)")
    return [STANDARD_INPUT]


def _jobs(settings: Settings, paths: Sequence[str]) -> int:
    """How many worker processes: 1 means that the monitor reads by itself."""
    if settings.reading.jobs == 1:
        return 1
    plain = sum(os.path.getsize(path) for path in paths if os.path.isfile(path))
    if settings.reading.jobs is not None:
        return settings.reading.jobs if plain else 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, plain // JOB_BYTES_MIN))


def load_class(name: str, kind: type) -> Any:
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
