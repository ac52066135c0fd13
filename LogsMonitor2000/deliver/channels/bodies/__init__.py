"""The bodies that receivers of webhooks expect, one module each. `BODIES` has them by the name that `body = "…"` gives."""

from __future__ import annotations

from .alertmanager import AlertmanagerBody
from .base import Body
from .discord import DiscordBody
from .plain import PlainBody
from .slack import SlackBody
from .teams import TeamsBody

BODIES: dict[str, type[Body]] = {
    "plain": PlainBody,
    "alertmanager": AlertmanagerBody,
    "slack": SlackBody,
    "discord": DiscordBody,
    "teams": TeamsBody,
}
