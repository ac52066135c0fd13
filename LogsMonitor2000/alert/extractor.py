"""Extracts contributions from buckets.

Most contributions count by fields with few values. A bucket has one tally by all of these, and each contribution gets what it needs by
adding up the keys of that which are the same to it: this costs by the key, where a tally of its own would cost by the line.
"""

from __future__ import annotations

# The C function inside Counter.update, as in `measure`.
from collections import _count_elements  # type: ignore[attr-defined]
from collections.abc import Callable, Iterable
from functools import partial
from operator import itemgetter
from typing import Any

from ..analyze.bucket import Bucket
from ..analyze.derived import Derived, Raw, Subnet, remembered
from ..analyze.measure import OTHER, Counts, Measure
from ..analyze.tally import Tally
from .contribution import FEW_VALUES, Contribution, Deltas, Flag, column_key, placement_of

Columns = tuple[Derived, ...]


class Extractor:
    """Extracts some contributions: `measures` are what they need of a bucket, `of(contribution)` is a function that reads the current one."""

    def __init__(self, contributions: Iterable[Contribution]) -> None:
        self._contributions = tuple(dict.fromkeys(contributions))
        counted = {column for columns in self._tallied() for column in columns}
        few = [column for column in counted if isinstance(column, Flag) or column.field in FEW_VALUES]
        self._few: Columns = tuple(sorted(few, key=column_key))
        self._sources: dict[Columns, tuple[Columns, Callable[[Iterable[Any]], Iterable[Any]]]] = {}
        self._projected: dict[Columns, Counts] = {}
        self._bucket = Bucket(0, 1)
        wanted = [self._measure(contribution) for contribution in self._contributions]
        self.measures: tuple[Measure, ...] = tuple(dict.fromkeys(measure for measure in wanted if measure is not None))

    def bucket(self, bucket: Bucket) -> None:
        """`bucket` is the current one."""
        self._bucket = bucket
        self._projected.clear()

    def of(self, contribution: Contribution) -> Callable[[], Deltas]:
        """What extracts `contribution` from the current bucket."""
        measure, own = self._measure(contribution), contribution.measure
        placement, deltas = placement_of(contribution), contribution.deltas
        if measure is None:
            return lambda: deltas(self._bucket, None, placement)
        if isinstance(own, Tally) and measure != own:
            columns = own.columns
            return lambda: deltas(self._bucket, self._project(columns), placement)
        return lambda: deltas(self._bucket, self._bucket[measure], placement)

    def _tallied(self) -> list[Columns]:
        """The columns of contributions that are tallies by nothing but these."""
        tallied = [c for c in self._contributions if c.columns and c.measure == c.tally()]
        return [contribution.columns for contribution in tallied]

    def _measure(self, contribution: Contribution) -> Measure | None:
        """What `contribution` needs of a bucket besides its hits: its own measure, or a tally that it can be projected from."""
        measure = contribution.measure
        if not isinstance(measure, Tally):
            return measure
        columns = measure.columns
        if len(columns) == 1 and isinstance(columns[0], Subnet):
            return Tally((Raw(columns[0].field),))  # of which the networks are made: few addresses share one
        return Tally(self._few) if set(columns) <= set(self._few) else measure

    def _project(self, columns: Columns) -> Counts:
        """The tally by `columns`, out of the smallest one that has them all."""
        counts = self._projected.get(columns)
        if counts is None:
            if columns not in self._sources:
                self._sources[columns] = self._source(columns)
            source, pick = self._sources[columns]
            measure = Tally(source)
            tally = self._bucket[measure] if measure in self.measures else self._project(source)
            if OTHER in tally:
                tally = {key: count for key, count in tally.items() if key != OTHER}
            counts = self._projected[columns] = {}
            _count_elements(counts, pick(tally))  # each key once, in C, and the few that came more often again
            often = [key for key, count in tally.items() if count > 1]
            for picked, key in zip(pick(often), often):
                counts[picked] += tally[key] - 1
        return counts

    def _source(self, columns: Columns) -> tuple[Columns, Callable[[Iterable[Any]], Iterable[Any]]]:
        """Which columns of a tally have all of `columns`, fewest first, and what picks these out of its keys."""
        network = columns[0]
        if len(columns) == 1 and isinstance(network, Subnet):
            return (Raw(network.field),), lambda keys: zip(remembered(network, map(itemgetter(0), keys)))
        larger = [wider for wider in self._tallied() if set(columns) < set(wider) < set(self._few)]
        source = min([*larger, self._few], key=lambda candidate: (len(candidate), list(map(column_key, candidate))))
        return source, partial(map, _picking([source.index(column) for column in columns]))


def _picking(places: list[int]) -> Callable[[Any], Any]:
    """A function from a tuple to the tuple of what is at `places`."""
    return itemgetter(*places) if len(places) > 1 else itemgetter(slice(places[0], places[0] + 1))
