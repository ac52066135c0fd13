"""The values of a field that matter most: of each its hits, bytes and server errors, ranked by hits."""

from __future__ import annotations

# The C function inside Counter.update, as in `count`.
from collections import _count_elements  # type: ignore[attr-defined]
from collections.abc import Sequence
from heapq import nsmallest
from itertools import compress
from typing import Any, NamedTuple

from ...limits import COUNTER_BYTES_MAX, KEYS_MAX
from ..columns import Derived, Number, ServerError
from .base import Columns
from .count import Counts, Keyed, cut_counts, merge_counts
from .keys import OTHER, dump_key, load_key
from .sample import Beside

SIZE, STATUS = Number("size"), ServerError()


class Row(NamedTuple):
    """A value of the log and what it had."""

    value: Any
    hits: int
    bytes: int
    errors: int


State = tuple[Counts, Counts, Counts]
"""Hits, bytes and errors, each by key; bytes and errors of 0 may be missing."""


class TopK(Keyed):
    """Hits, bytes and server errors (status 500 and above) by the value of a column, or by the tuple of values of several.

    Past its bounds it keeps the keys with the most hits. None of their hits, bytes and errors are too high; hits and errors are at
    most `error` too low. Of each key that is kept an equal part of all three is taken away; `OTHER` has the rest.
    """

    def __init__(self, *columns: str | Derived, keys_max: int = KEYS_MAX, bytes_max: int = COUNTER_BYTES_MAX) -> None:
        super().__init__("topk", (), columns, keys_max, bytes_max)
        self._fields = (*self._fields, "size", "status")

    def empty(self) -> State:
        return {}, {}, {}

    def select(self, values: Columns) -> Sequence[Any]:
        return Beside([values[self.grouping], values[SIZE], values[STATUS]])

    def add(self, state: State, selected: Sequence[Any]) -> State:
        hits, sizes, errors = state
        keys, added, failed = selected
        _count_elements(hits, keys)
        get = sizes.get
        for key, size in zip(keys, added):
            sizes[key] = get(key, 0) + size
        if True in failed:
            _count_elements(errors, compress(keys, failed))
        return state

    def merge(self, state: State, other: State) -> State:
        return (merge_counts(state[0], other[0]), merge_counts(state[1], other[1]), merge_counts(state[2], other[2]))

    def shrink(self, state: State) -> State:
        hits, *amounts = state
        if not self.bounds.are_exceeded(hits):
            return state
        other = hits.pop(OTHER, 0)
        excess = self.bounds.excess(hits)
        kept = {key: count - excess for key, count in hits.items() if count > excess}
        sizes, errors = (_part(amount, hits, kept) for amount in amounts)
        kept[OTHER] = other + sum(hits.values()) - sum(kept.values())
        return kept, sizes, errors

    def error(self, state: State) -> int:
        return self.bounds.error(state[0].get(OTHER, 0))

    def are_long(self, states: Any) -> bool:
        return super().are_long(state[0] for state in states)

    def cut(self, state: State) -> State:
        return cut_counts(state[0]), cut_counts(state[1]), cut_counts(state[2])

    def dump(self, state: State) -> list[Any]:
        hits, sizes, errors = state
        return [[dump_key(key), count, sizes.get(key, 0), errors.get(key, 0)] for key, count in hits.items()]

    def load(self, dumped: list[Any]) -> State:
        rows = [(load_key(key), *amounts) for key, *amounts in dumped]
        return (
            {key: hits for key, hits, _, _ in rows},
            {key: size for key, _, size, _ in rows if size},
            {key: errors for key, _, _, errors in rows if errors},
        )

    def top(self, state: State, count: int) -> list[Row]:
        """The `count` keys with the most hits; equals by ascending key, where a missing value comes first."""
        hits, sizes, errors = state
        ranked = nsmallest(
            count, (item for item in hits.items() if item[0] != OTHER), key=lambda item: (-item[1], _order(item[0]))
        )
        return [Row(key, number, sizes.get(key, 0), errors.get(key, 0)) for key, number in ranked]

    def total(self, state: State) -> Row:
        """All keys together, those that were dropped included: exact."""
        return Row(None, *(sum(amount.values()) for amount in state))


def _part(amount: Counts, hits: Counts, kept: Counts) -> Counts:
    """Of the amount of each key that is kept, the part that its hits keep; the rest is `OTHER`'s."""
    found = {key: value * kept[key] // hits[key] for key, value in amount.items() if key in kept}
    found[OTHER] = sum(amount.values()) - sum(found.values())
    return found


def _order(key: Any) -> Any:
    """A key that can be compared with others of its columns."""
    if isinstance(key, tuple):
        return tuple(map(_order, key))
    return (key is not None, b"" if key is None else key)
