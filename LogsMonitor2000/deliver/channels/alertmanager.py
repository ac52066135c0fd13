"""Prometheus's Alertmanager by its v2 interface, which wants to hear of what fires again and again.

An alert that it has not heard of for a while is over for it. So each is sent again as long as it fires, with an end that lies a few
of these times ahead; if the monitor dies, its alerts end by themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
import re
from time import monotonic
from typing import Any

from ...action.formatter import MessageFormatter
from ...limits import ALERTMANAGER_ALERTS_MAX
from ...runtime.clock import Clock
from ..message import Item, Message, labels_of
from .base import Channel, Retry
from .bodies import notes_of, rfc3339, to_json
from .deadline import tls_context
from .http_client import Endpoint, post

PATH = "/api/v2/alerts"
RESENDS = 4
"""How many of them may fail before an alert ends at Alertmanager, as with Prometheus."""


class Alertmanager(Channel):
    """`resend` is how often it is told again, in seconds; `labels` are put on each alert besides its own."""

    def __init__(
        self,
        to: Endpoint,
        formatter: MessageFormatter,
        labels: Mapping[str, str] | None = None,
        resend: float = 60,
        clock: Clock | None = None,
    ) -> None:
        self._to = to._replace(path=to.path.rstrip("/") + PATH)
        self._tls = tls_context(to.ca_file) if to.scheme == "https" else None
        self._formatter = formatter
        self._labels = labels or {}
        self._resend = resend
        self._clock = clock or Clock()

    def send(self, message: Message, timeout: float) -> None:
        ends = monotonic() + timeout
        headers = {"Content-Type": "application/json", "Idempotency-Key": message.id}
        for start in range(0, len(message.items), ALERTMANAGER_ALERTS_MAX):
            if (left := ends - monotonic()) <= 0:
                raise Retry("timed out")
            alerts = [self._alert(item) for item in message.items[start : start + ALERTMANAGER_ALERTS_MAX]]
            post(self._to, to_json(alerts), headers, left, self._tls)

    def _alert(self, item: Item) -> dict[str, Any]:
        """Its labels identify an alert for Alertmanager, so what changes while it fires is in annotations."""
        alert = item.alert
        labels = {label_name(name): value for name, value in {**labels_of(alert), **self._labels}.items()}
        ends = self._clock.now() + RESENDS * self._resend if item.is_firing else alert.time
        return {
            "labels": {name: value for name, value in labels.items() if value},
            "annotations": {"id": item.id, **notes_of(alert, self._formatter)},
            "startsAt": rfc3339(alert.started),
            "endsAt": rfc3339(ends),
        }


def label_name(name: str) -> str:
    """`name` as the name of a label: letters, digits and underscores, and no digit first."""
    name = re.sub(r"[^a-zA-Z0-9_]", "_", name)
    return f"_{name}" if not name or name[0].isdigit() else name
