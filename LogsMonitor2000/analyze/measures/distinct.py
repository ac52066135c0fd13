"""How many different values: exact while there are few, an estimate from a few kilobytes when there are many.

HyperLogLog (Flajolet et al. 2007) with the estimator of Ertl (2017), which needs no tables of bias. Which of the two it is depends on
nothing but the values, so merging in any order and grouping gives the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
import hashlib
from math import inf, log, sqrt
from typing import Any

from ...limits import CONVERTED_MAX, CONVERTED_TEXT_BYTES_MAX, DISTINCT_EXACT_MAX
from ..columns import Derived
from .base import Columns, Measure, column_of, grouping, key_of

BITS = 14
REGISTERS = 1 << BITS
STANDARD_ERROR = 1.04 / sqrt(REGISTERS)
"""Relative, of an estimate: 0.8 %."""

_RANK_MAX = 64 - BITS + 1

State = Any
"""A set of hashes, or a `bytearray` of registers."""


class Distinct(Measure):
    """How many different values a column has, or how many different tuples several have."""

    def __init__(self, *columns: str | Derived) -> None:
        self.columns: tuple[Derived, ...] = tuple(map(column_of, columns))
        self.key = key_of("distinct", *self.columns)
        self._grouping = grouping(self.columns)

    @property
    def fields(self) -> tuple[str, ...]:
        return tuple(column.field for column in self.columns)

    def empty(self) -> State:
        return set()

    def select(self, values: Columns) -> Sequence[Any]:
        return values[self._grouping]

    def add(self, state: State, selected: Sequence[Any]) -> State:
        return self._with(state, map(hash_of, set(selected)))

    def merge(self, state: State, other: State) -> State:
        if isinstance(other, set):
            return self._with(state, other)
        registers = state if isinstance(state, bytearray) else _registers(state)
        registers[:] = bytes(map(max, registers, other))
        return registers

    def _with(self, state: State, hashes: Any) -> State:
        if isinstance(state, set):
            state.update(hashes)
            return state if len(state) <= DISTINCT_EXACT_MAX else _registers(state)
        for number in hashes:
            _put(state, number)
        return state

    def count(self, state: State) -> int:
        """How many there are; an estimate when there are more than `DISTINCT_EXACT_MAX`."""
        return len(state) if isinstance(state, set) else round(_estimate(state))

    def is_exact(self, state: State) -> bool:
        """Whether `count` is not an estimate."""
        return isinstance(state, set)

    def dump(self, state: State) -> Any:
        return sorted(state) if isinstance(state, set) else state.decode("latin-1")

    def load(self, dumped: Any) -> State:
        return bytearray(dumped, "latin-1") if isinstance(dumped, str) else set(dumped)


def hash_of(value: Any) -> int:
    """64 bits that stand for a value, the same in every process."""
    if isinstance(value, bytes) and len(value) <= CONVERTED_TEXT_BYTES_MAX:
        return _hash_of_short(value)
    return _hash(value)


def _hash(value: Any) -> int:
    parts = value if isinstance(value, tuple) else (value,)
    text = b"\0".join(b"-" if part is None else part if isinstance(part, bytes) else b"%d" % part for part in parts)
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")


_hash_of_short = lru_cache(maxsize=CONVERTED_MAX)(_hash)


def _registers(hashes: set[int]) -> bytearray:
    registers = bytearray(REGISTERS)
    for number in hashes:
        _put(registers, number)
    return registers


def _put(registers: bytearray, number: int) -> None:
    """The register of a hash's last bits holds the largest rank: how many zeros the other bits begin with, and one."""
    place = number & (REGISTERS - 1)
    rank = _RANK_MAX - (number >> BITS).bit_length()
    if rank > registers[place]:
        registers[place] = rank


def _estimate(registers: bytearray) -> float:
    """Ertl's improved raw estimate."""
    counts = [registers.count(rank) for rank in range(_RANK_MAX + 1)]
    total = REGISTERS * _tau(1 - counts[_RANK_MAX] / REGISTERS)
    for rank in range(_RANK_MAX - 1, 0, -1):
        total = 0.5 * (total + counts[rank])
    total += REGISTERS * _sigma(counts[0] / REGISTERS)
    return REGISTERS * REGISTERS / (2 * log(2)) / total


def _sigma(share: float) -> float:
    if share == 1:
        return inf
    step, total, before = 1.0, share, -1.0
    while total != before:
        before = total
        share *= share
        total += share * step
        step += step
    return total


def _tau(share: float) -> float:
    if share in (0, 1):
        return 0.0
    step, total, before = 1.0, 1 - share, -1.0
    while total != before:
        before = total
        share = sqrt(share)
        step *= 0.5
        total -= (1 - share) ** 2 * step
    return total / 3
