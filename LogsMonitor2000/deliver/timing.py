"""When the alerts of a group are sent: how long they wait for each other, how often they are sent again, and when they are given up."""

from __future__ import annotations

from typing import NamedTuple


class Timing(NamedTuple):
    """All in seconds; 0 turns `repeat` and `max_age` off. `group_by` None puts each alert into a group of its own.

    `wait`: from the first new alert of a group to its message. `interval`: from a message of a group to the next one that has news.
    `repeat`: from a message to a reminder. `max_age`: an alert that fired longer ago is not sent. `deadline`: for how long a message
    is retried. `resolved`: whether a resolved alert is sent at all; `resolved_again`: for how long reminders go on to include it.
    """

    group_by: tuple[str, ...] | None = ("alertname",)
    wait: float = 0
    interval: float = 300
    repeat: float = 14_400
    max_age: float = 600
    deadline: float = 3_600
    resolved: bool = True
    resolved_again: float = 0
