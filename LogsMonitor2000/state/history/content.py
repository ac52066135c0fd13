"""What a bucket of history holds, how two are merged, and how it is stored.

A bucket is stored in parts, so that a query reads only what it asks for: `totals` (statuses, bytes and durations in all), and the top
lists, all in one part where buckets are narrow and many, one each where they are wide and large. A part is JSON, column by column in
the order of the keys, which compresses well, and compressed where that pays. Users have rows of their own, see `store`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
import json
from typing import Any, NamedTuple
import zlib

from ...analyze.bucket import Bucket
from ...analyze.measures.keys import dump_key, load_key
from ...analyze.measures.sketch import Bins, Sketch, merged
from ...analyze.measures.sum import Amount, add_amounts
from ...analyze.measures.topk import State, TopK
from ...limits import HISTORY_BYTES_MAX, HISTORY_VALUES_MAX
from .measures import LATENCIES, SECTION_BINS, STATUS
from .settings import DAY

TOTALS, LISTS, DURATIONS = "totals", "lists", "durations"
"""Parts; the others have the name of a field."""

COMPRESSED_BYTES_MIN = 150
"""Shorter texts are stored as they are."""

SPLIT_SECONDS = 3600
"""From this width on each field has a part of its own."""

SECTIONS = {width: Sketch("duration", "section", keys_max=count) for width, count in ((3600, 100), (DAY, 1000))}
"""Bounds of the duration sketches by section."""


class Totals(NamedTuple):
    """Of a bucket in all: `statuses` as by `TopK`, and the durations, in millionths of a second and by bin."""

    statuses: State
    durations: Amount
    bins: Bins

    def plus(self, other: Totals) -> Totals:
        """Both together."""
        return Totals(
            STATUS.merge(self.statuses, other.statuses),
            add_amounts(self.durations, other.durations),
            merged((self.bins, other.bins)),
        )


NO_VALUES: State = ({}, {}, {})
NOTHING = Totals(NO_VALUES, (0, 0, 0), {})


def top_of(field: str, width: int) -> TopK:
    """The top list of `field` in buckets of `width`, with its bounds."""
    return TopK(field, keys_max=HISTORY_VALUES_MAX[width], bytes_max=HISTORY_BYTES_MAX[width])


def totals_of(bucket: Bucket) -> Totals:
    """The totals of what was measured: those of the measures by key, whatever these forgot of single keys."""
    durations = (0, 0, 0)
    for amount in bucket[LATENCIES].values():
        durations = add_amounts(durations, amount)
    return Totals(bucket[STATUS], durations, SECTION_BINS.overall(bucket[SECTION_BINS]))


class Content(NamedTuple):
    """All that a bucket holds, before anything is forgotten: the top lists by field, and the bins of durations by section."""

    totals: Totals
    lists: dict[str, State]
    sections: dict[Any, Bins]

    @classmethod
    def of(cls, bucket: Bucket, fields: Sequence[str]) -> Content:
        """That of a bucket as it was measured. It shares the states of the bucket."""
        return cls(totals_of(bucket), {field: bucket[TopK(field)] for field in fields}, bucket[SECTION_BINS])

    @classmethod
    def together(cls, contents: Sequence[Content]) -> Content:
        """All of `contents`, which are left as they are."""
        if len(contents) == 1:
            return contents[0]
        totals, lists, sections = NOTHING, {field: NO_VALUES for field in contents[0].lists}, dict[Any, Bins]()
        for content in contents:
            totals = totals.plus(content.totals)
            for field, state in content.lists.items():
                lists[field] = STATUS.merge(lists[field], state)  # all top lists are merged alike
            sections = SECTION_BINS.merge(sections, content.sections)
        return cls(totals, lists, sections)

    def parts(self, width: int) -> dict[str, Any]:
        """What is stored of it as a bucket of `width`."""
        parts: dict[str, Any] = {TOTALS: self.totals}
        lists = {field: _within_bounds(top_of(field, width), state) for field, state in self.lists.items()}
        if width < SPLIT_SECONDS:
            return parts | {LISTS: lists}
        return parts | lists | ({DURATIONS: SECTIONS[width].shrink(dict(self.sections))} if self.sections else {})


def _within_bounds(top: TopK, state: State) -> State:
    """The state within its bounds; it is left as it is."""
    hits, sizes, errors = state
    return top.shrink((dict(hits), sizes, errors)) if top.bounds.are_exceeded(hits) else state


def merge_parts(part: str, width: int, states: Sequence[Any]) -> Any:
    """`states` of a part together, within their bounds; they may be changed."""
    total = states[0]
    for state in states[1:]:
        if part == TOTALS:
            total = total.plus(state)
        elif part == LISTS:
            total = {field: top_of(field, width).shrink(_both(total, state, field)) for field in {**total, **state}}
        elif part == DURATIONS:
            total = SECTIONS[width].shrink(SECTIONS[width].merge(total, state))
        else:
            total = top_of(part, width).shrink(STATUS.merge(total, state))
    return total


def _both(one: Mapping[str, State], other: Mapping[str, State], field: str) -> State:
    return STATUS.merge(one.get(field, NO_VALUES), other.get(field, NO_VALUES))


def encode(part: str, state: Any) -> bytes:
    """A part as it is stored."""
    return compressed(_CODECS.get(part, _LIST)[0](state))


def decode(part: str, data: bytes) -> Any:
    """The part that was stored."""
    return _CODECS.get(part, _LIST)[1](decompressed(data))


def compressed(value: Any) -> bytes:
    """A JSON value as it is stored."""
    text = json.dumps(value, separators=(",", ":")).encode()
    return zlib.compress(text, 6) if len(text) >= COMPRESSED_BYTES_MIN else text


def decompressed(data: bytes) -> Any:
    """The JSON value that was stored."""
    return json.loads(zlib.decompress(data) if data[:1] == b"x" else data)


def columns_of_bins(bins: Bins) -> list[list[int]]:
    """Bins as two columns, in their order."""
    numbers = sorted(bins)
    return [numbers, [bins[number] for number in numbers]]


def bins_of(columns: Sequence[Sequence[int]]) -> Bins:
    """The bins that two columns stand for."""
    return dict(zip(*columns))


def _dump_list(state: State) -> list[Any]:
    hits, sizes, errors = state
    keys = sorted(hits, key=lambda key: (key is not None, key))
    return [
        [dump_key(key) for key in keys],
        [hits[key] for key in keys],
        [sizes.get(key, 0) for key in keys],
        [errors.get(key, 0) for key in keys] if errors else [],
    ]


def _load_list(columns: Sequence[Any]) -> State:
    texts, hits, sizes, errors = columns
    keys = [load_key(text) for text in texts]
    return (
        dict(zip(keys, hits)),
        {key: size for key, size in zip(keys, sizes) if size},
        {key: count for key, count in zip(keys, errors) if count},
    )


def _dump_totals(totals: Totals) -> list[Any]:
    return [_dump_list(totals.statuses), *([list(totals.durations), columns_of_bins(totals.bins)] if totals.bins else [])]


def _load_totals(value: Sequence[Any]) -> Totals:
    statuses, *durations = value
    if not durations:
        return Totals(_load_list(statuses), (0, 0, 0), {})
    count, total, most = durations[0]
    return Totals(_load_list(statuses), (count, total, most), bins_of(durations[1]))


def _dump_lists(lists: Mapping[str, State]) -> dict[str, Any]:
    return {field: _dump_list(state) for field, state in lists.items()}


def _load_lists(value: Mapping[str, Any]) -> dict[str, State]:
    return {field: _load_list(columns) for field, columns in value.items()}


def _dump_sections(state: Mapping[Any, Bins]) -> list[Any]:
    return [[dump_key(key), *columns_of_bins(bins)] for key, bins in state.items()]


def _load_sections(value: Sequence[Any]) -> dict[Any, Bins]:
    return {load_key(key): bins_of(columns) for key, *columns in value}


_LIST: tuple[Callable[[Any], Any], Callable[[Any], Any]] = (_dump_list, _load_list)
_CODECS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    TOTALS: (_dump_totals, _load_totals),
    LISTS: (_dump_lists, _load_lists),
    DURATIONS: (_dump_sections, _load_sections),
}
