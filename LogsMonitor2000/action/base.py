"""The interface of an action."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

from ..event import Alert, BucketClosed, Event, Summary

if TYPE_CHECKING:
    from ..source.statistics import ReadStatistics


class Run(Protocol):
    """A run, for actions that want to know more of it than its events; to be asked in the thread that tells them."""

    @property
    def actions(self) -> Sequence[Action]:
        """All that are told."""

    def summary(self) -> Summary:
        """The lines that have been read so far, and their times; not the rest of a summary, which takes longer."""

    def read_statistics(self) -> ReadStatistics:
        """What reading the inputs has come to, all of them together; lines, rotations and so on only when following."""

    def firing(self) -> Iterable[Alert]:
        """The alerts that are firing now, those included that an earlier run has told of."""


class Action(ABC):
    """Is notified of events, by event time."""

    wants: frozenset[type] | None = None
    """The types of events it is notified of. None stands for all, those of other people's calculators too, but `BucketClosed`, which
    is data for actions that ask for it."""

    def takes(self, event: Event) -> bool:
        """Whether it is notified of `event`."""
        return not isinstance(event, BucketClosed) if self.wants is None else type(event) in self.wants

    def watch(self, run: Run) -> None:
        """`run` is about to begin, for whoever wants to ask it on the way."""

    is_done = False
    """Turns true when it has what the run was for: then nothing more is read."""

    @abstractmethod
    def notify(self, event: Event) -> None:
        """`event` has happened."""

    def progress(self, read: int, total: int, lines: int) -> None:
        """`lines` have been read, and of the `total` bytes of the inputs `read`; both are 0 where the end is not known."""

    def close(self) -> None:
        """There will be no more."""
