"""Alerts and messages for the tests of delivery."""

from __future__ import annotations

from random import Random
from typing import Any

from LogsMonitor2000.deliver.backoff import Backoff
from LogsMonitor2000.deliver.dispatch import Dispatch
from LogsMonitor2000.deliver.message import Item, Message, bounded, fingerprint_of, message_id
from LogsMonitor2000.deliver.outbox import Outbox
from LogsMonitor2000.deliver.timing import Timing
from LogsMonitor2000.event import Alert

NOW = 1_600_000_000
NASTY = b'<!channel> @everyone <@U1> **b** [x](http://evil) "q" \\ ] \r\nBcc: x@evil\x00\x1b[31m\xff' + "\u202e{}".encode()
"""What an attacker may ask a server for who knows where its log goes."""


def firing(name: str = "errors", time: int = NOW, section: bytes = b"", **more: Any) -> Alert:
    group = (("section", section),) if section else ()
    return Alert(name, "firing", time, 0.5, 0.05, 60, time, 0.5, group, **more)


def resolved(alert: Alert, time: int) -> Alert:
    """The end of a firing `alert`."""
    return alert._replace(state="resolved", time=time, value=0.01)


def item(alert: Alert) -> Item:
    return Item(bounded(alert), fingerprint_of(alert))


def message(*alerts: Alert, receiver: str = "test", repeats: int = 0) -> Message:
    items = tuple(item(alert) for alert in alerts or (firing(),))
    labels = {"alertname": items[0].alert.name}
    return Message(message_id(items, repeats), receiver, f'{{alertname="{items[0].alert.name}"}}', labels, items, repeats)


def dispatch(
    timing: Timing | None = None, outbox: Outbox | None = None, seed: int = 1, room: int = 10**9, **more: Any
) -> Dispatch:
    """One whose messages have room for so many alerts."""
    fit = lambda message: min(room, len(message.items))
    return Dispatch("test", timing or Timing(**more), outbox, Backoff(Random(seed)), fit=fit)


def states(sent: Message | None) -> list[str]:
    """`errors/api firing`, one for each alert of the message."""
    items = () if sent is None else sent.items
    return [
        f"{each.alert.name}{b''.join(value for _, value in each.alert.group).decode()} {each.alert.state}" for each in items
    ]
