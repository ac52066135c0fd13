"""The totals of the whole run, for its summary: late events count in them, as totals have no order."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from copy import copy
from typing import Any

from ..event import Event, Summary
from ..limits import TOTALS_SECONDS
from .bucket import Bucket, states_of
from .calculator import TimedCalculator
from .layouts import FOREVER
from .measures.count import RunningCount
from .measures.keys import OTHER
from .most_common import BYTES, SECTIONS, SOURCES, STATUSES, heaviest


class TotalsCalculator(TimedCalculator):
    """Adds up bytes, status classes, and the top sections and sources.

    It adds up buckets, not lines: with the `width` of the statistics' intervals it needs nothing measured that they do not measure.
    Late events are kept apart until they are asked for: so what the bounded counters forget depends on nothing but the log.
    """

    measures = (SECTIONS, SOURCES, STATUSES, BYTES)
    lenient = True
    late_width = FOREVER

    def __init__(self, width: int = TOTALS_SECONDS, top: int = 3) -> None:
        self.width = self.window = width or TOTALS_SECONDS
        self.top = top
        self._bytes = 0
        self._counts = {measure: RunningCount(measure) for measure in (SECTIONS, SOURCES, STATUSES)}
        self._late = Bucket(0, FOREVER, self.measures)

    def advance(self, closed: Sequence[Bucket], through: int) -> list[Event]:
        self._bytes += sum(states_of(closed, BYTES))
        for measure, count in self._counts.items():
            count.add(states_of(closed, measure))
        return []

    def late(self, bucket: Bucket) -> Iterable[Event]:
        self._late.absorb(bucket)
        return ()

    def shrink(self) -> None:
        self._late.shrink()

    def showing(self, top: int) -> TotalsCalculator:
        """The same totals, not a copy of them, of which `top` sections and sources are shown."""
        other = copy(self)
        other.top = top
        return other

    def summarize(self, summary: Summary, open_buckets: Collection[Bucket] = ()) -> Summary:
        total = Bucket(0, FOREVER, self.measures)
        total.put(BYTES, self._bytes)
        for measure, count in self._counts.items():
            total.put(measure, measure.merge(measure.empty(), count.state))  # a copy: the totals may be asked for again
        for bucket in (self._late, *open_buckets):
            total.absorb(bucket)
        return summary._replace(
            bytes=total[BYTES],
            statuses=dict(sorted(total[STATUSES].items())),
            sections=tuple(heaviest(total[SECTIONS], self.top)),
            sources=tuple(heaviest(total[SOURCES], self.top)),
            distinct={
                name: len(total[measure])
                for name, measure in (("sections", SECTIONS), ("sources", SOURCES))
                if total[measure] and OTHER not in total[measure]
            },
        )

    def snapshot(self) -> list[Any]:
        counts = [measure.dump(count.state) for measure, count in self._counts.items()]
        return [self._bytes, counts, self._late.dump()]

    def restore(self, snapshot: list[Any]) -> None:
        self._bytes, counts, late = snapshot
        for (measure, count), dumped in zip(self._counts.items(), counts, strict=True):
            count.load(measure.load(dumped))
        self._late = Bucket.load(late, FOREVER, self.measures)
