"""What `--config` says: options, rules, mutes and actions, out of one file."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from typing import Any

from .alert.mute import read_mutes
from .alert.rule import read_rules
from .clock import zone_named
from .config import Table, parse_config, read_config
from .errors import UsageError
from .settings import Settings

COMMAND_ONLY = frozenset({"config", "check_config", "explain_line", "explain", "help", "version"})
"""Options that ask for something else than to monitor: they make no sense in a file."""

PATHS = frozenset({"nginx_conf", "state"})
"""Options that are paths, and so relative to the file, as `files` are."""

DEFAULT_ALERTS = os.path.join(os.path.dirname(__file__), "alert", "default.toml")


def from_config(parser: argparse.ArgumentParser, options: Sequence[str], path: str | None) -> dict[str, Any]:
    """What the file at `path` and then the command's `options` say; a later one wins."""
    table = Table({}, "") if path is None else read_config(path)
    defaults = vars(parser.parse_intermixed_args([]))
    told: list[str] = []
    for name in sorted(defaults.keys() - {"files", "rules", "mutes", "action", *COMMAND_ONLY}):
        if name in table:
            told += _option(parser, table, name, defaults[name])
    files = [os.path.join(table.directory, file) if file != "-" else file for file in table.texts("files", ())]
    given = vars(parser.parse_intermixed_args([*told, *options]))
    given["files"] = given["files"] or files
    rules = table.tables("alert")
    if given["alerts"] == "default":
        with open(DEFAULT_ALERTS, "rb") as file:
            rules += parse_config(file.read(), DEFAULT_ALERTS).tables("alert")
    given["rules"] = read_rules(rules)
    mutes = table.tables("mute")
    given["mutes"] = read_mutes(mutes, zone_named(given["timezone"]), [rule.name for rule in given["rules"]])
    table.finish()
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
    """What the rules and mutes of a configuration mean, in words: a line each."""
    rules = [f"alert {rule.name}: {rule.condition} ({rule.details})" for rule in settings.rules]
    return rules + [f"mute {mute.name}: {mute}" for mute in settings.mutes]
