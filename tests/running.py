"""Runs of the monitor: inside the test with a clock that stands still, and as the real command with a limit on its time."""

from __future__ import annotations

import atexit
from collections.abc import Callable, Iterator, Sequence
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from functools import cache
import gc
import io
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from typing import Any
from unittest import mock

from LogsMonitor2000.action.base import Action
from LogsMonitor2000.alert.high_traffic import HighTrafficCalculator
from LogsMonitor2000.analyze.calculator import StreamCalculator
from LogsMonitor2000.analyze.most_common import MostCommonCalculator
from LogsMonitor2000.analyze.processor import AnalyticsProcessor
from LogsMonitor2000.analyze.totals import TotalsCalculator
from LogsMonitor2000.command.arguments import settings_of
from LogsMonitor2000.command.main import main
from LogsMonitor2000.command.verbs import DEFAULT
from LogsMonitor2000.config.settings import Settings
from LogsMonitor2000.event import Alert, Event
from LogsMonitor2000.pipeline.monitor import Monitor
from LogsMonitor2000.pipeline.wiring import open_log
from LogsMonitor2000.runtime.waiter import Waiter
from LogsMonitor2000.source.base import Source
from LogsMonitor2000.testing import ManualClock, ManualWaiter, ScriptedSource

from .logs import NOW
from .reference import Options

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SECONDS_MAX = 30.0
"""A command that has not done by then what it should hangs."""


def processor_for(options: Options) -> AnalyticsProcessor:
    """What `options` describe."""
    calculators: list[StreamCalculator] = []
    if options.stats_interval:
        calculators.append(MostCommonCalculator(options.stats_interval, options.top))
    calculators.append(TotalsCalculator(options.stats_interval, options.top))
    if options.window and options.threshold:
        calculators.append(HighTrafficCalculator(options.window, options.threshold))
    return AnalyticsProcessor(calculators, options.buffer_time)


def events_of(sources: Sequence[Source], options: Options) -> list[Event]:
    """What a monitor of `sources` tells, without the notices and samples of malformed lines."""
    processor = processor_for(options)
    clock = ManualClock(NOW)
    inputs = [open_log(source, processor, log_format=options.log_format) for source in sources]
    waiter = Waiter()
    try:
        return numbers(Monitor(inputs, processor, clock=clock, skew_max=86_400, waiter=waiter).events())
    finally:
        waiter.close()


def numbers(events: Iterator[Event] | Sequence[Event]) -> list[Event]:
    """`events` without those about the run itself, which come before everything else."""
    return [event for event in events if event.order != (0, 0)]


@contextmanager
def chunks_of_bytes(count: int) -> Iterator[None]:
    """Make chunks so small that a small log has many."""
    modules = ("source.base", "source.file", "pipeline.input", "pipeline.recogniser", "pipeline.parallel", "pipeline.chunk")
    patches = [mock.patch(f"LogsMonitor2000.{module}.CHUNK_BYTES", count) for module in modules]
    for patch in patches:
        patch.start()
    try:
        yield
    finally:
        for patch in patches:
            patch.stop()


# Following, with a clock that goes on a quarter of a second whenever the monitor would wait.

STEP = 0.25


