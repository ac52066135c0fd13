"""The monitor's own body: all there is to know, for programs."""

from __future__ import annotations

from typing import Any

from ...message import Message
from ..fields import item_fields
from .base import Body


class PlainBody(Body):
    def render(self, message: Message) -> dict[str, Any]:
        return {
            "id": message.id,
            "action": message.receiver,
            "status": message.status,
            "reminder": message.repeats,
            "group": message.labels,
            "alerts": [item_fields(item, self.formatter) for item in message.items],
            "truncated": message.omitted,
        }
