"""Traffic by section and status class, in intervals short enough to be added up by whoever watches from outside."""

from __future__ import annotations

from collections.abc import Iterable

from ..event import Traffic
from ..limits import TRAFFIC_SECONDS
from .bucket import Bucket
from .calculator import StreamCalculator
from .measure import OTHER, Count, TotalBy

HITS = Count(("section", "status_class"))
BYTES = TotalBy("size", "section")


class TrafficCalculator(StreamCalculator):
    """Yields `Traffic` for each tumbling interval of `TRAFFIC_SECONDS` that had events: every event that is not late, once."""

    width = window = TRAFFIC_SECONDS
    measures = (HITS, BYTES)
    lenient = True

    def __init__(self) -> None:
        self._bucket: Bucket | None = None

    def count(self, bucket: Bucket) -> None:
        self._bucket = bucket

    def discount(self, bucket: Bucket) -> None:
        self._bucket = None

    def evaluate(self, time: int) -> Iterable[Traffic]:
        if self._bucket is None:
            return ()
        hits = self._bucket[HITS].copy()
        if (forgotten := hits.pop(OTHER, 0)) > 0:  # of sections whose statuses were forgotten with them
            hits[OTHER, OTHER] = forgotten
        return (Traffic(time, self.width, hits, self._bucket[BYTES].copy()),)
