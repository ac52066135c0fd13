"""Statistics of successive intervals: how much traffic there was, and what most of it was."""

from __future__ import annotations

from collections.abc import Iterable
from heapq import nlargest, nsmallest

from ..errors import UsageError
from ..event import Stats
from .bucket import Bucket
from .calculator import StreamCalculator
from .measures.count import Count
from .measures.sum import Sum

SECTIONS = Count("section")
SOURCES = Count("source")
STATUSES = Count("status_class")
BYTES = Sum("size")

FEW = 32
"""So few keys are sorted at once faster than chosen from."""


class MostCommonCalculator(StreamCalculator):
    """Yields `Stats` for each tumbling interval that had events: `[k * interval, (k + 1) * interval)`, aligned to the epoch."""

    measures = (SECTIONS, SOURCES, STATUSES, BYTES)
    lenient = True

    def __init__(self, interval: int = 10, top: int = 3) -> None:
        if interval < 1 or top < 1:
            raise UsageError("statistics need an interval of at least 1 second and at least 1 top entry")
        self.width = self.window = interval
        self.top = top
        self._bucket: Bucket | None = None
        self._likely = 0

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
                sources=self._sources(bucket[SOURCES]),
                statuses=dict(sorted(bucket[STATUSES].items())),
            ),
        )

    def _sources(self, counts: dict[bytes, int]) -> list[tuple[bytes, int]]:
        """The top sources; three quarters of the last count in the list is what the top ones of the next interval are likely to reach."""
        found = heaviest(counts, self.top, self._likely)
        self._likely = found[-1][1] * 3 // 4 if found else 0
        return found


def heaviest(counts: dict[bytes, int], top: int, likely: int = 0) -> list[tuple[bytes, int]]:
    """The `top` keys with the highest counts, heaviest first, equals by ascending key.

    Of many keys only those that reach the last count that makes it are looked at twice, and only the first few by name
    of those that just reach it are sorted: there may be very many that came once. If a few keys reach the `likely` count, and
    enough of them, nothing else is looked for.
    """
    if likely > 1 and len(counts) > FEW:
        enough = [item for item in counts.items() if item[1] >= likely]
        if top <= len(enough) <= FEW + top:
            enough.sort(key=lambda item: (-item[1], item[0]))
            return enough[:top]
    if len(counts) <= max(FEW, top):
        keys = sorted(counts)
        keys.sort(key=counts.__getitem__, reverse=True)  # stable: equals stay by name
        return [(key, counts[key]) for key in keys[:top]]
    least = nlargest(top, counts.values())[-1]
    enough = [item for item in counts.items() if item[1] >= least]
    above = [item for item in enough if item[1] > least]
    above.sort(key=lambda item: (-item[1], item[0]))
    equal = nsmallest(top - len(above), [key for key, count in enough if count == least])
    return above + [(key, least) for key in equal]
