"""From configuration files and the options of a command to settings.

Values come typed from both sides: from TOML by the kinds of the options, from the command by its parsers. What the command says
wins, except that lists are added up. All that is wrong with a file is reported at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
import os
from typing import Any, NamedTuple

from ..alert.high_traffic import built_in_rules
from ..alert.mute import read_mutes
from ..alert.reading import read_rules
from ..alert.scenario import Scenario, read_scenarios
from ..config.option import shown
from ..config.problems import ConfigError, Errors
from ..config.settings import Settings, options, values_of
from ..config.table import Table
from ..config.toml_file import parse_config, read_config
from ..deliver.registry import read_actions
from ..errors import UsageError
from ..runtime.clock import zone_named
from ..source.open import is_path
from ..state.history.settings import read_history
from ..web.settings import moved, read_http

FOLLOWING = frozenset({"follow", "start", "state", "commit_interval", "commit_lines", "listen"})
"""Options that mean nothing to a run that looks back: in a file they are for the run that watches."""

NOT_IN_FILES = frozenset({"action"})
"""Options whose name is that of tables in a file."""

DEFAULT_ALERTS = os.path.join(os.path.dirname(os.path.dirname(__file__)), "alert", "default.toml")


class Loaded(NamedTuple):
    """Settings and the rule tests that came with them.

    `tables` are the files that they are from, the one that wins last, and `actions` the tables of their actions.
    """

    settings: Settings
    tables: tuple[Table, ...] = ()
    scenarios: tuple[Scenario, ...] = ()
    actions: tuple[Table, ...] = ()

    @property
    def warnings(self) -> list[str]:
        """What is risky about the files, though not wrong."""
        return [warning for table in self.tables for warning in table.origin.warnings]

    def error(self, option: str, problem: str) -> ConfigError:
        """What is wrong with an option, ready to be raised, with where it is from."""
        for table in reversed(self.tables):
            if option in table.keys:
                return ConfigError(f"{table.line_of(option)}: {option}: {problem}")
        return ConfigError(f"--{option}: {problem}")


def load(given: Mapping[str, Any], config: str | None = None, *, looks_back: bool = False) -> Loaded:
    """The settings of the options `given` and of the file `config`; a `ConfigError` names all that is wrong with it.

    A run that `looks_back`, at finished logs, leaves out what the file says of following, and sends nothing.
    """
    return _load(given, [] if config is None else [read_config(config)], config, looks_back=looks_back)


def load_tests(given: Mapping[str, Any], path: str) -> Loaded:
    """The rule tests of the file at `path`, and the settings that it gives or names a `config` for."""
    table = read_config(path)
    if not has_tests(table):
        raise ConfigError(f"{path}: has no [[test]]")
    base = table.path("config", None)
    return _load(given, [table] if not base else [read_config(base), table], path, looks_back=True, tests=table)


def has_tests(table: Table) -> bool:
    """Whether it is a file of rule tests."""
    return bool(table.peek("test"))


def _load(
    given: Mapping[str, Any], tables: Sequence[Table], path: str | None, *, looks_back: bool, tests: Table | None = None
) -> Loaded:
    errors = Errors()
    values: dict[str, Any] = {}
    for table in tables:
        with errors:
            _add(values, _options(table, looks_back=looks_back))
    _add(values, given)
    alerts = [alert for table in tables for alert in table.tables("alert")]
    mutes = [mute for table in tables for mute in table.tables("mute")]
    actions = [action for table in tables for action in table.tables("action")]
    http = [each for table in tables if (each := table.table("http", None)) is not None]
    history = [each for table in tables if (each := table.table("history", None)) is not None]
    metrics = [each for table in tables if (each := table.table("metrics", None)) is not None]
    scenarios = tests.tables("test") if tests is not None else []
    for table in tables:  # the keys of the file itself come before those of its tables
        with errors:
            table.finish()
    try:
        settings = Settings.of(**values, config=path)
        zone = zone_named(settings.output.timezone)
    except UsageError:
        errors.check()
        raise
    if settings.alerting.alerts == "default":
        with open(DEFAULT_ALERTS, "rb") as file:
            alerts += parse_config(file.read(), DEFAULT_ALERTS).tables("alert")
    built_in = built_in_rules(settings.alerting.high_traffic_interval, settings.alerting.high_traffic_threshold)
    names = [rule.name for rule in built_in] + [name for table in alerts if isinstance(name := table.peek("name"), str)]
    with errors:
        settings = settings.but(rules=read_rules(alerts, built_in))
    with errors:
        settings = settings.but(mutes=read_mutes(mutes, zone, names))
    if not looks_back:  # what receivers need, secrets perhaps, need not be there
        for action in actions:
            _check_alerts(action, names)
        with errors:
            settings = settings.but(actions=read_actions(actions, {"prometheus": moved}))
        with errors:
            settings = settings.but(http=read_http(settings.serving.listen, http, metrics))
        if history:
            with errors:
                settings = settings.but(history=read_history(history))
    read: tuple[Scenario, ...] = ()
    with errors:
        read = read_scenarios(scenarios, [*built_in, *settings.alerting.rules], settings.output.timezone)
    errors.check()
    return Loaded(settings, tuple(tables), read, tuple(actions) if settings.alerting.actions else ())


def _options(table: Table, *, looks_back: bool) -> dict[str, Any]:
    """The values of the options that a file gives."""
    values: dict[str, Any] = {}
    files = table.texts("files", ())
    if files:
        values["files"] = tuple(os.path.join(table.directory, file) if is_path(file) else file for file in files)
    for name, option in options().items():
        table.knows(name)
        if name in table and name not in NOT_IN_FILES:
            value = table.option(option)
            if name != "timezone" or _is_zone(table, value):
                values[name] = value
    return {name: value for name, value in values.items() if not (looks_back and name in FOLLOWING)}


def _is_zone(table: Table, name: str) -> bool:
    try:
        zone_named(name)
    except UsageError as error:
        table.report("timezone", f"is wrong: {error}")
        return False
    return True


def _add(values: dict[str, Any], more: Mapping[str, Any]) -> None:
    """Let `more` win over `values`; of what can be given several times there is more."""
    known = options()
    for name, value in more.items():
        is_list = name in known and known[name].kind.is_list
        values[name] = (*values.get(name, ()), *value) if is_list else value


def _check_alerts(table: Table, names: Sequence[str]) -> None:
    """Report patterns of a receiver that fit no rule: no alert would ever be sent for them."""
    patterns = table.peek("alerts")
    for pattern in [patterns] if isinstance(patterns, str) else patterns if isinstance(patterns, list) else []:
        if isinstance(pattern, str) and not any(fnmatchcase(name, pattern.removeprefix("!")) for name in names):
            table.report("alerts", f"names {pattern!r}, which is not an alert; there are {', '.join(names) or 'none'}")


def described(loaded: Loaded) -> list[str]:
    """What settings mean, in words: the options that differ from their defaults, then a line for each table of a file."""
    settings, alerting = loaded.settings, loaded.settings.alerting
    usual = values_of(Settings())
    built_in = built_in_rules(alerting.high_traffic_interval, alerting.high_traffic_threshold)
    return [
        *(f"option {name} = {_shown(value)}" for name, value in values_of(settings).items() if value != usual[name]),
        *(f"alert {rule.name}: {rule.condition} ({rule.details})" for rule in (*built_in, *alerting.rules)),
        *(f"mute {mute.name}: {mute.described}" for mute in alerting.mutes),
        *(f"action {spec.describe()}" for spec in alerting.actions),
        *([f"serves {settings.serving.http}"] if settings.serving.http is not None else []),
        *([f"keeps {settings.following.history}"] if settings.following.history is not None else []),
        *(f"test {scenario.name}" for scenario in loaded.scenarios),
    ]


def _shown(value: Any) -> str:
    return ", ".join(value) if isinstance(value, tuple) else shown(value) if isinstance(value, float) else str(value)
