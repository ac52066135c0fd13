"""From settings to a monitor: the one place that names the concrete classes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
import os
import sys
from typing import TYPE_CHECKING, TextIO

from ..action.base import Action
from ..action.formatter import MessageFormatter
from ..action.summary_text import Advice
from ..analyze.processor import AnalyticsProcessor
from ..config.settings import Settings
from ..errors import InputError, UsageError
from ..limits import HISTORY_DETAIL_SECONDS, JOB_BYTES_MIN, SKEW_SECONDS, SKEW_SECONDS_FOLLOWING
from ..parse.base import Parser
from ..parse.choose import Choice
from ..runtime.clock import zone_named
from ..source.base import Source
from ..source.open import STANDARD_INPUT, expanded, open_source
from ..source.several import OpenSources, Sources
from .calculators import all_rules, calculators_of, rule_calculator
from .formats import choice_of, own_parser
from .input import Input
from .monitor import Monitor
from .outputs import actions_of, receivers_in, receivers_of
from .recogniser import Recogniser
from .record import replay

if TYPE_CHECKING:
    from ..state.database import Database
    from ..state.history.recorder import Recorder
    from .configuration import Loaded
    from .receivers import Receivers
    from .replay import Replay


def build(
    settings: Settings,
    out: TextIO,
    errors: TextIO,
    advice: Advice | None = None,
    reread: Callable[[], Loaded] | None = None,
    open_sources: OpenSources | None = None,
) -> Monitor:
    """The monitor that `settings` describe, writing to `out` and `errors`.

    `advice` makes the commands that it suggests; `reread` reads the settings again when a reload of the configuration is asked for;
    `open_sources` opens what is followed, where that is not files.
    """
    repeat = {} if advice is None else {"repeat": advice.repeat}
    replay = replay_of(settings)
    processor = AnalyticsProcessor(calculators_of(settings, replay), settings.reading.buffer_time, **repeat)
    database = _open_state(settings)
    try:
        recorder = None if database is None else _recorder(settings, processor, database)
        receivers = receivers_of(settings, processor, errors, database)
        # What is wrong with an action is reported before any log is opened.
        actions = actions_of(
            settings, out, errors, advice, [] if receivers is None else receivers.build(settings.alerting.actions)
        )
        if settings.following.follow:
            monitor = _build_following(settings, processor, actions, database, recorder, open_sources)
            if reread is not None:
                _make_reloadable(monitor, settings, reread, receivers or receivers_in(settings, processor, errors, database))
            return monitor
        return Monitor(inputs_of(settings, processor, replay), processor, actions, skew_max=skew_max(settings))
    except BaseException:
        if database is not None:
            database.close()
        raise


def _open_state(settings: Settings) -> Database | None:
    if settings.following.state is None:
        return None
    from ..state.open import open_state  # here, because few runs need it and start-up counts

    return open_state(settings.following.state)


def _recorder(settings: Settings, processor: AnalyticsProcessor, database: Database) -> Recorder | None:
    """What records history, unless that is off."""
    from ..state.history.recorder import Recorder  # here, because few runs need it and start-up counts
    from ..state.history.settings import HistorySettings

    history = settings.following.history or HistorySettings()
    if history.off:
        return None
    recorder = Recorder(history, MessageFormatter(zone_named(settings.output.timezone)).alert, database.warnings.append)
    processor.collect(recorder)
    return recorder


def _build_following(
    settings: Settings,
    processor: AnalyticsProcessor,
    actions: Sequence[Action],
    database: Database | None,
    recorder: Recorder | None,
    open_sources: OpenSources | None = None,
) -> Monitor:
    """A monitor whose inputs arrive while it runs, and with a state directory, one that continues where the last run stopped."""
    from ..source.follow.source_set import SourceSet
    from ..source.follow.tail import Start
    from .followed import Following  # here, because few runs need them and start-up counts

    choice = choice_of(settings)
    recogniser = Recogniser(processor, choice, own_parser(settings))
    names = named_files(settings.reading.files or choice.paths())
    journal, found = None, None
    if database is not None:
        from ..serialize import EventCodec
        from ..state.journal import Journal

        interval, lines = settings.following.commit_interval, settings.following.commit_lines
        journal = Journal(database, codec=EventCodec(processor.yields), interval=interval, lines=lines)
        if recorder is not None:
            journal.join(recorder)
        found = journal.found
        if found is not None:
            journal.report_resuming({name: each[1] for name, each in found["inputs"].items()})
            if processor.restore(found["processor"]):
                replay(processor, journal.operations)
            else:
                journal.warn("saved by a run with other settings; resuming at its position with empty windows")
    position = None if found is None else found["position"]
    sources: Sources
    if open_sources is not None:
        sources = open_sources(names, position)
    else:
        start: Start = "end" if settings.following.start == "end" else "begin"
        sources = SourceSet(names, start=start, position=position, last_line=journal is None)
    following = Following(sources, recogniser, None if found is None else found["inputs"])
    return Monitor(following, processor, actions, journal=journal, skew_max=skew_max(settings))


def _make_reloadable(monitor: Monitor, settings: Settings, reread: Callable[[], Loaded], receivers: Receivers) -> None:
    from ..alert.calculator import RuleCalculator
    from .followed import Following
    from .reload import Reloader

    processor, following = monitor.processor, monitor.streams
    assert isinstance(following, Following)
    rules = next((each for each in processor.calculators if isinstance(each, RuleCalculator)), None)
    monitor.reloader = Reloader(
        settings,
        reread,
        following,
        receivers,
        rules,
        rule_calculator,
        lambda: Recogniser(processor, choice_of(settings), own_parser(settings)),
    )


def skew_max(settings: Settings) -> int:
    """Seconds ahead of the clock that a time may lie."""
    if settings.reading.max_skew is not None:
        return settings.reading.max_skew
    return SKEW_SECONDS_FOLLOWING if settings.following.follow else SKEW_SECONDS


def open_log(
    log: str | Source, processor: AnalyticsProcessor, *, log_format: str = "auto", parser: Parser | None = None
) -> Input:
    """An input for `processor` that reads `log`, a path or a source, by `parser` or in the format of that name or definition."""
    source = open_source(log) if isinstance(log, str) else log
    return Input(source, Recogniser(processor, Choice(log_format), parser))


def replay_of(settings: Settings) -> Replay | None:
    """What reads the logs again around alerts, where they are finished plain files and no rule looks far back."""
    alerting, reading = settings.alerting, settings.reading
    if settings.following.follow or reading.demo or not (alerting.rules or alerting.mutes):
        return None
    windows = [rule.window for rule in all_rules(settings) if rule.has_attribution]
    if not windows or 2 * max(windows) > HISTORY_DETAIL_SECONDS:
        return None
    from .parallel import splittable
    from .replay import Replay  # here, because few runs need them and start-up counts

    choice = choice_of(settings)
    paths = expanded(named_files(reading.files or choice.paths()))
    return Replay(choice, own_parser(settings), reading.buffer_time) if all(map(splittable, paths)) else None


def inputs_of(settings: Settings, processor: AnalyticsProcessor, replay: Replay | None = None) -> list[Input]:
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
                inputs.append(ParallelInput(path, recogniser, pool, replay))
            else:
                inputs.append(Input(open_source(path), recogniser, replay=replay))
    except InputError:
        for opened in inputs:
            opened.close()
        raise
    return inputs


def named_files(files: Sequence[str]) -> Sequence[str]:
    """What to read: standard input where nothing is named, unless that is a terminal."""
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
