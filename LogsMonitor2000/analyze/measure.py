"""What is measured in a bucket. Every measure is mergeable: measuring two pieces and merging gives what measuring the whole gives.

A measure is a small immutable description; its states can be pickled, so that they cross process borders. Equal measures share one state, so two calculators that ask for the same cost once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from ..limits import KEYS_MAX

OTHER = b"(other)"
"""The key under which a counter that grew past its bound counts what it forgot."""

Values = Sequence["bytes | None"]


class Measure(Protocol):
    """What `Count` and `Total` have in common, and what a measure of your own needs."""

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields it looks at."""

    def empty(self) -> Any:
        """The state of no events."""

    def add(self, state: Any, columns: Sequence[Values]) -> Any:
        """The state with the events of `columns` (one sequence a field) added; `state` may be changed and returned."""

    def merge(self, state: Any, other: Any) -> Any:
        """The state of both; `state` may be changed and returned, `other` is not."""

    def shrink(self, state: Any) -> Any:
        """The state within its bounds."""


class Count(NamedTuple):
    """Hits by the value of a field, or by the tuple of values of several: a counter of at most `keys_max` keys.

    Past the bound the lighter half of the keys is counted as `OTHER` from then on; the total stays exact.
    """

    fields: tuple[str, ...]
    keys_max: int = KEYS_MAX

    def empty(self) -> Counter[Any]:
        return Counter()

    def add(self, state: Counter[Any], columns: Sequence[Values]) -> Counter[Any]:
        state.update(columns[0] if len(columns) == 1 else zip(*columns))  # counts in C
        return state

    def merge(self, state: Counter[Any], other: Counter[Any]) -> Counter[Any]:
        state.update(other)
        return state

    def shrink(self, state: Counter[Any]) -> Counter[Any]:
        if len(state) <= self.keys_max:
            return state
        forgotten = state.pop(OTHER, 0)
        heaviest = sorted(state.items(), key=lambda item: (-item[1], item[0]))
        kept = Counter(dict(heaviest[: self.keys_max // 2]))
        kept[OTHER] = forgotten + sum(count for _, count in heaviest[self.keys_max // 2 :])
        return kept


class Total(NamedTuple):
    """The sum of a field of digits; a value that is missing counts as 0."""

    field: str

    @property
    def fields(self) -> tuple[str, ...]:
        return (self.field,)

    def empty(self) -> int:
        return 0

    def add(self, state: int, columns: Sequence[Values]) -> int:
        return state + sum(map(int, filter(None, columns[0])))

    def merge(self, state: int, other: int) -> int:
        return state + other

    def shrink(self, state: int) -> int:
        return state