class Told(Action):
    """Remembers when it was told of what."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self.events: list[tuple[float, Event]] = []
        self.closed = False

    def notify(self, event: Event) -> None:
        self.events.append((self._clock.elapsed(), event))

    def close(self) -> None:
        self.closed = True


class Feed(ScriptedSource):
    """A followed file to which a test appends."""

    def __init__(self, name: str) -> None:
        super().__init__([], name, endless=True)

    def push(self, data: bytes) -> None:
        self._script.append(data)


def follow(
    plan: Sequence[tuple[float, int, bytes]], until: float, options: Options, inputs: int = 1, skew_max: int = 60
) -> list[tuple[float, Event]]:
    """Follow `inputs` feeds; `plan` says what is appended when and to which of them. Returns when what was told."""
    clock = ManualClock(NOW)
    feeds = [Feed(f"feed{number}") for number in range(inputs)]
    pending = sorted(plan, key=lambda entry: entry[0])
    processor = processor_for(options)
    told = Told(clock)

    def step() -> None:
        clock.advance(STEP)
        while pending and pending[0][0] <= clock.elapsed():
            _, number, data = pending.pop(0)
            feeds[number].push(data)
        if clock.elapsed() >= until:
            monitor.stop()

    waiter = ManualWaiter([], at_end=step)
    monitor = Monitor(
        [open_log(feed, processor, log_format=options.log_format) for feed in feeds],
        processor,
        [told],
        follow=True,
        skew_max=skew_max,
        clock=clock,
        waiter=waiter,
    )
    try:
        monitor.run()
    finally:
        waiter.close()
    assert told.closed
    return told.events


def alerts_in(events: Sequence[tuple[float, Event]]) -> list[Alert]:
    return [event for _, event in events if isinstance(event, Alert)]


# The real command.


def environment(**more: str) -> dict[str, str]:
    """One that names neither colours nor columns, and finds the package."""
    dropped = ("NO_COLOR", "COLUMNS", "TERM", "TZ", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED")
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    paths = [ROOT, *([more.pop("PYTHONPATH")] if "PYTHONPATH" in more else [])]
    return {**kept, "PYTHONPYCACHEPREFIX": compiled_modules(), "PYTHONPATH": os.pathsep.join(paths), **more}


@cache
def compiled_modules() -> str:
    """Where processes keep what they compiled until the tests are over: the next one does not compile it again."""
    directory = tempfile.TemporaryDirectory()
    atexit.register(directory.cleanup)
    return directory.name


def command(*arguments: str, stdin: bytes | None = None, cwd: str = ROOT, **more: str) -> subprocess.CompletedProcess[bytes]:
    """Run the command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "LogsMonitor2000", *arguments],
        **({"stdin": subprocess.DEVNULL} if stdin is None else {"input": stdin}),  # type: ignore[arg-type]
        capture_output=True,
        timeout=SECONDS_MAX,
        cwd=cwd,
        env=environment(**more),
    )


def settings_from(*arguments: str) -> Settings:
    """The settings that a command line of the default verb asks for."""
    return settings_of(DEFAULT.parser().parse(arguments))


def in_process(*arguments: str, cwd: str = ROOT) -> tuple[int, str, str]:
    """Status, output and errors of the command without a process of its own: what it takes over for good is given back."""
    out, errors = io.StringIO(), io.StringIO()
    threshold = gc.get_threshold()
    handlers = [(number, signal.getsignal(number)) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGHUP)]
    try:
        with chdir(cwd), redirect_stdout(out), redirect_stderr(errors):
            status = main(arguments)
    finally:
        gc.set_threshold(*threshold)
        for number, handler in handlers:
            signal.signal(number, handler)
    return status, out.getvalue(), errors.getvalue()


class Running:
    """The command while it runs: write to it, wait for what it says, signal it. Killed when the block ends."""

    def __init__(self, *arguments: str, **options: Any) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "LogsMonitor2000", *arguments],
            stdin=subprocess.PIPE,
            stdout=options.pop("stdout", subprocess.PIPE),
            stderr=subprocess.PIPE,
            cwd=ROOT,
            env=environment(),
            **options,
        )
        self.out = b""
        self.errors = b""

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *exception: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()

    def write(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def wait_for(self, text: bytes) -> None:
        """Read its output until `text` has come."""
        self.read_until(lambda: text in self.out)

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def end(self) -> int:
        """Read what is left; returns the exit status."""
        self.read_until(lambda: False)
        return self.process.wait(SECONDS_MAX)

    def read_until(self, enough: Callable[[], bool]) -> None:
        """Read both of its streams until there is enough, or both have ended."""
        deadline = time.monotonic() + SECONDS_MAX
        with selectors.DefaultSelector() as selector:
            for stream in (self.process.stdout, self.process.stderr):
                if stream is not None:
                    selector.register(stream, selectors.EVENT_READ)
            while not enough() and selector.get_map():
                if time.monotonic() > deadline:
                    raise TimeoutError(f"waited in vain; it said {self.out[-2000:]!r} and {self.errors[-2000:]!r}")
                for key, _ in selector.select(1.0):
                    data = os.read(key.fd, 1 << 16)
                    if not data:
                        selector.unregister(key.fileobj)
                    elif key.fileobj is self.process.stdout:
                        self.out += data
                    else:
                        self.errors += data


def wait_until(condition: Callable[[], bool]) -> bool:
    """Whether `condition` came true in time, for what other processes do."""
    deadline = time.monotonic() + SECONDS_MAX
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
