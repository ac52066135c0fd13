"""The types of `[[action]]` tables, and the module that reads each. A module is imported when a table of its type is read.

To add a receiver, write a module in `channels/` that has a `read(table, name, alerts)` and add a line to `MODULES`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
import re

from ..config.table import Table, read_each
from ..event import SEVERITIES
from .spec import ActionSpec, AlertFilter

Read = Callable[[Table, str, AlertFilter], ActionSpec]
"""Reads the keys of one type from a table; the name of the action and its filter have been read."""

MODULES = {
    "alertmanager": "alertmanager",
    "command": "command",
    "email": "email",
    "json_lines": "json_lines",
    "syslog": "syslog",
    "terminal": "terminal",
    "webhook": "webhook",
}
"""By type, the module in `channels/`."""

NAME = re.compile(r"[\w.-]{1,64}", re.ASCII)


def read_actions(tables: Sequence[Table], others: Mapping[str, Read] | None = None) -> tuple[ActionSpec, ...]:
    """The actions that `tables` ask for; a `ConfigError` says what is wrong. `others` are types of other rooms."""
    others = others or {}
    names: set[str] = set()

    def read_one(table: Table) -> ActionSpec:
        kind = table.text("type", choices=sorted([*MODULES, *others]))
        table.check()  # the other keys depend on it
        name = table.text("name", kind, pattern=NAME, must="consist of letters, digits and _ . -")
        if name in names:
            table.report("name", f"{name!r} is used by two actions; give each its own")
        names.add(name)
        read: Read = others[kind] if kind in others else import_module(f".channels.{MODULES[kind]}", __package__).read
        spec = read(table, name, _read_filter(table))
        table.finish()
        return spec

    return tuple(read_each(tables, read_one))


def _read_filter(table: Table) -> AlertFilter:
    severities = table.texts("severity", ())
    for severity in severities:
        if severity not in SEVERITIES:
            table.report("severity", f"must be one of {', '.join(SEVERITIES)}, not {severity!r}")
    return AlertFilter(table.texts("alerts", ()), severities)
