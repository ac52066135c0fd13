"""What one second of the log contributes to each group of a rule.

A `Contribution` says of which events (`where`), by which columns, and a class derived from it what of them: how many, how many that
match, sums, bins, values. Equal contributions are computed once, however many rules use them. To share more of them, conditions of
equality on fields with few values become groups (`prefiltered`): fifty rules on fifty sections are one contribution by section.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from ..analyze.columns import Derived, Raw, remembered
from ..analyze.measures.count import Count
from ..analyze.measures.keys import OTHER
from ..limits import CONVERTED_MAX

if TYPE_CHECKING:  # what the built-in rule does not need is not imported for it: start-up counts
    from ..analyze.bucket import Bucket
    from ..analyze.measures.base import Measure
    from .condition import Condition, Conditions
    from .rule import Rule

Group = tuple[Any, ...]
"""The values of a rule's `by` columns; () where it has none."""

Deltas = Mapping[Group, Any]
"""What a second contributes to each group; of which form is up to the contribution. Never changed once made."""

FEW_VALUES = frozenset({"method", "section", "protocol", "status", "status_class", "vhost"})
"""Fields with so few values that conditions on them are decided once for each value in a bucket, not for each line."""


class Aggregate(Protocol):
    """What a group's contributions in a window amount to: `events` is how many there are, `since` when the first of them came."""

    since: int
    events: int

    def add(self, time: int, delta: Any) -> None:
        """A second enters the window."""

    def remove(self, time: int, delta: Any) -> None:
        """A second leaves the window."""


@dataclass(frozen=True)
class Contribution(ABC):
    """What a second contributes, of the events for which `where` holds, by the columns `by`."""

    where: Conditions = ()
    by: tuple[Derived, ...] = ()

    is_tallied: ClassVar[bool] = False
    """Whether hits by the columns are all it needs, so that any tally that has them will do."""

    summable: ClassVar[int] = 0
    """How many numbers it is made of that can be summed, the events first; 0 where it is something else."""

    name: ClassVar[str]
    """Distinguishes this class from the others in `key`."""

    aggregate: ClassVar[Any]
    """The class of what contributions in a window amount to."""

    @property
    @abstractmethod
    def measure(self) -> Measure | None:
        """What it needs of a bucket besides its hits."""

    @abstractmethod
    def deltas(self, bucket: Bucket, state: Any, placement: Placement) -> Deltas:
        """The contributions of a bucket; `state` is that of the measure."""

    def plain(self, hits: list[int], states: Sequence[Any]) -> list[list[int]]:
        """Without columns: its numbers for many buckets at once, which have so many hits and these states of the measure."""
        raise NotImplementedError

    def counts_in(self, matches: bool) -> Sequence[int]:
        """Of a tallied one: which of its numbers an event counts in."""
        return (0,)

    @abstractmethod
    def merged(self, one: Any, other: Any) -> Any:
        """What two seconds together contribute to a group."""

    def weight(self, delta: Any) -> int:
        """How many events a group has of a second."""
        events: int = delta[0] if isinstance(delta, tuple) else delta
        return events

    def largest(self, deltas: Deltas) -> int:
        """What no group has more of in a second, where sums of that bound what a group has in a window."""
        return 1 << 40

    @cached_property
    def columns(self) -> tuple[Derived, ...]:
        """What it needs of each event to know its group and whether it counts."""
        found = set(self.by) | {column_of(condition) for condition in (*self.where, *self.conditions)}
        return tuple(sorted(found, key=column_key))

    @property
    def conditions(self) -> Conditions:
        """What it decides of each event besides `where`."""
        return getattr(self, "of", ())

    @property
    def fields(self) -> frozenset[str]:
        """The fields of the log that it needs."""
        own = getattr(self, "field", "")
        return frozenset({column.field for column in self.columns} | ({own} if own else set()))

    @cached_property
    def key(self) -> str:
        """A text that only equal contributions share, the same in every version: `shares(of status=['5xx'] by section)`."""
        parts = [getattr(self, "field", "")]
        for word, conditions in (("of", self.conditions), ("where", self.where)):
            parts += [f"{word} {' and '.join(condition.key for condition in conditions)}"] if conditions else []
        parts += [f"by {','.join(map(column_key, self.by))}"] if self.by else []
        return f"{self.name}({' '.join(filter(None, parts))})"

    def tally(self, *own: Derived) -> Count:
        """Hits by the columns, and behind them by `own` ones."""
        return Count(*self.columns, *own)


