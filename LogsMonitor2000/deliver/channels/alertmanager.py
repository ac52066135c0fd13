"""`type = "alertmanager"`: Prometheus's Alertmanager by its v2 interface, which expects to hear of what fires again and again.

An alert that it has not heard of for a while has ended for it. So each is sent again as long as it fires, with an end that lies a few
of these intervals ahead; if the monitor dies, its alerts end by themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
import re
from typing import Any

from ...action.formatter import MessageFormatter
from ...config.table import Table
from ...limits import ALERTMANAGER_ALERTS_MAX, ALERTMANAGER_RESOLVED_SECONDS
from ...runtime.clock import Clock
from ..message import Item, Message, labels_of
from ..options import Receiver, delivery, text_table
from ..spec import ActionSpec, AlertFilter, Context
from ..timing import Timing
from .base import Channel, Retry
from .fields import annotations_of, rfc3339, to_json
from .http_client import Endpoint, HttpClient, read_endpoint

PATH = "/api/v2/alerts"
RESENDS = 4
"""How many of them may fail before an alert ends at Alertmanager, as with Prometheus."""


def read(table: Table, name: str, alerts: AlertFilter) -> ActionSpec:
    """`labels`, `resend`, and the keys of an endpoint."""
    to = read_endpoint(table)
    labels = text_table(table, "labels")
    resend = table.seconds("resend", 60, least=1, most=3600)

    def channel(context: Context) -> Channel:
        return Alertmanager(to, context.formatter, labels, resend, context.clock)

    timing = Timing(group_by=(), interval=0, repeat=resend, resolved_again=ALERTMANAGER_RESOLVED_SECONDS)
    fixed = ("group_by", "group_wait", "group_interval", "repeat", "resolved")
    return delivery(table, "alertmanager", name, alerts, Receiver(str(to), channel, timing, fixed))


class Alertmanager(Channel):
    """`resend` is how often an alert is sent again, in seconds; `labels` are put on each alert besides its own."""

    def __init__(
        self,
        to: Endpoint,
        formatter: MessageFormatter,
        labels: Mapping[str, str] | None = None,
        resend: float = 60,
        clock: Clock | None = None,
    ) -> None:
        self._clock = clock or Clock()
        path = to.path if isinstance(to.path, str) else to.path.reveal()
        full = path.rstrip("/") + PATH
        self._client = HttpClient(to._replace(path=full if isinstance(to.path, str) else type(to.path)(full)), self._clock)
        self._formatter = formatter
        self._labels = labels or {}
        self._resend = resend

    def send(self, message: Message, timeout: float) -> None:
        ends = self._clock.elapsed() + timeout
        headers = {"Content-Type": "application/json", "Idempotency-Key": message.id}
        for start in range(0, len(message.items), ALERTMANAGER_ALERTS_MAX):
            if (left := ends - self._clock.elapsed()) <= 0:
                raise Retry("timed out")
            alerts = [self._alert(item) for item in message.items[start : start + ALERTMANAGER_ALERTS_MAX]]
            self._client.post(to_json(alerts), headers, left)

    def _alert(self, item: Item) -> dict[str, Any]:
        """Alertmanager identifies an alert by its labels, so what changes while it fires is in annotations."""
        alert = item.alert
        labels = {label_name(name): value for name, value in {**labels_of(alert), **self._labels}.items()}
        ends = self._clock.now() + RESENDS * self._resend if item.is_firing else alert.time
        return {
            "labels": {name: value for name, value in labels.items() if value},
            "annotations": {"id": item.id, **annotations_of(alert, self._formatter)},
            "startsAt": rfc3339(alert.started),
            "endsAt": rfc3339(ends),
        }


def label_name(name: str) -> str:
    """`name` as the name of a label: letters, digits and underscores, and not a digit first."""
    name = re.sub(r"[^a-zA-Z0-9_]", "_", name)
    return f"_{name}" if not name or name[0].isdigit() else name
