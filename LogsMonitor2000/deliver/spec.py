"""What an `[[action]]` table is turned into: a spec, which builds the action once it is known how the run looks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import sys
from typing import NamedTuple, TextIO

from ..action.base import Action
from ..action.formatter import MessageFormatter
from ..config.table import matches
from ..event import Alert
from ..runtime.clock import Clock
from .channels.base import Channel
from .dispatch import Timing


class Context(NamedTuple):
    """What an action needs of the run. `is_firing`: whether a rule thinks that of an alert that an earlier run told to be firing."""

    formatter: MessageFormatter
    errors: TextIO = sys.stderr
    state: str | None = None
    clock: Clock = Clock()
    color: bool = False
    is_firing: Callable[[Alert], bool] | None = None


@dataclass(frozen=True)
class ActionSpec:
    """An action as it was asked for. `description` is one line without secrets."""

    type: str
    name: str
    description: str
    wanted: Filter
    make: Callable[[Context], Action]

    def describe(self) -> str:
        return self.description

    def build(self, context: Context) -> Action:
        """The action. What cannot work here, a file of authorities that is none, raises a `MonitorError`."""
        return self.make(context)


class Filter(NamedTuple):
    """Which alerts an action is for: `alerts` are patterns of names, of which those with `!` exclude; empty is all."""

    alerts: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()

    def wants(self, alert: Alert) -> bool:
        if self.severities and alert.severity not in self.severities:
            return False
        return matches(alert.name, self.alerts)

    def __str__(self) -> str:
        """` (alerts errors_*, severity critical)`, or nothing."""
        parts = [f"alerts {' '.join(self.alerts)}"] if self.alerts else []
        parts += [f"severity {' '.join(self.severities)}"] if self.severities else []
        return f" ({', '.join(parts)})" if parts else ""


class Kind(NamedTuple):
    """A channel as a table describes it: where to, for people; how to make it; what is different about its timing."""

    where: str
    make: Callable[[Context], Channel]
    timing: Timing = Timing()
    fixed: tuple[str, ...] = ()
