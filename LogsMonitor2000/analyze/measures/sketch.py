"""The distribution of a numeric field: percentiles within half a percent, from mergeable bins (see `Bin`)."""

from __future__ import annotations

# The C function inside Counter.update, as in `count`.
from collections import _count_elements  # type: ignore[attr-defined]
from collections.abc import Iterable, Sequence
from itertools import repeat
from math import ceil
from typing import Any

from ...limits import COUNTER_BYTES_MAX, SKETCH_KEYS_MAX
from ..columns import Bin, Derived, middle
from .base import Columns
from .count import Counts, Keyed, merge_counts
from .keys import OTHER, cut_key, dump_key, load_key

Bins = dict[int, int]
"""Values by the number of their bin: a few thousand at most, as there are no more bins."""


class Sketch(Keyed):
    """Values of `field` by logarithmic bin, and by the values of columns, if any: a dictionary of bins by key, whose one key is () without.

    Events without the field do not count. Past its bounds it keeps the keys with the most values; what it takes away from these it takes
    evenly over their bins, so that percentiles stay what they are.
    """

    keys_usual = SKETCH_KEYS_MAX

    def __init__(
        self, field: str, *columns: str | Derived, keys_max: int = SKETCH_KEYS_MAX, bytes_max: int = COUNTER_BYTES_MAX
    ) -> None:
        super().__init__("sketch", (field,), columns, keys_max, bytes_max)
        self.field = field
        self._bin = Bin(field)

    def select(self, values: Columns) -> Sequence[Any]:
        bins = values[self._bin]
        if self.columns:
            return list(zip(values[self.grouping], bins))
        return bins

    def add(self, state: dict[Any, Bins], selected: Sequence[Any]) -> dict[Any, Bins]:
        counts: Counts = {}
        _count_elements(counts, selected if self.columns else zip(repeat(()), selected))
        for (key, number), count in counts.items():
            if number is not None:
                bins = state.setdefault(key, {})
                bins[number] = bins.get(number, 0) + count
        return state

    def merge(self, state: dict[Any, Bins], other: dict[Any, Bins]) -> dict[Any, Bins]:
        for key, bins in other.items():
            state[key] = merge_counts(state.get(key, {}), bins)
        return state

    def shrink(self, state: dict[Any, Bins]) -> dict[Any, Bins]:
        if not self.bounds.are_exceeded(state):
            return state
        dropped = state.pop(OTHER, {})
        weights = {key: sum(bins.values()) for key, bins in state.items()}
        excess = self.bounds.excess(weights)
        kept: dict[Any, Bins] = {}
        for key, bins in state.items():
            left = thinned(bins, weights[key], max(0, weights[key] - excess))
            dropped = merge_counts(dropped, {number: count - left.get(number, 0) for number, count in bins.items()})
            if left:
                kept[key] = left
        kept[OTHER] = {number: count for number, count in dropped.items() if count}
        return kept

    def error(self, state: dict[Any, Bins]) -> int:
        return self.bounds.error(sum(state[OTHER].values())) if OTHER in state else 0

    def cut(self, state: dict[Any, Bins]) -> dict[Any, Bins]:
        found: dict[Any, Bins] = {}
        for key, bins in state.items():
            found = self.merge(found, {cut_key(key): bins})
        return found

    def dump(self, state: dict[Any, Bins]) -> list[Any]:
        return [[dump_key(key), sorted(bins.items())] for key, bins in state.items()]

    def load(self, dumped: list[Any]) -> dict[Any, Bins]:
        return {load_key(key): {number: count for number, count in bins} for key, bins in dumped}

    def overall(self, state: dict[Any, Bins]) -> Bins:
        """The bins of all keys together."""
        return merged(state.values())


def merged(parts: Iterable[Bins]) -> Bins:
    """Bins added up."""
    found: Bins = {}
    for bins in parts:
        found = merge_counts(found, bins)
    return found


def quantile(bins: Bins, share: float) -> float | None:
    """The value of rank `ceil(share * n)`, within `RELATIVE_ERROR` of it; None of no values."""
    rank = max(1, ceil(share * sum(bins.values()) - 1e-9))
    for number in sorted(bins):
        rank -= bins[number]
        if rank <= 0:
            return middle(number)
    return None


def thinned(bins: Bins, count: int, left: int) -> Bins:
    """`left` of the `count` values in `bins`, spread evenly over them in the order of their size."""
    found: Bins = {}
    seen = taken = 0
    for number in sorted(bins):
        seen += bins[number]
        if (part := seen * left // count - taken) > 0:
            found[number] = part
            taken += part
    return found
