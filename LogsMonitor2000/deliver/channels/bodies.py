"""Messages as the bodies that receivers of webhooks expect. What comes from a log is text in them and never markup."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timezone
import json
import math
import re
from typing import Any

from ...action.formatter import MessageFormatter
from ...action.json_lines import alert_fields
from ...event import Alert
from ...limits import DISCORD_CHARACTERS_MAX, MESSAGE_ALERTS_MAX, SLACK_CHARACTERS_MAX, TEAMS_BYTES_MAX
from ...text import printable
from ..message import Item, Message, labels_of

NEVER = "0001-01-01T00:00:00Z"
"""What Alertmanager writes for the end of an alert that has none."""

Body = Callable[[Message, MessageFormatter], dict[str, Any]]


def item_fields(item: Item, formatter: MessageFormatter) -> dict[str, Any]:
    """An alert as JSON: what `--output json` shows of it, its `id`, its `fingerprint`, and when it `started` and `ended`."""
    alert = item.alert
    fields = {"id": item.id, "fingerprint": item.fingerprint, **alert_fields(alert, formatter), "started": alert.started}
    return fields if item.is_firing else {**fields, "ended": alert.time}


def plain(message: Message, formatter: MessageFormatter) -> dict[str, Any]:
    """All there is to know."""
    shown = message.items[:MESSAGE_ALERTS_MAX]
    return {
        "id": message.id,
        "action": message.receiver,
        "status": message.status,
        "reminder": message.repeats,
        "group": message.labels,
        "alerts": [item_fields(item, formatter) for item in shown],
        "truncated": len(message.items) - len(shown),
    }


def alertmanager(message: Message, formatter: MessageFormatter) -> dict[str, Any]:
    """What Alertmanager sends to a webhook, version 4."""
    shown = message.items[:MESSAGE_ALERTS_MAX]
    alerts: list[dict[str, Any]] = [
        {
            "status": item.alert.state,
            "labels": labels_of(item.alert),
            "annotations": notes_of(item.alert, formatter),
            "startsAt": rfc3339(item.alert.started),
            "endsAt": NEVER if item.is_firing else rfc3339(item.alert.time),
            "generatorURL": "",
            "fingerprint": item.fingerprint,
        }
        for item in shown
    ]
    return {
        "version": "4",
        "groupKey": message.group,
        "truncatedAlerts": len(message.items) - len(shown),
        "status": message.status,
        "receiver": message.receiver,
        "groupLabels": message.labels,
        "commonLabels": _common([alert["labels"] for alert in alerts]),
        "commonAnnotations": _common([alert["annotations"] for alert in alerts]),
        "externalURL": "",
        "alerts": alerts,
    }


def slack(message: Message, formatter: MessageFormatter) -> dict[str, Any]:
    """Also for Mattermost and Rocket.Chat. `<`, `>` and `&` are what a mention or a link would need."""
    text = fitted([line for item in message.items for line in lines_of(item, formatter)], slack_text, SLACK_CHARACTERS_MAX)
    return {
        "text": slack_text(headline(message)),
        "attachments": [{"color": "danger" if message.status == "firing" else "good", "text": text, "mrkdwn_in": []}],
        "unfurl_links": False,
        "unfurl_media": False,
    }


def discord(message: Message, formatter: MessageFormatter) -> dict[str, Any]:
    """No mention is allowed to be one, and no address shows a preview."""
    lines = [headline(message), *(line for item in message.items for line in lines_of(item, formatter))]
    return {
        "content": fitted(lines, discord_text, DISCORD_CHARACTERS_MAX),
        "allowed_mentions": {"parse": []},
        "flags": 4,  # SUPPRESS_EMBEDS
    }


def teams(message: Message, formatter: MessageFormatter) -> dict[str, Any]:
    """An adaptive card for a workflow. Runs of text are shown as they are; only a TextBlock would know markup."""
    color = "attention" if message.status == "firing" else "good"
    blocks = [_run(headline(message), weight="bolder", size="medium", color=color)]
    left = TEAMS_BYTES_MAX
    lines = [line for item in message.items for line in lines_of(item, formatter)]
    for number, line in enumerate(lines):
        block = _run(line)
        left -= len(json.dumps(block))
        if left < 0:
            blocks.append(_run(_more(len(lines) - number)))
            break
        blocks.append(block)
    card = {"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4"}
    content = {**card, "body": blocks}
    return {
        "type": "message",
        "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": content}],
    }


BODIES: dict[str, Body] = {
    "plain": plain,
    "alertmanager": alertmanager,
    "slack": slack,
    "discord": discord,
    "teams": teams,
}


def to_json(body: Any) -> bytes:
    """As ASCII; a number that is none, which JSON cannot hold, as null."""
    try:
        return json.dumps(body, separators=(",", ":"), allow_nan=False).encode()
    except ValueError:
        return json.dumps(_finite(body), separators=(",", ":")).encode()


def headline(message: Message) -> str:
    """`FIRING: high_traffic`, `RESOLVED: errors (3 alerts), reminder 2`"""
    count = f" ({len(message.items)} alerts)" if len(message.items) > 1 else ""
    reminder = f", reminder {message.repeats}" if message.repeats else ""
    return f"{message.status.upper()}: {message.names}{count}{reminder}"


def lines_of(item: Item, formatter: MessageFormatter) -> list[str]:
    """An alert as lines of text, without anything that does not print."""
    alert = item.alert
    lines = [_shown(formatter.alert(alert))]
    group = [f"{field} {printable(value)}" for field, value in alert.group]
    if group:
        lines[0] += f" ({', '.join(group)})"
    if alert.condition:
        lines.append(f"  {_shown(alert.condition)}")
    for field, value, share, is_new in alert.causes:
        lines.append(f"  {field} {printable(value)}: {share:.0%} of the change{', new' if is_new else ''}")
    return lines + [f"  {printable(line)}" for line in alert.lines]


def fitted(lines: Sequence[str], escaped: Callable[[str], str], limit: int) -> str:
    """As many `escaped` lines as fit into `limit` characters, and how many more there are."""
    text = ""
    for number, line in enumerate(lines):
        more = _more(len(lines) - number)
        addition = escaped(line) + "\n"
        if len(text) + len(addition) + len(more) > limit:
            return text + more
        text += addition
    return text.rstrip("\n")


def slack_text(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def discord_text(text: str) -> str:
    """Escaped marks of Markdown, and an invisible space in what is a mention to somebody's other tools."""
    return re.sub(r"([\\*_~`|>#\[\]()<:-])", r"\\\1", text).replace("@", "@\u200b")


