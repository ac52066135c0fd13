"""Extracts contributions from buckets: by group, of one bucket, or as plain numbers, of many buckets at once.

Contributions that count by fields with few values share tallies. A bucket has a tally by each combination of fields that some
contribution needs whole; what needs fewer of them adds up its keys. This costs by the key, where a tally of its own would cost by
the line. What each key counts for is remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ..analyze.bucket import Bucket, states_of
from ..analyze.columns import Derived, Raw, Subnet
from ..analyze.measures.base import Measure
from ..analyze.measures.count import Count
from ..analyze.measures.keys import OTHER
from ..analyze.measures.unparsed import UNPARSED
from ..limits import CONVERTED_MAX
from .contribution import FEW_VALUES, Contribution, Deltas, Flag, Group, Placement, column_key

Columns = tuple[Derived, ...]


class Extractor:
    """Extracts some contributions; `measures` are what they need of a bucket."""

    def __init__(self, contributions: Iterable[Contribution]) -> None:
        contributions = tuple(dict.fromkeys(contributions))
        wanted = [c.columns for c in contributions if c.is_tallied and is_few(c.columns)]
        self._shared = shared_tallies(wanted)
        self._measures = {contribution: self._measure(contribution) for contribution in contributions}
        found = dict.fromkeys(measure for measure in self._measures.values() if measure is not None)
        self.measures: tuple[Measure, ...] = tuple(found)

    def of(self, contribution: Contribution) -> Callable[[Bucket], Deltas]:
        """What extracts `contribution` from a bucket."""
        measure, deltas = self._measures[contribution], contribution.deltas
        placement = self._placement(contribution)
        if measure is None:
            return lambda bucket: deltas(bucket, None, placement)
        return lambda bucket: deltas(bucket, bucket[measure], placement)

    def plain(self, wanted: Sequence[tuple[Contribution, Group]]) -> PlainExtractor:
        """What extracts numbers of one group each from many buckets at once."""
        return PlainExtractor(
            [(c, group, self._measures[c], self._placement(c)) for c, group in wanted], UNPARSED in self.measures
        )

    def _placement(self, contribution: Contribution) -> Placement:
        measure = self._measures[contribution]
        columns = measure.columns if contribution.is_tallied and isinstance(measure, Count) else contribution.columns
        return Placement(contribution, columns)

    def _measure(self, contribution: Contribution) -> Measure | None:
        """What `contribution` needs of a bucket besides its hits."""
        if not (contribution.is_tallied and contribution.columns):
            return contribution.measure
        columns = contribution.columns
        if is_few(columns):
            return Count(*next(tally for tally in self._shared if set(columns) <= set(tally)))
        if len(columns) == 1 and isinstance(columns[0], Subnet):
            return Count(columns[0].field)  # of which the networks are made: few addresses share one
        return Count(*columns)


def is_few(columns: Columns) -> bool:
    """Whether there are few combinations of values of `columns`."""
    return all(isinstance(column, Flag) or column.field in FEW_VALUES for column in columns)


def shared_tallies(wanted: Iterable[Columns]) -> list[Columns]:
    """The columns of tallies that together have all that is `wanted`, those with the fewest columns first.

    Nothing is combined that is not wanted together, as the keys would be all combinations of both; but flags, which have two values
    and most often the same, are in one tally.
    """
    sets = {frozenset(columns) for columns in wanted if columns}
    flagged = [columns for columns in sets if any(isinstance(column, Flag) for column in columns)]
    sets = (sets - set(flagged)) | ({frozenset().union(*flagged)} if flagged else set())
    largest = [columns for columns in sets if not any(columns < other for other in sets)]
    tallies = [tuple(sorted(columns, key=column_key)) for columns in largest]
    return sorted(tallies, key=lambda columns: (len(columns), list(map(column_key, columns))))


class PlainExtractor:
    """Makes rows of numbers by the second. The first row is the events and lines of a second, whatever they are."""

    def __init__(self, wanted: Sequence[tuple[Contribution, Group, Measure | None, Placement]], has_unparsed: bool) -> None:
        self._has_unparsed = has_unparsed
        self._width = 1
        self._direct: list[tuple[Contribution, int, Measure | None]] = []
        self._by_group: list[tuple[Contribution, Group, int, Measure, Placement]] = []
        self._keyed: dict[Measure, _Increments] = {}
        for contribution, group, measure, placement in wanted:
            if measure is None or not contribution.columns:
                self._direct.append((contribution, self._width, measure))
            elif contribution.is_tallied:
                increments = self._keyed.setdefault(measure, _Increments())
                increments.wanted.append((contribution, group, placement, self._width))
            else:
                self._by_group.append((contribution, group, self._width, measure, placement))
            self._width += contribution.summable

    def rows(self, stretch: range, buckets: Sequence[Bucket]) -> list[list[int]]:
        """The numbers for each second of `stretch`; `buckets` are those that there are, in ascending order."""
        hits = [bucket.hits for bucket in buckets]
        activity = [count + n for count, n in zip(hits, states_of(buckets, UNPARSED))] if self._has_unparsed else hits
        rows: list[Sequence[int]] = [activity, *([()] * (self._width - 1))]
        for contribution, row, measure in self._direct:
            states = () if measure is None else states_of(buckets, measure)
            rows[row : row + contribution.summable] = contribution.plain(hits, states)
        for measure, increments in self._keyed.items():
            for contribution, row in increments.counted_by_hits:
                rows[row] = hits
            increments.count(states_of(buckets, measure), rows)
        for contribution, group, row, measure, placement in self._by_group:
            found = [
                contribution.deltas(b, state, placement).get(group) for b, state in zip(buckets, states_of(buckets, measure))
            ]
            for number in range(contribution.summable):
                rows[row + number] = [0 if delta is None else delta[number] for delta in found]
        return spread(rows, stretch, buckets)


def spread(rows: Sequence[Sequence[int]], stretch: range, buckets: Sequence[Bucket]) -> list[list[int]]:
    """`rows`, which have a number a bucket, with a number a second."""
    if len(buckets) == len(stretch):
        return list(map(list, rows))
    places = [bucket.time - stretch.start for bucket in buckets]
    spread_rows = []
    for row in rows:
        numbers = [0] * len(stretch)
        for place, number in zip(places, row):
            numbers[place] = number
        spread_rows.append(numbers)
    return spread_rows


class _Increments(dict[Any, "tuple[int, ...]"]):
    """Key of a tally → the rows that its events count in. Filled as keys are met."""

    def __init__(self) -> None:
        super().__init__()
        self.wanted: list[tuple[Contribution, Group, Placement, int]] = []

    @property
    def counted_by_hits(self) -> list[tuple[Contribution, int]]:
        """Contributions whose first row counts every event, and that row."""
        return [(c, row) for c, _, _, row in self.wanted if not (c.where or c.by)]

    def count(self, tallies: Sequence[Any], rows: list[Sequence[int]]) -> None:
        """Count the keys of `tallies`, one a bucket, in `rows`."""
        counted: dict[int, list[int]] = {}
        for contribution, _, _, row in self.wanted:
            skipped = not (contribution.where or contribution.by)
            for number in range(row + skipped, row + contribution.summable):
                rows[number] = counted[number] = [0] * len(tallies)
        for place, tally in enumerate(tallies):
            for key in tally:
                if places := self[key]:
                    hits = tally[key]
                    for row in places:
                        counted[row][place] += hits

    def __missing__(self, key: Any) -> tuple[int, ...]:
        if len(self) >= CONVERTED_MAX:
            self.clear()
        found: list[int] = []
        for contribution, group, placement, row in self.wanted if key != OTHER else ():
            place = placement[key]
            if place is not None and place[0] == group:
                skipped = not (contribution.where or contribution.by)
                found += [row + number for number in contribution.counts_in(place[1]) if number >= skipped]
        self[key] = tuple(found)
        return self[key]
