"""The first events themselves, for alerts that show lines and say what changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ...limits import HISTORY_SECOND_ROWS_MAX, KEY_BYTES_MAX
from ...parse.base import LINE
from ..columns import Derived
from .base import Columns, Measure, column_of, key_of
from .keys import cut_key, has_long

Pieces = list[list[Sequence[Any]]]
"""Columns of successive rows, the raw lines last."""


class Sample(Measure):
    """Of the first events the values of each of `columns`, and the raw lines. A restart forgets them."""

    def __init__(self, *columns: str | Derived) -> None:
        self.columns: tuple[Derived, ...] = tuple(map(column_of, columns))
        self.key = key_of("sample", *self.columns)

    @property
    def fields(self) -> tuple[str, ...]:
        return (*(column.field for column in self.columns), LINE)

    def empty(self) -> Pieces:
        return []

    def select(self, values: Columns) -> Sequence[Any]:
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

    def dump(self, state: Pieces) -> list[Any]:
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
        """Whether no value is too long to keep."""

    def __getitem__(self, rows: Any) -> Any:
        return Beside(self._columns, rows, self.is_short)

    def __iter__(self) -> Iterator[Any]:
        return (column[self._rows] for column in self._columns)

    def __len__(self) -> int:
        return len(self._columns[0][self._rows])


def _short(column: Sequence[Any]) -> Sequence[Any]:
    """A column whose texts are not too long to keep."""
    first = next((value for value in column if value is not None), None)
    return list(map(cut_key, column)) if isinstance(first, bytes) and has_long(column) else column
