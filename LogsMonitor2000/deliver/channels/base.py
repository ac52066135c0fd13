"""The interface of a channel: one receiver, and what its answers mean."""

from __future__ import annotations

from abc import ABC, abstractmethod

from ..message import Message


class Retry(Exception):
    """The message was not accepted but may be later: in `after` seconds at the earliest, if the receiver said so.

    `reason` is short, one of few, and holds nothing that the receiver or the log can choose: it is counted by and shown.
    """

    def __init__(self, reason: str, after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.after = after


class Refused(Exception):
    """The message was not accepted and never will be. `detail` explains, for the user, and may come from the receiver."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


class Channel(ABC):
    """Sends one message at a time. `send` and `fit` are called by one thread, `close` by another."""

    def fit(self, message: Message) -> int:
        """How many items of `message`, from the first on, the receiver is shown; the others stay pending. By default all."""
        return len(message.items)

    @abstractmethod
    def send(self, message: Message, timeout: float) -> None:
        """Return within about `timeout` seconds: the receiver has it, or `Retry`, or `Refused`."""

    def close(self) -> None:
        """There will be no more messages; a send in progress is aborted."""
