"""Reads the contributions of feeds out of buckets.

Most feeds count by fields with few values. A bucket has one tally by all of these, and each feed gets what it needs by adding up the
keys of that which are the same to it: this costs by the key, where a tally of its own would cost by the line.
"""

from __future__ import annotations

# The C function inside Counter.update, as in `measure`.
from collections import _count_elements  # type: ignore[attr-defined]
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from operator import itemgetter
from typing import Any

from ..analyze.bucket import Bucket
from ..analyze.derived import Bin, Derived, Raw, Subnet, remembered
from ..analyze.measure import OTHER, UNPARSED, Counts, Measure, Total
from ..analyze.tally import Amounts, Tally
from .contribution import FEW_VALUES, Deltas, Feed, Flag, Group, Places

Columns = tuple[Derived, ...]


class Readers:
    """The readers of some feeds: `measures` are what they need of a bucket, `of(feed)` is a function that reads the current one."""

    def __init__(self, feeds: Iterable[Feed]) -> None:
        self._feeds = tuple(dict.fromkeys(feeds))
        counted = {column for feed in self._feeds if feed.kind in ("events", "shares") for column in feed.columns}
        few = [column for column in counted if isinstance(column, Flag) or column.field in FEW_VALUES]
        self._few: Columns = tuple(sorted(few, key=repr))
        self._sources: dict[Columns, tuple[Columns, Callable[[Iterable[Any]], Iterable[Any]]]] = {}
        self._projected: dict[Columns, Counts] = {}
        self._bucket = Bucket(0, 1)
        wanted = [self._measure(feed) for feed in self._feeds]
        self.measures: tuple[Measure, ...] = tuple(dict.fromkeys(measure for measure in wanted if measure is not None))

    def bucket(self, bucket: Bucket) -> None:
        """`bucket` is the current one."""
        self._bucket = bucket
        self._projected.clear()

    def of(self, feed: Feed) -> Callable[[], Deltas]:
        """What reads the contributions of `feed` out of the current bucket."""
        measure = self._measure(feed)
        if feed.is_unparsed:
            return self._unparsed
        if measure is None:
            return lambda: {(): self._bucket.hits} if self._bucket.hits else {}
        if isinstance(measure, Total):
            return lambda: {(): (self._bucket.hits, self._bucket[measure], 0)} if self._bucket.hits else {}
        places = Places(feed.columns, feed.where, feed.of, feed.by)
        read = READS[feed.kind]
        if feed.kind == "events" and feed.columns == feed.by and not feed.where:
            read = _as_it_is
        columns = _counted(feed)
        if isinstance(measure, Tally) and measure.columns != columns:
            return lambda: read(self._project(columns), places)
        return lambda: read(self._bucket[measure], places)

    def _measure(self, feed: Feed) -> Measure | None:
        """What `feed` needs of a bucket besides its hits."""
        if feed.is_unparsed:
            return UNPARSED
        if feed.kind == "amounts":
            return Amounts(feed.columns, feed.field)
        if feed.kind == "bytes":
            return Amounts(feed.columns, feed.field) if feed.columns else Total(feed.field)
        columns = _counted(feed)
        if len(columns) == 1 and isinstance(columns[0], Subnet):
            return Tally((Raw(columns[0].field),))  # of which the networks are made: few addresses share one
        return Tally(self._few if set(columns) <= set(self._few) else columns) if columns else None

    def _unparsed(self) -> Deltas:
        unparsed = self._bucket[UNPARSED]
        return {(): (self._bucket.hits + unparsed, unparsed)} if self._bucket.hits or unparsed else {}

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
        there = [feed.columns for feed in self._feeds if feed.kind in ("events", "shares")]
        larger = [c for c in there if set(columns) < set(c) < set(self._few)]
        source = min([*larger, self._few], key=lambda candidate: (len(candidate), repr(candidate)))
        return source, partial(map, _picking([source.index(column) for column in columns]))


def _counted(feed: Feed) -> Columns:
    """The columns of the tally that is all a feed needs."""
    own = {"bins": (Bin(feed.field),), "values": (Raw(feed.field),)}
    return (*feed.columns, *own.get(feed.kind, ()))


def _picking(places: list[int]) -> Callable[[Any], Any]:
    """A function from a tuple to the tuple of what is at `places`."""
    return itemgetter(*places) if len(places) > 1 else itemgetter(slice(places[0], places[0] + 1))


def _as_it_is(counts: Counts, places: Places) -> Deltas:
    """The keys are the groups; a closed bucket does not change any more."""
    return {key: count for key, count in counts.items() if key != OTHER} if OTHER in counts else counts


def _events(counts: Counts, places: Places) -> Deltas:
    events: dict[Group, int] = {}
    for place, count in zip(map(places.__getitem__, counts), counts.values()):
        if place is not None:
            events[place[0]] = events.get(place[0], 0) + count
    return events


def _shares(counts: Counts, places: Places) -> Deltas:
    events: dict[Group, int] = {}
    matching: dict[Group, int] = {}
    for place, count in zip(map(places.__getitem__, counts), counts.values()):
        if place is not None:
            group, matches = place
            events[group] = events.get(group, 0) + count
            if matches:
                matching[group] = matching.get(group, 0) + count
    get = matching.get
    return {group: (count, get(group, 0)) for group, count in events.items()}


def _amounts(amounts: Mapping[Any, tuple[int, int, int]], places: Places) -> Deltas:
    deltas: dict[Group, tuple[int, int, int]] = {}
    for key, (count, total, most) in amounts.items():
        place = places[key]
        if place is not None:
            known = deltas.get(place[0])
            if known is not None:
                count, total, most = known[0] + count, known[1] + total, max(known[2], most)
            deltas[place[0]] = (count, total, most)
    return deltas


def _bins(counts: Counts, places: Places) -> Deltas:
    deltas: dict[Group, dict[int, int]] = {}
    for key, count in counts.items():
        place = None if key == OTHER or key[-1] is None else places[key[:-1]]
        if place is not None:
            bins = deltas.setdefault(place[0], {})
            bins[key[-1]] = bins.get(key[-1], 0) + count
    return deltas


def _values(counts: Counts, places: Places) -> Deltas:
    """By group, what the value, in a tuple of its own, came how often."""
    if OTHER in counts:
        counts = {key: count for key, count in counts.items() if key != OTHER}
    if len(next(iter(counts), ())) == 1:
        return {(): counts}
    deltas: dict[Group, dict[Any, int]] = {}
    for key, count in counts.items():
        place = places[key[:-1]]
        if place is not None:
            deltas.setdefault(place[0], {})[key[-1:]] = count
    return deltas


READS: dict[str, Callable[[Any, Places], Deltas]] = {
    "events": _events,
    "shares": _shares,
    "amounts": _amounts,
    "bytes": _amounts,
    "bins": _bins,
    "values": _values,
}
"""What makes the contributions of each kind of feed out of the state of its measure."""
