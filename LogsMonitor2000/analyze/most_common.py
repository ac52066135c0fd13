"""Statistics of successive intervals: how much traffic there was, and what most of it was."""

from __future__ import annotations

from collections.abc import Iterable
from heapq import nlargest, nsmallest

from ..errors import UsageError
from ..event import Stats
from .bucket import Bucket
from .calculator import StreamCalculator
from .measure import Count, Total

SECTIONS = Count(("section",))
SOURCES = Count(("source",))
STATUSES = Count(("status_class",))
BYTES = Total("size")

FEW = 32
"""So few keys are sorted at once faster than chosen from."""


class MostCommonCalculator(StreamCalculator):
    """Yields `Stats` for each tumbling interval that had events: `[k * interval, (k + 1) * interval)`, aligned to the epoch."""

    measures = (SECTIONS, SOURCES, STATUSES, BYTES)

    def __init__(self, interval: int = 10, top: int = 3) -> None:
        if interval < 1 or top < 1:
            raise UsageError("statistics need an interval of at least 1 second and at least 1 top entry")
        self.width = self.window = interval
        self.top = top
        self._bucket: Bucket | None = None

    def count(self, bucket: Bucket) -> None:
        self._bucket = bucket

    def discount(self, bucket: Bucket) -> None:
        self._bucket = None

    def evaluate(self, time: int) -> Iterable[Stats]:
        bucket = self._bucket
        if bucket is None:
            return ()
        return (
            Stats(
                time=time,
                interval=self.width,
                hits=bucket.hits,
                bytes=bucket[BYTES],
                sections=heaviest(bucket[SECTIONS], self.top),
                sources=heaviest(bucket[SOURCES], self.top),
                statuses=dict(sorted(bucket[STATUSES].items())),
            ),
        )


def heaviest(counts: dict[bytes, int], top: int) -> list[tuple[bytes, int]]:
    """The `top` keys with the highest counts, heaviest first, equals by ascending key.

    Few keys are that heavy and many are equally light, so both sorts are of few: those above the last count that makes
    it, and the first by name among those that just reach it.
    """
    if len(counts) <= max(FEW, top):
        keys = sorted(counts)
        keys.sort(key=counts.__getitem__, reverse=True)  # stable: equals stay by name
        return [(key, counts[key]) for key in keys[:top]]
    least = nlargest(top, counts.values())[-1]
    chosen = [item for item in counts.items() if item[1] > least]
    equal = nsmallest(top - len(chosen), [key for key, count in counts.items() if count == least])
    chosen += [(key, least) for key in equal]
    chosen.sort(key=lambda item: (-item[1], item[0]))
    return chosen
