"""What is sent: an alert with the id of its transition, and the alerts of one group as one message.

An alert is identified by its rule's name and its group, a transition by that, the second it started and its state. A receiver that
is sent something twice tells so by the id.
"""

from __future__ import annotations

from collections.abc import Iterable
import hashlib
import json
import os
from typing import NamedTuple

from ..alert.state import AlertState
from ..event import Alert
from ..limits import ALERT_LINE_BYTES_MAX, ALERT_LINES_MAX, ALERT_TEXT_BYTES_MAX
from ..text import printable


class Item(NamedTuple):
    """An alert in a message."""

    alert: Alert
    fingerprint: str

    @property
    def id(self) -> str:
        """`<fingerprint>-<started>-<state>`: that of the transition."""
        return transition_id(self.alert, self.fingerprint)

    @property
    def is_firing(self) -> bool:
        return self.alert.state == AlertState.FIRING


class Message(NamedTuple):
    """The alerts of one group as of now, firing ones first; `labels` are what they have in common by being grouped.

    `repeats` counts the messages since the last that had anything new: 0 is news, 1 the first reminder.
    """

    id: str
    receiver: str
    group: str
    labels: dict[str, str]
    items: tuple[Item, ...]
    repeats: int = 0

    @property
    def status(self) -> str:
        """ "firing" as long as any alert is, else "resolved"."""
        return "firing" if any(item.is_firing for item in self.items) else "resolved"

    @property
    def names(self) -> str:
        """The names of the alerts, each once."""
        return ", ".join(sorted({printable(os.fsencode(item.alert.name)) for item in self.items}))


def fingerprint_of(alert: Alert) -> str:
    """16 hexadecimal digits, the same for every transition of an alert."""
    return fingerprint_text(repr((alert.name, sorted(alert.group))))


def transition_id(alert: Alert, fingerprint: str) -> str:
    return f"{fingerprint}-{alert.started}-{alert.state}"


def message_id(items: Iterable[Item], repeats: int) -> str:
    """Of one alert, the id of its transition; of several, a hash of theirs. A reminder is not what it reminds of."""
    ids = sorted(item.id for item in items)
    joined = ids[0] if len(ids) == 1 else fingerprint_text(" ".join(ids))
    return f"{joined}-{repeats}" if repeats else joined


def labels_of(alert: Alert) -> dict[str, str]:
    """`alertname`, `severity`, and what the alert's group consists of, as text that prints."""
    group = {field: printable(value) for field, value in alert.group}
    return {**group, "alertname": printable(os.fsencode(alert.name)), "severity": alert.severity}


def group_labels(alert: Alert, group_by: tuple[str, ...] | None) -> dict[str, str]:
    """The labels that say to which group an alert belongs: None is each alert by itself. A label it lacks is "" ."""
    labels = labels_of(alert)
    if group_by is None:
        del labels["severity"]
        return labels
    return {name: labels.get(name, "") for name in group_by}


def group_key(labels: dict[str, str]) -> str:
    """`{alertname="errors", section="/api"}`"""
    return "{" + ", ".join(f"{name}={json.dumps(value)}" for name, value in sorted(labels.items())) + "}"


def bounded(alert: Alert) -> Alert:
    """`alert` with everything in it that comes from the log cut to a size that can be kept and sent."""
    return alert._replace(
        group=tuple((field, _cut(value)) for field, value in alert.group),
        causes=tuple((field, _cut(value), share, is_new) for field, value, share, is_new in alert.causes),
        lines=tuple(line[:ALERT_LINE_BYTES_MAX] for line in alert.lines[:ALERT_LINES_MAX]),
    )


def _cut(value: bytes) -> bytes:
    if len(value) <= ALERT_TEXT_BYTES_MAX:
        return value
    return value[:ALERT_TEXT_BYTES_MAX] + b"...~" + fingerprint_text(repr(value))[:8].encode()


def fingerprint_text(text: str) -> str:
    """16 hexadecimal digits that stand for `text`."""
    return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()
