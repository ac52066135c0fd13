"""The data path: inputs are read, chunk by chunk, into digests; the processor turns digests into events; actions are told.

    Input ── digest ──▶ AnalyticsProcessor ── Event ──▶ Action, Action, …

Of several inputs the one that is furthest behind is read next, and time moves on only as far as all of them have come, so that
together they are one stream by event time. When following, every input is read as it grows; once nothing has come for
longer than the buffer time, log time goes on at the pace of the clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import chain
from typing import TYPE_CHECKING, Any

from ..action.base import Action
from ..analyze.digest import Digest
from ..analyze.processor import AnalyticsProcessor
from ..errors import FormatError
from ..event import Alert, Event, Notice, Summary
from ..limits import POLL_SECONDS, SAMPLES_MAX
from ..runtime.clock import Clock
from ..runtime.waiter import Waiter
from ..source.statistics import ReadStatistics
from .input import Input, latest

if TYPE_CHECKING:  # few runs need them and start-up counts
    from ..state.journal import Journal
    from .followed import Following


class Monitor:
    """Runs `inputs` through `processor` and tells `actions`.

    With `follow` inputs are read on as they grow; `following` brings more of them while running. A `journal` keeps what a restart
    needs; then what is still open when the run is stopped stays open, for the next run to go on with. `skew_max` is how far ahead
    of the clock a time may lie, in seconds.
    """

    def __init__(
        self,
        inputs: Sequence[Input],
        processor: AnalyticsProcessor,
        actions: Sequence[Action] = (),
        *,
        follow: bool = False,
        following: Following | None = None,
        journal: Journal | None = None,
        skew_max: int = 86_400,
        clock: Clock | None = None,
        waiter: Waiter | None = None,
    ) -> None:
        self.inputs = list(inputs)
        self.processor = processor
        self.actions = list(actions)
        self._follow = follow or following is not None
        self._following = following
        self._journal = journal
        self._skew_max = skew_max
        self._clock = clock or Clock()
        self._waiter = waiter or Waiter()
        self._stopping = False
        self._report_is_due = False
        self._has_changed = self._has_arrived = False  # since the journal was last asked
        self._samples = 0
        self._newest: int | None = None  # of all inputs
        self._heard = self._clock.elapsed()  # when the last line came, from whichever
        for source in self.inputs:
            source.heard = self._heard

    def run(self) -> Summary:
        """Read to the end, or until `stop`; the actions are told of everything, the summary last."""
        summary = Summary()
        try:
            for action in self.actions:
                action.watch(self)
            for events in self._steps():
                released = self._released(events)
                for event in released:
                    for action in self.actions:
                        if action.takes(event):
                            action.notify(event)
                    if isinstance(event, Summary):
                        summary = event
                if self._journal is not None and released:
                    self._journal.told()
                read, total = self._progress()
                lines = self.processor.lines
                for action in self.actions:
                    action.progress(read, total, lines)
                    if action.is_done:
                        self.stop()
        finally:
            with ExitStack() as stack:  # whose every part is closed, whatever another one raises
                if self._journal is not None:
                    stack.callback(self._journal.close)
                for action in reversed(self.actions):
                    stack.callback(action.close)
        return summary

    def events(self) -> Iterator[Event]:
        """Every event by event time, while the log is read; the summary last. The actions are not told."""
        return chain.from_iterable(self._steps())

    def summary(self) -> Summary:
        """The lines that have been read so far, and their times."""
        return self.processor.counts()

    def read_statistics(self) -> ReadStatistics:
        """What reading the inputs has come to, all of them together; without following, how many bytes that is."""
        if self._following is not None:
            return self._following.statistics()
        read = ReadStatistics()
        for source in self.inputs:
            progress = source.progress()
            read.bytes += source.source.offset if progress is None else progress[0]
        return read

    def firing(self) -> list[Alert]:
        """The alerts that are firing now."""
        return self.processor.firing()

    def stop(self) -> None:
        """End as if the inputs ended here; may be called from a signal handler."""
        self._stopping = True
        self._waiter.wake()

    def hear_signals(self) -> None:
        """Let signals end a wait; called by whoever handles them, in the main thread."""
        self._waiter.hear_signals()

    def ask_for_report(self) -> None:
        """Tell soon how much of each followed log was read; may be called from a signal handler."""
        self._report_is_due = True

    def _released(self, events: list[Event]) -> list[Event]:
        """What of `events`, and of what was held back before, may be told now."""
        if self._journal is None:
            return events
        has_changed, at_once = self._has_changed, self._has_arrived or self._stopping
        self._has_changed = self._has_arrived = False
        return self._journal.release(
            [*self._journal.notices(), *events], self._snapshot, has_changed=has_changed or at_once, at_once=at_once
        )

    def _snapshot(self) -> dict[str, Any]:
        """All that a restart needs, as JSON can hold it."""
        assert self._following is not None
        return {
            "processor": self.processor.snapshot(),
            "position": self._following.position(),
            "inputs": self._following.snapshot(),
        }

    def _steps(self) -> Iterator[list[Event]]:
        """What each chunk, or each look at the clock, brings."""
        try:
            while not self._stopping and ((unended := self._unended()) or self._is_endless()):
                unended.sort(key=lambda source: (source.newest is not None, source.newest))
                for source in unended if self._follow else unended[:1]:
                    if (digest := self._digest(source)) is not None:
                        yield self._join(source, digest)
                        break
                else:
                    yield [*self._notices(unended), *self._advance()]
                    if not unended or not unended[0].ended:
                        self._rest(unended)
            yield self._finish()
        finally:
            for source in self.inputs:
                source.close()
            if self._following is not None:
                self._following.close()
            self._waiter.close()

    def _unended(self) -> list[Input]:
        """The inputs that may have more, those that have come since included."""
        if self._following is not None:
            for source in self._following.look():
                source.heard = self._clock.elapsed()
                self._newest = latest(self._newest, source.newest)
                self.inputs.append(source)
                self._has_arrived = True
            self.inputs = [source for source in self.inputs if not source.ended]
        return [source for source in self.inputs if not source.ended]

    def _is_endless(self) -> bool:
        return self._following is not None and not self._following.is_over

    def _notices(self, sources: Sequence[Input]) -> list[Notice]:
        """What the sources have to say, and the report if it was asked for."""
        notices = [notice for source in sources for notice in source.notices()]
        if self._report_is_due:
            self._report_is_due = False
            notices += self._report()
        return notices

    def _report(self) -> list[Notice]:
        lines = self._following.report() if self._following is not None else []
        lines += self._journal.report() if self._journal is not None else []
        return [Notice(line) for line in lines]

    def _digest(self, source: Input) -> Digest | None:
        """The next chunk of `source`, or what there is of it now."""
        try:
            digest = source.digest(int(self._clock.now()) + self._skew_max, self.processor.floor)
        except FormatError as error:
            if self._following is None:
                raise
            # One log of several, found by a glob perhaps, must not end the watch over the others.
            digest = None if source.source.ended else source.refuse(error)
            if digest is None:
                source.give_up(error)
        source.is_quiet = digest is None
        return digest

    def _join(self, source: Input, digest: Digest) -> list[Event]:
        """Move on behind `digest`: what it brings, malformed lines first."""
        source.heard = self._heard = self._clock.elapsed()
        self._has_changed = True
        if digest.chunk != source.chunk:
            self.processor.shrink()
        samples = source.join(digest)[: SAMPLES_MAX - self._samples]
        self._samples += len(samples)
        self._newest = latest(self._newest, source.newest)
        late = self.processor.add(digest)
        notices = [*self._notices([source]), *(self.processor.late_warning(final=False) if self._follow else [])]
        return [*notices, *samples, *late, *self._advance()]

    def _advance(self) -> list[Event]:
        """Close what every input that counts has passed."""
        now = self._log_time()
        return [] if now is None else self.processor.advance(now)

    def _log_time(self) -> float | None:
        """How far log time has come; None before the first event."""
        counting = [source for source in self.inputs if not source.ended]
        if self._follow:
            elapsed = self._clock.elapsed()
            silence = self.processor.buffer_time
            counting = [source for source in counting if not source.is_quiet or elapsed - source.heard <= silence]
            if not counting:
                return None if self._newest is None else self._newest + elapsed - self._heard
        seconds = [source.newest for source in counting if source.newest is not None]
        return min(seconds) if seconds and len(seconds) == len(counting) else None

    def _rest(self, sources: Sequence[Input]) -> None:
        """Wait until there may be something new from the first of `sources`, or when following, from any."""
        descriptor = sources[0].fileno() if sources else None
        if self._follow or descriptor is None:
            self._waiter.wait([], POLL_SECONDS)
        else:
            self._waiter.wait([descriptor], None)

    def _finish(self) -> list[Event]:
        """Read what is at hand where reading was stopped, and close everything."""
        events: list[Event] = []
        for source in self.inputs:
            if not source.ended:
                source.stop()
                while (digest := self._digest(source)) is not None:
                    events += self._join(source, digest)
            events += source.notices()
        if self._journal is None:
            events += self.processor.finish()
        return [*events, *self._report(), *self.processor.late_warning(final=True), self.processor.summary()]

    def _progress(self) -> tuple[int, int]:
        """Bytes read and bytes there are; (0, 0) when nobody knows."""
        known = [progress for source in self.inputs if (progress := source.progress()) is not None]
        if len(known) < len(self.inputs):
            return 0, 0
        return sum(read for read, _ in known), sum(total for _, total in known)
