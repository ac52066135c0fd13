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
from typing import TYPE_CHECKING, Any

from ..action.base import Action, InputStatus, Status
from ..analyze.digest import Digest
from ..analyze.processor import AnalyticsProcessor
from ..event import Event, Notice, Summary
from ..limits import POLL_SECONDS, SAMPLES_MAX
from ..runtime.clock import Clock
from ..runtime.waiter import Waiter
from .emitter import Emitter
from .stream import DigestStream
from .stream_set import StreamSet
from .watermark import Watermark

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
        self._skew_max = skew_max
        self._clock = clock or Clock()
        self._waiter = waiter or Waiter()
        self._watermark = Watermark(processor.buffer_time, self._clock, is_live=self.streams.is_live)
        self._stopping = self._report_is_due = self._reload_is_due = False
        self.reloader: Callable[[Monitor], Iterable[Event]] | None = None
        """Puts a new configuration in force, and returns what there is to report; called between two steps."""
        self._emitter: Emitter | None = None
        self._has_arrived = False  # a stream, since the journal was last asked
        self._uncommitted_lines = 0  # read since then
        self._samples = 0
        for stream in self.streams.current:
            self._watermark.add(stream)

    def run(self) -> Summary:
        """Read to the end, or until `stop`; the actions are notified of everything, the summary last."""
        summary = Summary()
        with ExitStack() as stack:  # whose every part is closed, whatever another one raises
            if self._journal is not None:
                stack.callback(self._journal.close)
            emitter = self._emitter = stack.enter_context(Emitter(self.actions))
            emitter.start(self)
            for events in self._steps():
                committed = self._commit(events)
                for event in committed:
                    emitter.emit(event)
                    if isinstance(event, Summary):
                        summary = event
                if self._journal is not None and committed:
                    self._journal.emitted()
                emitter.progress(*self.streams.progress(), self.processor.lines)
                if emitter.is_done:
                    self.stop()
        self._check_formats()
        return summary

    def _check_formats(self) -> None:
        """Raise the error of a finished log that the named format reads nothing of."""
        for stream in () if self._stopping or self.streams.is_live else self.streams.current:
            if stream.misfit is not None:
                raise stream.misfit

    def events(self) -> Iterator[Event]:
        """Every event by event time, while the log is read; the summary last. No action is notified."""
        return chain.from_iterable(self._steps())

    def status(self) -> Status:
        """How the run stands; to be called by the thread that runs it."""
        inputs = tuple(InputStatus(each.name, each.format_name, each.line_count, each.newest) for each in self.streams.current)
        return Status(self.processor.counts(), self.streams.statistics(), tuple(self.processor.firing()), inputs)

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
        self._has_arrived = True  # a snapshot with other calculators must not be the last one
        return [Notice("no configuration to reload")] if self.reloader is None else [*self.reloader(self)]

    def _steps(self) -> Iterator[list[Event]]:
        """The events that each digest, and each poll in vain, brings."""
        try:
            while not self._stopping and ((unended := self._unended()) or self.streams.is_endless):
                if self._reload_is_due:
                    yield self._reload()
                if (read := self._poll(unended)) is not None:
                    yield self._join(*read)
                    continue
                self.has_caught_up = True
                yield [*self._notices(unended), *self._advance()]
                if not unended or not unended[0].ended:
                    self._wait(unended)
            yield self._finish()
        finally:
            self.streams.close()
            self._waiter.close()

    def _unended(self) -> list[DigestStream]:
        for stream in self.streams.poll():
            self._watermark.add(stream)
            self._has_arrived = True
        return self.streams.unended()

    def _poll(self, streams: Sequence[DigestStream]) -> tuple[DigestStream, Digest] | None:
        """The next digest: when following, of the first stream that has one, otherwise of the first stream."""
        for stream in streams if self.streams.is_live else streams[:1]:
            if self._watermark.is_due(stream) and (digest := self._digest(stream)) is not None:
                return stream, digest
        return None

    def _digest(self, stream: DigestStream) -> Digest | None:
        begun = self._watermark.begin_poll()
        digest = stream.digest(int(self._clock.now()) + self._skew_max, self.processor.floor)
        if digest is None:
            self._watermark.found_nothing(stream, begun)
        return digest

    def _join(self, stream: DigestStream, digest: Digest) -> list[Event]:
        """The events that `digest` brings, malformed lines first."""
        self._uncommitted_lines += digest.line_count
        if digest.chunk != stream.chunk:
            self.processor.shrink()
        samples = stream.join(digest)[: SAMPLES_MAX - self._samples]
        self._samples += len(samples)
        self._watermark.joined(stream)
        late = self.processor.add(digest)
        warning = self.processor.late_warning(final=False) if self.streams.is_live else []
        return [*self._notices([stream]), *warning, *samples, *late, *self._advance()]

    def _advance(self) -> list[Event]:
        """Close the seconds that log time has passed."""
        now = self._watermark.time(self.streams.current)
        return [] if now is None else self.processor.advance(now)

    def _notices(self, streams: Sequence[DigestStream]) -> list[Notice]:
        """The notices of the streams, and the report if it was requested."""
        notices = [notice for stream in streams for notice in stream.notices()]
        if self._report_is_due:
            self._report_is_due = False
            notices += self._report()
        return notices

    def _report(self) -> list[Notice]:
        lines = self.streams.report()
        lines += self._journal.report() if self._journal is not None else []
        return [Notice(line) for line in lines]

    def _wait(self, streams: Sequence[DigestStream]) -> None:
        """Wait until the first of `streams` may have more, or when following, any."""
        descriptor = streams[0].fileno() if streams else None
        if self.streams.is_live or descriptor is None:
            self._waiter.wait([], POLL_SECONDS)
        else:
            self._waiter.wait([descriptor], POLL_SECONDS if any(action.polls for action in self.actions) else None)
        self._watermark.waited()

    def _finish(self) -> list[Event]:
        """Read what is at hand where reading was stopped, and close everything that no later run will continue."""
        events: list[Event] = []
        for stream in self.streams.current:
            if not stream.ended:
                stream.stop()
                while (digest := self._digest(stream)) is not None:
                    events += self._join(stream, digest)
            events += stream.notices()
        if self._journal is None:
            events += self.processor.finish()
        return [*events, *self._report(), *self.processor.late_warning(final=True), self.processor.summary()]

    def _commit(self, events: list[Event]) -> list[Event]:
        """What of `events`, and of those that waited for a commit, may be emitted now."""
        if (journal := self._journal) is None:
            return events
        lines, at_once = self._uncommitted_lines, self._has_arrived or self._stopping
        self._uncommitted_lines, self._has_arrived = 0, False
        committed = journal.commit([*journal.notices(), *events], self._snapshot, lines=lines, at_once=at_once)
        if (snapshot := journal.take_committed()) is not None:
            self.streams.acknowledge(snapshot)
        return committed

    def _snapshot(self) -> dict[str, Any]:
        """All that a restart needs, as JSON can hold it."""
        return {"processor": self.processor.snapshot(), **self.streams.snapshot()}
