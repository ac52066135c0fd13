"""Hits by key: what most numbers are made of."""

from __future__ import annotations

# The C function inside Counter.update: a Counter costs more than counting the ten lines that a sparse log has in a bucket.
from collections import _count_elements  # type: ignore[attr-defined]
from collections.abc import Iterable, Sequence
from typing import Any

from ...limits import COUNTER_BYTES_MAX, KEYS_MAX
from ..columns import Derived
from .base import Columns, Measure, column_of, grouping, key_of
from .frequent import Bounds, key_bytes
from .keys import OTHER, cut_key, dump_key, have_long, load_key

Counts = dict[Any, int]

DIGITS = (b"2", b"4", b"3", b"5", b"1", b"-")
"""Classes of statuses."""

FEW = 16
"""So few values are counted one by one just as fast."""


class Keyed(Measure):
    """A measure whose state is a dictionary by the value of one column, or by the tuple of values of several, within bounds."""

    keys_usual = KEYS_MAX
    """What `keys_max` is unless it is given; the key mentions others."""

    def __init__(
        self, name: str, fields: Sequence[str], columns: Sequence[str | Derived], keys_max: int, bytes_max: int
    ) -> None:
        self.columns: tuple[Derived, ...] = tuple(map(column_of, columns))
        options = {} if keys_max == self.keys_usual else {"keys": keys_max}
        options |= {} if bytes_max == COUNTER_BYTES_MAX else {"bytes": bytes_max}
        self.key = key_of(name, *fields, *self.columns, **options)
        self.keys_max = keys_max
        self.grouping = grouping(self.columns)
        textual = sum(column.is_text for column in self.columns)
        self.bounds = Bounds(keys_max, bytes_max, max(1, key_bytes(textual, len(self.columns) - textual)))
        self._fields = (*(column.field for column in self.columns), *fields)

    @property
    def fields(self) -> tuple[str, ...]:
        return self._fields

    def empty(self) -> Any:
        return {}

    def are_long(self, states: Iterable[Any]) -> bool:
        return have_long(states, self.columns)


class Count(Keyed):
    """Hits by the value of a column, or by the tuple of values of several: a dictionary.

    Past its bounds the heaviest keys keep a count that is never too high and at most `error` too low; `OTHER` has the rest.
    """

    def __init__(self, *columns: str | Derived, keys_max: int = KEYS_MAX, bytes_max: int = COUNTER_BYTES_MAX) -> None:
        super().__init__("count", (), columns, keys_max, bytes_max)

    def select(self, values: Columns) -> Sequence[Any]:
        return values[self.grouping]

    def add(self, state: Counts, selected: Sequence[Any]) -> Counts:
        if self.grouping == "status_class" and len(selected) > FEW and _count_digits(state, selected):
            return state
        _count_elements(state, selected)
        return state

    def merge(self, state: Counts, other: Counts) -> Counts:
        return merge_counts(state, other)

    def shrink(self, state: Counts) -> Counts:
        return shrink_counts(state, self.bounds)

    def error(self, state: Counts) -> int:
        return self.bounds.error(state.get(OTHER, 0))

    def cut(self, state: Counts) -> Counts:
        return cut_counts(state)

    def dump(self, state: Counts) -> list[Any]:
        return dump_counts(state)

    def load(self, dumped: list[Any]) -> Counts:
        return load_counts(dumped)


def _count_digits(state: Counts, selected: Sequence[Any]) -> bool:
    """Count values that are one byte each, in half the time; False, with nothing counted, where there are others."""
    try:
        joined = b"".join(selected)
    except TypeError:  # a value is missing
        return False
    counts = {digit: joined.count(digit) for digit in DIGITS}
    if len(joined) != len(selected) or sum(counts.values()) != len(selected):
        return False
    for digit, count in counts.items():
        if count:
            state[digit] = state.get(digit, 0) + count
    return True


class RunningCount:
    """Counts to which many others are added one after the other; it shrinks as if it were asked to after each of them."""

    def __init__(self, measure: Count) -> None:
        self.state: Counts = {}
        self._measure = measure
        self._room = measure.bounds.room(self.state)

    def add(self, parts: Sequence[Counts]) -> None:
        """Add `parts`."""
        bounds, state = self._measure.bounds, self.state
        if len(state) + sum(map(len, parts)) <= self._room:
            _add_all(state, parts)
            return
        for part in parts:
            _add_all(state, (part,))
            if len(state) > self._room:
                state = self._measure.shrink(state)
                self._room = bounds.room(state)
        self.state = state

    def load(self, state: Counts) -> None:
        """Continue from a state."""
        self.state = state
        self._room = self._measure.bounds.room(state)


def _add_all(state: Counts, parts: Sequence[Counts]) -> None:
    get = state.get
    for part in parts:
        for key, count in part.items():
            state[key] = get(key, 0) + count


def merge_counts(state: Counts, other: Counts) -> Counts:
    """`state` with the counts of `other` added."""
    if not state:
        return other.copy()
    get = state.get
    for key, count in other.items():
        state[key] = get(key, 0) + count
    return state


def shrink_counts(state: Counts, bounds: Bounds) -> Counts:
    """The state within its bounds, see `frequent`."""
    if not bounds.are_exceeded(state):
        return state
    other = state.pop(OTHER, 0)
    total = sum(state.values())
    excess = bounds.excess(state)
    kept = {key: count - excess for key, count in state.items() if count > excess}
    kept[OTHER] = other + total - sum(kept.values())
    return kept


def cut_counts(state: Counts) -> Counts:
    """The state with long keys cut; those that begin alike count together."""
    found: Counts = {}
    for key, count in state.items():
        key = cut_key(key)
        found[key] = found.get(key, 0) + count
    return found


def dump_counts(state: Counts) -> list[Any]:
    """Pairs of key and count."""
    return [[dump_key(key), count] for key, count in state.items()]


def load_counts(dumped: list[Any]) -> Counts:
    """The counts that were dumped."""
    return {load_key(key): count for key, count in dumped}
