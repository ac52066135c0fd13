"""The analytics processor: digests in, events out, by event time.

It buffers what is still open (a heap of buckets for each width), closes seconds as the watermark passes them, and
leads the closed buckets through the calculators' windows. It has no clock: the caller says how far time has come.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil
from typing import Any

from ..errors import UsageError
from ..event import Alert, Event, Notice, Summary
from .bucket import Bucket
from .calculator import StreamCalculator, window_of
from .collector import Collector
from .digest import Digest
from .lateness import Lateness
from .layouts import Layouts
from .measures.base import Measure
from .reorder_buffer import ReorderBuffer
from .totals import TotalsCalculator

REMEMBERED = ("_closed_through", "_first", "_last", "_events", "_malformed", "_late")
"""The processor's numbers that a snapshot holds."""


class AnalyticsProcessor:
    """Drives `calculators`. An event at most `buffer_time` seconds older than the newest one before it is not late.

    `repeat` gives the command that runs this again with another buffer time.
    """

    def __init__(
        self,
        calculators: Sequence[StreamCalculator],
        buffer_time: int = 2,
        repeat: Callable[[int], str] = "again with --buffer_time {}".format,
    ) -> None:
        if buffer_time < 0:
            raise UsageError("the buffer time cannot be negative")
        self.buffer_time = buffer_time
        self._repeat = repeat
        self._collectors: list[Collector] = []
        self.layouts = Layouts()
        self.needed: frozenset[str] = frozenset()
        """Fields without which a log is refused."""
        self._measure_for(calculators)
        self._windows = [window_of(calculator) for calculator in calculators]
        self._open = {width: ReorderBuffer() for width in self.layouts}
        self._closed_through: int | None = None
        self._first: int | None = None
        self._last: int | None = None
        self._events = self._malformed = self._late = 0
        self._lateness = Lateness()

    def _measure_for(self, calculators: Sequence[StreamCalculator]) -> None:
        """Let buckets have what `calculators` ask for."""
        layouts, needed = Layouts(), frozenset[str]()
        for calculator in calculators:
            needed |= calculator.required
            self._check(calculator)
            _add_measures(layouts, calculator.width, calculator.measures)
            if calculator.late_width is not None:
                _add_measures(layouts.late, calculator.late_width, calculator.measures)
        for collector in self._collectors:
            _add_measures(layouts.unordered, collector.width, collector.measures)
        self.layouts, self.needed = layouts, needed

    def collect(self, collector: Collector) -> None:
        """Give `collector` all events of the digests that are made from now on."""
        self._collectors.append(collector)
        self._measure_for(self.calculators)

    @property
    def calculators(self) -> list[StreamCalculator]:
        """The calculators, in their order."""
        return [window.calculator for window in self._windows]

    def replace(self, old: StreamCalculator | None, new: StreamCalculator | None) -> None:
        """Let `new` take the place of `old`, and continue from its snapshot if they are of one type; None is no calculator.

        To be called between two digests; those that follow must be made with the new `layouts`. Buckets that are open now know
        nothing of what only `new` measures.
        """
        at = next((index for index, window in enumerate(self._windows) if window.calculator is old), len(self._windows))
        windows = self._windows[:at] + ([] if new is None else [window_of(new)]) + self._windows[at + 1 :]
        self._measure_for([window.calculator for window in windows])
        if old is not None and type(new) is type(old):
            import json  # here, because few runs need it and start-up counts

            windows[at].calculator.restore(json.loads(json.dumps(old.snapshot())))
        self._windows = windows
        known, self._open = self._open, {width: ReorderBuffer() for width in self.layouts}
        for width in self._open.keys() & known.keys():
            self._open[width].push([bucket.with_measures(self.layouts[width]) for bucket in known[width].open()])

    @property
    def yields(self) -> tuple[type[Any], ...]:
        """The event types of other authors' calculators that may be kept over a restart."""
        return tuple(kind for window in self._windows for kind in window.calculator.yields)

    def add(self, digest: Digest) -> list[Event]:
        """Merge a digest, exact for what came before it, into the open buckets; returns the events that late ones bring."""
        self._events += digest.events
        self._malformed += digest.malformed
        self._late += digest.late
        if digest.oldest is not None and digest.last is not None:
            self._first = digest.oldest if self._first is None else min(self._first, digest.oldest)
            self._last = digest.last if self._last is None else max(self._last, digest.last)
        for width, buffer in self._open.items():
            if width in digest.buckets:
                buffer.push(digest.buckets[width].values())
            else:
                buffer.push([Bucket(second, 1, (), hits) for second, hits in digest.hits.items()])
        for collector in self._collectors:
            for bucket in digest.unordered_buckets[collector.width].values():
                collector.take(bucket)
        return self._add_late(digest) if digest.late else []

    def _add_late(self, digest: Digest) -> list[Event]:
        self._lateness.add(digest.lateness)
        events: list[Event] = []
        for window in self._windows:
            calculator = window.calculator
            if calculator.late_width is not None:
                for _, bucket in sorted(digest.late_buckets[calculator.late_width].items()):
                    events += calculator.late(bucket)
        return events

    def shrink(self) -> None:
        """Bring what is kept back within its bounds. When it is called decides what is forgotten: call it once a chunk."""
        for buffer in self._open.values():
            for bucket in buffer.open():
                bucket.shrink()
        for window in self._windows:
            window.calculator.shrink()

    @property
    def floor(self) -> int | None:
        """The newest second that an input must be taken to have reached, so that what is older than a closed second is late."""
        return None if self._closed_through is None else self._closed_through + self.buffer_time + 1

    def advance(self, now: float) -> list[Event]:
        """Log time has come to `now`: close every second that is older by more than the buffer time. Events come by event time."""
        return self._close(ceil(now - self.buffer_time) - 1)

    def finish(self) -> list[Event]:
        """Every input has ended: close all that is left, the last interval even if it is not over."""
        return [] if self._last is None else self._close(self._last, partial=True)

    def _close(self, second: int, partial: bool = False) -> list[Event]:
        """Close all seconds through `second`, and the buckets that end by then (with `partial`, that begin by then)."""
        if self._closed_through is not None and second <= self._closed_through and not partial:
            return []
        events: list[Event] = []
        closed: dict[int, tuple[list[Bucket], int]] = {}
        for width, buffer in self._open.items():
            through = (second if partial else second + 1 - width) // width * width
            closed[width] = buffer.pop_through(through), through
        for window in self._windows:
            events += window.advance(*closed[window.calculator.width])
        self._closed_through = second
        events.sort(key=lambda event: event.order)
        return events

    def late_warning(self, *, final: bool) -> list[Notice]:
        """A warning, once, when too many lines are late; `final` says that no more lines will come."""
        warning = self._lateness.warning(self.lines, self._repeat, final=final)
        return [] if warning is None else [warning]

    def summary(self, top: int | None = None) -> Summary:
        """All that is known of the run so far, with `top` sections and sources where that is given."""
        summary = self.counts()
        for window in self._windows:
            calculator = window.calculator
            if top is not None and isinstance(calculator, TotalsCalculator):
                calculator = calculator.showing(top)
            summary = calculator.summarize(summary, self._open[calculator.width].open())
        return summary

    @property
    def lines(self) -> int:
        """Lines read so far."""
        return self._events + self._malformed + self._late

    def counts(self) -> Summary:
        """The lines that have been read so far, and their times; the rest of the summary takes longer and is not filled in."""
        return Summary(
            lines=self.lines,
            events=self._events,
            malformed=self._malformed,
            late=self._late,
            lateness_max=self._lateness.max,
            first=self._first,
            last=self._last,
        )

    def firing(self) -> list[Alert]:
        """The alerts that are firing now."""
        return [alert for window in self._windows for alert in window.calculator.firing()]

    def snapshot(self) -> dict[str, Any]:
        """All there is to remember, as JSON can hold it."""
        return {
            "shape": self._shape(),
            "counts": [getattr(self, name) for name in REMEMBERED],
            "lateness": self._lateness.dump(),
            "open": [[bucket.dump() for bucket in buffer.open()] for buffer in self._open.values()],
            "windows": [window.snapshot() for window in self._windows],
        }

    def restore(self, snapshot: dict[str, Any]) -> bool:
        """Go on from a snapshot; False, and nothing is changed, when it was made with other calculators or another buffer time."""
        if snapshot["shape"] != self._shape():
            return False
        for name, value in zip(REMEMBERED, snapshot["counts"], strict=True):
            setattr(self, name, value)
        self._lateness.load(snapshot["lateness"])
        for (width, measures), buckets in zip(self.layouts.items(), snapshot["open"], strict=True):
            self._open[width].push(Bucket.load(dumped, width, measures) for dumped in buckets)
        for window, remembered in zip(self._windows, snapshot["windows"], strict=True):
            window.restore(remembered, self.layouts[window.calculator.width])
        return True

    def _shape(self) -> list[Any]:
        """What must be the same for a snapshot to make sense."""
        calculators = [
            [type(window.calculator).__name__, window.calculator.width, window.calculator.window] for window in self._windows
        ]
        layouts = [[width, [[m.key, m.version] for m in measures]] for width, measures in self.layouts.items()]
        return [self.buffer_time, calculators, layouts]

    @staticmethod
    def _check(calculator: StreamCalculator) -> None:
        if calculator.width < 1 or calculator.window < 1 or calculator.window % calculator.width:
            raise UsageError(
                f"{type(calculator).__name__}: the window ({calculator.window} s) must be a multiple"
                f" of the buckets' width ({calculator.width} s), both at least 1"
            )


def _add_measures(layout: dict[int, tuple[Measure, ...]], width: int, measures: Sequence[Measure]) -> None:
    """Let the buckets of `width` have `measures` too, each once."""
    layout[width] = tuple(dict.fromkeys((*layout.get(width, ()), *measures)))
