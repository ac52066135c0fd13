"""How often alerts fired in a run, and for how long: counted from their transitions."""

from __future__ import annotations

from typing import Any

from ..analyze.measures.keys import dump_key, load_key
from ..event import Alert, AlertTotal
from .state import AlertState


class AlertTotals:
    """Counts transitions. An alert that is shown as firing once more, because nothing suppresses it any longer, fired once."""

    def __init__(self) -> None:
        self._fired: dict[str, int] = {}
        self._seconds: dict[str, int] = {}  # of those that have resolved
        self._firing: dict[tuple[str, Any], int] = {}  # name and group → the second it started

    def count(self, alert: Alert) -> None:
        """Take note of a transition."""
        name, key = alert.name, (alert.name, alert.group)
        if alert.state == AlertState.FIRING and self._firing.get(key) != alert.started:
            self._firing[key] = alert.started
            self._fired[name] = self._fired.get(name, 0) + 1
        elif alert.state == AlertState.RESOLVED and key in self._firing:
            del self._firing[key]
            self._seconds[name] = self._seconds.get(name, 0) + alert.time - alert.started

    def totals(self, now: int) -> list[AlertTotal]:
        """Of each alert that fired, in the order in which they first did; what is firing has done so through second `now`."""
        seconds = self._seconds.copy()
        firing = {name for name, _ in self._firing}
        for (name, _), started in self._firing.items():
            seconds[name] = seconds.get(name, 0) + now - started + 1
        return [AlertTotal(name, fired, seconds.get(name, 0), name in firing) for name, fired in self._fired.items()]

    def dump(self) -> list[Any]:
        """The counts as JSON can hold them."""
        firing = [
            [name, [[field, dump_key(value)] for field, value in group], start] for (name, group), start in self._firing.items()
        ]
        return [self._fired, self._seconds, firing]

    def load(self, dumped: list[Any]) -> None:
        """Continue from a dump."""
        fired, seconds, firing = dumped
        self._fired, self._seconds = dict(fired), dict(seconds)
        self._firing = {
            (name, tuple((field, load_key(value)) for field, value in group)): start for name, group, start in firing
        }
