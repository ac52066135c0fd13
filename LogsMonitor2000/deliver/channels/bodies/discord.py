"""Discord's webhooks. Mentions are not allowed to be any, and no address shows a preview."""

from __future__ import annotations

import re
from typing import Any

from ....limits import DISCORD_CHARACTERS_MAX
from ...message import Message
from ..text import OMISSION_CHARACTERS, clipped, fitting, headline, lines_of, text_of
from .base import Body

SUPPRESS_EMBEDS = 4
"""A flag of Discord's messages."""


class DiscordBody(Body):
    url_is_secret = True

    def fit(self, message: Message) -> int:
        room = DISCORD_CHARACTERS_MAX - OMISSION_CHARACTERS - len(escaped(headline(message))) - 1
        sizes = (sum(len(escaped(line)) + 1 for line in lines_of(item, self.formatter)) for item in message.items)
        return fitting(sizes, room)

    def render(self, message: Message) -> dict[str, Any]:
        return {
            "content": clipped([headline(message), *text_of(message, self.formatter)], escaped, DISCORD_CHARACTERS_MAX),
            "allowed_mentions": {"parse": []},
            "flags": SUPPRESS_EMBEDS,
        }


def escaped(text: str) -> str:
    """The marks of Markdown escaped, and an invisible space after what other tools would take for a mention."""
    return re.sub(r"([\\*_~`|>#\[\]()<:-])", r"\\\1", text).replace("@", "@\u200b")
