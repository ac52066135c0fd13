"""Closed buckets for others: what history, reports and metrics are made of."""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import UsageError
from ..event import BucketClosed
from .bucket import Bucket
from .calculator import StreamCalculator
from .measures.base import Measure


class BucketPublisher(StreamCalculator):
    """Yields `BucketClosed` for each bucket of `width` seconds that had events, with the states of `measures` in it.

    A bucket also holds what other calculators measure at the same width, and all publishers of a width yield the same buckets: let
    there be one for each width. A field that a format lacks counts as "-". With `late`, late events are published too, as they come.
    """

    lenient = True

    def __init__(self, width: int, measures: Iterable[Measure], *, late: bool = False) -> None:
        if width < 1:
            raise UsageError("buckets must be at least 1 second wide")
        self.width = self.window = width
        self.measures = tuple(measures)
        self.late_width = width if late else None
        self._bucket: Bucket | None = None

    def count(self, bucket: Bucket) -> None:
        self._bucket = bucket

    def discount(self, bucket: Bucket) -> None:
        self._bucket = None

    def evaluate(self, time: int) -> Iterable[BucketClosed]:
        return () if self._bucket is None else (BucketClosed(self._bucket),)

    def late(self, bucket: Bucket) -> Iterable[BucketClosed]:
        return (BucketClosed(bucket, late=True),)
