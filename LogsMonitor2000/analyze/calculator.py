"""The interface of a stream calculator, and the sliding window that drives it."""

from __future__ import annotations

from abc import ABC
from collections import deque
from collections.abc import Iterable

from ..event import Event
from .bucket import Bucket
from .measure import Measure


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

    def count(self, bucket: Bucket) -> None:
        """`bucket` enters the window."""

    def discount(self, bucket: Bucket) -> None:
        """`bucket` leaves the window."""

    def evaluate(self, time: int) -> Iterable[Event]:
        """What is to be told of the window whose newest bucket begins at `time`."""
        return ()


class SlidingWindow:
    """Leads closed buckets through a calculator: in at one end, out at the other, each exactly once."""

    def __init__(self, calculator: StreamCalculator) -> None:
        self.calculator = calculator
        self._held: deque[Bucket] = deque()

    def advance(self, closed: Iterable[Bucket], through: int) -> list[Event]:
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
