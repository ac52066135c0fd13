"""The interface of a channel: one kind of receiver, and what its answers mean."""

from __future__ import annotations

from abc import ABC, abstractmethod

from ..message import Message


class Retry(Exception):
    """The message was not taken, but may be later: in `after` seconds at the earliest, if the receiver said so.

    `reason` is one of few, short, and holds nothing that the receiver or the log can choose: it is counted by and shown.
    """

    def __init__(self, reason: str, after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.after = after


class Refused(Exception):
    """The message was not taken and never will be. `detail` says more, for a person, and may come from the receiver."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


class Channel(ABC):
    """Sends one message at a time. Called by one thread, `close` by another."""

    @abstractmethod
    def send(self, message: Message, timeout: float) -> None:
        """Return within about `timeout` seconds: the receiver has it, or `Retry`, or `Refused`."""

    def close(self) -> None:
        """There will be no more messages; whatever is still under way is given up."""
