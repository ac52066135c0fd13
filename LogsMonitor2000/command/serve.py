"""`serve DIR`: the HTTP interface over the history in a state directory, also while another process watches into it."""

from __future__ import annotations

from argparse import Namespace
import sys

from ..action.formatter import MessageFormatter
from ..errors import UsageError
from ..runtime.clock import zone_named
from ..runtime.signals import Stop
from ..runtime.waiter import Waiter
from ..state.history.reader import StoredHistory
from ..web.serving import HistoryServer
from ..web.settings import HttpSettings
from .arguments import add_config, add_help, add_options, settings_of
from .parser import Parser

USAGE = "DIR [--listen ADDRESS] [options]"
EPILOG = """\
DIR is what a run was given as --state; it may still be running. Nothing in DIR is changed. The interface is
described at /docs. SIGINT and SIGTERM end it."""
ADDRESS = "127.0.0.1:8000"
PUBLISH_SECONDS = 1.0


def configure(parser: Parser) -> None:
    group = parser.group("input")
    group.add("directory", nargs="?", metavar="DIR", help="a state directory", completes="directory")
    group = parser.group("serving")
    add_options(group, ("listen", "timezone"))
    add_config(group)
    add_help(parser.group("other"))


def run(options: Namespace) -> int:
    path = vars(options).get("directory")
    if path is None:
        raise UsageError("serve needs a state directory (see serve --help)")
    if vars(options).get("listen") is None:
        options.listen = ADDRESS
    settings = settings_of(options)
    history = StoredHistory(path)
    history.check()
    http = settings.serving.http or HttpSettings.of(settings.serving.listen or ADDRESS)
    server = HistoryServer(http, MessageFormatter(zone_named(settings.output.timezone)), history)
    waiter = Waiter()
    stop = Stop(waiter.wake)
    waiter.wake_on_signals()
    try:
        server.start()
        sys.stderr.write(f"listening on {server.url} (interface: {server.url}docs)\n")
        sys.stderr.flush()
        while not stop.is_asked:
            for problem in server.publish():
                sys.stderr.write(f"{problem}\n")
            waiter.wait([], PUBLISH_SECONDS)
    finally:
        server.close()
        waiter.close()
        history.close()
    return stop.exit_status
