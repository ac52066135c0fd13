"""What an `[[action]]` table is turned into: a spec, which builds the action once the run is known."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
import sys
from typing import NamedTuple, TextIO

from ..action.base import Action
from ..action.formatter import MessageFormatter
from ..config.table import matches
from ..event import Alert
from ..runtime.clock import Clock
from .outbox import Outbox


def _forgetful(delivery: str) -> Outbox:
    return Outbox()


class Context(NamedTuple):
    """What an action needs of the run. `outbox` makes the outbox of the delivery with that name; `firing` gives the alerts that
    fire now, so that a delivery can close those of an earlier run whose rule is gone."""

    formatter: MessageFormatter
    errors: TextIO = sys.stderr
    outbox: Callable[[str], Outbox] = _forgetful
    clock: Clock = Clock()
    color: bool = False
    firing: Callable[[], Iterable[Alert]] | None = None


@dataclass(frozen=True)
class ActionSpec:
    """An action as it was configured. `description` is one line without secrets."""

    type: str
    name: str
    description: str
    build: Callable[[Context], Action]
    """Makes the action. What cannot work on this machine, an unreadable CA file for instance, raises a `MonitorError`."""

    def describe(self) -> str:
        return self.description


class AlertFilter(NamedTuple):
    """Which alerts an action takes: `alerts` are glob patterns of names, those with `!` exclude; empty means all."""

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