class Flag(Derived):
    """The column that says whether a condition holds."""

    def __init__(self, condition: Condition) -> None:
        super().__init__(condition.field, f"[{condition.key}]")
        self.condition = condition

    def convert(self, text: bytes | None) -> bool:
        return self.condition.holds(text)

    def column(self, texts: Sequence[bytes | None]) -> Sequence[bool]:
        # Sizes and durations hardly ever come again: comparing them is cheaper than remembering.
        return self.condition.compared(texts) or remembered(self, texts)


def column_of(condition: Condition) -> Derived:
    """The column on which `condition` is decided."""
    return Raw(condition.field) if condition.field in FEW_VALUES else Flag(condition)


def column_key(column: Derived) -> str:
    """A text that only equal columns share, the same in every version."""
    return column.key


def prefiltered(rule: Rule) -> tuple[Group, Contribution]:
    """The contribution of a rule, and the group of it that the rule is about; () where that is every group.

    Conditions of `where` that demand one value of a field with few values become columns that it is grouped by.
    """
    if rule.by or not rule.is_prefilterable:
        return (), rule.contribution(rule.where, rule.by)
    equal = [c for c in rule.where if c.field in FEW_VALUES and c.equals is not None]
    others = tuple(condition for condition in rule.where if condition not in equal)
    return tuple(c.equals for c in equal), rule.contribution(others, tuple(map(column_of, equal)))


class Placement(dict[Any, "tuple[Group, bool] | None"]):
    """Key of a tally by `columns` → its group, and whether it matches `of`; None when it does not count. Filled as keys are met.

    A column of the contribution that is not among `columns` is made of the field as it stands in the log, which is.
    """

    def __init__(self, contribution: Contribution, columns: tuple[Derived, ...]) -> None:
        super().__init__()
        self._by = [_place(column, columns) for column in contribution.by]
        self._where = [(_place(column_of(c), columns)[0], c) for c in contribution.where]
        self._of = [(_place(column_of(c), columns)[0], c) for c in contribution.conditions]
        self.is_identity = columns == contribution.by and not contribution.where
        """Whether the keys are the groups, and all of them count."""

    def __missing__(self, key: Any) -> tuple[Group, bool] | None:
        if len(self) >= CONVERTED_MAX:
            self.clear()
        place = None
        parts = key if isinstance(key, tuple) else (key,)
        if key != OTHER and _all_hold(self._where, parts):
            group = tuple([parts[index] if convert is None else convert(parts[index]) for index, convert in self._by])
            place = group, bool(self._of) and _all_hold(self._of, parts)
        self[key] = place
        return place


def _place(column: Derived, columns: tuple[Derived, ...]) -> tuple[int, Callable[[Any], Any] | None]:
    """Where in a key the column is, or the field that it is made of, and what makes it."""
    return (columns.index(column), None) if column in columns else (columns.index(Raw(column.field)), column.convert)


def as_groups(counts: Mapping[Any, int]) -> dict[Group, int]:
    """Counts by the value of one column as counts by group."""
    return dict(zip(zip(counts), counts.values()))


def _all_hold(conditions: list[tuple[int, Condition]], key: tuple[Any, ...]) -> bool:
    for index, condition in conditions:
        value = key[index]
        if not (value if isinstance(value, bool) else condition.holds(value)):
            return False
    return True
