"""The data path: streams are read into digests, the processor turns digests into events, and actions are notified of these.

    DigestStream ── Digest ──▶ AnalyticsProcessor ── Event ──▶ (Journal) ──▶ Action, Action, …
          └────── newest ──▶ Watermark ── log time ──▲

Of several streams the one that is furthest behind is read next, and log time moves only as far as the watermark allows, so that
together they are one stream by event time. A journal lets an event pass only once a snapshot covers it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import chain
from typing import TYPE_CHECKING

from ..action.base import Action, Status
from ..analyze.digest import Digest
from ..analyze.processor import AnalyticsProcessor
from ..event import Event, Notice, Summary
from ..limits import POLL_SECONDS, SAMPLES_MAX
from ..runtime.clock import Clock
from ..runtime.waiter import Waiter
from .emitter import Emitter
from .reader import Reader
from .record import RecordedProcessor
from .stream import DigestStream
from .stream_set import StreamSet

if TYPE_CHECKING:  # few runs need them and start-up counts
    from ..state.journal import Journal


class Monitor:
    """Runs `inputs` through `processor` and notifies `actions`.

    With `follow` inputs are read on as they grow; a `Following` brings more of them while running. A `journal` keeps what a
    restart needs; then what is still open when the run is stopped stays open, for the next run to continue. `skew_max` is how
    far ahead of the clock a time may lie, in seconds.
    """

    def __init__(
        self,
        inputs: StreamSet | Sequence[DigestStream],
        processor: AnalyticsProcessor,
        actions: Sequence[Action] = (),
        *,
        follow: bool = False,
        journal: Journal | None = None,
        skew_max: int = 86_400,
        clock: Clock | None = None,
        waiter: Waiter | None = None,
    ) -> None:
        self.streams = inputs if isinstance(inputs, StreamSet) else StreamSet(inputs, is_live=follow)
        self.processor = processor
        self.actions = tuple(actions)
        self.is_following = self.streams.is_live
        """Whether inputs are read on as they grow."""
        self.has_caught_up = not self.is_following
        """Whether all has been read that was there when the run began."""
        self._journal = journal
        self._waiter = waiter or Waiter()
        self._reader = Reader(self.streams, processor.buffer_time, skew_max, clock or Clock(), self._waiter)
        self._recorded = RecordedProcessor(processor, self.streams, journal)
        self._stopping = self._report_is_due = self._reload_is_due = False
        self.reloader: Callable[[Monitor], Iterable[Event]] | None = None
        """Puts a new configuration in force, and returns what there is to report; called between two steps."""
        self._emitter: Emitter | None = None
        self._samples = 0

    def run(self) -> Summary:
        """Read to the end, or until `stop`; the actions are notified of everything, the summary last."""
        summary = Summary()
        with ExitStack() as stack:  # whose every part is closed, whatever another one raises
            if self._journal is not None:
                stack.callback(self._journal.close)
            emitter = self._emitter = stack.enter_context(Emitter(self.actions))
            emitter.start(self)
            for events in self._steps():
                committed = self._recorded.commit(events, at_once=self._reader.take_arrived(), at_end=self._stopping)
                for event in committed:
                    emitter.emit(event)
                    if isinstance(event, Summary):
                        summary = event
                self._recorded.emitted()
                emitter.progress(*self.streams.progress(), self.processor.lines)
                if emitter.is_done:
                    self.stop()
        if self.streams.misfit is not None and not self._stopping and not self.streams.is_live:
            raise self.streams.misfit
        return summary

    def events(self) -> Iterator[Event]:
        """Every event by event time, while the log is read; the summary last. No action is notified."""
        return chain.from_iterable(self._steps())

    def status(self) -> Status:
        """How the run stands; to be called by the thread that runs it."""
        streams, processor = self.streams, self.processor
        return Status(processor.counts(), streams.statistics(), tuple(processor.firing()), streams.status())

    def totals(self, top: int) -> Summary:
        """As the summary would be now, with `top` sections and sources; to be called by the thread that runs it."""
        return self.processor.summary(top)

    @property
    def is_stopping(self) -> bool:
        """Whether the run ends before its inputs do."""
        return self._stopping

    def stop(self) -> None:
        """End as if the inputs ended here; may be called from a signal handler."""
        self._stopping = True
        self._waiter.wake()

    def wake_on_signals(self) -> None:
        """Let signals end a wait; for the main thread, which handles them."""
        self._waiter.wake_on_signals()

    def request_report(self) -> None:
        """Report soon how much of each followed log was read; may be called from a signal handler."""
        self._report_is_due = True

    def request_reload(self) -> None:
        """Reload the configuration soon; may be called from a signal handler."""
        self._reload_is_due = True

    def exchange(self, old: Sequence[Action], build: Callable[[], Sequence[Action]]) -> None:
        """Close the actions `old`, and let those that `build` makes take their place."""
        assert self._emitter is not None
        self._emitter.exchange(old, build, self)

    def _reload(self) -> list[Event]:
        self._reload_is_due = False
        self._reader.has_arrived = True  # a snapshot with other calculators must not be the last one
        self._recorded.stop()
        return [Notice("no configuration to reload")] if self.reloader is None else [*self.reloader(self)]

    def _steps(self) -> Iterator[list[Event]]:
        """The events that each digest, and each poll in vain, brings."""
        reader = self._reader
        try:
            while not self._stopping and reader.has_more():
                if self._reload_is_due:
                    yield self._reload()
                if (read := reader.poll(self.processor.floor)) is not None:
                    yield self._join(*read)
                    continue
                self.has_caught_up = True
                yield [*self._notices(self.streams.current), *self._advance()]
                reader.wait(POLL_SECONDS if any(action.polls for action in self.actions) else None)
            yield self._finish()
        finally:
            reader.close()

    def _join(self, stream: DigestStream, digest: Digest) -> list[Event]:
        """The events that `digest` brings, malformed lines first."""
        if digest.chunk != stream.chunk:
            self._recorded.shrink()
        samples = stream.join(digest)[: SAMPLES_MAX - self._samples]
        self._samples += len(samples)
        self._reader.joined(stream)
        late = self._recorded.add(digest)
        warning = self.processor.late_warning(final=False) if self.streams.is_live else []
        return [*self._notices([stream]), *warning, *samples, *late, *self._advance()]

    def _advance(self) -> list[Event]:
        """Close the seconds that log time has passed."""
        now = self._reader.log_time
        return [] if now is None else self._recorded.advance(now)

    def _notices(self, streams: Sequence[DigestStream]) -> list[Notice]:
        """The notices of the streams, and the report if it was requested."""
        notices = [*self._reader.notices(), *(notice for stream in streams for notice in stream.notices())]
        if self._report_is_due:
            self._report_is_due = False
            notices += self._report()
        return notices

    def _report(self) -> list[Notice]:
        return [Notice(line) for line in (*self.streams.report(), *(self._journal.report() if self._journal else ()))]

    def _finish(self) -> list[Event]:
        """Read what is at hand where reading was stopped, and close everything that no later run will continue."""
        events: list[Event] = []
        for stream in self.streams.current:
            if not stream.ended:
                stream.stop()
                while (digest := self._reader.digest(stream, self.processor.floor)) is not None:
                    events += self._join(stream, digest)
            events += stream.notices()
        if self._journal is None:
            events += self.processor.finish()
        return [*events, *self._report(), *self.processor.late_warning(final=True), self.processor.summary()]
