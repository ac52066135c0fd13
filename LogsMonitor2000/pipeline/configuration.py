"""What `--config` says: options, rules, mutes and actions, out of one file."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import os
from typing import Any

from ..alert.high_traffic import built_in_rules
from ..alert.mute import read_mutes
from ..alert.reading import read_rules
from ..alert.scenario import read_scenarios
from ..config.settings import Settings
from ..config.table import ConfigError, Table, parse_config, read_config
from ..deliver.specs import read_actions
from ..errors import UsageError
from ..runtime.clock import zone_named

COMMAND_ONLY = frozenset({"config", "check_config", "explain_line", "explain", "backtest", "test_rules", "help", "version"})
"""Options that ask for something else than to monitor: they make no sense in a file."""

MADE_HERE = frozenset({"rules", "mutes", "scenarios", "action", "actions"})
"""Settings that are no options of a file: its tables are read for them."""

FOLLOWING = frozenset({"follow", "start", "state"})
"""Options that mean nothing to a run that looks back: what a file says of them is for the run that watches."""

PATHS = frozenset({"nginx_conf", "state"})
"""Options that are paths, and so relative to the file, as `files` are."""

DEFAULT_ALERTS = os.path.join(os.path.dirname(os.path.dirname(__file__)), "alert", "default.toml")


def from_config(parser: argparse.ArgumentParser, options: Sequence[str], named: Sequence[str] = ()) -> dict[str, Any]:
    """What the files that the command's `options` name say, and then these themselves; a later one wins.

    `named` are logs that the command names besides.
    """
    own = vars(parser.parse_intermixed_args(list(options)))
    tables = [] if own["config"] is None else [read_config(own["config"])]
    tests: list[Table] = []
    if own["test_rules"] is not None:
        table = read_config(own["test_rules"])
        tests = table.tables("test")
        if not tests:
            raise ConfigError(f"{table.where}: has no [[test]]")
        base = table.path("config", None)
        tables += [table] if base is None else [read_config(base), table]
    names = frozenset(own) - MADE_HERE - COMMAND_ONLY
    defaults = vars(parser.parse_intermixed_args([]))
    told: list[str] = []
    files: list[str] = []
    for table in tables:
        files = [os.path.join(table.directory, file) if file != "-" else file for file in table.texts("files", ())] or files
        for name in sorted(names - {"files"}):
            if name in table:
                told += _option(parser, table, name, defaults[name])
    looks_back = bool(tests) or own["backtest"] or own["explain"] is not None
    if looks_back:
        told = [argument for argument in told if argument[2:].partition("=")[0] not in FOLLOWING]
    given = vars(parser.parse_intermixed_args([*told, *options]))
    given["files"] = [*given["files"], *named] or files
    rules = [rule for table in tables for rule in table.tables("alert")]
    if given["alerts"] == "default":
        with open(DEFAULT_ALERTS, "rb") as file:
            rules += parse_config(file.read(), DEFAULT_ALERTS).tables("alert")
    built_in = built_in_rules(given["high_traffic_interval"], given["high_traffic_threshold"])
    given["rules"] = read_rules(rules, built_in)
    mutes = [mute for table in tables for mute in table.tables("mute")]
    given["mutes"] = read_mutes(mutes, zone_named(given["timezone"]), [rule.name for rule in (*built_in, *given["rules"])])
    actions = [action for table in tables for action in table.tables("action")]
    given["actions"] = () if looks_back else read_actions(actions)  # what they need, secrets perhaps, need not be there
    for table in tables:
        table.finish()
    if tests:
        given["scenarios"] = read_scenarios(tests, [*built_in, *given["rules"]], given["timezone"])
    return given


def _option(parser: argparse.ArgumentParser, table: Table, name: str, default: Any) -> list[str]:
    """The option `name` of a file as the command would be given it; checked by itself, so that what is wrong is told of the file."""
    if default is False:
        return [f"--{name}"] if table.flag(name) else []
    if name in PATHS:
        values = [table.path(name)]
    else:
        values = table.texts(name) if isinstance(default, list) else [table.anything(name)]
    if any(isinstance(value, bool) or not isinstance(value, (str, int, float)) for value in values):
        raise table.error(name, f"cannot be {values[0]!r}")
    arguments = [f"--{name}={value}" for value in values]
    try:
        value = vars(parser.parse_intermixed_args(arguments))[name]
        Settings(follow=True, **{name: value})
        if name == "timezone":
            zone_named(value)
    except UsageError as error:
        problem = str(error).removesuffix(" (see --help)").removeprefix(f"argument --{name}: ")
        raise table.error(name, f"is wrong: {problem}") from None
    return arguments


def described(settings: Settings) -> list[str]:
    """What settings mean, in words: the options that are not as they are by default, then a line for each table of a file."""
    options = {name: value for name, value in settings._asdict().items() if name not in MADE_HERE | COMMAND_ONLY}
    built_in = built_in_rules(settings.high_traffic_interval, settings.high_traffic_threshold)
    return [
        *(f"option {name} = {_shown(value)}" for name, value in options.items() if value != settings._field_defaults[name]),
        *(f"alert {rule.name}: {rule.condition} ({rule.details})" for rule in (*built_in, *settings.rules)),
        *(f"mute {mute.name}: {mute.described}" for mute in settings.mutes),
        *(f"action {spec.describe()}" for spec in settings.actions),
        *(f"test {scenario.name}" for scenario in settings.scenarios),
    ]


def _shown(value: Any) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)
