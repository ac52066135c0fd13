"""The interface of an action."""

from __future__ import annotations

from abc import ABC, abstractmethod

from ..event import Event


class Action(ABC):
    """Is told of every event, by event time. It takes the kinds it knows and ignores the rest."""

    is_done = False
    """Turns true when it has what the run was for: then nothing more is read."""

    @abstractmethod
    def notify(self, event: Event) -> None:
        """`event` has happened."""

    def progress(self, read: int, total: int, lines: int) -> None:
        """`lines` have been read, and of the `total` bytes of the inputs `read`; both are 0 where the end is not known."""

    def close(self) -> None:
        """There will be no more."""
