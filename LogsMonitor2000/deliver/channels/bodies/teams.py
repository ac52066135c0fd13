"""Workflows of Microsoft Teams: an adaptive card of text runs, which are shown as they are; only a TextBlock would know markup."""

from __future__ import annotations

import json
from typing import Any

from ....limits import TEAMS_BYTES_MAX
from ...message import Message
from ..text import OMISSION_CHARACTERS, fitting, headline, lines_of, text_of
from .base import Body

CARD = {"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4"}


class TeamsBody(Body):
    url_is_secret = True

    def fit(self, message: Message) -> int:
        sizes = (sum(_size(_run(line)) for line in lines_of(item, self.formatter)) for item in message.items)
        return fitting(sizes, TEAMS_BYTES_MAX - _size(_run("x" * OMISSION_CHARACTERS)))

    def render(self, message: Message) -> dict[str, Any]:
        color = "attention" if message.status == "firing" else "good"
        lines = [_run(line) for line in text_of(message, self.formatter)]
        while len(lines) > 2 and sum(map(_size, lines)) > TEAMS_BYTES_MAX:
            del lines[-2]
        blocks = [_run(headline(message), weight="bolder", size="medium", color=color), *lines]
        content = {**CARD, "body": blocks}
        return {
            "type": "message",
            "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": content}],
        }


def _run(text: str, **look: str) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text, **look}]}


def _size(block: dict[str, Any]) -> int:
    return len(json.dumps(block)) + 2
