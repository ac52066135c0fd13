"""The interface of a set of sources that come and go while it is read: followed files (`follow.source_set`), or a broker's queue."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from .base import Source
from .statistics import ReadStatistics


class Sources(Protocol):
    """What a monitor asks of all its sources together."""

    def poll(self) -> Sequence[Source]:
        """The sources that are new; those that were given up have `ended`."""

    def position(self) -> dict[str, object]:
        """Where to resume, as plain values for JSON."""

    def acknowledge(self, position: Mapping[str, object]) -> None:
        """Everything up to `position`, an earlier answer of `position()`, is safely kept."""

    @property
    def needs_commit(self) -> bool:
        """Whether no more may come until something is acknowledged."""

    @property
    def ended(self) -> bool:
        """There will never be more."""

    def statistics(self) -> dict[str, ReadStatistics]:
        """By the name of each source."""

    def total(self) -> ReadStatistics:
        """The sum over all sources there ever were."""

    def close(self) -> None:
        """Release everything."""


OpenSources = Callable[[Sequence[str], Mapping[str, object] | None], Sources]
"""Makes the sources of these names, which continue at a position if there is one."""
