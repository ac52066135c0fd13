"""`watch FILE …`: statistics and alerts of logs, finished or followed. The verb of a command that names none."""

from __future__ import annotations

from argparse import Namespace
import signal
import sys

from ..config.settings import Settings
from ..pipeline.wiring import build
from ..runtime.signals import Stop
from .arguments import ALERTS, READING, add_config, add_files, add_help, add_options, settings_of
from .parser import Parser

USAGE = "[FILE ...] [options]"
EPILOG = """\
SECONDS may be written as 90s, 5m or 2h. Signals: SIGTERM and SIGINT end the run with a summary, SIGUSR1
shows how much of each log was read."""


def configure(parser: Parser) -> None:
    group = parser.group("input")
    add_files(group)
    add_options(group, READING)
    add_options(parser.group("following"), ("follow", "start", "state"))
    add_options(parser.group("statistics and alerts"), ("stats_interval", "top", *ALERTS, "calculator"))
    add_options(parser.group("time"), ("buffer_time", "max_skew", "timezone"))
    add_options(parser.group("output"), ("output", "color", "action", "verbose"))
    group = parser.group("other")
    add_config(group)
    add_help(group)


def run(options: Namespace) -> int:
    return watch(settings_of(options))


def watch(settings: Settings) -> int:
    """Run the monitor until its logs end or a signal does."""
    monitor = build(settings, sys.stdout, sys.stderr)
    stop = Stop(monitor.stop)
    monitor.wake_on_signals()
    signal.signal(signal.SIGUSR1, lambda number, frame: monitor.request_report())
    monitor.run()
    return stop.exit_status
