"""`explain TIME FILE …`: the state of each alert at one second, and why."""

from __future__ import annotations

from argparse import Namespace
import sys

from ..pipeline.lookback import build_explanation
from .arguments import add_lookback, run_lookback, settings_of
from .parser import Parser

USAGE = "TIME [FILE ...] [options]"
EPILOG = """\
Nothing after TIME is read, and nothing is sent. What the configuration says of following, state and
receivers is ignored."""


def configure(parser: Parser) -> None:
    parser.group("time").add(
        "time",
        metavar="TIME",
        help="2026-11-22T08:30:00 or 08:30:00 (of the only day), with an offset or in --timezone, or epoch seconds",
    )
    add_lookback(parser)


def run(options: Namespace) -> int:
    settings = settings_of(options, looks_back=True)
    return run_lookback(build_explanation(settings, options.time, sys.stdout, sys.stderr))
