"""The analytics processor: digests in, events out, by event time.

It holds what is still open (a heap of buckets for each width), closes seconds as the watermark passes them, and
leads the closed buckets through the calculators' windows. It has no clock: whoever calls it says how far time has come.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any

from ..errors import UsageError
from ..event import Alert, Event, Summary
from .bucket import Bucket
from .calculator import StreamCalculator, window_of
from .digest import Digest, Layouts
from .measure import Measure
from .reorder_buffer import ReorderBuffer

REMEMBERED = ("_closed_through", "_first", "_last", "_events", "_malformed", "_late", "_lateness_max")
"""The processor's numbers that a snapshot holds."""


class AnalyticsProcessor:
    """Drives `calculators`; an event up to `buffer_time` seconds behind the newest one is still in time."""

    def __init__(self, calculators: Sequence[StreamCalculator], buffer_time: int = 2) -> None:
        if buffer_time < 0:
            raise UsageError("the buffer time cannot be negative")
        self.buffer_time = buffer_time
        self.layouts: Layouts = {}
        self.needed: frozenset[str] = frozenset()
        """Fields without which a log is refused."""
        for calculator in calculators:
            self.needed |= calculator.required
            self._check(calculator)
            measures: tuple[Measure, ...] = self.layouts.get(calculator.width, ())
            self.layouts[calculator.width] = tuple(dict.fromkeys((*measures, *calculator.measures)))
        self._windows = [window_of(calculator) for calculator in calculators]
        self._open = {width: ReorderBuffer() for width in self.layouts}
        self._closed_through: int | None = None
        self._first: int | None = None
        self._last: int | None = None
        self._events = self._malformed = self._late = self._lateness_max = 0

    def add(self, digest: Digest) -> None:
        """Merge a digest, exact for what came before it, into the open buckets."""
        self._events += digest.events
        self._malformed += digest.malformed
        self._late += digest.late
        self._lateness_max = max(self._lateness_max, digest.lateness_max)
        if digest.oldest is not None and digest.last is not None:
            self._first = digest.oldest if self._first is None else min(self._first, digest.oldest)
            self._last = digest.last if self._last is None else max(self._last, digest.last)
        for width, buffer in self._open.items():
            if width in digest.buckets:
                buffer.push(digest.buckets[width].values())
            else:
                buffer.push([Bucket(second, 1, (), hits) for second, hits in digest.hits.items()])

    def shrink(self) -> None:
        """Bring open buckets back within their bounds. When it is called decides what is forgotten: call it once a chunk."""
        for buffer in self._open.values():
            for bucket in buffer.open():
                bucket.shrink()

    @property
    def floor(self) -> int | None:
        """The newest second that an input must be taken to have reached, so that what is older than a closed second is late."""
        return None if self._closed_through is None else self._closed_through + self.buffer_time + 1

    def advance(self, now: float) -> list[Event]:
        """Log time has come to `now`: close every second that lies more than the buffer time behind. Events come by event time."""
        return self._close(ceil(now - self.buffer_time) - 1)

    def finish(self) -> list[Event]:
        """Every input has ended: close all that is left, the last interval even if it is not over."""
        if self._last is None:
            return []
        return self._close(self._last, partial=True)

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

    def summary(self) -> Summary:
        """What has been counted so far."""
        return Summary(
            lines=self._events + self._malformed + self._late,
            events=self._events,
            malformed=self._malformed,
            late=self._late,
            lateness_max=self._lateness_max,
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
            "open": [[bucket.dump() for bucket in buffer.open()] for buffer in self._open.values()],
            "windows": [window.snapshot() for window in self._windows],
        }

    def restore(self, snapshot: dict[str, Any]) -> bool:
        """Go on from a snapshot; False, and nothing is changed, when it was made with other calculators or another buffer time."""
        if snapshot["shape"] != self._shape():
            return False
        for name, value in zip(REMEMBERED, snapshot["counts"], strict=True):
            setattr(self, name, value)
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
        return [self.buffer_time, calculators, [[width, repr(measures)] for width, measures in self.layouts.items()]]

    @staticmethod
    def _check(calculator: StreamCalculator) -> None:
        if calculator.width < 1 or calculator.window < 1 or calculator.window % calculator.width:
            raise UsageError(
                f"{type(calculator).__name__}: the window ({calculator.window} s) must be a multiple"
                f" of the buckets' width ({calculator.width} s), both at least 1"
            )
