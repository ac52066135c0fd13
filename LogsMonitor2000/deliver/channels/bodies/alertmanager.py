"""What Alertmanager sends to a webhook, version 4, for receivers made for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...message import Item, Message, labels_of
from ..fields import annotations_of, rfc3339
from .base import Body

NEVER = "0001-01-01T00:00:00Z"
"""What Alertmanager writes for the end of an alert that has none."""


class AlertmanagerBody(Body):
    def render(self, message: Message) -> dict[str, Any]:
        alerts = [self._alert(item) for item in message.items]
        return {
            "version": "4",
            "groupKey": message.group,
            "truncatedAlerts": message.omitted,
            "status": message.status,
            "receiver": message.receiver,
            "groupLabels": message.labels,
            "commonLabels": _common([alert["labels"] for alert in alerts]),
            "commonAnnotations": _common([alert["annotations"] for alert in alerts]),
            "externalURL": "",
            "alerts": alerts,
        }

    def _alert(self, item: Item) -> dict[str, Any]:
        return {
            "status": item.alert.state,
            "labels": labels_of(item.alert),
            "annotations": annotations_of(item.alert, self.formatter),
            "startsAt": rfc3339(item.alert.started),
            "endsAt": NEVER if item.is_firing else rfc3339(item.alert.time),
            "generatorURL": "",
            "fingerprint": item.fingerprint,
        }


def _common(tables: Sequence[dict[str, str]]) -> dict[str, str]:
    return {name: value for name, value in tables[0].items() if all(table.get(name) == value for table in tables)}
