"""The interface of an action."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ..event import Alert, BucketClosed, Event, Summary

if TYPE_CHECKING:
    from ..source.statistics import ReadStatistics


class InputStatus(NamedTuple):
    """How one input stands: lines joined, the newest second that they have, and the format of the last event ("" at first)."""

    name: str
    format: str
    lines: int
    newest: int | None


class Status(NamedTuple):
    """How a run stands at a moment. Nothing changes it any more, so other threads may read it."""

    summary: Summary
    read: ReadStatistics
    """Read statistics of all inputs together; lines, rotations and so on only when following."""
    firing: tuple[Alert, ...]
    """The alerts that are firing, those included that an earlier run has emitted."""
    inputs: tuple[InputStatus, ...]


class Run(Protocol):
    """A run, for actions that need more than its events."""

    @property
    def is_following(self) -> bool:
        """Whether inputs are read on as they grow."""

    @property
    def is_stopping(self) -> bool:
        """Whether the run ends before its inputs do, by a signal or because an action is done."""

    @property
    def has_caught_up(self) -> bool:
        """Whether all has been read that was there when the run began; always true where nothing is followed."""

    @property
    def actions(self) -> tuple[Action, ...]:
        """All actions of the run. They never change; how safe it is for other threads to use one is up to that action."""

    def status(self) -> Status:
        """How the run stands now. To be called by the thread that notifies the actions; the answer is for every thread."""

    def totals(self, top: int) -> Summary:
        """As the summary would be now, with `top` sections and sources. As `status`, but it takes longer the more values there are."""


class Action(ABC):
    """Is notified of events, by event time. What it raises is reported, and after several times in a row it is switched off."""

    wants: frozenset[type] | None = None
    """The types of events it is notified of. None stands for all, those of other authors' calculators too, but `BucketClosed`, which
    is data for actions that ask for it."""

    def takes(self, event: Event) -> bool:
        """Whether it is notified of `event`; this depends on the event's type only."""
        return not isinstance(event, BucketClosed) if self.wants is None else type(event) in self.wants

    essential: bool = False
    """Whether what it raises ends the run, as for the action that writes the output."""

    polls: bool = False
    """Whether `progress` is to be called several times a second although nothing comes."""

    is_done: bool = False
    """Set once the run has served its purpose: then nothing more is read."""

    def start(self, run: Run) -> None:
        """`run` is about to begin: keep it to query it on the way."""

    @abstractmethod
    def notify(self, event: Event) -> None:
        """`event` has happened."""

    def progress(self, read: int, total: int, lines: int) -> None:
        """`lines` lines and `read` of the `total` bytes of the inputs have been read; both are 0 where the end is not known."""

    def close(self) -> None:
        """There will be no more events: flush and release what is held."""
