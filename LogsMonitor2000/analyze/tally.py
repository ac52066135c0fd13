"""Measures by derived columns: what rules need of a second. Like every measure they merge, and equal ones are counted once."""

from __future__ import annotations

# The C function inside Counter.update, as in `measure`.
from collections import _count_elements  # type: ignore[attr-defined]
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from typing import Any, NamedTuple

from ..limits import HISTORY_SECOND_ROWS_MAX, KEY_BYTES_MAX, KEYS_MAX
from ..parse.base import LINE
from .derived import Derived, Raw, Subnet
from .measure import (
    SHORT,
    Counts,
    Values,
    cut_counts,
    cut_key,
    dump_counts,
    dump_key,
    has_long,
    has_long_parts,
    load_counts,
    load_key,
    merge_counts,
    shrink_counts,
)

MICRO = 1_000_000
"""Durations are summed in millionths of a second, as whole numbers: what is added can be taken away exactly."""


class Tally(NamedTuple):
    """Hits by the tuple of values of `columns`, of which there is at least one."""

    columns: tuple[Derived, ...]
    keys_max: int = KEYS_MAX

    @property
    def fields(self) -> tuple[str, ...]:
        return tuple(column.field for column in self.columns)

    def empty(self) -> Counts:
        return {}

    def select(self, values: Mapping[Any, Values]) -> Sequence[Any]:
        return values[self.columns]

    def add(self, state: Counts, selected: Sequence[Any]) -> Counts:
        _count_elements(state, selected)
        return state

    def merge(self, state: Counts, other: Counts) -> Counts:
        return merge_counts(state, other)

    def are_long(self, states: Iterable[Counts]) -> bool:
        return has_long_parts(states, _textual(self.columns))

    def cut(self, state: Counts) -> Counts:
        return cut_counts(state)

    def shrink(self, state: Counts) -> Counts:
        return shrink_counts(state, self.keys_max)

    def dump(self, state: Counts) -> list[Any]:
        return dump_counts(state)

    def load(self, dumped: list[Any]) -> Counts:
        return load_counts(dumped)


Amount = tuple[int, int, int]
"""How many values, their sum, and the largest of them."""


class Amounts(NamedTuple):
    """Number, sum and maximum of a numeric field by the tuple of values of `columns`; durations are in millionths of a second."""

    columns: tuple[Derived, ...]
    field: str
    keys_max: int = KEYS_MAX

    @property
    def fields(self) -> tuple[str, ...]:
        return (*(column.field for column in self.columns), self.field)

    def empty(self) -> dict[Any, Amount]:
        return {}

    def select(self, values: Mapping[Any, Values]) -> Sequence[Any]:
        if self.field == "duration" and not any(values[self.field]):
            return ()  # a log without that field
        amount = _micros if self.field == "duration" else _whole
        amounts = map(amount, values[self.field])
        return list(zip(values[self.columns] if self.columns else repeat(()), amounts))

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

    def are_long(self, states: Iterable[Mapping[Any, Amount]]) -> bool:
        return has_long_parts(states, _textual(self.columns))

    def cut(self, state: dict[Any, Amount]) -> dict[Any, Amount]:
        found: dict[Any, Amount] = {}
        for key, amount in state.items():
            found = self.merge(found, {cut_key(key): amount})
        return found

    def shrink(self, state: dict[Any, Amount]) -> dict[Any, Amount]:
        if len(state) <= self.keys_max:
            return state
        heaviest = sorted(state.items(), key=lambda item: (-item[1][1], repr(item[0])))
        return dict(heaviest[: self.keys_max // 2])

    def dump(self, state: dict[Any, Amount]) -> list[Any]:
        return [[dump_key(key), *amount] for key, amount in state.items()]

    def load(self, dumped: list[Any]) -> dict[Any, Amount]:
        return {load_key(key): (count, total, most) for key, count, total, most in dumped}


Pieces = list[list[Sequence[Any]]]
"""Columns of successive rows, the raw lines last."""


class Rows(NamedTuple):
    """The first events themselves: of each of `columns`, and of the raw lines, the values. They are not remembered over a restart."""

    columns: tuple[Derived, ...]

    @property
    def fields(self) -> tuple[str, ...]:
        return (*(column.field for column in self.columns), LINE)

    def empty(self) -> Pieces:
        return []

    def select(self, values: Mapping[Any, Values]) -> Sequence[Any]:
        longest = getattr(values, "longest", KEY_BYTES_MAX + 1)
        return Beside([*(values[column] for column in self.columns), values[LINE]], is_short=longest <= KEY_BYTES_MAX)

    def add(self, state: Pieces, selected: Sequence[Any]) -> Pieces:
        room = HISTORY_SECOND_ROWS_MAX - sum(len(piece[-1]) for piece in state)
        if room <= 0:
            return state
        if isinstance(selected, Beside) and not selected.is_short:
            return [*state, [_short(column[:room]) for column in selected]]
        return [*state, [column[:room] for column in selected]]

    def merge(self, state: Pieces, other: Pieces) -> Pieces:
        for piece in other:
            state = self.add(state, piece)
        return state

    def shrink(self, state: Pieces) -> Pieces:
        return state

    def dump(self, state: Pieces) -> list[Any]:
        return []

    def load(self, dumped: list[Any]) -> Pieces:
        return []

    def rows(self, state: Pieces, most: int) -> list[Sequence[Any]]:
        """The first `most` of them, by column."""
        if len(state) == 1:
            return [column[:most] for column in state[0]]
        return [[value for piece in state for value in piece[place]][:most] for place in range(len(self.columns) + 1)]


class Beside(Sequence[Any]):
    """Columns beside each other: a slice of them is that slice of each, not yet made."""

    def __init__(self, columns: Sequence[Sequence[Any]], rows: slice = slice(None), is_short: bool = False) -> None:
        self._columns = columns
        self._rows = rows
        self.is_short = is_short
        """Whether no value is too long to hold."""

    def __getitem__(self, rows: Any) -> Any:
        return Beside(self._columns, rows, self.is_short)

    def __iter__(self) -> Iterator[Any]:
        return (column[self._rows] for column in self._columns)

    def __len__(self) -> int:
        return len(self._columns[0][self._rows])


def _short(column: Sequence[Any]) -> Sequence[Any]:
    """A column whose texts are not too long to hold."""
    first = next((value for value in column if value is not None), None)
    return list(map(cut_key, column)) if isinstance(first, bytes) and has_long(column) else column


def add_amounts(one: Amount, other: Amount) -> Amount:
    """Both together."""
    return one[0] + other[0], one[1] + other[1], max(one[2], other[2])


def _textual(columns: Sequence[Derived]) -> list[int]:
    """Which of `columns` may hold any text."""
    return [index for index, column in enumerate(columns) if isinstance(column, (Raw, Subnet)) and column.field not in SHORT]


def _whole(text: bytes | None) -> int:
    return int(text or 0)  # a size that a log writes as "-" is 0 bytes


def _micros(text: bytes | None) -> int | None:
    try:
        return round(float(text or b"") * MICRO)
    except (ValueError, OverflowError):
        return None
