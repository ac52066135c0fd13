"""`cat FILE …`: prints each line that the reading side yields, and nothing else; with `--output json`, each event as an object.

So reading can be tried and tested apart from parsing. Without `--follow` it is a `cat` that understands compression. With it, logs are
followed through rotation and truncation until SIGINT or SIGTERM; the read statistics of each file are shown on standard error then,
and on SIGUSR1. With `--state` reading resumes where it stopped. The position is saved after what was printed, at most a second
later: a reader that is killed prints the lines of that last second again, and leaves none out.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable, Sequence
import os
import signal
from types import FrameType

from ..config.option import Text
from ..config.settings import Follow, Settings
from ..limits import POLL_SECONDS, STATE_SECONDS
from ..pipeline.event_lines import EventLines
from ..pipeline.formats import choice_of
from ..pipeline.wiring import named_files, skew_max
from ..runtime.clock import Clock
from ..runtime.signals import Stop
from ..runtime.waiter import Waiter
from ..source.base import Source
from ..source.follow.source_set import SourceSet
from ..source.open import expanded, open_source
from ..state.open import open_state
from ..state.snapshot import KeptSnapshot
from ..text import decoded
from .arguments import add_files, add_help, add_options, settings_of
from .messages import say
from .parser import Parser

USAGE = "[FILE ...] [options]"
EPILOG = """\
With --state a reader that was killed prints the lines of its last second again, and leaves none out.
Signals: SIGTERM and SIGINT end it, SIGUSR1 shows how much of each file was read."""


def configure(parser: Parser) -> None:
    group = parser.group("input")
    add_files(group)
    add_options(group, ("follow", "start", "state"))
    group = parser.group("events")
    group.add(
        "--output", kind=Text("FORMAT", words=("lines", "json")), help="lines as they are, or one JSON object an event (lines)"
    )
    add_options(group, ("log_format", "fields", "client_from", "trusted", "nginx_conf", "max_skew"))
    add_help(parser.group("other"))


def run(options: Namespace) -> int:
    settings = settings_of(options)
    names = named_files(settings.reading.files)
    printer = _Printer(settings if getattr(options, "output", "lines") == "json" else None)
    try:
        if settings.following.follow:
            return _Follower(names, settings.following, printer).run()
        return _cat(names, printer)
    finally:
        printer.report()


class _Printer:
    """Prints what sources yield: lines as they are, or with `settings`, the events in them as JSON."""

    def __init__(self, settings: Settings | None) -> None:
        self._settings = settings
        self._clock = Clock()
        self._events: dict[str, EventLines] = {}

    def print_chunk(self, source: Source) -> bool:
        """Print what there is of the chunk; False when there was nothing."""
        if self._settings is None:
            return _print_all(source.chunk())
        blocks = list(source.chunk())
        if blocks or source.ended:
            _print_all([self._events_of(source).of(blocks)])
        return bool(blocks)

    def _events_of(self, source: Source) -> EventLines:
        assert self._settings is not None
        if source.name not in self._events:
            settings, clock = self._settings, self._clock
            horizon = skew_max(settings)
            self._events[source.name] = EventLines(source, choice_of(settings), lambda: int(clock.now()) + horizon)
        return self._events[source.name]

    def report(self) -> None:
        """Say what was malformed."""
        for name, events in self._events.items():
            for number, sample in events.samples:
                say(f"{name}:{number}: {sample.reason}: {decoded(sample.text)}")
            if events.malformed:
                say(f"{name}: {events.malformed:,} malformed line{'s' * (events.malformed != 1)}")


def _cat(names: Sequence[str], printer: _Printer) -> int:
    waiter = Waiter()
    is_incomplete = False
    for path in expanded(names):
        source = open_source(path)
        try:
            while not source.ended:
                if not printer.print_chunk(source) and not source.ended and (descriptor := source.fileno()) is not None:
                    waiter.wait([descriptor], None)
        finally:
            source.close()
        _warn(source)
        is_incomplete |= source.is_incomplete
    return int(is_incomplete)


class _Follower:
    """Prints what comes until a signal ends it."""

    def __init__(self, names: Sequence[str], following: Follow, printer: _Printer) -> None:
        self._print_chunk = printer.print_chunk
        self._clock = Clock()
        self._waiter = Waiter()
        self._report_is_due = False
        self._state = None if following.state is None else KeptSnapshot(open_state(following.state), "reader")
        position = None if self._state is None else self._state.found
        self._sources = SourceSet(
            names,
            start="end" if following.start == "end" else "begin",
            position=position,
            last_line=self._state is None,  # else the next run reads it, once it is complete
        )
        self._saved = self._clock.elapsed()
        self._saved_position: object = None

    def run(self) -> int:
        stop = Stop(self._waiter.wake)
        self._waiter.wake_on_signals()
        signal.signal(signal.SIGUSR1, self._ask_for_report)
        try:
            while not stop.is_asked and not self._is_over():
                is_new = self._sources.poll()
                now = self._clock.elapsed()
                has_read = [self._print_chunk(source) for source in self._sources.sources if source.next_poll <= now]
                self._show_warnings()
                if is_new or self._clock.elapsed() - self._saved >= STATE_SECONDS:  # what is not known cannot be missed later
                    self._save()
                if self._report_is_due:
                    self._report_is_due = False
                    self._report()
                if not any(has_read):
                    self._waiter.wait([], POLL_SECONDS)
            for source in self._sources.sources:
                source.stop()
                while self._print_chunk(source):
                    pass
            self._save()
            self._show_warnings()
            self._report()
        finally:
            self._sources.close()
        return stop.exit_status

    def _ask_for_report(self, number: int, frame: FrameType | None) -> None:
        self._report_is_due = True

    def _is_over(self) -> bool:
        return self._sources.ended

    def _save(self) -> None:
        """Everything up to here is printed."""
        self._saved = self._clock.elapsed()
        if self._state is not None and (position := self._sources.position()) != self._saved_position:
            if self._state.save(position):
                self._saved_position = position

    def _show_warnings(self) -> None:
        for source in self._sources.sources:
            _warn(source)
        if self._state is not None:
            for warning in self._state.database.warnings:
                say(warning)
            self._state.database.warnings.clear()

    def _report(self) -> None:
        for path, read in self._sources.statistics().items():
            say(f"{path}: {read}")
        if self._state is not None and (failures := self._state.database.failures):
            say(f"{self._state.database.path}: the state could not be saved {failures} times")


def _print_all(blocks: Iterable[bytes]) -> bool:
    """Print block by block; False when there was none."""
    has_read = False
    for block in blocks:
        has_read = True
        view = memoryview(block)
        while view:
            view = view[os.write(1, view) :]
    return has_read


def _warn(source: Source) -> None:
    for warning in source.warnings:
        say(warning)
    source.warnings.clear()
