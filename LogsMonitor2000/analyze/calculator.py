"""The interface of a stream calculator, and the sliding window that drives it."""

from __future__ import annotations

from abc import ABC
from collections import deque
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from ..event import Alert, Event, Summary
from .bucket import Bucket
from .measures.base import Measure


class StreamCalculator(ABC):
    """Makes events out of a window that slides over buckets.

    The window is made of buckets of `width` seconds and is `window` seconds long: at the bucket that begins at `t` it holds
    exactly the buckets `t - window + width … t`. What enters is given to `count`, what leaves to `discount`. `evaluate(t)`
    is asked once for each `t` at which either happened, in ascending order; between those the window is the same.
    `measures` are what the buckets shall hold besides their hits. Override what you need.
    """

    width: int = 1
    window: int = 1
    measures: tuple[Measure, ...] = ()
    lenient: bool = False
    """Whether a field that a log's format lacks is to count as "-"; else such a log is refused before it is read."""
    yields: tuple[type[Any], ...] = ()
    """Types of its own among the events that it yields, named tuples of plain values. With them declared, such events survive a
    restart; the others are emitted once, or not at all if the run is killed just before."""
    late_width: int | None = None
    """The width of the buckets in which late events are handed to `late`; None where they are not wanted."""

    @property
    def required(self) -> frozenset[str]:
        """The fields without which a log is refused."""
        return frozenset() if self.lenient else frozenset(field for measure in self.measures for field in measure.fields)

    def count(self, bucket: Bucket) -> None:
        """`bucket` enters the window."""

    def discount(self, bucket: Bucket) -> None:
        """`bucket` leaves the window."""

    def evaluate(self, time: int) -> Iterable[Event]:
        """The events that the window whose newest bucket begins at `time` gives rise to."""
        return ()

    def late(self, bucket: Bucket) -> Iterable[Event]:
        """Take in late events: they enter no window. `bucket` holds some of its time; others may have come before and may follow."""
        return ()

    def shrink(self) -> None:
        """Bring within bounds what is kept besides the window. When this is called depends on nothing but the bytes of the log."""

    def firing(self) -> Iterable[Alert]:
        """The alerts that are firing now, each as it is at this moment; after a restart only the calculator knows."""
        return ()

    def summarize(self, summary: Summary, open_buckets: Collection[Bucket] = ()) -> Summary:
        """`summary` with what this calculator knows of the whole run; `open_buckets` of its width have not been counted yet."""
        return summary

    def snapshot(self) -> Any:
        """What a restart needs besides the buckets in the window, which are counted again; as JSON can hold it."""
        return None

    def restore(self, snapshot: Any) -> None:
        """Go on from a snapshot; the buckets of the window have been counted."""


class TimedCalculator(StreamCalculator):
    """A calculator that keeps windows of its own: it is given all buckets that close at a time, and nothing is discounted."""

    def advance(self, closed: Sequence[Bucket], through: int) -> list[Event]:
        """The events of the buckets `closed` since the last call, in ascending order, and of the seconds after them through `through`."""
        raise NotImplementedError


class SlidingWindow:
    """Leads closed buckets through a calculator: in at one end, out at the other, each exactly once."""

    def __init__(self, calculator: StreamCalculator) -> None:
        self.calculator = calculator
        self._held: deque[Bucket] = deque()

    def snapshot(self) -> dict[str, Any]:
        """The window and what the calculator remembers, as JSON can hold it."""
        return {"held": [bucket.dump() for bucket in self._held], "calculator": self.calculator.snapshot()}

    def restore(self, snapshot: dict[str, Any], measures: tuple[Measure, ...]) -> None:
        """Go on from a snapshot made with the same calculator and measures."""
        for dumped in snapshot["held"]:
            bucket = Bucket.load(dumped, self.calculator.width, measures)
            self.calculator.count(bucket)
            self._held.append(bucket)
        self.calculator.restore(snapshot["calculator"])

    def advance(self, closed: Sequence[Bucket], through: int) -> list[Event]:
        """Slide over the buckets `closed` since the last call, and on to the bucket time `through`."""
        calculator, held = self.calculator, self._held
        count, discount, evaluate, span = calculator.count, calculator.discount, calculator.evaluate, calculator.window
        events: list[Event] = []
        for bucket in closed:
            time = bucket.time
            while held:
                leaving = held[0].time + span
                if leaving > time:
                    break
                discount(held.popleft())
                if leaving < time and (not held or held[0].time + span > leaving):
                    events += evaluate(leaving)
            count(bucket)
            held.append(bucket)
            events += evaluate(time)
        while held and (leaving := held[0].time + span) <= through:
            discount(held.popleft())
            if not held or held[0].time + span > leaving:
                events += evaluate(leaving)
        return events


class TimedWindow(SlidingWindow):
    """Gives closed buckets to a `TimedCalculator`."""

    def __init__(self, calculator: TimedCalculator) -> None:
        super().__init__(calculator)
        self._advance = calculator.advance

    def advance(self, closed: Sequence[Bucket], through: int) -> list[Event]:
        return self._advance(closed, through)


def window_of(calculator: StreamCalculator) -> SlidingWindow:
    """What leads closed buckets through `calculator`."""
    return TimedWindow(calculator) if isinstance(calculator, TimedCalculator) else SlidingWindow(calculator)
