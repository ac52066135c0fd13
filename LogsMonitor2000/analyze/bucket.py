"""The bucket: what some seconds of the log amount to. Everything the monitor says is made of merged buckets."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from .measures.base import Measure


class Bucket:
    """The events of `[time, time + width)`: how many `hits`, and by `bucket[measure]` the state of each of its measures."""

    __slots__ = ("time", "width", "hits", "measures", "_states")

    def __init__(self, time: int, width: int, measures: tuple[Measure, ...] = (), hits: int = 0) -> None:
        self.time = time
        self.width = width
        self.hits = hits
        self.measures = measures
        self._states = [measure.empty() for measure in measures] if measures else []

    def __getitem__(self, measure: Measure) -> Any:
        for known, state in zip(self.measures, self._states):
            if known is measure:  # as it nearly always is: comparing takes longer
                return state
        return self._states[self.measures.index(measure)]

    def add(self, rows: slice, selected: Sequence[Sequence[Any]], *, all_rows: bool = False) -> None:
        """Add the events of `rows`, which may be `all_rows`; `selected` has what each measure selected from the whole block."""
        self.hits += rows.stop - rows.start
        states = self._states
        for index, measure in enumerate(self.measures):
            states[index] = measure.add(states[index], selected[index] if all_rows else selected[index][rows])

    def put(self, measure: Measure, state: Any) -> None:
        """Take `state` into that of one measure."""
        index = self.measures.index(measure)
        self._states[index] = measure.merge(self._states[index], state)

    def merge(self, other: Bucket) -> None:
        """Take in another bucket of the same time, width and measures."""
        self.hits += other.hits
        states = self._states
        for index, measure in enumerate(self.measures):
            states[index] = measure.merge(states[index], other._states[index])

    def absorb(self, other: Bucket) -> None:
        """Add what another bucket, which may have more measures, says of this one's."""
        self.hits += other.hits
        for index, measure in enumerate(self.measures):
            self._states[index] = measure.merge(self._states[index], other[measure])

    def with_measures(self, measures: tuple[Measure, ...]) -> Bucket:
        """The bucket with other measures; of those that it does not have, the states are empty."""
        bucket = Bucket(self.time, self.width, measures, self.hits)
        bucket._states = [self[measure] if measure in self.measures else measure.empty() for measure in measures]
        return bucket

    def shrink(self) -> None:
        """Bring the states back within their bounds."""
        self._states = [measure.shrink(state) for measure, state in zip(self.measures, self._states)]

    def dump(self) -> list[Any]:
        """The bucket as JSON can hold it; width and measures must be known to load it again."""
        return [self.time, self.hits, [measure.dump(state) for measure, state in zip(self.measures, self._states)]]

    @classmethod
    def load(cls, dumped: list[Any], width: int, measures: tuple[Measure, ...]) -> Bucket:
        """The bucket that was dumped."""
        time, hits, states = dumped
        bucket = cls(time, width, measures, hits)
        bucket._states = [measure.load(state) for measure, state in zip(measures, states, strict=True)]
        return bucket

    def __repr__(self) -> str:
        return f"Bucket(time={self.time}, width={self.width}, hits={self.hits})"


def cut_keys(buckets: Collection[Bucket], measures: Sequence[Measure]) -> None:
    """Cut what is too long in the states. To look at all buckets at once is cheap where these are many."""
    for index, measure in enumerate(measures):
        if measure.are_long(bucket._states[index] for bucket in buckets):
            for bucket in buckets:
                bucket._states[index] = measure.cut(bucket._states[index])


def states_of(buckets: Sequence[Bucket], measure: Measure) -> list[Any]:
    """The states of `measure` in each of `buckets`, which have the same measures."""
    place = buckets[0].measures.index(measure) if buckets else 0
    return [bucket._states[place] for bucket in buckets]
