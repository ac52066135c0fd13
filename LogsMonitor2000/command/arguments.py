"""Groups of arguments that several verbs share, and how these become settings."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..config.option import Text
from ..config.settings import Settings, options
from ..runtime.signals import Stop
from ..version import VERSION
from .messages import warn
from .parser import Group, Parser, Show

if TYPE_CHECKING:
    from ..pipeline.configuration import Loaded
    from ..pipeline.monitor import Monitor

READING = ("log_format", "fields", "time_format", "client_from", "trusted", "nginx_conf", "parser", "jobs")
TIME = ("buffer_time", "max_skew", "timezone")
ALERTS = ("high_traffic_threshold", "high_traffic_interval", "alerts")


def add_files(group: Group, *, help: str = "paths or quoted globs; - is standard input; .gz, .bz2, .xz too") -> None:
    """The logs."""
    group.add("files", nargs="*", default=None, metavar="FILE", help=help, completes="file")


def add_options(group: Group, names: Sequence[str]) -> None:
    """Options of the settings."""
    known = options()
    for name in names:
        group.option(known[name])


def add_config(group: Group) -> None:
    """Where more settings are read from."""
    group.add("--config", kind=Text("FILE", completes="file"), help="options, alert rules, mutes and receivers, as TOML")


def add_help(group: Group) -> None:
    """What every verb has."""
    group.add("-V", "--version", action=Show, text=f"LogsMonitor2000 {VERSION}", help="show the version and exit")
    group.add("-h", "--help", action=Show, help="show this and exit")


def add_lookback(parser: Parser) -> None:
    """What the verbs have that look back at finished logs."""
    group = parser.group("input")
    add_files(group)
    add_options(group, (*READING, "demo"))
    group = parser.group("alerts")
    add_config(group)
    add_options(group, ALERTS)
    add_options(parser.group("time"), TIME)
    add_options(parser.group("output"), ("output", "color", "verbose"))
    add_help(parser.group("other"))


def run_lookback(monitor: Monitor) -> int:
    """Run a monitor to the end of its logs, or until a signal ends it; returns the exit status."""
    stop = Stop(monitor.stop)
    monitor.wake_on_signals()
    monitor.run()
    return stop.exit_status or int(monitor.streams.is_incomplete)


def settings_of(parsed: Namespace, *, looks_back: bool = False) -> Settings:
    """The settings that a command line asks for, with those of the configuration that it names."""
    given, config = given_values(parsed), vars(parsed).get("config")
    if config is None and given.get("alerts", "off") == "off":
        return Settings.of(**given)
    loaded = loaded_from(parsed, looks_back=looks_back)
    for warning in loaded.warnings:
        warn(warning)
    return loaded.settings


def loaded_from(parsed: Namespace, *, looks_back: bool = False) -> Loaded:
    """What a command line and the configuration that it names ask for."""
    from ..pipeline.configuration import load  # here, because start-up counts

    return load(given_values(parsed), vars(parsed).get("config"), looks_back=looks_back)


def given_values(parsed: Namespace) -> dict[str, Any]:
    """The options of the settings that the command line gives, and `files` where it names any."""
    values = vars(parsed)
    found = {name: values[name] for name in options() if name in values}
    if values.get("files"):
        found["files"] = values["files"]
    return {name: tuple(value) if isinstance(value, list) else value for name, value in found.items()}
