"""The totals of the whole run, for its summary: late events count in them, as totals have no order."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from ..event import Event, Summary
from ..limits import TOTALS_SECONDS
from .bucket import Bucket
from .calculator import StreamCalculator
from .layouts import FOREVER
from .measures.keys import OTHER
from .most_common import BYTES, SECTIONS, SOURCES, STATUSES, heaviest


class TotalsCalculator(StreamCalculator):
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
        self._on_time = Bucket(0, FOREVER, self.measures)
        self._late = Bucket(0, FOREVER, self.measures)

    def count(self, bucket: Bucket) -> None:
        self._on_time.absorb(bucket)
        self._on_time.shrink()

    def late(self, bucket: Bucket) -> Iterable[Event]:
        self._late.absorb(bucket)
        return ()

    def shrink(self) -> None:
        self._late.shrink()

    def summarize(self, summary: Summary, open_buckets: Collection[Bucket] = ()) -> Summary:
        total = Bucket(0, FOREVER, self.measures)
        for bucket in (self._on_time, self._late, *open_buckets):
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
        return [self._on_time.dump(), self._late.dump()]

    def restore(self, snapshot: list[Any]) -> None:
        self._on_time, self._late = (Bucket.load(dumped, FOREVER, self.measures) for dumped in snapshot)
