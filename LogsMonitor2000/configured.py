"""What `--config` says: options, rules, mutes and actions, out of one file."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .alert.mute import read_mutes
from .alert.rule import built_in_rules, check_names, read_rule
from .alert.scenario import read_scenarios
from .clock import zone_named
from .config import ConfigError, Table, parse_config, read_config
from .deliver.specs import read_actions
from .errors import UsageError

if TYPE_CHECKING:
    from .settings import Settings

COMMAND_ONLY = frozenset({"config", "check_config", "explain_line", "explain", "backtest", "test_rules", "help", "version"})
"""Options that ask for something else than to monitor: they make no sense in a file."""

MADE_HERE = frozenset({"rules", "mutes", "scenarios", "action", "actions"})
"""Settings that are no options of a file: its tables are read for them."""

FOLLOWING = frozenset({"follow", "start", "state"})
"""Options that mean nothing to a run that looks back: what a file says of them is for the run that watches."""

DEFAULT_ALERTS = os.path.join(os.path.dirname(__file__), "alert", "default.toml")


def from_config(parser: argparse.ArgumentParser, options: Sequence[str]) -> dict[str, Any]:
    """What the files that the command's `options` name say, and then these themselves; a later one wins."""
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
    told = [argument for table in tables for argument in _options(parser, table, names)]
    looks_back = bool(tests) or own["backtest"] or own["explain"] is not None
    if looks_back:
        told = [argument for argument in told if argument[2:].partition("=")[0] not in FOLLOWING]
    given = vars(parser.parse_intermixed_args([*told, *options]))
    given["files"] = own["files"] or given["files"]
    rules = [rule for table in tables for rule in table.tables("alert")]
    if given["alerts"] == "default":
        with open(DEFAULT_ALERTS, "rb") as file:
            rules += parse_config(file.read(), DEFAULT_ALERTS).tables("alert")
    read = [read_rule(rule) for rule in rules]
    check_names(read, rules)
    given["rules"] = tuple(read)
    given["mutes"] = read_mutes([mute for table in tables for mute in table.tables("mute")], zone_named(given["timezone"]))
    actions = [action for table in tables for action in table.tables("action")]
    given["actions"] = () if looks_back else read_actions(actions)  # what they need, secrets perhaps, need not be there
    for table in tables:
        table.finish()
    if tests:
        built_in = built_in_rules(given["high_traffic_interval"], given["high_traffic_threshold"])
        given["scenarios"] = read_scenarios(tests, [*built_in, *read], given["timezone"])
    return given


def _options(parser: argparse.ArgumentParser, table: Table, names: frozenset[str]) -> list[str]:
    """The options in `table`, as they would be given to the command."""
    told: list[str] = []
    for name in sorted(names):
        value = table.anything(name, None)
        if value is None:
            continue
        arguments = _arguments(table, name, value)
        try:
            parser.parse_intermixed_args(arguments)
        except ConfigError:
            raise
        except UsageError as error:
            raise table.error(name, str(error).removesuffix(" (see --help)")) from None
        told += arguments
    return told


def _arguments(table: Table, name: str, value: Any) -> list[str]:
    """One option of a file as arguments of the command."""
    if name == "files":
        files = [value] if isinstance(value, str) else value
        if not isinstance(files, list) or not all(isinstance(file, str) for file in files):
            raise table.error(name, "must be a list of texts")
        return [os.path.join(table.directory, file) if file != "-" else file for file in files]
    if isinstance(value, bool):
        return [f"--{name}"] if value else []
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(each, (str, int, float)) for each in values):
        raise table.error(name, f"cannot be {value!r}")
    return [f"--{name}={each}" for each in values]


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