def notes_of(alert: Alert, formatter: MessageFormatter) -> dict[str, str]:
    """What an alert says besides its labels, as text."""
    texts = {
        "summary": _shown(formatter.alert(alert)),
        "value": f"{alert.value:g}",
        "threshold": f"{alert.threshold:g}",
        "peak": f"{alert.peak:g}",
        "measure": alert.measure,
        "condition": _shown(alert.condition),
        "causes": "\n".join(f"{field} {printable(value)} {share:.0%}" for field, value, share, _ in alert.causes),
        "lines": "\n".join(printable(line) for line in alert.lines),
    }
    return {name: text for name, text in texts.items() if text}


def rfc3339(second: float) -> str:
    """`2019-02-07T21:12:36Z`; the nearest there is for a second that has no date."""
    try:
        return datetime.fromtimestamp(int(second), timezone.utc).isoformat().replace("+00:00", "Z")
    except (ValueError, OverflowError, OSError):
        return "9999-12-31T23:59:59Z"


def _common(tables: Sequence[dict[str, str]]) -> dict[str, str]:
    return {name: value for name, value in tables[0].items() if all(table.get(name) == value for table in tables)}


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _run(text: str, **look: str) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text, **look}]}


def _more(count: int) -> str:
    return f"... and {count} more lines"


def _shown(text: str) -> str:
    return printable(text.encode("utf-8", "surrogateescape"))
