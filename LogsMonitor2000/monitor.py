"""The data path: inputs are read, chunk by chunk, into digests; the processor turns digests into events; actions are told.

    Input ── digest ──▶ AnalyticsProcessor ── Event ──▶ Action, Action, …

Of several inputs the one that is furthest behind is read next, and time moves on only as far as all of them have come, so that
together they are one stream by event time. When following, every input is read as it grows; once nothing has come for
longer than the buffer time, log time goes on at the pace of the clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from .action.action import Action
from .analyze.digest import Digest
from .analyze.processor import AnalyticsProcessor
from .clock import Clock
from .event import Event, Summary
from .inputs import Input, latest
from .limits import POLL_SECONDS, SAMPLES_MAX
from .waiter import Waiter


class Monitor:
    """Runs `inputs` through `processor` and tells `actions`. `skew_max` is how far ahead of the clock a time may lie, in seconds."""

    def __init__(
        self,
        inputs: Sequence[Input],
        processor: AnalyticsProcessor,
        actions: Sequence[Action] = (),
        *,
        follow: bool = False,
        skew_max: int = 86_400,
        clock: Clock | None = None,
        waiter: Waiter | None = None,
    ) -> None:
        self.inputs = list(inputs)
        self.processor = processor
        self.actions = list(actions)
        self._follow = follow
        self._skew_max = skew_max
        self._clock = clock or Clock()
        self._waiter = waiter or Waiter()
        self._stopping = False
        self._samples = 0
        for source in self.inputs:
            source.heard = self._clock.elapsed()

    def run(self) -> Summary:
        """Read to the end, or until `stop`; the actions are told of everything, the summary last."""
        summary = Summary()
        try:
            for events in self._steps():
                for event in events:
                    for action in self.actions:
                        action.notify(event)
                    if isinstance(event, Summary):
                        summary = event
                read, total = self._progress()
                lines = self.processor.summary().lines
                for action in self.actions:
                    action.progress(read, total, lines)
        finally:
            for action in self.actions:
                action.close()
        return summary

    def events(self) -> Iterator[Event]:
        """Every event by event time, while the log is read; the summary last. The actions are not told."""
        return chain.from_iterable(self._steps())

    def stop(self) -> None:
        """End as if the inputs ended here; may be called from a signal handler."""
        self._stopping = True
        self._waiter.wake()

    def _steps(self) -> Iterator[list[Event]]:
        """What each chunk, or each look at the clock, brings."""
        try:
            while (unended := [source for source in self.inputs if not source.ended]) and not self._stopping:
                unended.sort(key=lambda source: (source.newest is not None, source.newest))
                for source in unended if self._follow else unended[:1]:
                    if (digest := self._digest(source)) is not None:
                        yield self._join(source, digest)
                        break
                else:
                    yield [*(notice for source in unended for notice in source.notices()), *self._advance()]
                    if not unended[0].ended:
                        self._rest(unended[0])
            yield self._finish()
        finally:
            for source in self.inputs:
                source.close()
            self._waiter.close()

    def _digest(self, source: Input) -> Digest | None:
        """The next chunk of `source`, or what there is of it now."""
        digest = source.digest(int(self._clock.now()) + self._skew_max, self.processor.floor)
        source.is_quiet = digest is None
        return digest

    def _join(self, source: Input, digest: Digest) -> list[Event]:
        """Move on behind `digest`: what it brings, malformed lines first."""
        source.heard = self._clock.elapsed()
        if digest.chunk != source.chunk:
            self.processor.shrink()
        samples = source.join(digest)[: SAMPLES_MAX - self._samples]
        self._samples += len(samples)
        self.processor.add(digest)
        return [*source.notices(), *samples, *self._advance()]

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
                newest = latest(*(source.newest for source in self.inputs))
                heard = max(source.heard for source in self.inputs)
                return None if newest is None else newest + elapsed - heard
        seconds = [source.newest for source in counting if source.newest is not None]
        return min(seconds) if seconds and len(seconds) == len(counting) else None

    def _rest(self, source: Input) -> None:
        """Wait until there may be something new."""
        descriptor = source.fileno()
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
        return [*events, *self.processor.finish(), self.processor.summary()]

    def _progress(self) -> tuple[int, int]:
        """Bytes read and bytes there are; (0, 0) when nobody knows."""
        known = [progress for source in self.inputs if (progress := source.progress()) is not None]
        if len(known) < len(self.inputs):
            return 0, 0
        return sum(read for read, _ in known), sum(total for _, total in known)
