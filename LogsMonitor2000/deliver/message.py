"""What is sent: alerts with the ids of their transitions, those of one group as one message.

An alert is identified by its rule's name and its group, a transition by that, the second at which the alert started, and its state.
Delivery is at least once; a receiver recognises a repeated transition by its id.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
import hashlib
import json
import os
from typing import NamedTuple

from ..event import Alert
from ..limits import ALERT_LINE_BYTES_MAX, ALERT_LINES_MAX, ALERT_TEXT_BYTES_MAX, MESSAGE_NAMES_MAX
from ..text import printable

Redact = Callable[[bytes], bytes]
"""Masks the secrets in text from the log."""


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
        return self.alert.state == "firing"


class Message(NamedTuple):
    """The alerts of one group as of now, the new ones first; `labels` are those they are grouped by.

    `repeats` counts the messages since the last one with anything new: 0 is new, 1 the first reminder. `more_firing` and
    `more_resolved` count the alerts of the group for which this message has no room.
    """

    id: str
    receiver: str
    group: str
    labels: dict[str, str]
    items: tuple[Item, ...]
    repeats: int = 0
    more_firing: int = 0
    more_resolved: int = 0

    @property
    def status(self) -> str:
        """ "firing" as long as any alert of the group is, else "resolved"."""
        return "firing" if self.more_firing or any(item.is_firing for item in self.items) else "resolved"

    @property
    def names(self) -> str:
        """The names of the alerts that it shows, each once."""
        names = sorted({printable(os.fsencode(item.alert.name)) for item in self.items})
        more = f" and {len(names) - MESSAGE_NAMES_MAX} more" if len(names) > MESSAGE_NAMES_MAX else ""
        return ", ".join(names[:MESSAGE_NAMES_MAX]) + more

    @property
    def size(self) -> int:
        """How many alerts the group has."""
        return len(self.items) + self.omitted

    @property
    def omitted(self) -> int:
        """How many of them this message does not show."""
        return self.more_firing + self.more_resolved

    @property
    def omission(self) -> str:
        """`and 116 more firing, 3 more resolved`; "" if it shows all."""
        counts = ((self.more_firing, "firing"), (self.more_resolved, "resolved"))
        return "and " + ", ".join(f"{count:,} more {state}" for count, state in counts if count) if self.omitted else ""

    def first(self, count: int) -> Message:
        """This message with room for `count` alerts only, the others counted."""
        shown, rest = self.items[:count], self.items[count:]
        firing = sum(item.is_firing for item in rest)
        return self._replace(
            items=shown, more_firing=self.more_firing + firing, more_resolved=self.more_resolved + len(rest) - firing
        )


def fingerprint_of(alert: Alert) -> str:
    """16 hexadecimal digits, the same for every transition of an alert."""
    return fingerprint_text(repr((alert.name, sorted(alert.group))))


def transition_id(alert: Alert, fingerprint: str) -> str:
    return f"{fingerprint}-{alert.started}-{alert.state}"


def message_id(items: Iterable[Item], repeats: int) -> str:
    """The id of its transition if there is one item, a hash of all ids if there are several. A reminder has an id of its own."""
    ids = sorted(item.id for item in items)
    joined = ids[0] if len(ids) == 1 else fingerprint_text(" ".join(ids))
    return f"{joined}-{repeats}" if repeats else joined


def labels_of(alert: Alert) -> dict[str, str]:
    """`alertname`, `severity`, and the fields of the alert's group, as printable text."""
    group = {field: printable(value) for field, value in alert.group}
    return {**group, "alertname": printable(os.fsencode(alert.name)), "severity": alert.severity}


def group_labels(alert: Alert, group_by: tuple[str, ...] | None) -> dict[str, str]:
    """The labels that name the group of an alert; `group_by` None puts each alert into one of its own. A missing label is ""."""
    labels = labels_of(alert)
    if group_by is None:
        del labels["severity"]
        return labels
    return {name: labels.get(name, "") for name in group_by}


def group_key(labels: dict[str, str]) -> str:
    """`{alertname="errors", section="/api"}`"""
    return "{" + ", ".join(f"{name}={json.dumps(value)}" for name, value in sorted(labels.items())) + "}"


def bounded(alert: Alert, redact: Redact = bytes) -> Alert:
    """`alert` with everything that comes from the log redacted, and cut to a size that can be kept and sent."""
    return alert._replace(
        group=tuple((field, _cut(redact(value))) for field, value in alert.group),
        causes=tuple((field, _cut(redact(value)), share, is_new) for field, value, share, is_new in alert.causes),
        lines=tuple(redact(line)[:ALERT_LINE_BYTES_MAX] for line in alert.lines[:ALERT_LINES_MAX]),
    )


def _cut(value: bytes) -> bytes:
    if len(value) <= ALERT_TEXT_BYTES_MAX:
        return value
    return value[:ALERT_TEXT_BYTES_MAX] + b"...~" + fingerprint_text(repr(value))[:8].encode()


def fingerprint_text(text: str) -> str:
    """16 hexadecimal digits that stand for `text`."""
    return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()
