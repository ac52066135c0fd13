"""python -m LogsMonitor2000.source: prints each line that the reading side yields, and nothing else.

So that reading can be tried and tested apart from parsing. Without `--follow` it is a `cat` that understands compression. With it,
logs are followed through rotation and truncation until SIGINT or SIGTERM; what was counted for each file is told on standard error
then, and on SIGUSR1. With `--state` reading goes on where it stopped. The position is saved after what was printed, at most a second
later: a reader that is killed prints the lines of that last second again, and leaves none out.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import os
import signal
import sys
from types import FrameType
from typing import NoReturn

from ..errors import MonitorError, UsageError
from ..limits import POLL_SECONDS, STATE_SECONDS
from ..runtime.clock import Clock
from ..runtime.signals import INTERRUPTED, Stop
from ..runtime.waiter import Waiter
from ..source.base import Source
from ..source.follow.source_set import SourceSet
from ..source.open import expanded, open_source
from ..state.directory import StateDirectory
from ..text import printable

NAME = "python -m LogsMonitor2000.source"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status: 0 at the end or after SIGTERM, 130 after SIGINT, 2 for wrong usage or input."""
    try:
        options = _parser().parse_args(arguments)
        if options.follow:
            return _Follower(options).run()
        if options.state is not None or options.start != "begin":
            raise UsageError("--state and --start are for --follow")
        return _cat(options.files)
    except MonitorError as error:
        _tell(str(error))
        return error.exit_status
    except BrokenPipeError:  # `| head`: nobody reads any more
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except KeyboardInterrupt:
        return INTERRUPTED
    except OSError as error:
        _tell(str(error))
        return 1


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (see --help)")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog=NAME, description="Print the lines that the monitor would read.", allow_abbrev=False)
    parser.add_argument("files", nargs="+", metavar="FILE", help="paths or quoted globs; - is standard input")
    parser.add_argument("--follow", action="store_true", help="keep reading what is appended")
    parser.add_argument("--state", metavar="DIR", help="keep the position there, and go on from it")
    parser.add_argument("--start", choices=("begin", "end"), default="begin", help="where to begin (%(default)s)")
    return parser


def _cat(names: Sequence[str]) -> int:
    waiter = Waiter()
    for path in expanded(names):
        source = open_source(path)
        try:
            while not source.ended:
                if not _print_chunk(source) and not source.ended and (descriptor := source.fileno()) is not None:
                    waiter.wait([descriptor], None)
        finally:
            source.close()
        _warn(source)
    return 0


class _Follower:
    """Prints what comes until a signal ends it."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._clock = Clock()
        self._waiter = Waiter()
        self._report_is_due = False
        self._state = None if options.state is None else StateDirectory(options.state)
        saved = None if self._state is None else self._state.load()
        position = None if saved is None else saved.get("reader")
        self._sources = SourceSet(options.files, start=options.start, position=position if isinstance(position, dict) else None)
        self._saved = self._clock.elapsed()
        self._saved_position: object = None

    def run(self) -> int:
        stop = Stop(self._waiter.wake)
        self._waiter.wake_on_signals()
        signal.signal(signal.SIGUSR1, self._ask_for_report)
        try:
            while not stop.is_asked and not self._is_over():
                is_new = self._sources.look()
                has_read = [_print_chunk(source) for source in self._sources.sources]
                self._tell_warnings()
                if is_new or self._clock.elapsed() - self._saved >= STATE_SECONDS:  # what is not known cannot be missed later
                    self._save()
                if self._report_is_due:
                    self._report_is_due = False
                    self._report()
                if not any(has_read):
                    self._waiter.wait([], POLL_SECONDS)
            for source in self._sources.sources:
                source.stop()
                while _print_chunk(source):
                    pass
            self._save()
            self._tell_warnings()
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
            if self._state.save({"reader": position}):
                self._saved_position = position

    def _tell_warnings(self) -> None:
        for source in self._sources.sources:
            _warn(source)
        if self._state is not None:
            for warning in self._state.warnings:
                _tell(warning)
            self._state.warnings.clear()

    def _report(self) -> None:
        for path, read in self._sources.statistics().items():
            _tell(f"{path}: {read}")
        if self._state is not None and self._state.failures:
            _tell(f"{self._state.path}: the state could not be saved {self._state.failures} times")


def _print_chunk(source: Source) -> bool:
    """Print what there is of the chunk, block by block; False when there was nothing."""
    has_read = False
    for block in source.chunk():
        has_read = True
        view = memoryview(block)
        while view:
            view = view[os.write(1, view) :]
    return has_read


def _warn(source: Source) -> None:
    for warning in source.warnings:
        _tell(warning)
    source.warnings.clear()


def _tell(text: str) -> None:
    print(f"LogsMonitor2000: {printable(os.fsencode(text))}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
