"""`type = "terminal"`: alerts in words on standard error, written at once and in order, whatever standard output shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TextIO

from ...action.base import Action
from ...action.formatter import MessageFormatter
from ...action.style import Style
from ...alert.state import AlertState
from ...config.table import Table
from ...event import Alert, Event
from ..spec import ActionSpec, AlertFilter, Context


def read(table: Table, name: str, alerts: AlertFilter) -> ActionSpec:
    """It has no keys of its own."""

    def build(context: Context) -> Action:
        return TerminalAlerts(context.errors, context.formatter, alerts.wants, color=context.color)

    return ActionSpec("terminal", name, f"{name}: terminal{alerts}", build)


class TerminalAlerts(Action):
    """Writes the alerts that `is_wanted` to `terminal`."""

    wants = frozenset({Alert})

    def __init__(
        self, terminal: TextIO, formatter: MessageFormatter, is_wanted: Callable[[Alert], bool], *, color: bool = False
    ) -> None:
        self._terminal = terminal
        self._formatter = formatter
        self._is_wanted = is_wanted
        self._style = Style(color=color)

    def notify(self, event: Event) -> None:
        if not isinstance(event, Alert) or event.state == AlertState.PENDING or not self._is_wanted(event):
            return
        self._terminal.write(self._style.alert(event, self._formatter.alert(event)) + "\n")
        self._terminal.flush()
