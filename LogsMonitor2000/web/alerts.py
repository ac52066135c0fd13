"""The alerts of this run as episodes, from start to end: what `/api/v1/alerts` shows where no history is kept."""

from __future__ import annotations

from collections.abc import Sequence

from ..action.formatter import MessageFormatter
from ..alert.state import AlertState
from ..event import Alert
from ..limits import EPISODES_MAX
from ..text import printable
from .history import Episode

Key = tuple[str, tuple[tuple[str, bytes], ...]]


class AlertLog:
    """At most `count_max` episodes; past it those that ended first are forgotten, and new ones are not noted while all fire."""

    def __init__(self, formatter: MessageFormatter, count_max: int = EPISODES_MAX) -> None:
        self._formatter = formatter
        self._count_max = count_max
        self._firing: dict[Key, Alert] = {}
        self._ended: dict[tuple[Key, int], Alert] = {}  # in the order in which they ended
        self.version = 0

    def add(self, alert: Alert) -> None:
        """Take in a transition, or how an alert of an earlier run stands."""
        key = alert.name, alert.group
        if alert.state == AlertState.FIRING:
            if key in self._firing or self._has_room():
                self._firing[key] = alert
        elif alert.state == AlertState.RESOLVED:
            self._firing.pop(key, None)
            self._ended.pop((key, alert.started), None)
            if self._has_room():
                self._ended[key, alert.started] = alert
        self.version += 1

    def firing(self) -> list[Episode]:
        """Those that fire now, by start."""
        return sorted((self._episode(alert) for alert in self._firing.values()), key=_by_start)

    def episodes(self, since: int | None, until: int | None) -> Sequence[Episode]:
        """Those that fired at any time of `[since, until)`, by start."""
        found = [
            self._episode(alert)
            for alert in (*self._firing.values(), *self._ended.values())
            if (until is None or alert.started < until)
            and (since is None or alert.state == AlertState.FIRING or alert.time >= since)
        ]
        return sorted(found, key=_by_start)

    def _has_room(self) -> bool:
        if len(self._firing) + len(self._ended) < self._count_max:
            return True
        if not self._ended:
            return False
        del self._ended[next(iter(self._ended))]
        return True

    def _episode(self, alert: Alert) -> Episode:
        group = {field: printable(value) for field, value in alert.group}
        ended = alert.time if alert.state == AlertState.RESOLVED else None
        message = self._formatter.alert(alert)
        return Episode(alert.name, group, alert.severity, alert.started, ended, alert.peak, alert.threshold, message)


def _by_start(episode: Episode) -> tuple[int, str, list[tuple[str, str]]]:
    return episode.started, episode.name, sorted(episode.group.items())
