"""What is done to the processor, as plain values: replayed on its last snapshot, they bring it to where it was.

The processor has no clock, so its state follows from what was added to it and how far log time came. A snapshot of hours over many
groups is megabytes; what happened since then is mostly little, and enough to be committed with an alert.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..analyze.digest import Digest
from ..analyze.processor import AnalyticsProcessor
from ..event import Event

if TYPE_CHECKING:
    from ..state.journal import Journal

SHRINK, ADD, ADVANCE = "shrink", "add", "advance"


class RecordedProcessor:
    """`processor`, with what changes it recorded in `journal` as long as that wants it."""

    def __init__(self, processor: AnalyticsProcessor, journal: Journal | None) -> None:
        self._processor = processor
        self._journal = journal

    def shrink(self) -> None:
        self._record([SHRINK])
        self._processor.shrink()

    def add(self, digest: Digest) -> list[Event]:
        if self._is_recording:
            self._record([ADD, digest.dump()])  # before its buckets are the processor's
        return self._processor.add(digest)

    def advance(self, now: float) -> list[Event]:
        floor = self._processor.floor
        events = self._processor.advance(now)
        if floor != self._processor.floor:
            self._record([ADVANCE, now])
        return events

    @property
    def _is_recording(self) -> bool:
        return self._journal is not None and self._journal.is_recording

    def _record(self, operation: list[Any]) -> None:
        if self._journal is not None and self._journal.is_recording:
            self._journal.record(operation)


def replay(processor: AnalyticsProcessor, operations: Iterable[list[Any]]) -> None:
    """Do again what was recorded. The events that follow from it have been emitted, or are pending."""
    for name, *values in operations:
        if name == SHRINK:
            processor.shrink()
        elif name == ADD:
            processor.add(Digest.load(values[0], processor.layouts))
        else:
            processor.advance(values[0])
