"""Counters within bounds: what is dropped is known in sum, and by how much any count may be too low.

The Misra–Gries summary (Misra and Gries 1982), which stays one when merged (Agarwal et al., Mergeable Summaries, PODS 2012): counters
are added, and when there are too many, the weight of the (k+1)-th heaviest is subtracted from all and those that are left with none
are dropped. Each subtraction of `d` takes `d` from at least k+1 counters. So with `OTHER`, the sum of all that was ever taken away, no
count is too high or more than `OTHER / (k+1)` too low, however the parts were merged. Totals stay exact.

Counters shrink to half their bound at once, so that shrinking, which sorts, is rare. Below the bound they are exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ...limits import KEY_BYTES_MAX
from .keys import CUT, OTHER


class Bounds(NamedTuple):
    """Of a counter: at most `keys` keys, and `bytes` bytes in them, where a key takes at most `key_bytes`."""

    keys: int
    bytes: int
    key_bytes: int

    @property
    def kept(self) -> int:
        """k: how many keys stay when there are too many; so many are within half of both bounds whatever their length."""
        return min(self.keys // 2, self.bytes // (2 * self.key_bytes))

    def are_exceeded(self, state: Mapping[Any, Any]) -> bool:
        """Whether the state must shrink."""
        count = len(state) - (OTHER in state)
        if count > self.keys:
            return True
        return count * self.key_bytes > self.bytes and sum(map(_length, state)) > self.bytes

    def room(self, state: Mapping[Any, Any]) -> int:
        """How many keys the state may have before it must be asked again whether the bounds are exceeded."""
        longest = sum(map(_length, state)) if len(state) * self.key_bytes > self.bytes else len(state) * self.key_bytes
        return min(self.keys, len(state) + max(0, self.bytes - longest) // self.key_bytes)

    def excess(self, weights: Mapping[Any, int]) -> int:
        """What to subtract from each weight, so that no more than `kept` stay."""
        return sorted(weights.values(), reverse=True)[self.kept]

    def error(self, other: int) -> int:
        """By how much a count may be too low when `other` has been taken away."""
        return other // (self.kept + 1)


def key_bytes(textual: int, others: int) -> int:
    """The most that a key of `textual` columns of text and `others` of short values takes."""
    return textual * (KEY_BYTES_MAX + len(CUT)) + 8 * others


def _length(key: Any) -> int:
    if isinstance(key, bytes):
        return len(key)
    return sum(map(_length, key)) if isinstance(key, tuple) else 8
