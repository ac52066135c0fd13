"""Sums of a numeric field: of sizes in bytes, of durations in millionths of a second, so that they are exact."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat
from typing import Any

from ...limits import COUNTER_BYTES_MAX, KEYS_MAX
from ..columns import Derived, Number
from .base import Columns, Measure, key_of
from .count import Counts, Keyed, cut_counts, dump_counts, load_counts, merge_counts, shrink_counts
from .keys import OTHER, cut_key, dump_key, load_key


class Sum(Measure):
    """The sum of a field of digits, a missing value counting as 0: a number."""

    def __init__(self, field: str) -> None:
        self.field = field
        self.key = key_of("sum", field)

    @property
    def fields(self) -> tuple[str, ...]:
        return (self.field,)

    def empty(self) -> int:
        return 0

    def select(self, values: Columns) -> Sequence[Any]:
        return values[self.field]

    def add(self, state: int, selected: Sequence[Any]) -> int:
        return state + sum(map(int, filter(None, selected)))

    def merge(self, state: int, other: int) -> int:
        return state + other


class SumBy(Keyed):
    """The same by the values of columns: a dictionary, in which a sum of 0 may be missing. It is bounded as `Count` is."""

    def __init__(
        self, field: str, *columns: str | Derived, keys_max: int = KEYS_MAX, bytes_max: int = COUNTER_BYTES_MAX
    ) -> None:
        super().__init__("sum", (field,), columns, keys_max, bytes_max)
        self.field = field

    def select(self, values: Columns) -> Sequence[Any]:
        return list(zip(values[self.grouping], values[self.field]))

    def add(self, state: Counts, selected: Sequence[Any]) -> Counts:
        get = state.get
        for key, value in selected:
            if value:
                state[key] = get(key, 0) + int(value)
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


Amount = tuple[int, int, int]
"""How many values, their sum, and the largest of them."""


class Amounts(Keyed):
    """Number, sum and maximum of a field by the values of columns, if any: a dictionary; without columns its one key is ().

    Events without the field do not count. Past its bounds it keeps the keys with the most values, and of each an equal part of number
    and sum is taken away, so that means stay what they are.
    """

    def __init__(
        self, field: str, *columns: str | Derived, keys_max: int = KEYS_MAX, bytes_max: int = COUNTER_BYTES_MAX
    ) -> None:
        super().__init__("amounts", (field,), columns, keys_max, bytes_max)
        self.field = field
        self._number = Number(field)

    def select(self, values: Columns) -> Sequence[Any]:
        return list(zip(values[self.grouping] if self.columns else repeat(()), values[self._number]))

    def add(self, state: dict[Any, Amount], selected: Sequence[Any]) -> dict[Any, Amount]:
        get = state.get
        for key, amount in selected:
            if amount is not None:
                known = get(key)
                if known is None:
                    state[key] = (1, amount, amount)
                else:
                    count, total, most = known
                    state[key] = (count + 1, total + amount, most if most >= amount else amount)
        return state

    def merge(self, state: dict[Any, Amount], other: dict[Any, Amount]) -> dict[Any, Amount]:
        for key, amount in other.items():
            known = state.get(key)
            state[key] = amount if known is None else add_amounts(known, amount)
        return state

    def shrink(self, state: dict[Any, Amount]) -> dict[Any, Amount]:
        if not self.bounds.are_exceeded(state):
            return state
        dropped = state.pop(OTHER, (0, 0, 0))
        excess = self.bounds.excess({key: count for key, (count, _, _) in state.items()})
        kept: dict[Any, Amount] = {}
        for key, (count, total, most) in state.items():
            left = max(0, count - excess)
            part = total * left // count
            if left:
                kept[key] = (left, part, most)
            dropped = add_amounts(dropped, (count - left, total - part, most))
        kept[OTHER] = dropped
        return kept

    def error(self, state: dict[Any, Amount]) -> int:
        return self.bounds.error(state[OTHER][0]) if OTHER in state else 0

    def cut(self, state: dict[Any, Amount]) -> dict[Any, Amount]:
        found: dict[Any, Amount] = {}
        for key, amount in state.items():
            found = self.merge(found, {cut_key(key): amount})
        return found

    def dump(self, state: dict[Any, Amount]) -> list[Any]:
        return [[dump_key(key), *amount] for key, amount in state.items()]

    def load(self, dumped: list[Any]) -> dict[Any, Amount]:
        return {load_key(key): (count, total, most) for key, count, total, most in dumped}


def add_amounts(one: Amount, other: Amount) -> Amount:
    """Both together."""
    return one[0] + other[0], one[1] + other[1], max(one[2], other[2])
