"""Slack's incoming webhooks, also those of Mattermost and Rocket.Chat.

`<`, `>` and `&` are what a mention or a link would need, so they are escaped, and the attachment is marked as not holding markup.
"""

from __future__ import annotations

from typing import Any

from ....limits import SLACK_CHARACTERS_MAX
from ...message import Message
from ..text import OMISSION_CHARACTERS, clipped, fitting, headline, lines_of, text_of
from .base import Body


class SlackBody(Body):
    url_is_secret = True

    def fit(self, message: Message) -> int:
        sizes = (sum(len(escaped(line)) + 1 for line in lines_of(item, self.formatter)) for item in message.items)
        return fitting(sizes, SLACK_CHARACTERS_MAX - OMISSION_CHARACTERS)

    def render(self, message: Message) -> dict[str, Any]:
        text = clipped(text_of(message, self.formatter), escaped, SLACK_CHARACTERS_MAX)
        color = "danger" if message.status == "firing" else "good"
        return {
            "text": escaped(headline(message)),
            "attachments": [{"color": color, "text": text, "mrkdwn_in": []}],
            "unfurl_links": False,
            "unfurl_media": False,
        }


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
