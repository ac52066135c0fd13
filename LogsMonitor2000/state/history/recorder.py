"""What of a run goes into history: it collects the events of all digests, and takes part in the journal's commits.

What has been collected when a snapshot is made is what has been read up to its positions, and both are written in one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
import json
import sqlite3

from ...alert.state import AlertState
from ...analyze.bucket import Bucket
from ...event import Alert, Event
from ...limits import HISTORY_ALERTS_MAX, HISTORY_UNSAVED_MAX
from ...text import printable
from .measures import measures_of
from .settings import WIDTHS, HistorySettings
from .store import HistoryStore


class Recorder:
    """Records history as `settings` say. `describe` makes the message of an alert, `warn` reports to the operator."""

    width = WIDTHS[0]

    def __init__(self, settings: HistorySettings, describe: Callable[[Alert], str], warn: Callable[[str], None]) -> None:
        self.measures = measures_of(settings.fields)
        self._store = HistoryStore(settings)
        self._describe = describe
        self._warn = warn
        self._buckets: dict[int, Bucket] = {}
        self._alerts: list[Alert] = []
        self._requests = self._lost = 0  # that wait, and that no transaction had room for
        self._is_failing = False

    def take(self, bucket: Bucket) -> None:
        """Collect the events of a bucket."""
        if self._is_failing and self._requests > HISTORY_UNSAVED_MAX:
            self._lost += self._requests
            self._buckets.clear()
            self._requests = 0
        self._requests += bucket.hits
        known = self._buckets.setdefault(bucket.time, bucket)
        if known is not bucket:
            known.merge(bucket)

    def collect(self, events: Sequence[Event]) -> None:
        """Collect alerts."""
        self._alerts += [event for event in events if isinstance(event, Alert) and event.state != AlertState.PENDING]
        del self._alerts[:-HISTORY_ALERTS_MAX]

    def write(self, connection: sqlite3.Connection) -> None:
        """Write what has been collected."""
        self._is_failing = True  # until this transaction is known to have succeeded
        if self._buckets or self._alerts:
            self._store.add(connection, list(self._buckets.values()))
            for alert in self._alerts:
                _put(connection, alert, self._describe(alert))

    def committed(self) -> None:
        """What was written is durable."""
        if self._lost:
            self._warn(f"history lacks {self._lost:,} requests, read while the state could not be saved")
        self._buckets.clear()
        self._alerts.clear()
        self._requests = self._lost = 0
        self._is_failing = False


def _put(connection: sqlite3.Connection, alert: Alert, message: str) -> None:
    labels: Mapping[str, str] = {field: printable(value) for field, value in alert.group}
    ended = alert.time if alert.state == AlertState.RESOLVED else None
    connection.execute(
        "REPLACE INTO history_alert VALUES (?,?,?,?,?,?,?,?)",
        (alert.name, json.dumps(labels), alert.started, ended, alert.severity, alert.peak, alert.threshold, message),
    )
    (count,) = connection.execute("SELECT count(*) FROM history_alert").fetchone()
    if count > HISTORY_ALERTS_MAX:
        connection.execute(
            "DELETE FROM history_alert WHERE rowid IN (SELECT rowid FROM history_alert ORDER BY started LIMIT 1)"
        )
