"""`watch FILE …`: statistics and alerts of logs, finished or followed. The verb of a command that names none."""

from __future__ import annotations

from argparse import Action, ArgumentParser, Namespace
from collections.abc import Callable, Mapping
from functools import partial
import os
import signal
import sys
from typing import TYPE_CHECKING, Any, NoReturn

from ..action.summary_text import Advice
from ..config.option import Text
from ..config.settings import Settings
from ..errors import UsageError
from ..pipeline.wiring import build
from ..runtime.signals import Stop
from ..source.open import is_queue
from ..source.several import OpenSources
from .arguments import ALERTS, READING, TIME, add_config, add_files, add_help, add_options, loaded_from, settings_of
from .parser import Parser, Shown
from .verbs import PROGRAM, VERBS

if TYPE_CHECKING:
    from ..pipeline.configuration import Loaded

USAGE = "[FILE ...] [options]"
EPILOG = """\
SECONDS: 90s, 5m, 2h. SIGTERM, SIGINT: end; SIGUSR1: show how much was read; SIGHUP: reload --config."""


def configure(parser: Parser) -> None:
    group = parser.group("input")
    add_files(group)
    add_options(group, (*READING, "demo"))
    add_options(parser.group("following"), ("follow", "start", "state", "commit_interval", "commit_lines"))
    add_options(parser.group("statistics, alerts, time"), ("stats_interval", "top", *ALERTS, "calculator", *TIME))
    add_options(parser.group("output"), ("output", "color", "listen", "action", "verbose"))
    group = parser.group("other")
    add_config(group)
    group.add(
        "--completion",
        kind=Text("SHELL", words=("bash", "zsh")),
        action=ShowCompletion,
        help="print the completion script of bash or zsh and exit",
    )
    add_help(group)


def run(options: Namespace) -> int:
    reread = partial(loaded_from, options) if vars(options).get("config") is not None else None
    return watch(settings_of(options), advice_of(options), reread)


def advice_of(given: Namespace) -> Advice:
    """What the summary may suggest to run next."""
    called = "python -m LogsMonitor2000" if os.path.basename(sys.argv[0]) == "__main__.py" else PROGRAM
    shared = ("demo", *READING, *TIME, *ALERTS, "config", "files")
    values = {name: value for name, value in vars(given).items() if value is not None}
    return Advice(
        called,
        (
            frozenset(verb.name for verb in VERBS)
            if (values.get("files") or values.get("demo")) and not values.get("follow")
            else frozenset()
        ),
        words_of({name: values[name] for name in shared if name in values}),
        words_of({name: value for name, value in values.items() if name not in shared}),
    )


def words_of(values: Mapping[str, object]) -> tuple[str, ...]:
    """The words of a command line that give `values` by name."""
    words: list[str] = []
    for name, value in values.items():
        many = value if isinstance(value, (list, tuple)) else [value]
        if name == "files":
            words += map(str, many)
        elif value is True:
            words.append(f"--{name}")
        else:
            for each in many:
                words += [f"--{name}", str(each)]
    return tuple(words)


def watch(settings: Settings, advice: Advice | None = None, reread: Callable[[], Loaded] | None = None) -> int:
    """Run the monitor until its logs end or a signal does; `reread` reads the settings anew on SIGHUP."""
    monitor = build(settings, sys.stdout, sys.stderr, advice, reread, opener_of(settings))
    stop = Stop(monitor.stop)
    monitor.wake_on_signals()
    signal.signal(signal.SIGUSR1, lambda number, frame: monitor.request_report())
    if monitor.reloader is not None:
        signal.signal(signal.SIGHUP, lambda number, frame: monitor.request_reload())
    monitor.run()
    return stop.exit_status or int(monitor.streams.is_incomplete)


def opener_of(settings: Settings) -> OpenSources | None:
    """What opens the sources, if they are not files."""
    queues = [name for name in settings.reading.files if is_queue(name)]
    if not queues or not settings.following.follow:
        return None
    if len(settings.reading.files) > 1:
        raise UsageError("a queue is watched alone: name no other FILE")
    if settings.following.state is None:
        raise UsageError("a queue needs --state DIR: a message is acknowledged when what follows from it has been saved there")
    from ..broker.rabbitmq import open_queue, read_url  # here, because it is an extra

    url = read_url(queues[0])
    return lambda names, position: open_queue(url, position)


class ShowCompletion(Action):
    """`--completion SHELL` shows the script, and nothing else."""

    def __call__(self, parser: ArgumentParser, namespace: Namespace, values: Any, option_string: str | None = None) -> NoReturn:
        from .completion import script  # here, because start-up counts

        raise Shown(script(values).rstrip("\n"))
