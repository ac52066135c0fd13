"""`backtest FILE …`: how often each alert would have fired in finished logs."""

from __future__ import annotations

from argparse import Namespace
import sys

from ..pipeline.lookback import build_backtest
from .arguments import add_lookback, run_lookback, settings_of
from .parser import Parser

USAGE = "[FILE ...] [options]"
EPILOG = "Nothing is sent. What the configuration says of following, state and receivers is ignored."


def configure(parser: Parser) -> None:
    add_lookback(parser)


def run(options: Namespace) -> int:
    return run_lookback(build_backtest(settings_of(options, looks_back=True), sys.stdout, sys.stderr))
