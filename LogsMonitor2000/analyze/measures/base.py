"""The interface of a measure.

A measure is a small immutable description; its states are plain dictionaries and numbers, which cross process borders. Measuring the
parts of a log and merging gives what measuring the whole gives, in any order and grouping: exactly, or within an error that the
measure knows. Equal measures share one state, so two calculators that ask for the same cost once.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..columns import Derived, Raw

Values = Sequence["bytes | None"]
Columns = Mapping[Any, Sequence[Any]]
"""The columns of a block: by field, by derived column, and by tuple of these (see `Derivations`)."""


class Measure(ABC):
    """Something that is measured. Two measures are the same if their keys are."""

    key: str
    """What it is, as stable text such as `count(section,status_class)`: a state that was kept is found again by key and version."""
    version = 1
    """Of the layout of its dumps."""

    @property
    @abstractmethod
    def fields(self) -> tuple[str, ...]:
        """The fields it looks at."""

    @abstractmethod
    def empty(self) -> Any:
        """The state of no events."""

    @abstractmethod
    def select(self, values: Columns) -> Sequence[Any]:
        """What `add` needs of each event, from the columns of a block: done once, however many buckets the block goes to."""

    @abstractmethod
    def add(self, state: Any, selected: Sequence[Any]) -> Any:
        """The state with a run of events added, given as `select` made them; `state` may be changed and returned."""

    @abstractmethod
    def merge(self, state: Any, other: Any) -> Any:
        """The state of both; `state` may be changed and returned, `other` is not."""

    def shrink(self, state: Any) -> Any:
        """The state within its bounds."""
        return state

    def error(self, state: Any) -> int:
        """By how much any count in the state may be too low; none is too high."""
        return 0

    def are_long(self, states: Iterable[Any]) -> bool:
        """Whether any text in any of `states` is too long to keep."""
        return False

    def cut(self, state: Any) -> Any:
        """The state with such texts cut: to do so with each part of a log gives what cutting the whole gives."""
        return state

    def dump(self, state: Any) -> Any:
        """The state as JSON can hold it."""
        return state

    def load(self, dumped: Any) -> Any:
        """The state that was dumped."""
        return dumped

    def __eq__(self, other: object) -> bool:
        return self is other or (type(self) is type(other) and self.key == other.key)

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return self.key


def column_of(column: str | Derived) -> Derived:
    """A column given by the name of its field, or as it is."""
    return Raw(column) if isinstance(column, str) else column


def key_of(name: str, *parts: str | Derived, **options: int) -> str:
    """A key such as `count(section,status_class)`, with what is not as usual behind it: `count(section;keys=20)`."""
    words = ",".join(part if isinstance(part, str) else part.key for part in parts)
    return f"{name}({words}{''.join(f';{option}={value}' for option, value in options.items())})"


def grouping(columns: Sequence[Derived]) -> Any:
    """What selects keys by `columns` from the columns of a block: one column gives bare values, several give tuples."""
    if len(columns) == 1:
        return columns[0].field if isinstance(columns[0], Raw) else columns[0]
    return tuple(columns)
