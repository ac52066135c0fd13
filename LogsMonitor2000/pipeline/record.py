"""What is done to the processor, and when it is committed, so that a restart finds it as it was.

The processor has no clock, so its state follows from what was added to it and how far log time came. A snapshot of hours over many
groups is megabytes; what happened since then is mostly little, and enough to be committed with an alert: as plain values, which are
replayed on the snapshot.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..analyze.digest import Digest
from ..analyze.processor import AnalyticsProcessor
from ..event import Event
from .stream_set import StreamSet

if TYPE_CHECKING:
    from ..state.journal import Journal

SHRINK, ADD, ADVANCE = "shrink", "add", "advance"


class RecordedProcessor:
    """`processor`, with what changes it recorded in `journal`, if there is one, as long as that wants it."""

    def __init__(self, processor: AnalyticsProcessor, streams: StreamSet, journal: Journal | None) -> None:
        self._processor = processor
        self._streams = streams
        self._journal = journal
        self._lines = 0  # added since the journal was last asked

    def shrink(self) -> None:
        self._record([SHRINK])
        self._processor.shrink()

    def add(self, digest: Digest) -> list[Event]:
        self._lines += digest.line_count
        if self._is_recording:
            self._record([ADD, digest.dump()])  # before its buckets are the processor's
        return self._processor.add(digest)

    def advance(self, now: float) -> list[Event]:
        floor = self._processor.floor
        events = self._processor.advance(now)
        if floor != self._processor.floor:
            self._record([ADVANCE, now])
        return events

    def stop(self) -> None:
        """The processor has become another: what was recorded of it means nothing."""
        if self._journal is not None:
            self._journal.stop_recording()

    def commit(self, events: list[Event], *, at_once: bool, at_end: bool) -> list[Event]:
        """What of `events`, and of those that waited for a commit, may be emitted now; call `emitted` once it was."""
        if (journal := self._journal) is None:
            return events
        lines, self._lines = self._lines, 0
        committed = journal.commit(
            [*journal.notices(), *events],
            self._processor.snapshot,
            self._streams.snapshot,
            lines=lines,
            at_once=at_once or at_end or self._streams.needs_commit,
            whole=at_end,
        )
        if (snapshot := journal.take_committed()) is not None:
            self._streams.acknowledge(snapshot)
        return committed

    def emitted(self) -> None:
        """What `commit` returned has been emitted."""
        if self._journal is not None:
            self._journal.emitted()

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
